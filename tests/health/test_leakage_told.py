"""What the checks MH022 to MH026 may tell: values of parts and of columns, and counts of few people."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from leakage_cases import clean_table, scan, scanner

from assay.findings import Severity, Status
from assay.health.leakage.stretches import _round_outward, find_stretches


@pytest.fixture(scope="module")
def of(make_dataset, make_out_of_sample):
    return scanner(make_dataset, make_out_of_sample)


def all_said(found, tables):
    """Whatever the findings and the tables hold, as one text."""
    findings = [finding for findings in found.values() for finding in findings]
    parts = [f"{x.message} {x.remedy}" for x in findings]
    parts += [str(x.evidence.table.rows) for x in findings if x.evidence is not None and x.evidence.table is not None]
    parts += [table.to_csv() for table in tables.values()]
    return " ".join(parts)


def numbers_said(found, tables):
    return set(re.findall(r"\d[\d,.]*\d|\d", all_said(found, tables)))


def in_parts(parts, n=2000, seed=0):
    """A split and a time that know nothing of each other."""
    rng = np.random.default_rng(seed)
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D")
    return clean_table(seed, n).assign(when=when, part=parts(rng, n))


def test_many_parts_are_no_split_and_are_not_named(of):
    frame = in_parts(lambda _, n: [f"mail{i % 400}@x.org" for i in range(n)])
    found, tables = of(frame, split="part", time="when")
    (of_split,) = [x for x in found["MH026"] if x.subject.columns == ("part", "when")]
    assert (of_split.status, of_split.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
    assert "400 values" in of_split.message
    assert len(found["MH025"]) == 1
    assert "x.org" not in all_said(found, tables)


def test_parts_against_time_are_one_finding_with_a_table(of):
    frame = in_parts(lambda rng, n: rng.choice(list("ABCDEFGHIJ"), n))
    (finding,) = [x for x in of(frame, split="part", time="when")[0]["MH026"] if x.status is Status.FAILED]
    assert len(finding.evidence.table.rows) == 9
    shares = [row[-1] for row in finding.evidence.table.rows]
    assert shares == sorted(shares, reverse=True)
    assert finding.evidence.value == shares[0]
    assert "8 more parts" in finding.message


def test_parts_of_few_rows_are_left_out_and_nobody_is_named(of):
    def parts(rng, n):
        part = np.where(rng.random(n) < 0.3, "test", "train").astype(object)
        part[:9] = "Zyx"
        return part

    found, tables = of(in_parts(parts), split="part", time="when")
    said = all_said(found, tables)
    assert "Left out: 1 part of fewer than 10 rows" in said
    assert "no. 2" in said
    assert not re.search("Zyx|'train'|'test'", said)
    assert tables["split_overlap"]["part"].tolist() == ["no. 2"]


def test_copies_in_many_pairs_of_parts_are_one_finding(of):
    frame = pd.concat([clean_table(0, 60)] * 10, ignore_index=True).assign(part=np.repeat(list("ABCDEFGHIJ"), 60))
    frame["key"] = np.resize(np.arange(60), 600)
    findings = of(frame, split="part", id="key")[0]["MH025"]
    assert [x.subject.columns for x in findings] == [("part",), ("part", "key")]
    for finding in findings:
        assert len(finding.evidence.table.rows) == 20
        assert "Of 45 pairs of parts 45 are above it" in finding.message
    assert findings[1].evidence.rows is None


def test_rows_of_all_parts_with_copies_are_named(of):
    frame = clean_table(0, 900).assign(part=np.repeat(["train", "check", "test"], [500, 250, 150]))
    for target, source in ((510, 0), (760, 100)):
        for name in frame.columns.drop("part"):
            values = frame[name].to_numpy(copy=True)
            values[target : target + 30] = values[source : source + 30]
            frame[name] = values
    (finding,) = of(frame, split="part")[0]["MH025"]
    assert finding.evidence.rows.positions.tolist() == [*range(510, 540), *range(760, 790)]
    assert [row[:2] for row in finding.evidence.table.rows] == [("test", "train"), ("check", "train")]


def test_a_sensitive_split_names_no_rows_and_no_values(of):
    frame = clean_table(0).assign(part=np.repeat(["Zyx", "Xyz"], 500))
    for name in frame.columns.drop("part"):
        values = frame[name].to_numpy(copy=True)
        values[500:550] = values[:50]
        frame[name] = values
    found, tables = of(frame, split="part", sensitive=["part"])
    (finding,) = found["MH025"]
    assert finding.status is Status.FAILED
    assert finding.evidence.rows is None
    assert not re.search("Zyx|Xyz", all_said(found, tables))


def with_exceptions(wrong, seed=3, n=2000):
    """A column with a value of 300 rows that are "yes", but for `wrong`."""
    frame = clean_table(seed, n)
    yes, no = (np.flatnonzero(frame["y"] == label) for label in ("yes", "no"))
    origin = np.random.default_rng(0).choice(["s", "t"], n).astype(object)
    origin[yes[: 300 - wrong]] = origin[no[:wrong]] = "Zyx"
    return frame.assign(origin=origin)


@pytest.mark.parametrize("wrong", [0, 2, 7])
def test_a_sensitive_value_does_not_tell_how_few_are_not(of, wrong):
    found, tables = of(with_exceptions(wrong), sensitive=["origin"])
    (finding,) = found["MH023"]
    assert finding.status is Status.FAILED
    assert "nearly all rows are 'yes'" in finding.message
    assert "Counts are not told" in finding.message
    assert (finding.evidence.value, finding.evidence.n, finding.evidence.interval) == (None, None, None)
    (row,) = tables["pure_values"].to_dict("records")
    hidden = ("value", "rows", "purity", "purity_low", "covered", "covered_low")
    assert [row[name] for name in hidden] == [None] * len(hidden)
    assert not {"300", str(300 - wrong), f"{(300 - wrong) / 300:.1%}"[:-1]} & numbers_said(found, tables)
    # The same of a thing, not of people, is told.
    assert "of 300 rows are 'yes'" in of(with_exceptions(wrong))[0]["MH023"][0].message


def test_a_sensitive_leak_does_not_tell_how_few_are_not(of):
    frame = with_exceptions(2)
    frame["origin"] = frame["origin"].where(frame["origin"] == "Zyx")
    found, tables = of(frame, sensitive=["origin"])
    (leak,) = found["MH022"]
    assert (leak.status, leak.severity) == (Status.FAILED, Severity.CRITICAL)
    assert "is filled in, nearly all rows are 'yes', against" in leak.message
    assert (leak.evidence.value, leak.evidence.n) == (None, None)
    assert not {"300", "298", "99.3"} & numbers_said(found, tables)


def test_a_long_number_is_rounded(of):
    frame = with_exceptions(0)
    code = frame["origin"].map({"Zyx": 987654321, "s": 7, "t": 12})
    found, tables = of(frame.assign(origin=code))
    assert "it is about '9.877e+08'" in found["MH023"][0].message
    assert "987654321" not in all_said(found, tables)
    short = frame.assign(origin=code.replace(987654321, 9876))
    assert "it is '9876'" in of(short)[0]["MH023"][0].message


@pytest.mark.parametrize("above", [True, False])
def test_a_cut_is_no_row_s_own_value_and_the_figures_are_of_it(of, above):
    rng = np.random.default_rng(0)
    x = rng.normal(50_000, 9_000, 4000).round(2)
    beyond = x > 61_000 if above else x < 39_000
    frame = pd.DataFrame({"x": x, "y": np.where(beyond | (rng.random(4000) < 0.3), "yes", "no")})
    found, tables = of(frame)
    (row,) = tables["pure_values"].to_dict("records")
    cut = float(row["value"])
    assert cut not in x
    assert cut == float(f"{cut:.3g}") == pytest.approx(61_000 if above else 39_000, abs=500)
    assert (frame["y"][x >= cut if above else x <= cut] == "yes").mean() > 0.95
    # The other half of the rows chose the cut.
    assert row["rows"] == pytest.approx((x >= cut if above else x <= cut).sum() / 2, rel=0.2)
    assert not {f"{value:.2f}" for value in x} & numbers_said(found, tables)


def test_the_rows_of_a_stretch_are_those_beyond_the_cut_that_is_told():
    rng = np.random.default_rng(1)
    values = pd.Series(rng.normal(50_000, 9_000, 4000))
    labels = ((values > 61_000) | (rng.random(4000) < 0.3)).astype(int).to_numpy()
    (stretch,) = find_stretches(values, labels, 0, most=0.025)
    assert (stretch.mask == (stretch.judged & (values >= stretch.cut))).all()


def test_a_cut_that_does_not_hold_when_it_is_rounded_is_not_told(of):
    rng = np.random.default_rng(0)
    # Two thirds of the stretch lie on its edge.
    x = np.where(rng.random(4000) < 0.1, 123_456.0, rng.integers(20, 60, 4000) * 1000.0)
    x[:200] = rng.uniform(124_000, 200_000, 200)
    x = np.where(x > 1e5, x + rng.uniform(0, 0.4, 4000), x)
    frame = pd.DataFrame(
        {"x": x, "z": rng.normal(size=4000), "y": np.where((x > 1e5) | (rng.random(4000) < 0.3), "yes", "no")}
    )
    found, tables = of(frame)
    assert "123" not in " ".join(map(str, tables["pure_values"].query("kind == 'above'")["value"]))
    assert "lies above a cut" in found["MH023"][0].message


def test_a_cut_that_many_rows_have_is_told(of):
    rng = np.random.default_rng(0)
    x = np.where(rng.random(4000) < 0.1, 7298, rng.integers(20, 60, 4000) * 100)
    x[:200] = rng.integers(7300, 20_000, 200)
    frame = pd.DataFrame(
        {"x": x, "z": rng.normal(size=4000), "y": np.where((x > 7000) | (rng.random(4000) < 0.3), "yes", "no")}
    )
    assert "where it is 7298 or more" in of(frame)[0]["MH023"][0].message


@pytest.mark.parametrize(
    ("cut", "above", "rounded"),
    [
        (1234.5, True, 1240.0),
        (1234.5, False, 1230.0),
        (-1234.5, True, -1230.0),
        (-1234.5, False, -1240.0),
        (37, True, 37.0),
        (0.0, True, 0.0),
        (99_960.0, True, 100_000.0),
        (0.0012341, True, 0.00124),
        (np.inf, True, None),
        (1.7976e308, True, None),
        (pd.Timestamp("1987-06-05 10:00"), True, pd.Timestamp("1987-07-01")),
        (pd.Timestamp("1987-06-05", tz="UTC"), False, pd.Timestamp("1987-06-01", tz="UTC")),
        (pd.Timestamp("1987-06-01"), True, pd.Timestamp("1987-06-01")),
        (pd.Timestamp.max, True, None),
        (pd.Timestamp("9999-12-31"), True, None),
    ],
)
def test_cuts_are_rounded_outward(cut, above, rounded):
    assert _round_outward(cut, above=above) == rounded


def test_more_columns_that_identify_rows_than_can_be_judged_are_said(make_dataset, make_out_of_sample):
    frame = clean_table(1, 600)
    rng = np.random.default_rng(0)
    rank = np.argsort(np.argsort((frame["y"] == "yes") + rng.normal(0, 0.3, 600)))
    names = [f"key{i}" for i in range(60)]
    keys = pd.DataFrame({name: [f"{'ab'[r % 2]}{r * 60 + i}" for r in rank] for i, name in enumerate(names)})
    dataset = make_dataset(pd.concat([frame, keys], axis=1), label="y")
    features = tuple(name for name in dataset.roles.features if name not in names)
    dataset = replace(dataset, roles=replace(dataset.roles, features=features, withheld=tuple(names)))
    found, _ = scan(dataset, make_out_of_sample(dataset, np.full((600, 2), 0.5)))
    failed = [x.subject.columns for x in found["MH024"] if x.status is Status.FAILED]
    assert failed == [(name,) for name in names[:20]]
    (left_out,) = [x for x in found["MH024"] if "was not looked at" in x.message]
    assert (left_out.status, left_out.subject.columns) == (Status.INCONCLUSIVE, tuple(names[20:]))


ODD = {
    "mixed": [1, "a", 2.5, None, True],
    "flags": [True, False],
    "years": pd.array([2020, None, 2021, 2022], dtype="Int64"),
    "floats": [2020.5, np.inf, -np.inf, np.nan, 2021.0],
    "zoned": pd.to_datetime(["2024-01-01", "2024-05-01", None]).tz_localize("Europe/Berlin"),
    "periods": pd.period_range("2020-01", periods=7, freq="M"),
    "spans": pd.to_timedelta([1, 2, 3], unit="D"),
    "dates": [dt.date(2024, 1, 1), dt.date(9999, 12, 31), None],
    "offsets": ["2024-01-01T00:00:00+01:00", "2024-06-01T00:00:00-05:00", None],
    "codes": pd.Categorical(["a", None, "b"]),
    "complex": [1 + 2j, 3j],
    "no times": pd.to_datetime([None, None]),
    "bytes": [b"a", b"\xff"],
    "names alike": ["a", "a ", "a\n", "a\u200b"],
    "lists": [[1], [2]],
}


@pytest.mark.parametrize("role", ["split", "time"])
@pytest.mark.parametrize("kind", ODD)
def test_odd_splits_and_times_are_answered(of, kind, role):
    n = 300
    values = pd.Series(ODD[kind])
    frame = clean_table(0, n).assign(when=np.arange(n) % 37 + 1990, part=np.resize(["train", "train", "test"], n))
    frame["when" if role == "time" else "part"] = values.iloc[np.arange(n) % len(values)].to_numpy()
    if role == "time":
        frame["when"] = values.iloc[np.arange(n) % len(values)].reset_index(drop=True)
    found, _ = of(frame, split="part", time="when")
    assert not [x for findings in found.values() for x in findings if x.status is Status.ERROR]
    assert found["MH025"]
    assert found["MH026"]


def test_a_split_with_gaps_and_a_time_with_gaps(of):
    frame = in_parts(lambda rng, n: np.where(rng.random(n) < 0.3, "test", "train").astype(object))
    frame.loc[::3, "part"] = None
    frame.loc[::4, "when"] = pd.NaT
    found, _ = of(frame, split="part", time="when")
    assert [x.status for x in found["MH025"]] == [Status.FAILED, Status.PASSED]
    (of_split,) = [x for x in found["MH026"] if x.subject.columns == ("part", "when")]
    both = frame.dropna(subset=["part", "when"])["part"].value_counts()
    assert of_split.evidence.n in set(both)
