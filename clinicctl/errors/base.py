"""The base classes of every error, and the errors that concern no single noun."""

from typing import Any, ClassVar

LISTED = 20
"""The most candidates that an error lists; `candidates_count` is the number of all."""


class Refusal(Exception):
    """An answer that says what is wrong and what to do.

    The class has the code, the exit status and the sentence; the instance has the details. The sentence is made from
    the details, so that text, JSON and the log agree. Neither contains a name, a phone, an e-mail address or a birth
    date. The exception is `AnswerAboutPeople`, whose details list the people concerned.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 70
    sentence: ClassVar[str] = "{problem}"
    advice: ClassVar[str | None] = None

    def __init__(self, *, hint: str | None = None, **details: Any) -> None:
        self.details = {name: value for name, value in details.items() if name != "problem"}
        """The values that a script may use."""
        self.hint = hint or (self.advice.format(**details) if self.advice else None)
        super().__init__(self.compose(details))

    def compose(self, details: dict[str, Any]) -> str:
        """Return the sentence for these details."""
        return self.sentence.format(**details)


def family() -> list[type[Refusal]]:
    """Return every error with a code of its own, by exit status.

    A test compares the documentation with it.
    """
    found: list[type[Refusal]] = []
    rest = [Refusal]
    while rest:
        rest.extend(below := rest.pop(0).__subclasses__())
        found += [each for each in below if "code" in vars(each)]
    return sorted(set(found), key=lambda each: (each.status, each.code, each.__name__))


class AnswerAboutPeople(Refusal):
    """An error whose details list the people, or the doctors, that may be meant.

    They never have the whole phone.

    The likeliest of `candidates` come first, and only the first `LISTED` are included; `count` is the number of all.
    `reference` is the input that the candidates may mean. It may be a name, so it is no detail.
    """

    def __init__(self, *, hint: str | None = None, reference: str | None = None, **details: Any) -> None:
        self.reference = reference
        if "candidates" in details:
            details |= {"candidates": details["candidates"][:LISTED], "candidates_count": details["count"]}
        super().__init__(hint=hint, **details)


# 1: cancelled at a prompt; 129, 130 and 143: stopped by a signal


class Cancelled(Refusal):
    code, status, sentence = "cancelled", 1, "Cancelled; nothing was written."


class Interrupted(Refusal):
    """A signal asked the program to stop.

    The problem names the writes whose answers were lost.
    """

    def __init__(self, *, problem: str = "") -> None:
        super().__init__(problem=f" {problem}" if problem else "")


class Stopped(Interrupted):
    code, status, sentence = "interrupted", 130, "Interrupted.{problem}"


class Terminated(Interrupted):
    code, status, sentence = "interrupted", 143, "Terminated.{problem}"


class HungUp(Interrupted):
    code, status, sentence = "interrupted", 129, "The terminal was closed.{problem}"


# 2: usage


class Usage(Refusal):
    code, status = "usage", 2


class MoreThanAsked(Refusal):
    """More appointments came between the question and the lock.

    The confirmation does not cover them.
    """

    code, status = "usage", 2
    sentence = "This would end or move {count} appointments, but you confirmed only {asked}; nothing was written."
    advice = "Run it again, or add --yes."


class OtherThanAsked(Refusal):
    """Another write became the last one before the lock was taken.

    The confirmation does not apply to it.
    """

    code, status = "usage", 2
    sentence = "The write to undo is now {found}, no longer {asked}; nothing was written."
    advice = "Run it again."


class BadValue(Refusal):
    """A value that is not understood. The problem never repeats a personal value."""

    code, status = "invalid_value", 2


class PasswordInUrl(Refusal):
    """Other users of the machine can read the arguments of a process. The message does not repeat the URL."""

    code, status = "invalid_value", 2
    sentence = "db: a URL with a password is not accepted, because other users of this machine could read it."
    advice = "Put the password in a file that PGPASSFILE names, or in a service file, with mode 0600."


# 4: not found; 6: conflict; 7: refused by a rule


class NotFound(Refusal):
    status = 4


class NoSuchSetting(NotFound):
    code = "setting_not_found"


class Conflict(Refusal):
    status = 6


class AgainstRule(Refusal):
    status = 7


# 70, 74


class OutOfMemory(Refusal):
    code, status, sentence = "out_of_memory", 74, "The machine has no memory left."
    advice = "Nothing was written unless a result was shown."


class Internal(Refusal):
    """A bug. The exception's own text is not shown, because it may contain a name."""

    code, status, sentence = "internal", 70, "Internal error {reference} ({kind})."
    advice = "This is a bug in clinicctl; nothing was written unless a result was shown."
