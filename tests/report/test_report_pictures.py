"""The page looks as it did: its pictures, scaled down, against kept ones.

After a change of the looks: look at the page, then `ASSAY_KEEP_PICTURES=1 pytest tests/report/test_report_pictures.py`.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs a browser: `make browser` installs chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: `make browser` installs it")
Image = pytest.importorskip("PIL.Image")

KEPT = Path(__file__).with_name("pictures")
RENEW = bool(os.environ.get("ASSAY_KEEP_PICTURES"))
VIEWS = {"light": (1200, "light"), "dark": (1200, "dark"), "phone": (390, "light")}
# Of the kept picture; a letter is about a pixel then, so that what counts is where things stand and their tone.
WIDTH = {"light": 300, "dark": 300, "phone": 130}
BLOCK = 10
# Of 255: a line of text that is missing, moved or in another colour changes the mean of its blocks by more.
TOLERANCE = 12.0
FONTS = """() => [...["sans-serif", "monospace", "system-ui"].map(font => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `40px ${font}`;
  return pen.measureText("Hamburgefonstiv 0123456789").width.toFixed(2);
}), navigator.userAgent.match(/Chrome\\/(\\d+)/)[1]].join(" ")"""


@pytest.fixture(scope="module")
def pictures(sample_report, tmp_path_factory):
    """Each view of the page as (height, width) grey values, and what tells which fonts and browser drew them."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(sample_report.to_html(), encoding="utf-8")
    found = {}
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (width, scheme) in VIEWS.items():
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto(file.as_uri())
            drawn_by = page.evaluate(FONTS)
            image = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L")
            scale = WIDTH[name] / image.width
            found[name] = image.resize((WIDTH[name], round(image.height * scale)), Image.Resampling.BOX)
        browser.close()
    if RENEW:
        KEPT.mkdir(exist_ok=True)
        for name, image in found.items():
            image.save(KEPT / f"{name}.png", optimize=True)
        (KEPT / "drawn-by.json").write_text(json.dumps(drawn_by) + "\n", encoding="utf-8")
    if json.loads((KEPT / "drawn-by.json").read_text(encoding="utf-8")) != drawn_by:
        pytest.skip("the kept pictures were drawn with other fonts or another browser")
    return {name: np.asarray(image, dtype=np.float64) for name, image in found.items()}


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_looks_as_it_did(pictures, view):
    now, kept = pictures[view], np.asarray(Image.open(KEPT / f"{view}.png"), dtype=np.float64)
    assert abs(len(now) - len(kept)) <= 2, "the page is longer or shorter"
    worst = largest_difference(now, kept)
    assert worst <= TOLERANCE, f"a part of the page differs by {worst:.1f} of 255"


def test_a_missing_line_is_seen(pictures):
    page = pictures["light"]
    at = next(y for y in range(100, len(page)) if page[y].min() < 128)
    without = page.copy()
    without[at : at + 4] = np.median(page)
    assert largest_difference(page, without) > TOLERANCE


def largest_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Largest mean difference of a block of two pictures, less the rows that only one has."""
    height = min(len(one), len(other)) // BLOCK * BLOCK
    width = one.shape[1] // BLOCK * BLOCK
    difference = (one - other if len(one) == len(other) else one[:height] - other[:height])[:height, :width]
    blocks = np.abs(difference).reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return float(blocks.mean(axis=(1, 3)).max())
