"""Hand one message to a program, a mail server or a web service, and say what became of it.

A sender knows no database: nothing is locked while it waits. Its answers have nothing of a person.
"""

import re
from typing import NamedTuple, Protocol

LONGEST_REF = 128
_REF = re.compile(rf"[!-~]{{1,{LONGEST_REF}}}")
_DIGITS_OF_A_PHONE = 4
"""So many digits of a phone in a row are taken for the phone."""


class Message(NamedTuple):
    """A message on its way. `document` is all of it as JSON, for other programs."""

    deduplication_id: str
    to: str
    subject: str
    text: str
    document: bytes


class Sent(NamedTuple):
    """The message was accepted. `ref` is the provider's name for it."""

    ref: str | None = None


class Retry(NamedTuple):
    """The message was not accepted, or nobody knows. It is tried again, after so many seconds if given."""

    reason: str
    after: int | None = None


class Refused(NamedTuple):
    """The message is not accepted, however often it is tried."""

    reason: str


class Unavailable(NamedTuple):
    """Nothing was sent, and no other message would be: the message is not at fault.

    `after` is in how many seconds the service may be asked again, if it says so.
    """

    reason: str
    after: int | None = None


Answer = Sent | Retry | Refused | Unavailable


class Sender(Protocol):
    """A way to send messages, one after the other."""

    def send(self, message: Message) -> Answer:
        """Send a message, and wait for the answer within the sender's timeout."""

    def close(self) -> None:
        """End the connection, if there is one."""


def clean_ref(text: str, message: Message) -> str | None:
    """Return a provider's name for a message: one word of printable ASCII.

    Return None if it is not one, or has the address or a word of the text.
    """
    word = text.strip()
    if not _REF.fullmatch(word):
        return None
    address = message.to.casefold()
    if "@" in address:
        is_personal = any(len(each) > 2 and each in word.casefold() for each in (address, address.partition("@")[0]))
    else:
        digits = "".join(each for each in address if each.isdigit())
        is_personal = bool(digits) and digits[-2 * _DIGITS_OF_A_PHONE :] in "".join(filter(str.isdigit, word))
    words = {each.casefold() for each in re.findall(r"[^\W\d_]{3,}", message.text)}
    is_personal = is_personal or any(each.casefold() in words for each in re.findall(r"[A-Za-z]{3,}", word))
    return None if is_personal else word
