"""What every family shares: one look at one portal, its requests, and what happens when a page is not a page.

A family writes `marks` (what speaks for it), `first(page)` (the column's own page) and, as it needs them, further steps;
a step is a method that takes a `Page` and yields requests and sightings. `page`, `detail` and `attachment` are here,
because every list has further pages and leads to documents. Of its list a family says only what is its own: `entries` (or
`records`, where list pages show the decisions), `turn` (how page N is asked for), `announced` (how many there are).
Nothing a page does ends the run: `receive` is the one place where any exception of a step is caught, and becomes the
look's error.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import scrapy
from scrapy.http import Response
from selectolax.lexbor import LexborHTMLParser

from crawler import extract
from crawler.addresses import host_of, is_inner
from crawler.browser import in_browser
from crawler.coverage import Look
from crawler.detect import Glance, Mark
from crawler.documents.beside import beside
from crawler.documents.reading import task_of
from crawler.egress import Forbidden, Gate
from crawler.extract import classify, fragments, payloads, tables
from crawler.extract.decode import decode
from crawler.extract.reading import Reading
from crawler.items import Entry, Seen, Sighting, Touch
from crawler.listing import Line, holds_empty_list, items_announced, lines, next_page, pages_announced, scripted_next
from crawler.registry import Portal
from crawler.scripted import json_lines, turning
from crawler.wire import Unanswered
from db import clock
from db.settings import CrawlSettings
from standard import kinds
from standard.outcomes import dead_link

NO_LIST = ("script_list", "页面上没有列表，也没有写明暂无内容：可能由脚本生成，或地址不是栏目页，请打开核对")
log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"
_SLIDES_AFTER = 5.0  # seconds; a list that was read faster had no time to be re-published
_TRIES = 3  # for what came back empty
_FEW = 3  # lines that a server which ignores the page may rightly show again
_CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")  # a title, not the name of a file
Outputs = Iterator[scrapy.Request | Sighting | Touch]


class Page:
    """One response, decoded and parsed once, when a step asks for it."""

    def __init__(self, response: Response) -> None:
        self.url: str = response.url
        self.status: int = response.status
        self.body: bytes = response.body
        self.content_type: str | None = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
        self.evidence: str | None = response.meta.get("evidence")
        self.reading: Reading | None = None  # of a document, which is read before its step

    @cached_property
    def text(self) -> str:
        return decode(self.body, self.content_type)

    @cached_property
    def tree(self) -> LexborHTMLParser:
        return tables.parse(self.text)

    @cached_property
    def answer(self) -> dict[str, Any] | list[Any] | None:
        """The value of an answer in JSON or JSONP; None when it is neither."""
        if not payloads.looks_like_one(self.text):
            return None
        try:
            value = payloads.parse(self.text)
        except ValueError:
            return None
        return value if isinstance(value, dict | list) else None

    @property
    def is_text(self) -> bool:
        return b"\0" not in self.body[:512]


@dataclass(frozen=True)
class Shown:
    """What stands on one list page: lines that lead to decisions, or decisions themselves."""

    lines: list[Line]
    decisions: list[Seen] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines) or len(self.decisions)

    @cached_property
    def key(self) -> frozenset[str]:
        """What tells this page from others."""
        return frozenset([line.url for line in self.lines] or ["|".join(seen.raw.values()) for seen in self.decisions])


@dataclass
class Walk:
    """What one look needs besides its page: limits, earlier readings, and what it has asked for so far."""

    look: Look
    settings: CrawlSettings
    known: Mapping[str, tuple[str, str, list[str]]]  # address -> title, date, record ids, as last read
    browser: bool = False
    keep: Callable[[Sighting | Touch], None] | None = None  # Clean, Validate, Store
    ask: Callable[[scrapy.Request], None] | None = None  # to the downloader
    asked: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)  # every list entry of this look
    turned: set[str] = field(default_factory=set)  # addresses of list pages that 下一页 led to
    read: set[str] = field(default_factory=set)  # addresses of entries fetched and read in this look
    failed: set[str] = field(default_factory=set)  # addresses of entries that were not read completely
    refusal: tuple[str, str] | None = None  # why the column's page was refused before the other scheme was tried
    shown: dict[int, frozenset[str]] = field(default_factory=dict)  # list page -> what stood on it
    tries: Counter[str] = field(default_factory=Counter)  # how often what came back empty was asked for again
    waiting: int = 0  # list pages asked for and not yet answered
    dates: set[str] = field(default_factory=set)  # dates beside entries, two are enough to know that they differ
    repeated: int = 0  # list pages that were another one again
    current: scrapy.Request | None = None  # what brought the page that is being read
    opening: scrapy.Request | None = None  # what brought the first page of the list
    opened: list[str] = field(default_factory=list)  # what stood on it, in its order
    opened_at: float = 0.0


class PortalSpider(scrapy.Spider):
    """One portal, walked once."""

    @dataclass(frozen=True)
    class Options:
        """No options."""

    def __init__(self, portal: Portal, walk: Walk, options: Any = None, **tools: Any) -> None:
        super().__init__(name=portal.id)
        self.portal, self.walk, self.look = portal, walk, walk.look
        self.options: Any = options if options is not None else self.Options()
        self.gate = Gate(portal.host, portal.allow_hosts)
        self.fetcher: Any = tools.get("fetcher")  # for the downloader
        self.home = portal.url  # the address from which links in answers of interfaces count
        self.instead: Callable[[str], Outputs] | None = None  # who tries next when this family's list stays dead

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        """What on a column's page speaks for this family."""
        yield from ()

    async def start(self) -> Any:
        """The walk, from the column's own page to the last that it leads to; nothing is left for Scrapy's engine to ask."""
        downloader = self.crawler.engine.downloader
        downloader.put(self.request(self.portal.url, "first"))
        await downloader.run()
        return
        yield  # Scrapy wants an asynchronous generator

    def first(self, page: Page) -> Outputs:
        """Read the column's own page."""
        raise NotImplementedError

    # ------------------------------------------------------------ asking

    def request(
        self, url: str, step: str, *, form: str | None = None, sends: str = _FORM, again: bool = False, **context: Any
    ) -> scrapy.Request:
        """A request whose answer goes to the method `step`. `form` makes it a POST; `again` asks anew for what this look
        has kept."""
        self.walk.asked += 1
        meta: dict[str, Any] = {}
        if self.walk.browser and step != "attachment" and form is None:
            meta = in_browser(picture=step == "first")
        if again:
            meta["again"] = True
        headers = {"Content-Type": sends} if form is not None else None
        if step == "page":
            self.walk.waiting += 1
        return scrapy.Request(
            url, self.receive, method="GET" if form is None else "POST", body=form, headers=headers, meta=meta,
            errback=self.lost, cb_kwargs={"step": step, "context": context}, dont_filter=True,
            priority={"first": 30, "page": 20, "detail": 10}.get(step, 0),
        )  # fmt: skip

    def may_ask(self) -> bool:
        """Whether the look may grow further."""
        if self.walk.asked < self.walk.settings.max_pages:
            return True
        self.look.cut = f"页数达到上限 {self.walk.settings.max_pages}，其余未读"
        return False

    def is_ours(self, url: str) -> bool:
        """Whether an address belongs to this portal or to a host its entry allows."""
        return host_of(url) in self.gate.hosts

    # ------------------------------------------------------------ receiving

    def receive(self, response: Response, step: str, context: dict[str, Any]) -> Coroutine[Any, Any, None] | None:
        """Every answer arrives here. Whatever a page makes a step do, the run goes on.

        What a step yields goes straight on, to the downloader or to the pipeline: handing it back through Scrapy's own
        machinery costs more than reading the page. A document is read beside the walk: the answer is then to be awaited.
        """
        self.look.pages += step != "slid"  # which asks again for a page that is counted, or does not, as time passed
        page = Page(response)
        if page.status < 400 and task_of(page.body) is not None:
            return self._document(page, response.request, step, context)
        self._read_on(page, response.request, step, context)
        return None

    async def _document(self, page: Page, request: scrapy.Request | None, step: str, context: dict[str, Any]) -> None:
        """Read a document while other pages are asked for; then its step takes it as any page."""
        entry: Entry | None = context.get("entry")
        title = context.get("title") or ""
        if entry is not None and not _CHINESE.search(title):
            title = entry.title
        try:
            page.reading = await beside(self.read, page, title)
        except Exception as error:
            self._fault(error, step, page, entry)
            # It is not tried once more in the walk itself, which it would hold up.
            page.reading = Reading("attachment", reason="系统处理出错", unread=True)
        self._read_on(page, request, step, context)

    def _read_on(self, page: Page, request: scrapy.Request | None, step: str, context: dict[str, Any]) -> None:
        if step == "page":
            self.walk.waiting -= 1
        self.walk.current = request
        ask, keep = self.walk.ask, self.walk.keep
        assert ask is not None and keep is not None
        try:
            for output in self.outputs(page, step, context):
                if isinstance(output, scrapy.Request):
                    output.meta["referer"] = page.url
                    ask(output)
                else:
                    keep(output)
        except Exception as error:
            self._fault(error, step, page, context.get("entry"))
        if step == "page" and self.walk.waiting == 0:
            self.look_again()

    def _fault(self, error: Exception, step: str, page: Page, entry: Entry | None) -> None:
        """A fault of ours: the look is an error, and an entry it hid is read again by the next look."""
        if entry is not None:
            self.walk.failed.add(entry.url)
        log.error("portal %s: step %s failed on %s", self.portal.id, step, page.url, exc_info=error)
        self.look.errors.append(f"{type(error).__name__}（{page.url}）")

    def outputs(self, page: Page, step: str, context: dict[str, Any]) -> Outputs:
        """What a page leads to: requests and sightings."""
        problem = classify.problem_of(page.status, page.text if page.is_text else "·")
        if problem is None and step in ("first", "page") and page.is_text and payloads.refuses(page.answer):
            problem = classify.Problem("script_list", "取数接口返回出错信息")
        if problem is None:
            if step == "first" and self.walk.refusal is not None:
                self.changed_scheme(page.url)
            yield from getattr(self, step)(page, **context)
            return
        again = self.otherwise(problem, step, context)
        if again is None and problem.blank:
            again = self.once_more()
        if again is None and step == "first" and page.status == 403 and self.walk.refusal is None:
            self.walk.refusal = (problem.outcome, problem.reason)
            again = self.request(other_scheme(self.portal.url), "first")
        if again is not None:
            yield again
        elif context.get("chain") and problem.outcome in ("column_missing", "soft_404"):
            pass  # past the last page of a list that does not say how long it is
        elif step == "page" and context.get("number") == 1:
            yield from self.unseen(problem, page.url)
        else:
            self.refuse(problem.outcome, problem.reason, page.url, step, context)

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        """What to ask instead of a page that could not be read; None (as for most): nothing."""
        return None

    def once_more(self) -> scrapy.Request | None:
        """The request that brought this page, asked anew: what is empty at first is often full then. None after three times."""
        request = self.walk.current
        assert request is not None
        key = f"{request.method} {request.url} {request.body.decode('latin-1')}"
        self.walk.tries[key] += 1
        if self.walk.tries[key] > _TRIES or not self.may_ask():
            return None
        self.walk.asked += 1
        self.walk.waiting += request.cb_kwargs.get("step") == "page"
        return request.replace(meta={**request.meta, "again": True})

    def changed_scheme(self, url: str) -> None:
        """The column answers by the other of http and https only: what follows is asked there."""
        before, after = urlsplit(self.portal.url).scheme, urlsplit(url).scheme
        self.home = other_scheme(self.portal.url)
        self.portal = replace(self.portal, url=self.home)
        self.look.notes.add(f"用 {before} 访问被拒绝，改用 {after} 读到；请把登记的 url 改为 {after}://")

    def refuse(self, outcome: str, reason: str, url: str, step: str, context: dict[str, Any]) -> None:
        """Note what could not be read: the column itself, one of its pages, or one entry."""
        entry: Entry | None = context.get("entry")
        if entry is not None:
            self.look.unread[reason] += 1
            self.walk.failed.add(entry.url)
            if outcome in ("column_missing", "soft_404", "unreachable") and self.is_ours(url):
                self.look.dead[url] = dead_link(url, reason, gone=outcome != "unreachable")
        elif step == "first":
            self.look.entry = self.walk.refusal or (outcome, reason)
        else:
            self.look.lost_pages.append(f"{urlsplit(url).path}：{reason}")

    def lost(self, failure: Any) -> None:
        """A request that got no answer."""
        request = failure.request
        outcome, reason = _why(failure)
        if request.cb_kwargs["step"] == "page":
            self.walk.waiting -= 1
            if self.walk.waiting == 0:
                self.look_again()
            if request.cb_kwargs["context"].get("number") == 1 and self.look.items == 0:
                self.look.entry = (outcome, f"栏目的取数接口没有读到：{reason}")
                return
        self.refuse(outcome, reason, request.url, **request.cb_kwargs)

    def unseen(self, problem: classify.Problem, url: str) -> Outputs:
        """The column's page opens, but the interface that fills its list gives nothing: hidden, or not where we looked."""
        where = urlsplit(url).path
        if problem.outcome in ("blocked", "unreachable") and not problem.reason.endswith("405）"):
            self.look.entry = (problem.outcome, f"栏目的取数接口 {where} 没有读到：{problem.reason}")
        else:
            yield from self.dead(f"栏目的取数接口 {where} 没有读到：{problem.reason}")

    def dead(self, reason: str) -> Outputs:
        """The list did not come to life: the next family tries; where there is none, people are told."""
        if self.instead is not None and self.look.items == 0:
            yield from self.instead(reason)
        else:
            self.look.entry = ("script_list", reason)

    # ------------------------------------------------------------ lists and what they lead to

    numbered: bool = False  # whether `turn` asks for list pages by their number; else 下一页 is followed
    interface: str = "取数接口"  # what fills the list, as people are told of it when it gives nothing
    advice: str = ""  # what people can do about it when its pages do not turn
    leads_to: str = "detail"  # the step that reads what a line leads to
    size: int = 0  # how many a list page is asked for; 0: the site decides
    in_json: bool = False  # whether the list's first page was an answer in JSON: its further pages are, too

    def turn(self, number: int) -> scrapy.Request:
        """A request for list page `number` (1 is the first)."""
        raise NotImplementedError

    def entries(self, page: Page) -> list[Line]:
        """The lines of one list page; families say it where a link with a date beside it is not the whole truth."""
        if page.answer is not None:
            return json_lines(payloads.rows_of(page.answer) or [], self.home)
        return lines(page.tree, page.url)

    def has_list(self, page: Page) -> bool:
        """Whether an answer in JSON has a list, be it an empty one: a message of the server's trouble has none."""
        return payloads.rows_of(page.answer) is not None

    def records(self, page: Page) -> list[Seen]:
        """The decisions that a list page without lines itself shows. Most families know only lines."""
        return []

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        """How many items and pages there are, as the first list page says; `count` of them stand on it."""
        if page.answer is not None:
            return payloads.total_of(page.answer, here=count), None
        words = classify.visible(page.text)
        return items_announced(words), pages_announced(words)

    def shown(self, page: Page) -> Shown:
        """What stands on one list page."""
        found = self.entries(page)
        return Shown(found, [] if found else self.records(page))

    def begin(self, page: Page) -> Outputs:
        """Take the column's own page for the first of its list."""
        shown = self.shown(page)
        yield from self.opening(page, shown) if shown else self.nothing(page)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        """One list page. One that shows another page again means that the paging was misunderstood, or, where nobody said how
        many there are, that this is the end."""
        shown, chain, link = self.shown(page), context.get("chain"), context.get("link")
        if not shown:
            yield from self.lacking(page, number, chain=bool(chain))
        elif number == 1:
            yield from self.opening(page, shown)
        elif self.repeats(shown, number):
            if not (chain or link) or (number == 2 and (link or len(shown) > _FEW)):
                self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效{self.advice}")
        else:
            before = len(self.walk.entries)
            yield from self.take(page, shown, number)
            if chain and self.may_ask():
                yield self._chained(number + 1)
            elif link and (shown.decisions or len(self.walk.entries) > before):
                yield from self.onward(page, number)

    def lacking(self, page: Page, number: int, *, chain: bool) -> Outputs:
        """A list page on which nothing stands: the end of a list of unknown length, an empty list, or a page not read."""
        if number > 1:
            if not chain or (self.in_json and not self.has_list(page)):
                self.look.lost_pages.append(f"第 {number} 页没有列表")
        elif self.announced(page, 0)[0] == 0 or (page.answer is None and classify.says_empty(page.text)):
            self.look.said_empty = True
        else:
            yield from self.dead(f"{self.interface}没有返回列表")

    def opening(self, page: Page, shown: Shown) -> Outputs:
        """The first page of a list: what stands on it, and how the others are reached."""
        items, pages = self.announced(page, len(shown))
        self.in_json = page.answer is not None
        if self.numbered and pages is None and items is not None:
            if self.size == 0 or len(shown) < min(self.size, items):
                self.size = len(shown)  # the server gives fewer than it was asked for
            pages = max(-(-items // self.size), 1)
        self.look.items_announced, self.look.pages_announced = items, pages
        if shown.lines:
            self.opens(shown.lines)
        yield from self.take(page, shown, 1)
        yield from self.further(page, pages)

    def further(self, page: Page, pages: int | None) -> Outputs:
        """Requests for all further pages at once; where nobody says how many there are, for one after the other until
        nothing new comes; where pages have no numbers, for the one that 下一页 leads to."""
        if not self.numbered:
            yield from self.onward(page, 1)
        elif pages is None:
            if self.may_ask():
                yield self._chained(2)
        else:
            for number in range(2, pages + 1):
                if not self.may_ask():
                    break
                yield self.turn(number)

    def _chained(self, number: int) -> scrapy.Request:
        request = self.turn(number)
        request.cb_kwargs["context"]["chain"] = True
        return request

    def take(self, page: Page, shown: Shown, number: int) -> Outputs:
        """What stands on a list page: lines are followed, decisions kept."""
        self.look.list_pages += 1
        self.walk.shown[number] = shown.key
        yield from self.follow(shown.lines, number, self.leads_to)
        yield from self.decisions(shown.decisions, page, number)

    def repeats(self, shown: Shown, number: int) -> bool:
        """Whether a list page is one that was read before (a list that slid while it was read repeats only some lines)."""
        again = any(shown.key == before for place, before in self.walk.shown.items() if place != number)
        self.walk.repeated += again
        return again

    def opens(self, found: list[Line]) -> None:
        """Note the list's first page, to see at the walk's end whether the list was re-published meanwhile."""
        self.walk.opening, self.walk.opened = self.walk.current, [line.url for line in found]
        self.walk.opened_at = time.monotonic()

    def look_again(self) -> None:
        """After the last page: the first one once more, where reading took long enough for the list to slide."""
        opening, ask = self.walk.opening, self.walk.ask
        since_start = (clock.now() - self.look.started_at).total_seconds()  # long, where an interrupted look goes on
        if opening is None or ask is None or max(time.monotonic() - self.walk.opened_at, since_start) < _SLIDES_AFTER:
            return
        self.walk.opening = None
        ask(opening.replace(
            cb_kwargs={"step": "slid", "context": {}}, meta={**opening.meta, "again": True, "picture": False},
            callback=self.receive, errback=self.lost,
        ))  # fmt: skip

    def slid(self, page: Page) -> Outputs:
        """The list's first page at the end of the walk: what is new on it is followed; what was taken from it is told, for
        then lines of further pages moved up and may have been passed over."""
        found = self.entries(page)
        now = [line.url for line in found]
        if not found or now == self.walk.opened:
            return
        self.look.notes.add("读取期间列表有变动，已重读第一页")
        new = sum(url not in self.walk.entries for url in now)
        yield from self.follow(found, 0)
        there = set(now)
        kept = [place for place, url in enumerate(self.walk.opened) if url in there]
        gone = [place for place, url in enumerate(self.walk.opened) if url not in there]
        # What is new on top pushes as many lines off the page's end; whatever else is gone was taken away.
        if len(gone) > new or (gone and gone[0] < (kept[-1] if kept else len(self.walk.opened))):
            self.look.cut = self.look.cut or "读取期间网站撤下了列表中的内容，其余各页可能漏读"

    def proof(self) -> str:
        """What showed that the recognised family is the right one, and what is still open (for people)."""
        walk, look = self.walk, self.look
        told = [f"条目 {look.items + look.linked_out} 条"]
        if walk.dates:
            told.append("日期不全相同" if len(walk.dates) > 1 else "日期只有一种")
        elif walk.entries:
            told.append("条目旁没有日期")
        if len(walk.shown) > 1:
            told.append("第 2 页起与第 1 页不同" if walk.repeated == 0 else f"有 {walk.repeated} 页重复")
        if look.items_announced is not None:
            seen = look.items + look.linked_out
            told.append(f"网站写明共 {look.items_announced} 条{'' if look.items_announced >= seen else '，少于读到的'}")
        return "、".join(told)

    def decisions(self, found: list[Seen], page: Page, number: int) -> Iterator[Sighting]:
        """Decisions that a list page itself shows, without entries."""
        self.look.items += len(found)
        for place, seen in enumerate(found, start=1):
            yield Sighting(seen, self.portal.url, page.evidence, (number, place), stated_on=seen.stated_published_on)

    def follow(self, found: Iterable[Line], page_number: int, step: str = "detail") -> Outputs:
        """Requests for the entries of one list page; unchanged ones are touched, foreign ones counted."""
        found = list(found)
        self.walk.shown.setdefault(page_number, frozenset(line.url for line in found))
        if len(self.walk.dates) < 2:
            self.walk.dates.update([line.date for line in found if line.date][:50])
        for number, line in enumerate(found, start=1):
            if line.url in self.walk.entries:
                continue  # the list slid while it was read, or names one thing twice
            entry = Entry(line.url, line.title, line.date, (page_number, number))
            self.walk.entries[line.url] = entry
            no_record = self.portal.kind not in kinds.WIDER and classify.not_a_record(line.title)
            if not self.is_ours(line.url):
                self.leads_away(line.url, no_record)
                continue
            self.look.items += 1
            if no_record:
                self.look.not_records += 1
                continue
            known = self.walk.known.get(line.url)
            if known is not None and known[:2] == (entry.title, entry.date or ""):
                self.look.not_records += len(known[2]) == 0
                yield Touch(entry, tuple(known[2]))
            elif self.may_ask():
                self.walk.read.add(line.url)
                yield self.request(line.url, step, entry=entry)

    def leads_away(self, url: str, no_record: bool) -> None:
        """An entry on another host is not followed, so what it says is not known; an inner address nobody can open."""
        self.look.linked_out += 1
        host = host_of(url)
        if is_inner(host) or "." not in host:
            self.look.dead[url] = dead_link(url, "链接指向内网或本机地址，公众打不开", gone=True)
        if not no_record:
            self.look.away += 1

    @property
    def reader(self) -> tables.Reader:
        """How labels are understood on this portal."""
        kind = self.portal.kind if self.portal.kind in kinds.KINDS else "auto"
        return tables.Reader(kind, self.portal.lookups.columns)

    def onward(self, page: Page, number: int) -> Outputs:
        """A request for the page that 下一页 leads to; told when only a script could follow it."""
        following = next_page(page.tree, page.url, number)
        if following is None:
            if scripted_next(page.tree, number) and number != self.look.pages_announced:
                turn = turning(page.tree, page.text, page.url, number + 1)
                if turn is None:
                    self.look.cut = "翻页由网页脚本进行，后面的页没有读到"
                elif self.is_ours(turn[0]) and self.may_ask():
                    yield self.request(turn[0], "page", form=turn[1], number=number + 1, link=True)
            return
        if following == page.url or following in self.walk.turned or not self.is_ours(following):
            return
        if self.may_ask():
            self.walk.turned.update((page.url, following))
            yield self.request(following, "page", number=number + 1, link=True)

    def read(self, page: Page, title: str = "") -> Reading:
        """What a document says, with this portal's kind and lookups."""
        if page.reading is not None:
            return page.reading
        return extract.read(
            page.body, page.url, page.content_type, self.portal.kind, title=title,
            lookups=self.portal.lookups.columns, max_unpacked=self.walk.settings.max_unpacked_mb * 2**20,
            text=lambda: page.text,
        )  # fmt: skip

    def detail(self, page: Page, entry: Entry) -> Outputs:
        """A page a list leads to: decisions, or only attachments, or no decision at all."""
        reading = self.read(page, entry.title)
        if reading.attachments:
            for number, link in enumerate(reading.attachments, start=1):
                if not self.is_ours(link.url):
                    self.refuse("link_out", "附件在外站", link.url, "attachment", {"entry": entry})
                elif self.may_ask():
                    place = (*entry.place, number)
                    yield self.request(
                        link.url, "attachment", entry=entry, home=page.url, place=place,
                        stated_on=entry.date or reading.published, title=link.title,
                    )  # fmt: skip
                else:
                    self.walk.failed.add(entry.url)
        elif reading.rows:
            shown_at = page.url if page.answer is None else entry.url  # people open pages, not interfaces
            yield from self.sightings(reading, page, entry, url=shown_at)
            self._all_read(reading, page, entry)
        elif reading.not_record:
            self.look.not_records += 1
        else:
            self.refuse("partial", reading.reason, page.url, "detail", {"entry": entry})

    def attachment(
        self,
        page: Page,
        entry: Entry,
        home: str | None = None,
        place: tuple[int, ...] = (),
        stated_on: str | None = None,
        title: str = "",
    ) -> Outputs:
        """A document of a list or of a detail page, where its link has words of its own.

        A file that stands in the list itself may grow under its line, so the line's date is not that of each row.
        """
        reading = self.read(page, title if _CHINESE.search(title) else entry.title)
        if reading.rows:
            yield from self.sightings(
                reading, page, entry, url=home or self.portal.url, attachment=page.url, place=place, stated_on=stated_on
            )
            self._all_read(reading, page, entry)
        elif reading.not_record:
            self.look.not_records += 1
        else:
            self.refuse("partial", reading.reason, page.url, "attachment", {"entry": entry})

    def _all_read(self, reading: Reading, page: Page, entry: Entry) -> None:
        """A document of which only a part was read proves no absence; what beside its records is no record is told."""
        if reading.unread:
            self.refuse("partial", reading.reason, page.url, "attachment", {"entry": entry})
        elif reading.reason:
            self.look.notes.add(reading.reason)

    def sightings(
        self,
        reading: Reading,
        page: Page,
        entry: Entry | None,
        *,
        url: str,
        attachment: str | None = None,
        place: tuple[int, ...] = (),
        stated_on: str | None = None,
    ) -> Iterator[Sighting]:
        """One sighting for each decision of a reading."""
        place = place or (entry.place if entry else ())
        published = stated_on
        if published is None and entry is not None and attachment is None:
            published = entry.date or reading.published
        for number, seen in enumerate(reading.rows, start=1):
            inside = reading.inside[number - 1] if attachment and number <= len(reading.inside) else ""
            where = f"{attachment}#{quote(inside)}" if inside else attachment
            yield Sighting(
                seen, url, page.evidence, (*place, number), where, entry, seen.stated_published_on or published
            )

    def nothing(self, page: Page) -> Outputs:
        """A column's page without a list: what it is."""
        hidden = [line for part in fragments.commented(page.text, "li") for line in lines(tables.parse(part), page.url)]
        if hidden:
            self.look.notes.add("列表写在注释里，由脚本显示")
            yield from self.follow(hidden, 1)
            return
        target = classify.shell_target(page.text)
        if target is not None:
            address = urljoin(page.url, target)
            if not self.is_ours(address):
                where = "内网地址" if is_inner(host_of(address)) else "外站"
                self.look.entry = ("link_out", f"栏目只是跳转到{where} {host_of(address)}")
            elif address == page.url:
                self.look.entry = ("shell", "栏目页面只是跳转，跟随一次后仍无内容")
            else:
                self.look.notes.add("栏目页面跳转一次")
                yield self.request(address, "shell")
        elif classify.says_empty(page.text):
            self.look.said_empty = True
        elif classify.script_list(page.text):
            self.look.entry = ("script_list", "列表由网页脚本生成，本次没有读到内容")
        elif not holds_empty_list(page.tree):  # what is not there at all cannot be empty
            self.look.entry = NO_LIST

    def unsaid(self, page: Page) -> bool:
        """Whether nothing more is known of a page without a list: what it is has to be said by the family."""
        look = self.look
        known = look.entry not in (None, NO_LIST) or look.items > 0 or look.said_empty
        return not known and classify.shell_target(page.text) is None

    def shell(self, page: Page) -> Outputs:
        """Where a shell led to; a second shell is not followed."""
        if classify.shell_target(page.text) is not None:
            self.look.entry = ("shell", "栏目页面只是跳转，跟随一次后仍无内容")
            return
        yield from self.first(page)


def other_scheme(url: str) -> str:
    """The same address with https instead of http, or http instead of https.

    >>> other_scheme("https://www.example.gov.cn/xzcf/"), other_scheme("http://www.example.gov.cn/xzcf/")
    ('http://www.example.gov.cn/xzcf/', 'https://www.example.gov.cn/xzcf/')
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="http" if parts.scheme == "https" else "https"))


def address_key(url: str) -> str:
    """The key of a list entry's row."""
    return hashlib.sha256(url.encode()).hexdigest()


def _why(failure: Any) -> tuple[str, str]:
    error = failure.value
    if isinstance(error, Forbidden | Unanswered):
        return error.outcome, str(error)
    log.error("a request failed", exc_info=(type(error), error, error.__traceback__))
    return "error", f"系统处理出错：{type(error).__name__}"
