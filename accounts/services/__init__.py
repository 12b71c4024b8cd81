"""The only place that writes about people and what belongs to them."""
