"""What a page's scripts and interfaces tell of its list: where calls lead, how pages turn, which items an answer holds."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.extract import absolute, tables
from crawler.listing import DATE, NEXT, PAGER, Line, base_of, date_beside

_TITLES = (
    "title", "showtitle", "realtitle", "name", "infotitle", "doctitle", "subject", "xmmc", "cfmc", "ajmc", "punishname", "permitname",
    "licensename", "xdrmc", "xzxdr", "xdr", "bt",
)  # fmt: skip
_ADDRESSES = ("url", "urls", "pcurl", "infourl", "link", "href", "docpuburl", "puburl", "linkurl", "address")
_DAYS = (
    "pubdate", "publishedtimestr", "publishedtime", "publishtime", "infodate", "display_publish_time", "date", "docreltime", "publish_time",
    "createtime", "pubtime", "uploadtime", "fbsj", "fbrq", "gssj", "gsrq",
)  # fmt: skip


def json_lines(rows: list[dict[str, Any]], base_url: str, names: Mapping[str, str] | None = None) -> list[Line]:
    """The lines of a list whose items come as JSON objects; `names` says where title, link and date stand (dots).

    >>> json_lines([{"title": "甲", "urls": '{"pc":"/a.html"}', "pubDate": 1788393600000}], "http://x.example/")
    [Line(url='http://x.example/a.html', title='甲', date='2026-09-03')]
    >>> json_lines([{"title": "<em>处罚</em>决定", "url": "/b.html"}], "http://x.example/")[0].title
    '处罚决定'
    """
    found: dict[str, Line] = {}
    names = {name: path for name, path in (names or {}).items() if path}
    for row in rows:
        if not names and isinstance(row.get("source"), dict):
            row = row["source"]  # what a search found is one level deeper
        title = _first(row, names.get("title"), _TITLES)
        link = _first(row, names.get("link"), _ADDRESSES)
        if "{" in (names.get("link") or ""):
            link = filled(names["link"], row)
        url = absolute(base_url, _pc(link)) if link else None
        if url is None or not title:
            continue
        words = _words(title)
        found.setdefault(url, Line(url, words, _day(_first(row, names.get("date"), _DAYS))))
    return list(found.values())


def _words(title: str) -> str:
    """A title without the markup that some answers put around found words."""
    body = tables.parse(title).body if "<" in title else None
    return " ".join((tables.text_of(body) if body is not None else title).split())


def filled(template: str, row: Mapping[str, Any]) -> str:
    """An address with the row's values in its `{name}` places; empty when one of them is missing."""
    wanted = re.findall(r"\{([\w.]+)\}", template)
    values = {name: at(row, name) for name in wanted}
    if any(value in (None, "") for value in values.values()):
        return ""
    return re.sub(r"\{([\w.]+)\}", lambda match: quote(str(values[match[1]]), safe=""), template)


def at(value: Any, path: str) -> Any:
    """What stands at a path with dots in an answer; numbers count the items of a list."""
    for key in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _first(row: Mapping[str, Any], path: str | None, names: tuple[str, ...]) -> str:
    if path:
        value = None if "{" in path else at(row, path)
        return "" if value is None else str(value)
    small = {key.lower(): value for key, value in row.items() if isinstance(value, (str, int)) and value != ""}
    return next((str(small[name]) for name in names if name in small), "")


def _pc(link: str) -> str:
    """The address for a desktop, where several are given as a JSON text."""
    if link.startswith("{"):
        try:
            return str(json.loads(link).get("pc") or "")
        except (ValueError, AttributeError):
            return ""
    return link


def _day(text: str) -> str | None:
    if text.isdecimal() and len(text) in (10, 13):
        moment = datetime.datetime.fromtimestamp(int(text[:10]), datetime.timezone(datetime.timedelta(hours=8)))
        return moment.date().isoformat()
    match = DATE.search(text)
    return "".join(match[0].split()) if match else None


_FUNCTION = re.compile(r"function\s+(\w{1,60})\s*\(([\w\s,$]{0,200})\)\s*\{([^{}]{0,1500})\}")
_OPENS = re.compile(
    r"(?:location(?:\.href)?\s*=|window\.open\s*\(|location\.(?:assign|replace)\s*\()\s*([^;\n]{3,400})"
)
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(?:encodeURI(?:Component)?|escape)?\(?(\w+)\)?)\s*(?:\+|,|\)|$)""")
_CALLED = re.compile(r"(\w{1,60})\s*\(([^)]{0,300})\)")


class Openers:
    """The small functions with which a page's links open their targets: `queryDetail('12')` -> `detail.do?id=12`."""

    def __init__(self, text: str) -> None:
        self._functions: dict[str, tuple[list[str], str]] = {}
        for name, parameters, body in _FUNCTION.findall(text):
            opens = _OPENS.search(body)
            if opens:
                self._functions[name] = ([word.strip() for word in parameters.split(",")], opens[1])

    def __bool__(self) -> bool:
        return bool(self._functions)

    def address(self, script: str) -> str | None:
        """Where a link's script leads; None when it cannot be told.

        >>> Openers("function show(id){location.href='d.do?id='+id;}").address("javascript:show('7')")
        'd.do?id=7'
        """
        for name, given in _CALLED.findall(script):
            if name not in self._functions:
                continue
            names, expression = self._functions[name]
            values = dict(zip(names, [word.strip().strip("\"'") for word in given.split(",")], strict=False))
            parts = [
                values.get(word, "") if word else double or single for double, single, word in _PART.findall(expression)
            ]
            if "".join(parts):
                return "".join(parts)
        return None


def opened_lines(tree: LexborHTMLParser, text: str, base_url: str, *, dated: bool = True) -> list[Line]:
    """The lines of a list whose links are script calls (`onclick="queryDetail('…')"`), where the page tells what they open."""
    openers = Openers(text)
    if not openers:
        return []
    found: dict[str, Line] = {}
    base_url = base_of(tree, base_url)
    long: set[int] = set()
    for node in tree.css("a[onclick], a[href^='javascript:'], tr[onclick], li[onclick]"):
        script = f"{node.attributes.get('onclick') or ''};{node.attributes.get('href') or ''}"
        href = openers.address(script)
        url = absolute(base_url, href) if href else None
        text_of = tables.text_of(node).replace("\n", " ").strip()
        title = (node.attributes.get("title") or "").strip() or text_of
        if url is None or not title or PAGER.match("".join(title.split())):
            continue
        date = date_beside(node, text_of, long)
        if date is not None or not dated:
            found.setdefault(url, Line(url, title, date))
    return list(found.values())


def form_of(tree: LexborHTMLParser, page_name: str) -> tuple[str, str, dict[str, str]] | None:
    """The form that turns pages by a field of this name: its action, its method, and what it sends."""
    for form in tree.css("form"):
        fields = hidden_fields(form)
        if page_name in fields:
            return form.attributes.get("action") or "", (form.attributes.get("method") or "get").upper(), fields
    return None


def hidden_fields(node: LexborNode) -> dict[str, str]:
    """What a form sends by itself: its inputs (but no buttons) and the chosen options of its selects."""
    fields: dict[str, str] = {}
    for field in node.css("input[name]"):
        kind = (field.attributes.get("type") or "text").lower()
        ticked = kind not in ("checkbox", "radio") or "checked" in field.attributes
        if kind not in ("submit", "button", "image", "file", "reset") and ticked:
            fields[field.attributes.get("name") or ""] = field.attributes.get("value") or ""
    for select in node.css("select[name]"):
        chosen = select.css_first("option[selected]") or select.css_first("option")
        fields[select.attributes.get("name") or ""] = (chosen.attributes.get("value") or "") if chosen else ""
    return fields


_PAGE_FIELDS = (
    "pageNo", "pageNum", "pageIndex", "currentPage", "currPage", "curPage", "page", "currentPageNo", "pageNumber",
    "page.pageNo", "PAGENUM", "currpage",
)  # fmt: skip


def turning_form(tree: LexborHTMLParser) -> tuple[str, str, str, dict[str, str]] | None:
    """The form by which a page's own script turns pages: its page field, action, method and fields."""
    for name in _PAGE_FIELDS:
        found = form_of(tree, name)
        if found:
            return (name, *found)
    return None


def turning(tree: LexborHTMLParser, text: str, base_url: str, number: int) -> tuple[str, str | None] | None:
    """How a script would turn to a page: the address and, for a POST, the form. None when the page does not tell."""
    openers = Openers(text)
    for node in tree.css("a"):
        if openers and NEXT.match("".join(tables.text_of(node).split())):
            script = f"{node.attributes.get('onclick') or ''};{node.attributes.get('href') or ''}"
            url = absolute(base_of(tree, base_url), openers.address(script) or "")
            if url is not None:
                return url, None
    found = turning_form(tree)
    if found is None or re.search(r"submit|forms?\b", text) is None:
        return None
    name, action, method, fields = found
    fields[name] = str(number)
    url = urljoin(base_of(tree, base_url), action) if action else base_url
    return (url, urlencode(fields)) if method == "POST" else (with_query(url, **fields), None)


def with_query(url: str, /, **values: Any) -> str:
    """An address with some of its parameters set; the others stay as they are, in their order.

    >>> with_query("http://x.example/s?channelid=9&page=1", page=2)
    'http://x.example/s?channelid=9&page=2'
    """
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **{k: str(v) for k, v in values.items()}}
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))


_PAIR = re.compile(r"""["']?([\w.]{1,40})["']?\s*[:=]\s*(?:'([^'\n]*)'|"([^"\n]*)"|(\d{1,18})\b)""")


def script_values(text: str, *names: str) -> dict[str, str]:
    """What a script assigns to these names (`siteId: '12'`, `var pageCount = 3`); the first of each counts."""
    found: dict[str, str] = {}
    for name, single, double, number in _PAIR.findall(text):
        if (not names or name in names) and name not in found:
            found[name] = single or double or number
    return found
