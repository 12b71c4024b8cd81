"""The API of our own: nouns as resources, JSON, problem details."""
