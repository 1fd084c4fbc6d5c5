"""MH022 and MH023: values that fix the label in a part of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from leakage_cases import clean_table, scanner
from scipy import stats

from assay.findings import Severity, Status
from assay.health.leakage.bounds import chance_of, lower_bound


@pytest.fixture(scope="module")
def of(make_dataset, make_out_of_sample):
    return scanner(make_dataset, make_out_of_sample)


def churn(seed=0, n=1000, covered=0.4, filler=None):
    """A reason that 40% of those with the label have, and nobody else."""
    frame, rng = clean_table(seed, n), np.random.default_rng(seed + 1)
    told = (frame["y"] == "yes") & (rng.random(n) < covered)
    frame["reason"] = np.where(told, rng.choice(["price", "service"], n), filler)
    return frame, int(told.sum())


def test_a_column_filled_for_one_class_only_is_a_leak(of):
    frame, told = churn()
    found, tables = of(frame)
    (leak,) = found["MH022"]
    assert (leak.status, leak.severity, leak.subject.columns) == (Status.FAILED, Severity.CRITICAL, ("reason",))
    share = f"{(frame['y'] == 'yes').mean():.1%}"
    assert f"'reason' is filled in ({told} rows), 100.0% are 'yes'" in leak.message
    assert f"against {share} of all rows" in leak.message
    assert f"{told / (frame['y'] == 'yes').sum():.1%}" in leak.message
    assert (leak.evidence.value, leak.evidence.n) == (1.0, told)
    assert leak.evidence.threshold < leak.evidence.interval.low < leak.evidence.value
    (row,) = tables["pure_values"].query("column == 'reason'").to_dict("records")
    assert (row["kind"], row["value"], row["rows"], row["leak"]) == ("filled", None, told, True)


def test_its_absence_gives_away_as_well(of):
    frame, _ = churn()
    frame["reason"] = np.where(frame["reason"].isna(), "as usual", None)
    found, _ = of(frame)
    assert "is missing" in found["MH022"][0].message


def test_another_than_the_usual_value_is_a_leak_where_it_covers_a_third(of):
    found, _ = of(churn(covered=0.6, filler="none")[0])
    assert [x.status for x in found["MH022"]] == [Status.FAILED]
    assert "has another than its usual value" in found["MH022"][0].message
    found, _ = of(churn(covered=0.2, filler="none")[0])
    assert [x.status for x in found["MH022"]] == [Status.PASSED]
    assert [x.subject.columns for x in found["MH023"]] == [("reason",)]


def test_a_refund_that_only_one_class_gets(of):
    frame, _ = churn(covered=0.6)
    amounts = np.random.default_rng(5).exponential(100, len(frame))
    frame["reason"] = np.where(frame["reason"].isna(), 0.0, amounts)
    found, _ = of(frame)
    assert [x.subject.columns for x in found["MH022"] if x.status is Status.FAILED] == [("reason",)]


def test_a_strong_value_of_a_third_of_the_class_only_warns(of):
    frame = clean_table(3)
    rng = np.random.default_rng(0)
    frame["code"] = rng.choice(list("stuv"), len(frame))
    frame.loc[(frame["y"] == "yes") & (rng.random(len(frame)) < 0.33), "code"] = "z"
    found, _ = of(frame)
    assert found["MH022"][0].status is Status.PASSED
    (warning,) = found["MH023"]
    assert (warning.status, warning.severity) == (Status.FAILED, Severity.WARNING)
    assert "'code'" in warning.message
    assert "it is 'z'" in warning.message


def test_a_step_of_a_number_is_named_and_a_slope_is_not(of):
    rng = np.random.default_rng(0)
    n = 4000
    x = rng.normal(size=n)
    step = np.where(x > 1.2, 1, rng.random(n) < 0.3)
    found, tables = of(pd.DataFrame({"x": x, "y": np.where(step, "yes", "no")}))
    assert found["MH022"][0].status is Status.PASSED
    (row,) = tables["pure_values"].to_dict("records")
    assert row["kind"] == "above"
    assert float(row["value"]) == pytest.approx(1.2, abs=0.05)
    slope = rng.random(n) < 1 / (1 + np.exp(-4 * x))
    found, _ = of(pd.DataFrame({"x": x, "y": np.where(slope, "yes", "no")}))
    assert found["MH023"][0].status is Status.PASSED


def test_a_frequent_class_makes_no_value_pure(of):
    frame = clean_table(0, 2000, rate=0.03)
    frame["y"] = np.where(np.random.default_rng(0).random(2000) < 0.03, "yes", "no")
    frame["shop"] = np.arange(2000) // 25
    found, _ = of(frame.sample(frac=1, random_state=0, ignore_index=True))
    assert [found[code][0].status for code in ("MH022", "MH023")] == [Status.PASSED] * 2


def test_copies_and_rows_of_one_group_count_once(of):
    frame, _ = churn(n=60, covered=0.3)
    grown = pd.concat([frame] * 20, ignore_index=True)
    found, _ = of(grown)
    assert found["MH022"][0].status is not Status.FAILED
    grown = pd.concat([frame.assign(person=np.arange(60), a=frame["a"] + k) for k in range(20)], ignore_index=True)
    found, _ = of(grown, group="person")
    assert found["MH022"][0].status is not Status.FAILED


def test_gaps_that_fall_together_are_one_finding(of):
    frame, _ = churn()
    frame["reason again"] = frame["reason"].map({"price": "p", "service": "s"})
    (leak,) = of(frame)[0]["MH022"]
    assert leak.subject.columns == ("reason", "reason again")


def test_too_few_rows_are_said_and_do_not_block(of):
    (finding,) = of(clean_table(0, 30))[0]["MH022"]
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
    frame, _ = churn(n=120, covered=0.45)
    (finding,) = of(frame)[0]["MH022"]
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
    assert "too few to be sure" in finding.message


def test_what_would_have_been_found_is_said(of):
    (finding,) = of(clean_table(0, 2000))[0]["MH022"]
    assert "A leak carried by" in finding.message
    assert "rows or more would have been found" in finding.message


def test_values_of_people_are_not_told(of):
    frame = clean_table(3)
    frame["origin"] = np.random.default_rng(0).choice(["s", "t"], len(frame))
    frame.loc[(frame["y"] == "yes") & (frame["a"] > 0.5), "origin"] = "Zyx"
    found, tables = of(frame, sensitive=["origin"])
    assert tables["pure_values"]["value"].tolist() == [None]
    assert "Zyx" not in " ".join(x.message for x in found["MH023"])
    assert "one certain value" in found["MH023"][0].message


def test_one_of_several_classes_may_be_what_a_value_says(of):
    rng = np.random.default_rng(0)
    kind = rng.choice(["bird", "fish", "mammal"], 900)
    frame = pd.DataFrame({"feathers": kind == "bird", "size": rng.normal(size=900), "y": kind})
    found, _ = of(frame)
    assert found["MH022"][0].status is Status.NOT_APPLICABLE
    assert found["MH023"][0].subject.columns == ("feathers",)


def told_of_both(found):
    """MH022 passes, and points to the columns that MH023 names."""
    (passed,) = found["MH022"]
    assert passed.status is Status.PASSED
    assert "see MH023" in passed.message
    assert {(x.status, x.severity) for x in found["MH023"]} == {(Status.FAILED, Severity.WARNING)}
    return [x.subject.columns for x in found["MH023"]]


def test_a_question_that_is_not_put_to_all_only_warns(of):
    rng = np.random.default_rng(0)
    n = 3000
    works = rng.random(n) < 0.65
    rich = works & (rng.random(n) < 0.4)
    hours = np.where(works, rng.integers(10, 60, n), np.nan)
    frame = pd.DataFrame({"hours": hours, "age": rng.normal(50, 9, n), "y": np.where(rich, ">50K", "<=50K")})
    assert told_of_both(of(frame)[0]) == [("hours",)]
    # Filled in, and then never of the rarer class: prostate and pregnancies.
    births = frame.assign(hours=np.where(works, np.nan, hours.size % 7))
    assert told_of_both(of(births)[0]) == [("hours",)]


def test_a_column_of_one_of_several_classes_only_warns(of):
    rng = np.random.default_rng(0)
    kind = rng.choice(["car", "van", "truck", "bus"], 2000)
    payload = np.where(kind == "truck", rng.gamma(3, 3, 2000), np.nan)
    frame = pd.DataFrame({"payload": payload, "length": rng.normal(size=2000), "y": kind})
    found, tables = of(frame)
    assert found["MH022"][0].status is Status.NOT_APPLICABLE
    assert [x.subject.columns for x in found["MH023"]] == [("payload",)]
    assert not tables["pure_values"]["leak"].any()


@pytest.mark.parametrize("values", [("n", "y"), (0, 1)])
def test_one_strong_feature_of_two_values_only_warns(of, values):
    rng = np.random.default_rng(0)
    ill = rng.random(2000) < 0.4
    positive = np.where(ill, rng.random(2000) < 0.9, rng.random(2000) < 0.005)
    frame = pd.DataFrame({"test": np.where(positive, values[1], values[0]), "age": rng.integers(20, 80, 2000)})
    frame["y"] = np.where(ill, "ill", "well")
    assert told_of_both(of(frame)[0]) == [("test",)]


def noisy(seed=0, n=3000, flipped=0.045):
    """A reason as in `churn`, after which some labels go wrong: the frame and (N,) bool, which."""
    frame, _ = churn(seed, n)
    wrong = np.random.default_rng(seed + 2).random(n) < flipped
    frame["y"] = np.where(wrong, frame["y"].map({"yes": "no", "no": "yes"}), frame["y"])
    return frame, wrong


def test_wrong_labels_do_not_hide_a_leak(of):
    frame, wrong = noisy()
    found, tables = of(frame, suspect=wrong)
    (leak,) = found["MH022"]
    assert (leak.status, leak.severity, leak.subject.columns) == (Status.FAILED, Severity.CRITICAL, ("reason",))
    filled = frame["reason"].notna()
    assert f"({filled.sum():,} rows), {(frame['y'] == 'yes')[filled].mean():.1%} are 'yes'" in leak.message
    assert f"{wrong[~filled].mean():.1%} of the other rows are suspect" in leak.message
    # The column is told once, not by its values.
    assert [x.status for x in found["MH023"]] == [Status.PASSED]
    assert tables["pure_values"]["kind"].tolist() == ["filled"]


def test_classes_of_one_size_are_asked_about(of):
    frame, _ = churn(n=3000)
    half = frame.groupby("y").head(int(frame["y"].value_counts().min())).reset_index(drop=True)
    (leak,) = of(half)[0]["MH022"]
    assert (leak.status, leak.severity, leak.subject.columns) == (Status.INCONCLUSIVE, Severity.WARNING, ("reason",))
    assert "classes are of one size" in leak.message


def test_a_flag_of_the_same_rows_does_not_hide_a_leak(of):
    frame, _ = churn()
    frame.insert(0, "flag", frame["reason"].notna())
    (leak,) = of(frame)[0]["MH022"]
    assert (leak.status, set(leak.subject.columns)) == (Status.FAILED, {"reason", "flag"})
    assert leak.message.startswith("Whenever 'reason' (and 1 more, in the same rows) is filled in")


def test_exceptions_that_are_suspect_themselves_excuse_nothing(of):
    frame, wrong = noisy()
    for suspect in (None, wrong & frame["reason"].notna().to_numpy()):
        found, _ = of(frame, suspect=suspect)
        (leak,) = found["MH022"]
        assert (leak.status, leak.severity, leak.subject.columns) == (
            Status.INCONCLUSIVE,
            Severity.WARNING,
            ("reason",),
        )
        assert "exceptions are too many to be sure" in leak.message
        assert [x.status for x in found["MH023"]] == [Status.PASSED]


@pytest.mark.parametrize("seed", range(5))
def test_suspect_rows_make_no_leak_of_a_clean_table(of, seed):
    frame = clean_table(seed, 1500)
    suspect = np.random.default_rng(seed).random(len(frame)) < 0.1
    assert of(frame, suspect=suspect)[0]["MH022"][0].status is Status.PASSED


@pytest.mark.parametrize("seed", range(10))
def test_quiet_on_clean_tables(of, seed):
    found, tables = of(clean_table(seed, (300, 2000)[seed % 2], (0.4, 0.05)[seed % 3 == 0]))
    assert found["MH022"][0].status in (Status.PASSED, Status.INCONCLUSIVE)
    assert found["MH023"][0].status is Status.PASSED
    assert tables["pure_values"].empty


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [1.0] * 40, "y": ["p", "n"] * 20}),
        pd.DataFrame({"x": [None, 1.0] * 20, "ünï|<b>": ["a"] * 40, "y": ["p"] * 39 + ["n"]}),
        pd.DataFrame({"0": np.arange(60) % 7, "x": pd.Timestamp("2024-01-01"), "y": ["p", "n", None] * 20}),
        pd.DataFrame({"x": [np.inf, -np.inf, 0, 1] * 30, "z": np.arange(120) * 1e300, "y": ["p", "n"] * 60}),
    ],
    ids=["constant", "nearly one class", "no labels, one time", "infinite"],
)
def test_odd_tables_are_answered(of, frame):
    found, _ = of(frame)
    assert not [x for findings in found.values() for x in findings if x.status is Status.ERROR]


def test_bounds_are_those_of_scipy():
    for hits, rows, alpha in ((0, 10, 0.05), (7, 10, 0.01), (10, 10, 0.001), (480, 486, 0.0002)):
        ours = stats.binomtest(hits, rows, alternative="greater").proportion_ci(1 - alpha, "exact").low
        assert float(lower_bound(hits, rows, alpha)) == pytest.approx(ours, abs=1e-9)
        assert chance_of(hits, rows, 0.3) == pytest.approx(stats.binomtest(hits, rows, 0.3, "greater").pvalue)


def test_native_features_of_adult_do_not_block(of, real_data):
    names = [
        "age",
        "work",
        "weight",
        "school",
        "years",
        "marital",
        "job",
        "role",
        "race",
        "sex",
        "gain",
        "loss",
        "hours",
        "country",
        "y",
    ]
    frame = pd.read_csv(real_data("adult/adult-train.csv"), header=None, names=names, skipinitialspace=True)
    found, _ = of(frame, sensitive=["sex", "race"])
    assert found["MH022"][0].status is Status.PASSED
    named = {x.subject.columns for x in found["MH023"]}
    assert named == {("gain",), ("loss",)}
