"""Generated from the queries by `python -m clinicctl.store.compile`. Do not edit."""
