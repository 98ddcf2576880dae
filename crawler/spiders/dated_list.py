"""Any list whose lines have a link and a date: the last step before "needs a person"."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.extract import classify
from crawler.listing import lines, pages_announced
from crawler.spiders.base import Outputs, Page, PortalSpider


class DatedList(PortalSpider):
    """Lines with a link and a date, whatever made the page (PHP, ASP, JSP); navigation has no dates and fails that test.

    1. Every line with a link and a date beside it is an entry; a page a decision, a table or an attachment.
    2. 下一页 is followed until it brings nothing new; where only a script turns the pages, the look is partial.
    3. `family: auto` comes here last, when no other family has two marks.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/list.php", family: dated_list}
    """

    @dataclass(frozen=True)
    class Options:
        """No options."""

    def first(self, page: Page) -> Outputs:
        found = lines(page.tree, page.url)
        self.look.pages_announced = pages_announced(classify.visible(page.text))
        if not found:
            yield from self.nothing(page)
            return
        self.look.list_pages += 1
        yield from self.follow(found, 1)
        yield from self.onward(page, 1)

    def page(self, page: Page, number: int) -> Outputs:
        """A further page of the list; one that brings nothing new ends the walk."""
        found = lines(page.tree, page.url)
        if not found:
            self.look.lost_pages.append(f"第 {number} 页没有列表")
            return
        self.look.list_pages += 1
        before = len(self.walk.entries)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before:
            yield from self.onward(page, number)
