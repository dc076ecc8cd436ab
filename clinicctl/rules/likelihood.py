"""Score how likely two records are one person, by log-likelihood weights (Fellegi and Sunter 1969).

Each agreement and difference has a weight in bits, log2(m / u): how much more often it is seen in two records of one
person (m) than in records of two people who have a common key (u). The weights add up. A score never merges anybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log2
from typing import NamedTuple

from clinicctl.rules import matching
from clinicctl.rules.comparisons import Birth, Person, Phone, births_compared
from clinicctl.rules.names import Name, Word, read, word
from clinicctl.rules.word_pairs import Level, Paired, WordPair, compare, may_be_alike, pair, sound_alike
from clinicctl.statuses import Sex


class Outcome(StrEnum):
    """What a registration does about somebody on file."""

    SAME = "same"
    POSSIBLE = "possible duplicate"
    SIMILAR = "similar on file"
    NEW = "new"


# The weights, in bits. They were fitted by logistic regression on the people of `tests/people.py` that are for fitting
# and on FEBRL 3, and rounded. Where two numbers stand, the first one is for one phone (or a digit apart), the second
# one for other phones. The frequencies of words are those of the clinic (Newcombe et al. 1959, Winkler 2006).

PHONE = {Phone.SAME: 0.5, Phone.NEAR: 1.5, Phone.UNKNOWN: -0.5, Phone.OTHER: -1.5}
BIRTH = {
    Birth.EQUAL: 5.0,
    Birth.NEW_YEAR: 2.0,
    Birth.SWAPPED: 1.0,
    Birth.YEAR_OFF: 1.5,
    Birth.DIGIT: 1.0,
    Birth.DAY_AND_MONTH: -0.5,
    Birth.YEAR: -3.0,
    Birth.AGE: 1.5,
    Birth.OTHER: -5.5,
    Birth.UNKNOWN: -0.5,
}
AGAINST = {"sex": -5.0, "accents": -5.0, "mark": -0.5}
NEWBORN = -12.0
"""One is a newborn under the name of the other, or both are newborns told apart by number or sex."""
SAME_NAME, SAME_NAME_OTHER_BIRTH = (3.3, 0.9), (3.5, -3.0)
WORDS = {
    Level.SOUND: (0.0, -0.5),
    Level.BONES: (-0.5, -1.2),
    Level.SLIP: (5.0, 1.0),
    Level.NEAR: (2.5, 0.0),
    Level.SHORT: (2.5, 0.0),
    Level.INITIAL: (2.5, 0.7),
    Level.OTHER: (-8.0, -5.5),
}
"""Two words that are not equal."""
TWO_NAMES, TWO_SPELLINGS = (-7.0, -3.0), (-1.0, -1.0)
"""Two words that differ by a slip, but others on file have both of them."""
LIKE_NAME_OTHER_BIRTH, TYPO_OTHER_BIRTH = -4.0, 0.5
"""Different birth dates speak against a like name, but not if nobody else has one of its words: a typing error."""
CHANGED = (-4.3, -2.5)
"""One other name of a grown woman with the same birth date: she may have married."""
EXTRA = (-0.5, -0.8)
"""A word of the longer name without a partner, at most twice."""
BITS, EXPECTED = 0.2, 6.0
BITS_WITHOUT_BIRTH, EXPECTED_WITHOUT_BIRTH = 0.35, 10.0
"""For each bit of the words that agree, above the expected ones, on different phones: how rare they are on file."""
LEAST_BITS, MOST_BITS, MOST_BITS_OF_SLIP = 1.0, 10.0, 5.0
BIRTH_DATES = log2(25_000)
"""The patients of a clinic are born on about so many days."""
MOST_STRANGERS = -10.0
"""From so many expected strangers with the birth date and a word (log2), a changed name is not looked for."""

POSSIBLE, SIMILAR, STRANGERS = 2.5, 0.0, -6.0
"""The least bits of a possible duplicate, and of one who is similar on file; the bits of obvious strangers."""
_PER_BIT = log2(3) / POSSIBLE
"""Scales bits to scores: POSSIBLE is 75, SIMILAR is 50."""


def _never(_word: str) -> int:
    return 0


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """How many records there are on file, and how many of them have a folded word."""

    total: int = 0
    count: Callable[[str], int] = _never

    def bits(self, word: Word) -> float:
        """Return how much a word says: the rarer it is on file, the more."""
        rare = log2((self.total + 300) / (self.count(word.folded) + 1))
        return max(LEAST_BITS, min(MOST_BITS, rare))

    def strangers(self, bits: float) -> float:
        """Return how many others have such words and the same birth date.

        The number is a power of 2.
        """
        return log2(self.total + 300) - bits - BIRTH_DATES

    def known(self, word: Word, names: Sequence[Name]) -> bool:
        """Return whether others have a word, besides the given names."""
        own = sum(any(word.folded == each.folded for each in name.words) for name in names)
        return self.count(word.folded) - own >= max(1, self.total / 20_000)


class Score(NamedTuple):
    """How likely two records are one person: the bits of evidence, what follows, and what it is made of."""

    bits: float
    outcome: Outcome
    same_name: bool
    names: Paired
    phone: Phone
    birth: Birth
    against: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Return the score from 0 to 100. Only the same person has 100."""
        if self.outcome is Outcome.SAME:
            return matching.SAME
        found = min(matching.SAME - 1, round(100 / (1 + 2 ** (-_PER_BIT * self.bits))))
        return max(found, matching.NEAR) if self.outcome is Outcome.POSSIBLE else min(found, matching.NEAR - 1)

    @property
    def likeness(self) -> int:
        """Return the similarity of the names, 0 to 100."""
        return matching.SAME if self.same_name else likeness(self.names)

    @property
    def why(self) -> str:
        """Return the reasons: `same birth date, name 88% similar, another phone`."""
        name = "same name" if self.same_name else f"name {self.likeness}% similar"
        birth = [] if self.birth is Birth.UNKNOWN else [self.birth]
        against = [
            f"other {each}" if each == "accents" else f"another {each}" for each in self.against if each != _BIRTH
        ]
        return ", ".join([*birth, name, self.phone, *against])


_BIRTH = "birth date"
_NEARLY = frozenset({Birth.EQUAL, Birth.NEW_YEAR, Birth.SWAPPED, Birth.YEAR_OFF, Birth.DIGIT})
_NO_PAIRS = Paired((), 0)


def _may_match(birth: Birth, phone: Phone) -> bool:
    """Return whether two records on different phones may be one person.

    Names add at most a few bits: the same name, and words that are rare on file.
    """
    unknown = birth is Birth.UNKNOWN or birth is Birth.AGE
    weight, expected = (BITS_WITHOUT_BIRTH, EXPECTED_WITHOUT_BIRTH) if unknown else (BITS, EXPECTED)
    return PHONE[phone] + BIRTH[birth] + SAME_NAME[1] + weight * (2 * MOST_BITS - expected) >= SIMILAR


def score(
    one: Person,
    other: Person,
    *,
    phone: Phone,
    frequencies: Frequencies = Frequencies(),
    on_file: int = 1,
) -> Score:
    """Score two records, the first of them from the file.

    `phone` says how the phones compare, and `on_file` of the two records are counted in the frequencies. The comparison
    ends as soon as they are strangers.

    On one phone, or on two that are a digit apart, equal words say nothing, because families share phones and family
    names: the words that differ decide. Only the same name on the same phone is the same person, and only if nothing
    recorded contradicts.
    """
    birth = births_compared(one, other)
    column = 0 if phone is Phone.SAME or phone is Phone.NEAR else 1
    if column and not _may_match(birth, phone):
        return Score(STRANGERS, Outcome.NEW, False, _NO_PAIRS, phone, birth, ())
    left, right = read(one.name), read(other.name)
    married = _may_have_married(one, other, birth)
    if column and not (sound_alike(left, right) and may_be_alike(left, right, different=married)):
        return Score(STRANGERS, Outcome.NEW, False, _NO_PAIRS, phone, birth, ())
    paired = pair(left, right)
    words = _compare_words(paired.pairs, column, frequencies, (left, right)[:on_file])
    if words.different > 1 and column:
        return Score(STRANGERS, Outcome.NEW, False, paired, phone, birth, ())
    against = matching.contradictions(one, other)
    bits = PHONE[phone] + BIRTH[birth] + sum(AGAINST.get(each, 0) for each in against) + words.bits
    bits += EXTRA[column] * min(paired.extra, 2) + (NEWBORN if _other_newborn(left, right) else 0)
    if words.different:
        rare = phone is Phone.SAME or frequencies.strangers(words.agreed) <= MOST_STRANGERS
        changed = words.different == 1 < len(paired.pairs) and rare and married
        bits += CHANGED[column] if changed else WORDS[Level.OTHER][column] * words.different
    else:
        bits += _like_names(words, column, birth, other_mark="mark" in against)
    same_name = not (words.different or words.weak or paired.extra) and matching.same_name(one.name, other.name)
    outcome = _of_same_name(bits, phone, birth, against) if same_name else _outcome(bits, phone, birth)
    return Score(bits, outcome, same_name, paired, phone, birth, against)


def _of_same_name(bits: float, phone: Phone, birth: Birth, against: Sequence[str]) -> Outcome:
    """Return the outcome for two records with the same name.

    It is new only with a contradiction.
    """
    if phone is Phone.SAME:
        return Outcome.POSSIBLE if against else Outcome.SAME
    if birth in (Birth.EQUAL, Birth.NEW_YEAR):
        return Outcome.POSSIBLE
    found = _outcome(bits, phone, birth)
    return Outcome.SIMILAR if found is Outcome.NEW and not against else found


def _outcome(bits: float, phone: Phone, birth: Birth) -> Outcome:
    """Return the outcome by the bits.

    A registration with another phone is refused only if the birth date agrees, or nearly.
    """
    if bits >= POSSIBLE and (phone is Phone.SAME or birth in _NEARLY):
        return Outcome.POSSIBLE
    return Outcome.SIMILAR if bits >= SIMILAR else Outcome.NEW


class _Words(NamedTuple):
    """What the words of two names say.

    `agreed` are the bits of those that are alike, `different` is the number of those that are not. `weak` says that one
    is not the same, and `typo` that it is a typing error: nobody else has it.
    """

    bits: float
    agreed: float
    different: int
    weak: bool
    typo: bool


def _compare_words(pairs: Sequence[WordPair], column: int, frequencies: Frequencies, counted: Sequence[Name]) -> _Words:
    bits, agreed, different, weak, typo = 0.0, list[float](), 0, False, False
    for each in pairs:
        if each.level is Level.OTHER:
            different += 1
            continue
        known = [frequencies.known(word, counted) for word in each[:2]] if _may_be_two(each) else [False]
        if all(known):
            bits += (TWO_SPELLINGS if _spelt_alike(each) else TWO_NAMES)[column]
            weak = True
            continue
        typo = typo or (any(known) and each.level is Level.SLIP)
        weak = weak or each.level < Level.BONES
        bits += WORDS[each.level][column] if each.level is not Level.EQUAL else 0
        if each.level >= Level.SLIP:
            rare = min(frequencies.bits(each.one), frequencies.bits(each.other))
            agreed.append(min(rare, MOST_BITS_OF_SLIP) if each.level is Level.SLIP else rare)
    # Further words say little, because many names go together.
    return _Words(bits, sum(sorted(agreed)[-2:]), different, weak, typo)


def _like_names(words: _Words, column: int, birth: Birth, *, other_mark: bool) -> float:
    """Return the weight of names without a different word."""
    bits = 0.0
    if column:
        unknown = birth in (Birth.UNKNOWN, Birth.AGE)
        weight, expected = (BITS_WITHOUT_BIRTH, EXPECTED_WITHOUT_BIRTH) if unknown else (BITS, EXPECTED)
        bits += weight * (words.agreed - expected)
    if not words.weak:
        return (
            bits + SAME_NAME[column] + (SAME_NAME_OTHER_BIRTH[column] if birth is Birth.OTHER and not other_mark else 0)
        )
    if birth is Birth.OTHER:
        bits += TYPO_OTHER_BIRTH if words.typo else LIKE_NAME_OTHER_BIRTH
    return bits


def _may_be_two(each: WordPair) -> bool:
    """Return whether two words may be two names, if both are common.

    Words of different scripts are compared by sound only.
    """
    same_script = each.one.folded.isascii() is each.other.folded.isascii()
    return same_script and each.level in (Level.SLIP, Level.NEAR, Level.BONES)


def forget() -> None:
    """Forget what is remembered about names. Many names need much memory."""
    matching.forget()
    for each in (read, word, compare):
        each.cache_clear()


def name_likeness(one: str, other: str) -> int:
    """Return the similarity of two names, 0 to 100. A newborn is not like the mother."""
    if matching.same_name(one, other):
        return matching.SAME
    left, right = read(one), read(other)
    return 0 if _other_newborn(left, right) else likeness(pair(left, right))


def likeness(paired: Paired) -> int:
    """Return the similarity of two different names, 0 to 99.

    It is that of the least similar words.

    Each word without a partner costs a little.
    """
    least = min((each.similarity for each in paired.pairs), default=0)
    return max(0, min(matching.SAME - 1, round(least * 100) - 3 * paired.extra))


def _spelt_alike(each: WordPair) -> bool:
    """Return whether two words are spellings of one name rather than two names.

    They are long, or have the same consonants.

    A feminine form is another name.
    """
    one, other = each.one, each.other
    if one.latin.endswith("a") is not other.latin.endswith("a"):
        return False
    return min(len(one.latin), len(other.latin)) >= 7 or (len(one.bones) >= 3 and one.bones == other.bones)


def _other_newborn(one: Name, other: Name) -> bool:
    """Return whether one is a newborn and the other another person.

    Two newborns differ by number, letter or sex.
    """
    if one.baby is None or other.baby is None:
        return one.baby is not other.baby
    return any(
        not mine.isdisjoint(marks) and not theirs.isdisjoint(marks) and mine & marks != theirs & marks
        for marks in ({"male", "female"}, {"1", "2", "3", "4"})
        for mine, theirs in [(set(one.baby), set(other.baby))]
    )


def _may_have_married(one: Person, other: Person, birth: Birth) -> bool:
    """Return whether two records may be those of one grown woman.

    Her sex may be unknown.
    """
    if birth not in (Birth.EQUAL, Birth.NEW_YEAR):
        return False
    born, recorded = one.born or other.born, max(one.created_at, other.created_at).year
    grown = born is not None and born.year <= recorded - 18
    return grown and {one.sex, other.sex} <= {None, Sex.UNKNOWN, Sex.FEMALE}
