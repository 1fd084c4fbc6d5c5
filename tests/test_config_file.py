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
        ("label: y\ndata: {path: a, missing: x}\n", "data.missing"),
        ("label: y\ndata: {path: a, missing: {age: 999}}\n", "data.missing"),
        ("label: y\ndata: {missing: [x]}\n", "Exactly one"),
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
    for path, words in ((tmp_path / "no.yaml", "assay init"), (tmp_path, "audit.yaml does not exist")):
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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter2@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:hunter@2@host:5432/db", "postgresql://u:***@host:5432/db"),
        ("postgresql://host/db?user=u&password=hunter2", "postgresql://host/db"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2", "mssql+pyodbc:///"),
        ("databricks://token:hunter2@host?http_path=hunter2", "databricks://token:***@host"),
        ("x://host/db?token=hunter@2", "x://host/db"),
        ("x://u:hunt/er2@host/db", "x://u:***@host/db"),
        ("x://u:2?hunter2@host/db", "x://u:***"),
        ("x://u@host/db;PWD=hunter2", "x://u@host/db"),
        ("sqlite+pysqlcipher://:hunter2@/loans.db", "sqlite+pysqlcipher://:***@/loans.db"),
        ("x:u:hunter2", "***"),
        ("sqlite:////data/a@b.db", "sqlite:////data/a@b.db"),
        ("sqlite://", "sqlite://"),
        ("${LOANS_URL}", "${LOANS_URL}"),
    ],
)
def test_no_secret_of_a_connection_is_written_anywhere(url, shown):
    config = parse_config({"label": "y", "data": {"connection": url, "query": "SELECT 1"}})
    assert config.model_dump(mode="json")["data"]["connection"] == shown
    assert shown in config.model_dump_json()


def test_a_database_given_as_a_path_is_refused_without_its_password(refuse):
    (problem,) = refuse("label: y\ndata: postgresql://u:hunter2@host/db\n")
    assert "`connection` and `query`" in problem
    assert "hunter2" not in problem


def test_a_folder_stands_for_the_file_in_it(load, tmp_path):
    config = load("data: loans.csv\nlabel: approved\n")
    assert load_config(tmp_path) == config


def test_missing_texts_for_all_columns_or_by_column(load):
    of_all = load("label: y\ndata: {path: a, missing: ['?', -1]}\n").data
    assert of_all.missing_in("age") >= {"?", "-1", "NA"}
    assert "?" not in of_all.missing_in("age", is_id=True)
    by_column = load(
        "label: y\ndata: {path: a, default_missing: false, missing: {age: [999], 2020: [x], '*': ['?']}}\n"
    ).data
    assert by_column.missing_in("age") == {"999", "?"}
    assert by_column.missing_in("2020") == {"x", "?"}
    assert by_column.missing_in("income") == {"?"}


@pytest.mark.parametrize("bins", [".nan", ".inf", "-.inf"])
def test_bins_are_finite(refuse, bins):
    assert any("finite" in problem for problem in refuse(f"label: y\nsensitive: [{{column: a, bins: [{bins}]}}]\n"))


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


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        ("{sex: gender}", "must name one of the sensitive features"),
        ("{sex: s, race: s}", "must be two features"),
        ("{owner: '  '}", "1 to 5,000 characters"),
        ("{owners: Ada}", "did you mean 'owner'"),
        ("{decision: both}", "'label' or 'prediction'"),
    ],
)
def test_what_documents_say_is_checked(refuse, documents, problem):
    assert problem in " ".join(refuse(f"label: y\ndata: a.csv\nsensitive: [s, r]\ndocuments: {documents}\n"))


@pytest.mark.parametrize(
    ("fairness", "said"),
    [
        ({"control": ["y"]}, "'y', which is the label"),
        ({"control": ["sex"]}, "'sex', which is a sensitive column"),
        ({"reference": {"sex": {"f": 50, "m": 50}}}, "Write 0.5 for 50%"),
    ],
)
def test_what_says_nothing_of_fairness_is_refused_with_what_to_write(fairness, said):
    with pytest.raises(ConfigurationError, match=said):
        parse_config({"label": "y", "sensitive": ["sex"], "fairness": fairness})
