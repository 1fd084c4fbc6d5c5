"""Expectations that Great Expectations lacks, as subclasses of its own classes."""
