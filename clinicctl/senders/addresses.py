"""Read the URLs of senders. A URL with a password is refused: others can see it in the list of processes."""

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from clinicctl import errors


class Place(NamedTuple):
    """Where a sender connects to."""

    scheme: str
    user: str | None
    host: str
    port: int
    path: str

    @property
    def is_local(self) -> bool:
        """Whether it is this machine, so that nobody else can listen."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse(option: str, url: str, ports: Mapping[str, int]) -> Place:
    """Return the place of a URL with one of the schemes in `ports`.

    Refuses any other, naming the option.
    """
    example = f"{option}: a URL such as {next(iter(ports))}://service.example.org"
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise errors.BadValue(problem=f"{example}, with a valid host and port.") from None
    if found.password is not None:
        raise errors.BadValue(
            problem=f"{option}: a password must not be in the URL, because others can see it.",
            hint="Put it into a file that only you can read: --secret-file FILE.",
        )
    if found.scheme not in ports or not found.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise errors.BadValue(problem=f"{example}.")
    path = (found.path or "/") + (f"?{found.query}" if found.query else "")
    user = unquote(found.username) if found.username else None
    return Place(found.scheme, user, found.hostname, port or ports[found.scheme], path)
