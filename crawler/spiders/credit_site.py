"""信用 sites: about fifteen stacks of software, one field map; only the way to the records differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import scrapy

from crawler.detect import Glance, Mark
from crawler.extract import classify, payloads, tables
from crawler.items import Entry, Seen
from crawler.listing import Line, items_announced, lines, next_page, pages_announced, scripted_next
from crawler.scripted import hidden_fields, json_lines, opened_lines, script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider
from crawler.spiders.json_grid import api_of
from crawler.stacks import BY_NAME, stack_of, template_in

_FULL = 10  # so many rows of an interface that names no total may be only its first page
_NUMBERED = re.compile(r"(?:_\d+)?(\.j(?:spx|html))\b")  # jeecms: xzcfListNew_2.jspx


class CreditSite(PortalSpider):
    """A column of a 信用 site. All of them publish the standard fields, so one field map serves; the stack is a table row.

    认出的依据：各家软件的列表网址（toDoublePublicPage、creditsearch.punishmentList.phtml、cms/xzcflist、/gs/…/xzcfxx/list …）与
    它的取数接口或详情网址（page.jspx、queryCreditPublicity、webPageList.do、getXZCFPageInfo.do、getPenaltyPage …）；页面写双公示字段。

    1. The stack is recognised by the column's address and what its links and scripts name; `stack` (option) names it.
    2. The list is the page itself or its interface, asked page by page with the stack's own parameters: JSON rows that are
       decisions, JSON with markup inside, HTML lists whose links or script calls open details, or tables.
    3. An empty list or detail is asked again, up to three times, then told as unread, never as empty.
    4. Further options: `page`, `size`, `query` (parameters), `detail` (a detail's address with {id}).

    坑：要 Cookie 的站点第一次常为空；信用陕西第 6 页起要验证码（按被拦截记）；代码只有一套，CF_/XK_ 与 xy01… 都认。

        - {id: x_credit, unit: x, kind: penalty, channel: credit, title: 信用示例, family: credit_site,
           url: "https://…/doublePublicController/toDoublePublicPage?keyword="}
    """

    @dataclass(frozen=True)
    class Options:
        """`stack`: its name; `page`, `size`: names of parameters; `query`: further ones; `detail`: a detail's address."""

        stack: str = field(default="", metadata={"choices": ("", *BY_NAME)})
        page: str = ""
        size: str = ""
        query: dict[str, Any] | None = None
        detail: str = ""

    numbered = True

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.is_json:
            return
        stack, by = stack_of(glance)
        if stack is None:
            return
        if "address" in by:
            yield Mark("address", f"网址是信用网站软件 {stack.name} 的列表", 3)
        if "mark" in by:
            yield Mark("script", f"接口或详情网址是 {stack.name} 的", 3)
        words = glance.text
        if "行政相对人" in words or "双公示" in words or re.search(r"\b(?:cf|xk)_?(?:wsh|xdr)", words, re.I):
            yield Mark("data", "页面写有双公示字段")

    def first(self, page: Page) -> Outputs:
        own = self.options
        stack = BY_NAME.get(own.stack) or stack_of(Glance(page.text, page.tree, page.url))[0]
        if stack is None:
            yield from self.dead("没有认出是哪一家信用网站软件，请在 options 中写明 stack")
            return
        self.stack = stack
        self.look.notes.add(f"信用网站软件：{stack.name}")
        self.details = (own.detail, template_in(page.text, stack), *stack.links)
        api = re.search(stack.api, page.text) if stack.api else None
        self.api = urljoin(page.url, api[0].replace("&amp;", "&")) if api else page.url
        form = page.tree.css_first(f"form input[name='{own.page or stack.page}']")
        self.fields = dict(hidden_fields(page.tree.css_first("form"))) if form is not None else {}  # type: ignore[arg-type]
        said = script_values(page.text, *stack.keep) if stack.keep else {}
        known = {name for name, _ in parse_qsl(urlsplit(self.api).query)}
        self.fields |= {name: value for name, value in said.items() if value and name not in known}
        self.name_of_size = own.size or stack.size
        size = script_values(page.text, self.name_of_size).get(self.name_of_size, "") if self.name_of_size else ""
        size = size or self.fields.get(self.name_of_size, "")
        self.asked = int(size) if size.isdecimal() and int(size) else 0
        if api is None and self.shown(page):
            yield from self.begin(page)
        else:
            yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        stack, name = self.stack, self.options.page or self.stack.page
        values: dict[str, Any] = {**self.fields, **(self.options.query or {})}
        if name:
            values[name] = number
            address = self.api
        else:
            address = _NUMBERED.sub(rf"_{number}\1" if number > 1 else r"\1", self.api)
        if self.name_of_size and self.asked:
            values[self.name_of_size] = self.asked
        if stack.method == "POST":
            return self.request(address, "page", form=urlencode(values), number=number)
        return self.request(with_query(address, **values), "page", number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        total, pages = _totals(page, count)
        more = next_page(page.tree, page.url) is not None or scripted_next(page.tree)
        if pages is None and not more and (self.api == page.url or count < _FULL):
            pages = 1
        return total, pages

    def lacking(self, page: Page, number: int, *, chain: bool) -> Outputs:
        total, _ = self.announced(page, 0)
        if (chain and (page.answer is not None or not self.in_json)) or (
            number == 1 and (total == 0 or classify.says_empty(page.text))
        ):
            self.look.said_empty = number == 1
        elif (again := self.once_more()) is not None:
            yield again
        elif number == 1:
            yield from self.dead("信用网站的列表多次为空，没有读到")
        else:
            self.look.lost_pages.append(f"第 {number} 页多次为空")

    def entries(self, page: Page) -> list[Line]:
        text, tree, answer = _inner(page)
        if answer is not None:
            rows = payloads.rows_of(answer) or []
            decisions = payloads.records(rows, self.reader)
            if any("document_number" in seen.fields for seen in decisions):
                return []
            made = (json_lines(rows, page.url, {"link": template}) for template in self.details if template)
            return next((found for found in made if found), []) or ([] if decisions else json_lines(rows, page.url))
        detail = re.compile(self.stack.detail, re.I) if self.stack.detail else None
        own = lines(tree, page.url, detail) if detail is not None else []
        return own or opened_lines(tree, f"{page.text}\n{text}", page.url, dated=False) or lines(tree, page.url)

    def records(self, page: Page) -> list[Seen]:
        _, tree, answer = _inner(page)
        if answer is not None:
            return payloads.records(payloads.rows_of(answer) or [], self.reader)
        return tables.records(tree, self.reader)

    def detail(self, page: Page, entry: Entry, filled: bool = False) -> Outputs:
        """A detail of these sites is a whole decision; one without any is asked for again before it counts as unread. One that
        is only a shell is filled by the interface which its script names, with the parameters of its own address."""
        reading = self.read(page, entry.title)
        if reading.rows or reading.attachments:
            yield from super().detail(page, entry)
            return
        api = None if filled or page.answer is not None else api_of(page.text)
        if api is not None and self.is_ours(address := urljoin(page.url, api)) and self.may_ask():
            query = dict(parse_qsl(urlsplit(page.url).query))
            yield self.request(with_query(address, **query), "detail", entry=entry, filled=True)
        elif (again := self.once_more()) is not None:
            yield again
        else:
            self.refuse("partial", "信用网站的详情多次为空", page.url, "detail", {"entry": entry})


def _inner(page: Page) -> tuple[str, Any, Any]:
    """The markup of an answer, or its JSON: markup inside JSON (`rightData1`) counts as markup."""
    answer = page.answer
    if answer is None:
        return page.text, page.tree, None
    texts = [text for text in answer.values() if isinstance(text, str)] if isinstance(answer, dict) else []
    markup = next((text for text in texts if "<li" in text or "<tr" in text), None)
    if markup is None:
        return "", None, answer
    bare = "<table" not in markup and "<tr" in markup
    return markup, tables.parse(f"<table>{markup}</table>" if bare else markup), None


def _totals(page: Page, here: int) -> tuple[int | None, int | None]:
    """How many items and pages the site says there are."""
    answer = page.answer
    if isinstance(answer, dict):
        total = payloads.total_of(answer, here=here)
        if total is not None:
            return total, max(-(-total // max(here, 1)), 1)
        text = " ".join(value for value in answer.values() if isinstance(value, str))
        said = {name: str(value) for name, value in answer.items() if isinstance(value, (int, str))}
    else:
        text = page.text
        said = script_values(text, "totalPage", "totalPages", "pageCount", "totalPageCount") | {
            name: (node.attributes.get("value") or "")
            for name in ("totalPage", "totalPages", "pageCount")
            if (node := page.tree.css_first(f"input[name='{name}'], input#{name}")) is not None
        }
    words = classify.visible(text)
    pages = next(
        (int(v) for n, v in said.items() if n.lower().startswith(("totalpage", "pagecount")) and v.isdecimal()), None
    )
    total = items_announced(words)
    pages = pages or pages_announced(words) or (max(-(-total // max(here, 1)), 1) if total is not None else None)
    return total, pages
