"""Read names so that spellings of one name can be compared: across scripts, and without titles and particles."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from operator import attrgetter

from clinicctl.rules.matching import GENERATIONS, MOST_NAMES, accented, plain_words

_TITLES = """
mr mrs ms miss mx dr prof mister professor doctor smt shri sri shrimati sir madam mme mlle monsieur madame hr herr frau
sra srta senor senora don dona haji hajji hajj
"""
_PARTICLES = """
de del della di da do dos das du van von der den ter ten la las los al el ad ar as bin ibn bint ben e y i und and zu zum
af av le les ud us an of the o mc mac abd abdul abdel abdal bd abu abou
"""
_LEFT_OUT = (frozenset(_TITLES.split()), frozenset(_PARTICLES.split()))
"""Words that are left out of a name if others remain."""
_RELATIVES = re.compile(r"\s[sdwhc]\s*/\s*o\b.*", re.IGNORECASE)
"""`s/o`, `d/o`, `w/o`: son, daughter, wife of somebody, whose name follows."""
_CHILD = "[a-d0-9]|boy|girl|son|daughter|male|female|i+"
_BABY = re.compile(
    r"(?:(?:newborn|new born|baby|babe|infant|neonate|nb|bebe|bb|rn|twin|triplet)"
    rf"\s*({_CHILD})?\s*({_CHILD})?\s+(?:of|de|di|von|du)|(?:n\s*)?b\s*/\s*o)\s+(?:([a-d0-9])\s+)?"
)
"""`Baby of`, `Baby boy 2 of`, `B/O`: a newborn under the name of the mother."""

_SPELLINGS = (
    "muhammad mohammed mohamed mohammad mohamad muhammed muhamed mohamud mohd mhd md mhmd muhd",
    "sinh singh",
    "sankt st saint",
    "abdallah abdullah abdulla abdalla allah llh bdllh",
    *("uthman othman osman usman", "yusuf youssef yousef yusef yosef joseph josef jozef", "sulayman suleiman soliman"),
    *("hannah chana hanna hana", "haim chaim hayim", "rebecca rivka rebekah", "ioannis yannis giannis"),
    # Korean family names, which have many spellings.
    *("lee yi rhee i ri", "bak park pak bag", "choe choi choy", "jeong jung chung cheong", "gang kang", "jo cho"),
    *("yun yoon youn", "im lim rim", "sin shin", "mun moon", "gim kim", "seo suh", "an ahn", "baek paek", "gwon kwon"),
)
_ALIASES = {each: line.split()[0] for line in _SPELLINGS for each in line.split()}
"""Words that are spelt very differently, and the one spelling that they get."""
_ARTICLE = "\u0627\u0644"
_VOWELLESS = re.compile("[\u0590-\u05ff\u0600-\u06ff\u0750-\u077f]")
"""Hebrew and Arabic: most vowels are not written, and w, v and y may be vowels."""
_INDIC = re.compile("[\u0900-\u0dff]")
"""Indic scripts: the vowel inside a consonant is not transliterated."""
_CJK = re.compile("[\u3400-\u9fff\uac00-\ud7af]")
_CAPITAL = re.compile("[A-Z][a-z]*")

_IRISH = re.compile(r"\bo['\u2019](?=\w{3})", re.IGNORECASE)
_SERVANT = re.compile(r"^a?bd[aeiou]?(?:l|([rsdtnz])(?=\1))?(?=[a-z]{3})")
_MAC = re.compile("^ma?c(?=[a-z]{4})")
_ARTICLE_JOINED = re.compile("^[ae]l(?=[a-z]{4})")
_BABY_MARKS = {"boy": "male", "son": "male", "girl": "female", "daughter": "female", "i": "1", "ii": "2", "iii": "3"}
_BABY_MARKS |= {"a": "1", "b": "2", "c": "3", "d": "4"}

_SOUNDS: Sequence[tuple[str, str]] = (
    *(
        ("schtsch", "s"),
        ("shch", "s"),
        ("stsch", "s"),
        ("tsch", "C"),
        ("tch", "C"),
        ("sch", "s"),
        ("tz", "s"),
        ("ts", "s"),
    ),
    *(
        ("dsh", "j"),
        ("dzh", "j"),
        ("dj", "j"),
        ("zh", "s"),
        ("sh", "s"),
        ("ch", "C"),
        ("cz", "C"),
        ("sz", "s"),
        ("rz", "s"),
    ),
    *(
        ("ck", "k"),
        ("ph", "f"),
        ("th", "t"),
        ("dh", "d"),
        ("bh", "b"),
        ("gh", "g"),
        ("kh", "k"),
        ("jh", "j"),
        ("lh", "l"),
    ),
    *(("ce", "se"), ("ci", "si"), ("cy", "si"), ("qu", "k"), ("w", "v"), ("z", "s"), ("q", "k"), ("x", "ks")),
    *(
        ("aye", "e"),
        ("ei", "e"),
        ("ai", "e"),
        ("ay", "e"),
        ("ey", "e"),
        ("yi", "i"),
        ("iy", "i"),
        ("ee", "i"),
        ("ie", "i"),
    ),
    *(
        ("oo", "u"),
        ("ou", "u"),
        ("ow", "u"),
        ("ae", "a"),
        ("oe", "o"),
        ("ue", "u"),
        ("eo", "u"),
        ("eu", "u"),
        ("y", "i"),
    ),
    *(("c", "k"), ("C", "c")),
)
"""Spellings of one sound, longer ones first."""
_CLASSES = str.maketrans(
    {
        **dict.fromkeys("kgq", "k"),
        **dict.fromkeys("cjsz", "s"),
        **dict.fromkeys("bpfv", "b"),
        **dict.fromkeys("mn", "n"),
    }
    | {"t": "d", **dict.fromkeys("aeiouyh")}
)
"""Consonants that scripts and languages confuse. Vowels are removed."""
_DIGRAPHS = (
    *(("\u03bc\u03c0", "b"), ("\u03b3\u03b3", "ng"), ("\u03b3\u03ba", "g"), ("\u03b5\u03c5", "ev")),
    *(
        ("\u03b1\u03c5", "av"),
        ("\u03bf\u03c5", "ou"),
        ("\u03bd\u03c4", "d"),
        ("\u0921\u093c", "\u0930"),
        ("\u0902", "\u0928"),
    ),
)
"""Greek and Devanagari letters that `anyascii` reads one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A word of a name. It is equal to itself only, because comparisons are remembered by it.

    `folded` is the word as it is indexed, `latin` has its letters, `sound` the same without variants of spelling, and
    `bones` its consonants in classes. `thin` are the bones without v and w. `bare` says that its script leaves vowels
    out.
    """

    folded: str
    latin: str
    sound: str
    bones: str
    thin: str
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """The words of a name, sorted, and what marks a newborn under the mother's name.

    `forms` are the bones of its words, with and without v and w; for a word with one consonant, the word. Names that
    have none in common are hardly alike. `sounds` has the sounds of all words.
    """

    words: tuple[Word, ...]
    baby: tuple[str, ...] | None
    forms: tuple[str, ...]
    sounds: str


@lru_cache(MOST_NAMES)
def read(name: str) -> Name:
    """Return what a name says, however it is spelt."""
    plain = _RELATIVES.sub("", name) if "/" in name else name
    baby, plain = _newborn(plain)
    plain = _IRISH.sub("", plain) if "'" in plain or "\u2019" in plain else plain
    folded = plain_words(plain)
    # A word with accents is no particle: Văn is not the Dutch van.
    accents = {word for word, _ in accented(plain)}
    listed = _without(_without(folded, _LEFT_OUT[0] | GENERATIONS), _LEFT_OUT[1] - accents)
    found = [(each, *latin) for each in listed for latin in _latin(each)] or [(each, each, False) for each in listed]
    # A particle of another script is one only in Latin letters: Arabic writes Abd as a word of its own.
    found = [each for each in found if each[1] not in _LEFT_OUT[1] or each[1] == each[0]] or found
    words = sorted((word(*each) for each in found), key=_latin_of)
    forms = dict.fromkeys(form if len(form) > 1 else each.latin for each in words for form in (each.bones, each.thin))
    return Name(tuple(words), baby, tuple(forms), " ".join(sorted(each.sound for each in words)))


_latin_of = attrgetter("latin")


def _newborn(name: str) -> tuple[tuple[str, ...] | None, str]:
    """Return what tells a newborn from its siblings, and the name of the mother."""
    folded = name.casefold().replace(".", " ")
    found = _BABY.match(folded)
    if found is None or not (rest := folded[found.end() :].split()):
        return None, name
    marks = {each for each in found.groups() if each}
    if len(rest) > 1 and (rest[-1].isdecimal() or rest[-1] in ("a", "b", "c", "d")):
        marks.add(rest.pop())
    return tuple(sorted({_BABY_MARKS.get(each, each) for each in marks})), " ".join(rest)


def _latin(word: str) -> list[tuple[str, bool]]:
    """Return a folded word in Latin letters.

    Chinese and Korean names are returned as family name and given name.
    """
    if word.isascii():
        return [(word, False)]
    if bare := _VOWELLESS.search(word) is not None:
        word = word[2:] if word.startswith(_ARTICLE) and len(word) > 4 else word
    for letters, sound in _DIGRAPHS:
        word = word.replace(letters, sound)
    written = _transliterate()(word)
    if _CJK.search(word):
        syllables = [each.lower() for each in _CAPITAL.findall(written)]
        if 2 <= len(syllables) <= 4:
            return [(syllables[0], False), ("".join(syllables[1:]), False)]
    plain = "".join(each for each in written.lower() if each.isalnum())
    return [(plain, bare or _INDIC.search(word) is not None)] if plain else []


@cache
def _transliterate() -> Callable[[str], str]:
    from anyascii import anyascii  # Deferred: only names in other scripts need it.

    return anyascii


def in_syllables(word: Word) -> bool:
    """Return whether a word is written in syllables, as in Chinese or Korean.

    Siblings often share one.
    """
    return _CJK.search(word.folded) is not None


def _without(listed: list[str], left_out: frozenset[str]) -> list[str]:
    return [each for each in listed if each not in left_out] or listed


@lru_cache(65_536)
def word(folded: str, latin: str, bare: bool) -> Word:
    """Return a folded word whose letters are Latin ones."""
    latin = _ALIASES.get(latin, latin)
    sound = _sound(latin)
    return Word(folded, latin, sound, _bones(sound), _bones(sound.replace("v", "")), bare)


def _sound(latin: str) -> str:
    if latin != "abdallah":
        latin = _ARTICLE_JOINED.sub("", _MAC.sub("", _SERVANT.sub("", latin)))
    latin = latin[:-1] if latin.endswith("ij") else latin
    for spelled, heard in _SOUNDS:
        if spelled in latin:
            latin = latin.replace(spelled, heard)
    joined = "".join(each for each, _ in groupby(latin))
    return joined.rstrip("h") or joined


def _bones(sound: str) -> str:
    return "".join(each for each, _ in groupby(sound.translate(_CLASSES))) or "a"
