"""The HTML page: self-contained, escaped, in order, small, and unbroken by whatever the data are called."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cached_property
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from report_parts import finding, flags, make_dataset, make_fairness, make_frame, make_label_noise, make_predictions

from assay.findings import Evidence, Table
from assay.results import CleaningEffect

VOID = {"meta", "br", "link", "img", "input", "hr"}
ORDER = [
    "verdict",
    "first",
    "waivers",
    "DQ",
    "LN",
    "FB",
    "cleaning",
    "MH",
    "limits",
    "documents",
    "glossary",
    "provenance",
]

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "=cmd|' /C calc'!A0",
    "a\u202egpj.exe\u2066",
    "nul\x00\x1b[31m\ud800",
    "👩\u200d🔬 男性 مرحبا",
    "$\\frac{x$ \\1 @@0@@ #040404 url(#x)",
    "x" * 10_000,
    "`a`|b|\n\n# not a title",
    " ",
]


class Page(HTMLParser):
    """Checks that tags nest; collects tags, ids, links and text."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)

    @cached_property
    def text(self):
        return "".join(self.texts)

    @cached_property
    def ids(self):
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


def check(html: str) -> Page:
    """What holds for every page, whatever is on it."""
    page = Page(html)
    assert len(html.encode()) < 1_000_000
    assert len(set(page.ids)) == len(page.ids)
    names = {tag for tag, _ in page.tags}
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[-1].encode()).digest()).decode()
    # Its own script alone, which the policy knows by its hash.
    assert [tag for tag, _ in page.tags].count("script") == len(scripts) == 1
    assert f"script-src 'sha256-{digest}'" in html
    assert not names & {"img", "iframe", "object", "embed", "link", "base", "form", "foreignobject"}
    for tag, attrs in page.tags:
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        for name in ("href", "src", "action", "xlink:href"):
            if name in attrs:
                assert attrs[name].startswith("#")
                assert attrs[name][1:] in page.ids
    # References within pictures.
    for reference in re.findall(r'clip-path="url\(#([^)]+)\)"', html):
        assert reference in page.ids
    assert "http://" not in html
    assert "https://" not in html
    assert not re.search(r"@import|[\u202a-\u202e\u2066-\u2069\x00\x1b]", html)
    assert "var(--series-1)" in html or "<svg" not in html
    return page


@pytest.fixture(scope="module")
def page(sample_report):
    return check(sample_report.to_html())


def test_the_sections_stand_in_the_order_of_their_weight(page):
    assert [name for name in page.ids if name in ORDER] == ORDER


def test_landmarks_language_and_viewport(page):
    tags = [tag for tag, _ in page.tags]
    assert {"header", "main", "nav", "footer", "h1"} <= set(tags)
    assert tags.count("h1") == tags.count("main") == 1
    assert ("html", {"lang": "en"}) in page.tags
    sections = [attrs["aria-labelledby"] for tag, attrs in page.tags if tag == "section"]
    assert sections == ORDER
    assert any(attrs.get("name") == "viewport" for _, attrs in page.tags)


def test_pictures_say_what_they_show_and_have_a_table(page):
    pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert [p["aria-label"] for p in pictures] == [
        "Histogram of label quality",
        "Given and suggested labels",
        *(f"{rate} by {f}" for f in ("sex", "race") for rate in (
            "Selection rate", "True positive rate", "False positive rate")),
        "Loss by epoch, on training and held-out rows",
    ]  # fmt: skip
    assert {p["role"] for p in pictures} == {"img"}
    assert page.text.count("As a table") == len(pictures)


def test_the_verdict_its_reasons_and_the_actions_are_there(page):
    text = " ".join(page.text.split())
    assert "Do not train on these data yet: 2 critical findings stand against it." in text
    assert "share of duplicate rows 1.7%; 95% interval 0.7% to 4.2%, Wilson; n 240; threshold 0.5%" in text
    assert "4 rows in rows/quarantine.csv" in text
    assert "Remove the repeats, or name the column that tells them apart as id." in text
    assert "Ada Lovelace, all subjects, until 2026-12-31" in text
    assert "“maybe” was left out of the training: 3 rows are too few." in text


def test_every_number_of_the_page_is_in_the_json(sample_report, page):
    """The fairness table as an example: each cell of the page is the rounded cell of report.json."""
    table = sample_report.to_dict()["fairness"]["by_group"]
    for row in table["rows"]:
        assert f"{row[3]:.3f}" in page.text


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_change_nothing(make_report, evil):
    name = evil.replace("\ud800", "")  # pandas has no place for half a character
    frame = make_frame().rename(columns={"income": name, "sex": f"s{name}"})
    frame["approved"] = frame["approved"].map({"no": "no", "yes": name})
    frame[f"s{name}"] = frame[f"s{name}"].map({"Female": name, "Male": "Male"})
    dataset = make_dataset(frame, sensitive=[f"s{name}"])
    table = Evidence(evil, 0.5, n=3, unit=evil, table=Table((evil, "b"), ((evil, 1), (None, 2.5))))
    found = [
        finding("DQ018", "failed", columns=[evil], message=evil, remedy=evil, title=evil, evidence=table),
        finding("FB001", "failed", group=evil, message=f"{evil}."),
        finding("MH001", "error", "info", message=evil, evidence=flags([1, 2], reason=evil)),
        finding("LN001", message=evil),
    ]
    cleaning = CleaningEffect(1, pd.DataFrame({"metric": [name], "before": [np.nan], "n": [3]}))
    report = make_report(
        found,
        dataset=dataset,
        fairness=make_fairness({name: [name, "b"], f"s{name}": ["c", f"d{name}"]}),
        cleaning=cleaning,
        manifest={"created": evil, evil: {evil: [evil, {evil: evil}]}},
        waivers=[{"check": "FB001", "owner": name or "x", "reason": name or "x", "expires": "2026-12-31"}],
    )
    page = check(report.to_html())
    known = [name for name in ORDER if name != "glossary"]  # none of these findings uses a term
    assert [name for name in page.ids if name in ORDER] == known
    assert "<script" not in report._repr_html_()
    Page(report._repr_html_())


@pytest.fixture(scope="module")
def huge(make_report):
    long = "<&\"'>" * 300
    table = Evidence("m", 0.5, table=Table(tuple(f"c{i}{long}" for i in range(14)), ((long,) * 14,) * 25))
    found = [
        finding(f"{family}{code:03}", status, columns=[f"column {code} {long}"], message=long, remedy=long,
                title=long, evidence=table if status == "failed" else None)
        for family in ("DQ", "LN", "FB", "MH", "XY")
        for code in range(15)
        for status in ("failed", "inconclusive", "passed", "not_applicable")
    ]  # fmt: skip
    groups = [f"{i} {long}" for i in range(120)]
    return make_report(found, fairness=make_fairness({f"{f}{long}": groups for f in range(3)}))


def test_a_huge_audit_stays_below_a_megabyte_and_says_what_it_left_out(huge):
    page = check(huge.to_html())
    assert "of 30 findings; all are in report.json" in " ".join(page.text.split())


@pytest.mark.parametrize("size", ["tiny", "one class", "nothing judged"])
def test_poor_data_give_a_page(make_report, size):
    frame = make_frame(3 if size == "tiny" else 240)
    if size != "tiny":
        frame["approved"] = "yes"
    dataset = make_dataset(frame)
    noise = make_label_noise(dataset, suspects=0)
    if size == "nothing judged":
        noise.quality[:] = np.nan
        noise.judged[:] = False
    fairness = make_fairness({})
    predictions = make_predictions(dataset)
    predictions.train_loss[:] = np.nan
    report = make_report(
        [], dataset=dataset, label_noise=noise, fairness=fairness, predictions=predictions, cleaning=None
    )
    page = check(report.to_html())
    assert "Not assessed." in page.text
    assert report.decision == "undecided"


def test_a_page_with_nothing_to_complain_about(make_report):
    report = make_report([finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH")])
    page = check(report.to_html())
    assert report.decision == "pass"
    assert "No critical check stands against training on these data." in page.text
    assert "Nothing: no finding asks for anything." in page.text


def test_warnings_are_counted_in_a_pass(make_report):
    good = [finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH")]
    report = make_report([*good, finding("DQ018", "failed", "warning"), finding("DQ019", "inconclusive", "info")])
    assert "with 1 warning to read" in report.to_html()


def test_no_text_is_grey_on_grey():
    """WCAG AA: 4.5 to 1 for every colour of text on the papers it stands on, light and dark."""
    import assay.report.page as module

    css = module.environment().loader.get_source(module.environment(), "report.css")[0]
    blocks = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)[:2]
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        pairs = [(text, paper) for text in ("ink", "muted", "link") for paper in ("paper", "raised")]
        pairs += [(tone, paper) for tone in ("bad", "open", "good") for paper in ("paper", f"{tone}-soft")]
        pairs += [(text, f"{tone}-soft") for text in ("ink", "link") for tone in ("bad", "open", "good")]
        for text, paper in pairs:
            assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
        for series in ("series-1", "series-2", "series-3", "series-4"):
            assert contrast(colours[series], colours["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_what_to_do_first_names_what_it_is_about(make_report):
    found = [
        finding("DQ018", "failed", columns=[name], remedy="Fill it in.", title="Missing values")
        for name in ("income", "age", "town", "street", "zip")
    ]
    text = " ".join(check(make_report(found).to_html()).text.split())
    assert "Fill it in. Missing values: income; age; town and 2 more (5 findings)" in text


def test_rows_of_a_step_are_counted_in_both_files(make_report):
    found = [
        finding("DQ012", "failed", remedy="Decide.", title="Shared ids", evidence=flags(range(10), "review")),
        finding("DQ011", "failed", "warning", evidence=flags(range(6))),
    ]
    text = " ".join(check(make_report(found).to_html()).text.split())
    assert "Shared ids; 4 rows in rows/review.csv, 6 in rows/quarantine.csv" in text


def test_a_family_with_warnings_does_not_say_that_it_passed(make_report):
    found = [finding(), finding("DQ018", "failed", "warning"), finding("DQ020", "failed", "warning")]
    text = " ".join(check(make_report(found).to_html()).text.split())
    assert "Data quality Warnings 2 failed (warnings), 1 passed" in text


def test_an_open_point_is_told_in_a_sentence_with_a_link_to_its_finding(make_report):
    message = "Whether it differs cannot be told. If rates stayed as they are, 62,000 rows would decide."
    html = make_report([finding("FB010", "inconclusive", message=message)]).to_html()
    limits = html[html.index('<section aria-labelledby="limits">') :]
    assert "Whether it differs cannot be told. <" in limits
    assert "62,000" not in limits
    assert 'href="#FB010-1"' in limits
    assert "62,000" in html


def test_what_a_check_cannot_tell_of_many_groups_is_told_once(make_report):
    open_ = [finding("FB010", "inconclusive", group=f"g{i}", message=f"Group {i} cannot be told.") for i in range(9)]
    html = make_report(open_).to_html()
    limits = html[html.index('<section aria-labelledby="limits">') :]
    limits = " ".join(limits[: limits.index("</section>")].split())
    assert "Group 0 cannot be told." in limits
    assert "so are 8 more findings of this check" in limits
    assert "Group 1 cannot" not in limits


def test_small_groups_of_a_feature_are_one_item(make_report):
    fairness = make_fairness({"sex": ["Male", "Female"], "race": [f"g{i:02}" for i in range(14)]})
    limits = " ".join(check(make_report(fairness=fairness).to_html()).text.split())
    # 2400 // (i + 1)^2 rows: fewer than 50 from g06 on.
    assert "race: 8 groups have fewer than the 50 rows that a comparison needs: g06; g07; g08 and 5 more." in limits


def test_classes_with_numbers_for_names_can_be_read(make_report):
    frame = make_frame()
    frame["approved"] = np.where(np.arange(len(frame)) < 100, "0", "1")
    text = " ".join(check(make_report(dataset=make_dataset(frame)).to_html()).text.split())
    assert "class '0': 100 rows; class '1' (positive): 140 rows" in text


def test_the_cleaning_section_says_what_it_compares(page):
    text = " ".join(page.text.split())
    assert "Both trainings use one repeat of the cross-validation" in text
    assert "do not contain the luck of a training's seed" in text


def test_a_column_of_a_table_has_one_number_format(make_report):
    table = Evidence("m", 0.5, table=Table(("a", "b"), ((0.0000974, -0.003), (0.25, -0.000229))))
    html = make_report([finding("DQ018", "failed", evidence=table)]).to_html()
    cells = re.findall(r'<td class="num">([^<]*)</td>', html[html.index("DQ018-1") :])[:4]
    assert cells == ["&lt;0.001", "-0.003", "0.250", "0.000"]
