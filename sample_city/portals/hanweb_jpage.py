"""Hanweb columns: records in a script as XML with CDATA, further ones by POST to a data proxy that the page names."""

from __future__ import annotations

import html
import re

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, notices, page

_ARTICLE = re.compile(r"art/(\d{4})/(\d+)/(\d+)/art_(\d+)_(\d+)\.html")
PROXY = "module/web/jpage/dataproxy.jsp"
_PER_PAGE, _GROUP, _MOST = 15, 3, 100


def column(portal: Portal) -> int:
    return 1000 + sum(ord(c) for c in portal.id) % 9000


def entry_path(portal: Portal) -> str:
    return f"col/col{column(portal)}/index.html"


def answer(
    city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
) -> Answer:
    if path == entry_path(portal):
        return _list(city, portal, shown)
    if path == PROXY:
        return _more(portal, query, shown)
    if found := _ARTICLE.fullmatch(path):
        return _article(city, portal, int(found[5]), shown)
    return NOT_FOUND


def _records(portal: Portal, shown: list[tuple[Decision, Showing]]) -> list[str]:
    rows = []
    for decision, showing in shown:
        day, title = showing.stated or showing.at.date(), dress.title(decision, showing)
        rows.append((day, 100000 + decision.serial, title))
        if showing.twice:
            rows.append((day, 900000 + decision.serial, title))
    if shown:
        rows += [(n.day, n.serial, n.title) for n in notices(portal)]
    rows.sort(reverse=True)
    return [
        f'<li><a href="/{portal.id}/art/{day.year}/{day.month}/{day.day}/art_{column(portal)}_{identity}.html" '
        f'title="{html.escape(title)}" target="_blank">{html.escape(title)}</a><span class="bt-data-time">{day.isoformat()}</span></li>'
        for day, identity, title in rows
    ]


def _list(city: City, portal: Portal, shown: list[tuple[Decision, Showing]]) -> Answer:
    records, unit_id = _records(portal, shown), str(10000 + column(portal))
    first = "".join(f"<record><![CDATA[{r}]]></record>\n" for r in records[: _PER_PAGE * _GROUP])
    site = city.units[portal.unit].name
    proxy = f"/{portal.id}/{PROXY}"
    body = (
        f'<h2>{portal.title}</h2><div id="{unit_id}" class="default_pgContainer">'
        f'<script type="text/xml"><datastore>\n<nextgroup><![CDATA[<a href="{proxy}?page=1&appid=1&webid=1"></a>]]></nextgroup>\n'
        f"<recordset>\n{first}</recordset></datastore></script></div>\n"
        f"<script>$(function(){{ $('#{unit_id}').jpage({{ render:'table', totalRecord:{len(records)}, perPage:{_PER_PAGE}, "
        f"groupSize:{_GROUP}, barPosition:'bottom', proxyUrl:'{proxy}', openCookies:false, "
        f"ajaxParam:{{ col:1, appid:1, webid:1, path:'/', columnid:{column(portal)}, sourceContentType:1, unitid:'{unit_id}', "
        f"webname:'{site}', permissiontype:0 }} }}); }});</script>"
    )
    if not records:
        body += "<p>暂无相关信息</p>"
    scripts = '<script src="/module/jslib/jquery/jpage/jquery.jpage.js"></script>\n<meta name="Maketime" content="2026-07-01">\n'
    return page(portal, site, portal.title, body, scripts=scripts)


def _more(portal: Portal, query: dict[str, str], shown: list[tuple[Decision, Showing]]) -> Answer:
    records = _records(portal, shown)
    try:
        start, end = int(query.get("startrecord", "1")), int(query.get("endrecord", str(_PER_PAGE)))
        per_page = int(query.get("perpage", str(_PER_PAGE)))
    except ValueError:
        return NOT_FOUND
    if query.get("columnid") != str(column(portal)):
        records = []  # the server answers an empty store when the page's parameters are not sent along
    if per_page > 300:
        end = min(end, start + _MOST - 1)
    some = "".join(f"<record><![CDATA[{r}]]></record>\n" for r in records[max(0, start - 1) : end])
    text = (
        f"<datastore>\n<totalrecord>{len(records)}</totalrecord><totalpage>{-(-len(records) // _PER_PAGE)}</totalpage>"
        f"<recordset>\n{some}</recordset></datastore>"
    )
    return Answer(content_type="text/xml; charset=UTF-8", body=text.encode())


def _article(city: City, portal: Portal, identity: int, shown: list[tuple[Decision, Showing]]) -> Answer:
    site = city.units[portal.unit].name
    for decision, showing in shown:
        if identity in (100000 + decision.serial, 900000 + decision.serial if showing.twice else -1):
            day = (showing.stated or showing.at.date()).isoformat()
            return _page(
                portal, site, dress.title(decision, showing), f"{day} {showing.at:%H:%M}", dress.body(decision, showing)
            )
    for notice in notices(portal):
        if identity == notice.serial:
            return _page(portal, site, notice.title, f"{notice.day} 09:00", f"<p>{notice.text}</p>")
    return NOT_FOUND


def _page(portal: Portal, site: str, title: str, moment: str, body: str) -> Answer:
    metas = (
        f'<meta name="ArticleTitle" content="{html.escape(title)}">\n<meta name="PubDate" content="{moment}">\n'
        f'<meta name="ContentSource" content="{html.escape(site)}">\n'
    )
    inner = (
        f'<h1>{html.escape(title)}</h1><p>发布日期：{moment[:10]}</p><div id="zoom">'
        f"<!--<$[信息内容]>begin-->{body}<!--<$[信息内容]>end--></div>"
    )
    scripts = '<script src="/script/pagecontrol.js"></script>\n'
    return page(portal, site, title, inner, metas=metas, scripts=scripts)
