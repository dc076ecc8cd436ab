"""Labelled people for the tests of matching: true pairs of one person, look-alikes, and others.

Names come from Faker and from `spellings`. `FIT` is for choosing weights, `REPORT` for measuring: the people and, in
`spellings`, the names are different ones. Everything follows from a seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from faker import Faker

from tests import spellings

FIT, REPORT = 1, 0
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
LOCALES = ("en_US", "en_IN", "de_DE", "es_ES", "fr_FR", "it_IT", "pl_PL", "pt_BR", "tr_TR", "nl_NL", "en_IE", "id_ID")


@dataclass(frozen=True, slots=True)
class Human:
    """A record of a person."""

    name: str
    phone: str | None
    born: date | None
    sex: str | None = None
    born_year: int | None = None
    created_at: datetime = NOW


@dataclass(frozen=True, slots=True)
class Parts:
    """A name in its parts, and the same parts as another person would write them."""

    given: str
    family: str
    sex: str
    language: str
    other_given: str
    other_family: str

    @property
    def name(self) -> str:
        return _order(self.language, self.given, self.family)

    @property
    def other(self) -> str:
        return _order(self.language, self.other_given, self.other_family)


class Pair(NamedTuple):
    """Two records, and whether they are one person."""

    kind: str
    same: bool
    on_file: Human
    newcomer: Human


class Clinic(NamedTuple):
    """Who is on file, and who comes: pairs with somebody on file, and people who are not on file."""

    pairs: list[Pair]
    others_on_file: list[Human]
    others: list[Human]


def _order(language: str, given: str, family: str) -> str:
    if language in spellings.FAMILY_FIRST:
        return f"{family}{given}" if not family.isascii() and language != "vi" else f"{family} {given}"
    return f"{given} {family}"


class Maker:
    """Makes people: those of one half only."""

    def __init__(self, seed: int, half: int) -> None:
        self.random = Random(f"{seed} {half}")
        self.half = half
        self.fakers = {each: _faker(each) for each in LOCALES}
        for each in self.fakers.values():
            each.seed_instance(self.random.randrange(2**32))

    def spelled(self, language: str, part: str) -> spellings.Spelled:
        listed = spellings.SCRIPTS[language][part]
        return self.random.choice(listed[self.half :: 2])

    def parts(self, language: str | None = None, *, script: bool = False, sex: str | None = None) -> Parts:
        """Return a name: of a list of spellings, or of a locale of Faker."""
        sex = sex or self.random.choice(("female", "male"))
        if language is None:
            language = self.random.choice((*LOCALES, *spellings.SCRIPTS, *LOCALES))
        if language in spellings.SCRIPTS:
            given, family = self.spelled(language, sex), self.spelled(language, "family")
            latin = tuple(self.random.choice(each.latin) for each in (given, family))
            other = tuple(self.random.choice(each.latin) for each in (given, family))
            if script:
                return Parts(given.native, family.native, sex, language, *other)
            return Parts(latin[0], latin[1], sex, language, *other)
        faker = self.fakers[language]
        given_name = faker.first_name_female() if sex == "female" else faker.first_name_male()
        family_name = faker.last_name()
        return Parts(given_name, family_name, sex, language, given_name, family_name)

    def born(self, least: int = 0, most: int = 90) -> date:
        return date(2026, 11, 1) - timedelta(days=self.random.randrange(least * 365, most * 365 + 364))

    def phone(self) -> str:
        code, digits, first = self.random.choice(
            (("+91", 10, "6789"), ("+49", 11, "1"), ("+1", 10, "23456789"), ("+34", 9, "67"))
        )
        rest = "".join(self.random.choice("0123456789") for _ in range(digits - 1))
        return f"{code}{self.random.choice(first)}{rest}"

    def human(self, parts: Parts, *, least: int = 0, most: int = 90) -> Human:
        return Human(parts.name, self.phone(), self.born(least, most), self.sex(parts))

    def sex(self, parts: Parts) -> str | None:
        """Return the sex of a person as a desk records it: not always."""
        return self.random.choice((parts.sex, parts.sex, None))


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


# What happens to the record of one person


def slip(random: Random, word: str) -> str:
    """Return a word with one typing error, not in the first letter if the word is short."""
    at = random.randrange(1 if len(word) < 6 else 0, max(2, len(word) - 1))
    letter = random.choice("abcdefghijklmnoprstuvwyz")
    return random.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
        )
    )


def typed(random: Random, name: str) -> str:
    """Return a name with one typing error in a word of at least four letters."""
    words = name.split()
    at = random.choice([nth for nth, each in enumerate(words) if len(each) >= 4] or [0])
    for _ in range(20):
        if (changed := slip(random, words[at])).casefold() != words[at].casefold():
            words[at] = changed
            return " ".join(words)
    return name


def phone_slip(random: Random, phone: str) -> str:
    """Return a phone with one other digit, or two neighbours swapped."""
    at = random.randrange(4, len(phone) - 1)
    if phone[at] != phone[at + 1] and random.random() < 0.4:
        return phone[:at] + phone[at + 1] + phone[at] + phone[at + 2 :]
    return phone[:at] + random.choice([each for each in "0123456789" if each != phone[at]]) + phone[at + 1 :]


def born_slip(random: Random, born: date) -> date:
    """Return a birth date with day and month swapped, a year off, or one wrong digit."""
    kind = random.randrange(4)
    try:
        if kind == 0 and born.day <= 12 and born.day != born.month:
            return date(born.year, born.day, born.month)
        if kind == 1:
            return born.replace(year=born.year + random.choice((-1, 1)))
        if kind == 2:
            return born.replace(year=born.year + random.choice((-10, 10)))
        if born.day > 9:
            return born.replace(day=int(f"{random.choice('012')}{born.day % 10}") or 1)
        return born.replace(day=born.day + 1)
    except ValueError:
        return born.replace(day=3 if born.day != 3 else 5)


Change = Callable[["Maker", Parts], str]
"""Returns how the name of a person is written the second time."""


def _initial(maker: Maker, parts: Parts) -> str:
    return f"{parts.given[0]}. {parts.family}"


def _title(maker: Maker, parts: Parts) -> str:
    return f"{maker.random.choice(spellings.TITLES)} {parts.name}"


def _married(maker: Maker, parts: Parts) -> str:
    other = maker.parts(parts.language).family
    return _order(parts.language, parts.given, maker.random.choice((other, other, f"{other}-{parts.family}")))


def _middle(maker: Maker, parts: Parts) -> str:
    return f"{parts.given} {maker.parts(parts.language, sex=parts.sex).given} {parts.family}"


def _swapped(maker: Maker, parts: Parts) -> str:
    return f"{parts.family}{maker.random.choice((', ', ' '))}{parts.given}"


def _spaces(maker: Maker, parts: Parts) -> str:
    return f"{parts.given}{maker.random.choice(('', '-', '  '))}{parts.family}"


def _nickname(maker: Maker, parts: Parts) -> str:
    return f"{parts.other_given} {parts.family}"


OTHER_DETAILS: dict[str, Callable[[Maker, Human], Human]] = {
    "": lambda _, human: human,
    ", another phone": lambda maker, human: replace(human, phone=maker.phone()),
    ", no phone": lambda _, human: replace(human, phone=None),
    ", no birth date": lambda _, human: replace(human, born=None),
    ", a phone digit": lambda maker, human: replace(human, phone=phone_slip(maker.random, human.phone or "")),
    ", a slipped birth date": lambda maker, human: replace(human, born=born_slip(maker.random, human.born or _TODAY)),
    ", an age": lambda maker, human: replace(
        human, born=None, born_year=(human.born or _TODAY).year + maker.random.choice((0, 0, 1))
    ),
}
_TODAY = NOW.date()
_TWO = ("", ", another phone")
NAMES: dict[str, tuple[Change, Sequence[str]]] = {
    "the same": (
        lambda _, parts: parts.name,
        (", another phone", ", a phone digit", ", a slipped birth date", ", an age"),
    ),
    "typing error": (
        lambda maker, parts: typed(maker.random, parts.name),
        ("", ", another phone", ", no phone", ", no birth date", ", a phone digit", ", a slipped birth date"),
    ),
    "two typing errors": (lambda maker, parts: typed(maker.random, typed(maker.random, parts.name)), _TWO),
    "other spelling": (lambda _, parts: parts.other, (*_TWO, ", no birth date", ", a phone digit")),
    "other script": (lambda _, parts: parts.other, (*_TWO, ", no birth date", ", a slipped birth date")),
    "married": (_married, _TWO),
    "title": (_title, (*_TWO, ", no birth date")),
    "initial": (_initial, _TWO),
    "middle name": (_middle, _TWO),
    "order": (_swapped, _TWO),
    "spaces": (_spaces, _TWO),
    "nickname": (_nickname, _TWO),
}
"""How the name changes, and what else does."""


def _parts_of(maker: Maker, kind: str) -> Parts:
    """Return a name to which a kind of change can happen."""
    if kind == "other script":
        return maker.parts(maker.random.choice(list(spellings.SCRIPTS)), script=True)
    if kind == "other spelling":
        return maker.parts(maker.random.choice([each for each in spellings.SCRIPTS if each != "vi"]))
    if kind in ("typing error", "two typing errors", "the same"):
        return maker.parts()
    parts = maker.parts(
        maker.random.choice((*LOCALES, "hi", "ar", "ru", "el", "he")),
        sex=maker.random.choice(("female", "female", "female", "male")) if kind == "married" else None,
    )
    if kind == "nickname":
        known = maker.random.choice(spellings.NICKNAMES[maker.half :: 2])
        return replace(parts, given=known.native, other_given=maker.random.choice(known.latin))
    return parts


def _true_pairs(maker: Maker, each: int) -> Iterator[Pair]:
    for kind, (change, details) in NAMES.items():
        for more in details:
            for _ in range(each):
                parts = _parts_of(maker, kind)
                human = maker.human(parts, least=20 if kind == "married" else 0)
                name = change(maker, parts)
                if name != human.name or kind == "the same":
                    other = OTHER_DETAILS[more](maker, replace(human, name=name, sex=maker.sex(parts)))
                    yield Pair(kind + more, True, human, other)


# Look-alikes: two people


def _look_alikes(maker: Maker, each: int) -> Iterator[Pair]:
    for nth in range(each):
        for kind in ("twins", "siblings", "siblings, no birth date"):
            yield _siblings(maker, kind, maker.parts())
            yield _like_siblings(maker, kind)
        yield from _families(maker)
        yield from _newborns(maker)
        yield from _namesakes(maker)
        if nth % 4 == 0:
            yield from _rarer(maker)


def _siblings(maker: Maker, kind: str, parts: Parts, names: tuple[str, str] | None = None) -> Pair:
    given, other = names or (parts.given, _other_given(maker, parts))
    human = maker.human(replace(parts, given=given))
    born = human.born if kind == "twins" else None if "no birth" in kind else _apart(maker, human.born, 1, 12)
    name = _order(parts.language, other, parts.family)
    suffix = ", like names" if names else ""
    return Pair(kind + suffix, False, human, replace(human, name=name, born=born, sex=maker.sex(parts)))


def _like_siblings(maker: Maker, kind: str) -> Pair:
    names = list(maker.random.choice(spellings.LIKE_GIVEN[maker.half :: 2]))
    maker.random.shuffle(names)
    return _siblings(maker, kind, maker.parts(maker.random.choice(LOCALES)), (names[0], names[1]))


def _families(maker: Maker) -> Iterator[Pair]:
    parts = maker.parts(sex="female")
    human = maker.human(parts, least=20, most=80)
    husband = _order(parts.language, maker.parts(parts.language, sex="male").given, parts.family)
    sex = maker.random.choice(("male", None))
    yield Pair("spouses", False, human, replace(human, name=husband, born=_apart(maker, human.born, 0, 8), sex=sex))
    parts = maker.parts()
    human = maker.human(parts, least=45, most=85)
    assert human.born is not None
    born = human.born + timedelta(days=maker.random.randrange(20 * 365, 40 * 365))
    child = _order(parts.language, _other_given(maker, parts), parts.family)
    yield Pair("parent and child", False, human, replace(human, name=child, born=born, sex=None))


def _newborns(maker: Maker) -> Iterator[Pair]:
    beginnings = ("Baby of", "B/O", "baby of", "Baby Of", "Newborn of", "Baby boy of", "Baby girl of")
    pairs = (
        ("Baby 1 of", "Baby 2 of"),
        ("Baby A of", "Baby B of"),
        ("Baby boy of", "Baby girl of"),
        ("B/O 1", "B/O 2"),
    )
    born = date(2026, 11, 1) - timedelta(days=maker.random.randrange(200))
    for kind, day in (("mother and baby", born), ("mother and baby, no birth date", None)):
        human = replace(maker.human(maker.parts(sex="female"), least=18, most=45), sex="female")
        baby = f"{maker.random.choice(beginnings)} {human.name}"
        yield Pair(kind, False, human, replace(human, name=baby, born=day, sex=None))
    one, two = maker.random.choice(pairs)
    mother, phone = maker.parts(sex="female").name, maker.phone()
    yield Pair("two babies", False, Human(f"{one} {mother}", phone, born), Human(f"{two} {mother}", phone, born))


def _namesakes(maker: Maker) -> Iterator[Pair]:
    human = maker.human(maker.parts())
    yield Pair("namesakes", False, human, _elsewhere(maker, human, human.name))
    parts = maker.parts(maker.random.choice(list(spellings.SCRIPTS)), script=True)
    human = maker.human(parts)
    yield Pair("namesakes across scripts", False, human, _elsewhere(maker, human, parts.other))
    parts = maker.parts()
    human = maker.human(parts)
    other = _order(parts.language, parts.given, maker.parts().family)
    yield Pair("same given name", False, human, _elsewhere(maker, human, other))


def _rarer(maker: Maker) -> Iterator[Pair]:
    """Yield what is rarer: strangers with one birth date and family name, and people whom only one detail tells apart.

    The latter have one name and one phone, so that the program has to ask.
    """
    parts = maker.parts()
    human = maker.human(parts)
    other = _order(parts.language, _other_given(maker, parts), parts.family)
    stranger = replace(human, name=other, phone=maker.phone(), sex=maker.sex(parts))
    yield Pair("same birth date and family name", False, human, stranger)
    tones = maker.random.choice((("Thủy", "Thùy"), ("Hương", "Hường"), ("Dũng", "Dụng")))
    human = Human(f"Nguyễn Thị {tones[0]}", maker.phone(), maker.born())
    born = maker.random.choice((None, _apart(maker, human.born, 1, 9)))
    yield Pair("other tone marks", False, human, Human(f"Nguyễn Thị {tones[1]}", human.phone, born))
    human = replace(maker.human(maker.parts()), sex="male")
    yield Pair("another sex", False, human, replace(human, sex="female", born=None))


def _other_given(maker: Maker, parts: Parts) -> str:
    while (other := maker.parts(parts.language).given) == parts.given:
        pass
    return other


def _elsewhere(maker: Maker, human: Human, name: str) -> Human:
    return replace(human, name=name, phone=maker.phone(), born=_apart(maker, human.born, 2, 60))


def _apart(maker: Maker, born: date | None, least: int, most: int) -> date:
    """Return a birth date some years before or after another one."""
    assert born is not None
    days = maker.random.randrange(max(30, least * 365), most * 365)
    for sign in (1, -1) if maker.random.random() < 0.5 else (-1, 1):
        found = born + timedelta(days=sign * days)
        if date(1915, 1, 1) < found < NOW.date():
            return found
    return date(1930, 5, 5)


def clinic(seed: int, half: int, *, each: int = 40, others: int = 1_500) -> Clinic:
    """Return a clinic: `each` pairs of every kind, and others."""
    maker = Maker(seed, half)
    pairs = [*_true_pairs(maker, each), *_look_alikes(maker, each)]
    on_file, new = (
        [maker.human(maker.parts(script=maker.random.random() < 0.15)) for _ in range(others)] for _ in range(2)
    )
    maker.random.shuffle(pairs)
    return Clinic(pairs, on_file, new)
