"""Further trainings: on shuffled labels, on fewer rows, with other hyperparameters."""
