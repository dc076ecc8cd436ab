"""Compare the words of two names, and pair them."""

import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache, lru_cache
from itertools import combinations, permutations
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from clinicctl.rules.names import Name, Word, in_syllables, word

if TYPE_CHECKING:
    from nicknames import NickNamer


class Level(IntEnum):
    """How alike two words are."""

    OTHER = 0
    INITIAL = 1
    SHORT = 2
    NEAR = 3
    SLIP = 4
    BONES = 5
    SOUND = 6
    EQUAL = 7


class WordPair(NamedTuple):
    """Two words that stand for one another, their level, and their similarity from 0 to 1."""

    one: Word
    other: Word
    level: Level
    similarity: float


class Paired(NamedTuple):
    """The pairs of words of two names, and how many words of the longer name have no partner."""

    pairs: Sequence[WordPair]
    extra: int


_DIGIT = re.compile(r"\d")
_LIKE, _CLOSE = 0.65, 0.88
"""The least Jaro-Winkler similarity of a word with more than a slip."""
_UNLIKE = 0.35
_JOINED = 2
"""How much longer or shorter than two joined words the one word may be."""
_LEAST_COMMON_LETTERS = 0.35
_LEAST_COMMON = 0.4
"""How much of their sounds two names have in common if their words are alike: in 95 of 96 such pairs of people."""


@lru_cache(65_536)
def compare(one: Word, other: Word) -> WordPair:
    """Compare two words."""
    level, similarity = _compare(one, other)
    return WordPair(one, other, level, similarity)


def _compare(one: Word, other: Word) -> tuple[Level, float]:
    if one.latin == other.latin:
        return Level.EQUAL, 1.0
    shorter, longer = (one, other) if len(one.latin) <= len(other.latin) else (other, one)
    if not (one.latin.isalpha() and other.latin.isalpha()) and _DIGIT.search(one.latin + other.latin):
        # Another number is another person, not a typing error.
        return Level.OTHER, 0.0
    if len(shorter.latin) == 1:
        return (Level.INITIAL, 0.8) if longer.latin[0] == shorter.latin else (Level.OTHER, 0.0)
    if one.sound == other.sound:
        return Level.SOUND, 0.97
    return _without_vowels(one, other) if one.bare or other.bare else _in_latin(shorter, longer)


def _without_vowels(one: Word, other: Word) -> tuple[Level, float]:
    """Compare two words by their consonants. One was written without vowels."""
    if one.bones == other.bones or one.thin == other.thin:
        return Level.BONES, 0.93
    longest = max(len(one.bones), len(other.bones))
    alike = _measures()[0](one.bones, other.bones)
    return (Level.SLIP, 0.85) if longest >= 4 and alike >= 1 - 1.01 / longest else (Level.OTHER, alike / 2)


def _in_latin(shorter: Word, longer: Word) -> tuple[Level, float]:
    osa, jaro_winkler = _measures()
    similarity = osa(shorter.latin, longer.latin)
    if similarity < _UNLIKE and shorter.bones[0] != longer.bones[0]:
        # No sound makes such words alike.
        return (Level.SHORT, 0.85) if _is_nickname(shorter.latin, longer.latin) else (Level.OTHER, similarity)
    similarity = max(similarity, osa(shorter.sound, longer.sound))
    length = len(longer.latin)
    slips = 2 if length >= 8 else 1 if length >= 4 or len(shorter.latin) == length == 3 else 0
    if similarity >= 1 - (slips + 0.01) / length:
        return Level.SLIP, similarity
    if shorter.bones == longer.bones and len(shorter.bones) >= 2 and similarity >= 0.5:
        return Level.BONES, max(similarity, 0.85)
    if len(shorter.latin) >= 3 and longer.latin.startswith(shorter.latin):
        return Level.SHORT, 0.85
    if _is_nickname(shorter.latin, longer.latin):
        return Level.SHORT, 0.85
    if in_syllables(shorter) and in_syllables(longer):
        return Level.OTHER, similarity
    if jaro_winkler(shorter.sound, longer.sound) >= _CLOSE or (length >= 5 and similarity >= _LIKE):
        return Level.NEAR, similarity
    return Level.OTHER, similarity


def _is_nickname(one: str, other: str) -> bool:
    """Return whether one English name is short for the other, or both for a third."""
    return not _formal(one).isdisjoint(_formal(other))


@lru_cache(65_536)
def _formal(name: str) -> frozenset[str]:
    """Return a name and those that it is short for."""
    return frozenset({name, *_nicknames().canonicals_of(name)})


@cache
def _nicknames() -> "NickNamer":
    from nicknames import NickNamer  # Deferred: it reads a file.

    return NickNamer()


def sound_alike(one: Name, other: Name) -> bool:
    """Return whether two names may have like words.

    They share a form, or sound somewhat alike.
    """
    return any(each in other.forms for each in one.forms) or _common(one.sounds, other.sounds) >= _LEAST_COMMON


def keys_alike(one: str, other: str) -> bool:
    """Return whether the names of two name keys may be alike.

    It is quick, and decides about Latin letters only.
    """
    return _common(one, other) >= _LEAST_COMMON_LETTERS or not (one.isascii() and other.isascii())


def may_be_alike(one: Name, other: Name, *, different: int) -> bool:
    """Return whether at most so many words of a name have no like word in the other."""
    left, right = list(one.words), list(other.words)
    if len(left) > len(right):
        left, right = right, left
    joined = len(left) < len(right)
    _equal(left, right)
    for mine in left:
        if not any((compare(mine, each) if mine.latin <= each.latin else compare(each, mine)).level for each in right):
            if joined and _may_be_joined(mine, right):
                return True
            different -= 1
            if different < 0:
                return False
    return True


def _may_be_joined(target: Word, words: Sequence[Word]) -> bool:
    """Return whether two of the words may be one word in the other name."""
    return any(
        target.bare or abs(len(one.latin) + len(other.latin) - len(target.latin)) <= _JOINED
        for one, other in combinations(words, 2)
    )


def edits(one: str, other: str) -> int:
    """Return how many letters differ, or neighbours are swapped; 2 for more than one."""
    return _distance()(one, other, score_cutoff=1)


def _common(one: str, other: str) -> float:
    return _subsequence()(one, other)


@cache
def _subsequence() -> Callable[[str, str], float]:
    from rapidfuzz.distance import Indel  # Deferred, as below.

    return Indel.normalized_similarity


@cache
def _distance() -> Callable[..., int]:
    from rapidfuzz.distance import OSA  # Deferred, as below.

    return OSA.distance


@cache
def _measures() -> tuple[Callable[[str, str], float], Callable[[str, str], float]]:
    from rapidfuzz.distance import OSA, JaroWinkler  # Deferred: few commands compare names.

    return OSA.normalized_similarity, JaroWinkler.similarity


def pair(one: Name, other: Name) -> Paired:
    """Pair the words of two names, the most alike first."""
    left, right = list(one.words), list(other.words)
    if len(left) != len(right):
        _join(left, right) if len(left) < len(right) else _join(right, left)
    if len(left) > len(right):
        left, right = right, left
    extra = len(right) - len(left)
    pairs = _equal(left, right)
    found = sorted(
        (
            (*(compare(a, b) if a.latin <= b.latin else compare(b, a)), nth, other_nth)
            for nth, a in enumerate(left)
            for other_nth, b in enumerate(right)
        ),
        key=lambda each: (-each[2], -each[3], each[0].latin, each[1].latin),
    )
    taken, partners = set[int](), set[int]()
    for a, b, level, similarity, nth, other_nth in found:
        if nth not in taken and other_nth not in partners:
            taken.add(nth)
            partners.add(other_nth)
            pairs.append(WordPair(a, b, level, similarity))
    return Paired(pairs, extra)


def _equal(left: list[Word], right: list[Word]) -> list[WordPair]:
    """Take the equal words out of two names, and return their pairs.

    Words that were both written with vowels, or both without, go first.
    """
    pairs = []
    for key in (attrgetter("latin", "bare"), attrgetter("latin")):
        for one in tuple(left):
            for other in right:
                if key(one) == key(other):
                    left.remove(one)
                    right.remove(other)
                    pairs.append(WordPair(one, other, Level.EQUAL, 1.0))
                    break
    return pairs


def _join(fewer: list[Word], more: list[Word]) -> None:
    """Join two words of a name that are one word in the other."""
    for target in fewer:
        if len(target.latin) >= 4 and all(each.latin != target.latin for each in more):
            for one, other in permutations(more, 2):
                if len(more) > len(fewer) and (joined := _joined(one, other, target)) is not None:
                    more[:] = [*(each for each in more if each is not one and each is not other), joined]
                    break


def _joined(one: Word, other: Word, target: Word) -> Word | None:
    latin = one.latin + other.latin
    if not target.bare and abs(len(latin) - len(target.latin)) > _JOINED:
        return None
    joined = word(latin, latin, one.bare or other.bare)
    return joined if compare(joined, target).level >= Level.SLIP else None
