"""The face that onboards: accounts, profiles and tasks as Guardian's clients know them."""
