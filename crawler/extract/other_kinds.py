"""Pages of the wider kinds (red and black lists, catalogues, inspections …): tables, lines, attachments, or one notice.

They have no decision's own words to look for, and a title such as 事项目录 or 通报 does not speak against them. A page without
a table and without attachments is one notice: it is counted by its title.
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from crawler.extract import fragments, pairs, tables
from crawler.extract.tables import Reader
from crawler.items import Seen
from standard import kinds

_NOTICE_LENGTH = 20  # characters below which a page says nothing


def rows_of(tree: LexborHTMLParser, text: str, lines: list[str], reader: Reader) -> list[Seen]:
    """The records a page of a wider kind shows in tables or in lines."""
    rows = tables.records(tree, reader)
    if not rows and "<!--" in text:
        rows = [
            seen for part in fragments.commented(text, "table") for seen in tables.records(tables.parse(part), reader)
        ]
    return rows or pairs.records(lines, reader)


def notice(title: str, published: str | None, lines: list[str], reader: Reader) -> Seen | None:
    """The page itself as one record: its title, and the day it was published. A catalogue must be a table."""
    if kinds.KINDS[reader.kind].register or not title.strip() or sum(map(len, lines)) < _NOTICE_LENGTH:
        return None
    fields = {"case_name": title.strip()}
    labels = {"case_name": "标题"}
    if published is not None and reader.kind == "policy":
        fields["decision_date"], labels["decision_date"] = published, "发布日期"
    return Seen(reader.kind, fields, "decision_text", labels, confidence=0.4)
