"""The statements that begin a transaction on a server, and its settings. Nothing of them outlives it."""

from clinicctl.store.postgresql.session import Values

APPLICATION = "clinicctl"

WRITE, READ = "BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

SILENT = {WRITE: 5, READ: 600}
"""Seconds after which the server ends the transaction of a silent client, which holds the lock when it writes."""
LONGEST = 30
"""Seconds after which the server ends a statement, beyond the wait for the lock."""
LONGEST_WRITE = 600
"""Seconds after which the server ends a write. One that receives half of a message takes nobody for silent."""

# A server that waits for its standbys to apply a commit goes on doing so.
_DURABLE = (
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
# A machine that is cut off is noticed within half a minute. Without this it takes two hours, and it may hold the lock.
_NOTICED = (
    "CASE WHEN current_setting('server_version_num')::integer >= 140000 THEN"
    " set_config('tcp_keepalives_idle', '10', true) || set_config('tcp_keepalives_interval', '5', true)"
    " || set_config('tcp_keepalives_count', '3', true) || set_config('tcp_user_timeout', '25000', true) END"
)
_ENDED = (
    "CASE WHEN current_setting('server_version_num')::integer >= 170000 THEN"
    " set_config('transaction_timeout', %s, true) END"
)


def statements(how: str, *, schema: str, wait: float, longest_write: int) -> list[tuple[str, Values]]:
    """Return the statements that begin a transaction and set it up.

    It waits for the lock for `wait` seconds.
    """
    chosen = {
        "search_path": f'"{schema}", pg_temp',
        "lock_timeout": _milliseconds(wait),
        "idle_in_transaction_session_timeout": _milliseconds(SILENT[how]),
        "statement_timeout": _milliseconds(wait + LONGEST),
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "application_name": APPLICATION,
    }
    calls = ["set_config(%s, %s, true)"] * len(chosen)
    values = [each for pair in chosen.items() for each in pair]
    if how == WRITE:
        calls += [_DURABLE, _NOTICED, _ENDED]
        values.append(_milliseconds(longest_write) if longest_write else "0")
    return [(how, None), (f"SELECT {', '.join(calls)}", tuple(values))]


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
