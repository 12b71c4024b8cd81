"""HTTP manners that every face shares; this room knows no user."""
