"""UCAP (开普云) columns whose list stands in static files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, StaticPages, lines, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider


class UcapStatic(PortalSpider):
    """A column of UCAP: `/c100234/common_list.shtml`, page 2 is `common_list_2.shtml`.

    认出的依据：栏目网址 /cNNNNNN/；详情页 /cNNNNNN/YYYYMM/32位编号.shtml；元数据 channelId、code、manuscriptId；标签 ucapcontent；
    分页文件 common_list、zwgklist。

    1. The list stands in the page, a date beside every link.
    2. `createPageHTML('page_div', pages, 1, 'common_list', 'shtml', total)` tells pages and total; page N is `_N`.
    3. Where the page does not say it, 下一页 is followed.

    坑：PubDate 可能按 12 小时制写；firstpublishedtime 形如 2007-08-20-23:59:59；列表在注释里的见 ucap_commented，由脚本取的见 ucap_search。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/c100234/common_list.shtml",
           family: ucap_static}
    """

    @dataclass(frozen=True)
    class Options:
        """No options."""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.lines_to(makers.UCAP_DETAIL) and any(line.date for line in glance.lines):
            yield from makers.ucap(glance)
            yield Mark("data", "列表写在页面里", 1)

    def first(self, page: Page) -> Outputs:
        self.pager, self.start = static_pages(page.text), page.url
        self.numbered = self.pager is not None
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        if self.pager is None:
            return None, super().announced(page, count)[1]
        return _total(page.text), self.pager.pages

    def turn(self, number: int) -> scrapy.Request:
        assert isinstance(self.pager, StaticPages)
        one_based = StaticPages(self.pager.pages, 1, self.pager.name, self.pager.suffix)
        return self.request(urljoin(self.start, one_based.address(number)), "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        dated = lines(page.tree, page.url)
        own = [line for line in dated if makers.UCAP_DETAIL.search(line.url)]
        return own or dated


def _total(text: str) -> int | None:
    """The sixth word of createPageHTML, where it is given: how many items there are."""
    call = text.partition("createPageHTML(")[2].partition(")")[0].split(",")
    last = call[-1].strip().strip("'\"") if len(call) >= 6 else ""
    return int(last) if last.isdecimal() and len(last) < 8 else None
