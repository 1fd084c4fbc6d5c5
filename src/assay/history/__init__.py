"""The history of the audits: a database of what each found, and what its figures predict for the next.

A stored audit is put into it by `keep_history`; `still_stands` says whether its answer may be given again.
`assay.history.check` is the check DQ040, which needs NumPy: an answer from the record does without. The rest is for
`assay history`.
"""

from assay.history.database import find_history
from assay.history.keeping import keep_history
from assay.history.standing import still_stands

__all__ = ["find_history", "keep_history", "still_stands"]
