"""Send the statements of one transaction in few round trips.

A statement that only inserts waits until another one needs an answer, and both are sent together. An error of it then
meets the later statement; the constraint's name tells what was refused. Queries that will be asked for are sent behind
it. What was read is known until the transaction writes to a table that was read: nobody else changes the clinic
meanwhile, because a write holds the lock, and a read has a view of one instant.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import islice

from clinicctl import interrupts
from clinicctl.store.heads import Head
from clinicctl.store.postgresql.driver import Connection, pq, psycopg
from clinicctl.store.postgresql.exchange import Answer, Exchange, Row, Statement, Values

_INSERTS_AT_ONCE = 500
"""The most rows that wait for another statement."""
_FETCHED_AT_ONCE = 2_000
_KNOWN = 1_000
"""The most results that are kept, unless more are asked for at once."""
_ROLLED_BACK = 5.0
"""Seconds to wait for the answer to ROLLBACK. Then the connection is closed, which rolls back, too."""
_NO_HURRY = (
    "SELECT set_config('statement_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '600000', true),"
    " CASE WHEN current_setting('server_version_num')::integer >= 170000"
    " THEN set_config('transaction_timeout', '0', true) END"
)
"""A check or a copy reads the whole clinic, and writes it elsewhere meanwhile."""
_WRITTEN = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_READS = re.compile(r"\s*(?:SELECT|WITH)\b")


class Session:
    """One connection, and the statements that wait to be sent."""

    def __init__(self, connection: Connection, *, patience: float) -> None:
        self.connection = connection
        self.patience: float | None = patience
        """Seconds to wait for an answer. Then the server, or the way to it, is taken for lost."""
        self.warned = False
        """Whether the server has warned that a commit may not be replicated."""
        self.begun = Head(0, "")
        """The journal's head at the beginning of the transaction."""
        self._waiting: list[Statement] = []
        self._known = _Known()
        self._hints = dict[Statement, None]()
        """Queries that will be asked for."""
        self._streams = 0
        self._exchange = Exchange(connection)
        connection.add_notice_handler(self._notice)

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self.warned = self.warned or notice.sqlstate == "01000"

    @property
    def status(self) -> pq.TransactionStatus:
        return self.connection.info.transaction_status

    @property
    def is_open(self) -> bool:
        """Whether statements can be sent in a transaction."""
        return self.status == pq.TransactionStatus.INTRANS

    @property
    def is_uncommitted(self) -> bool:
        """Whether the server has answered everything, and the transaction is open."""
        return self.status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)

    @property
    def is_idle(self) -> bool:
        """Whether the connection is usable, and no transaction is open."""
        return self.status == pq.TransactionStatus.IDLE

    @property
    def is_broken(self) -> bool:
        """Whether the connection is closed or lost."""
        return self.connection.closed or self.connection.broken

    def run(self, sql: str, values: Values = ()) -> Answer:
        """Send the waiting statements and this one, and return its answer."""
        (answer,) = self.run_all([(sql, values)])
        return answer

    def run_all(
        self, statements: Iterable[Statement], *, ahead: Sequence[Statement] = (), seconds: float | None = None
    ) -> list[Answer]:
        """Send the waiting statements and these; return the answers to these.

        They take one round trip. The results of `ahead` are then known. Raises `interrupts.Elapsed` if the server has
        not answered in `seconds`, or in its patience.
        """
        asked = list(statements)
        sent = [*self._waiting, *asked, *ahead]
        self._waiting = []
        answers = self._send(sent, seconds)
        first = len(sent) - len(asked) - len(ahead)
        if ahead:
            self._known.add(ahead, [each.rows for each in answers[first + len(asked) :]])
        return answers[first : first + len(asked)]

    def _send(self, statements: Sequence[Statement], seconds: float | None = None) -> list[Answer]:
        """Send statements as one message; return their answers."""
        with interrupts.Waiting(seconds or self.patience):
            return self._exchange.run(statements)

    def take_time(self) -> None:
        """Let this transaction take longer than that of a desk."""
        self.patience = None
        self.later(_NO_HURRY, None)

    def read(self, sql: str, values: Values) -> list[Row]:
        """Return the rows of a query, which may be known already."""
        found = self._known.get((sql, values))
        if found is None:
            reads = _READS.match(sql)
            if not reads:
                self._known.forget(sql)
            (answer,) = self._ask((sql, values))
            found = answer.rows
            if reads:
                self._known.add([(sql, values)], [found])
        return found

    def prefetch(self, queries: Sequence[Statement]) -> None:
        """Send queries behind the next statement that needs an answer.

        Their results are then known.
        """
        assert all(_READS.match(sql) for sql, _ in queries), "a change cannot be run ahead"
        self._hints.update(dict.fromkeys(queries))

    def _ask(self, *statements: Statement) -> list[Answer]:
        """Send statements, and behind them the queries that will be asked for."""
        ahead = [each for each in self._hints if self._known.get(each) is None and each not in statements]
        self._hints.clear()
        return self.run_all(statements, ahead=ahead)

    def change(self, sql: str, values: Values) -> int:
        """Run a statement that changes rows; return their number.

        An insert waits for the next statement.
        """
        self._known.forget(sql)
        if is_insert(sql):
            self.later(sql, values)
            return 1
        return self.change_all((sql, values))[0]

    def change_all(self, *changes: Statement) -> list[int]:
        """Run changes in one round trip; return how many rows each has changed."""
        for sql, _ in changes:
            self._known.forget(sql)
        return [each.rowcount for each in self._ask(*changes)]

    def script(self, statements: Iterable[str], *, seconds: float | None = None) -> list[list[Row]]:
        """Send statements without parameters as one message; return their rows."""
        self._known.clear()
        return [answer.rows for answer in self._send([(each, None) for each in statements], seconds)]

    def later(self, sql: str, values: Values = ()) -> None:
        """Send a statement with the next one that needs an answer."""
        self._waiting.append((sql, values))

    def run_many(self, sql: str, rows: Iterable[Row]) -> int:
        """Run a statement once per row; return the number of changed rows."""
        left = iter(rows)
        several = list(islice(left, _INSERTS_AT_ONCE))
        # After the rows were taken, which may have read the table.
        self._known.forget(sql)
        if is_insert(sql) and len(several) < _INSERTS_AT_ONCE:
            self._waiting += [(sql, each) for each in several]
            return len(several)
        changed = 0
        while several:
            interrupts.check()
            # What waits goes along with the first of them.
            changed += sum(each.rowcount for each in self.run_all([(sql, each) for each in several]))
            several = list(islice(left, _INSERTS_AT_ONCE))
            self._known.forget(sql)
        return changed

    def copy_in(self, sql: str, rows: Iterable[Row]) -> None:
        """Send rows to a COPY FROM STDIN."""
        self._known.clear()
        self.flush()
        with self._stopping(), self.connection.cursor() as cursor, ExitStack() as copying:
            with interrupts.Waiting():
                copy = copying.enter_context(cursor.copy(sql))
            copying.push(self._close_when_stopped)
            for row in rows:
                with interrupts.Waiting():
                    copy.write_row(row)
            with interrupts.Waiting():
                copying.close()

    def stream(self, sql: str, values: Values) -> Iterator[Row]:
        """Yield the rows of a long result, some at a time, while other statements run."""
        known = self._known.get((sql, values))
        if known is not None:
            yield from known
            return
        self._streams += 1
        name = f"rows_{self._streams}"
        fetch = f"FETCH {_FETCHED_AT_ONCE} FROM {name}"
        _, found = self._ask((f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", values), (fetch, None))
        while rows := found.fetchall():
            yield from rows
            if len(rows) < _FETCHED_AT_ONCE:
                break
            found = self.run(fetch, None)
        if self.is_open:
            self.later(f"CLOSE {name}", None)

    def flush(self) -> None:
        """Send the waiting statements."""
        if self._waiting:
            self.run_all([])

    def roll_back_to(self, savepoint: str) -> None:
        """Undo what came after a savepoint. Statements that were not sent are forgotten."""
        self._known.clear()
        self._hints.clear()
        unsent = [at for at, (sql, _) in enumerate(self._waiting) if sql == f"SAVEPOINT {savepoint}"]
        if unsent:
            del self._waiting[unsent[-1] :]
            return
        self._waiting = []
        if self.status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR):
            self.script([f"ROLLBACK TO {savepoint}", f"RELEASE {savepoint}"])

    def roll_back(self) -> None:
        """Roll the transaction back, and keep the connection."""
        self.reset()
        self.script(["ROLLBACK"], seconds=_ROLLED_BACK)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Close the connection when a signal stops a COPY."""
        try:
            yield
        except (interrupts.Interrupt, interrupts.Elapsed):
            self.close()
            raise
        except psycopg.Error as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, interrupts.Interrupt | interrupts.Elapsed):
                    self.close()
                    raise cause from None
                cause = cause.__context__
            raise

    def _close_when_stopped(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, interrupts.Interrupt | interrupts.Elapsed):
            self.close()

    def reset(self) -> None:
        """Forget the waiting statements, the known results and a warning."""
        self._waiting = []
        self._known.clear()
        self._hints.clear()
        self.warned = False

    def close(self) -> None:
        """Close the connection at once. The server rolls an open transaction back."""
        self.connection.pgconn.finish()


class _Known:
    """The results of queries, by their statement and then by their values."""

    def __init__(self) -> None:
        self.found: dict[str, dict[Values, list[Row]]] = {}
        self.count = 0

    def get(self, query: Statement) -> list[Row] | None:
        sql, values = query
        return self.found.get(sql, {}).get(values)

    def add(self, queries: Sequence[Statement], results: Sequence[list[Row]]) -> None:
        """Keep results. If they become too many, the older ones are forgotten."""
        if self.count + len(queries) > _KNOWN:
            self.clear()
        for (sql, values), rows in zip(queries, results, strict=True):
            of_statement = self.found.setdefault(sql, {})
            self.count += values not in of_statement
            of_statement[values] = rows

    def forget(self, change: str) -> None:
        """Forget the results that a change of a table may change."""
        written = _WRITTEN.match(change)
        for sql in [each for each in self.found if written is None or _reads_from(each, written[1])]:
            self.count -= len(self.found.pop(sql))

    def clear(self) -> None:
        self.found.clear()
        self.count = 0


@lru_cache(4096)
def _reads_from(sql: str, table: str) -> bool:
    """Return whether a query may read a table: whether it has its name."""
    return re.search(rf"\b{table}\b", sql) is not None


def is_insert(sql: str) -> bool:
    """Return whether a statement inserts one row and returns nothing."""
    return sql.lstrip().startswith("INSERT") and "RETURNING" not in sql and "SELECT" not in sql
