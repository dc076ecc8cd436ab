"""For the compiler of queries: the statements that PostgreSQL writes in another way than SQLite.

The compiled functions hold the SQL of SQLite, and the parameters in its order. A server looks up its own text by that
of SQLite, so that both need the same parameters in the same order.
"""

import re
from collections.abc import Iterable

from sqlalchemy import Dialect

from clinicctl.store.compile_sql import columns_of, compiled, parameters_of, text_of
from clinicctl.store.queries import Query

_PARAMETER_CAST = re.compile(r"\?::[A-Z]+(?:\s+WITH(?:OUT)?\s+TIME\s+ZONE)?")
"""The type of a parameter. The server takes that of the column, which may be wider."""
_LIMIT = re.compile(r"\bLIMIT (?:\?|[0-9]+)")


def statements_that_differ(
    queries: Iterable[tuple[str, Query]], sqlite: Dialect, postgresql: Dialect
) -> dict[str, str]:
    """Return the statements whose texts differ: the server's by that of SQLite.

    Refuses a query whose parameters differ between the engines.
    """
    differ = dict[str, str]()
    for name, query in queries:
        ours, our_parameters = _compiled(query, sqlite)
        theirs, their_parameters = _compiled(query, postgresql)
        theirs = _PARAMETER_CAST.sub("?", theirs)
        if our_parameters == [*their_parameters, "0"]:
            # SQLite gets an offset with each limit.
            theirs, their_parameters = _LIMIT.sub(r"\g<0> OFFSET ?", theirs), our_parameters
        fit = all(text.count("?") == len(our_parameters) and "%" not in text for text in (ours, theirs))
        if our_parameters != their_parameters or not fit:
            raise ValueError(f"{name}: its parameters differ between the engines")
        # A negative limit is no limit on SQLite, and an error on PostgreSQL.
        theirs = theirs.replace("LIMIT ?", "LIMIT NULLIF(?, -1)")
        if _without_quotes(ours) != _without_quotes(theirs):
            differ[ours] = theirs
    return differ


def _compiled(query: Query, dialect: Dialect) -> tuple[str, list[str]]:
    """Return the text of a query, and its parameters in order."""
    found = compiled(query.statement, dialect, columns_of(query))
    _, places = parameters_of(found, None)
    return text_of(found), [each if isinstance(each, str) else each.name for each in places]


def _without_quotes(sql: str) -> list[str]:
    """Return the words of a statement, without the quotes of names.

    Each engine quotes other names.
    """
    return sql.replace('"', "").split()


def server_body(statements: dict[str, str], ddl: Iterable[str]) -> str:
    """Return the constants for the statements that differ, and for the tables."""
    pairs = "".join(f'    """\n{ours}\n""": """\n{theirs}\n""",\n' for ours, theirs in statements.items())
    tables = "".join(f'    """{each}""",\n' for each in ddl)
    return f"STATEMENTS = {{\n{pairs}}}\n\nDDL = (\n{tables})\n"
