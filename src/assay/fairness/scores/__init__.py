"""The scores of the model by group: calibration and ranking."""
