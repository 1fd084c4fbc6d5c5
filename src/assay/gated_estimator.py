"""A scikit-learn estimator behind the gate: `fit` audits first, and trains nothing unless the verdict is `pass`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from assay.errors import InputError
from assay.gating import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LABEL = "label"


def _has(name: str) -> Callable[[GatedEstimator], bool]:
    def has(gated: GatedEstimator) -> bool:
        # Raises AttributeError with the estimator's own words where it has no such method.
        getattr(getattr(gated, "estimator_", gated.estimator), name)
        return True

    return has


class GatedEstimator(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fit an estimator only on data whose audit passes.

    Parameters
    ----------
    estimator
        Any estimator with `fit(X, y)`; a clone of it is fitted.
    audit
        Settings of the audit as for `assay.audit`, such as `{"sensitive": ["sex"]}`; columns are those of X.

    Attributes
    ----------
    estimator_
        The fitted clone.
    answer_
        The `assay.known.Answer` of the audit, with the whole report in `document`.

    Examples
    --------
    >>> import pandas as pd
    >>> from assay import GatedEstimator, GateRejected
    >>> from sklearn.dummy import DummyClassifier
    >>> gated = GatedEstimator(DummyClassifier(), audit={"learning": {"repeats": 1, "epochs": 1}})
    >>> try:  # forty rows are too few
    ...     gated.fit(pd.DataFrame({"x": range(40)}), ["no"] * 20 + ["yes"] * 20)
    ... except GateRejected as rejected:
    ...     print(rejected.verdict)
    reject
    """

    def __init__(self, estimator: Any, *, audit: Mapping[str, Any] | None = None) -> None:
        self.estimator = estimator
        self.audit = audit

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:  # noqa: N803 -- scikit-learn's name
        """Audit X and y together, then fit the estimator on them.

        Parameters
        ----------
        X
            (n, p) a frame, or an array, whose columns are then called "0" to "p-1".
        y
            (n,) labels.
        **fit_params
            Passed on to the estimator.

        Raises
        ------
        GateRejected
            Unless the verdict is `pass`, with the findings; nothing was fitted then.
        AssayError
            Where no audit could be made.
        """
        frame, label = _table(X, y)
        self.answer_ = require(frame, label=label, **(self.audit or {}))
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        return self

    @available_if(_has("predict"))  # type: ignore[untyped-decorator]
    def predict(self, X: Any) -> Any:  # noqa: N803
        """Predict with the fitted estimator."""
        return self._fitted().predict(X)

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Probabilities of the fitted estimator."""
        return self._fitted().predict_proba(X)

    @available_if(_has("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """Scores of the fitted estimator."""
        return self._fitted().decision_function(X)

    @available_if(_has("score"))  # type: ignore[untyped-decorator]
    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """Score of the fitted estimator."""
        return float(self._fitted().score(X, y))

    @property
    def classes_(self) -> Any:
        """Classes of the fitted estimator."""
        return self._fitted().classes_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.estimator_type, tags.classifier_tags = inner.estimator_type, inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        return tags

    def _fitted(self) -> Any:
        check_is_fitted(self)
        return self.estimator_


def _table(features: Any, labels: Any) -> tuple[pd.DataFrame, str]:
    """X and y as one frame, and the name of y in it, which is a column's name of X never."""
    if isinstance(features, pd.DataFrame):
        frame = features.copy(deep=False)
    else:
        values = np.asarray(features)
        if values.ndim != 2:
            raise InputError(f"X must have two dimensions, got {values.ndim}. Give a frame or an array of (n, p).")
        frame = pd.DataFrame(values, columns=[str(place) for place in range(values.shape[1])])
    if len(labels) != len(frame):
        raise InputError(f"y must have a label for each of the {len(frame):,} rows of X, got {len(labels):,}.")
    name = str(getattr(labels, "name", None) or _LABEL)
    taken = set(map(str, frame.columns))
    while name in taken:
        name += "_"
    # By position: y may have another index.
    frame[name] = np.asarray(labels)
    return frame, name
