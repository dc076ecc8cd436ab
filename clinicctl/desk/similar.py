"""Find patients whose names resemble a misspelt one, through the words of their names."""

from collections.abc import Iterable
from itertools import combinations

from clinicctl.rules import keys, matching
from clinicctl.rules.names import read
from clinicctl.rules.text import fold
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Condition, Tx

MOST_WORDS = 2_000
"""The most words on file that are compared with one word of a name."""
MOST_ROWS = 200
"""The most patients that one search reads."""
_LONGEST = 8
"""The most words of a name that are looked for."""
_LAST = "\U0010ffff"


def list_resembling(tx: Tx, name: str) -> list[rows.PatientRow]:
    """Return records whose names have words like those of a name.

    One of the words may be missing in them. Merged records are among them. Two words also find names in other scripts.
    """
    folded = fold(name).split()[:_LONGEST]
    latin = [each.latin for each in read(name).words]
    spellings = [folded] if latin == sorted(folded) else [folded, latin]
    found = {row.id: row for words in spellings for row in _spelled(tx, words)}
    keyed = stored_patients.with_keys(tx, keys=keys.of_name(name), most=keys.MOST)
    found |= {row.id: row for row in stored_patients.with_numbers(tx, numbers={each.patient for each in keyed})}
    return list(found.values())


def _spelled(tx: Tx, words: Iterable[str]) -> list[rows.PatientRow]:
    likely = [
        stored_patients.has_one_of(words=alike)
        for each in words
        if (alike := matching.like_words(each, _list_words(tx, each)))
    ]
    found = _find(tx, likely)
    if found or len(likely) < 2:
        return found
    return [row for few in combinations(likely, len(likely) - 1) for row in _find(tx, few)]


def _find(tx: Tx, conditions: Iterable[Condition]) -> list[rows.PatientRow]:
    return stored_patients.find(tx, listed, limit=MOST_ROWS) if (listed := list(conditions)) else []


def _list_words(tx: Tx, word: str) -> set[str]:
    """Return words on file that may be a word spelt differently.

    Those that begin as it does are looked for first.
    """
    found = set[str]()
    for beginning in matching.beginnings(word):
        if (left := MOST_WORDS - len(found)) > 0:
            more = stored_patients.words_between(tx, first=beginning, last=beginning + _LAST, limit=left)
            found.update(each for each in more if each is not None)
    return found
