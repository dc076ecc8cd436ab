"""The database. No other package uses SQL or a driver."""
