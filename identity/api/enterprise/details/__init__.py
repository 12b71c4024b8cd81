"""The details of each resource: field by field, wire word to our word."""
