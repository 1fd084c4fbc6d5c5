"""One of several processes that end an audit at once: `python writer.py FOLDER NIGHT NAME [URL]`."""

from __future__ import annotations

import sys
from pathlib import Path

from history_parts import make_document, store

from assay.history import keep_history

folder, night, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
place = store(folder, make_document(1000 + night, night=night, name=name), home=name)
print("ready", flush=True)  # noqa: T201
sys.stdin.readline()
keep_history(place, sys.argv[4] if len(sys.argv) > 4 else None)
