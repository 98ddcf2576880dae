"""The records themselves on the column's page, in wide tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.detect import Glance, Mark
from crawler.extract import classify, tables
from crawler.listing import next_page, pages_announced
from crawler.spiders import json_grid
from crawler.spiders.base import Outputs, Page, PortalSpider

_TOLD = frozenset(("document_number", "counterparty", "content"))  # what a row says that is alone in its column


class WideTable(PortalSpider):
    """One or several tables with a header and a decision a row, on one page or on several.

    认出的依据：页面上有表头可认的宽表；表中有多条记录，或表头下没有记录也没有取数脚本。

    1. Every table of the page is read: titles above the header, headers in two rows, rules rows and spans are known.
    2. 下一页 is followed until it leads nowhere new; `page` (option) names a query parameter to count instead.
    3. A page made by a script needs `render: browser`.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/xzcf.html", family: wide_table}
    """

    @dataclass(frozen=True)
    class Options:
        """`page`: the query parameter that numbers pages."""

        page: str = ""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.is_json or not glance.headed:
            return
        yield Mark("markup", "页面上有表头可认的宽表", 3)
        records = glance.records
        if len(records) >= 2 or (records and len(records[0].fields) >= 5):
            yield Mark("data", "表中有多条记录", 3)
        elif records and not glance.lines and records[0].fields.keys() >= _TOLD:
            yield Mark("data", "表中有一条记录，文号、相对人、内容俱全")
        elif not records and not glance.lines and json_grid.api_of(glance.text) is None:
            yield Mark("data", "表头下没有记录，也没有取数脚本")

    def first(self, page: Page) -> Outputs:
        self.look.pages_announced = pages_announced(classify.visible(page.text))
        yield from self._read(page, 1)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        """A further page of the table."""
        yield from self._read(page, number)

    def _read(self, page: Page, number: int) -> Outputs:
        reading = self.read(page)
        rows = [row for row in reading.rows if row.form in ("wide_table", "key_value")]
        self.look.items += len(rows)
        if not rows and number == 1:
            headed = tables.headers(page.tree, self.reader)
            if headed and not classify.template_list(page.text) and json_grid.api_of(page.text) is None:
                self.look.said_empty = classify.says_empty(page.text)
            elif page.tree.css_first("table tr") is None or classify.script_list(page.text):
                yield from self.nothing(page)
            else:
                self.look.said_empty = classify.says_empty(page.text)
            return
        self.look.list_pages += 1
        reading.rows, reading.published = rows, None  # the page's date is not that of its rows
        yield from self.sightings(reading, page, None, url=page.url, place=(number,))
        if self.options.page and next_page(page.tree, page.url) is None:
            if number < (self.look.pages_announced or 1) and self.may_ask():
                yield self.request(_numbered(page.url, self.options.page, number + 1), "page", number=number + 1)
        elif rows:
            yield from self.onward(page, number)


def _numbered(url: str, name: str, number: int) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), name: str(number)}
    return urlunsplit(parts._replace(query=urlencode(query)))
