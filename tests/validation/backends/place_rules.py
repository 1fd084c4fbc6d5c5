"""Expectations as a suite has them."""

from __future__ import annotations

from typing import Any


def rule(kind: str, severity: str = "critical", **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": {"severity": severity}}
