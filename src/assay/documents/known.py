"""What an audit knows, in sentences that several documents share. Names in them are as in the data: escape them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.small_cells import shown_count

if TYPE_CHECKING:
    from assay.documents.tree import Tree

# A sentence names this many groups or columns; `report.json` names them all.
_NAMED = 20
# A report of an older version may lack one.
_ROLES = ("id", "time", "group", "weight", "split")


def source_sentence(tree: Tree) -> str:
    """Where the data are, and how many."""
    dataset = tree.dataset
    return (
        f"{dataset['source']}: {dataset['rows']:,} rows and {dataset['columns']:,} columns, content fingerprint "
        f"{dataset['fingerprint']}."
    )


def label_sentence(tree: Tree) -> str:
    """What a model would predict, from what."""
    roles, classes = tree.dataset["roles"], [str(entry["name"]) for entry in tree.dataset["classes"]]
    kind = f"one of {len(classes):,} classes ({_listing(classes)})" if classes else "a number"
    positive = f"; {tree.positive} counts as favourable" if tree.positive is not None else ""
    return f"The label is {roles['label']}, {kind}{positive}; {len(roles['features']):,} columns are features."


def features_sentence(tree: Tree) -> str:
    """The columns by their roles."""
    roles = tree.dataset["roles"]
    parts = [f"features: {_listing(roles['features'])}"]
    parts += [f"{role}: {roles[role]}" for role in _ROLES if roles.get(role) is not None]
    parts += [f"ignored: {_listing(roles['ignored'])}"] if roles["ignored"] else []
    return f"Columns by role; {'; '.join(parts)}."


def sensitive_sentence(tree: Tree) -> str:
    """Which features the disparities are told by."""
    if not tree.sensitive:
        return "No sensitive feature is named."
    return f"Sensitive features, as the configuration names them: {_listing(tree.sensitive)}."


def rows_sentence(tree: Tree) -> str:
    """What became of the rows."""
    rows = tree.document["rows"]
    return (
        f"Of {rows['total']:,} rows the audit calls {rows['clean']:,} clean, would quarantine {rows['quarantine']:,} "
        f"and have {rows['review']:,} reviewed; it changed none."
    )


def labels_sentence(tree: Tree) -> str:
    """How many labels are suspect."""
    labels, missing = tree.document["labels"], tree.dataset["without_label"]
    return f"{labels['judged']:,} labels were judged and {labels['suspects']:,} are suspect; {missing:,} are missing."


def quality_sentence(tree: Tree) -> str:
    """How the checks of the data and of the labels stand."""
    states = [family for family in tree.document["families"] if family["family"] in {"DQ", "LN"}]
    parts = []
    for family in states:
        counts = ", ".join(
            f"{count:,} {status.replace('_', ' ')}" for status, count in family["counts"].items() if count
        )
        parts.append(f"{family['title']}: {counts or 'no check ran'}")
    return f"Checks by status; {'; '.join(parts)}."


def limits_sentences(tree: Tree) -> tuple[str, ...]:
    """What the audit could not look at."""
    limits = tree.document["limits"]
    told = []
    if limits["small_groups"]:
        groups = [f"{entry['feature']} = {entry['group']} ({entry['rows']} rows)" for entry in limits["small_groups"]]
        told.append(f"Groups of fewer than {limits['min_group_size']:,} rows are not compared: {_listing(groups)}.")
    if limits["classes_left_out"]:
        classes = [f"{name} ({shown_count(rows)} rows)" for name, rows in limits["classes_left_out"].items()]
        told.append(f"Classes with too few rows to be learned: {_listing(classes)}.")
    told.append(f"{limits['labels_not_judged']:,} labels could not be judged.")
    return tuple(told)


def training_sentences(tree: Tree) -> tuple[str, ...]:
    """What was trained, and how."""
    learning, config = tree.document["learning"], tree.config.get("learning") or {}
    if config.get("pred_probs"):
        return ("The predictions were given to the audit as a file; how their model was made, it does not know.",)
    told = [f"The predictions are those {tree.model}, which is trained to audit the data and not meant for use."]
    if config:
        told.append(
            f"Cross-validation in {config.get('folds')} folds, repeated {config.get('repeats')} times: no row is "
            f"predicted by a model that saw it. Seed {config.get('seed')}, device {learning['device']}."
        )
    details = ", ".join(f"{key} {_plain(value)}" for key, value in learning["details"].items())
    return (*told, f"Training: {details}.") if details else tuple(told)


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _listing(names: list[str]) -> str:
    shown = ", ".join(map(str, names[:_NAMED])) or "none"
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED:,} more"
