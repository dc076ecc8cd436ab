"""The schema's version, and the numbered steps to it.

A new database is made from the tables in `models`, at CURRENT; an older one is brought up by the steps, each in one
transaction. Version 1 is the first, so there is no step yet.
"""

CURRENT = 1
APPLICATION_ID = 0x434C4E43
"""`CLNC` in the file's header says whose database it is; SQLite keeps it at offset 68."""
