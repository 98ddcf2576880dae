"""What every family shares: one look at one portal, its requests, and what happens when a page is not a page.

A family writes `marks` (what speaks for it), `first(page)` (the column's own page) and, as it needs them, further steps;
a step is a method that takes a `Page` and yields requests and sightings. `page`, `detail` and `attachment` are here,
because every list has further pages and leads to documents. Nothing a page does ends the run: `receive` is the one place
where any exception of a step is caught, and becomes the look's error.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import scrapy
from scrapy.http import Response
from selectolax.lexbor import LexborHTMLParser

from crawler import extract
from crawler.addresses import host_of, is_inner
from crawler.browser import in_browser
from crawler.coverage import Look
from crawler.detect import Glance, Mark
from crawler.egress import Forbidden, Gate
from crawler.extract import classify, fragments, tables
from crawler.extract.decode import decode
from crawler.extract.reading import Reading
from crawler.items import Entry, Seen, Sighting, Touch
from crawler.listing import Line, lines, next_page, scripted_next
from crawler.registry import Portal
from crawler.scripted import turning
from crawler.wire import Unanswered
from db.settings import CrawlSettings
from standard import kinds
from standard.outcomes import dead_link

log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"
_SLIDES_AFTER = 5.0  # seconds; a list that was read faster had no time to be re-published
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

    @cached_property
    def text(self) -> str:
        return decode(self.body, self.content_type)

    @cached_property
    def tree(self) -> LexborHTMLParser:
        return tables.parse(self.text)

    @property
    def is_text(self) -> bool:
        return b"\0" not in self.body[:512]


@dataclass
class Walk:
    """What one look needs besides its page: limits, earlier readings, and what it has asked for so far."""

    look: Look
    settings: CrawlSettings
    known: Mapping[str, tuple[str, str, list[str]]]  # address -> title, date, record ids, as last read
    browser: bool = False
    keep: Callable[[Sighting | Touch], None] | None = None  # Clean, Validate, Store
    ask: Callable[[scrapy.Request], None] | None = None  # to Scrapy's engine
    asked: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)  # every list entry of this look
    turned: set[str] = field(default_factory=set)  # addresses of list pages that 下一页 led to
    read: set[str] = field(default_factory=set)  # addresses of entries fetched and read in this look
    failed: set[str] = field(default_factory=set)  # addresses of entries that were not read completely
    shown: dict[int, frozenset[str]] = field(default_factory=dict)  # list page -> what stood on it
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
        self.instead: Callable[[str], Outputs] | None = None  # who tries next when this family's list stays dead

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        """What on a column's page speaks for this family."""
        yield from ()

    async def start(self) -> Any:
        """The column's own page."""
        yield self.request(self.portal.url, "first")

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

    def receive(self, response: Response, step: str, context: dict[str, Any]) -> None:
        """Every answer arrives here. Whatever a page makes a step do, the run goes on.

        What a step yields goes straight on, to the engine or to the pipeline: handing it back through Scrapy's own
        machinery costs more than reading the page.
        """
        self.look.pages += 1
        page = Page(response)
        if step == "page":
            self.walk.waiting -= 1
        self.walk.current = response.request
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
            log.exception("portal %s: step %s failed on %s", self.portal.id, step, page.url)
            self.look.errors.append(f"{type(error).__name__}（{page.url}）")
        if step == "page" and self.walk.waiting == 0:
            self.look_again()

    def outputs(self, page: Page, step: str, context: dict[str, Any]) -> Outputs:
        """What a page leads to: requests and sightings."""
        problem = classify.problem_of(page.status, page.text if page.is_text else "·")
        if problem is None:
            yield from getattr(self, step)(page, **context)
        elif (again := self.otherwise(problem, step, context)) is not None:
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

    def refuse(self, outcome: str, reason: str, url: str, step: str, context: dict[str, Any]) -> None:
        """Note what could not be read: the column itself, one of its pages, or one entry."""
        entry: Entry | None = context.get("entry")
        if entry is not None:
            self.look.unread[reason] += 1
            self.walk.failed.add(entry.url)
            if outcome in ("column_missing", "soft_404", "unreachable") and self.is_ours(url):
                self.look.dead[url] = dead_link(url, reason, gone=outcome != "unreachable")
        elif step == "first":
            self.look.entry = (outcome, reason)
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

    def entries(self, page: Page) -> list[Line]:
        """The lines of one list page; families say it where a link with a date beside it is not the whole truth."""
        return lines(page.tree, page.url)

    def opens(self, found: list[Line]) -> None:
        """Note the list's first page, to see at the walk's end whether the list was re-published meanwhile."""
        self.walk.opening, self.walk.opened = self.walk.current, [line.url for line in found]
        self.walk.opened_at = time.monotonic()

    def look_again(self) -> None:
        """After the last page: the first one once more, where reading took long enough for the list to slide."""
        opening, ask = self.walk.opening, self.walk.ask
        if opening is None or ask is None or time.monotonic() - self.walk.opened_at < _SLIDES_AFTER:
            return
        self.walk.opening = None
        ask(opening.replace(
            cb_kwargs={"step": "slid", "context": {}}, meta={**opening.meta, "again": True}, callback=self.receive,
            errback=self.lost,
        ))  # fmt: skip

    def slid(self, page: Page) -> Outputs:
        """The list's first page at the end of the walk: what is new on it is followed; what was taken from it is told, for
        then lines of further pages moved up and may have been passed over."""
        found = self.entries(page)
        now = [line.url for line in found]
        if not found or now == self.walk.opened:
            return
        self.look.notes.add("读取期间列表有变动，已重读第一页")
        yield from self.follow(found, 0)
        kept = [place for place, url in enumerate(self.walk.opened) if url in now]
        if any(url not in now for url in self.walk.opened[: kept[-1] if kept else None]):
            self.look.cut = self.look.cut or "读取期间网站撤下了列表中的内容，其余各页可能漏读"

    def listed(self, found: list[Line], pages: int | None, ask: Callable[[int], scrapy.Request]) -> Outputs:
        """The first page of a list: follow its lines and ask for all others at once; where the list does not say how long
        it is, for one after the other until nothing new comes."""
        self.look.pages_announced = pages
        self.look.list_pages += 1
        self.opens(found)
        yield from self.follow(found, 1)
        if pages is None and self.may_ask():
            self.ask_next = ask
            yield self._chained(2)
        for number in range(2, (pages or 1) + 1):
            if not self.may_ask():
                break
            yield ask(number)

    def _chained(self, number: int) -> scrapy.Request:
        request = self.ask_next(number)
        request.cb_kwargs["context"]["chain"] = True
        return request

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        """A further list page. One that shows another page again means that the paging was misunderstood."""
        found, chain = self.entries(page), context.get("chain")
        if not found:
            if not chain:
                self.look.lost_pages.append(f"第 {number} 页没有列表")
        elif self.repeats(found, number):
            if not chain or (number == 2 and len(found) > 3):
                self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效")
        else:
            self.look.list_pages += 1
            yield from self.follow(found, number)
            if chain and self.may_ask():
                yield self._chained(number + 1)

    def repeats(self, found: list[Line], number: int) -> bool:
        """Whether a list page is one that was read before (a list that slid while it was read repeats only some lines)."""
        here = frozenset(line.url for line in found)
        again = any(here == shown for place, shown in self.walk.shown.items() if place != number)
        self.walk.repeated += again
        return again

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
            if not self.is_ours(line.url):
                self.look.linked_out += 1
                continue
            self.look.items += 1
            if self.portal.kind not in kinds.WIDER and classify.not_a_record(line.title):
                self.look.not_records += 1
                continue
            known = self.walk.known.get(line.url)
            if known is not None and known[:2] == (entry.title, entry.date or ""):
                self.look.not_records += len(known[2]) == 0
                yield Touch(entry, tuple(known[2]))
            elif self.may_ask():
                self.walk.read.add(line.url)
                yield self.request(line.url, step, entry=entry)

    @property
    def reader(self) -> tables.Reader:
        """How labels are understood on this portal."""
        kind = self.portal.kind if self.portal.kind in kinds.KINDS else "auto"
        return tables.Reader(kind, self.portal.lookups.columns)

    def onward(self, page: Page, number: int) -> Outputs:
        """A request for the page that 下一页 leads to; told when only a script could follow it."""
        following = next_page(page.tree, page.url)
        if following is None:
            if scripted_next(page.tree) and number != self.look.pages_announced:
                turn = turning(page.tree, page.text, page.url, number + 1)
                if turn is None:
                    self.look.cut = "翻页由网页脚本进行，后面的页没有读到"
                elif self.is_ours(turn[0]) and self.may_ask():
                    yield self.request(turn[0], "page", form=turn[1], number=number + 1)
            return
        if following == page.url or following in self.walk.turned or not self.is_ours(following):
            return
        if self.may_ask():
            self.walk.turned.update((page.url, following))
            yield self.request(following, "page", number=number + 1)

    def read(self, page: Page, title: str = "") -> Reading:
        """What a document says, with this portal's kind and lookups."""
        return extract.read(
            page.body, page.url, page.content_type, self.portal.kind, title=title,
            lookups=self.portal.lookups.columns, max_unpacked=self.walk.settings.max_unpacked_mb * 2**20,
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
            yield from self.sightings(reading, page, entry, url=page.url)
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
        """A document of which only a part was read proves no absence."""
        if reading.unread:
            self.refuse("partial", reading.reason, page.url, "attachment", {"entry": entry})

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

    def shell(self, page: Page) -> Outputs:
        """Where a shell led to; a second shell is not followed."""
        if classify.shell_target(page.text) is not None:
            self.look.entry = ("shell", "栏目页面只是跳转，跟随一次后仍无内容")
            return
        yield from self.first(page)


def address_key(url: str) -> str:
    """The key of a list entry's row."""
    return hashlib.sha256(url.encode()).hexdigest()


def _why(failure: Any) -> tuple[str, str]:
    error = failure.value
    if isinstance(error, Forbidden | Unanswered):
        return error.outcome, str(error)
    log.error("a request failed", exc_info=(type(error), error, error.__traceback__))
    return "error", f"系统处理出错：{type(error).__name__}"
