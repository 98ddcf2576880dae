"""What every family shares: one look at one portal, its requests, and what happens when a page is not a page.

A family writes `first(page)` (the column's own page) and, as it needs them, further steps; a step is a method that takes
a `Page` and yields requests and sightings. `detail` and `attachment` are here, because every list leads to them.
Nothing a page does ends the run: `receive` is the one place where any exception of a step is caught, and becomes the
look's error.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

import scrapy
from scrapy.http import Response
from selectolax.lexbor import LexborHTMLParser

from crawler import extract
from crawler.addresses import host_of, is_inner
from crawler.browser import in_browser
from crawler.coverage import Look
from crawler.egress import Forbidden, Gate
from crawler.extract import classify, fragments, tables
from crawler.extract.decode import decode
from crawler.items import Entry, Sighting, Touch
from crawler.listing import Line, lines, next_page, scripted_next
from crawler.registry import Portal
from db.evidence import EvidenceWriter
from db.settings import CrawlSettings

log = logging.getLogger(__name__)
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
    asked: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)  # every list entry of this look
    turned: set[str] = field(default_factory=set)  # addresses of list pages that 下一页 led to
    read: set[str] = field(default_factory=set)  # addresses of entries fetched and read in this look
    failed: set[str] = field(default_factory=set)  # addresses of entries that were not read completely


class PortalSpider(scrapy.Spider):
    """One portal, walked once."""

    @dataclass(frozen=True)
    class Options:
        """No options."""

    def __init__(self, portal: Portal, walk: Walk, options: Any = None, **tools: Any) -> None:
        super().__init__(name=portal.id)
        self.portal, self.walk, self.look = portal, walk, walk.look
        self.options = options if options is not None else self.Options()
        self.gate = Gate(portal.host, portal.allow_hosts)
        self.writer: EvidenceWriter | None = tools.get("writer")  # for the middleware that keeps evidence
        self.shelf: Any = tools.get("shelf")  # for the pipelines
        self.key: bytes = tools.get("key", b"")

    async def start(self) -> Any:
        """The column's own page."""
        yield self.request(self.portal.url, "first")

    def first(self, page: Page) -> Outputs:
        """Read the column's own page."""
        raise NotImplementedError

    # ------------------------------------------------------------ asking

    def request(self, url: str, step: str, *, form: str | None = None, **context: Any) -> scrapy.Request:
        """A request whose answer goes to the method `step`."""
        self.walk.asked += 1
        meta: dict[str, Any] = {}
        if self.walk.browser and step != "attachment":
            meta = in_browser()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else None
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

    def receive(self, response: Response, step: str, context: dict[str, Any]) -> Outputs:
        """Every answer arrives here. Whatever a page makes a step do, the run goes on."""
        self.look.pages += 1
        page = Page(response)
        try:
            problem = classify.problem_of(page.status, page.text if page.is_text else "·")
            if problem is not None:
                again = self.otherwise(problem, step, context)
                if again is not None:
                    yield again
                    return
                self.refuse(problem.outcome, problem.reason, page.url, step, context)
                return
            yield from getattr(self, step)(page, **context)
        except Exception as error:
            log.exception("portal %s: step %s failed on %s", self.portal.id, step, page.url)
            self.look.errors.append(f"{type(error).__name__}（{page.url}）")

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        """What to ask instead of a page that could not be read; None (as for most): nothing."""
        return None

    def refuse(self, outcome: str, reason: str, url: str, step: str, context: dict[str, Any]) -> None:
        """Note what could not be read: the column itself, one of its pages, or one entry."""
        entry: Entry | None = context.get("entry")
        if entry is not None:
            self.look.unread[reason] += 1
            self.walk.failed.add(entry.url)
        elif step == "first":
            self.look.entry = (outcome, reason)
        else:
            self.look.lost_pages.append(f"{urlsplit(url).path}：{reason}")

    def lost(self, failure: Any) -> None:
        """A request that got no answer."""
        request = failure.request
        outcome, reason = _why(failure)
        self.refuse(outcome, reason, request.url, **request.cb_kwargs)

    # ------------------------------------------------------------ lists and what they lead to

    def follow(self, found: Iterable[Line], page_number: int, step: str = "detail") -> Outputs:
        """Requests for the entries of one list page; unchanged ones are touched, foreign ones counted."""
        for number, line in enumerate(found, start=1):
            if line.url in self.walk.entries:
                continue  # the list slid while it was read, or names one thing twice
            entry = Entry(line.url, line.title, line.date, (page_number, number))
            self.walk.entries[line.url] = entry
            if not self.is_ours(line.url):
                self.look.linked_out += 1
                continue
            self.look.items += 1
            if self.portal.kind not in ("licence", "penalty", "both"):
                continue  # catalogues and lists of names are only counted
            if classify.not_a_record(line.title):
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
        kind = self.portal.kind if self.portal.kind in ("licence", "penalty") else "auto"
        return tables.Reader(kind, self.portal.lookups.columns)

    def onward(self, page: Page, number: int) -> Outputs:
        """A request for the page that 下一页 leads to; told when only a script could follow it."""
        following = next_page(page.tree, page.url)
        if following is None:
            if scripted_next(page.tree):
                self.look.cut = "翻页由网页脚本进行，后面的页没有读到"
            return
        if following == page.url or following in self.walk.turned or not self.is_ours(following):
            return
        if self.may_ask():
            self.walk.turned.update((page.url, following))
            yield self.request(following, "page", number=number + 1)

    def read(self, page: Page, title: str = "") -> extract.Reading:
        """What a document says, with this portal's kind and lookups."""
        return extract.read(
            page.body, page.url, page.content_type, self.portal.kind, title=title,
            lookups=self.portal.lookups.columns, max_unpacked=self.walk.settings.max_unpacked_mb * 2**20,
        )  # fmt: skip

    def detail(self, page: Page, entry: Entry) -> Outputs:
        """A page a list leads to: decisions, or only attachments, or no decision at all."""
        reading = self.read(page, entry.title)
        if reading.rows:
            yield from self.sightings(reading, page, entry, url=page.url)
        elif reading.attachments:
            for number, link in enumerate(reading.attachments, start=1):
                if not self.is_ours(link.url):
                    self.refuse("link_out", "附件在外站", link.url, "attachment", {"entry": entry})
                elif self.may_ask():
                    place = (*entry.place, number)
                    yield self.request(
                        link.url, "attachment", entry=entry, home=page.url, place=place,
                        stated_on=entry.date or reading.published,
                    )  # fmt: skip
                else:
                    self.walk.failed.add(entry.url)
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
    ) -> Outputs:
        """A document of a list or of a detail page.

        A file that stands in the list itself may grow under its line, so the line's date is not that of each row.
        """
        reading = self.read(page, entry.title)
        if reading.rows:
            yield from self.sightings(
                reading, page, entry, url=home or self.portal.url, attachment=page.url, place=place, stated_on=stated_on
            )
        elif reading.not_record:
            self.look.not_records += 1
        else:
            self.refuse("partial", reading.reason, page.url, "attachment", {"entry": entry})

    def sightings(
        self,
        reading: extract.Reading,
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
            yield Sighting(
                seen, url, page.evidence, (*place, number), attachment, entry, seen.stated_published_on or published
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
    if isinstance(error, Forbidden):
        return error.outcome, str(error)
    name, words = type(error).__name__, str(error)
    if "max redirections" in words:
        return "shell", "网站反复跳转，没有到达任何页面"
    if "ecompressed" in words or ("exceeded" in words.lower() and "size" in words.lower()):
        return "partial", "解压后的内容超过大小上限，未读取"
    if "robots" in str(error).lower():
        return "blocked", "网站的 robots.txt 不允许采集"
    if "Timeout" in name or "TimedOut" in name:
        return "unreachable", "网站超时没有应答"
    if "DNS" in name or "Lookup" in name or "Resolve" in name:
        return "unreachable", "网站域名无法解析"
    if "Refused" in name or "ConnectError" in name:
        return "unreachable", "网站拒绝连接"
    if "Cancelled" in name or "MaxSize" in name:
        return "partial", "内容超过大小上限，未读取"
    return "unreachable", f"网站连接失败（{name}）"
