"""The page in a real browser: it asks for nothing, complains of nothing, and its links, search and sorting work."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from report_parts import finding

from assay.findings import Evidence, Interval, Table

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs a browser: `make browser` installs chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: `make browser` installs it")

HOSTILE = "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that opens HTML in a page of some width and scheme; at the end nothing was asked for or logged."""
    contexts, troubles = [], []

    def open_(html: str, *, width: int = 1200, scheme: str = "light", script: bool = True, fragment: str = ""):
        file = Path(tmp_path, "report.html")
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if request.url != page.url else None)
        page.goto(file.as_uri() + fragment)
        troubles[:] = [trouble for trouble in troubles if not trouble.startswith(file.as_uri())]
        return page

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="module")
def html(make_report):
    table = Table(("group", "rows", "share"), (("b", 1200, 0.5), ("a", 90, None), ("c", 300, 0.25)))
    evidence = Evidence("share", 0.5, Interval(0.4, 0.6, 0.95, "Wilson"), 1590, table=table)
    findings = (
        finding("DQ011", "failed", "warning", message="Zebra rows repeat.", evidence=evidence),
        finding("DQ014", message="Nothing to see."),
        finding("LN001", "failed", message=HOSTILE),
        finding("FB011", "inconclusive"),
        finding("MH001"),
    )
    return make_report(findings).to_html()


def test_the_page_is_whole_in_light_and_dark_and_on_a_phone(open_page, html):
    for width, scheme in ((1200, "light"), (1200, "dark"), (390, "light")):
        page = open_page(html, width=width, scheme=scheme)
        assert page.locator("h1").inner_text() == "loans"
        # Nothing is cut off: wide tables scroll in a frame of their own.
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate("window.broken") is None


def test_every_link_lands(open_page, html):
    page = open_page(html)
    targets = page.eval_on_selector_all("a[href^='#']", "links => links.map(link => link.getAttribute('href'))")
    assert targets
    assert page.evaluate("targets => targets.filter(t => !document.getElementById(t.slice(1)))", targets) == []


def test_a_link_to_a_folded_finding_opens_it(open_page, html):
    page = open_page(html, fragment="#DQ014-1")
    assert page.locator("#DQ014-1").is_visible()
    assert not open_page(html).locator("#DQ014-1").is_visible()


def test_search_shows_the_findings_with_all_words(open_page, html):
    page = open_page(html)
    page.get_by_label("Search findings").fill("zebra repeat")
    assert page.locator("article.finding:visible").count() == 1
    assert re.match(r"1 of \d+$", page.locator("output").inner_text())
    page.get_by_label("Search findings").fill("")
    assert page.locator("article.finding:visible").count() > 1
    page.keyboard.press("Escape")
    page.get_by_label("Show").select_option(label="critical inconclusive")
    assert page.locator("article.finding:visible").count() == 1


def test_tables_are_sorted_by_number_and_the_missing_stay_last(open_page, html):
    page = open_page(html)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    table = page.locator("#DQ011-1 table")

    def column(place: int) -> list[str]:
        return table.locator(f"tbody tr td:nth-child({place})").all_inner_texts()

    table.get_by_role("button", name="rows").click()
    assert column(2) == ["90", "300", "1,200"]
    table.get_by_role("button", name="share").click()
    assert column(3)[-1] == "—"
    table.get_by_role("button", name="share").click()
    assert column(3) == ["0.5", "0.25", "—"] or column(3)[0].startswith("0.5")
    assert table.locator("th[aria-sort=descending]").count() == 1


def test_without_its_script_everything_is_there_and_nothing_is_empty(open_page, html):
    page = open_page(html, script=False)
    assert page.locator("article.finding").count() >= 3
    assert not page.locator("#search").is_visible()
    page.locator("summary", has_text="passed").first.click()
    assert page.locator("#DQ014-1").is_visible()


def test_a_printed_page_has_no_search_and_no_dark_ground(open_page, html):
    page = open_page(html, scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("#search").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page, html, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(html, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (v["id"], [node["html"][:120] for node in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
