"""信用 sites: about fifteen stacks of software, one field map; only the way to the records differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from crawler.detect import Glance, Mark
from crawler.extract import classify, payloads, tables
from crawler.items import Entry, Seen
from crawler.listing import Line, items_announced, lines, next_page, pages_announced, scripted_next
from crawler.scripted import hidden_fields, json_lines, opened_lines, script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_TRIES = 3  # an empty list or detail of these sites is often full when asked again


@dataclass(frozen=True)
class Stack:
    """How one make of credit site is asked."""

    name: str
    address: str  # pattern of the column's address, without host
    mark: str  # pattern of what its links and scripts name
    page: str = "page"  # the parameter that counts pages
    size: str = ""  # the parameter that says how many, where there is one
    method: str = "GET"
    first: int = 1
    api: str = ""  # pattern of the interface in the page's script; empty: the column's own address
    detail: str = ""  # pattern of the addresses of details
    link: str = ""  # a detail's address, with places, where rows only have an id
    keep: tuple[str, ...] = ()  # parameters of the page's script that go with every request
    alone: bool = False  # whether the second mark says enough where the address is another one


STACKS = (
    Stack("doublePublicController", r"doublePublicController/toDoublePublicPage", r"numPerPage|to[aA][dD]\w+Detail\.do", "pageNum",
          "numPerPage", "POST", detail=r"to[aA][dD]\w+Detail\.do", alone=True),
    Stack("jeecms 接口", r"\.jspx|\.jhtml", r"doublePublicity/page\.jspx", "pageNo", "pageSize", api=r"[^\"'\s]*doublePublicity/page\.jspx[^\"'\s]*",
          link="/xzcfDetialNew-{id}.jspx", keep=("type",), alone=True),
    Stack("jeecms 列表", r"(?:list_\d+|xz[cx][fk]ListNew(?:_\d+)?)\.jspx", r"xz[cx][fk]Deti?al\w*-\w+\.jspx", "page",
          detail=r"xz[cx][fk]Deti?al\w*-\w+\.jspx"),
    Stack("creditsearch", r"creditsearch\.\w+List\.phtml", r"creditdetal?i?l?\w*\.phtml|creditsearch\.\w+List\.phtml\?page", "page",
          detail=r"creditdet\w+\.phtml"),
    Stack("hlxy 文书接口", r"", r"documents/api/queryCreditPublicity", "pageNum", "pageSize",
          api=r"[^\"'\s]*documents/api/queryCreditPublicity[^\"'\s]*", keep=("typeCode",)),
    Stack("datareporting", r"", r"queryDoublePublicityList\.json", "pageNo", "pageSize",
          api=r"[^\"'\s]*queryDoublePublicityList\.json[^\"'\s]*", keep=("tableType",)),
    Stack("two_publicity", r"", r"two_?[pP]ublicity\S*webPageList\.do|webPageList\.do\?_type=", "currPage", "pageSize",
          api=r"[^\"'\s]*webPageList\.do[^\"'\s]*", keep=("_type",)),
    Stack("getXZCFPageInfo", r"", r"getXZ(?:CF|XK)PageInfo\.do", "currentPageNo", "pageSize",
          api=r"[^\"'\s]*getXZ(?:CF|XK)PageInfo\.do[^\"'\s]*"),
    Stack("wsreporting", r"wsreporting", r"get(?:Penalty|Permission|Licen[cs]e)Page", "page", "rows", "POST",
          api=r"[^\"'\s]*get(?:Penalty|Permission|Licen[cs]e)Page[^\"'\s]*", alone=True),
    Stack("CMSInterface", r"cms/xz(?:cf|xk)list", r"xz(?:cf|xk)(?:list|info|detail)\?|pagesize=", "page", "pagesize"),
    Stack("JeeSite", r"/gs/\w+/xz(?:cf|xk)xx/list", r"name=[\"']?pageNo|xz(?:cf|xk)xx/(?:form|view|list)", "pageNo", "pageSize", "POST",
          detail=r"xz(?:cf|xk)xx/(?:form|view|info)"),
    Stack("rightData1", r"", r"rightData1", "page", "rows", api=r"[^\"'\s]*(?:[lL]ist|[pP]age)\w*\.(?:do|action|json|htm)[^\"'\s]*"),
    Stack("page.pageNo", r"/dou/(?:punish|permit|licen[cs]e)/\w+/list", r"page\.pageNo=", "page.pageNo"),
    Stack("permitDetails", r"", r"(?:permit|punish)Details\.html\?ID=", "page", "rows", api=r"[^\"'\s]*(?:[lL]ist|[pP]age)\w*\.(?:do|action|json)[^\"'\s]*"),
    Stack("jqGrid xkgrid", r"", r"x[kz]\w*grid\.action", "page", "rows", api=r"[^\"'\s]*x[kz]\w*grid\.action[^\"'\s]*"),
    Stack("gkgs", r"gkgs/list\.html\?type=Publicity", r"pageIndex|gkgs/(?:detail|view|info)", "pageIndex", "", "POST",
          detail=r"gkgs/(?:detail|view|info)"),
)  # fmt: skip
_BY_NAME = {stack.name: stack for stack in STACKS}


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

        stack: str = field(default="", metadata={"choices": ("", *_BY_NAME)})
        page: str = ""
        size: str = ""
        query: dict[str, Any] | None = None
        detail: str = ""

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
        stack, _ = stack_of(Glance(page.text, page.tree, page.url))
        stack = _BY_NAME.get(self.options.stack) or stack
        if stack is None:
            yield from self.dead("没有认出是哪一家信用网站软件，请在 options 中写明 stack")
            return
        self.stack = stack
        self.look.notes.add(f"信用网站软件：{stack.name}")
        self.tries: dict[str, int] = {}
        api = re.search(stack.api, page.text) if stack.api else None
        self.api = urljoin(page.url, api[0].replace("&amp;", "&")) if api else page.url
        form = page.tree.css_first(f"form input[name='{stack.page}']")
        self.fields = dict(hidden_fields(page.tree.css_first("form"))) if form is not None else {}  # type: ignore[arg-type]
        said = {name: value for name, value in script_values(page.text, *stack.keep).items() if value}
        known = {name for name, _ in parse_qsl(urlsplit(self.api).query)}
        self.fields |= {name: value for name, value in said.items() if name not in known}
        size = script_values(page.text, stack.size).get(stack.size, "") if stack.size else ""
        size = size or self.fields.get(stack.size, "")
        self.size = int(size) if size.isdecimal() and int(size) else 0
        if api is None and (self.entries(page) or self._shown(page)):
            yield from self.page(page, 1)
        else:
            yield self._ask(1)

    def _ask(self, number: int, again: bool = False) -> Any:
        stack, own = self.stack, self.options
        values: dict[str, Any] = {
            **self.fields,
            **(own.query or {}),
            (own.page or stack.page): number - 1 + stack.first,
        }
        if (name := own.size or stack.size) and self.size:
            values[name] = self.size
        if stack.method == "POST":
            return self.request(self.api, "page", form=urlencode(values), number=number, again=again)
        return self.request(with_query(self.api, **values), "page", number=number, again=again)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        found, shown = self.entries(page), []
        if not found:
            shown = self._shown(page)
        if not found and not shown:
            if not context.get("chain"):
                yield from self._empty(page, number)
            return
        chain = context.get("chain") and number > 2
        if found and self.repeats(found, number):
            if not chain:
                self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效")
            return
        self.look.list_pages += 1
        yield from self.follow(found, number)
        if shown:
            key = frozenset("|".join(seen.fields.values()) for seen in shown)
            if number > 1 and key in self.walk.shown.values():
                if not chain:
                    self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效")
                return
            self.walk.shown[number] = key
            yield from self.decisions(shown, page, number)
        if number > 1:
            if context.get("chain") and self.may_ask():
                yield self._chained(number + 1)
            return
        total, pages = _totals(page, len(found) or len(shown))
        self.look.items_announced, self.look.pages_announced = total, pages
        self.opens(found)
        count = len(found) or len(shown)
        further = (
            next_page(page.tree, page.url) is not None
            or scripted_next(page.tree)
            or (self.api != page.url and count >= 10)
        )
        if pages is None and further and self.may_ask():
            self.ask_next = self._ask
            yield self._chained(2)
        for following in range(2, (pages or 1) + 1):
            if self.may_ask():
                yield self._ask(following)

    def _empty(self, page: Page, number: int) -> Outputs:
        total, _ = _totals(page, 1)
        tries = self.tries.get(str(number), 0)
        if number == 1 and (total == 0 or classify.says_empty(page.text)):
            self.look.said_empty = True
        elif tries < _TRIES and self.may_ask():
            self.tries[str(number)] = tries + 1
            yield self._ask(number, again=True)
        elif number == 1:
            yield from self.dead("信用网站的列表多次为空，没有读到")
        else:
            self.look.lost_pages.append(f"第 {number} 页多次为空")

    def entries(self, page: Page) -> list[Line]:
        stack = self.stack
        text, tree, answer = _inner(page)
        if answer is not None:
            rows = payloads.rows_of(answer) or []
            if rows and not payloads.records(rows, self.reader):
                names = {"link": self.options.detail or stack.link} if self.options.detail or stack.link else {}
                return json_lines(rows, page.url, names) or json_lines(rows, page.url)
            return []
        detail = re.compile(stack.detail, re.I) if stack.detail else None
        own = lines(tree, page.url, detail) if detail is not None else []
        return own or opened_lines(tree, f"{page.text}\n{text}", page.url, dated=False) or lines(tree, page.url)

    def _shown(self, page: Page) -> list[Seen]:
        """Decisions that the list itself shows."""
        _, tree, answer = _inner(page)
        if answer is not None:
            rows = payloads.rows_of(answer) or []
            return payloads.records(rows, self.reader) if rows else []
        return tables.records(tree, self.reader)

    def detail(self, page: Page, entry: Entry) -> Outputs:
        """A detail of these sites is a whole decision; one without any is asked again before it counts as unread."""
        reading = self.read(page, entry.title)
        tries = self.tries.get(entry.url, 0)
        if not reading.rows and tries < _TRIES and self.may_ask():
            self.tries[entry.url] = tries + 1
            yield self.request(entry.url, "detail", entry=entry, again=True)
            return
        if not reading.rows and not reading.attachments:
            self.refuse("partial", "信用网站的详情多次为空", page.url, "detail", {"entry": entry})
            return
        yield from super().detail(page, entry)


def stack_of(glance: Glance) -> tuple[Stack | None, frozenset[str]]:
    """The stack with most marks on a page, and which of its marks stand there."""
    best: tuple[Stack | None, frozenset[str]] = (None, frozenset())
    named = f"{glance.links}\n{glance.text}"
    for stack in STACKS:
        by = {"mark"} if re.search(stack.mark, named) else set()
        if stack.address and re.search(stack.address, glance.address):
            by.add("address")
        if stack.address and "address" not in by and not stack.alone:
            by.clear()
        if len(by) > len(best[1]):
            best = (stack, frozenset(by))
    return best


def _inner(page: Page) -> tuple[str, Any, Any]:
    """The markup of an answer, or its JSON: markup inside JSON (`rightData1`) counts as markup."""
    try:
        answer = payloads.parse(page.text)
    except ValueError:
        return page.text, page.tree, None
    if isinstance(answer, dict):
        markup = next(
            (v for v in answer.values() if isinstance(v, str) and "<" in v and ("<li" in v or "<tr" in v)), None
        )
        if markup is not None:
            return (
                markup,
                tables.parse(f"<table>{markup}</table>" if "<table" not in markup and "<tr" in markup else markup),
                None,
            )
    return "", None, answer


def _totals(page: Page, here: int) -> tuple[int | None, int | None]:
    """How many items and pages the site says there are."""
    try:
        answer = payloads.parse(page.text)
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        total = payloads.total_of(answer)
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
