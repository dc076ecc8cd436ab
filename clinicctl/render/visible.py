"""Text as it may reach a terminal: what the clinic would refuse to take in is made visible, should it be met."""

from clinicctl.rules.text import forbidden


def visible(text: str) -> str:
    """Return `text` with every character that a terminal would obey, or not show, as `<U+001B>`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(each):04X}>" if forbidden(text, at) else each for at, each in enumerate(text))
