"""Any list whose lines have a link and a date: the last step before "needs a person"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawler.extract import classify
from crawler.listing import Line, lines, pages_announced
from crawler.scripted import opened_lines
from crawler.spiders.base import Outputs, Page, PortalSpider


class DatedList(PortalSpider):
    """Lines with a link and a date, whatever made the page (PHP, ASP, JSP); navigation has no dates and fails that test.

    认出的依据：没有别的站型有两个独立依据，而页面上有带链接和日期的行（织梦、PHPCMS、旧 ASP、Struts 等都由此读取）。

    1. Every line with a link and a date beside it is an entry; a page a decision, a table or an attachment. Links that are
       script calls (`onclick="show('12')"`) are followed where the page's own function says what they open.
    2. Pages turn by 下一页: a link, a function of the page that opens an address, or a form with a page number; a page that
       brings nothing new is the end. Where none of these works the look is partial.
    3. `family: auto` comes here last, when no other family has two marks.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/list.php", family: dated_list}
    """

    @dataclass(frozen=True)
    class Options:
        """No options."""

    def first(self, page: Page) -> Outputs:
        found = self.entries(page)
        self.look.pages_announced = pages_announced(classify.visible(page.text))
        if not found:
            yield from self.nothing(page)
            return
        self.look.list_pages += 1
        self.opens(found)
        yield from self.follow(found, 1)
        yield from self.onward(page, 1)

    def entries(self, page: Page) -> list[Line]:
        return entries_of(page.tree, page.text, page.url)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        """A further page of the list; one that brings nothing new ends the walk."""
        found = self.entries(page)
        if not found:
            self.look.lost_pages.append(f"第 {number} 页没有列表")
            return
        if number == 2 and self.repeats(found, 2):
            self.look.lost_pages.append("第 2 页与第 1 页相同，翻页没有生效")
            return
        before = len(self.walk.entries)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before:
            self.look.list_pages += 1
            yield from self.onward(page, number)


def entries_of(tree: LexborHTMLParser, text: str, url: str) -> list[Line]:
    """The lines with a date, whether their links are addresses or calls of the page's own functions."""
    found = {line.url: line for line in lines(tree, url)}
    if "onclick" in text or "javascript:" in text:
        for line in opened_lines(tree, text, url):
            found.setdefault(line.url, line)
    return list(found.values())
