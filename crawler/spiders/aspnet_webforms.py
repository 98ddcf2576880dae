"""ASP.NET WebForms lists: pages turn by posting the page's own state back."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import scrapy
from selectolax.lexbor import LexborHTMLParser

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import classify, tables
from crawler.items import Seen
from crawler.scripted import hidden_fields, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_BACK = re.compile(r"__doPostBack\(\s*(?:'|&#39;|\\')([^'&\\]*)(?:'|&#39;|\\')\s*,\s*(?:'|&#39;|\\')([^'&\\]*)")
_NUMBER = re.compile(r"(?:Page\$)?(\d{1,5})$")


class AspnetWebforms(PortalSpider):
    """A list or table whose pager calls `__doPostBack('…AspNetPager1','2')` or `('…GridView1','Page$2')`.

    认出的依据：隐藏域 __VIEWSTATE；翻页脚本 __doPostBack；网址或详情页以 .aspx 结尾。

    1. Page 2 is first asked by GET (`page` option, `?page=2`), which some pagers accept; when that shows page 1 again, by POST.
    2. A POST carries every hidden field of the answer before it (`__VIEWSTATE`, `__EVENTVALIDATION` …) with the event target
       and argument of its pager; cookies are kept; never two pages at once.
    3. The event target of the next page missing means the end; fewer pages or items than announced are told.
    4. Lines lead to details; a GridView that shows the decisions itself is read as a table.

    坑：跳过一页会让 __EVENTVALIDATION 失效；按回发打开的详情（LinkButton）读不到，会说明。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/XzcfList.aspx", family: aspnet_webforms}
    """

    @dataclass(frozen=True)
    class Options:
        """`page`: the parameter by which the pager may also turn; empty: never try it."""

        page: str = "page"

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "__VIEWSTATE" in glance.text and _BACK.search(glance.text) and (glance.lines or glance.headed):
            yield from makers.webforms(glance)
            if _target(glance.text, 2) is not None:
                yield Mark("data", "翻到第 2 页靠回发", 3)

    def first(self, page: Page) -> Outputs:
        self.look.items_announced, self.look.pages_announced = self.announced(page, 0)
        self.home: LexborHTMLParser = page.tree
        self.address = page.url
        count = yield from self._read(page, 1)
        if count == 0:
            yield from self.nothing(page)
            return
        if _target(page.text, 2) is None:
            yield from self.onward(page, 1)
        elif self.may_ask():
            self.first_page = self.shown(page).key
            if self.options.page:
                yield self.request(with_query(page.url, **{self.options.page: 2}), "trial", number=2)
            else:
                yield from self._turn(page, 2)

    def trial(self, page: Page, number: int) -> Outputs:
        """Whether the pager also turns by GET."""
        if self.shown(page).key in (frozenset(), self.first_page):
            yield self._back(self.home, self.address, _target(page.text, number) or self._kept_target, number)
        else:
            yield from self.got(page, number)

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        if step == "trial":
            return self._back(self.home, self.address, self._kept_target, context["number"])
        return None

    @property
    def _kept_target(self) -> tuple[str, str]:
        return _target(self.home.html or "", 2) or ("", "")

    def got(self, page: Page, number: int) -> Outputs:
        """A page that a GET brought; the next is asked the same way."""
        if (yield from self._read(page, number)) and self._goes_on(page, number):
            yield self.request(with_query(self.address, **{self.options.page: number + 1}), "got", number=number + 1)

    def back(self, page: Page, number: int) -> Outputs:
        """A page that a POST brought; its own state turns to the next."""
        if (yield from self._read(page, number)) and self._goes_on(page, number):
            yield from self._turn(page, number + 1)

    def _goes_on(self, page: Page, number: int) -> bool:
        told = self.look.pages_announced
        more = number < told if told is not None else _target(page.text, number + 1) is not None
        return more and self.may_ask()

    def _turn(self, page: Page, number: int) -> Outputs:
        target = _target(page.text, number)
        if target is None:
            self.look.lost_pages.append(f"第 {number} 页：页面上没有翻到它的回发目标")
        else:
            yield self._back(page.tree, page.url, target, number)

    def _back(self, tree: LexborHTMLParser, url: str, target: tuple[str, str], number: int) -> scrapy.Request:
        form = next((each for each in tree.css("form") if each.css_first("input[name='__VIEWSTATE']")), None)
        fields = hidden_fields(form) if form is not None else {}
        action = (form.attributes.get("action") or "") if form is not None else ""
        fields |= {"__EVENTTARGET": target[0], "__EVENTARGUMENT": target[1]}
        return self.request(urljoin(url, action) if action else url, "back", form=urlencode(fields), number=number)

    def _read(self, page: Page, number: int) -> Generator[Any, None, int]:
        """What a page shows; how much of it is new."""
        shown = self.shown(page)
        if not shown:
            if number > 1:
                self.look.lost_pages.append(f"第 {number} 页没有列表")
            return 0
        if self.repeats(shown, number):
            self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效")
            return 0
        yield from self.take(page, shown, number)
        return len(shown)

    def records(self, page: Page) -> list[Seen]:
        return tables.records(page.tree, self.reader)


def _target(text: str, number: int) -> tuple[str, str] | None:
    """The event target and argument that turn to a page: by its number, else by 下一页."""
    named: tuple[str, str] | None = None
    for target, argument in _BACK.findall(text):
        match = _NUMBER.search(argument)
        if match and int(match[1]) == number:
            return target, argument
        if argument in ("Next", "Page$Next") and named is None:
            named = (target, argument)
    return named
