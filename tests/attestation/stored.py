"""An audit as its files."""

from __future__ import annotations

import json
from pathlib import Path

from assay.attestation import render_statement


class Stored:
    """The files that a report would write, about the data of a configuration."""

    def __init__(self, config, document):
        self.config, self.document = config, document

    def write(self, folder: Path) -> None:
        texts = {"report.json": json.dumps(self.document), "report.html": "<p>reject</p>", "report.md": "# Reject\n"}
        texts["attestation.json"] = render_statement(self.document, texts, self.config)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
