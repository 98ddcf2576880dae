"""TRS-like static columns: index.html, index_1.html …, articles tYYYYMMDD_id.html below a folder of the month."""

from __future__ import annotations

import html
import re

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, Notice, notices, page, pages_of

_REPORT = "上半年，我单位按照双公示工作要求，及时公开行政许可和行政处罚信息，现将有关情况予以说明。"
_LIST = re.compile(r"index(?:_(\d+))?\.html")
LINK = 90  # identity of the line that is no record
_ARTICLE = re.compile(r"(\d{6})/t(\d{8})_(\d+)\.html")


def entry_path(portal: Portal) -> str:
    folder = {"penalty": "xzcf", "licence": "xzxk", "both": "sgs"}[portal.kind]
    return f"zfxxgk/fdzdgknr/{folder}/index.html"


def answer(
    city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
) -> Answer:
    folder = entry_path(portal).removesuffix("index.html")
    if not path.startswith(folder):
        return NOT_FOUND
    name = path[len(folder) :]
    if found := _LIST.fullmatch(name):
        return _list(city, portal, int(found[1] or 0), shown)
    if found := _ARTICLE.fullmatch(name):
        return _article(city, portal, int(found[3]), shown)
    return NOT_FOUND


def _entries(portal: Portal, shown: list[tuple[Decision, Showing]]) -> list[tuple[str, str, str]]:
    """(day, identity, title), newest first."""
    rows = []
    for decision, showing in shown:
        day = (showing.stated or showing.at.date()).isoformat()
        title = dress.title(decision, showing)
        rows.append((day, str(100000 + decision.serial), title))
        if showing.twice:
            rows.append((day, str(900000 + decision.serial), title))
    if portal.link is not None:
        rows.append((portal.link.since.isoformat(), str(LINK), portal.link.title))
    if portal.fate != "declared":
        rows += [(n.day.isoformat(), str(n.serial), n.title) for n in notices(portal)] if shown else []
    return sorted(rows, reverse=True)


def _list(city: City, portal: Portal, index: int, shown: list[tuple[Decision, Showing]]) -> Answer:
    rows = _entries(portal, shown)
    pages = pages_of(len(rows), portal.per_page)
    if index >= pages:
        return NOT_FOUND
    items = []
    for day, identity, title in rows[index * portal.per_page : (index + 1) * portal.per_page]:
        short = title if len(title) <= 34 else title[:32] + "…"
        items.append(
            f'<li><a href="./{day[:4]}{day[5:7]}/t{day.replace("-", "")}_{identity}.html" target="_blank" '
            f'title="{html.escape(title)}">{html.escape(short)}</a><span>{day}</span></li>'
        )
    body = (
        f'<ul class="list">{chr(10).join(items)}</ul>'
        if items
        else '<ul class="list"></ul><p class="none">暂无数据</p>'
    )
    body += f'<div class="page"><script>createPageHTML({pages}, {index}, "index", "html");</script></div>'
    return page(portal, city.units[portal.unit].name, portal.title, f"<h2>{portal.title}</h2>{body}")


def _article(city: City, portal: Portal, identity: int, shown: list[tuple[Decision, Showing]]) -> Answer:
    site = city.units[portal.unit].name
    for decision, showing in shown:
        if identity in (100000 + decision.serial, 900000 + decision.serial if showing.twice else -1):
            day = (showing.stated or showing.at.date()).isoformat()
            title = dress.title(decision, showing)
            return _notice(portal, site, title, f"{day} {showing.at:%H:%M}", dress.body(decision, showing))
    if portal.link is not None and identity == LINK:
        return _plain(portal, site, Notice(LINK, portal.link.title, portal.link.since, _REPORT))
    for notice in notices(portal):
        if identity == notice.serial:
            return _plain(portal, site, notice)
    return NOT_FOUND


def link_path(portal: Portal) -> str:
    """Where the page of the line that is no record lies."""
    assert portal.link is not None
    day = portal.link.since
    return f"{entry_path(portal).removesuffix('index.html')}{day:%Y%m}/t{day:%Y%m%d}_{LINK}.html"


def _plain(portal: Portal, site: str, notice: Notice) -> Answer:
    return _notice(portal, site, notice.title, f"{notice.day.isoformat()} 09:00", f"<p>{notice.text}</p>")


def _notice(portal: Portal, site: str, title: str, moment: str, body: str) -> Answer:
    metas = (
        f'<meta name="ArticleTitle" content="{html.escape(title)}">\n<meta name="PubDate" content="{moment}">\n'
        f'<meta name="ContentSource" content="{html.escape(site)}">\n'
    )
    inner = (
        f"<h1>{html.escape(title)}</h1><p class='info'>发布时间：{moment[:10]}　来源：{html.escape(site)}</p>"
        f'<div class="TRS_Editor"><div class="Custom_UnionStyle">{body}</div></div>'
    )
    return page(portal, site, title, inner, metas=metas)
