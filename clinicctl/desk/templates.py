"""The clinic's own texts of messages, per language and kind. They are settings of the clinic."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clinicctl import errors, settings
from clinicctl.desk import operations
from clinicctl.results.outbox import Template
from clinicctl.rules import messages
from clinicctl.statuses import MessageKind
from clinicctl.store.compiled import clinic
from clinicctl.store.engine import Tx

_SUBJECT = "subject"
ENGLISH = "en"


class Texts(NamedTuple):
    """The language, the text and the subject in which a message is written."""

    language: str
    text: str
    subject: str


Known = Mapping[str, str]
"""The stored templates: by language and kind, subjects with a further word."""


@operations.SET_TEMPLATE
def set_template(
    tx: Tx, *, language: str, kind: MessageKind, text: str | None = None, subject: str | None = None
) -> Template:
    """Set the text of a kind of message in a language, or the subject of its e-mails.

    Refuses placeholders that are unknown, or that would carry the reason of a visit.
    """
    if text is None and subject is None:
        raise errors.Usage(problem="Nothing to set: give a text, or --subject.")
    given = {
        _name(language, kind): messages.check_template(text, kind) if text is not None else None,
        _name(language, kind, _SUBJECT): messages.check_template(subject, kind, most=messages.SUBJECT)
        if subject is not None
        else None,
    }
    for name, value in given.items():
        if value is not None:
            clinic.delete(tx, name=name)
            clinic.insert(tx, name=name, value=value)
    return _describe(known(tx), language, kind)


@operations.REMOVE_TEMPLATE
def remove(tx: Tx, *, language: str, kind: MessageKind) -> Template:
    """Remove the clinic's own text and subject. Refuses if there are none."""
    gone = [clinic.delete(tx, name=each) for each in (_name(language, kind), _name(language, kind, _SUBJECT))]
    if not any(gone):
        raise errors.NoSuchTemplate(kind=kind, language=language)
    return _describe(known(tx), language, kind)


def list_all(tx: Tx, *, language: str | None = None) -> list[Template]:
    """Return the texts of every kind, in a language.

    Without it, in the clinic's language and in those with a text of their own.
    """
    found = known(tx)
    own = {name.partition(".")[0] for name in found}
    wanted = [language] if language is not None else sorted(own | {tx.clinic.language})
    return [_describe(found, each, kind) for each in wanted for kind in MessageKind]


def known(tx: Tx) -> Known:
    """Return the stored templates."""
    return {each.name.removeprefix(settings.TEMPLATES): each.value for each in clinic.templates(tx)}


def texts(found: Known, kind: MessageKind, languages: Iterable[str]) -> Texts:
    """Return the text and the subject of a kind of message.

    They are in the first of some languages that has the text, or else in English.
    """
    for language in languages:
        text = found.get(f"{language}.{kind}")
        if text is not None:
            return Texts(language, text, found.get(f"{language}.{kind}.{_SUBJECT}", messages.SUBJECTS[kind]))
        if language == ENGLISH:
            break
    return Texts(ENGLISH, messages.TEXTS[kind], found.get(f"{ENGLISH}.{kind}.{_SUBJECT}", messages.SUBJECTS[kind]))


def _describe(found: Known, language: str, kind: MessageKind) -> Template:
    text, subject = found.get(f"{language}.{kind}"), found.get(f"{language}.{kind}.{_SUBJECT}")
    return Template(
        language=language,
        kind=kind,
        text=text if text is not None else messages.TEXTS[kind],
        subject=subject if subject is not None else messages.SUBJECTS[kind],
        own=text is not None or subject is not None,
    )


def _name(language: str, kind: MessageKind, *more: str) -> str:
    return settings.TEMPLATES + ".".join((language, kind, *more))
