"""Names: when two registrations are one person, when they may be, and when they are two."""

from collections.abc import Callable
from datetime import date
from itertools import groupby

from clinicctl.rules.text import fold

SAME, NEAR = 100, 75
"""Scores, 0 to 100. From NEAR a registration asks; at SAME on the same phone it is the patient on file."""

_SOUNDS = (
    *(("sch", "s"), ("sh", "s"), ("ch", "k"), ("ck", "k"), ("ph", "f"), ("th", "t"), ("dh", "d"), ("bh", "b")),
    *(("gh", "g"), ("kh", "k"), ("jh", "j"), ("qu", "k"), ("w", "v"), ("z", "s"), ("x", "ks"), ("q", "k"), ("c", "k")),
)
Likeness = Callable[[str, str], float]


def words(name: str) -> list[str]:
    """Return the folded words of a name, in their order."""
    return fold(name).split()


def name_key(name: str) -> str:
    """Return what two spellings of one name share: folded words in alphabetical order."""
    return " ".join(sorted(words(name)))


def sound_key(name: str) -> str:
    """Return what names that sound alike share: the sounds of their words in alphabetical order."""
    return " ".join(sorted(sound(word) for word in words(name)))


def sound(word: str) -> str:
    """Return a word as it sounds, roughly: consonants, folded to their classes, without vowels (Maier, Meyer: `mr`)."""
    for spelled, heard in _SOUNDS:
        word = word.replace(spelled, heard)
    head, tail = word[:1], "".join(letter for letter in word[1:] if letter not in "aeiouyh")
    return "".join(letter for letter, _ in groupby(("a" if head in "aeiouy" else head) + tail))


def likeness(one: str, other: str, *, ratio: Likeness) -> int:
    """Return how alike two names are, 0 to 100.

    Words are paired in the best way and the worst pair decides, so that a shared family name alone makes nobody
    similar. A word is like another when their edit distance is small (`ratio`, 0 to 100), when they sound alike, or
    when one begins the other (initials, short forms). Words that only one of the names has cost a little.
    """
    left, right = sorted(words(one)), sorted(words(other))
    if left == right:
        return SAME
    if (len(left), left) > (len(right), right):
        left, right = right, left
    if not left:
        return 0
    scores = [[_word(a, b, ratio) for b in right] for a in left]
    worst = next(
        each for each in sorted({score for row in scores for score in row}, reverse=True) if _pair(scores, each)
    )
    return max(0, min(worst - 3 * (len(right) - len(left)), SAME - 1))


def same_birth(born: date | None, year: int | None, other: date | None, other_year: int | None) -> bool | None:
    """Return whether two birth dates agree; None when one is not known.

    A year alone comes from an age said at the desk, so a year of difference does not contradict.
    """
    if born and other:
        return born == other
    one, two = born.year if born else year, other.year if other else other_year
    return None if one is None or two is None else abs(one - two) <= 1


def duplicate(alike: int, *, same_phone: bool, same_birth: bool | None) -> tuple[int, str] | None:
    """Return the score of two on file being one person, with why, or None when they are taken for two.

    `alike` is the likeness of the names. Different birth dates speak against it, unless name and phone are the same.
    """
    if alike < NEAR or (same_birth is False and not (alike == SAME and same_phone)):
        return None
    if not same_phone and not same_birth:
        return None
    why = ["same name" if alike == SAME else "similar name"]
    why += ["same phone"] if same_phone else []
    why += ["same birth date"] if same_birth else ["another birth date"] if same_birth is False else []
    penalty = 0 if same_phone and same_birth else 5 if same_phone and same_birth is None else 15
    return max(0, alike - penalty), ", ".join(why)


def _pair(scores: list[list[int]], least: int) -> bool:
    """Whether every word can have a partner of its own with at least this score (bipartite matching, Kuhn 1955)."""
    partners: dict[int, int] = {}

    def place(word: int, tried: set[int]) -> bool:
        for other, score in enumerate(scores[word]):
            if score >= least and other not in tried:
                tried.add(other)
                if other not in partners or place(partners[other], tried):
                    partners[other] = word
                    return True
        return False

    return all(place(word, set()) for word in range(len(scores)))


def _word(one: str, other: str, ratio: Likeness) -> int:
    if one == other:
        return 100
    score = round(ratio(one, other))
    shorter, longer = sorted((one, other), key=len)
    if longer.startswith(shorter) and (len(shorter) == 1 or len(shorter) >= 3):
        score = max(score, 85)
    if len(shorter) > 2 and one[0] == other[0] and len(sound(one)) > 1 and sound(one) == sound(other):
        score = max(score, 90)
    return score
