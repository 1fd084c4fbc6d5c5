"""Tables that are held against a suite where they live, and are not loaded: in a database (`sql`), in Spark (`spark`).

Great Expectations runs there as it does in memory, and says how many rows break a rule. Which rows these are it says
of 200 at most, so that `gx.unexpected_condition` asks it for the condition that it counted with.
"""

from assay.validation.backends.findings import place_findings
from assay.validation.backends.keys import FailingKeys
from assay.validation.backends.place import Place
from assay.validation.backends.spark import open_spark
from assay.validation.backends.sql import open_sql

__all__ = ["FailingKeys", "Place", "open_spark", "open_sql", "place_findings"]
