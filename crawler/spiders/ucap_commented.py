"""UCAP (开普云) columns whose static list stands inside a comment."""

from __future__ import annotations

from collections.abc import Iterator

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import fragments, tables
from crawler.listing import Line, lines
from crawler.spiders.base import Outputs, Page
from crawler.spiders.ucap_static import UcapStatic


class UcapCommented(UcapStatic):
    """A column of UCAP whose list and pager are commented out; visitors see a list that a script fetches.

    认出的依据：与 ucap_static 相同的页面标记，而带日期的列表只在 HTML 注释里（注释里还有 createPageHTML）。

    1. The list is read out of the comment; the menu, which is not commented out and has no dates, is no list.
    2. `createPageHTML(…)` inside the comment tells pages and total; page N is `zwgklist_N.shtml`, commented alike.

    坑：注释可能是旧内容：总数与最新日期写进查看说明，供人核对。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/c110634/zwgklist.shtml",
           family: ucap_commented}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if not fragments.comments_list(glance.text) or glance.lines_to(makers.UCAP_DETAIL):
            return
        if _hidden(glance.text, glance.base):
            yield from makers.ucap(glance)
            yield Mark("data", "带日期的列表只在注释里", 3)

    def first(self, page: Page) -> Outputs:
        self.look.notes.add("列表写在注释里，由脚本显示")
        yield from super().first(page)

    def entries(self, page: Page) -> list[Line]:
        return _hidden(page.text, page.url)


def _hidden(text: str, url: str) -> list[Line]:
    found: dict[str, Line] = {}
    for part in fragments.commented(text, "li"):
        for line in lines(tables.parse(part), url):
            found.setdefault(line.url, line)
    return list(found.values())
