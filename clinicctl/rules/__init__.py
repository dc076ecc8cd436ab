"""Pure decisions: what can be decided without a database. No input or output, no clock, the standard library only."""
