"""The floor: the same cryptography and the same statements, with no framework around them."""
