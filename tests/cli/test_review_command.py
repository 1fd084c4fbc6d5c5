"""`assay review`: a sample to fill in, and what the filled sample says."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.config_file import load_config
from assay.errors import InputError
from assay.manifest import write_manifest
from assay.review_file import Plan, read_review, write_review_files

N = 300
PLAN = Plan("run", "loans", "f" * 64, "y", ("no", "yes"), 1, (10, 30, 260), (4, 7, 9), (0, 1, 2), ("no", "no", "yes"))


def make_plan(**changes) -> Plan:
    return dataclasses.replace(PLAN, **changes)


@pytest.fixture
def saved(tmp_path, monkeypatch, make_report, make_dataset, make_out_of_sample):
    """A stored audit of a file, of which every tenth label is suspect."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "person": [f"p{i:04d}" for i in range(N)],
            "income": np.arange(N) * 0.5,
            "note": np.where(np.arange(N) % 3 == 0, "=cmd()", "fine"),
            "y": np.where(rng.random(N) < 0.5, "no", "yes"),
        }
    )
    frame.loc[7, "y"] = None
    frame.to_csv("loans.csv", index=False)
    Path("audit.yaml").write_text("label: y\nid: person\nname: loans\ndata: loans.csv\n")
    config = load_config("audit.yaml")
    dataset = make_dataset(frame, label="y", id="person")
    predictions = make_out_of_sample(dataset, np.tile([0.5, 0.5], (N, 1)))
    base = make_report()
    noise = dataclasses.replace(
        base.label_noise,
        quality=rng.random(N),
        suspect=(np.arange(N) % 10 == 0),
        suggested=np.maximum(dataset.labels.codes, 0),
        judged=dataset.labels.codes >= 0,
    )
    report = dataclasses.replace(
        base,
        config=config,
        dataset=dataset,
        predictions=predictions,
        label_noise=noise,
        manifest=write_manifest(config, dataset, predictions, {}),
    )
    return report.save(tmp_path / "audits")


def drawn(folder: Path = Path()) -> Path:
    (file,) = folder.glob("assay-review-*.csv")
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def fill(file: Path, answer, *, delimiter=",", encoding="utf-8") -> None:
    """Answer every row by `answer(place, row)`."""
    rows = rows_of(file)
    for place, row in enumerate(rows):
        row["true_label"] = answer(place, row)
    with file.open("w", encoding=encoding, newline="") as lines:
        writer = csv.DictWriter(lines, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def answered(folder: Path, plan: Plan, *answers: str, keys=None):
    """Write a plan's files, with these answers, and read them."""
    file, _ = write_review_files(plan, pd.DataFrame({"x": range(len(plan.positions))}), folder)
    keys = keys or plan.keys
    lines = ["review_row,true_label", *(f"{key},{answer}" for key, answer in zip(keys, answers, strict=True))]
    file.write_text("\n".join(lines), encoding="utf-8")
    return read_review(file)


def told(review) -> list[tuple[int, int, int]]:
    return [(s.right, s.wrong, s.unsure) for s in review.strata]


def test_a_sample_is_drawn_and_read(assay, saved):
    result = assay("review", "latest", "--sample", 50, "--seed", 3)
    assert result.exit_code == 0
    assert "true_label" in result.stdout
    file, labels = drawn(), pd.read_csv("loans.csv").set_index("person")
    rows = rows_of(file)
    assert list(rows[0]) == ["review_row", "true_label", "given_label", "row_id", "income", "note"]
    assert all(row["given_label"] == labels.loc[row["row_id"], "y"] for row in rows)
    assert {row["true_label"] for row in rows} == {""}
    plan = json.loads(file.with_suffix(".json").read_text())
    assert plan["sizes"] == [30, 30, 239]  # the row without a label is not among them
    # Every suspect label is wrong, and no other: the figures are known.
    suspects = {f"p{i:04d}" for i in range(0, N, 10)}
    fill(file, lambda _, row: "wrong" if row["row_id"] in suspects else row["given_label"].upper())
    shown = assay("review", saved, "--read", file)
    assert shown.exit_code == 0
    assert "label_noise: {review:" in shown.stdout
    result = json.loads((saved / "review.json").read_text())
    assert json.loads(assay("review", saved, "--read", file, "--json").stdout) == result | {
        "stored": str(saved / "review.json")
    }
    assert result["noise_rate"]["value"] == pytest.approx(30 / 299)
    assert result["precision"]["value"] == result["recall"]["value"] == 1
    assert result["noise_rate"]["low"] < 30 / 299 < result["noise_rate"]["high"]
    assert result["precision"]["low"] < 1 == result["precision"]["high"]
    assert [stratum["wrong"] for stratum in result["strata"]] == [15, 0, 0]


def test_the_file_does_not_say_what_is_suspect(assay, saved):
    assay("review", "latest", "--sample", 200)
    rows = rows_of(drawn())
    flags = np.array([int(row["row_id"][1:]) % 10 == 0 for row in rows])
    # Neither by its order: the suspect rows lie anywhere.
    assert 0.3 < np.flatnonzero(flags).mean() / len(rows) < 0.7
    assert not any(word in drawn().read_text() for word in ("suspect", "quality", "near"))


def test_no_cell_is_a_formula(assay, saved):
    assay("review", "latest", "--sample", 50)
    assert {row["note"] for row in rows_of(drawn())} == {"'=cmd()", "fine"}


def test_the_seed_makes_the_draw(assay, saved):
    texts = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        Path(name).mkdir()
        assert assay("review", "latest", "--sample", 20, "--seed", seed, "-o", name).exit_code == 0
        texts.append(drawn(Path(name)).read_text())
    assert texts[0] == texts[1] != texts[2]


def test_a_filled_file_is_not_overwritten(assay, saved):
    assert assay("review", "latest", "--sample", 20, "-o", "mine.csv").exit_code == 0
    before = Path("mine.csv").read_text()
    again = assay("review", "latest", "--sample", 20, "-o", "mine.csv")
    assert again.exit_code == 2
    assert "--output" in again.stderr
    assert Path("mine.csv").read_text() == before


def test_more_than_there_are_is_all_there_are(assay, saved):
    told = json.loads(assay("review", "latest", "--sample", 9999, "--json").stdout)
    assert told["rows"] == 299
    fill(drawn(), lambda place, _: "wrong" if place < 29 else "right")
    rate = json.loads(assay("review", saved, "--read", drawn(), "--json").stdout)["noise_rate"]
    assert rate["low"] == rate["value"] == rate["high"] == pytest.approx(29 / 299)


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "cp1252"), ("\t", "utf-8"), (",", "utf-8-sig")])
def test_however_a_spreadsheet_saves_it(assay, saved, delimiter, encoding):
    assay("review", "latest", "--sample", 30)
    fill(drawn(), lambda place, row: " Unsure " if place == 3 else "right", delimiter=delimiter, encoding=encoding)
    result = json.loads(assay("review", "latest", "--read", drawn(), "--json").stdout)
    assert (result["reviewed"], result["unsure"], result["noise_rate"]["value"]) == (30, 1, 0)


def test_empty_rows_after_the_last_are_not_counted_and_those_before_could_not_be_told(assay, saved):
    assay("review", "latest", "--sample", 40)
    fill(drawn(), lambda place, _: "" if place in (2, 5) or place >= 25 else "right")
    result = json.loads(assay("review", "latest", "--read", drawn(), "--json").stdout)
    assert [result[key] for key in ("reviewed", "unsure", "skipped", "unread")] == [25, 2, 2, 15]
    shown = assay("review", "latest", "--read", drawn()).stdout
    assert "2 were passed over" in shown
    assert "15 of the sample were not looked at" in shown


def test_rows_may_be_sorted_and_rows_left_out(tmp_path):
    review = answered(tmp_path, PLAN, "yes", "no", keys=PLAN.keys[1::-1])
    assert told(review) == [(1, 0, 0), (0, 1, 0), (0, 0, 0)]
    assert review.unread == 1


def test_other_answers_are_refused_with_their_rows(assay, saved):
    assay("review", "latest", "--sample", 30)
    fill(drawn(), lambda place, _: "maybe" if place in (0, 4) else "right")
    result = assay("review", "latest", "--read", drawn())
    assert result.exit_code == 2
    assert "row 2 must" in result.stderr
    assert "row 6 must" in result.stderr
    assert "no, yes; or right, wrong, unsure" in result.stderr
    assert "maybe" not in result.stderr
    assert not (saved / "review.json").exists()


def test_a_row_twice_and_a_row_that_was_not_drawn_are_refused(tmp_path):
    one, *_ = PLAN.keys
    with pytest.raises(InputError, match=r"row 3 repeats[\s\S]*row 4 was not drawn"):
        answered(tmp_path, PLAN, "no", "yes", "no", keys=[one, one, one[:-1] + "9"])


def test_rows_of_two_reviews_are_refused(tmp_path):
    other = make_plan(seed=2)
    with pytest.raises(InputError, match="got rows of several reviews"):
        answered(tmp_path, PLAN, "no", "yes", keys=[PLAN.keys[0], other.keys[1]])


def test_a_file_without_answers_or_without_its_header_is_refused(tmp_path):
    with pytest.raises(InputError, match="got no answer in any row"):
        answered(tmp_path, PLAN, "", "", "")
    headless = tmp_path / "headless.csv"
    headless.write_text("r1,no\n")
    with pytest.raises(InputError, match="must begin with the columns review_row, true_label"):
        read_review(headless)
    with pytest.raises(InputError, match="cannot be read"):
        read_review(tmp_path / "absent.csv")


NUMBERS = {"classes": None, "given": ("1005.7", "2.5", "0.1")}


def in_form(folder: Path, plan: Plan, delimiter: str, encoding: str, *answers: str, before=""):
    """As `answered`, saved as a spreadsheet of some country does."""
    file, _ = write_review_files(plan, pd.DataFrame({"x": range(len(plan.positions))}), folder)
    rows = [("review_row", "true_label"), *zip(plan.keys, answers, strict=True)]
    file.write_bytes((before + "\r\n".join(delimiter.join(row) for row in rows)).encode(encoding))
    return read_review(file)


@pytest.mark.parametrize(
    ("given", "answer", "right"),
    [
        (0.1 + 0.2, "0.3", True),
        (1 / 3, "0.333333333333333", True),
        (1e15 / 7, "142857142857143", True),
        (-1 / 3, "-0.333333333333333", True),
        (1 / 3, "0.3333", False),
        (0.0, "0", True),
        (0.0, "1e-12", False),
    ],
)
def test_a_number_is_right_to_the_digits_that_a_spreadsheet_keeps(tmp_path, given, answer, right):
    plan = make_plan(classes=None, given=(repr(given),) * 3)
    assert told(answered(tmp_path, plan, answer, "", ""))[0] == (int(right), int(not right), 0)


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("point", [".", ","])
def test_decimal_commas_where_the_delimiter_is_none(tmp_path, delimiter, point):
    answers = [answer.replace(".", point) for answer in ("1005.7", "2.5", "0.100")]
    assert told(in_form(tmp_path, make_plan(**NUMBERS), delimiter, "utf-8", *answers)) == [(1, 0, 0)] * 3


@pytest.mark.parametrize("answer", ["1.006", "1,006", "-12.345", "999,000"])
def test_a_number_that_may_be_two_is_refused(tmp_path, answer):
    with pytest.raises(InputError, match=r"row 3 must have as true_label a number that reads in one way") as caught:
        in_form(tmp_path, make_plan(**NUMBERS), ";", "utf-8", "right", answer, "wrong")
    assert answer not in str(caught.value)


@pytest.mark.parametrize("answer", ["1.005,7", "1,006,000"])
def test_marks_between_thousands_are_refused(tmp_path, answer):
    with pytest.raises(InputError, match=r"row 2 must have as true_label one of a number"):
        in_form(tmp_path, make_plan(**NUMBERS), ";", "utf-8", answer, "", "")


def test_a_comma_between_the_columns_makes_the_point_the_decimal_mark(tmp_path):
    plan = make_plan(classes=None, given=("1.006", "1006.0", "1006.0"))
    assert told(in_form(tmp_path, plan, ",", "utf-8", "1.006", "1.006", "1006")) == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]


def test_classes_that_are_numbers_may_have_a_decimal_comma(tmp_path):
    plan = make_plan(classes=("1.5", "2.5"), given=("1.5", "2.5", "2.5"))
    assert told(in_form(tmp_path, plan, ";", "utf-8", "1,5", "1,5", "2.5")) == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]


@pytest.mark.parametrize("before", ["", "sep=;\r\n", '"sep=;"\r\n', "SEP=;\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_unicode_text_and_a_line_that_names_the_delimiter(tmp_path, before, encoding):
    plan = make_plan(classes=("größer", "no"), given=("größer", "no", "no"))
    review = in_form(tmp_path, plan, ";", encoding, "größer", "größer", "no", before=before)
    assert told(review) == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]
    with pytest.raises(InputError, match=r"row 3 must"):
        in_form(tmp_path / "other.csv", plan, ";", encoding, "no", "maybe", "no", before=before)


def test_a_workbook_is_told_how_to_be_saved(tmp_path):
    (tmp_path / "filled.xlsx").write_bytes(b"PK\x03\x04\x00\xff")
    with pytest.raises(InputError, match=r'"CSV UTF-8"'):
        read_review(tmp_path / "filled.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        "3",
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "sizes": 5}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "sizes": [1, 2]}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "strata": [0, 1, 3]}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "strata": [0, 1, None]}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "given": "abc"}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "given": ["a", "b", "c"]}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "classes": None}),
        json.dumps({"schema": "assay-review/1", **dataclasses.asdict(PLAN), "more": 1}),
    ],
)
def test_a_damaged_plan_is_a_mistake_in_the_input(tmp_path, content):
    answered(tmp_path, PLAN, "no", "yes", "no")
    (tmp_path / f"assay-review-{PLAN.id}.json").write_text(content)
    with pytest.raises(InputError, match="is damaged: it is no plan"):
        read_review(drawn(tmp_path))


def forge(**changes) -> Path:
    """Rewrite the plan in the folder as one who computes its digest anew; return the filled CSV."""
    file = drawn()
    side = file.with_suffix(".json")
    old = {key: tuple(v) if isinstance(v, list) else v for key, v in json.loads(side.read_text()).items()}
    new = dataclasses.replace(Plan(**{key: old[key] for key in dataclasses.asdict(PLAN)}), **changes)
    side.unlink()
    Path(f"assay-review-{new.id}.json").write_text(
        json.dumps({"schema": "assay-review/1", "id": new.id, **dataclasses.asdict(new)})
    )
    other = file.with_name(f"assay-review-{new.id}.csv")
    other.write_text(file.read_text(encoding="utf-8").replace(old["id"], new.id), encoding="utf-8")
    file.unlink()
    return other


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"sizes": (30, 30, 139)}, "sizes of the strata"),
        ({"strata": (2,) * 20}, "strata of the rows"),
        ({"given": ("no",) * 20}, "given labels"),
        ({"classes": ("no", "other", "yes")}, "classes"),
        ({"label": "note"}, "label"),
        ({"positions": (0,) * 20}, "rows"),
        ({"positions": tuple(range(20))}, "rows"),  # the seventh has no label
        ({"positions": tuple(range(1000, 1020))}, "rows"),
    ],
)
def test_a_plan_that_was_rewritten_with_its_digest_is_refused(assay, saved, changes, what):
    assay("review", "latest", "--sample", 20, "--seed", 1)
    fill(drawn(), lambda *_: "right")
    result = assay("review", saved, "--read", forge(**changes))
    assert result.exit_code == 2
    assert f"got other {what}" in " ".join(result.stderr.split())
    assert not (saved / "review.json").exists()


def test_a_plan_whose_label_file_is_another_is_refused(assay, saved):
    assay("review", "latest", "--sample", 20)
    fill(drawn(), lambda *_: "right")
    labels = pd.read_parquet(saved / "rows" / "labels.parquet")
    labels.assign(suspect=False).to_parquet(saved / "rows" / "labels.parquet")
    assert assay("review", saved, "--read", drawn()).exit_code == 2


def test_reading_needs_the_data_that_were_audited(assay, saved):
    assay("review", "latest", "--sample", 20)
    fill(drawn(), lambda *_: "right")
    Path("moved").mkdir()
    Path("loans.csv").rename("moved/loans.csv")
    assert assay("review", "latest", "--read", drawn()).exit_code == 2
    Path("audit.yaml").rename("moved/audit.yaml")
    assert assay("review", "latest", "--read", drawn(), "--config", "moved/audit.yaml").exit_code == 0


def test_a_separator_at_the_end_tells_a_folder_that_is_made(assay, saved):
    assert assay("review", "latest", "--sample", 20, "--output", "new/deep/").exit_code == 0
    assert len(list(Path("new/deep").glob("assay-review-*"))) == 2
    Path("file").touch()
    result = assay("review", "latest", "--sample", 20, "--output", "file/")
    assert result.exit_code == 2
    assert "must be a folder" in result.stderr


def test_a_changed_or_absent_plan_is_refused(tmp_path):
    answered(tmp_path, PLAN, "no", "yes", "no")
    side = tmp_path / f"assay-review-{PLAN.id}.json"
    document = json.loads(side.read_text())
    side.write_text(json.dumps(document | {"sizes": [10, 30, 26]}))
    with pytest.raises(InputError, match="was changed after it was written"):
        read_review(drawn(tmp_path))
    side.write_text('{"schema": "assay-review/1"}')
    with pytest.raises(InputError, match="is damaged"):
        read_review(drawn(tmp_path))
    side.unlink()
    with pytest.raises(InputError, match="must lie beside"):
        read_review(drawn(tmp_path))


def test_a_review_of_another_audit_is_refused(assay, saved, make_report, tmp_path):
    assay("review", "latest", "--sample", 20)
    fill(drawn(), lambda *_: "right")
    other = make_report().save(tmp_path / "audits")
    result = assay("review", other, "--read", drawn())
    assert result.exit_code == 2
    assert saved.name in result.stderr


@pytest.mark.parametrize(
    ("classes", "given", "answer", "right"),
    [
        (("0", "1"), "1", "1.0", True),
        (("false", "true"), "true", "TRUE", True),
        (("a", "A"), "a", "A", False),
        (("-x", "x"), "-x", "'-x", True),
        (("ja", "nein"), "ja", "Nein", False),
        # A class that is called like a word is that class.
        (("wrong", "fair"), "wrong", "wrong", True),
        (("wrong", "fair"), "wrong", "fair", False),
        (("größer", "日本"), "日本", "日本", True),
        (None, "2.5", "2.50", True),
        (None, "2.5", "3", False),
        (None, "2.5", "wrong", False),
    ],
)
def test_an_answer_is_held_against_the_given_label(tmp_path, classes, given, answer, right):
    plan = make_plan(classes=classes, given=(given,) * 3)
    assert told(answered(tmp_path, plan, answer, "", ""))[0] == (int(right), int(not right), 0)


@pytest.mark.parametrize(("classes", "answer"), [(("ab", "AB", "x"), "Ab"), (("wrong", "x"), "right?"), (None, "nan")])
def test_an_answer_that_means_no_class_or_several_is_refused(tmp_path, classes, answer):
    given = (classes or ("1",))[0]
    with pytest.raises(InputError, match="row 2 must"):
        answered(tmp_path, make_plan(classes=classes, given=(given,) * 3), answer, "", "")


def test_changed_data_are_refused(assay, saved):
    text = Path("loans.csv").read_text()
    Path("loans.csv").write_text(text.replace("p0001,0.5", "p0001,0.6"))
    result = assay("review", "latest", "--sample", 20)
    assert result.exit_code == 2
    assert "must be those of the audit" in result.stderr
    assert not list(Path().glob("assay-review-*"))


def test_data_that_moved_are_named_by_a_configuration(assay, saved):
    Path("moved").mkdir()
    Path("loans.csv").rename("moved/loans.csv")
    result = assay("review", "latest", "--sample", 20)
    assert result.exit_code == 2
    assert "--config" in result.stderr
    Path("audit.yaml").rename("moved/audit.yaml")
    assert assay("review", "latest", "--sample", 20, "--config", "moved/audit.yaml").exit_code == 0


def test_an_audit_of_an_earlier_version_is_named(assay, saved):
    (saved / "rows" / "labels.parquet").unlink()
    result = assay("review", "latest", "--sample", 20)
    assert result.exit_code == 2
    assert "Run the audit again" in result.stderr


def test_an_audit_that_judged_nothing_has_nothing_to_draw(assay, make_report, tmp_path):
    result = assay("review", make_report().save(tmp_path), "--sample", 20)
    assert result.exit_code == 2
    assert "judged no label" in result.stderr


@pytest.mark.parametrize("options", [(), ("--sample", 5, "--read", "x.csv")])
def test_one_of_sample_and_read_is_needed(assay, saved, options):
    result = assay("review", "latest", *options)
    assert result.exit_code == 2
    assert "--sample N and --read FILE" in result.stderr


def test_an_audit_reads_its_review_before_it_does_anything_else(tmp_path):
    from assay import audit

    with pytest.raises(InputError, match=r"absent\.csv cannot be read"):
        audit(pd.DataFrame({"x": [1]}), label="y", label_noise={"review": str(tmp_path / "absent.csv")})
