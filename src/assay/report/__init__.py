"""What an audit says, as one HTML file, JSON, Markdown, JUnit, and the rows to fix."""

from assay.report.audit_report import AuditReport
from assay.report.github import (
    comment_marker,
    render_annotations,
    render_comment,
    render_no_verdict,
    workflow_command,
)
from assay.report.junit import render_junit
from assay.report.markdown import render_markdown
from assay.report.page import render_html
from assay.report.sarif import render_sarif
from assay.report.terminal import render_rich, render_text
from assay.report.validation_report import ValidationReport

__all__ = [
    "AuditReport",
    "ValidationReport",
    "comment_marker",
    "render_annotations",
    "render_comment",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_no_verdict",
    "render_rich",
    "render_sarif",
    "render_text",
    "workflow_command",
]
