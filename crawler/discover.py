"""From a unit's home page to its disclosure columns: `mingcha discover URL`.

found = discover("https://www.example.gov.cn/", unit="fgw")
print(entries_of(found))        # YAML for registry/portals/, with the reasons as comments

The home page, its frames and menus, the site map and the pages of 信息公开 are read for links that speak of 行政许可,
行政处罚, 双公示; every such page is looked at as a crawl would (the same families, the same egress rules, robots.txt and
limits), but only two list pages and one decision of it. Pages on other hosts are told and not asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urldefrag

import scrapy
import yaml
from scrapy.http import Response
from selectolax.lexbor import LexborHTMLParser

from crawler import makers
from crawler.addresses import host_of, is_inner
from crawler.ask import fetcher_of, gate_of
from crawler.coverage import Look
from crawler.downloader import Fetcher, Net
from crawler.egress import Forbidden
from crawler.extract import absolute, classify, metas_of, tables
from crawler.extract.decode import decode
from crawler.items import Sighting
from crawler.listing import base_of, lines
from crawler.registry import Portal
from crawler.spiders.auto import Auto
from crawler.spiders.base import Walk
from crawler.spiders.shell import frame_of
from crawler.wire import Unanswered
from db import clock
from db.settings import CrawlSettings
from db.units import name_key
from standard import values
from standard.errors import Refused
from standard.outcomes import NAMES

_BOTH = re.compile(r"双公示|行政许可(?:和|与|、|及|/)?(?:行政)?处罚|信用公示|两公示|(?:许可|处罚)(?:处罚|许可)公示")
_PENALTY = re.compile(r"处罚")
_LICENCE = re.compile(r"行政许可|许可(?:结果|决定|公示|信息|公开)|(?:审批|许可)结果")
_NO_COLUMN = re.compile(
    r"目录|指南|清单|依据|裁量|流程|办事|解读|统计|制度|办法|规定|条例|标准|通知|强制事项|复议|监督|听证|告知|修复|查询|系统|平台登录|登录"
)
_CREDIT = re.compile(r"^(?:信用.{2,8}|.{0,8}信用(?:网|网站|平台|门户网站))$")
_HUB = re.compile(
    r"信息公开|政务公开|公开目录|法定主动公开|主动公开内容|网站地图|站点地图|重点领域|信用(?:信息|公开|专栏|体系)|公示公告|公示公开|结果公开|"
    r"权力运行|执法公示|行政执法|^公示$|^公开$"
)
_HINT = re.compile(r"(?:^|[/_=])(?:sgs|shuanggongshi|xzcf\w*|xzxk\w*|xingzhengchufa|xingzhengxuke)(?:[/_.?]|$)", re.I)
_TITLE_LIMIT = 24  # characters in the name of a column; longer texts are titles of articles
_HUBS_MOST, _COLUMNS_MOST, _LINKS_MOST = 12, 30, 3_000
_STEPS = ("first", "page", "shell", "inside", "trial", "back", "got", "batch", "counted", "rows", "again")


@dataclass(frozen=True)
class Link:
    """A link that may lead to a column."""

    url: str
    text: str
    where: str  # the page it stands on


_KNOWN = "这个网址已经登记"


@dataclass
class Found:
    """What a link turned out to be."""

    link: Link
    kind: str
    channel: str
    family: str | None = None
    outcome: str = ""
    reasons: list[str] = field(default_factory=list)
    usable: bool = False
    read: bool = False  # whether the trial read a decision
    id: str = ""

    @property
    def told(self) -> str:
        """What the trial came to, for people: it saw a part, so nothing here is called complete."""
        if self.outcome != "complete":
            return NAMES.get(self.outcome, self.outcome)
        return "试读成功" if self.read else "列表可以读取，试读的条目没有读出记录"


@dataclass
class Discovery:
    """What was found from one home page."""

    home: str
    site: str  # its name, as the page says it
    unit: str | None
    columns: list[Found] = field(default_factory=list)
    asked: int = 0
    notes: list[str] = field(default_factory=list)


def discover(
    url: str,
    *,
    unit: str | None = None,
    settings: CrawlSettings | None = None,
    allowed: Iterable[str] = (),
    taken: Iterable[str] = (),
    known: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Discovery:
    """The disclosure columns that a home page leads to.

    `taken`: ids that entries already have; `known`: addresses that are registered; `names`: units' names (as `name_key`
    makes them) -> ids, by which the site's own name finds its unit where none is given. Raises Refused when the address is
    none, or the home page cannot be read.
    """
    check_address(url)
    search = _Search(url, unit, settings or CrawlSettings(), tuple(allowed), progress or (lambda text: None))
    found = asyncio.run(search.run())
    if found.unit is None and names:
        found.unit = names.get(name_key(found.site)) or names.get(
            name_key(re.sub(r"(?:门户)?网站$|官网$", "", found.site))
        )
    if found.unit is None:
        found.notes.append(f"没有写 --unit，登记中也没有名为“{found.site}”的单位：请把 unit 改成单位编号")
    _name(found, set(taken), {_plain(address) for address in known})
    return found


def check_address(url: str) -> None:
    """Raises Refused when a text is no address of a home page."""
    if not url.startswith(("http://", "https://")) or not host_of(url):
        raise Refused(f"{url}：不是网址，请写成 https://… 的首页地址")


class _Search:
    """One search from one home page."""

    def __init__(
        self, url: str, unit: str | None, settings: CrawlSettings, allowed: tuple[str, ...], tell: Callable[[str], None]
    ) -> None:
        self.url, self.settings, self.allowed, self.tell = url, settings, allowed, tell
        self.gate = gate_of(url, allowed)
        self.found = Discovery(url, "", unit)
        self.links: dict[str, Link] = {}
        self.most = min(settings.max_pages, 150)

    async def run(self) -> Discovery:
        net = Net(self.settings)
        try:
            self.fetcher = fetcher_of(net, self.gate, self.settings)
            await self._site()
            await self._columns()
        finally:
            net.close()
        return self.found

    # ------------------------------------------------------------ the site's pages

    async def _site(self) -> None:
        """Collect links from the home page, its frames, and the pages that lists of columns usually stand on."""
        home = await self._page(self.url)
        if isinstance(home, str):
            raise Refused(f"{self.url}：首页没有读到（{home}），请检查网址；被拦截的网站请人工查看")
        address, text = home
        target = frame_of(text) or classify.shell_target(text)
        parts = [home]
        for following in [target, *_frames(text)]:
            other = absolute(address, following) if following else None
            if other and other != address and host_of(other) in self.gate.hosts and len(parts) < 5:
                read = await self._page(other)
                if not isinstance(read, str):
                    parts.append(read)
        seen: set[str] = {_plain(address) for address, _ in parts}
        for address, text in parts:
            self._collect(address, text)
        metas = metas_of(tables.parse(parts[0][1]))
        self.found.site = metas.get("sitename", "") or _heading(parts[-1][1])
        hubs = [link for link in self.links.values() if _HUB.search(link.text) and not self._is_column(link)]
        for depth in (1, 2):
            following_hubs: list[Link] = []
            for hub in hubs:
                if (
                    _plain(hub.url) in seen
                    or len(seen) > _HUBS_MOST + len(parts)
                    or host_of(hub.url) not in self.gate.hosts
                ):
                    continue
                seen.add(_plain(hub.url))
                self.tell(f"读 {hub.text}：{hub.url}")
                read = await self._page(hub.url)
                if isinstance(read, str):
                    continue
                before = set(self.links)
                self._collect(*read)
                inner = frame_of(read[1])
                inner_url = absolute(read[0], inner) if inner else None
                if inner_url and host_of(inner_url) in self.gate.hosts and _plain(inner_url) not in seen:
                    seen.add(_plain(inner_url))
                    framed = await self._page(inner_url)
                    if not isinstance(framed, str):
                        self._collect(*framed)
                following_hubs += [
                    self.links[u] for u in self.links if u not in before and _HUB.search(self.links[u].text)
                ]
            hubs = [link for link in following_hubs if not self._is_column(link)] if depth == 1 else []

    async def _page(self, url: str) -> tuple[str, str] | str:
        """A page's address and text; or, as a text alone, why there is none."""
        if self.found.asked >= self.most:
            return "页数达到上限"
        self.found.asked += 1
        try:
            address, answer, _ = await self.fetcher.fetch("GET", url)
        except (Forbidden, Unanswered) as error:
            return str(error)
        text = decode(answer.body, answer.header("content-type")) if b"\0" not in answer.body[:512] else "·"
        problem = classify.problem_of(answer.status, text)
        return problem.reason if problem is not None else (address, text)

    def _collect(self, address: str, text: str) -> None:
        """The links of a page that may lead to columns or to further pages of the site; articles' links are none."""
        tree = tables.parse(text)
        articles = {line.url for line in lines(tree, address)}
        base = base_of(tree, address)
        for node in tree.css("a[href], area[href]"):
            if len(self.links) >= _LINKS_MOST:
                return
            url = absolute(base, node.attributes.get("href") or "")
            words = "".join((tables.text_of(node) or node.attributes.get("title") or _picture(node)).split())
            if not url or not words or url in articles or len(words) > _TITLE_LIMIT or _article(url):
                continue
            if self._speaks(words, url) or _HUB.search(words) or _CREDIT.match(words):
                self.links.setdefault(url, Link(url, words, address))

    # ------------------------------------------------------------ columns

    def _speaks(self, words: str, url: str) -> bool:
        """Whether a link's words (or its address) are those of a disclosure column."""
        if _NO_COLUMN.search(words):
            return False
        return bool(_BOTH.search(words) or _PENALTY.search(words) or _LICENCE.search(words) or _HINT.search(url))

    def _is_column(self, link: Link) -> bool:
        return self._speaks(link.text, link.url)

    async def _columns(self) -> None:
        columns = [link for link in self.links.values() if self._is_column(link)]
        columns.sort(key=lambda link: (not _BOTH.search(link.text), not _PENALTY.search(link.text)))
        for link in columns[:_COLUMNS_MOST]:
            self.found.columns.append(await self._look(link))
        if len(columns) > _COLUMNS_MOST:
            self.found.notes.append(f"另有 {len(columns) - _COLUMNS_MOST} 个链接没有查看")
        told = {link.url for link in columns}
        for link in self.links.values():
            if _CREDIT.match(link.text) and link.url not in told and host_of(link.url) not in self.gate.hosts:
                self.found.columns.append(self._out(link, "both"))

    def _out(self, link: Link, kind: str) -> Found:
        """A column on another host: told, not asked."""
        host = host_of(link.url)
        channel = "credit" if "信用" in link.text or "credit" in host else "department"
        inner = is_inner(host) or host == "localhost"
        reason = "指向内网地址，公众打不开" if inner else f"在外站 {host}，没有查看；登记后采集时才读"
        return Found(link, kind, channel, None, "link_out", [reason], usable=not inner)

    async def _look(self, link: Link) -> Found:
        """Look at a candidate as a crawl would, but shallowly."""
        kind = _kind(link.text, link.url)
        if host_of(link.url) not in self.gate.hosts:
            return self._out(link, kind)
        self.tell(f"看 {link.text}：{link.url}")
        trial = _Trial(
            self.fetcher,
            self.settings,
            Portal("x", "x", kind, link.text, link.url, allow_hosts=sorted(self.gate.named)),
        )
        await trial.run()
        self.found.asked += trial.asked
        found = Found(link, trial.kind or kind, _channel(self.found.site), trial.family, trial.outcome, trial.reasons)
        found.usable = trial.alive or trial.outcome == "column_empty"
        found.read = bool(trial.read)
        return found


class _Trial:
    """A look cut short: the column's page, two list pages, one entry. Nothing is stored."""

    def __init__(self, fetcher: Fetcher, settings: CrawlSettings, portal: Portal) -> None:
        self.fetcher, self.portal = fetcher, portal
        self.look = Look("discover", clock.now())
        self.walk = Walk(self.look, settings, {})
        self.spider = Auto(portal, self.walk, fetcher=fetcher)
        self.queue: list[scrapy.Request] = []
        self.read: list[Sighting] = []
        self.walk.ask, self.walk.keep = self.queue.append, self._keep
        self.asked = self.lists = self.details = 0
        self.kind = ""

    def _keep(self, item: Any) -> None:
        if isinstance(item, Sighting) and len(self.read) < 2_000:
            self.read.append(item)

    async def run(self) -> None:
        self.queue.append(self.spider.request(self.portal.url, "first"))
        while self.queue:
            self.queue.sort(key=lambda request: -request.priority)
            request = self.queue.pop(0)
            step = request.cb_kwargs["step"]
            if step in _STEPS:
                self.lists += 1
                if self.lists > 4:
                    continue
            else:
                self.details += 1
                if self.details > 2 or (self.details > 1 and self.read):
                    continue
            self.asked += 1
            await self._ask(request)
        self.spider.closed("finished")
        kinds = {sighting.seen.kind for sighting in self.read}
        if self.portal.kind == "both" and len(kinds) == 1 and len(self.read) >= 3:
            self.kind = kinds.pop()

    async def _ask(self, request: scrapy.Request) -> None:
        headers = {name.decode(): values[0].decode() for name, values in request.headers.items()}
        headers["Referer"] = self.portal.url
        try:
            url, answer, _ = await self.fetcher.fetch(request.method, request.url, headers, request.body)
        except (Forbidden, Unanswered) as error:
            self.spider.lost(SimpleNamespace(value=error, request=request))
            return
        kind = answer.header("content-type")
        response = Response(
            url,
            status=answer.status,
            headers={"Content-Type": kind} if kind else None,
            body=answer.body,
            request=request,
        )
        callback: Any = request.callback or self.spider.receive
        later = callback(response, **request.cb_kwargs)
        if later is not None:
            await later

    @property
    def family(self) -> str | None:
        return self.look.family

    @property
    def alive(self) -> bool:
        return bool(self.read or (self.look.items and self.walk.dates))

    @property
    def outcome(self) -> str:
        if self.look.errors:
            return "error"
        if self.look.entry is not None:
            return self.look.entry[0]
        if self.alive:
            return "complete"
        return "link_out" if self.look.linked_out else "column_empty" if self.look.items == 0 else "partial"

    @property
    def reasons(self) -> list[str]:
        """What speaks for it, how lively it is, whether its decisions can be read."""
        look, told = self.look, sorted(self.look.notes)
        if look.entry is not None:
            told.append(look.entry[1])
        told += sorted(look.errors)
        if look.pages_announced:
            told.append(f"写明 {look.pages_announced} 页")
        days = [day for entry in self.walk.entries.values() if entry.date and (day := values.date(entry.date))]
        if days:
            told.append(f"最新 {max(days).isoformat()}，最早看到 {min(days).isoformat()}")
        if self.read:
            told.append(f"试读出 {len(self.read)} 条记录（{self.read[0].seen.form}）")
        elif self.details:
            reason = next(iter(look.unread), "页面不是公示记录" if look.not_records else "附件或正文未读出")
            told.append(f"试读一条没有读出记录：{reason}")
        if look.linked_out:
            told.append(f"{look.linked_out} 条指向外站")
        return told


def entries_of(found: Discovery) -> str:
    """YAML for a file of registry/portals/: ready entries, each under a comment that says why; what is no entry, as comments."""
    parts = [
        f"# {found.home}　{found.site or '（首页没有写网站名称）'}：请求 {found.asked} 次，找到 {len(found.columns)} 处"
    ]
    parts += [f"# {note}" for note in found.notes]
    for column in found.columns:
        lines_of_reasons = "".join(f"#   {_line(reason)}\n" for reason in column.reasons)
        name = f"{column.link.text}（{column.told}"
        heading = f"\n# {_line(name)}{'，' + column.family if column.family else ''}）\n{lines_of_reasons}"
        if not column.usable or not column.id:
            parts.append(f"{heading}#   {column.link.url}")
            continue
        entry: dict[str, Any] = {
            "id": column.id, "unit": found.unit or "待填", "kind": column.kind, "channel": column.channel,
            "title": column.link.text, "url": column.link.url, "family": "auto",
        }  # fmt: skip
        if is_inner(host_of(column.link.url)):
            entry["allow_hosts"] = [host_of(column.link.url)]
        entry["notes"] = [
            _line(
                f"{clock.today().isoformat()} 由 {found.home} 发现"
                + (f"，站型 {column.family}" if column.family else "")
            )
        ]
        parts.append(heading + yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=4_000).rstrip())
    if not any(column.usable and column.id for column in found.columns):
        known = any(_KNOWN in column.reasons for column in found.columns)
        none = (
            "找到的公示栏目都已登记，没有要添加的"
            if known
            else "没有找到可以登记的公示栏目；栏目可能由脚本显示或在下级页面，请人工查看"
        )
        parts.append(f"# {none}\n[]")
    return "\n".join(parts) + "\n"


def _name(found: Discovery, taken: set[str], known: set[str]) -> None:
    """Give every usable column an id that is free; one that is registered already gets none."""
    seen: set[tuple[str, str]] = set()
    word = {"penalty": "penalties", "licence": "licences", "both": "publicity"}
    for column in found.columns:
        place = (_plain(column.link.url), column.kind)
        if place[0] in known:
            column.reasons.append(_KNOWN)
            continue
        if place in seen:
            column.reasons.append("与上面一处网址相同")
            continue
        seen.add(place)
        if not column.usable:
            continue
        stem = f"{found.unit or 'unit'}_{'credit_' if column.channel == 'credit' else ''}{word[column.kind]}"
        column.id = next(i for n in range(1, 10_000) if (i := stem if n == 1 else f"{stem}_{n}") not in taken)
        taken.add(column.id)


def _kind(words: str, url: str) -> str:
    penalty, licence = bool(_PENALTY.search(words)), bool(_LICENCE.search(words))
    if not penalty and not licence and not _BOTH.search(words):
        penalty, licence = "xzcf" in url or "chufa" in url, "xzxk" in url or "xuke" in url
    return "penalty" if penalty and not licence else "licence" if licence and not penalty else "both"


def _channel(site: str) -> str:
    return "credit" if "信用" in site else "government" if "人民政府" in site else "department"


def _plain(url: str) -> str:
    """An address for comparison: without its scheme and its index file."""
    address = urldefrag(url)[0].partition("://")[2] if "#" not in url else url.partition("://")[2]
    return re.sub(r"/(?:index\.\w+)?$", "", address)


def _line(text: str) -> str:
    """One line without what would end a comment or hide in a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def _article(url: str) -> bool:
    path = url.partition("?")[0]
    return any(
        shape.search(path)
        for shape in (
            makers.TRS_DETAIL,
            makers.HANWEB_ARTICLE,
            makers.UCAP_DETAIL,
            makers.VSB_DETAIL,
            makers.GKMLPT_DETAIL,
        )
    )


def _frames(text: str) -> list[str]:
    if not re.search(r"<frameset\b", text, re.I):
        return []
    return re.findall(r"""<frame\b[^>]*?\bsrc\s*=\s*["']?([^"'>\s]{1,500})""", text, re.I)


def _picture(node: Any) -> str:
    image = node.css_first("img[alt]")
    return (image.attributes.get("alt") or "") if image is not None else ""


def _heading(text: str) -> str:
    tree: LexborHTMLParser = tables.parse(text)
    node = tree.css_first("title")
    return tables.text_of(node).strip() if node is not None else ""
