"""The estimator behind the gate: scikit-learn's conventions hold, and nothing is fitted on a reject."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assay import GatedEstimator, gated_estimator
from assay.errors import AssayError, GateRejected

QUICK = {"learning": {"repeats": 1, "epochs": 2, "other_models": False}, "records": {"enabled": False}}

# Of what a clean toy with few rows cannot be sure of.
LENIENT = dict.fromkeys(("DQ017", "LN001", "MH001"), "info")


class Watched(ClassifierMixin, BaseEstimator):
    """Notes that it was fitted."""

    fitted: list[int] = []  # noqa: RUF012 -- of all clones

    def fit(self, X, y):  # noqa: N803
        self.fitted.append(len(X))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):  # noqa: N803
        return np.full(len(X), self.classes_[0])


@pytest.fixture(autouse=True)
def _nothing_fitted():
    Watched.fitted.clear()


@pytest.fixture
def answered(monkeypatch):
    """Put a verdict in the place of the audit; gives what was asked."""
    asked = []

    def install(verdict):
        def require(frame, **settings):
            asked.append((frame, settings))
            if verdict != "pass":
                raise GateRejected(verdict, ["bad"], findings=[{"code": "DQ014"}])
            return "the answer"

        monkeypatch.setattr(gated_estimator, "require", require)
        return asked

    return install


def test_docstring():
    assert doctest.testmod(gated_estimator).failed == 0


@pytest.mark.parametrize("verdict", ["reject", "undecided"])
def test_nothing_is_fitted_unless_the_verdict_is_pass(answered, verdict):
    answered(verdict)
    gated = GatedEstimator(Watched())
    with pytest.raises(GateRejected) as caught:
        gated.fit(np.zeros((4, 2)), ["a", "b", "a", "b"])
    assert caught.value.findings == ({"code": "DQ014"},)
    assert Watched.fitted == []
    with pytest.raises(NotFittedError):
        gated.predict(np.zeros((1, 2)))


def test_on_a_pass_the_clone_is_fitted_on_what_was_audited(answered):
    asked = answered("pass")
    inner = Watched()
    frame = pd.DataFrame({"x": [1, 2, 3], "label": [0, 0, 1]}, index=[7, 8, 9])
    labels = pd.Series(["a", "b", "a"], index=[1, 2, 3])
    gated = GatedEstimator(inner, audit={"sensitive": ["x"]}).fit(frame, labels)
    assert Watched.fitted == [3]
    assert gated.answer_ == "the answer"
    assert not hasattr(inner, "classes_")
    audited, settings = asked[0]
    # The name of the labels is none of the features', and they are joined by position.
    assert settings == {"label": "label_", "sensitive": ["x"]}
    assert audited["label_"].tolist() == ["a", "b", "a"]
    assert list(frame.columns) == ["x", "label"]
    assert gated.predict(frame).tolist() == ["a"] * 3
    assert gated.score(frame, labels) == pytest.approx(2 / 3)
    assert not hasattr(gated, "predict_proba")


def test_clone_and_params_follow_scikit_learn():
    gated = GatedEstimator(LogisticRegression(C=2.0), audit={"id": "n"})
    assert gated.get_params()["estimator__C"] == 2.0
    copy = clone(gated).set_params(estimator__C=3.0)
    assert (copy.estimator.C, gated.estimator.C, copy.audit) == (3.0, 2.0, {"id": "n"})
    assert is_classifier(gated)
    assert hasattr(gated, "predict_proba")


def test_wrong_shapes_are_refused():
    with pytest.raises(AssayError, match="X must have two dimensions, got 1"):
        GatedEstimator(Watched()).fit(np.zeros(3), [1, 2, 3])
    with pytest.raises(AssayError, match="y must have a label for each of the 3 rows of X, got 2"):
        GatedEstimator(Watched()).fit(np.zeros((3, 1)), [1, 2])
    assert Watched.fitted == []


def test_a_real_audit_in_a_pipeline():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300).round(3), "b": rng.normal(size=300).round(3)})
    labels = np.where(frame["a"] > 0, "yes", "no")
    scale = StandardScaler().set_output(transform="pandas")
    gated = GatedEstimator(Watched(), audit=QUICK | {"policy": {"severity": LENIENT}})
    fitted = make_pipeline(scale, gated).fit(frame, labels)
    assert fitted[-1].answer_.verdict == "pass"
    assert Watched.fitted == [300]
    with pytest.raises(GateRejected) as caught:
        gated.set_params(audit=QUICK | {"validation": {"min_rows": 500}}).fit(frame, labels)
    assert "DQ010" in {found["code"] for found in caught.value.findings}
    assert Watched.fitted == [300]
