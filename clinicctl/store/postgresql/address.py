"""Read the URL of a clinic on a server.

It is libpq's URL with one more parameter, `schema`. A password does not belong into it: other users of the machine can
read the arguments of a process.
"""

import os
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from clinicctl import errors

DEFAULT_SCHEMA = "clinic"
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SECRET = {"password", "sslpassword", "oauth_client_secret"}
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]+){3}|\[?::1\]?")


class Address(NamedTuple):
    """A clinic on a server: libpq's URL, the schema, and the place that may be shown."""

    url: str
    schema: str
    place: str
    is_local: bool


def read(url: str) -> Address:
    """Return the parts of a URL.

    Refuses a password, an invalid schema, and a URL that names no database server.
    """
    try:
        found = urlsplit(url)
        given = parse_qsl(found.query, keep_blank_values=True, strict_parsing=bool(found.query))
    except ValueError:
        raise errors.BadValue(problem="db: not a URL such as postgresql://user@host/database?schema=north.") from None
    user, _, _ = found.netloc.rpartition("@")
    if ":" in user or any(name in _SECRET for name, _ in given):
        raise errors.PasswordInUrl
    schemas = [value for name, value in given if name == "schema"]
    schema = schemas[-1] if schemas else DEFAULT_SCHEMA
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise errors.BadValue(
            problem="db: a schema begins with a small letter and has at most 48 small letters, digits and _."
        )
    rest = [(name, value) for name, value in given if name != "schema"]
    hosts = _hosts(found.netloc.rpartition("@")[2], rest)
    base = f"postgresql://{found.netloc}{quote(unquote(found.path))}"
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return Address(base + query, schema, f"{base}?schema={schema}", all(map(_is_local, hosts)))


def _hosts(netloc: str, parameters: list[tuple[str, str]]) -> list[str]:
    """Return the hosts of a URL, or of the environment. A service may name any host."""
    named = [value for name, value in parameters if name in ("host", "hostaddr")]
    listed = named or ([unquote(netloc)] if netloc else [])
    if not listed and (os.environ.get("PGSERVICE") or any(name == "service" for name, _ in parameters)):
        return ["a service"]
    if not listed:
        listed = [os.environ.get("PGHOSTADDR") or os.environ.get("PGHOST") or ""]
    return [each for value in listed for each in value.split(",")]


def _is_local(host: str) -> bool:
    """Return whether a host is a socket or the loopback interface."""
    name = host if host.startswith("/") else re.sub(r":[0-9]*$", "", host) if host != "::1" else host
    return not name or name.startswith(("/", "@")) or _LOOPBACK.fullmatch(name) is not None
