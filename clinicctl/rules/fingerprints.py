"""Digests that represent large parts of a request."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Any


class Digested(ABC):
    """A large part of a request, which a digest represents."""

    @abstractmethod
    def digest_value(self, today: date, order: str) -> Any:
        """Return a value that is equal for equal requests on `today`.

        Dates are read in the clinic's `order`.
        """


def digest(rows: Sequence[Any]) -> str:
    """Return a digest of the meaning of rows. Line numbers are not part of it."""
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
