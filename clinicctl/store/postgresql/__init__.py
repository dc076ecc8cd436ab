"""PostgreSQL: the database of a clinic is a schema on a server, so that desks on many machines can share it."""
