"""Let people without a right to write add their refused attempts to the journal, and nothing else.

`db roles` makes a function that runs with the rights of the owner. It takes the user and the instant from the server,
limits what they give, and chains the row as clinicctl does, so that `audit verify` finds nothing wrong with it.
"""

import json
from collections.abc import Iterator, Sequence

from clinicctl import errors
from clinicctl.statuses import Role
from clinicctl.store.postgresql.beginning import WRITE
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.transactions import ServerTransactions

_FUNCTION = "add_refused_attempt"
_TYPES = "text, text, text"
_NO_FUNCTION = "42883"
_MOST = 60
"""The most attempts of a user in an hour, as in `desk.permissions`."""

_DEFINITION = """\
CREATE OR REPLACE FUNCTION "{schema}".{function}(attempted text, needed text, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = "{schema}", pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    chosen text := 'auto-' || replace(gen_random_uuid()::text, '-', '');
    last record; answer text; digest text; content text;
BEGIN
    IF attempted !~ '^[a-z-]{{1,20}}( [a-z-]{{1,20}}){{0,2}}$' OR why !~ '^[a-z]{{1,20}}$'
        OR needed !~ '^\\[("({roles})",){{0,5}}"({roles})"\\]$' THEN
        RAISE EXCEPTION 'not an attempt' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT h.number, h.hash INTO last FROM head AS h FOR UPDATE;
    IF (SELECT count(*) FROM journal AS j
        WHERE j.at >= moment - interval '1 hour' AND j.command = 'refused' AND j.actor = session_user) >= {most}
    THEN RETURN;
    END IF;
    answer := '{{"listed":false,"operation":"access.refuse","result":{{"command":' || to_json(attempted)
        || ',"needed":' || needed || ',"reason":' || to_json(why) || ',"role":'
        || coalesce((SELECT to_json(u.role)::text FROM users AS u WHERE u.name = session_user), 'null')
        || '}},"type":"RefusedAttempt"}}';
    digest := encode(sha256(convert_to(chosen || answer, 'UTF8')), 'hex');
    content := '[{{"actor":' || to_json(session_user::text) || ',"at":"'
        || regexp_replace(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '[.]0+$', '')
        || '+00:00","command":"refused","fingerprint":"' || digest || '","key":"' || chosen || '","number":'
        || last.number + 1 || ',"outcome":' || to_json(answer) || ',"previous":"' || last.hash || '","said":"'
        || digest || '","undoes":null}},[]]';
    content := encode(sha256(convert_to(content, 'UTF8')), 'hex');
    INSERT INTO journal (number, at, actor, command, key, said, fingerprint, outcome, previous, hash) VALUES
        (last.number + 1, moment, session_user, 'refused', chosen, digest, digest, answer, last.hash, content);
    UPDATE head SET number = last.number + 1, hash = content;
END $$;"""


def definition(schema: str, *, owner: str, granted: Sequence[str]) -> Iterator[str]:
    """Yield the lines that make the function, and let these roles call it."""
    yield from _DEFINITION.format(schema=schema, function=_FUNCTION, roles="|".join(Role), most=_MOST).splitlines()
    name = f'FUNCTION "{schema}".{_FUNCTION}({_TYPES})'
    yield f"ALTER {name} OWNER TO {owner};"
    yield f"REVOKE ALL ON {name} FROM PUBLIC;"
    yield f"GRANT EXECUTE ON {name} TO {', '.join(granted)};"


def moved(old: str, new: str) -> str:
    """Return the statement that moves the function, if any, to a new schema."""
    name = f'"{old}".{_FUNCTION}({_TYPES})'
    exists = f"to_regprocedure('{name}') IS NOT NULL"
    return f'DO $$ BEGIN IF {exists} THEN ALTER FUNCTION {name} SET SCHEMA "{new}"; END IF; END $$'


def add(store: ServerTransactions, *, command: str, needed: Sequence[str], reason: str) -> None:
    """Add a refused attempt.

    Refuses with `NoRight` where the function is missing, or not for this user.
    """
    with store.translated(), store.session() as session:
        given = (command, json.dumps(list(needed), separators=(",", ":")), reason)
        try:
            session.run_all([*store.beginning(WRITE), (f"SELECT {_FUNCTION}(%s, %s, %s)", given)])
        except psycopg.Error as error:
            if error.sqlstate == _NO_FUNCTION:
                raise errors.NoRight(path=store.place, reason="the function is missing") from None
            raise
        session.run("COMMIT", None)
