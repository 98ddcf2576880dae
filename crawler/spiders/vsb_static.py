"""VSB (博达 webplus) columns in static files, whose pages count down."""

from __future__ import annotations

import re
from collections.abc import Iterator

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines, next_page
from crawler.spiders.base import Outputs, Page, PortalSpider

_NUMBERED = re.compile(r"/(\d{1,5})\.html?$")


class VsbStatic(PortalSpider):
    """A column of VSB: `gg.htm`, then `gg/12.htm`, `gg/11.htm` … `gg/1.htm` (the oldest).

    认出的依据：详情页 /info/1034/5678.htm；标记 line_uN_N、vsb_content；脚本 _showDynClicks、/system/resource/。

    1. The first page is `name.htm`; the pager says how many pages there are, 下页 leads to `name/(pages-1).htm`.
    2. Page k is `name/(pages-k+1).htm`: the numbers count down, so an address of a further page changes its meaning when
       the list grows. They are always counted anew from the first page of the look.
    3. Without a pager there is one page.

    坑：附件 download.jsp 的类型只看响应头；有的站点下载要验证码。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/zwgk/xzcf.htm", family: vsb_static}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "urltype=" in glance.address or not glance.lines_to(makers.VSB_DETAIL):
            return
        yield from makers.vsb(glance)

    def first(self, page: Page) -> Outputs:
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, said = super().announced(page, count)
        following = next_page(page.tree, page.url) or ""
        number = _NUMBERED.search(following)
        several = said is not None and said > 1
        if number is not None:
            self.pages = said if said is not None and said > 1 else int(number[1]) + 1
            self.pattern = following[: number.start(1)].replace("%", "%%") + "%d" + following[number.end(1) :]
        elif said is not None and said > 1:
            self.pages = said
            self.pattern = re.sub(r"\.html?$", "", page.url.partition("?")[0]).replace("%", "%%") + "/%d.htm"
        self.numbered = number is not None or several
        return items, self.pages if self.numbered else said

    def turn(self, number: int) -> scrapy.Request:
        return self.request(self.pattern % (self.pages - number + 1), "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        dated = lines(page.tree, page.url)
        return [line for line in dated if makers.VSB_DETAIL.search(line.url)] or dated
