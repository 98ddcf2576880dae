"""What a document holds, in the few shapes that the rest can read, and why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field

MB = 2**20


class Unreadable(Exception):
    """A document that cannot be read; the text is Chinese and says why. Raised by every reader of this package."""


@dataclass(frozen=True)
class Place:
    """One line as it stands on its page: how far down, how large, and its pieces (left edge, right edge, words)."""

    page: int
    top: float
    size: float
    pieces: tuple[tuple[float, float, str], ...]


@dataclass
class Block:
    """A table (rows of texts; `own` tells which cells stand there themselves, None: all) or lines of text, with the places of
    their pieces where some of them stand apart."""

    rows: list[list[str]] = field(default_factory=list)
    own: list[list[bool]] | None = None
    lines: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


@dataclass
class Member:
    """A file within an archive; `problem` says in Chinese why its bytes are not here."""

    name: str
    content: bytes = b""
    problem: str = ""


@dataclass
class Document:
    """What was read. A scan has neither blocks nor members; `cut` says in Chinese what was left out."""

    form: str  # book | text | archive | scan
    blocks: list[Block] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    cut: str = ""
    certain: bool = True  # False: the words were guessed from a picture


@dataclass(frozen=True)
class Limits:
    """How much one document may cost."""

    seconds: float = 60.0
    memory: int = 2048 * MB  # of address space: what a child may reserve, much more than what it uses
    unpacked: int = 256 * MB
    members: int = 500
    pages: int = 400
    cells: int = 3_000_000
    ocr: bool = True  # read pictures when the extra is installed
