"""Which family a column's page is: marks with reasons; two independent marks of one family are needed.

Every family says in `marks` what speaks for it. Two marks are independent when they were seen in different places (the
address, the links, a script, the markup, the metas, the data). Marks that stand on every government site (the
error-report badge, SiteIDCode, jQuery) are not marks, and host names are never shown to a family at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawler.extract import metas_of, payloads, tables
from crawler.extract.tables import Reader
from crawler.items import Seen
from crawler.listing import Line, StaticPages, anchors, base_of, is_book_link, static_pages
from crawler.spiders import class_of, families

ENOUGH = 4  # weight that two or more marks must reach together
_PLACE = re.compile(r"^https?://[^/?#]*", re.I)
_ROWS = 40  # so many rows of a page's tables are enough to recognise them
_ROW_END = re.compile(r"</tr>", re.I)
_LABEL = re.compile(r"文\s*号|相对人|当事人|处罚|许可|案件|名\s*称|企业|决定")
_BOOK = re.compile(r"\.(?:xlsx?|et|csv|zip)", re.I)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})'|([^\s>"']{1,500}))""", re.I)


@dataclass(frozen=True)
class Mark:
    """One thing that speaks for a family. Weight 1 is a hint that others share, 2 is usual, 3 is unmistakable."""

    place: str  # address | links | script | markup | metas | data
    reason: str  # Chinese, for the log and for people
    weight: int = 2


@dataclass(frozen=True)
class Recognised:
    """A family with the marks that speak for it."""

    family: str
    marks: tuple[str, ...]
    weight: int = 0


class Glance:
    """A page as families see it when they look for their marks: never the name of its host."""

    def __init__(self, text: str, tree: LexborHTMLParser, url: str, rendered: bool = False) -> None:
        self.text, self.tree, self._url, self.rendered = text, tree, url, rendered
        self.address = path_of(url)
        self.is_json = text.lstrip()[:1] in ("{", "[")

    @cached_property
    def low(self) -> str:
        """The text in lower case: to look there for a word is cheaper than to look for it in either case."""
        return self.text.lower()

    @cached_property
    def links(self) -> str:
        """Where the page's links lead, one a line, without hosts."""
        return "\n".join(_PLACE.sub("", a or b or c).replace("\\", "/") for a, b, c in _HREF.findall(self.text))

    @cached_property
    def _anchors(self) -> list[tuple[str, Line]]:
        """Every link of the page with its address without host."""
        return [(_PLACE.sub("", line.url), line) for line in anchors(self.tree, self._url)]

    @cached_property
    def lines(self) -> list[Line]:
        """The lines with a link and a date."""
        return list({line.url: line for _, line in reversed(self._anchors) if line.date is not None}.values())[::-1]

    def lines_to(self, wanted: re.Pattern[str]) -> list[Line]:
        """The links that lead to addresses of this shape, with dates or without."""
        return [line for path, line in self._anchors if wanted.search(path)]

    @cached_property
    def books(self) -> list[Line]:
        """The links that lead to spreadsheets."""
        return [line for path, line in self._anchors if _BOOK.search(path) and is_book_link(line.url)]

    @cached_property
    def pager(self) -> StaticPages | None:
        """The pager of a static list."""
        return static_pages(self.text)

    @cached_property
    def metas(self) -> dict[str, str]:
        """The page's metas by lower-case name."""
        return metas_of(self.tree)

    @cached_property
    def scripts(self) -> str:
        """The words of the page's own scripts and the paths of those it loads."""
        found = [
            f"{_PLACE.sub('', node.attributes.get('src') or '')}\n{node.text() or ''}"
            for node in self.tree.css("script")
        ]
        return "\n".join(found)

    @cached_property
    def records(self) -> list[Seen]:
        """The decisions in wide tables of the page itself: of long ones the first, which say as much as all."""
        if not self._tabled:
            return []
        return [seen for seen in tables.records(self._part, Reader("auto", {})) if seen.form == "wide_table"]

    @cached_property
    def _tabled(self) -> bool:
        """Whether a table may have a header that is known; reading tables is dear."""
        return "<table" in self.low and _LABEL.search(self.text) is not None

    @cached_property
    def _part(self) -> LexborHTMLParser:
        """The page without what follows its first rows."""
        ends = [match.end() for match in islice(_ROW_END.finditer(self.text), _ROWS)]
        return tables.parse(self.text[: ends[-1]]) if len(ends) == _ROWS else self.tree

    @cached_property
    def headed(self) -> bool:
        """Whether a table of the page has a header that is known."""
        return bool(self.records) or (self._tabled and tables.headers(self._part, Reader("auto", {})) >= 1)

    @cached_property
    def answer(self) -> Any:
        """The value of a page that is JSON or JSONP; None when it is neither."""
        try:
            return payloads.parse(self.text)
        except ValueError:
            return None

    @property
    def base(self) -> str:
        """The address from which links count. For resolving only: families judge by `address`."""
        return base_of(self.tree, self._url)


def path_of(url: str) -> str:
    """An address without scheme and host.

    >>> path_of("http://www.example.gov.cn/col/col11/index.html?uid=5")
    '/col/col11/index.html?uid=5'
    """
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")


def marks_of(glance: Glance, of: Iterable[str] | None = None) -> dict[str, list[Mark]]:
    """The marks of every family on a page, the weightiest of each place first."""
    found: dict[str, list[Mark]] = {}
    for family in of if of is not None else families():
        marks = sorted(class_of(family).marks(glance), key=lambda mark: -mark.weight)
        if marks:
            found[family] = marks
    return found


def weight_of(marks: list[Mark]) -> int:
    """What marks weigh together: of each place the weightiest counts, so that one finding is never counted twice; 0 when
    they all come from one place."""
    best: dict[str, int] = {}
    for mark in marks:
        best[mark.place] = max(best.get(mark.place, 0), mark.weight)
    return sum(best.values()) if len(best) >= 2 else 0


def candidates(glance: Glance, before: str | None = None) -> list[Recognised]:
    """Every family with two independent marks of enough weight, the best first. What an earlier look recognised goes first
    as long as its marks are still there: a family changes when its marks are gone, not when another's grow."""
    found = [each for family, marks in marks_of(glance).items() if (each := _judged(family, marks)) is not None]
    return sorted(found, key=lambda each: (each.family != before, -each.weight, each.family))


def still(glance: Glance, before: str | None) -> Recognised | None:
    """What an earlier look recognised, if the page still bears its marks; nobody else is asked."""
    if before not in families():
        return None
    return _judged(before, marks_of(glance, [before]).get(before, []))


def _judged(family: str, marks: list[Mark]) -> Recognised | None:
    weight = weight_of(marks)
    return Recognised(family, tuple(mark.reason for mark in marks), weight) if weight >= ENOUGH else None


def recognise(text: str, tree: LexborHTMLParser, url: str, before: str | None = None) -> Recognised | None:
    """The family whose marks weigh most; None when none has two independent ones."""
    glance = Glance(text, tree, url)
    found = candidates(glance, before)
    return found[0] if found else None
