"""`assay suite infer`: what it writes, what it keeps, what it refuses."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my loans.csv"
    rows = [f"{i:05},{i % 7 * 1.5},{'FM'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(300)]
    file.write_text("\n".join(["key,income,sex,approved", *rows]) + "\n")
    return file


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_suite_beside_the_reference(assay, data, tmp_path):
    result = assay("suite", "infer", data)
    assert result.exit_code == 0, result.output
    suite = read(tmp_path / "expectations" / "my_loans.json")
    assert f"{len(suite['expectations'])} rules" in result.stdout
    assert suite["name"] == "my_loans"
    assert not any(e["severity"] == "critical" for e in suite["expectations"] if "exist" not in e["type"])


def test_roles_make_rules_critical(assay, data, tmp_path):
    done = assay("suite", "infer", data, "--label", "approved", "--sensitive", "sex", "--id", "key", "-o", "s.json")
    assert done.exit_code == 0, done.output
    critical = {e["meta"]["rule"] for e in read(tmp_path / "s.json")["expectations"] if e["severity"] == "critical"}
    assert {"unique: key", "present: approved", "values: approved"} <= critical


def test_again_keeps_edits_and_writes_the_same_bytes(assay, data, tmp_path):
    place = tmp_path / "s.json"
    assay("suite", "infer", data, "-o", place)
    first = place.read_bytes()
    assert assay("suite", "infer", data, "-o", place).exit_code == 0
    assert place.read_bytes() == first
    suite = read(place)
    suite["expectations"] = [e for e in suite["expectations"] if e["meta"]["rule"] != "values: sex"]
    next(e for e in suite["expectations"] if e["meta"]["rule"] == "exists: key")["severity"] = "info"
    place.write_text(json.dumps(suite), encoding="utf-8")
    said = json.loads(assay("suite", "infer", data, "-o", place, "--json").stdout)
    assert said["rules"]["deleted"] == ["values: sex"]
    assert said["rules"]["edited"] == ["exists: key"]
    told = assay("suite", "infer", data, "-o", place).stdout
    assert "deleted by hand, not proposed again: values: sex" in told
    assert assay("suite", "infer", data, "-o", place, "--fresh").exit_code == 0
    assert place.read_bytes() == first


def test_a_configuration_says_how_to_read_and_where_the_suite_is(assay, data, tmp_path):
    assert assay("init", data, "--label", "approved", "--id", "key").exit_code == 0
    result = assay("suite", "infer", "--config", "audit.yaml", "--batch-rows", "50")
    assert result.exit_code == 0, result.output
    suite = read(tmp_path / "expectations" / "my_loans.json")
    assert suite["meta"]["assay"]["inference"]["batch_rows"] == 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "REFERENCE"),
        (("nowhere.csv",), "nowhere.csv"),
        (("my loans.csv", "--label", "aproved"), "aproved"),
        (("my loans.csv", "--sensitive", "sexx"), "sexx"),
        (("my loans.csv", "--config", "audit.yaml", "--label", "approved"), "audit.yaml"),
        (("my loans.csv", "-o", "broken.json"), "broken.json"),
        (("my loans.csv", "-o", "list.json"), "list.json"),
        (("my loans.csv", "--batch-rows", "0"), "batch-rows"),
    ],
)
def test_mistakes_are_2_and_write_nothing(assay, data, tmp_path, arguments, said):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    before = sorted(path.name for path in tmp_path.iterdir())
    result = assay("suite", "infer", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "broken.json").read_text() == "{"


def test_a_table_of_one_row(assay, tmp_path):
    (tmp_path / "one.csv").write_text("a,b\n1,x\n")
    assert assay("suite", "infer", tmp_path / "one.csv").exit_code == 0


def test_help_names_the_command(assay):
    assert "infer" in assay("suite", "--help").stdout
    assert "--batch-rows" in assay("suite", "infer", "--help").stdout


def test_a_column_may_refer_to_another_table(assay, data, tmp_path):
    keys = [f"K{i:03}" for i in range(60)]
    (tmp_path / "towns.csv").write_text("\n".join(["town", *keys]) + "\n")
    rows = [f"{i},{keys[i * 7 % 60]}" for i in range(400)]
    (tmp_path / "people.csv").write_text("\n".join(["person,home", *rows]) + "\n")
    done = assay(
        "suite", "infer", tmp_path / "people.csv", "--other", tmp_path / "towns.csv", "-o", "suites/people.json"
    )
    assert done.exit_code == 0, done.output
    rules = [e for e in read(tmp_path / "suites" / "people.json")["expectations"] if "in_table" in e["type"]]
    assert [(e["kwargs"]["column"], e["kwargs"]["file"], e["kwargs"]["key"]) for e in rules] == [
        ("home", "../towns.csv", "town")
    ]

    (tmp_path / "audit.yaml").write_text("data: people.csv\nlabel: home\nvalidation: {suite: suites/people.json}\n")
    assert assay("validate", "audit.yaml", "--no-save").exit_code == 0
    with (tmp_path / "people.csv").open("a") as more:
        more.writelines(f"{i},K999\n" for i in range(400, 440))
    done = assay("validate", "audit.yaml", "--no-save")
    assert "400 clean, 0 to quarantine, 40 to review" in done.stdout


def test_roles_are_remembered_until_told_otherwise(assay, data, tmp_path):
    place = tmp_path / "s.json"
    assay("suite", "infer", data, "--label", "approved", "--sensitive", "sex", "--id", "key", "-o", place)
    first = place.read_bytes()
    again = assay("suite", "infer", data, "-o", place)
    assert again.exit_code == 0, again.output
    assert place.read_bytes() == first
    assert "As in the suite before: label 'approved', sensitive 'sex', id 'key'" in again.stdout
    assay("suite", "infer", data, "-o", place, "--label", "sex")
    assert read(place)["meta"]["assay"]["roles"] == {"label": "sex", "id": "key"}
    assay("suite", "infer", data, "-o", place, "--fresh")
    assert read(place)["meta"]["assay"]["roles"] == {}


@pytest.mark.parametrize("label", [(), ("--label", "approved")])
def test_an_id_that_repeats_is_told(assay, data, tmp_path, label):
    done = assay("suite", "infer", data, "--id", "income", "-o", tmp_path / "s.json", *label)
    assert "'income' is named as the id, but has 7 different values in 300 rows" in done.stdout
    assert "is named as the id" not in assay("suite", "infer", data, "--id", "key", "--fresh", *label).stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("towns.csv", b"town;x\nK000;1\n" * 40),
        ("towns.csv", "town,x\nMünchen,1\nK000,2\n".encode("latin-1")),
        ("towns.tsv", b"town\tx\nK000\t1\n"),
    ],
)
def test_a_table_that_validation_could_not_read_is_refused(assay, data, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    done = assay("suite", "infer", data, "--other", name, "-o", "s.json")
    assert done.exit_code == 2
    assert name in done.stderr
    assert "UTF-8" in done.stderr
    assert not (tmp_path / "s.json").exists()


def test_rows_that_break_what_the_others_keep_are_told(assay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [[i % 97, i % 89] for i in range(800)]
    lines = [f"{a},{b},{a + b + (i % 80 == 0)},{'yn'[i * i % 7 > 2]}" for i, (a, b) in enumerate(rows)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,total,y", *lines]) + "\n")
    said = "'total' was the sum of 'a' and 'b', in all but 10 of 800 rows"
    assert said in assay("suite", "infer", "t.csv", "-o", "s.json").stdout
    assert said in assay("init", "t.csv", "--label", "y").stdout


def test_a_month_is_the_time_where_no_day_is(assay, tmp_path):
    rows = [f"{2021 + k // 120}-{k // 10 % 12 + 1:02},{k % 7}" for k in range(360)]
    (tmp_path / "m.csv").write_text("\n".join(["month,v", *rows]) + "\n")
    done = assay("suite", "infer", tmp_path / "m.csv", "-o", tmp_path / "s.json")
    assert "'month' was taken for the time" in done.stdout
    rules = {e["meta"]["rule"] for e in read(tmp_path / "s.json")["expectations"]}
    assert "column_newest_to_be_recent: month" in rules
    assert "values: month" not in rules
