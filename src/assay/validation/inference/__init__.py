"""Rules from data: a suite that the reference proposes, with the evidence and the tolerance of each rule."""
