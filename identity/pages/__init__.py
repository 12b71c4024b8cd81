"""Pages for people, and what the admin's pages share."""
