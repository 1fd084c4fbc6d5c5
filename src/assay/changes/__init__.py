"""What changed between two audits, what of it a team has accepted, and which audits are still needed."""
