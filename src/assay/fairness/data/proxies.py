"""FB007: columns that stand in for a sensitive feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from assay.fairness.data.group_aucs import decisive
from assay.fairness.data.proxy_aucs import MAX_CATEGORIES, MIN_CATEGORY_ROWS, ProxyAucs, measure_proxies
from assay.fairness.outcomes import TABLE_ROWS, each_feature
from assay.fairness.wording import confidently, counted, listing
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature
    from assay.fairness.data.group_aucs import GroupAuc
    from assay.fairness_config import FairnessConfig

PROXIES = ("feature", "column", "value", "low", "high", "n")
_ASK_WHETHER = (
    "Ask of each named column whether the model needs it for what it should predict, and what it brings beside the "
    "group that it stands for. Train with and without it and compare FB010 and FB011; leaving only the sensitive "
    "column out changes little."
)
_MORE_ROWS = "Collect more rows of the smallest group that is compared, or raise `fairness.min_group_size`."


def proxies(context: DataContext) -> Iterator[Outcome]:
    """FB007: how well the columns, each and together, tell the groups of a sensitive feature apart."""
    singles = [feature for feature in context.features if not feature.is_intersection and len(feature.groups) > 1]
    found = {aucs.feature.name: aucs for aucs in measure_proxies(context.dataset, singles, context.config)}
    context.measured["proxies"] = _table(found.values())

    def answer(feature: Feature) -> Iterable[Outcome]:
        # Who tells each of two features apart tells their intersection apart.
        return [] if feature.is_intersection else [_outcome(feature, found.get(feature.name), context.config)]

    return each_feature(context, "which columns stand in for them is", answer)


def proxy_table(context: DataContext) -> pd.DataFrame:
    """Every AUC that FB007 rests on, as `FairnessResult.proxies`; no rows where it was not asked."""
    return context.measured.get("proxies", pd.DataFrame(columns=list(PROXIES)))


def _table(found: Iterable[ProxyAucs]) -> pd.DataFrame:
    rows = [
        (aucs.feature.name, column, mean.auc.value, mean.auc.interval.low, mean.auc.interval.high, aucs.rows)
        for aucs in found
        if aucs.together
        for column, (mean, *_) in (*aucs.columns.items(), (None, aucs.together))
    ]
    # As objects, the missing column of "all together" stays None.
    columns = pd.Series([row[1] for row in rows], dtype=object)
    return pd.DataFrame(rows, columns=list(PROXIES)).assign(column=columns)


def _outcome(feature: Feature, aucs: ProxyAucs | None, config: FairnessConfig) -> Outcome:
    subject = Subject(feature.columns)
    if aucs is None:
        only = f"No column besides the sensitive ones is a feature, so that none can stand in for {feature.name}."
        return Outcome(Status.NOT_APPLICABLE, only, subject)
    if not aucs.together:
        few = (
            f"Which columns stand in for {feature.name} cannot be judged: fewer than two of its groups have "
            f"{counted(config.min_group_size, 'row')} each."
        )
        return Outcome(Status.INCONCLUSIVE, few, subject, None, _MORE_ROWS)
    limit = config.max_proxy_auc
    decide = {column: decisive(each, limit) for column, each in aucs.columns.items()}
    ranked = dict(sorted(decide.items(), key=lambda item: -item[1].auc.value))
    over, unclear = (
        [column for column, found in ranked.items() if found.status(limit) is wanted]
        for wanted in (Status.FAILED, Status.INCONCLUSIVE)
    )
    status = Status.FAILED if over else Status.INCONCLUSIVE if unclear else Status.PASSED
    words = [*_about_columns(aucs, ranked, over, unclear, config), _about_all(aucs, config, status)]
    words.append(_about_rows(aucs, len(feature.codes)))
    remedy = {Status.FAILED: _ASK_WHETHER, Status.INCONCLUSIVE: _MORE_ROWS}.get(status, "")
    subject = Subject((feature.name, *over, *(() if over else unclear)))
    return Outcome(status, " ".join(words), subject, _evidence(ranked, over, aucs, config), remedy)


def _about_columns(
    aucs: ProxyAucs, ranked: Mapping[str, GroupAuc], over: list[str], unclear: list[str], config: FairnessConfig
) -> Iterator[str]:
    name, limit = aucs.feature.name, f"{config.max_proxy_auc:g} tolerated"

    def named(columns: list[str]) -> str:
        return listing(
            [f"{column} ({ranked[column].auc.value:.2f}{_of_whom(ranked[column], aucs)})" for column in columns]
        )

    if over:
        stands = "a column alone stands in" if len(over) == 1 else f"{len(over):,} columns each stand in"
        yield (
            f"For {name} {stands} (out-of-sample AUC; {limit}): {named(over)}. The strongest: "
            f"{_figures(ranked[over[0]], aucs, config)}. A model that is not given {name} can read it there."
        )
    if unclear:
        more = "also " if over else ""
        yield (
            f"The rows do not decide {more}whether {counted(len(unclear), 'column')} alone may stand in for {name} "
            f"(out-of-sample AUC; {limit}): {named(unclear)}."
        )
    rare = [column for column in unclear if ranked[column].auc.interval.high <= config.max_proxy_auc]
    if rare:
        yield (
            f"What is known of {listing(rare)} lies below, but too many rows have a rare value there, which fewer "
            f"than {MIN_CATEGORY_ROWS} rows have or {MAX_CATEGORIES} others exceed: what these tell is not known."
        )
    if not over and not unclear:
        strongest = next(iter(ranked))
        yield (
            f"No column alone stands in for {name}: the strongest of {len(ranked):,}, {strongest}, tells its groups "
            f"apart with an out-of-sample AUC of {_figures(ranked[strongest], aucs, config)}; {limit}."
        )


def _about_all(aucs: ProxyAucs, config: FairnessConfig, alone: Status) -> str:
    name, together = aucs.feature.name, decisive(aucs.together, config.max_proxy_auc)
    status = together.status(config.max_proxy_auc)
    if status is Status.PASSED and alone is not Status.PASSED:
        status = Status.INCONCLUSIVE  # what one of them may tell, all of them may
    meaning = {
        Status.FAILED: f"leaving {name} out would not hide it from a model",
        Status.PASSED: "no more than is tolerated",
        Status.INCONCLUSIVE: f"the rows do not decide whether leaving {name} out would hide it",
    }[status]
    return f"All {counted(len(aucs.columns), 'column')} together reach {_figures(together, aucs, config)}: {meaning}."


def _about_rows(aucs: ProxyAucs, total: int) -> str:
    rows = f"{aucs.rows:,} of {total:,} rows"
    if is_small(total - aucs.rows):  # the rows that are missing are those of a few people
        rows = f"{total:,} rows" + f", less {shown_count(total - aucs.rows)}" * (aucs.rows < total)
    left_out = f"; {counted(aucs.left_out, 'group')} left out (too small, or too many)" if aucs.left_out else ""
    return f"Judged on {rows}, {counted(len(aucs.groups), 'group')}{left_out}."


def _of_whom(found: GroupAuc, aucs: ProxyAucs) -> str:
    return "" if found.group is None else f" for {aucs.groups[found.group]}"


def _figures(found: GroupAuc, aucs: ProxyAucs, config: FairnessConfig) -> str:
    auc = found.auc
    whom = f"{_of_whom(found, aucs)} against the rest" if found.group is not None else ""
    if len(aucs.groups) > 2 and found.group is None:
        whom = " on average over the groups"
    limits = f"{auc.interval.low:.3f} to {auc.interval.high:.3f}"
    return f"{auc.value:.3f}{whom} (joint {confidently(config.confidence)} {limits})"


def _evidence(ranked: Mapping[str, GroupAuc], over: list[str], aucs: ProxyAucs, config: FairnessConfig) -> Evidence:
    strongest = ranked[over[0]] if over else next(iter(ranked.values()))
    interval = strongest.auc.interval
    everything = decisive(aucs.together, config.max_proxy_auc)
    shown = [("all together", everything), *list(ranked.items())[: TABLE_ROWS - 1]]
    several = len(aucs.groups) > 2
    return Evidence(
        metric="AUC of the strongest column",
        value=strongest.auc.value,
        interval=Interval(interval.low, interval.high, config.confidence, f"{interval.method}, Bonferroni"),
        n=aucs.rows,
        threshold=config.max_proxy_auc,
        unit="AUC",
        table=Table(
            ("column", *(("group",) if several else ()), "AUC", "low", "high"),
            tuple(
                (
                    name,
                    *((("(mean)" if found.group is None else aucs.groups[found.group]),) if several else ()),
                    found.auc.value,
                    found.auc.interval.low,
                    found.auc.interval.high,
                )
                for name, found in shown
            ),
        ),
    )


PROXY_CHECK = Check("FB007", "Proxies of sensitive features", Severity.WARNING, proxies)
