"""The gate as a task: a training flow waits for it, and nothing behind it runs unless the verdict is `pass`.

No `from __future__ import annotations`: Prefect reads the annotations.
"""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from assay.config import AuditConfig
from assay.known import rejection

from .conducting import conduct


# A verdict is no accident: running the same audit again gives the same one, so nothing is retried.
@task(name="gate", retries=0, cache_policy=NO_CACHE, persist_result=False)
def require_audit(config: AuditConfig | Path, *, fresh: bool = False) -> Path:
    """Audit within the flow that calls it, and go on only where the verdict is `pass`.

    The stages are tasks of that flow, and the artifacts are shown with its run.

    Parameters
    ----------
    config
        The audit: its configuration, or the path of an audit.yaml.
    fresh
        Whether to audit again even where nothing has changed since the last audit.

    Returns
    -------
    Path
        Directory of the audit, with `report.json` and, in `rows/`, the rows that are clean.

    Raises
    ------
    GateRejected
        Unless the verdict is `pass`; `.findings` says why.
    AssayError
        Where no audit could be made. Nothing passes then either.
    """
    answer = conduct(config, fresh=fresh)
    if answer.verdict != "pass":
        raise rejection(answer)
    assert answer.place is not None  # it is always stored
    return answer.place
