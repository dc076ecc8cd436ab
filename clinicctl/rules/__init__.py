"""Pure decisions: no database, no input or output, no clock."""
