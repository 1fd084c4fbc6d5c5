"""The history of the audits: a database of what each found, and what its figures predict for the next.

A stored audit is put into it by `keep_history`; `judge_history` is the check DQ040. The rest is for `assay history`.
"""

from assay.history.check import CHECKS, judge_history
from assay.history.database import find_history
from assay.history.keeping import keep_history

__all__ = ["CHECKS", "find_history", "judge_history", "keep_history"]
