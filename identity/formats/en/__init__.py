"""English: times as the audit record writes them."""
