"""Post messages to a web service: over HTTPS, signed, and on one connection for many of them.

No redirect is followed: the message would go where nobody has said that it may go.
"""

import hashlib
import hmac
import http.client
import json
import ssl
from email.utils import parsedate_to_datetime

from clinicctl import clock, errors, interrupts
from clinicctl.senders import Answer, Message, Refused, Retry, Sent, Unavailable, addresses, clean_ref

PORTS = {"https": 443, "http": 80}
SIGNATURE = "Clinicctl-Signature"
LEAST_SECRET = 16
"""The fewest bytes of a secret."""

_ENDPOINT = frozenset({401, 403, 404, 405, 407, 410})
"""The address or the secret is wrong, and so it is for every message."""
_BUSY = frozenset({429, 503})
_LATER = frozenset({408, 425})
_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_LARGEST_ANSWER = 64 << 10
_LONGEST_WAIT = 86_400


class Webhook:
    """A web service that takes messages as JSON."""

    def __init__(self, url: str, *, secret: bytes, authorities: str | None, timeout: float) -> None:
        self._place = addresses.parse("--webhook", url, PORTS)
        if self._place.scheme == "http" and not self._place.is_local:
            raise errors.BadValue(problem="--webhook: the URL begins with https://, except on this machine.")
        if self._place.user:
            raise errors.BadValue(problem="--webhook: the URL has no user: the signature says who sends.")
        if len(secret) < LEAST_SECRET:
            raise errors.BadValue(
                problem=f"--webhook: a secret of at least {LEAST_SECRET} bytes signs the messages.",
                hint="Make one: `openssl rand -hex 32 > FILE`, and name it: --secret-file FILE.",
            )
        self._secret, self._timeout = secret, timeout
        self._tls = ssl.create_default_context(cadata=authorities) if self._place.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def send(self, message: Message) -> Answer:
        try:
            with interrupts.Within(self._timeout):
                return self._send(message)
        except interrupts.Elapsed:
            # A service that answers in small pieces never lets a single read time out.
            is_connected = self._connection is not None
            self.close()
            slow = f"no answer within {self._timeout:g} s"
            return Retry(slow) if is_connected else Unavailable(f"no connection to the service: {slow}")

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, message: Message) -> Answer:
        is_new = self._connection is None
        try:
            return self._try(message)
        except _CLOSED as error:
            # The server may have ended an idle connection. It knows a repeated message by its key.
            if is_new:
                return _no_answer(error)
        try:
            return self._try(message)
        except _CLOSED as error:
            return _no_answer(error)

    def _try(self, message: Message) -> Answer:
        """Send on the open connection, or on a new one.

        After an error there is none.
        Raises one of `_CLOSED` if the server ends it without an answer.
        """
        if self._connection is None and (problem := self._connect()) is not None:
            return problem
        connection = self._connection
        assert connection is not None, "no connection"
        try:
            connection.request("POST", self._place.path, message.document, self._headers(message))
            response = connection.getresponse()
            content = response.read(_LARGEST_ANSWER)
            is_over = response.isclosed() and not response.will_close
        except _CLOSED:
            self.close()
            raise
        except (http.client.HTTPException, OSError) as error:
            self.close()
            return _no_answer(error)
        if not is_over:
            self.close()
        return _answer(response.status, response.headers.get("Retry-After"), content, message)

    def _connect(self) -> Unavailable | None:
        """Connect. Return the problem, if there is one."""
        host, port = self._place.host, self._place.port
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            return Unavailable(f"no connection to the service: {_kind(error)}")
        except interrupts.Elapsed:
            connection.close()
            raise
        self._connection = connection
        return None

    def _headers(self, message: Message) -> dict[str, str]:
        at = str(int(clock.now().timestamp()))
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": message.deduplication_id,
            "User-Agent": "clinicctl",
            SIGNATURE: f"t={at},v1={signature(self._secret, at, message.document)}",
        }


def signature(secret: bytes, at: str, body: bytes) -> str:
    """Return the signature of a body.

    `at` is when it is sent, in seconds since 1970.
    """
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _answer(status: int, retry_after: str | None, content: bytes, message: Message) -> Answer:
    reason = f"the service answers {status}"
    if 200 <= status < 300:
        return Sent(_ref(content, message))
    if status in _BUSY:
        return Unavailable(reason, _seconds(retry_after))
    if status in _ENDPOINT:
        return Unavailable(reason)
    if 300 <= status < 400:
        return Unavailable(f"{reason}: redirects are not followed")
    if 400 <= status < 500 and status not in _LATER:
        return Refused(reason)
    return Retry(reason, _seconds(retry_after))


def _no_answer(error: Exception) -> Retry:
    """Return the answer for a message that may have arrived."""
    return Retry(f"no answer: {_kind(error)}")


def _ref(content: bytes, message: Message) -> str | None:
    """Return the `ref` of a JSON object, if the answer is one."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    ref = found.get("ref") if isinstance(found, dict) else None
    return clean_ref(str(ref), message) if isinstance(ref, str | int) else None


def _seconds(retry_after: str | None) -> int | None:
    """Return the seconds of a Retry-After header: a number, or an instant."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(max(int(text[:9]), 1), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    left = (at - clock.now()).total_seconds() if at.tzinfo is not None else 0
    return int(min(max(left, 1), _LONGEST_WAIT))


def _kind(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the connection was closed"
    return str(getattr(error, "strerror", None) or type(error).__name__)
