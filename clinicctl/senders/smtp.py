"""Send messages as e-mail: one connection for many of them, encrypted except to this machine."""

import re
import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TypeVar

from clinicctl import clock, errors, interrupts
from clinicctl.senders import Answer, Message, Refused, Retry, Sent, Unavailable, addresses

A = TypeVar("A", bound=Answer)

PORTS = {"smtp": 587, "smtps": 465}
"""STARTTLS after the greeting, and TLS from the first byte."""
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,253}")
_SEVEN_BITS = SMTP.clone(cte_type="7bit")
"""Not every server takes the eight bits of letters beyond ASCII as they are."""
_CLOSING = 421
"""The server ends the connection."""
_CONNECTING, _RCPT, _DATA = "the connection", "RCPT TO", "DATA"
"""Steps of the talk with a server."""
_GOODBYE = 5
"""Seconds to wait for the last answer, which nobody needs."""


class MailServer:
    """A mail server that takes messages from one address."""

    def __init__(self, url: str, *, sender: str, password: str | None, authorities: str | None, timeout: float) -> None:
        self._place = addresses.parse("--smtp", url, PORTS)
        name, address = parseaddr(sender)
        if not _ADDRESS.fullmatch(address) or not sender.isprintable():
            raise errors.BadValue(problem="--from: an address such as 'North Clinic <desk@example.org>'.")
        if self._place.user and not password:
            raise errors.Usage(
                problem="--smtp: the URL has a user, but there is no password.",
                hint="Put it into a file that only you can read: --secret-file FILE.",
            )
        self._from, self._address = Address(name, addr_spec=address), address
        self._password, self._timeout = password or "", timeout
        self._tls = ssl.create_default_context(cadata=authorities)
        self._server: smtplib.SMTP | None = None
        self._step = _CONNECTING

    def send(self, message: Message) -> Answer:
        if not _ADDRESS.fullmatch(message.to):
            return Refused("the address is not one of e-mail")
        is_new, self._step = self._server is None, _CONNECTING
        try:
            with interrupts.Within(self._timeout):
                answer = self._try(message)
                if isinstance(answer, Unavailable) and not is_new and self._server is None:
                    # A server ends a connection after some time, or after some messages.
                    answer = self._try(message)
                return answer
        except interrupts.Elapsed:
            # A server that answers in small pieces never lets a single step time out.
            slow = f"no answer within {self._timeout:g} s at {self._step}"
            return self._give_up(Retry(slow) if self._step == _DATA else Unavailable(slow))

    def close(self) -> None:
        """Say goodbye to the server."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError, interrupts.Elapsed), interrupts.Within(_GOODBYE):
                server.quit()
            server.close()

    def _try(self, message: Message) -> Answer:
        """Send on the open connection, or on a new one.

        After an error there is none.
        """
        if self._server is None and (problem := self._connect()) is not None:
            return problem
        server = self._server
        assert server is not None, "no connection"
        self._step = "MAIL FROM"
        try:
            options = _options(server, message.to)
            if options is None:
                return Refused("the server cannot send to an address with such letters")
            code, _ = server.mail(self._address, options)
            if code >= 300:
                return self._give_up(Unavailable(f"the server refuses the sender ({code})"))
            self._step = _RCPT
            code, _ = server.rcpt(message.to)
            if code == _CLOSING:
                return self._give_up(Unavailable(f"the server ends the connection ({code})"))
            if code >= 300:
                server.rset()
                return _refusal(code, self._step)
            self._step = _DATA
            # It writes the whole message, and a server that is lost now may have it.
            code, _ = server.data(self._written(message))
        except smtplib.SMTPDataError as refused:
            # DATA itself was refused: nothing of the message was written.
            return self._give_up(_refusal(refused.smtp_code, self._step))
        except (smtplib.SMTPException, OSError) as error:
            lost = f"the connection was lost at {self._step}: {_kind(error)}"
            return self._give_up(Retry(lost) if self._step == _DATA else Unavailable(lost))
        except (MessageError, ValueError):
            return self._give_up(Refused("the message cannot be written as an e-mail"))
        if code >= 300:
            refusal = _refusal(code, self._step)
            return self._give_up(refusal) if code == _CLOSING else refusal
        return Sent(self._id(message))

    def _connect(self) -> Unavailable | None:
        """Connect and log in. Return the problem, if there is one."""
        place, missing = self._place, "STARTTLS"
        try:
            if place.scheme == "smtps":
                self._server = smtplib.SMTP_SSL(place.host, place.port, timeout=self._timeout, context=self._tls)
            else:
                self._server = smtplib.SMTP(place.host, place.port, timeout=self._timeout)
            self._server.ehlo()
            if place.scheme == "smtp" and (self._server.has_extn("starttls") or not place.is_local):
                self._server.starttls(context=self._tls)
                self._server.ehlo()
            missing = "login"
            if place.user:
                self._server.login(place.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            return self._give_up(Unavailable(f"the server refuses the login ({error.smtp_code})"))
        except smtplib.SMTPNotSupportedError:
            return self._give_up(Unavailable(f"the server offers no {missing}"))
        except (smtplib.SMTPException, OSError) as error:
            return self._give_up(Unavailable(f"no connection to the server: {_kind(error)}"))
        return None

    def _give_up(self, answer: A) -> A:
        """End the connection, whose state is not known any more."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        return answer

    def _written(self, message: Message) -> bytes:
        found = EmailMessage(policy=_SEVEN_BITS)
        found["From"] = self._from
        local, _, domain = message.to.rpartition("@")
        found["To"] = Address(username=local, domain=domain)
        found["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in message.subject).split())
        found["Date"] = format_datetime(clock.now())
        found["Message-ID"] = self._id(message)
        found["Auto-Submitted"] = "auto-generated"
        found.set_content(message.text)
        return found.as_bytes()

    def _id(self, message: Message) -> str:
        """Return the Message-ID, which is the same for each attempt."""
        return f"<{message.deduplication_id}@{self._address.rpartition('@')[2]}>"


def _options(server: smtplib.SMTP, to: str) -> list[str] | None:
    """Return the options of MAIL FROM; None if the server cannot handle the address."""
    if to.isascii():
        return []
    return ["SMTPUTF8", "BODY=8BITMIME"] if server.has_extn("smtputf8") else None


def _refusal(code: int, step: str) -> Retry | Refused:
    reason = f"the server refuses the {'address' if step == _RCPT else 'message'} ({code})"
    return Refused(reason) if code >= 500 else Retry(reason)


def _kind(error: Exception) -> str:
    """Return what went wrong.

    What the server said is left out: it may repeat the address.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it was closed"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"status {error.smtp_code}"
    return str(getattr(error, "strerror", None) or type(error).__name__)
