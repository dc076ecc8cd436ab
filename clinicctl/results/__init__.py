"""The results that operations return, one module per noun.

They are frozen, and their fields in this order are the JSON that scripts rely on. A field marked `PERSONAL` never
reaches the journal or a log; a replay reads it from its row. Instants carry the clinic's offset; dates are local to
the clinic.
"""
