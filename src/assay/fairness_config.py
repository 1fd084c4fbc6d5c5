"""The section `fairness` of the configuration: what is tolerated between groups, and what is tried."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from assay.data_config import Section, Text
from assay.small_cells import SMALLEST_CELL

# Published shares are rounded: up to this much they may miss a sum of 1, to which they are then scaled.
SHARES_ROUNDED = 0.01


def _as_share(value: object) -> object:
    if isinstance(value, int | float) and 1 < value <= 100:
        raise ValueError(f"A share must lie between 0 and 1, got {value:g}. Write {value / 100:g} for {value:g}%")
    return value


class FairnessConfig(Section):
    """Tolerances for disparities between groups."""

    tolerance: float = Field(
        0.1, gt=0, lt=1, description="Largest difference between two groups' rates that is tolerated."
    )
    min_ratio: float = Field(
        0.8, gt=0, lt=1, description="Smallest ratio of two groups' selection rates (the four-fifths rule)."
    )
    min_group_size: int = Field(
        50,
        ge=SMALLEST_CELL,
        description="A group with fewer rows is named but not compared: it cannot be judged. At least 10.",
    )
    intersections: bool = Field(True, description="Whether combinations of the sensitive features are assessed.")
    confidence: float = Field(
        0.95, ge=0.5, lt=1, description="Confidence of the intervals, simultaneous over groups and features."
    )
    cleaning_effect: bool = Field(
        True,
        description="Whether a second, short training shows what removing the suspect rows would change.",
    )
    reference: dict[Text, dict[Text, Annotated[float, BeforeValidator(_as_share), Field(gt=0, le=1)]]] = Field(
        default_factory=dict,
        description="Population to hold the groups against (FB004): feature -> group -> share, adding up to 1.",
    )
    control: tuple[Text, ...] = Field(
        (), description="Columns within whose values the groups are compared as well, such as the department."
    )
    method: Literal["between_groups", "to_overall"] = Field(
        "between_groups", description="What a group is held against: every other group, or everybody together."
    )
    max_proxy_auc: float = Field(
        0.8, gt=0.5, le=1, description="Out-of-sample AUC from which on the features tell a group apart (FB007)."
    )
    max_calibration_error: float = Field(
        0.05, gt=0, lt=1, description="Largest calibration error of a group's scores that is tolerated (FB015)."
    )
    max_flip_share: float = Field(
        0.02,
        ge=0,
        lt=1,
        description="Largest share of predictions that may change with the sensitive feature alone (FB017).",
    )
    mitigation: Literal["off", "scores", "all"] = Field(
        "scores",
        description="What is tried to meet the tolerance (FB030): thresholds on the scores, in seconds, or trainings "
        "as well, in minutes.",
    )

    @model_validator(mode="after")
    def _shares_of_a_population(self) -> FairnessConfig:
        problems = [
            f"the shares of {feature} must add up to 1, got {sum(shares.values()):.4g}"
            if len(shares) > 1
            else f"{feature} must have two groups or more, got {len(shares)}"
            for feature, shares in self.reference.items()
            if len(shares) < 2 or abs(sum(shares.values()) - 1) > SHARES_ROUNDED
        ]
        if problems:
            raise ValueError(f"`reference`: {'; '.join(problems)}. Give every group of the population its share.")
        return self
