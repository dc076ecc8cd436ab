"""Decide whether two records are the same person, may be, or are not."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Protocol

from clinicctl.rules.text import accents, fold
from clinicctl.statuses import Sex

SAME, NEAR = 100, 75
"""Scores from 0 to 100. From NEAR, a registration asks; SAME on the same phone is the patient on file."""

MOST_SHARING = 50
"""The most patients on one phone. A phone with more is a placeholder and identifies nobody."""

MOST_NAMES = 131_072
"""The most names whose parts are remembered: those of a large clinic."""

_MARKS = {
    **dict.fromkeys(("jr", "junior"), "jr"),
    **dict.fromkeys(("sr", "senior"), "sr"),
    **dict.fromkeys(("ii", "2nd"), "2"),
    **dict.fromkeys(("iii", "3rd"), "3"),
    **dict.fromkeys(("iv", "4th"), "4"),
    **{str(number): str(number) for number in range(1, 10)},
}
"""Words that distinguish people with the same name. Single letters are initials, not marks."""

GENERATIONS = frozenset(_MARKS)
"""The marks of generations and numbers, in all spellings."""

_POINTS = "\u0590"
"""The first of the Hebrew points and Arabic vowel signs; the accents before it are Latin, Greek and Cyrillic."""

_LIKE_LETTERS = ("aeiou", "bp", "bvw", "ckq", "cs", "dt", "fp", "gj", "ijy", "sz")
"""Letters that stand for one another at the beginning of a misspelt word."""

LIKE = 0.6
"""The least similarity of a word to a misspelt one, 0 to 1. `likeness` decides on the whole names."""

MOST_LIKE = 20
"""The most words that a misspelt one may mean."""


class Person(Protocol):
    """The details that identify a person, given or on file."""

    @property
    def name(self) -> str: ...
    @property
    def born(self) -> date | None: ...
    @property
    def born_year(self) -> int | None: ...
    @property
    def sex(self) -> str | None: ...


class Described(Person, Protocol):
    """A person on file, with the details that can contradict a match."""

    @property
    def created_at(self) -> datetime: ...


def words(name: str) -> list[str]:
    """Return the folded words of a name in order."""
    return fold(name).split()


def name_key(name: str) -> str:
    """Return a key that all spellings of a name share: its folded words, sorted."""
    return " ".join(sorted(words(name)))


def like_words(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that may be a word spelt differently.

    They differ by few edits (a swap of neighbours is one), or begin with the word. The likeliest come first, and at
    most `MOST_LIKE` are returned.
    """
    similarity = _edits()
    scored = [(similarity(word, each, score_cutoff=LIKE), each) for each in known]
    begins = len(word) >= 3
    found = sorted((-score, each) for score, each in scored if score or (begins and each.startswith(word)))
    return [each for _, each in found[:MOST_LIKE]]


def beginnings(word: str) -> list[str]:
    """Return how the word on file may begin if a word is misspelt.

    The likeliest come first: it begins the same, with the first two letters swapped, without the first one, with
    another letter for the same sound, or with the first letter only.
    """
    head, rest = word[:1], word[1:2]
    sounds = {each for letters in _LIKE_LETTERS if head in letters for each in letters if each != head}
    return list(dict.fromkeys([word[:2], rest + head, word[1:3], *(each + rest for each in sorted(sounds)), head]))


def same_birth(born: date | None, year: int | None, other: date | None, other_year: int | None) -> bool | None:
    """Return whether two birth dates agree; None if one is unknown.

    A year without a date comes from an age, so that a difference of one year is accepted.
    """
    if born and other:
        return born == other
    one, two = born.year if born else year, other.year if other else other_year
    return None if one is None or two is None else abs(one - two) <= 1


@lru_cache(MOST_NAMES)
def marks(name: str) -> tuple[str, ...]:
    """Return the generation and number marks of a name: `jr` for Junior and Jr."""
    found = [_MARKS[each] for each in plain_words(name) if each in _MARKS]
    return tuple(sorted(found)) if len(found) < len(words(name)) else ()


def same_name(one: str, other: str) -> bool:
    """Return whether two names are equal apart from spelling.

    Case, accents, spaces, word order and the spelling of marks are ignored.
    """
    return _canonical(one) == _canonical(other)


@lru_cache(MOST_NAMES)
def accented(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the folded words with accents, sorted, each with its accents."""
    return () if name.isascii() else tuple(sorted(each for each in accents(name) if any(each[1])))


def accents_differ(one: str, other: str) -> bool:
    """Return whether a shared word has accents in both names, but different ones.

    Different accents on a letter differ (Nguyên, Nguyễn), and so do different accents in a word (Thùy, Thuỷ). The same
    accent on another letter is a spelling variant (Thúy, Thuý). Accents are often omitted, so that none match any.
    """
    left, right = accented(one), accented(other)
    return any(
        not any(_same_accents(form, each) for each in forms)
        for mine, theirs in ((left, right), (right, left))
        for word, form in mine
        if (forms := [each for known, each in theirs if known == word])
    )


def contradictions(one: Described, other: Described) -> tuple[str, ...]:
    """Return the details that contradict two records being one person.

    `birth date`: different birth dates or ages, or a birth after the other record was created. `sex`: both known and
    different. `accents`: present in both names and different. `mark`: different generation or number marks.
    """
    found = []
    agrees = same_birth(one.born, one.born_year, other.born, other.born_year)
    if agrees is False or born_after(one, other) or born_after(other, one):
        found.append("birth date")
    if len({one.sex, other.sex} - {None, Sex.UNKNOWN}) == 2:
        found.append("sex")
    if accents_differ(one.name, other.name):
        found.append("accents")
    if marks(one.name) != marks(other.name):
        found.append("mark")
    return tuple(found)


def plain_words(name: str) -> list[str]:
    """Return the folded words, with single digits of any script as 0-9."""
    return [str(int(each)) if each.isdecimal() and len(each) == 1 else each for each in words(name)]


@lru_cache(MOST_NAMES)
def _canonical(name: str) -> tuple[str, ...]:
    """Return the folded words in alphabetical order, with each mark in one spelling."""
    return tuple(sorted(_MARKS.get(each, each) for each in plain_words(name)))


def _same_accents(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two spellings can be the same word."""
    for mine, theirs in zip(one, other, strict=False):
        # A letter may lack some of its Hebrew points or Arabic vowel signs, but none of its Latin accents.
        if mine and theirs and mine != theirs and (min(mine) < _POINTS or not _part_of(mine, theirs)):
            return False
    return _part_of("".join(one), "".join(other))


def _part_of(one: str, other: str) -> bool:
    """Return whether one text has all the accents of the other."""
    fewer, more = sorted((one, other), key=len)
    return all(fewer.count(each) <= more.count(each) for each in fewer)


def forget() -> None:
    """Forget the parts of names, which need much memory after many names."""
    for each in (marks, accented, _canonical):
        each.cache_clear()


def born_after(one: Described, other: Described) -> bool:
    """Return whether one was born after the other record was created.

    A year from an age may be one too late.
    """
    if one.born:
        # The year alone nearly always decides.
        return one.born.year >= other.created_at.year and one.born > other.created_at.date() + timedelta(days=1)
    return one.born_year is not None and one.born_year - 1 > other.created_at.year


@cache
def _edits() -> Callable[..., float]:
    from rapidfuzz.distance import OSA  # Deferred: few commands compare names.

    return OSA.normalized_similarity
