"""The SQLite engine: connections, the lock, group commit, backups and checks."""
