"""Check and normalize incoming text, and fold it for comparison.

The rules follow Unicode's general categories, UAX #9 (bidirectional controls) and UAX #31 section 2.3 (joiners between
letters of scripts that use them).
"""

import re
import unicodedata

from clinicctl.errors import BadValue

NAME, NOTE, KEY = 200, 2_000, 255
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,4})?")

_JOINERS = "\u200c\u200d"
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_REFUSED = {"Cc": "control", "Cf": "invisible", "Cs": "broken", "Zl": "line-break", "Zp": "line-break"}
_JOINING = (
    "ARABIC|SYRIAC|MONGOLIAN|NKO|MANDAIC|DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|"
    "SINHALA|MYANMAR|KHMER|TIBETAN|LIMBU|BALINESE|JAVANESE|CHAKMA|NEWA|TIRHUTA|GRANTHA|MEETEI"
)
# These letters have no decomposition, and people write their names with or without them.
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
# Words that are not a name by themselves. Herr, Shri, Master and Miss are not listed, because they are also names.
_TITLES = {*("mr", "mrs", "ms", "mx", "dr", "prof", "mister", "professor", "doctor", "smt", "mme", "mlle")}
_TITLES |= {
    *("monsieur", "madame", "hr", "fr", "frau", "sr", "sra", "srta", "se\u00f1or", "se\u00f1ora", "senor", "senora")
}
_BETWEEN_TITLES = {*("and", "und", "et", "y", "med")}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


_REPLACEMENT = "\ufffd"
_MARKS = (
    " \t\r\n\u00a0\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c"
    "\u202d\u202e\u202f\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Spaces and invisible marks."""


def clean(text: str, *, what: str, longest: int) -> str:
    """Return a text in NFC, with single spaces.

    Refuses an empty text, more than `longest` characters, control characters, line breaks, bidirectional controls,
    zero-width characters (except joiners between letters of a script that uses them), and invalid Unicode. The refusal
    names the field (`what`) and never repeats the text.
    """
    if len(text) > longest * 4:
        raise BadValue(problem=f"The {what} is too long: at most {longest} characters.")
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        for at, letter in enumerate(text):
            if kind := forbidden(text, at):
                code = f"U+{ord(letter):04X}"
                raise BadValue(problem=f"The {what} contains a character that is not allowed ({kind}, {code}).")
    text = " ".join(text.split())
    if not text:
        raise BadValue(problem=f"The {what} is empty.")
    if len(text) > longest:
        raise BadValue(problem=f"The {what} is too long: at most {longest} characters.")
    return text


def forbidden(text: str, at: int) -> str | None:
    """Return the kind of a forbidden character, or None for an allowed one.

    Input with these characters is refused; output makes them visible.
    """
    letter = text[at]
    kind = "invisible" if letter in _INVISIBLE else _REFUSED.get(unicodedata.category(letter))
    return None if kind and letter in _JOINERS and _joins(text, at) else kind


def without_marks(text: str) -> str:
    """Return a text without spaces and invisible marks around it.

    Spreadsheets and messengers leave them around phones, codes and dates.
    """
    return text.strip(_MARKS) if text else text


def name(text: str) -> str:
    """Return a person's name.

    Refuses a name without a letter, a title alone, and what `clean` refuses.
    """
    cleaned = clean(text, what="name", longest=NAME)
    if _REPLACEMENT in cleaned:
        raise BadValue(
            problem="The name contains a replacement character (U+FFFD): the text was read in the wrong encoding."
        )
    if not any(letter.isalpha() for letter in cleaned):
        raise BadValue(problem="The name has no letters.")
    if is_title(cleaned):
        raise BadValue(problem="The name is only a title: add the name after it.")
    return cleaned


def is_title(text: str) -> bool:
    """Return whether a text has only titles: `Mr.`, `Prof. Dr.`, `Mr. & Mrs.`."""
    words = set(fold(text).split()) - _BETWEEN_TITLES
    return bool(words) and words <= _TITLES


def note(text: str) -> str | None:
    """Return a note, or None for an empty one, which clears the note."""
    return clean(text, what="note", longest=NOTE) if text.strip(" ") else None


def email(text: str) -> str | None:
    """Return an e-mail address, or None for an empty text.

    Refuses an impossible address.
    """
    if not text.strip(" "):
        return None
    cleaned = clean(text, what="e-mail", longest=254)
    if not _EMAIL.fullmatch(cleaned):
        raise BadValue(problem="Not an e-mail address. Example: anna@example.org.")
    return cleaned


def language(text: str) -> str:
    """Return the code of a language in small letters, such as `en` or `pt-br`."""
    code = without_marks(text).lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(code):
        raise BadValue(problem="Not a language: use its code, such as en, de or pt-br.")
    return code


def ref(text: str) -> str:
    """Return a short text of another program, such as its name for a message."""
    return clean(text, what="text", longest=NAME)


def phone(text: str) -> str:
    """Return a phone with plain spaces, round brackets, and the digits 0-9.

    A leading apostrophe (a spreadsheet's mark for text) and `tel:` are removed. Refuses phones that a spreadsheet has
    converted to numbers, because their last digits may be wrong.
    """
    plain = unicodedata.normalize("NFKC", without_marks(text)[: NAME + 1])
    plain = "".join(str(unicodedata.decimal(each, each)) for each in plain).strip(" ")
    if not 1 <= len(plain) <= NAME or not plain.isprintable():
        raise BadValue(problem="Not a phone number.")
    plain = _TEL.sub("", plain.lstrip("'\u2018\u2019 "), count=1).translate(_BRACKETS)
    if _DECIMAL.fullmatch(plain):
        raise BadValue(
            problem="Not a phone number: a spreadsheet has added a decimal point.",
            hint="Format the column as text, and enter the phone again.",
        )
    if _SCIENTIFIC.fullmatch(plain):
        raise BadValue(
            problem="Not a phone number: a spreadsheet has lost its last digits to scientific notation.",
            hint="Format the column as text, and enter the phone again.",
        )
    if not plain:
        raise BadValue(problem="Not a phone number.")
    return plain


def is_no_phone(text: str) -> bool:
    """Return whether a cell means no phone: empty, `n/a`, `-`, `0` or `none`."""
    text = text.strip()
    return not text or _NO_PHONE.fullmatch(text) is not None


def key(text: str) -> str:
    """Return an idempotency key unchanged.

    Refuses anything but 1 to 255 printable characters.
    """
    if not 1 <= len(text) <= KEY or not text.isprintable() or text.isspace():
        raise BadValue(problem="Not a key. A key has 1 to 255 printable characters.")
    return text


def fold(text: str) -> str:
    """Return a text without case, accents and punctuation, for comparison.

    Marks that are letters (Devanagari and Thai vowels) stay. Optional marks (Latin accents, Hebrew points, Arabic vowel
    signs) are removed.
    """
    if text.isascii() and text.isalnum():
        return text.lower()
    return unicodedata.normalize("NFC", " ".join(_ACCENTS.sub("", _decomposed(text)).split()))


def search_words(name: str) -> set[str]:
    """Return the folded words by which a name is found.

    A name with an apostrophe is found by the part after it, too: O'Neill by `oneill` and by `neill`.
    """
    found = set(fold(name).split())
    return found | set(fold(parted).split()) if (parted := _APOSTROPHES.sub(" ", name)) != name else found


def accents(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each folded word with the accents of each letter, which `fold` removes."""
    found = []
    for word in _decomposed(text).split():
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


def _decomposed(text: str) -> str:
    """Return a decomposed text in lower case, with spaces between words."""
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold().translate(_PLAIN)
    return "".join(each if each.isalnum() or unicodedata.category(each)[0] in "MC" else " " for each in decomposed)


def _joins(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(before and after) and all(re.match(_JOINING, unicodedata.name(each, "")) for each in (before, after))
