"""The sensitive commands, each with its words, its right and the service it calls."""
