"""The configuration of an audit: frozen models, unknown keys refused, every field described.

The same models are the schema of `audit.yaml` (see `assay.config_file`), the keyword arguments of `assay.audit`
and the form of the flow in the Prefect UI.
"""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_serializer,
    model_validator,
)

from assay.data_config import DataConfig, Section, Text, hide_secrets
from assay.documents_config import DocumentsConfig
from assay.fairness_config import FairnessConfig
from assay.findings import Severity
from assay.health_config import HealthConfig

# The checks that a policy can name. The stages that own them are too heavy to be asked here; a test holds them equal.
CODES = (
    *("DQ001", "DQ002", "DQ003", "DQ004", "DQ005", "DQ006", "DQ007", "DQ010", "DQ011", "DQ012", "DQ013", "DQ014"),
    *("DQ015", "DQ016", "DQ017", "DQ018", "DQ019", "DQ020", "DQ030", "DQ031", "DQ032", "DQ033", "DQ035", "DQ036"),
    *("DQ040", "DQ100", "LN001", "LN002", "LN003", "LN004", "LN005"),
    *("FB001", "FB002", "FB003", "FB004", "FB005", "FB006", "FB007", "FB010", "FB011", "FB012", "FB013", "FB014"),
    *("FB015", "FB016", "FB017", "FB018", "FB020", "FB021", "FB030"),
    *("MH001", "MH002", "MH003", "MH004", "MH005", "MH006", "MH007", "MH008", "MH010", "MH011", "MH012", "MH020"),
    *("MH021", "MH022", "MH023", "MH024", "MH025", "MH026", "MH030", "MH031", "MH040", "MH050", "MH060"),
)


class SensitiveFeature(Section):
    """A feature by which people may be treated differently: a column, or bins of a numeric one."""

    column: Text = Field(description="Column of the dataset.")
    bins: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] | None = Field(
        None, min_length=1, description="Inner edges for a number: [25, 60] makes <25, 25-60 and >=60."
    )
    name: str | None = Field(None, min_length=1, description="Name of the feature; by default the column's.")

    @property
    def label(self) -> str:
        """Name of the feature in reports."""
        return self.name or self.column

    @model_validator(mode="after")
    def _ascending(self) -> SensitiveFeature:
        if self.bins is not None and any(b <= a for a, b in zip(self.bins, self.bins[1:], strict=False)):
            raise ValueError("`bins` must ascend strictly.")
        return self


def _known_code(code: str) -> str:
    # A mistyped code would make nothing critical, and excuse nothing, without a word.
    if code not in CODES:
        near = difflib.get_close_matches(code, CODES, n=3, cutoff=0.0)
        raise ValueError(f"A check's code must be one of docs/checks, such as {', '.join(near)}")
    return code


Code = Annotated[str, AfterValidator(_known_code)]


def _as_feature(value: object) -> object:
    return {"column": value} if isinstance(value, str | int) else value


class ValidationConfig(Section):
    """Great Expectations suite and the limits of the checks that need no suite."""

    suite: Path | None = Field(None, description="Great Expectations suite (JSON), relative to this file.")
    expectation_modules: tuple[str, ...] = Field(
        (),
        description="Python files, relative to this file, or modules with expectations of your own; they are run.",
    )
    backend: Literal["auto", "pandas", "sql", "spark"] = Field(
        "auto",
        description="Where `assay validate` holds the suite against the data; auto: in the database if there is one.",
    )
    min_rows: int = Field(100, ge=1, description="Fewer rows than this cannot be audited for training (DQ010).")
    max_duplicate_share: float = Field(
        0.01, ge=0, le=1, description="Largest share of rows that repeat an earlier row (DQ011)."
    )
    max_missing_share: float = Field(
        0.2, ge=0, le=1, description="Largest share of missing values in a feature (DQ018)."
    )
    max_quarantine_difference: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Largest excess of a group's quarantined rows over all other rows' (DQ036).",
    )
    leakage_auc: float = Field(
        0.99,
        gt=0.5,
        le=1,
        description="A feature that alone reaches this out-of-sample AUC is a leak (DQ017).",
    )


class RecordsConfig(Section):
    """Rows that repeat another row's record in other words."""

    enabled: bool = Field(True, description="Whether near-duplicate records are looked for (DQ035).")
    max_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Largest share of rows that repeat an earlier row's record without being an exact copy (DQ035).",
    )
    tell_apart: tuple[str, ...] = Field(
        (), description="Columns in which two rows of one record never differ, such as the month of a panel (DQ035)."
    )


class LearningConfig(Section):
    """The training whose out-of-sample predictions every later stage looks at."""

    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation.")
    repeats: int = Field(2, ge=1, le=10, description="Times the cross-validation is repeated, with other folds.")
    epochs: int | None = Field(
        None, ge=1, le=500, description="Passes over the data; by default chosen from the number of rows."
    )
    budget: int | None = Field(
        None,
        ge=1,
        description="Most row visits (rows x passes, over all networks) of a training; by default 400,000 for each "
        "network, or as many as `epochs` takes.",
    )
    other_models: bool = Field(
        True,
        description="Whether boosted trees and, for classes, a linear model judge the labels beside the networks.",
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of folds, weights and batches.")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N; auto takes a GPU where there is one.")
    use_sensitive: bool = Field(
        True,
        description="Whether the model sees the sensitive columns, as a model trained on all columns would.",
    )
    use_leaks: bool = Field(
        False, description="Whether the model sees features that DQ017 found to give the label away."
    )
    pred_probs: Path | None = Field(
        None,
        description="File of your own out-of-sample probabilities, relative to this file; nothing is trained then.",
    )


class LabelNoiseConfig(Section):
    """How many wrong labels are too many."""

    max_share: float = Field(
        0.05, ge=0, le=1, description="Largest estimated share of wrong labels (LN001), also of a class (LN002)."
    )
    min_precision: float = Field(
        0.5, gt=0, le=1, description="Smallest expected share of the suspect labels that are wrong."
    )
    rehearse: bool = Field(
        True,
        description="Whether the method is chosen, and its recall measured, on known wrong labels that are planted in "
        "a sample of the rows.",
    )
    max_group_difference: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Largest excess of a sensitive group's contradicted labels over all other rows' (LN003).",
    )
    max_flag_difference: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Largest excess of a sensitive group's flagged right labels over all other rows' (LN005).",
    )
    review: Path | None = Field(
        None, description="Filled sample of `assay review`, relative to this file; LN001 is judged by it."
    )


class CellsConfig(Section):
    """Single values that are likely wrong."""

    enabled: bool = Field(True, description="Whether suspicious cells are looked for (DQ030 to DQ033).")
    max_share: float = Field(
        0.01, ge=0, le=1, description="Largest share of suspicious cells in a column (DQ030 to DQ033)."
    )
    judged: Path | None = Field(
        None, description="CSV file of rows that a person has judged, relative to this file; it sharpens the search."
    )


class Waiver(Section):
    """A finding that a person answers for until a date."""

    check: Code = Field(description="Code of the check, such as DQ011.")
    subject: str | None = Field(
        None,
        description="Column, group or subject as the report shows it; by default all subjects of the check.",
    )
    owner: str = Field(min_length=1, description="Who answers for it.")
    reason: str = Field(min_length=1, description="Why the finding is acceptable.")
    expires: dt.date = Field(description="Last day on which the waiver counts.")


class PolicyConfig(Section):
    """How findings become a verdict."""

    severity: dict[Code, Severity] = Field(
        default_factory=dict, description="Severity by check code, in place of the check's own."
    )
    waivers: tuple[Waiver, ...] = Field((), description="Findings that do not count, with owner, reason, expiry.")
    baseline: Path | None = Field(
        None,
        description="Accepted findings (`assay accept`), relative to this file: what is not worse does not count.",
    )


class OutputConfig(Section):
    """Where an audit is written."""

    folder: Path = Field(Path("audits"), description="Folder of the audits, relative to this file.")
    rows: Literal["csv", "parquet"] = Field("csv", description="Format of the row files.")
    history: str | None = Field(
        None,
        min_length=1,
        description="SQLAlchemy URL of the history, SQLite or PostgreSQL, in which ${NAME} is replaced from the "
        "environment, or `off`; by default `history.db` in the folder.",
    )

    @field_serializer("history")
    def _hide_password(self, history: str | None) -> str | None:
        # What is serialised ends in reports, manifests and the Prefect UI.
        return history if history is None or history == "off" else hide_secrets(history)


class AuditConfig(Section):
    """Everything that an audit needs to know."""

    name: str | None = Field(
        None, pattern=r"^[\w][\w.-]{0,99}$", description="Name of the dataset; by default the file's."
    )
    data: DataConfig | None = Field(None, description="Where the data are; not needed for a frame in Python.")
    label: Text = Field(min_length=1, description="Column that a model would predict.")
    task: Literal["auto", "classification", "regression"] = Field(
        "auto",
        description="Whether the label is a class or a number; auto: a number where its values are many.",
    )
    positive: Text | None = Field(
        None, description="The favourable label; by default the last of two labels in sorted order."
    )
    id: Text | None = Field(None, description="Column that identifies a row; never a feature.")
    sensitive: tuple[Annotated[SensitiveFeature, BeforeValidator(_as_feature)], ...] = Field(
        (), description="Sensitive features: column names, or mappings with column, bins and name."
    )
    time: Text | None = Field(None, description="Column that says when a row arose; never a feature.")
    group: Text | None = Field(None, description="Column whose equal values must stay in one fold; never a feature.")
    weight: Text | None = Field(None, description="Column of sample weights; never a feature.")
    split: Text | None = Field(
        None, description="Column that says which part a row is in, such as train or test; never a feature."
    )
    ignore: tuple[Text, ...] = Field((), description="Columns that no model should see.")
    validation: ValidationConfig = Field(ValidationConfig(), description="Is the data valid?")
    records: RecordsConfig = Field(RecordsConfig(), description="Are records there more than once?")
    learning: LearningConfig = Field(LearningConfig(), description="How honest predictions are made.")
    label_noise: LabelNoiseConfig = Field(LabelNoiseConfig(), description="Are the labels right?")
    fairness: FairnessConfig = Field(FairnessConfig(), description="Whom would a model harm?")
    health: HealthConfig = Field(HealthConfig(), description="Can anything be learned?")
    cells: CellsConfig = Field(CellsConfig(), description="Which single values are likely wrong?")
    policy: PolicyConfig = Field(PolicyConfig(), description="How findings become a verdict.")
    documents: DocumentsConfig = Field(DocumentsConfig(), description="What do only people know?")
    output: OutputConfig = Field(OutputConfig(), description="Where the audit is written.")

    @property
    def dataset_name(self) -> str:
        """Name of the dataset: the configured one, else the file's without its endings, the table's, or "dataset"."""
        data = self.data or DataConfig()
        place = data.path.name.split(".")[0] if data.path is not None else data.table
        return self.name or place or "dataset"

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = dict(values)
        if isinstance(values.get("data"), str | Path):
            values["data"] = {"path": values["data"]}
        if isinstance(values.get("sensitive"), str):
            values["sensitive"] = (values["sensitive"],)
        return values

    @model_validator(mode="after")
    def _one_part_each(self) -> AuditConfig:
        parts: dict[str, list[str]] = {}
        single = {
            "label": self.label,
            "id": self.id,
            "time": self.time,
            "group": self.group,
            "weight": self.weight,
            "split": self.split,
        }
        for role, column in single.items():
            if column is not None:
                parts.setdefault(column, []).append(role)
        for column in self.ignore:
            parts.setdefault(column, []).append("ignore")
        # An id may also keep rows together: several rows of one person.
        clashes = [
            f"column '{column}' is given as {' and as '.join(roles)}"
            for column, roles in parts.items()
            if len(roles) > 1 and set(roles) != {"id", "group"}
        ]
        names = [feature.label for feature in self.sensitive]
        clashes += [f"sensitive feature '{n}' is named twice" for n in sorted(set(names)) if names.count(n) > 1]
        if any(feature.column == self.label for feature in self.sensitive):
            clashes.append(f"column '{self.label}' is both the label and sensitive")
        if clashes:
            raise ValueError("; ".join(clashes) + ". Give each column one part.")
        for key, feature in (("sex", self.documents.sex), ("race", self.documents.race)):
            if feature is not None and feature not in names:
                raise ValueError(f"`documents.{key}` must name one of the sensitive features, got '{feature}'.")
        if self.documents.sex is not None and self.documents.sex == self.documents.race:
            raise ValueError("`documents.sex` and `documents.race` must be two features, got the same twice.")
        if self.task == "regression" and self.positive is not None:
            raise ValueError("`positive` is a class, and a label of `task: regression` has none. Drop one of them.")
        return self

    @model_validator(mode="after")
    def _control_of_other_columns(self) -> AuditConfig:
        taken = {self.label: "the label", **{feature.column: "a sensitive column" for feature in self.sensitive}}
        wrong = [f"'{column}', which is {taken[column]}" for column in self.fairness.control if column in taken]
        if wrong:
            raise ValueError(
                "`fairness.control` must name other columns than the label and the sensitive ones, got "
                f"{'; '.join(wrong)}. Name what the groups may differ in for a reason, such as the department."
            )
        return self

    @model_validator(mode="after")
    def _reference_of_sensitive_features(self) -> AuditConfig:
        names = [feature.label for feature in self.sensitive]
        known = [*names, " x ".join(names)]
        if unknown := [name for name in self.fairness.reference if name not in known]:
            raise ValueError(
                f"`fairness.reference` must name sensitive features, got {', '.join(unknown)}. "
                f"{'They are ' + ', '.join(names) if names else 'List the columns under `sensitive`'}."
            )
        return self
