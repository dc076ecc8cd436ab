"""How alike two words are, by the library that counts fastest."""

from rapidfuzz.distance import Levenshtein


def ratio(one: str, other: str) -> float:
    """Return the likeness of two words by their edit distance (Levenshtein), 0 to 100."""
    return Levenshtein.normalized_similarity(one, other) * 100
