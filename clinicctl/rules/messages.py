"""Decide when messages are due, and make their texts from templates."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Protocol

from clinicctl.errors import BadValue
from clinicctl.rules import hours
from clinicctl.rules.text import forbidden
from clinicctl.statuses import Channel, MessageKind, Notify

K = MessageKind

NEWS = frozenset({K.BOOKED, K.MOVED, K.CANCELLED, K.PROMOTED})
"""The kinds that report a write. Of several about one visit only the last is handed out."""

MOST_ATTEMPTS = 5
"""After so many leases without success a message has failed."""
_FIRST_RETRY, _FACTOR = timedelta(minutes=1), 4

NO_LONGER_SENT = "the clinic does not send it any more"
"""Why a message of changed settings is dropped."""

TEXT = 1_000
SUBJECT = 200
"""The most characters of the templates."""

_IN_TEMPLATES = "\n\u200c\u200d\u200e\u200f"
"""Line breaks, joiners, which emoji have, too, and the marks that order a number in a text from right to left."""

PLACES: Mapping[str, str] = {
    "clinic": "the clinic's name",
    "patient": "the patient's name",
    "doctor": "the doctor's name",
    "date": "the date of the visit",
    "time": "its time, empty for a visit without one",
    "when": "the date, and the time if there is one",
    "number": "the number of the appointment, such as A42",
    "ahead": "the number of people ahead (only of `near`)",
}
"""The placeholders of templates, with their meaning."""
_NEVER = frozenset(
    ("reason", "cancel_reason", "diagnosis", "note", "visit_type", "specialty", "born", "age", "sex", "phone", "email")
)
_ID = re.compile(r"a?([1-9][0-9]{0,8})-([a-z]+)(?:-([1-9][0-9]{0,11}))?")
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_SPAN = 7 * 86_400
_PLACE = re.compile(r"\{([^{}]*)\}")

TEXTS: Mapping[MessageKind, str] = {
    K.BOOKED: "{clinic}: {patient} has a visit with {doctor} on {when}.",
    K.MOVED: "{clinic}: The visit of {patient} with {doctor} is now on {when}.",
    K.CANCELLED: "{clinic}: The visit of {patient} with {doctor} on {when} is cancelled. Please call us.",
    K.PROMOTED: "{clinic}: A place has come free. {patient} has a visit with {doctor} on {when}.",
    K.REMINDER: "{clinic}: Reminder of the visit of {patient} with {doctor} on {when}.",
    K.NEAR: "{clinic}: {patient}, your turn with {doctor} is near. People ahead of you: {ahead}.",
}
SUBJECTS: Mapping[MessageKind, str] = {
    K.BOOKED: "{clinic}: your visit on {date}",
    K.MOVED: "{clinic}: your visit is now on {date}",
    K.CANCELLED: "{clinic}: your visit on {date} is cancelled",
    K.PROMOTED: "{clinic}: your visit on {date}",
    K.REMINDER: "{clinic}: reminder of your visit on {date}",
    K.NEAR: "{clinic}: your turn is near",
}
"""The texts and the subjects of e-mails, in English, for what the clinic has no template of its own."""


class MessageKey(NamedTuple):
    """What names a message: its appointment, its kind and its occasion, as in `A17-reminder-1440`."""

    appointment: int
    kind: MessageKind
    occasion: int

    def __str__(self) -> str:
        occasion = f"-{self.occasion}" if self.occasion else ""
        return f"A{self.appointment}-{self.kind}{occasion}"


def parse_key(text: str) -> MessageKey:
    """Return the key of a message from its id."""
    found = _ID.fullmatch(text.strip().lower())
    if found is None or found[2] not in set(K):
        raise BadValue(problem="Not a message: use an id like A17-reminder-1440, as `clinicctl outbox list` shows it.")
    return MessageKey(int(found[1]), K(found[2]), int(found[3] or 0))


def parse_span(text: str) -> int:
    """Return the seconds of a length of time: `30s`, `5m`, `2h` or `1d`.

    Refuses more than 7 days.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    span = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < span <= _LONGEST_SPAN:
        raise BadValue(problem="Not a length of time: use 30s, 5m, 2h or 1d, at most 7d.")
    return span


class Visit(Protocol):
    """The date and the time of a visit."""

    @property
    def date(self) -> date: ...
    @property
    def time(self) -> time | None: ...
    @property
    def after_midnight(self) -> bool: ...


def start(visit: Visit, zone: tzinfo, *, day_start: str) -> datetime:
    """Return when a visit begins: with the day, if it has no time."""
    at = visit.time or time.fromisoformat(day_start)
    begin = hours.instant(visit.date, hours.minutes_of(at, after_midnight=visit.after_midnight), zone)
    return begin.astimezone(UTC)


def end(visit: Visit, zone: tzinfo, *, day_start: str) -> datetime:
    """Return until when news of a visit matter: until it begins.

    Without a time, it is the end of its day.
    """
    if visit.time is not None:
        return start(visit, zone, day_start=day_start)
    return hours.instant(visit.date + timedelta(days=1), 0, zone).astimezone(UTC)


def goes_out(due: datetime, zone: tzinfo, quiet: tuple[int, int] | None) -> datetime:
    """Return the first instant from `due` on that is outside the quiet hours.

    The hours are those of the clinic's clock, also on a day on which it changes.
    """
    local = due.astimezone(zone)
    if quiet is None or not _is_within(local, quiet):
        return due
    _, last = quiet
    on = local.date() if local.hour * 60 + local.minute < last else local.date() + timedelta(days=1)
    after = hours.instant(on, last, zone).astimezone(UTC)
    # Of a time that the clock shows twice this is the first, and `due` may be after it.
    while after <= due or is_quiet(after, zone, quiet):
        after += timedelta(minutes=15)
    return after


def is_quiet(now: datetime, zone: tzinfo, quiet: tuple[int, int] | None) -> bool:
    """Return whether an instant is within the quiet hours."""
    return quiet is not None and _is_within(now.astimezone(zone), quiet)


def _is_within(local: datetime, quiet: tuple[int, int]) -> bool:
    first, last = quiet
    minute = local.hour * 60 + local.minute
    return first <= minute < last if first < last else minute >= first or minute < last


def retry_after(attempts: int) -> timedelta:
    """Return how long a message waits after a failed attempt: 1, 4, 16, 64 minutes."""
    return _FIRST_RETRY * int(_FACTOR ** max(attempts - 1, 0))


def channel(notify: Notify | None, phone: str | None, email: str | None) -> Channel | None:
    """Return the channel to a patient, or None.

    There is none without an address, and for a patient who wants no messages.
    """
    wanted = Channel(notify) if notify is not None and notify is not Notify.NONE else None
    if notify is None:
        wanted = Channel.SMS if phone else Channel.EMAIL
    return wanted if address(wanted, phone, email) else None


def address(channel: Channel | None, phone: str | None, email: str | None) -> str | None:
    """Return the phone or the e-mail address that a channel uses."""
    if channel is None:
        return None
    return email if channel is Channel.EMAIL else phone


def check_template(text: str, kind: MessageKind, *, most: int = TEXT) -> str:
    """Return a template.

    Refuses unknown placeholders, and those that would carry the reason of a visit.
    """
    is_plain = all(each in _IN_TEMPLATES or not forbidden(text, at) for at, each in enumerate(text))
    if not text.strip() or len(text) > most or not is_plain:
        raise BadValue(problem=f"A template has 1 to {most:,} printable characters.")
    if most == SUBJECT and "\n" in text:
        raise BadValue(problem="A subject is one line.")
    for name in _PLACE.findall(text):
        if name in _NEVER:
            raise BadValue(problem=f"{{{name}}}: a message never has the reason of a visit, or details of the patient.")
        if name not in PLACES or (name == "ahead" and kind is not K.NEAR):
            allowed = ", ".join(f"{{{each}}}" for each in PLACES if each != "ahead" or kind is K.NEAR)
            raise BadValue(problem=f"A placeholder of the template is unknown. Those of `{kind}` are {allowed}.")
    if any(each in _PLACE.sub("", text) for each in "{}"):
        raise BadValue(problem="A template has a brace without its other one.")
    return text


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its placeholders filled in."""
    return _PLACE.sub(lambda found: values[found[1]], template)


def languages(own: str | None, clinics: str) -> list[str]:
    """Return the languages in which a text is looked for, the best first.

    They are `pt-br`, `pt`, and the clinic's.
    """
    wanted = [each for each in (own, clinics) if each]
    return list(dict.fromkeys(code for each in wanted for code in (each, each.partition("-")[0])))


def written(on: date, order: str) -> str:
    """Return a date in the clinic's order: 23/11/2026 or 11/23/2026.

    Without an order, it is 2026-11-23.
    """
    return {"dmy": f"{on:%d/%m/%Y}", "mdy": f"{on:%m/%d/%Y}"}.get(order, on.isoformat())


def is_replaced(lead: int, leads: Iterable[int], begins: datetime, now: datetime) -> bool:
    """Return whether a reminder closer to the visit is due, too."""
    return any(each < lead and begins - timedelta(minutes=each) <= now for each in leads)
