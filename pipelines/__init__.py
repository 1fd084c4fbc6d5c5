"""Audits as Prefect flows, and the only importer of prefect; packaged as `assay.pipelines`.

`audit_flow` is the flow; `run_flow` runs it from a program, as `assay run` does.
"""

import os

# Prefect reports usage to its makers unless told otherwise, and reads these when it is imported. Whoever set them
# keeps their values.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

from .flow import AuditRejected, audit_flow, run_flow

__all__ = ["AuditRejected", "audit_flow", "run_flow"]
