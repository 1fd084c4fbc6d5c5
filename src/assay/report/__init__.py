"""What an audit says, as one HTML file, JSON, Markdown, JUnit, and the rows to fix."""

from assay.report.audit_report import AuditReport
from assay.report.junit import render_junit
from assay.report.markdown import render_markdown
from assay.report.page import render_html
from assay.report.terminal import render_rich, render_text
from assay.report.validation_report import ValidationReport

__all__ = [
    "AuditReport",
    "ValidationReport",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_rich",
    "render_text",
]
