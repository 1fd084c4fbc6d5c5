"""Relations between columns, found in the data and proposed as rules."""

from assay.validation.relations.inclusions import propose_inclusions
from assay.validation.relations.proposal import propose_relations, unsearched_relations

__all__ = ["propose_inclusions", "propose_relations", "unsearched_relations"]
