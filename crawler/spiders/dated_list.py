"""Any list whose lines have a link and a date: the last step before "needs a person"."""

from __future__ import annotations

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.listing import Line, lines
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
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        return None, super().announced(page, count)[1]

    def entries(self, page: Page) -> list[Line]:
        return entries_of(page.tree, page.text, page.url)


def entries_of(tree: LexborHTMLParser, text: str, url: str) -> list[Line]:
    """The lines with a date, whether their links are addresses or calls of the page's own functions."""
    found = {line.url: line for line in lines(tree, url)}
    if "onclick" in text or "javascript:" in text:
        for line in opened_lines(tree, text, url):
            found.setdefault(line.url, line)
    return list(found.values())
