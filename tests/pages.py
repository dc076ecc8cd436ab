"""Read the page for the waiting room as a browser does."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link"}


@dataclass
class Page(HTMLParser):
    """What a page shows: the attributes of its elements, and the texts that a viewer sees."""

    source: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    cells: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if not data.strip() or {"style", "script"} & {*tags}:
            return
        self.texts.append(data.strip())
        doctor = next((found["data-doctor"] for tag, found in self.open if tag == "section"), None)
        kind = next((found["class"] for tag, found in self.open if tag == "div"), None)
        if doctor is not None and kind is not None and tags[-1] in ("b", "time"):
            self.cells.setdefault(doctor, {}).setdefault(kind, []).append(data.strip())

    def attributes(self, tag: str) -> dict[str, str]:
        """Return the attributes of the first element of a kind."""
        return next(found for name, found in self.tags if name == tag)
