"""Serve one page over HTTP, and nothing else. A request reads memory only, never the database."""

import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any

from clinicctl import errors
from clinicctl.render import board_page

_MOST = 200
"""The most connections at once. Others wait until one of these ends."""
_PATIENCE = 5
"""Seconds for which a connection may be idle."""
_LONGEST = 10
"""Seconds after which a connection is ended, however often it sends a byte."""
_LOOK = 0.5
"""Seconds between two looks at them while all connections are taken."""
_DRAINED = 1 << 16
"""The most bytes of a refused request's body that are read before the answer."""
_PLACE = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^:\s\[\]/@]*):)?(?P<port>[0-9]{1,5})")
_LOOPBACK = "127.0.0.1"
_KNOWN = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_TEXTS = {404: b"There is only one page here: /\n", 405: b"This page can only be read.\n"}


class PageServer(ThreadingHTTPServer):
    """A server of one page, which is replaced by `publish`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, page: bytes) -> None:
        self.page = page
        self._free = BoundedSemaphore(_MOST)
        self._ends: dict[Any, float] = {}
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__(found[0][4][:2], _Handler)  # type: ignore[arg-type]  # IPv6 has 4 parts

    def publish(self, page: bytes) -> None:
        """Serve this page from now on."""
        self.page = page

    def server_bind(self) -> None:
        # The library's own looks up the name of the machine, which can take long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def service_actions(self) -> None:
        """End the connections that take too long.

        The library calls this while it waits for others.
        """
        now = monotonic()
        for request in [each for each, end in self._ends.copy().items() if end < now]:
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        while not self._free.acquire(timeout=_LOOK):
            self.service_actions()
        self._ends[request] = monotonic() + _LONGEST
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._end(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._end(request)

    def _end(self, request: Any) -> None:
        del self._ends[request]
        self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report nothing: a reader who went away is no error."""

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host, port = self.server_address[:2]
        shown = str(host)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"

    @property
    def is_open_to_others(self) -> bool:
        """Whether other machines can reach the page."""
        return not ip_address(str(self.server_address[0])).is_loopback


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "clinicctl"
    sys_version = ""
    timeout = _PATIENCE

    def __getattr__(self, name: str) -> Any:
        # The library asks for a method of this name, and answers 501 if there is none.
        if name.startswith("do_") and name.removeprefix("do_") in _KNOWN:
            return self._refuse_method
        raise AttributeError(name)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        if self.path.partition("?")[0] == "/":
            self._send(200, self.server.page, "text/html", with_body=with_body)
        else:
            self._send(404, _TEXTS[404], "text/plain", with_body=with_body)

    def _refuse_method(self) -> None:
        # An unread body would reset the connection before the answer is read.
        length = self.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit():
            self.rfile.read(min(int(length[:9]), _DRAINED))
        self._send(405, _TEXTS[405], "text/plain", with_body=True)

    def _send(self, status: int, body: bytes, kind: str, *, with_body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", _policy())
        if status == 405:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write no log: the address of a reader is personal."""


@contextmanager
def serving(place: str, page: bytes) -> Iterator[PageServer]:
    """Serve a page from a thread until the body ends.

    The place is like `127.0.0.1:8080` or `8080`. It is on this machine only, unless it names another address. Refuses a
    place that is taken.
    """
    host, port = _split(place)
    try:
        server = PageServer(host, port, page)
    except OSError as error:
        raise errors.IOFailed(path=place, reason=error.strerror or "no such address") from None
    with server:
        thread = Thread(target=server.serve_forever, name="board", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


def _split(place: str) -> tuple[str, int]:
    found = _PLACE.fullmatch(place.removeprefix("http://").rstrip("/"))
    if found is None or int(found["port"]) > 65_535:
        raise errors.Usage(
            problem="--serve: HOST:PORT, for example 127.0.0.1:8080, or PORT alone for this machine only."
        )
    return (found["host"] or _LOOPBACK).strip("[]"), int(found["port"])


def _policy() -> str:
    """Return the security policy: only the page's own script, style and frame."""
    script, style = (
        b64encode(sha256(each.encode()).digest()).decode() for each in (board_page.script(), board_page.style())
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'"
    )
