"""Audits as Prefect flows, and the only importer of prefect; packaged as `assay.pipelines`.

`audit_flow` is the flow; `run_flow` runs it from a program, as `assay run` does. `audit_folder_flow` audits all that
a folder describes. `require_audit` is the gate, a task that a training waits for.
"""

import os

# Prefect reports usage to its makers unless told otherwise, and reads these when it is imported. Whoever set them
# keeps their values.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

from .flow import AuditRejected, audit_flow, run_flow
from .folder import audit_folder_flow
from .gate import require_audit

__all__ = ["AuditRejected", "audit_flow", "audit_folder_flow", "require_audit", "run_flow"]
