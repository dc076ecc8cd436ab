"""One round trip: statements and their parameters to the server, as one message, and its answers back.

psycopg's own pipeline sends each statement by itself, and a Flush at the end. A server that waits for the rest of a
message, or that has got a Flush, does not end the transaction of a silent client, which may hold the lock.
"""

import re
import select
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from clinicctl.store.postgresql.driver import Connection, PyFormat, Transformer, pq, psycopg

Row = tuple[Any, ...]
Values = tuple[Any, ...] | None
Statement = tuple[str, Values]
"""A statement with placeholders as psycopg writes them. Without values, % means itself."""

_LOOK_UP = 100
"""Milliseconds after which Python looks up from a wait: a signal may have come just before it."""
_PLACEHOLDER = re.compile("%[s%]")


class Answer(NamedTuple):
    """What the server answered to a statement."""

    rows: list[Row]
    rowcount: int
    tag: str

    def fetchall(self) -> list[Row]:
        """Return the rows."""
        return self.rows

    def fetchone(self) -> Row | None:
        """Return the first row, or None."""
        return self.rows[0] if self.rows else None


class Exchange:
    """Sends statements on a connection, and receives the answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._adapt = Transformer(connection)

    def run(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send statements as one message; return their answers.

        Raises the error of the first that fails. The server then skips those after it. If a signal or a timeout stops
        the wait, the connection is closed, and nothing is cancelled: the server would answer a cancelled COMMIT as if
        it had done it.
        """
        # All of them, before anything is sent: a value that does not fit leaves the transaction as it was.
        messages = [self._message(sql, values) for sql, values in statements]
        try:
            results, error = self._exchanged(messages)
        except BaseException:
            self._pgconn.finish()
            raise
        if error is not None:
            raise error
        return [self._answer(each) for each in results]

    def _exchanged(self, messages: list[tuple[Any, ...]]) -> tuple[list[pq.abc.PGresult], psycopg.Error | None]:
        several = len(messages) > 1
        if several:
            self._pgconn.enter_pipeline_mode()
        for each in messages:
            self._pgconn.send_query_params(*each)
        if several:
            self._pgconn.pipeline_sync()
        results, error = self._received(several=several)
        if self._pgconn.status != pq.ConnStatus.OK:
            return [], error or psycopg.OperationalError("the connection is lost")
        if several:
            self._pgconn.exit_pipeline_mode()
        return results, error

    def _received(self, *, several: bool) -> tuple[list[pq.abc.PGresult], psycopg.Error | None]:
        """Return the results and the first error."""
        results, error = list[pq.abc.PGresult](), None
        try:
            for each in self._results(several=several):
                if each.status == pq.ExecStatus.FATAL_ERROR:
                    error = error or self._error(each)
                else:
                    results.append(each)
        except psycopg.OperationalError as lost:
            error = error or lost
        return results, error

    def _message(self, sql: str, values: Values) -> tuple[Any, ...]:
        """Return the arguments of libpq for a statement."""
        if not values:
            return (sql.replace("%%", "%").encode() if values is not None else sql.encode(), None)
        dumped = self._adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return (_numbered(sql), dumped, self._adapt.types, self._adapt.formats)

    def _results(self, *, several: bool) -> Iterator[pq.abc.PGresult]:
        """Send what waits to be sent, and yield the results."""
        connection = self._pgconn
        while connection.flush():
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                connection.consume_input()
        while True:
            while connection.is_busy():
                self._wait(select.POLLIN)
                connection.consume_input()
            result = connection.get_result()
            if result is None:
                if not several or connection.status != pq.ConnStatus.OK:
                    return
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return
            else:
                yield result

    def _wait(self, events: int) -> int:
        """Wait until the socket is ready; return for what."""
        ready = select.poll()
        ready.register(self._pgconn.socket, events)
        while not (found := ready.poll(_LOOK_UP)):
            pass
        return found[0][1]

    def _answer(self, result: pq.abc.PGresult) -> Answer:
        rows = list[Row]()
        if result.status == pq.ExecStatus.TUPLES_OK:
            self._adapt.set_pgresult(result)
            rows = self._adapt.load_rows(0, result.ntuples, tuple)
        changed = result.command_tuples
        return Answer(rows, -1 if changed is None else changed, (result.command_status or b"").decode())

    def _error(self, result: pq.abc.PGresult) -> psycopg.Error:
        """Return the error of a result. Only the server's own have an SQLSTATE."""
        encoding = self._connection.info.encoding
        if result.error_field(pq.DiagnosticField.SQLSTATE) is None:
            return psycopg.OperationalError(result.get_error_message(encoding))
        return psycopg.errors.error_from_result(result, encoding=encoding)


@lru_cache(1_000)
def _numbered(sql: str) -> bytes:
    """Return a statement with libpq's placeholders."""
    numbers = iter(range(1, sql.count("%s") + 1))
    return _PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql).encode()
