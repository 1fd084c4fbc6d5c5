"""Suspicious cells of a table as it is: no clean reference, nothing labelled."""
