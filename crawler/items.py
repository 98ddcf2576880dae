"""What passes between walking, reading and storing. Everything a page says is still text here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Seen:
    """One decision as a page shows it: field -> text, with the label each text stood under."""

    kind: str  # licence | penalty
    fields: dict[str, str]
    form: str  # wide_table | key_value | decision_text | attachment | json | image
    labels: dict[str, str] = field(default_factory=dict)  # field -> label as it stood
    money: dict[str, str] = field(default_factory=dict)  # field -> yuan | wan
    others: dict[str, str] = field(default_factory=dict)  # label nobody knows -> text
    confidence: float = 1.0
    stated_published_on: str | None = None
    row: int = 0

    @property
    def raw(self) -> dict[str, str]:
        """Label as it stood -> text as it stood."""
        return {self.labels.get(name, name): text for name, text in self.fields.items()} | self.others


@dataclass(frozen=True)
class Link:
    """A document a page leads to."""

    url: str
    title: str


@dataclass(frozen=True)
class Entry:
    """One line of a list: where it leads, what it is called, the date beside it, and its place in this look."""

    url: str
    title: str
    date: str | None
    place: tuple[int, ...] = ()


@dataclass
class Sighting:
    """One decision in one place of one look: what was seen, where, and the evidence for it."""

    seen: Seen
    url: str
    evidence: str | None
    place: tuple[int, ...]
    attachment: str | None = None
    entry: Entry | None = None  # the list entry it hangs on, when there is one
    stated_on: str | None = None  # the list's or the page's date of publication


@dataclass(frozen=True)
class Touch:
    """A list entry that has not changed since it was read: its records are still shown."""

    entry: Entry
    records: tuple[str, ...]
