"""Senders by themselves: what a program, a mail server and a web service get, and what is made of their answers."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from clinicctl import errors
from clinicctl.senders import Message, Refused, Retry, Sent, Unavailable, addresses, clean_ref, smtp, webhook
from clinicctl.senders.program import Program
from clinicctl.senders.smtp import MailServer
from clinicctl.senders.webhook import Webhook
from tests import receivers
from tests.docs import example
from tests.receivers import Mail, Web

SMS = Message("7d9c0c5e", "+919876543210", "", "Clinic: Anita Sharma at 10:00.", b'{"to": "+919876543210"}')
MAIL = Message("7d9c0c5e", "anita@mark.example", "Ihr Termin für morgen", "Grüße\n.\nAnita", b"{}")
SECRET = b"a secret of the clinic"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server's context, and what a client has to trust."""
    found, certificate = receivers.context(tmp_path_factory.mktemp("tls"))
    return found, certificate.read_text()


# Programs


def program(tmp_path: Path, script: str, *, timeout: float = 20) -> Program:
    path = tmp_path / "send"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Program(str(path), timeout=timeout)


def test_a_program_gets_the_message_on_its_input(tmp_path: Path) -> None:
    sender = program(tmp_path, f"cat > {tmp_path}/got; echo SM123; echo more")
    assert sender.send(SMS) == Sent("SM123")
    assert (tmp_path / "got").read_bytes() == SMS.document


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", Sent(None)),
        ("exit 75", Retry("exit status 75")),
        ("exit 1", Retry("exit status 1")),
        ("exit 65", Refused("exit status 65")),
        ("exit 67", Refused("exit status 67")),
        ("exit 69", Unavailable("exit status 69")),
        ("exit 78", Unavailable("exit status 78")),
        ("exec /nobody/there", Unavailable("exit status 127")),
        ("kill -9 $$", Retry("the program was ended by signal 9")),
        ("echo +919876543210", Sent(None)),
        ("echo sent to Anita", Sent(None)),
        ("echo anita", Sent(None)),
        ("head -c 200000 /dev/zero | tr '\\0' x", Sent(None)),
        ("echo Anita Sharma >&2; exit 75", Retry("exit status 75")),
    ],
)
def test_the_status_of_a_program_decides(script: str, expected: object, tmp_path: Path) -> None:
    assert program(tmp_path, script).send(SMS) == expected


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    sender = program(tmp_path, f"(sleep 0.6; touch {tmp_path}/late) & wait", timeout=0.3)
    assert sender.send(SMS) == Retry("no answer within 0.3 s; the program was stopped")
    time.sleep(0.6)
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo SM1; sleep 3 >/dev/null 2>&1 &", Sent("SM1")),
        ("echo SM1; sleep 3 & exit 0", Sent("SM1")),
        ("sleep 3 & exit 67", Refused("exit status 67")),
        ("exec <&-; sleep 0.1; echo SM1", Sent("SM1")),
        ("exec >&-; cat >/dev/null; sleep 0.1", Sent(None)),
        ("exec yes", Retry("no answer within 0.8 s; the program was stopped")),
        ("yes ' ' & exit 0", Sent(None)),
    ],
)
def test_a_program_may_read_write_and_start_what_it_likes(script: str, expected: object, tmp_path: Path) -> None:
    """What it has started holds its output open, and nothing waits for it. What it prints is kept nowhere."""
    begin = time.monotonic()
    message = SMS._replace(document=b"x" * 200_000)
    assert program(tmp_path, script, timeout=0.8).send(message) == expected
    assert time.monotonic() - begin < 2.5


def test_a_missing_program_cannot_send_at_all(tmp_path: Path) -> None:
    answer = Program(str(tmp_path / "none"), timeout=5).send(SMS)
    assert answer == Unavailable("the program cannot be started: No such file or directory")


@pytest.mark.parametrize("ref", ["SM-8f3a9", "<7d9c0c5e@mark.example>", "0b55f9c0-1a2b"])
def test_a_word_of_the_provider_is_the_ref(ref: str) -> None:
    assert clean_ref(f" {ref} ", SMS) == ref


@pytest.mark.parametrize(
    "ref", ["", "two words", "x" * 129, "für", "sms-9876543210", "Anita", "mr-sharma-1", "\x1b[1m"]
)
def test_what_may_be_personal_is_no_ref(ref: str) -> None:
    assert clean_ref(ref, SMS) is None


def test_an_address_is_no_ref() -> None:
    assert clean_ref("to-anita@mark.example", MAIL) is None
    assert clean_ref("queue/Anita/5", MAIL) is None


# Web services


@pytest.fixture
def service(tls: tuple[ssl.SSLContext, str]) -> Iterator[Web]:
    with receivers.web(tls[0]) as found:
        yield found


def hook(service: Web, ca: str | None, *, path: str = "/messages?v=1", timeout: float = 10) -> Webhook:
    return Webhook(f"https://localhost:{service.port}{path}", secret=SECRET, authorities=ca, timeout=timeout)


def test_a_service_gets_signed_messages_on_one_connection(service: Web, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = hook(service, tls[1])
    service.answers = [(202, {}, b'{"ref": "SM1"}'), (200, {}, b"no json"), (204, {}, b"")]
    assert [sender.send(SMS) for _ in range(3)] == [Sent("SM1"), Sent(None), Sent(None)]
    sender.close()
    assert service.connections == 1
    first = service.got[0]
    assert (first.path, first.body, first.headers["Idempotency-Key"]) == ("/messages?v=1", SMS.document, "7d9c0c5e")
    documented: dict[str, object] = {}
    exec(compile(example("sending signature"), "sending.md", "exec"), documented)
    is_genuine = documented["is_genuine"]
    assert callable(is_genuine)
    header = first.headers[webhook.SIGNATURE]
    assert is_genuine(SECRET, header, first.body, time.time())
    assert not is_genuine(SECRET, header, first.body + b" ", time.time())
    assert not is_genuine(b"another secret!!", header, first.body, time.time())
    assert not is_genuine(SECRET, header, first.body, time.time() + 3600)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, Refused("the service answers 400")),
        (422, {}, Refused("the service answers 422")),
        (401, {}, Unavailable("the service answers 401")),
        (404, {}, Unavailable("the service answers 404")),
        (408, {}, Retry("the service answers 408")),
        (500, {}, Retry("the service answers 500")),
        (502, {"Retry-After": "90"}, Retry("the service answers 502", 90)),
        (429, {"Retry-After": "7"}, Unavailable("the service answers 429", 7)),
        (503, {}, Unavailable("the service answers 503")),
        (503, {"Retry-After": "9999999999"}, Unavailable("the service answers 503", 86_400)),
        (503, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, Unavailable("the service answers 503", 1)),
        (503, {"Retry-After": "soon"}, Unavailable("the service answers 503")),
        (429, {"Connection": "close"}, Unavailable("the service answers 429")),
    ],
)
def test_the_answer_of_a_service_decides(
    status: int, headers: dict[str, str], expected: object, service: Web, tls: tuple[ssl.SSLContext, str]
) -> None:
    sender = hook(service, tls[1])
    service.answers = [(status, headers, b"+919876543210")]
    assert sender.send(SMS) == expected
    assert len(service.got) == 1
    assert sender.send(SMS) == Sent(None)
    sender.close()


def test_no_redirect_is_followed(service: Web, tls: tuple[ssl.SSLContext, str]) -> None:
    with receivers.web(None) as other:
        sender = hook(service, tls[1])
        service.answers = [(307, {"Location": f"http://127.0.0.1:{other.port}/"}, b"")]
        assert sender.send(SMS) == Unavailable("the service answers 307: redirects are not followed")
        sender.close()
        assert other.got == []


def test_an_idle_connection_that_was_closed_is_opened_again(service: Web, tls: tuple[ssl.SSLContext, str]) -> None:
    service.closes = True
    sender = hook(service, tls[1])
    assert [sender.send(SMS) for _ in range(3)] == [Sent(None)] * 3
    sender.close()
    assert (len(service.got), service.connections) == (3, 3)


def test_a_message_without_an_answer_may_have_arrived(service: Web, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = hook(service, tls[1])
    service.drops = 1
    assert sender.send(SMS) == Retry("no answer: the connection was closed")
    sender.close()
    assert len(service.got) == 1


def test_only_a_trusted_certificate_gets_messages(
    service: Web, tls: tuple[ssl.SSLContext, str], tmp_path: Path
) -> None:
    for ca in (None, receivers.make_certificate(tmp_path)[0].read_text()):
        answer = hook(service, ca).send(SMS)
        assert isinstance(answer, Unavailable)
        assert answer.reason.startswith("no connection to the service: its certificate is not valid: ")
    by_number = Webhook(f"https://127.0.0.1:{service.port}/", secret=SECRET, authorities=tls[1], timeout=5)
    assert "certificate is not valid" in getattr(by_number.send(SMS), "reason", "")
    assert service.got == []


def test_a_service_that_is_away_or_silent_is_told_apart(service: Web) -> None:
    with receivers.web(None) as other:
        port = other.port
    away = Webhook(f"http://127.0.0.1:{port}/", secret=SECRET, authorities=None, timeout=5)
    assert away.send(SMS) == Unavailable("no connection to the service: Connection refused")
    silent = Webhook(f"http://127.0.0.1:{service.port}/", secret=SECRET, authorities=None, timeout=0.3)
    assert isinstance(silent.send(SMS), Retry)
    silent.close()


class Slow(threading.Thread):
    """A server that answers a byte at a time, for ever, whatever it is asked; at some step of a talk with it."""

    def __init__(self, said: list[bytes], endless: bytes) -> None:
        super().__init__(daemon=True)
        self.said, self.endless, self.listener = said, endless, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        with self.listener, suppress(OSError):
            accepted, _ = self.listener.accept()
            with accepted:
                for each in self.said:
                    accepted.sendall(each)
                    accepted.recv(65_536)
                while True:
                    accepted.sendall(self.endless)
                    time.sleep(0.02)


@pytest.mark.parametrize(
    "endless",
    [b"x", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"],
    ids=["no answer", "endless headers", "a slow body"],
)
def test_a_slow_service_takes_no_longer_than_the_timeout(endless: bytes) -> None:
    server = Slow([], endless)
    server.start()
    sender = Webhook(f"http://127.0.0.1:{server.port}/", secret=SECRET, authorities=None, timeout=0.5)
    begin = time.monotonic()
    assert sender.send(SMS) == Retry("no answer within 0.5 s")
    assert time.monotonic() - begin < 2
    sender.close()


def test_a_service_that_sends_without_end_is_left(service: Web, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = hook(service, tls[1])
    service.answers = [(200, {}, b"x" * 20_000_000)]
    assert sender.send(SMS) == Sent(None)
    assert sender.send(SMS) == Sent(None)
    sender.close()
    assert service.connections == 2


# Mail servers


GREETING, HELLO = b"220 mail\r\n", b"250 mail\r\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([GREETING], Unavailable("no answer within 0.5 s at the connection")),
        ([GREETING, HELLO], Unavailable("no answer within 0.5 s at MAIL FROM")),
        ([GREETING, HELLO, b"250 ok\r\n"], Unavailable("no answer within 0.5 s at RCPT TO")),
        ([GREETING, HELLO, *[b"250 ok\r\n"] * 2], Retry("no answer within 0.5 s at DATA")),
        ([GREETING, HELLO, *[b"250 ok\r\n"] * 2, b"354 go\r\n"], Retry("no answer within 0.5 s at DATA")),
    ],
    ids=["EHLO", "MAIL", "RCPT", "DATA", "message"],
)
def test_a_slow_mail_server_takes_no_longer_than_the_timeout(said: list[bytes], expected: object) -> None:
    server = Slow(said, b"250-more\r\n")
    server.start()
    sender = MailServer(
        f"smtp://127.0.0.1:{server.port}", sender="desk@mark.example", password=None, authorities=None, timeout=0.5
    )
    begin = time.monotonic()
    assert sender.send(MAIL) == expected
    assert time.monotonic() - begin < 2
    sender.close()


def test_mail_is_written_in_seven_bits(server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    """Not every server takes more."""
    sender = post(server, tls[1])
    for text in ("Grüße\n.\nAnita", "Привет 👋", "x" * 1000, "ü" * 1000):
        assert isinstance(sender.send(MAIL._replace(text=text)), Sent)
        _, found = server.got[-1]
        assert found.as_bytes().isascii()
        assert found.get_content().replace("\r\n", "\n").rstrip("\n") == text
    sender.close()


@pytest.fixture
def server(tls: tuple[ssl.SSLContext, str]) -> Iterator[Mail]:
    with receivers.mail(tls[0]) as found:
        yield found


def post(server: Mail, ca: str | None, *, scheme: str = "smtp", user: str = "desk%40mark.example@") -> MailServer:
    return MailServer(
        f"{scheme}://{user}localhost:{server.port}",
        sender="Klinik Süd <desk@mark.example>",
        password="right-password",
        authorities=ca,
        timeout=10,
    )


def test_mail_goes_over_one_encrypted_connection(server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = post(server, tls[1])
    assert [sender.send(MAIL) for _ in range(3)] == [Sent("<7d9c0c5e@mark.example>")] * 3
    sender.close()
    assert (server.connections, server.encrypted) == (1, [True] * 3)
    assert server.logins == [("desk@mark.example", "right-password")]
    to, found = server.got[0]
    assert (to, found["To"], found["From"]) == (MAIL.to, MAIL.to, "Klinik Süd <desk@mark.example>")
    assert (found["Subject"], found["Message-ID"]) == (MAIL.subject, "<7d9c0c5e@mark.example>")
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.text


def test_mail_goes_over_tls_from_the_first_byte(tls: tuple[ssl.SSLContext, str]) -> None:
    with receivers.mail(tls[0], implicit=True) as server:
        sender = post(server, tls[1], scheme="smtps")
        assert sender.send(MAIL) == Sent("<7d9c0c5e@mark.example>")
        sender.close()
        assert server.encrypted == [True]


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: other@mark.example", "Hello\nX-Evil: 1\n\nbody", "a\x00b\x1bc"])
def test_no_subject_adds_a_header(subject: str, server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = post(server, tls[1])
    assert isinstance(sender.send(MAIL._replace(subject=subject)), Sent)
    sender.close()
    (to, found) = server.got[0]
    assert (to, found["Bcc"], found["X-Evil"]) == (MAIL.to, None, None)
    assert found.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.text


@pytest.mark.parametrize("to", ["", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "a b@c", "a@b>\r\nRCPT TO:<c@d", "no-at"])
def test_what_is_no_address_reaches_no_server(to: str, server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    assert post(server, tls[1]).send(MAIL._replace(to=to)) == Refused("the address is not one of e-mail")
    assert server.connections == 0


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("RCPT", "550 anita@mark.example unknown", Refused("the server refuses the address (550)")),
        ("RCPT", "450 later", Retry("the server refuses the address (450)")),
        (".", "554 spam", Refused("the server refuses the message (554)")),
        (".", "451 later", Retry("the server refuses the message (451)")),
        ("DATA", "554 no", Refused("the server refuses the message (554)")),
        ("MAIL", "550 who are you", Unavailable("the server refuses the sender (550)")),
        ("AUTH", "535 desk", Unavailable("the server refuses the login (535)")),
    ],
)
def test_the_reply_of_a_mail_server_decides(
    command: str, reply: str, expected: object, server: Mail, tls: tuple[ssl.SSLContext, str]
) -> None:
    sender = post(server, tls[1])
    server.answers[command] = [reply]
    assert sender.send(MAIL) == expected
    assert isinstance(sender.send(MAIL), Sent)
    sender.close()
    assert len(server.got) == 1


def test_a_mail_server_that_ends_connections_gets_new_ones(server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    server.most = 2
    sender = post(server, tls[1])
    assert all(isinstance(sender.send(MAIL), Sent) for _ in range(5))
    sender.close()
    assert (len(server.got), server.connections) == (5, 3)


def test_a_connection_lost_after_the_message_is_tried_later(server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    server.drops_data = 1
    sender = post(server, tls[1])
    answer = sender.send(MAIL)
    assert isinstance(answer, Retry)
    assert answer.reason.startswith("the connection was lost at DATA")
    assert len(server.got) == 1


def test_a_login_goes_over_a_trusted_connection_only(
    server: Mail, tls: tuple[ssl.SSLContext, str], tmp_path: Path
) -> None:
    for ca in (None, receivers.make_certificate(tmp_path)[0].read_text()):
        assert "certificate is not valid" in getattr(post(server, ca).send(MAIL), "reason", "")
    assert server.logins == []
    server.offers = ("STARTTLS",)
    assert post(server, tls[1]).send(MAIL) == Unavailable("the server offers no login")


def test_an_address_in_any_letters_needs_a_server_for_it(server: Mail, tls: tuple[ssl.SSLContext, str]) -> None:
    sender = post(server, tls[1])
    assert isinstance(sender.send(MAIL._replace(to="añita@märk.example")), Sent)
    assert server.got[0][0] == "añita@märk.example"
    sender.close()
    server.offers = ("STARTTLS", "AUTH PLAIN")
    sender = post(server, tls[1])
    answer = sender.send(MAIL._replace(to="añita@märk.example"))
    assert answer == Refused("the server cannot send to an address with such letters")
    sender.close()


# Where they connect to


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example.org/x",
        "http://10.0.0.1/",
        "ftp://localhost/",
        "https://",
        "https://user@sms.example.org/",
        "https://user:secret@sms.example.org/",
        "https://sms.example.org:none/",
        "https://sms.example.org/a b",
        "https://sms.example.org/\r\nX-Evil: 1",
        "",
    ],
)
def test_a_url_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(errors.BadValue, match=r"^--webhook: ") as refused:
        Webhook(url, secret=SECRET, authorities=None, timeout=5)
    assert "secret@" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/x", "http://127.0.0.1/", "http://[::1]:1/", "https://a.example"]
)
def test_a_url_of_this_machine_or_with_tls_is_taken(url: str) -> None:
    Webhook(url, secret=SECRET, authorities=None, timeout=5)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(errors.BadValue, match="at least 16 bytes"):
        Webhook("https://a.example", secret=b"short", authorities=None, timeout=5)


def test_ports_are_those_of_the_scheme() -> None:
    assert addresses.parse("--smtp", "smtps://a.example", smtp.PORTS).port == 465
    assert addresses.parse("--smtp", "smtp://d%40b@a.example:25", smtp.PORTS)[1:4] == ("d@b", "a.example", 25)


def test_the_program_of_the_manual_reads_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, script in {
        "jq": f"{'exec'} python3 {tmp_path}/jq.py $2",
        "curl": f"cat > {tmp_path}/text; printf '%s\\n' \"$@\" > {tmp_path}/args",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    (tmp_path / "jq.py").write_text("import json, sys\nprint(json.load(sys.stdin)[sys.argv[1][1:]])\n")
    (tmp_path / "send").write_text(example("sending program"))
    (tmp_path / "send").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    document = json.dumps({"to": "+919876543210", "text": "Grüße"}).encode()
    assert Program(str(tmp_path / "send"), timeout=20).send(SMS._replace(document=document)) == Sent(None)
    assert (tmp_path / "text").read_text() == "Grüße\n"
    assert "to=+919876543210" in (tmp_path / "args").read_text()
