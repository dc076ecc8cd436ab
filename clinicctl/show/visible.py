"""Text as it may reach a terminal: every control, invisible or direction-changing character made visible."""

import unicodedata

_JOINERS = "\u200c\u200d"
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """Return `text` with every character that a terminal would obey, or not show, as `<U+001B>`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(each):04X}>" if hidden(each) else each for each in text)


def hidden(letter: str) -> bool:
    """Whether a character must not reach a terminal as it is. Joiners may: letters of many scripts need them."""
    return unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS
