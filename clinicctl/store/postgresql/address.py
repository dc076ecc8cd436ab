"""Read the URL of a clinic on a server.

It is libpq's URL with one more parameter, `schema`. A password does not belong into it: other users of the machine can
read the arguments of a process.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from clinicctl import errors

DEFAULT_SCHEMA = "clinic"
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SECRET = {"password", "sslpassword", "oauth_client_secret"}
_WHERE = {"service", "host", "hostaddr", "port", "dbname"}
"""The parameters that tell one server or database from another."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(:[0-9]*)?")
"""A host of a URL, with a port. After a colon anything else may be part of a password."""


class Address(NamedTuple):
    """A clinic on a server: libpq's URL, the schema, and the place that may be shown."""

    url: str
    schema: str
    server: str
    """The place without the schema."""

    @property
    def place(self) -> str:
        return self.place_of(self.schema)

    def place_of(self, schema: str) -> str:
        """Return the place of a schema of the same database."""
        return f"{self.server}{'&' if '?' in self.server else '?'}schema={schema}"


def read(url: str) -> Address:
    """Return the parts of a URL.

    Refuses a password, an invalid schema, and a URL that names no database server.
    """
    try:
        found = urlsplit(url)
        given = parse_qsl(found.query, keep_blank_values=True, strict_parsing=bool(found.query))
    except ValueError:
        raise _not_a_url() from None
    user, _, hosts = found.netloc.rpartition("@")
    if ":" in user or any(name.lower() in _SECRET for name, _ in given):
        raise errors.PasswordInUrl
    if found.fragment or not all(_HOST.fullmatch(each) for each in hosts.split(",")):
        # Perhaps a password with a character that ends the part of the URL that it is in.
        raise _not_a_url()
    schemas = [value for name, value in given if name == "schema"]
    schema = schemas[-1] if schemas else DEFAULT_SCHEMA
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise errors.BadValue(
            problem="db: a schema begins with a small letter and has at most 48 small letters, digits and _."
        )
    base = f"postgresql://{found.netloc}{quote(unquote(found.path))}"
    rest = [(name, value) for name, value in given if name != "schema"]
    return Address(_joined(base, rest), schema, _joined(base, [each for each in rest if each[0] in _WHERE]))


def _joined(base: str, parameters: list[tuple[str, str]]) -> str:
    return f"{base}?{urlencode(parameters, quote_via=quote)}" if parameters else base


def _not_a_url() -> errors.BadValue:
    return errors.BadValue(problem="db: not a URL such as postgresql://user@host/database?schema=north.")
