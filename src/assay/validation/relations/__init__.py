"""Relations between columns, found in the data and proposed as rules."""
