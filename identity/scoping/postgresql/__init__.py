"""Database backend: PostgreSQL sessions that follow the scope in force, statement by statement."""
