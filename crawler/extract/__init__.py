"""How to read: bytes in, rows of text out. Pure; nothing here fetches, stores or asks for the time.

reading = read(content, url, content_type, kind="penalty")
reading.rows         # decisions, still text
reading.reason       # why there are none, in Chinese
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawler.extract import classify, decision_text, fragments, pairs, payloads, spreadsheets, tables
from crawler.extract.decode import decode
from crawler.extract.tables import Reader
from crawler.items import Link, Seen

BOOKS = frozenset(("xls", "xlsx", "et", "csv"))
_OTHERS = ("doc", "docx", "wps", "pdf", "ofd", "zip", "rar", "7z", "jpg", "jpeg", "png", "tif", "tiff")
ATTACHMENTS = BOOKS.union(_OTHERS)
_BODIES = (
    ".TRS_Editor", ".view.TRS_UEDITOR", "ucapcontent", "#zoom", "#vsb_content", ".v_news_content", ".article-content",
    ".article_content", "#UCAP-CONTENT", ".content_body", ".bt_content", ".article", "#content", ".content",
)  # fmt: skip
_NOISE = ["script", "style", "noscript", "nav", "header", "footer", "select", "button"]
_TITLE_METAS = ("articletitle", "pagetitle")
_DATE_METAS = ("pubdate", "publishdate", "firstpublishedtime")
_DAY = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}")
_PDF, _IMAGES = b"%PDF", (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_DECIDED = frozenset(("content", "facts", "decision_date", "basis"))
_PARTY_AND_MATTER = re.compile(r"^(.{2,60}?)\s*[-—－–]+\s*(\S.*)$", re.S)
_OFFENCE = re.compile(r"违反|违法|其他违法|未(?:按|经|取得|依法|办理)|逾期|擅自|涉嫌|无证|超")
_HEAD_FIELDS = frozenset(  # what stands under labels of its own at the head of a decision
    (
        "document_number",
        "counterparty",
        "counterparty_code",
        "legal_representative",
        "organisation_code",
        "registration_number",
    )
)
DEFAULT_UNPACKED = 256 * 2**20


@dataclass
class Reading:
    """What one document says."""

    form: str | None = None  # wide_table | key_value | decision_text | attachment | json | image
    rows: list[Seen] = field(default_factory=list)
    reason: str = ""  # Chinese; why there are no rows
    title: str = ""
    published: str | None = None  # the page's own date of publication
    attachments: list[Link] = field(default_factory=list)
    not_record: bool = False  # a notice, a catalogue: rightly without records
    unread: bool = False  # something is there that we cannot read


def read(
    content: bytes,
    url: str,
    content_type: str | None = None,
    kind: str = "auto",
    *,
    base_url: str | None = None,
    title: str = "",
    lookups: Mapping[str, str] | None = None,
    max_unpacked: int = DEFAULT_UNPACKED,
) -> Reading:
    """The decisions one document shows. `title` is what the list called it. Never raises on any content."""
    reading = _read(content, url, content_type, kind, base_url, title, lookups, max_unpacked)
    for seen in reading.rows:
        _without_matter(seen)
    return reading


def _without_matter(seen: Seen) -> None:
    """A party printed together with the matter (某公司-逾期申报), where a field of its own tells it or it speaks of an offence."""
    match = _PARTY_AND_MATTER.match(seen.fields.get("counterparty", ""))
    if match is None:
        return
    matter = tables.squeeze(match[2])
    told = {tables.squeeze(seen.fields.get(name, "")) for name in ("case_name", "facts", "violation_type", "category")}
    if matter in told or _OFFENCE.match(matter):
        seen.others.setdefault(f"{seen.labels['counterparty']}（原文）", seen.fields["counterparty"])
        seen.fields["counterparty"] = match[1]


def _read(
    content: bytes,
    url: str,
    content_type: str | None,
    kind: str,
    base_url: str | None,
    title: str,
    lookups: Mapping[str, str] | None,
    max_unpacked: int,
) -> Reading:
    reader = Reader(kind if kind in ("licence", "penalty") else "auto", dict(lookups or {}))
    suffix = suffix_of(url)
    if content.startswith(_PDF) or suffix in ("pdf", "ofd"):
        return Reading("attachment", reason="PDF、OFD 附件，本版本读不出其中的记录", title=title, unread=True)
    if content.startswith(_IMAGES) or suffix in ("jpg", "jpeg", "png", "tif", "tiff"):
        return Reading("image", reason="图片，读不出其中的记录", title=title, unread=True)
    if spreadsheets.is_book(content) or suffix in BOOKS:
        return _read_book(content, reader, title, max_unpacked)
    text = decode(content, content_type)
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(text, reader)
    if "\0" in text[:2000]:
        return Reading("attachment", reason="不是网页也不是电子表格，读不出其中的记录", title=title, unread=True)
    return read_page(text, base_url or url, reader, title)


def extract_sources(
    sources: Iterable[str], *, kind: str = "auto", base_url: str | None = None
) -> Iterator[dict[str, Any]]:
    """For the command `extract`: the records in saved pages and attachments (see `crawler.extract.saved`)."""
    from crawler.extract.saved import lines_of  # it needs this module whole

    for source in sources:
        yield from lines_of(source, kind, base_url)


def suffix_of(url: str) -> str:
    """The ending of a document's address, in lower case without its dot; empty for a page.

    >>> suffix_of("http://x.example/a/P020.XLSX?v=1"), suffix_of("getfile.do?id=1&filename=双公示.xls&type=db")
    ('xlsx', 'xls')
    """
    for part in (urlsplit(url).path, *re.findall(r"=([^&]+)", urlsplit(url).query)):
        name, dot, ending = unquote(part).rpartition(".")
        if dot and name and ending.lower() in ATTACHMENTS:
            return ending.lower()
    return ""


def _read_book(content: bytes, reader: Reader, title: str, max_unpacked: int) -> Reading:
    try:
        if spreadsheets.is_book(content):
            rows = spreadsheets.read_book(content, reader, max_unpacked)
        else:
            rows = spreadsheets.read_false_book(content, reader)
    except spreadsheets.Unreadable as error:
        return Reading("attachment", reason=str(error), title=title, unread=True)
    if rows:
        return Reading("attachment", rows, title=title)
    if classify.not_a_record(title):
        return Reading(reason="目录或通知类附件，不是公示记录", title=title, not_record=True)
    return Reading("attachment", reason="电子表格中没有认得出的表头", title=title, unread=True)


def _read_json(text: str, reader: Reader) -> Reading:
    try:
        rows = payloads.rows_of(payloads.parse(text))
    except ValueError:
        return Reading("json", reason="不是合法的 JSON", unread=True)
    found = payloads.records(rows, reader) if rows else []
    if found:
        return Reading("json", found)
    return Reading("json", reason="JSON 中没有认得出的记录", not_record=not rows, unread=bool(rows))


def read_page(text: str, base_url: str, reader: Reader, title: str = "") -> Reading:
    """The decisions a page shows: in tables, in what stands commented out, in lines, in the decision's own words."""
    tree = tables.parse(text)
    metas = metas_of(tree)
    own_title = next((metas[name] for name in _TITLE_METAS if metas.get(name)), "")
    heading = tree.css_first("title")
    title = max(own_title, title, key=len) or (tables.text_of(heading) if heading else "")
    reading = Reading(title=title, published=_published(metas))
    body = body_of(tree)
    lines = tables.text_of(body).split("\n") if body else []
    rows = tables.records(tree, reader)
    if classify.not_a_record(title) and (classify.never_a_record(title) or not any(map(_is_told, rows))):
        return _no_record(reading)
    if not rows and "<!--" in text:
        rows = [
            seen for part in fragments.commented(text, "table") for seen in tables.records(tables.parse(part), reader)
        ]
    if not any({"document_number", "counterparty"} & seen.fields.keys() for seen in rows):
        if classify.heads_no_record(lines):
            return _no_record(reading)
        rows = rows or _in_words(title, lines, reader)
    if rows:
        reading.form, reading.rows = rows[0].form, rows
        return reading
    reading.attachments = attachments_of(tree, base_url)
    if reading.attachments:
        reading.form, reading.reason = "attachment", "页面本身没有记录，只有附件"
    elif body is not None and body.css_first("img") is not None and sum(map(len, lines)) < 300:
        reading.form, reading.reason, reading.unread = "image", "只有图片，读不出其中的记录", True
    elif "决定书" in title or "决定书" in "".join(lines[:5]):
        reading.form, reading.reason, reading.unread = "decision_text", "像是决定书，但没有读出文号和当事人", True
    else:
        reading.not_record, reading.reason = True, "页面中没有行政决定的要素"
    return reading


def _is_told(seen: Seen) -> bool:
    """Whether a row names its decision and its party: a record whatever the page is called."""
    return seen.fields.keys() >= {"document_number", "counterparty"}


def _is_whole(seen: Seen) -> bool:
    """Whether lines with labels tell a decision themselves, and are not only the head of its text."""
    if "document_number" in seen.fields:
        return len(seen.fields) >= 4
    return len(seen.fields.keys() - _HEAD_FIELDS - {"case_name", "person_id"}) >= 3


def _no_record(reading: Reading) -> Reading:
    reading.not_record, reading.reason = True, "目录、通知、告知等，不是行政决定的公示"
    return reading


def _in_words(title: str, lines: list[str], reader: Reader) -> list[Seen]:
    """Lines of label and value; else the decision's own words, which also begin with a few labels (当事人：…)."""
    rows = pairs.records(lines, reader)
    if rows and all(_is_whole(seen) for seen in rows):
        return rows
    one = decision_text.record(title, lines, reader.kind)
    if len(rows) > 1 or (rows and (one is None or not _DECIDED & one.fields.keys())):
        return rows
    told = pairs.told(lines, reader)
    if one is None:
        party = decision_text.party_of_title(title)
        if party is None or len(told.fields) < 2:
            return []
        told.fields["counterparty"], told.labels["counterparty"], told.confidence = party, "标题", 0.6
        return [told]
    for name, text in told.fields.items():
        if name in (_HEAD_FIELDS if rows else _DECIDED) and name not in one.fields:
            one.fields[name], one.labels[name] = text, told.labels[name]
    return [one]


def metas_of(tree: LexborHTMLParser) -> dict[str, str]:
    """The page's metas by lower-case name (government sites share the names); the first of several counts."""
    metas: dict[str, str] = {}
    for node in tree.css("meta[name]"):
        name = (node.attributes.get("name") or "").strip().lower()
        metas.setdefault(name, (node.attributes.get("content") or "").strip())
    return metas


def _published(metas: Mapping[str, str]) -> str | None:
    for name in _DATE_METAS:
        match = _DAY.search(metas.get(name, ""))
        if match:
            return match[0]
    return None


def body_of(tree: LexborHTMLParser) -> tables.LexborNode | None:
    """The part of a page that holds its article; the whole body when no container is known."""
    for selector in _BODIES:
        node = tree.css_first(selector)
        if node is not None and len(node.text(deep=True).strip()) >= 20:
            return node
    body = tree.body
    if body is not None:
        for node in body.css(", ".join(_NOISE)):
            node.decompose()
    return body


def attachments_of(tree: LexborHTMLParser, base_url: str) -> list[Link]:
    """The documents a page links to, each once, in order."""
    found: dict[str, Link] = {}
    for node in tree.css("a[href]"):
        href = (node.attributes.get("href") or "").strip()
        text = tables.text_of(node) or node.attributes.get("title") or ""
        if suffix_of(href) or text.rpartition(".")[2].lower() in ATTACHMENTS:
            address = absolute(base_url, href)
            if address:
                found.setdefault(address, Link(address, text))
    return list(found.values())


def absolute(base_url: str, href: str) -> str | None:
    """The address a link leads to; None for script, mail and broken ones."""
    href = href.strip().replace("\\", "/")
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")):
        return None
    try:
        url = urljoin(base_url, href)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        parts.port  # noqa: B018 - raises when the port is no number
    except ValueError:
        return None
    return url.partition("#")[0]
