"""What stands in a request by its digest."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Any


class Digested(ABC):
    """What stands in a request by a digest of its own, because it is too large to be repeated there."""

    @abstractmethod
    def said(self, today: date) -> Any:
        """Return what counts as the same request on `today`."""


def digest(meant: Sequence[Any]) -> str:
    """Return a digest of what rows mean; where they stand in their file does not count."""
    text = json.dumps(meant, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
