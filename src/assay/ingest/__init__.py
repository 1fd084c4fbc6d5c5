"""Ingest: a file, a query or a frame becomes a `Dataset`."""

from assay.ingest.checks import CHECKS
from assay.ingest.fingerprint import compute_fingerprint
from assay.ingest.intake import Intake
from assay.ingest.predictions import read_predictions
from assay.ingest.reading import read_dataset

__all__ = ["CHECKS", "Intake", "compute_fingerprint", "read_dataset", "read_predictions"]
