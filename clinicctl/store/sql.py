"""What the desk builds its statements with: SQLAlchemy Core over the SQLModel tables, portable from engine to engine.

Statements are built once, as constants with `bindparam`; SQLModel's own `select` is typed for entities, which the desk
does not use (they make a booking cost ten times its statements).
"""

from sqlalchemy import Integer, and_, bindparam, case, delete, func, insert, or_, select, update

__all__ = ["Integer", "and_", "bindparam", "case", "delete", "func", "insert", "or_", "select", "update"]
