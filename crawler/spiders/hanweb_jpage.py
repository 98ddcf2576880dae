"""Hanweb JCMS lists with jpage: the records stand as XML in a script, more of them come from a data interface."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin

from crawler.extract import fragments, tables
from crawler.listing import Line, lines
from crawler.spiders.base import Outputs, Page, PortalSpider

DATASTORE = re.compile(r"<datastore>|&lt;datastore&gt;", re.I)
ARTICLE = re.compile(r"/art/\d{4}/\d{1,2}/\d{1,2}/art_\w+\.html?|/art/\d{4}/art_\w+\.html?", re.I)
_RECORD = re.compile(r"<record>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</record>", re.S | re.I)
_NAMES = ("col", "appid", "webid", "path", "columnid", "sourceContentType", "unitid", "webname", "permissiontype")
_PAIR = re.compile(r"""["']?(\w{2,30})["']?\s*:\s*(?:'([^']*)'|"([^"]*)"|(\d+))""")
_AJAX = re.compile(r"ajaxParam\s*:\s*\{([^}]{0,2000})\}", re.S)
_PROXY = re.compile(r"""proxyUrl\s*:\s*["']([^"']{1,300})["']""")
_TOTAL = re.compile(r"""totalRecord["']?\s*[:=]\s*["']?(\d{1,7})""", re.I)
_XML_TOTAL = re.compile(r"<totalrecord>\s*(\d{1,7})\s*</totalrecord>", re.I)
_PER_PAGE = re.compile(r"""perPage["']?\s*[:=]\s*["']?(\d{1,4})""", re.I)


class HanwebJpage(PortalSpider):
    """Records as `<record><![CDATA[<li>…]]></record>` in the page; the rest by POST to `dataproxy.jsp`.

    1. The column's page is `/col/colN/index.html`; its first batch stands in `<script type="text/xml"><datastore>`.
    2. `$('#N').jpage({totalRecord, perPage, proxyUrl, ajaxParam})` tells how many there are and how to ask for more.
    3. POST `proxyUrl?startrecord=&endrecord=&perpage=` with the parameters that the page printed, batch after batch,
       until all are seen; a server that cuts a batch short is simply asked for the rest.
    4. `proxy` (option) names the data interface where the page does not.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/col/col11/index.html",
           family: hanweb_jpage}
    """

    @dataclass(frozen=True)
    class Options:
        """`proxy`: the data interface, relative to the site."""

        proxy: str = "/module/web/jpage/dataproxy.jsp"

    def first(self, page: Page) -> Outputs:
        found = records(page.text, page.url)
        total = _TOTAL.search(page.text) or _XML_TOTAL.search(page.text)
        per_page = _PER_PAGE.search(page.text)
        size = int(per_page[1]) if per_page else 15
        if not found:
            found = lines(page.tree, page.url, ARTICLE)
        if total:
            self.look.items_announced = int(total[1])
            self.look.pages_announced = max(-(-int(total[1]) // max(size, 1)), 1)
        if not found and not (total and int(total[1])):
            yield from self.nothing(page)
            return
        yield from self.follow(found, 1)
        proxy = _PROXY.search(page.text)
        yield from self._more(
            api=urljoin(page.url, proxy[1] if proxy else self.options.proxy),
            form=urlencode(_parameters(page.text), quote_via=quote),
            size=size, batch=max(len(found), size), start=len(found) + 1, number=2,
        )  # fmt: skip

    def _more(self, api: str, form: str, size: int, batch: int, start: int, number: int) -> Outputs:
        total = self.look.items_announced or 0
        if start > total or not self.may_ask():
            return
        query = urlencode({"startrecord": start, "endrecord": min(start + batch - 1, total), "perpage": size})
        yield self.request(
            f"{api}{'&' if '?' in api else '?'}{query}", "batch", form=form, api=api, data=form, size=size, batch=batch,
            start=start, number=number,
        )  # fmt: skip

    def batch(self, page: Page, api: str, data: str, size: int, batch: int, start: int, number: int) -> Outputs:
        """A further batch; one that brings nothing new ends the walk (and the look is told to be incomplete)."""
        before = len(self.walk.entries)
        found = records(page.text, self.portal.url) or lines(page.tree, self.portal.url, ARTICLE)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before:
            yield from self._more(api, data, size, batch, start + len(found), number + 1)


def records(text: str, base_url: str) -> list[Line]:
    """The lines that stand in a datastore."""
    if DATASTORE.search(text) is None and "<record>" not in text:
        return []
    if "&lt;record&gt;" in text:
        text = html.unescape(text)
    parts = [match[1] for match in _RECORD.finditer(text)]
    broken = any("</li>" not in part.lower() and "<li" in part.lower() for part in parts)
    markup = fragments.mend("".join(parts)) if broken else "".join(parts)
    return lines(tables.parse(f"<ul>{markup}</ul>"), base_url, ARTICLE) if parts else []


def _parameters(text: str) -> dict[str, str]:
    """What the page's own script would send."""
    match = _AJAX.search(text)
    scope = match[1] if match else text
    found = {name: first or second or third for name, first, second, third in _PAIR.findall(scope)}
    return found if match else {name: found[name] for name in _NAMES if name in found}
