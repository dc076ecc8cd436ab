"""The page for the waiting room over HTTP: one page, read-only, on this machine only, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack, suppress
from hashlib import sha256
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clinicctl.render import board_server
from tests.pages import Page

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class Served:
    """A server of the board in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.note = process.stderr.readline()
        found = re.search(r"http://\S+/", self.note)
        assert found, self.note
        self.url = found[0]
        self.host, self.port = urlsplit(self.url).hostname or "", urlsplit(self.url).port or 0

    def ask(self, path: str = "", *, method: str = "GET", data: bytes | None = None) -> HTTPResponse:
        request = urllib.request.Request(f"{self.url}{path}", method=method, data=data)
        try:
            found: HTTPResponse = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            return error  # type: ignore[return-value]
        return found

    def page(self) -> Page:
        with self.ask() as answer:
            return Page(answer.read().decode())

    def raw(self, content: bytes) -> bytes:
        """Send bytes as they are, and return the whole answer."""
        with socket.create_connection((self.host, self.port), timeout=30) as connection:
            connection.sendall(content)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=60)
        return self.process.returncode, stdout, stderr


@pytest.fixture
def serve(clinic: Ask, start: Start) -> Callable[..., Served]:
    """Serve the board of a clinic with two patients in a queue, the first of whom is called."""
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA", "--reason", "cut finger")
    clinic("queue", "call", "MEHTA")
    return lambda place="0", *options: Served(start("queue", "board", "--serve", place, "--every", "0.2", *options))


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


def test_the_page_is_served_with_what_is_called(served: Served) -> None:
    with served.ask() as answer:
        page = Page(answer.read().decode())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert page.cells == {"MEHTA": {"called": ["1"], "next": ["2"]}}
    assert "Anita" not in page.source
    assert served.ask("?1764000000000").status == 200


def test_what_changes_is_served_after_the_interval(served: Served, clinic: Ask) -> None:
    clinic("queue", "start", "MEHTA")
    clinic("queue", "call", "MEHTA")
    until = time.monotonic() + 60
    while served.page().cells != {"MEHTA": {"serving": ["1"], "called": ["2"]}}:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("path", ["board.html", "favicon.ico", "../clinic.db", "%2e%2e/clinic.db", "a?b", "index.html"])
def test_there_is_nothing_but_the_page(served: Served, path: str) -> None:
    answer = served.ask(path)
    assert (answer.status, answer.read()) == (404, b"There is only one page here: /\n")


def test_the_page_can_only_be_read(served: Served) -> None:
    for method in METHODS:
        answer = served.ask(method=method, data=b"x" * 100_000 if method in ("POST", "PUT", "PATCH") else None)
        assert (method, answer.status, answer.headers["Allow"]) == (method, 405, "GET, HEAD")
        assert answer.read() == b"This page can only be read.\n"
    assert b" 501 " in served.raw(b"BREW / HTTP/1.0\r\n\r\n").splitlines()[0]


def test_head_has_the_same_headers_and_no_body(served: Served) -> None:
    with served.ask(method="HEAD") as head, served.ask() as get:
        assert (head.status, head.read()) == (200, b"")
        assert head.headers["Content-Length"] == str(len(get.read()))
    assert served.ask("none", method="HEAD").status == 404


def test_the_policy_allows_only_what_the_page_contains(served: Served) -> None:
    with served.ask() as answer:
        source, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        assert f"{tag}-src 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy
    assert " style=" not in source
    assert " onload=" not in source


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_server_with_its_status(served: Served, number: int) -> None:
    served.page()
    status, stdout, stderr = served.end(number)
    assert (status, stdout, stderr.count("\n")) == (128 + number, "", 1)
    with pytest.raises(OSError):
        socket.create_connection((served.host, served.port), timeout=5)


def test_broken_requests_leave_no_trace(served: Served) -> None:
    assert b" 400 " in served.raw(b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n")
    assert b" 414 " in served.raw(b"GET /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n")
    with socket.create_connection((served.host, served.port)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert served.page().cells["MEHTA"]["called"] == ["1"]
    assert served.end()[2] == "clinicctl: Terminated.\n"


def test_slow_readers_do_not_hold_up_others(served: Served) -> None:
    idle = [socket.create_connection((served.host, served.port)) for _ in range(50)]
    began = time.monotonic()
    assert served.page().cells
    assert time.monotonic() - began < 4
    for each in idle:
        each.close()


def test_a_connection_that_sends_a_byte_now_and_then_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be would keep the televisions out for ever."""
    for name, value in {"_MOST": 2, "_LONGEST": 0.5, "_LOOK": 0.1}.items():
        monkeypatch.setattr(board_server, name, value)
    with board_server.serving("0", b"page") as server, ExitStack() as opened:
        place = ("127.0.0.1", server.server_port)
        held = [opened.enter_context(socket.create_connection(place)) for _ in range(2)]
        other = opened.enter_context(socket.create_connection(place, timeout=0.05))
        other.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer, deadline = b"", time.monotonic() + 20
        while not answer.endswith(b"page"):
            assert time.monotonic() < deadline
            for each in held:
                with suppress(OSError):
                    each.send(b"G")
            with suppress(TimeoutError):
                answer += other.recv(4096)


def test_the_last_page_is_served_while_the_database_is_away(served: Served, tmp_path: Path) -> None:
    (tmp_path / "clinic.db").rename(tmp_path / "away.db")
    assert served.process.stderr.readline().endswith(" The page keeps its last state.\n")
    before = served.page()
    time.sleep(0.5)
    assert served.page().source == before.source
    assert before.cells == {"MEHTA": {"called": ["1"], "next": ["2"]}}


@pytest.mark.parametrize("place", ["0", ":0", "localhost:0", "127.0.0.1:0", "http://127.0.0.1:0/"])
def test_the_page_is_for_this_machine_unless_told_otherwise(serve: Callable[..., Served], place: str) -> None:
    served = serve(place)
    assert served.host in ("127.0.0.1", "::1")
    assert "other machines" not in served.note
    assert served.page().cells


def test_another_address_is_said_to_be_open_to_others(serve: Callable[..., Served]) -> None:
    served = serve("0.0.0.0:0")
    assert served.note.endswith("/, also for other machines.\n")
    assert served.page().cells


@pytest.mark.parametrize("place", ["", "host", "1.2.3.4", "127.0.0.1:99999", "a b:80", "user@host:80", "::1:80"])
def test_a_wrong_place_is_a_usage_error(clinic: Ask, refused: Refused, place: str) -> None:
    assert "HOST:PORT" in refused(2, "usage", "queue", "board", "--serve", place)["message"]


def test_a_taken_place_is_one_line(served: Served, refused: Refused) -> None:
    error = refused(74, "io_error", "queue", "board", "--serve", f"127.0.0.1:{served.port}")
    assert error["message"] == f"127.0.0.1:{served.port}: Address already in use."
    refused(74, "io_error", "queue", "board", "--serve", "no-such-host.invalid:8080")


def test_the_server_takes_neither_a_file_nor_once(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    refused(2, "usage", "queue", "board", "--serve", "0", "--once")
    refused(2, "usage", "queue", "board", "--serve", "0", "--html", str(tmp_path / "board.html"))
    refused(10, "no_database", "queue", "board", "--serve", "0", "--db", str(tmp_path / "none.db"))


def test_the_server_reads_and_never_writes(served: Served, clinic: Ask) -> None:
    before = len(clinic("audit", "log"))
    for _ in range(3):
        served.page()
    assert len(clinic("audit", "log")) == before
    assert os.path.exists(os.environ["CLINICCTL_DB"])
