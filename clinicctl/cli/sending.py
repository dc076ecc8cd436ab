"""Drain the outbox through a sender: lease a few, commit, send without any lock, mark each; and again."""

import gc
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple, TypeVar

import typer

from clinicctl import clock, desk, errors, interrupts, settings
from clinicctl.cli.context import AppContext
from clinicctl.cli.reporting import PARTLY_DONE
from clinicctl.results.base import plain
from clinicctl.results.outbox import OutgoingMessage
from clinicctl.results.sending import SendingRun
from clinicctl.rules.messages import parse_key
from clinicctl.senders import Answer, Message, Refused, Retry, Sender, Sent, Unavailable
from clinicctl.settings import checks
from clinicctl.statuses import Channel, MessageState

T = TypeVar("T")

SECRET = "CLINICCTL_OUTBOX_SECRET"  # noqa: S105 - the name of a variable
AT_ONCE = 10
"""Messages of one lease."""
MOST_IN_A_ROW = 5
"""After so many failures without a success in between, the sender is taken to be at fault."""
_RESERVE = 60
"""Seconds of a lease for marking."""
_AGAIN = 0.2
_COLLECTED = 1_000
"""Messages between two collections of garbage, which is off otherwise."""
_LARGEST_SECRET, _LARGEST_CA = 4 << 10, 1 << 20
_FOR_THE_STORE = (errors.Busy, errors.OutcomeUnknown, errors.Unreachable, errors.Ended)
"""Refusals after which a mark is tried again, because the message is sent already."""


class Options(NamedTuple):
    """The options that make a sender."""

    program: str | None
    smtp: str | None
    webhook: str | None
    from_: str | None
    secret_file: str | None
    ca: str | None
    channel: Channel | None
    timeout: int


def run(app: AppContext, options: Options, *, limit: int | None) -> None:
    """Send what is due, show how much it was, and end with the status for it."""
    app.store.require_standalone()
    channel = Channel.EMAIL if options.smtp is not None else options.channel
    sender = make(app, options)
    if why := app.read(desk.outbox.why_nothing):
        app.note(why)
    drained = Drain(app, sender, channel=channel, limit=limit, timeout=options.timeout)
    try:
        drained.all()
    finally:
        sender.close()
        app.counts = plain(drained.counted())
    if not app.settings.quiet or app.settings.output:
        app.show(drained.counted())
    if drained.retried or drained.failed:
        raise typer.Exit(PARTLY_DONE)


def make(app: AppContext, options: Options) -> Sender:
    """Return the sender of the options. Refuses what does not go together."""
    if sum(each is not None for each in (options.program, options.smtp, options.webhook)) != 1:
        raise errors.Usage(problem="One of --exec, --smtp and --webhook is needed.")
    if options.program is not None and (options.secret_file or options.ca):
        raise errors.Usage(problem="--secret-file and --ca are for --smtp and --webhook.")
    if (options.from_ is None) == (options.smtp is not None):
        raise errors.Usage(
            problem="--smtp needs --from." if options.smtp is not None else "--from is for --smtp only.",
        )
    if options.smtp is not None and options.channel not in (None, Channel.EMAIL):
        raise errors.Usage(problem="--smtp sends e-mail: it cannot be combined with another --channel.")
    if options.program is not None:
        from clinicctl.senders.program import Program  # Deferred, like the others: a run needs one of them.

        return Program(checks.named("--exec", _command, options.program), timeout=options.timeout)
    authorities = _read(app, options.ca, most=_LARGEST_CA).decode("ascii", "replace") if options.ca else None
    if authorities is not None and "-----BEGIN CERTIFICATE-----" not in authorities:
        raise errors.BadValue(problem="--ca: a file with certificates in PEM.")
    secret = _secret(app, options.secret_file)
    if options.smtp is not None:
        from clinicctl.senders.smtp import MailServer

        return MailServer(
            options.smtp,
            sender=options.from_ or "",
            password=secret.decode("utf-8", "surrogateescape") or None,
            authorities=authorities,
            timeout=options.timeout,
        )
    from clinicctl.senders.webhook import Webhook

    return Webhook(options.webhook or "", secret=secret, authorities=authorities, timeout=options.timeout)


def _command(text: str) -> str:
    if not text:
        raise errors.BadValue(problem="a command such as send-sms.")
    return checks.command(text)


def _secret(app: AppContext, path: str | None) -> bytes:
    """Return the secret from its file, or from the environment."""
    if path is None:
        return os.fsencode(os.environ.get(SECRET, ""))
    return _read(app, path, most=_LARGEST_SECRET, private=True).strip()


def _read(app: AppContext, path: str, *, most: int, private: bool = False) -> bytes:
    try:
        with app.open(path) as file:
            if private and os.fstat(file.fileno()).st_mode & 0o007:
                raise errors.BadValue(
                    problem=f"{path}: every user of this machine can read it or write it.", hint=f"`chmod 600 {path}`"
                )
            content = file.read(most + 1) or b""
    except FileNotFoundError:
        raise errors.NoSuchFile(path=path) from None
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be read") from None
    if len(content) > most:
        raise errors.BadValue(problem=f"{path}: larger than {most >> 10} KiB.")
    return content


class _Write(AppContext):
    """The context of one write of a run, with a key of its own."""

    def __init__(self, app: AppContext, key: str) -> None:
        super().__init__()
        self._store, self.command, self._one = app.store, app.command, replace(app.settings, key=key)

    @property
    def settings(self) -> settings.Settings:
        return self._one


class Drain:
    """A run of a sender over what is due."""

    def __init__(
        self, app: AppContext, sender: Sender, *, channel: Channel | None, limit: int | None, timeout: float
    ) -> None:
        self._app, self._sender, self._channel, self._limit = app, sender, channel, limit
        self._timeout = timedelta(seconds=timeout)
        self._lease = int(timeout * AT_ONCE) + _RESERVE
        self.sent = self.retried = self.failed = self.given_back = 0
        self._in_a_row = 0
        self._signal: int | None = None
        self._problem: str | None = None

    def counted(self) -> SendingRun:
        """Return what became of the messages so far."""
        return SendingRun(self.sent, self.retried, self.failed, self.given_back)

    def all(self) -> None:
        """Send until nothing is due, or the limit is reached.

        A signal ends it after the message in hand. Refuses with `SenderUnavailable` when nothing can be sent.
        """
        gc.freeze()
        left = self._limit
        collected = 0
        while left is None or left > 0:
            given = self._take(AT_ONCE if left is None else min(AT_ONCE, left))
            if not given:
                return
            self._app.wrote = True
            self._send_each(given)
            left = left - len(given) if left is not None else None
            collected += len(given)
            if collected >= _COLLECTED:
                collected = 0
                gc.collect()
            if self._signal is not None:
                raise interrupts.Interrupt(self._signal)
            if self._problem is not None:
                counted = plain(self.counted())
                raise errors.SenderUnavailable(reason=self._problem, **counted)

    def _take(self, limit: int) -> Sequence[OutgoingMessage]:
        """Lease some messages. There are none only if none is due.

        A lease that drops very many may find none to hand out.
        """
        found: Sequence[OutgoingMessage] = []
        while not found and self._app.read(desk.sending.has_due, channel=self._channel):
            request = {"limit": limit, "lease": self._lease, "channel": self._channel}
            found = self._app.execute(desk.outbox.hand_out, request).result
        return found

    def _send_each(self, given: Sequence[OutgoingMessage]) -> None:
        for nth, each in enumerate(given):
            self._note_signal()
            is_late = each.leased_until - clock.now() < self._timeout
            if self._signal is not None or self._problem is not None or is_late:
                self._give_back(given[nth:])
                return
            self._send(each)

    def _send(self, given: OutgoingMessage) -> None:
        current = self._insist(given, lambda: self._app.read(desk.sending.refresh, given=given))
        if current is None:
            self._give_back([given])
            return
        document = json.dumps(plain(current), ensure_ascii=False).encode()
        message = Message(
            current.deduplication_id, current.to or "", current.subject or "", current.text or "", document
        )
        # Here nothing is locked, and no view of the database is open.
        answer = self._sender.send(message)
        self._note_signal()
        self._mark(given, answer)

    def _mark(self, given: OutgoingMessage, answer: Answer) -> None:
        message = parse_key(given.id)
        if isinstance(answer, Sent):
            self._in_a_row = 0
            self._write(given, "sent", desk.outbox.mark_sent, message=message, ref=answer.ref)
            self.sent += 1
            return
        if isinstance(answer, Unavailable):
            self._problem = answer.reason
            self._give_back([given], after=answer.after)
            return
        after = answer.after if isinstance(answer, Retry) else None
        marked = self._write(
            given,
            "failed",
            desk.outbox.mark_failed,
            message=message,
            reason=answer.reason,
            retry_in=after,
            give_up=isinstance(answer, Refused) or None,
            attempt=given.attempt,
        )
        if marked is not None and marked.state is MessageState.PENDING:
            self.retried += 1
        else:
            self.failed += 1
        self._in_a_row = self._in_a_row + 1 if isinstance(answer, Retry) else 0
        if self._in_a_row == MOST_IN_A_ROW:
            self._problem = f"{MOST_IN_A_ROW} messages in a row failed, the last one because {answer.reason}"

    def _write(self, given: OutgoingMessage, step: str, operation: Callable[..., T], **request: object) -> T | None:
        """Mark a message, by a key of the message and the attempt.

        Return None if somebody else has marked it, or has it now.
        """
        key = f"outbox-{step}-{given.deduplication_id}-{given.attempt}"
        try:
            outcome = self._insist(given, lambda: _Write(self._app, key).execute(operation, request))
        except (errors.IllegalStep, errors.OtherAttempt):
            return None
        marked: T = outcome.result
        return marked

    def _give_back(self, given: Sequence[OutgoingMessage], *, after: int | None = None) -> None:
        request = {"messages": [each.id for each in given], "attempts": [each.attempt for each in given]}
        outcome = self._insist(
            given[0], lambda: self._app.execute(desk.sending.give_back, request | ({"after": after} if after else {}))
        )
        self.given_back += len(outcome.result)

    def _insist(self, given: OutgoingMessage, step: Callable[[], T]) -> T:
        """Return what a step in the database returns, also after a signal.

        While the message is leased, the step is repeated when the database is busy or cannot be reached.
        """
        while True:
            try:
                return step()
            except interrupts.Interrupt as stop:
                self._signal = stop.number
                interrupts.acknowledge()
            except _FOR_THE_STORE:
                if clock.now() >= given.leased_until:
                    raise
                clock.pause(_AGAIN)

    def _note_signal(self) -> None:
        """Note a signal that asks to stop. The steps that follow run to their end."""
        try:
            interrupts.check()
        except interrupts.Interrupt as stop:
            self._signal = stop.number
            interrupts.acknowledge()
