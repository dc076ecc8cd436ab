"""Text that comes in: what is taken, what is refused, and how it is made comparable.

Source of the rules: Unicode's general categories, UAX #9 (bidirectional controls), UAX #31 section 2.3 (joiners between
letters of the scripts that use them).
"""

import re
import unicodedata

from clinicctl.errors import BadValue

NAME, NOTE, KEY = 200, 2_000, 255

_JOINERS = "\u200c\u200d"
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_REFUSED = {"Cc": "control", "Cf": "invisible", "Cs": "broken", "Zl": "line-break", "Zp": "line-break"}
_JOINING = (
    "ARABIC|SYRIAC|MONGOLIAN|NKO|MANDAIC|DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|"
    "SINHALA|MYANMAR|KHMER|TIBETAN|LIMBU|BALINESE|JAVANESE|CHAKMA|NEWA|TIRHUTA|GRANTHA|MEETEI"
)
# Letters that have no decomposition, and whose holders write them either way.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]")
_APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u02bc\u02bb\u05f3]")
_BRACKETS = str.maketrans("[{<]}>", "((()))")
_TEL = re.compile("tel(?:efon|ephone)?[:.] *", re.IGNORECASE)
_DECIMAL = re.compile(r"\+?[0-9]{7,}[.,][0-9]{1,2}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)? ?e ?[+-]?[0-9]{1,3}", re.IGNORECASE)
_NO_PHONE = re.compile(
    r"0+|[-\u2010-\u2015\u2212_.?/]+|none|no|nil|null|nan|na|n/a|n\.a\.?|unknown|no phone|not (available|applicable)",
    re.IGNORECASE,
)
# Words that are no name by themselves. Herr, Shri, Master and Miss are missing because people are called so.
_TITLES = {*("mr", "mrs", "ms", "mx", "dr", "prof", "mister", "professor", "doctor", "smt", "mme", "mlle")}
_TITLES |= {
    *("monsieur", "madame", "hr", "fr", "frau", "sr", "sra", "srta", "se\u00f1or", "se\u00f1ora", "senor", "senora")
}
_BETWEEN_TITLES = {*("and", "und", "et", "y", "med")}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def clean(said: str, *, what: str, longest: int) -> str:
    """Return `said` in NFC with runs of spaces folded to one.

    Refuses, naming `what` but never repeating the text: nothing at all, more than `longest` characters, control
    characters, line breaks, bidirectional controls, zero-width characters (but joiners between letters of a script
    that uses them), and text that is not Unicode.
    """
    if len(said) > longest * 4:
        raise BadValue(problem=f"The {what} is too long: at most {longest} characters.")
    if not (said.isascii() and said.isprintable()):
        said = unicodedata.normalize("NFC", said)
        for at, letter in enumerate(said):
            if kind := forbidden(said, at):
                code = f"U+{ord(letter):04X}"
                raise BadValue(problem=f"The {what} holds a character that is not allowed ({kind}, {code}).")
    said = " ".join(said.split())
    if not said:
        raise BadValue(problem=f"The {what} is empty.")
    if len(said) > longest:
        raise BadValue(problem=f"The {what} is too long: at most {longest} characters.")
    return said


def forbidden(text: str, at: int) -> str | None:
    """Return of what kind the character at a place is that must not stand there; None for one that may.

    What is refused coming in is what is made visible going out.
    """
    letter = text[at]
    kind = "invisible" if letter in _INVISIBLE else _REFUSED.get(unicodedata.category(letter))
    return None if kind and letter in _JOINERS and _joins(text, at) else kind


def name(said: str) -> str:
    """Return a person's name. Refuses what `clean` refuses, a name without a letter, and a title alone."""
    cleaned = clean(said, what="name", longest=NAME)
    if not any(letter.isalpha() for letter in cleaned):
        raise BadValue(problem="The name has no letter in it.")
    if is_title(cleaned):
        raise BadValue(problem="The name is only a title: add the name after it.")
    return cleaned


def is_title(said: str) -> bool:
    """Return whether there is nothing but titles: `Mr.`, `Prof. Dr.`, `Mr. & Mrs.`."""
    words = set(fold(said).split()) - _BETWEEN_TITLES
    return bool(words) and words <= _TITLES


def note(said: str) -> str | None:
    """Return a note, or None for an empty one, which clears what stands."""
    return clean(said, what="note", longest=NOTE) if said.strip(" ") else None


def email(said: str) -> str | None:
    """Return an e-mail address, or None for an empty one. Refuses what cannot be one; only a letter proves one."""
    if not said.strip(" "):
        return None
    cleaned = clean(said, what="e-mail", longest=254)
    if not _EMAIL.fullmatch(cleaned):
        raise BadValue(problem="Not an e-mail address: one is anna@example.org.")
    return cleaned


def phone(said: str) -> str:
    """Return a phone with plain spaces, round brackets, and the digits of every script as 0-9.

    An apostrophe before it (a spreadsheet's mark for text) and `tel:` are left out. Refuses what a spreadsheet made of
    a phone that it took for a number: the last digits may be lost, or there is one that nobody typed.
    """
    plain = unicodedata.normalize("NFKC", said[: NAME + 1])
    plain = "".join(str(unicodedata.decimal(each, each)) for each in plain).strip(" ")
    if not 1 <= len(plain) <= NAME or not plain.isprintable():
        raise BadValue(problem="Not a phone number.")
    plain = _TEL.sub("", plain.lstrip("'\u2018\u2019 "), count=1).translate(_BRACKETS)
    if _DECIMAL.fullmatch(plain):
        raise BadValue(
            problem="Not a phone number: it looks like a number with a decimal point, as a spreadsheet writes it.",
            hint="Format the column as text, and type the phone anew.",
        )
    if _SCIENTIFIC.fullmatch(plain):
        raise BadValue(
            problem="Not a phone number: a spreadsheet wrote it in scientific notation, and its last digits are lost.",
            hint="Format the column as text, and type the phone anew.",
        )
    if not plain:
        raise BadValue(problem="Not a phone number.")
    return plain


def is_no_phone(said: str) -> bool:
    """Return whether a cell of a file says that there is no phone: empty, `n/a`, `-`, `0`, `none` and the like."""
    said = said.strip()
    return not said or _NO_PHONE.fullmatch(said) is not None


def key(said: str) -> str:
    """Return an idempotency key: 1 to 255 printable characters, as they are."""
    if not 1 <= len(said) <= KEY or not said.isprintable() or said.isspace():
        raise BadValue(problem="Not a key: a key has 1 to 255 printable characters.")
    return said


def fold(said: str) -> str:
    """Return `said` without case, accents and punctuation, one space between words: what two spellings share.

    Marks that are letters (Devanagari and Thai vowels) stay; those that are optional (Latin accents, Hebrew points,
    Arabic vowel signs) go.
    """
    if said.isascii() and said.isalnum():
        return said.lower()
    return unicodedata.normalize("NFC", " ".join(_ACCENTS.sub("", _decomposed(said)).split()))


def accents(said: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each folded word with the accents of each of its letters: those that `fold` takes away."""
    found = []
    for word in _decomposed(said).split():
        letters, marks = list[str](), list[str]()
        for each in word:
            if not _ACCENTS.match(each):
                letters.append(each)
                marks.append("")
            elif marks:
                marks[-1] += each
        if letters:
            found.append((unicodedata.normalize("NFC", "".join(letters)), tuple(marks)))
    return found


def _decomposed(said: str) -> str:
    """A text without case and apostrophes, accents apart from their letters, and spaces between the words."""
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", said)).casefold().translate(_PLAIN)
    return "".join(each if each.isalnum() or unicodedata.category(each)[0] in "MC" else " " for each in decomposed)


def _joins(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(before and after) and all(re.match(_JOINING, unicodedata.name(each, "")) for each in (before, after))
