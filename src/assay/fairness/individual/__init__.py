"""Individual fairness: the flip test, and how alike neighbours are treated."""
