"""Near-duplicate records: rows that mean the same thing and do not say it in the same way."""
