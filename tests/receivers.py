"""A mail server and a web service of the tests' own, with TLS, that note what they get and answer as they are asked."""

import base64
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Make a certificate for a name, signed by itself; return its file and that of the key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"],
            *["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate)],
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def context(folder: Path, name: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    certificate, key = make_certificate(folder, name)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate, key)
    return found, certificate


@dataclass
class Post:
    """A request that the web service got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """A web service. It gives the answers in order, and then accepts everything."""

    port: int = 0
    got: list[Post] = field(default_factory=list)
    connections: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    drops: int = 0
    """So many connections are closed after the next request, without an answer."""
    closes: bool = False
    """Whether each connection is closed silently after an answer."""


@contextmanager
def web(tls: ssl.SSLContext | None) -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def setup(self) -> None:
            super().setup()
            state.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append(Post(self.path, dict(self.headers.items()), body))
            if state.drops:
                state.drops -= 1
                self.close_connection = True
                return
            status, headers, content = state.answers.pop(0) if state.answers else (200, {}, b"")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = state.closes

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Print nothing: a client that does not trust the certificate goes away."""

        def get_request(self) -> Any:
            accepted, address = super().get_request()
            # The handshake is done with the first read, in the thread of the connection.
            return (
                (tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False), address)
                if tls
                else (
                    accepted,
                    address,
                )
            )

    with Server(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mail:
    """A mail server. `answers` has the replies to some commands, in order; others are accepted."""

    port: int = 0
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """The recipients and the messages."""
    connections: int = 0
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    """Whether each message came over TLS."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    offers: tuple[str, ...] = ("STARTTLS", "AUTH PLAIN", "SMTPUTF8", "8BITMIME")
    most: int = 1_000_000
    """So many messages of a connection are taken, then it is closed."""
    drops_data: int = 0
    """So many times a connection is closed after a message, without an answer."""


class _Talk(socketserver.BaseRequestHandler):
    """A connection to the mail server."""

    server: "_MailServer"

    def handle(self) -> None:
        self.state = self.server.state
        self.state.connections += 1
        self.secure, self.taken, self.to = False, 0, ""
        self.sockets = [self.request]
        try:
            self.file = self.request.makefile("rb")
            if self.server.implicit:
                self.encrypt()
            self.say("220 mail ready")
            while (line := self.file.readline()) and self.obey(line.decode("utf-8").strip()):
                pass
        except OSError:
            pass  # A client that does not trust the certificate goes away.
        finally:
            self.file.close()
            for each in self.sockets:
                each.close()

    def encrypt(self) -> None:
        self.file.close()
        self.request, self.secure = self.server.tls.wrap_socket(self.request, server_side=True), True
        self.sockets.append(self.request)
        self.file = self.request.makefile("rb")

    def say(self, *lines: str) -> None:
        for nth, line in enumerate(lines):
            code, _, rest = line.partition(" ")
            self.request.sendall(f"{code}{' ' if nth == len(lines) - 1 else '-'}{rest}\r\n".encode())

    def obey(self, line: str) -> bool:
        """Obey a line; return whether the connection goes on."""
        word = line.split(" ")[0].split(":")[0].upper()
        if self.state.answers.get(word):
            self.say(self.state.answers[word].pop(0))
            return True
        steps = {"EHLO": self.greet, "STARTTLS": self.start_tls, "AUTH": self.log_in, "MAIL": self.begin}
        steps |= {"RCPT": self.address, "DATA": self.take, "QUIT": self.leave}
        if word in steps:
            return steps[word](line) is not False
        self.say("250 ok")
        return True

    def greet(self, _: str) -> None:
        offers = [each for each in self.state.offers if each != "STARTTLS" or not self.secure]
        self.say("250 mail", *(f"250 {each}" for each in offers))

    def start_tls(self, _: str) -> None:
        self.say("220 go on")
        self.encrypt()

    def log_in(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
        self.state.logins.append((user, password))
        self.say("235 welcome" if password == "right-password" else "535 no")

    def begin(self, _: str) -> bool:
        goes_on = self.taken < self.state.most
        self.say("250 ok" if goes_on else "421 enough for one connection")
        return goes_on

    def address(self, line: str) -> None:
        self.to = line.partition("<")[2].partition(">")[0]
        self.say("250 ok")

    def take(self, _: str) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.state.answers.get("."):
            self.say(self.state.answers["."].pop(0))
            return True
        found = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.state.got.append((self.to, found))
        self.state.encrypted.append(self.secure)
        self.taken += 1
        if self.state.drops_data:
            self.state.drops_data -= 1
            return False
        self.say("250 queued")
        return True

    def leave(self, _: str) -> bool:
        self.say("221 bye")
        return False


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext, *, implicit: bool) -> None:
        self.tls, self.implicit, self.state = tls, implicit, Mail()
        super().__init__(("127.0.0.1", 0), _Talk)
        self.state.port = self.server_address[1]


@contextmanager
def mail(tls: ssl.SSLContext, *, implicit: bool = False) -> Iterator[Mail]:
    with _MailServer(tls, implicit=implicit) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.state
        finally:
            server.shutdown()
            thread.join()
