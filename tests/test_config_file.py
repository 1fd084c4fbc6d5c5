"""`audit.yaml`: every mistake at once, with its line, and the page of the documentation that lists its keys."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import BaseModel

from assay.config import AuditConfig
from assay.config_file import _model_in, load_config, parse_config
from assay.errors import ConfigurationError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"


@pytest.fixture
def load(tmp_path):
    def build(text):
        path = tmp_path / "audit.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return build


@pytest.fixture
def refuse(load):
    def build(text):
        with pytest.raises(ConfigurationError) as caught:
            load(text)
        return caught.value.problems

    return build


def test_the_shortest_file(load, tmp_path):
    config = load("data: loans.csv\nlabel: approved\nsensitive: sex\n")
    assert config.data.path == tmp_path / "loans.csv"
    assert config.sensitive[0].column == "sex"
    assert config.output.folder == tmp_path / "audits"
    assert config.validation.suite is None
    assert config.learning.folds == 5


def test_a_long_file(load, tmp_path):
    config = load(
        "data:\n  path: ../raw/loans.csv\n  missing: ['?', -1]\nlabel: approved\npositive: yes\nid: id\n"
        "sensitive:\n  - sex\n  - {column: age, bins: [25, 60], name: age group}\nignore: [note]\n"
        "validation: {suite: /suites/loans.json}\npolicy:\n  severity: {DQ004: critical}\n  waivers:\n"
        "    - {check: DQ011, owner: me, reason: known, expires: 2030-01-31}\noutput: {folder: out}\n"
    )
    assert config.data.path == (tmp_path / "../raw/loans.csv").resolve()
    assert config.data.missing == ("?", "-1")
    assert config.positive == "yes"
    assert [f.label for f in config.sensitive] == ["sex", "age group"]
    assert config.validation.suite == Path("/suites/loans.json")
    assert config.policy.waivers[0].expires == dt.date(2030, 1, 31)


@pytest.mark.parametrize(("word", "label"), [("yes", "yes"), ("no", "no"), ("1", "1"), ("true", "True"), ("on", "on")])
def test_labels_that_yaml_takes_for_something_else(load, word, label):
    assert load(f"label: y\npositive: {word}\n").positive == label


def test_columns_named_by_numbers(load):
    config = load("label: 2020\nid: 1\nsensitive: [3]\nignore: [4]\n")
    assert (config.label, config.id, config.sensitive[0].column, config.ignore) == ("2020", "1", "3", ("4",))


def test_all_mistakes_at_once_with_their_lines(refuse):
    problems = refuse(
        "label: y\nsensitiv: sex\nlearning:\n  folds: 1\n  epoch: 3\ndata:\n  path: a\n  header: maybe\n"
    )
    text = "\n".join(problems)
    assert len(problems) == 4
    assert "line 2: unknown key 'sensitiv'; did you mean 'sensitive'?" in text
    assert "line 4: learning.folds" in text
    assert "line 5: unknown key 'learning.epoch'; did you mean 'epochs'?" in text
    assert "line 8: data.header" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a mapping"),
        ("- a\n- b\n", "must be a mapping"),
        ("just words", "must be a mapping"),
        ("label: [y\n", "not valid YAML"),
        ("label: y\n\tid: x\n", "line 2"),
        ("label: y\nlabel: z\n", "line 2: key 'label' is given twice"),
        ("label: y\nlearning:\n  seed: 1\n  seed: 2\n", "line 4: key 'seed' is given twice"),
        ("id: x\n", "key 'label' is missing"),
        ("label: ''\n", "label"),
        ("label: y\n1: x\n", "Keys should be strings"),
        ("label: y\nname: ../up\n", "name"),
        ("label: y\nid: y\n", "Give each column one part"),
        ("label: y\nsensitive: [y]\n", "both the label and sensitive"),
        ("label: y\nsensitive: [a, a]\n", "named twice"),
        ("label: y\nsensitive: [{column: a, bins: [3, 1]}]\n", "ascend"),
        ("label: y\nsensitive: [{colum: a}]\n", "did you mean 'column'?"),
        ("label: y\ndata: {query: SELECT 1}\n", "given together"),
        ("label: y\ndata: {path: a, query: SELECT 1, connection: 'sqlite://'}\n", "Exactly one"),
        ("label: y\ndata: {}\n", "Exactly one"),
        ("label: y\ndata: {path: a, names: [b]}\n", "header: false"),
        ("label: y\ndata: {path: a, format: xls}\n", "data.format"),
        ("label: y\npolicy: {severity: {DQ4: critical}}\n", "DQ4"),
        ("label: y\npolicy: {severity: {DQ004: fatal}}\n", "critical"),
        ("label: y\npolicy:\n  waivers:\n    - {check: DQ011, owner: a, reason: b}\n", "expires"),
        ("label: y\npolicy:\n  waivers:\n    - {check: DQ011, owner: a, reason: b, expires: 2024-13-01}\n", "YAML"),
        ("label: y\ndata: ~nosuchuser99/x.csv\n", "~nosuchuser99"),
        ("label: y\nignore: &a [*a]\n", "ignore"),
        ("label: y\n? [a, b]\n: 1\n", "YAML"),
        ("label: y\x01\n", "YAML"),
        ("--- \nlabel: y\n--- \nlabel: z\n", "YAML"),
        ("label: !!python/object/apply:os.system ['true']\n", "YAML"),
    ],
)
def test_mistakes(refuse, text, words):
    assert any(words in problem for problem in refuse(text))


def test_files_that_cannot_be_read(tmp_path):
    for path, words in ((tmp_path / "no.yaml", "assay init"), (tmp_path, "cannot be read")):
        with pytest.raises(ConfigurationError, match=words):
            load_config(path)
    (tmp_path / "latin.yaml").write_bytes("label: größe\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_config(tmp_path / "latin.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    (tmp_path / "audit.yaml").write_text("label: y\n", encoding="utf-8-sig")
    assert load_config(tmp_path / "audit.yaml").label == "y"


def test_a_relative_sqlite_database_lies_beside_the_file(load, tmp_path):
    def connection(url):
        return load(f"label: y\ndata: {{connection: '{url}', query: SELECT 1}}\n").data.connection

    assert connection("sqlite:///loans.db") == f"sqlite:///{tmp_path}/loans.db"
    for url in ("sqlite:////abs/loans.db", "sqlite://", "sqlite:///:memory:", "sqlite:///${DB}", "postgresql://h/d"):
        assert connection(url) == url


def test_paths_of_plain_values_are_relative_to_the_base(tmp_path):
    config = parse_config({"label": "y", "data": "a.csv"}, base=tmp_path)
    assert config.data.path == tmp_path / "a.csv"
    assert parse_config({"label": "y"}).output.folder == Path.cwd() / "audits"


def test_the_same_column_may_be_id_and_group(load):
    config = load("label: y\nid: person\ngroup: person\n")
    assert config.id == config.group == "person"


def sections(model: type[BaseModel] = AuditConfig, at: str = "") -> list[tuple[str, type[BaseModel]]]:
    found = [(at, model)]
    for key, field in model.model_fields.items():
        if (inner := _model_in(field.annotation)) is not None:
            found += sections(inner, f"{at}.{key}".lstrip("."))
    return found


def table_rows() -> list[str]:
    """The rows that docs/configuration.md must hold, in the order of the models."""
    rows = []
    for at, model in sections():
        for key, field in model.model_fields.items():
            if _model_in(field.annotation) is not None and field.default_factory is None:
                default = "see below"
            elif field.is_required():
                default = "required"
            elif field.default_factory is not None:
                default = "none"
            else:
                value = field.default
                default = (
                    "none" if value in (None, ()) else f"`{str(value).lower() if isinstance(value, bool) else value}`"
                )
            rows.append(f"| `{f'{at}.{key}'.lstrip('.')}` | {default} | {field.description} |")
    return rows


def test_every_field_is_described():
    assert all(field.description for _, model in sections() for field in model.model_fields.values())


def test_the_page_lists_every_field_as_the_models_do():
    page = PAGE.read_text(encoding="utf-8")
    absent = [row for row in table_rows() if row not in page]
    assert not absent, "docs/configuration.md needs these rows:\n" + "\n".join(absent)


def test_the_examples_of_the_page_are_valid(tmp_path):
    blocks = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1:]
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block.split("```")[0], encoding="utf-8")
        load_config(path)
