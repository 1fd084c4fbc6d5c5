"""Near-duplicate records: rows that mean the same thing and do not say it in the same way."""

from assay.records.assessment import CHECKS, find_near_duplicates
from assay.records.matching import Matches, match_records

__all__ = ["CHECKS", "Matches", "find_near_duplicates", "match_records"]
