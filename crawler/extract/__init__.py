"""How to read: bytes in, rows of text out. Pure; nothing here fetches, stores or asks for the time.

reading = read(content, url, content_type, kind="penalty")
reading.rows         # decisions, still text
reading.reason       # why there are none, in Chinese
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.documents.parts import Block, Document, Limits, Unreadable
from crawler.documents.reading import task_of
from crawler.extract import (
    cells,
    classify,
    context,
    decision_text,
    fragments,
    other_kinds,
    pairs,
    payloads,
    spreadsheets,
    tables,
)
from crawler.extract.attachments import Budget, is_told, no_record, of_blocks, read_attachment, title_of
from crawler.extract.decode import decode
from crawler.extract.reading import Reading
from crawler.extract.tables import Reader
from crawler.items import Link, Seen
from standard import kinds

BOOKS = frozenset(("xls", "xlsx", "et", "ods", "csv"))
_OTHERS = (
    "doc",
    "docx",
    "docm",
    "xlsm",
    "xlsb",
    "wps",
    "rtf",
    "pdf",
    "ofd",
    "zip",
    "rar",
    "7z",
    "jpg",
    "jpeg",
    "png",
    "gif",
    "bmp",
    "tif",
    "tiff",
)
ATTACHMENTS = BOOKS.union(_OTHERS)
_BODIES = (
    ".TRS_Editor", ".view.TRS_UEDITOR", "ucapcontent", "#zoom", "#vsb_content", ".v_news_content", ".article-content",
    ".article_content", "#UCAP-CONTENT", ".content_body", ".bt_content", ".article", "#content", ".content",
)  # fmt: skip
_NOISE = ["script", "style", "noscript", "nav", "header", "footer", "select", "button"]
_TITLE_METAS = ("articletitle", "pagetitle")
_DATE_METAS = ("pubdate", "publishdate", "firstpublishedtime")
_DAY = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}")
_TAG = re.compile(r"<[a-zA-Z!/?]")
_PICTURES = frozenset(("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff"))
_SUM = re.compile(r"\d{1,9}(?:\.\d{1,2})?")
_DECIDED = frozenset(("content", "facts", "decision_date", "basis"))
_PARTY_AND_MATTER = re.compile(r"^(.{2,60}?)\s*[-—－–]+\s*(\S.*)$", re.S)
_DASHES = frozenset("-—－–")
_OFFENCE = re.compile(r"违反|违法|其他违法|未(?:按|经|取得|依法|办理)|逾期|擅自|涉嫌|无证|超")
_NAMED_ONLY = 0.4  # a decision of which a page tells only number and party: what is attached tells it
_PARTS = frozenset(("facts", "content", "category", "basis", "category_and_basis", "violation_type", "decision_date"))
_AROUND = frozenset(("document_number", "counterparty", "decision_date", "authority"))
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
    text: Callable[[], str] | None = None,
) -> Reading:
    """The decisions one document shows. `title` is what the list called it; `text`: who has decoded it already. Never
    raises on any content."""
    reader = Reader(kind if kind in kinds.KINDS else "auto", dict(lookups or {}))
    budget = Budget(Limits(unpacked=max_unpacked), unpacked=max_unpacked)
    reading = _read(content, url, text or (lambda: decode(content, content_type)), reader, base_url, title, budget)
    for seen in reading.rows:
        _without_matter(seen)
        cells.tidy(seen)
        _bare_sum(seen)
    return reading


def _without_matter(seen: Seen) -> None:
    """A party printed together with the matter (某公司-逾期申报), where a field of its own tells it or it speaks of an offence."""
    party = seen.fields.get("counterparty", "")
    match = None if _DASHES.isdisjoint(party) else _PARTY_AND_MATTER.match(party)
    if match is None:
        return
    matter = tables.squeeze(match[2])
    told = {tables.squeeze(seen.fields.get(name, "")) for name in ("case_name", "facts", "violation_type", "category")}
    if matter in told or _OFFENCE.match(matter):
        seen.others.setdefault(f"{seen.labels['counterparty']}（原文）", seen.fields["counterparty"])
        seen.fields["counterparty"] = match[1]


def _bare_sum(seen: Seen) -> None:
    """A result that is nothing but a number is the fine in yuan (处罚结果：20.0)."""
    text = seen.fields.get("content", "")
    if seen.kind != "penalty" or "fine_yuan" in seen.fields or not _SUM.fullmatch(text):
        return
    if "罚款" not in f"{seen.fields.get('category', '')}{seen.fields.get('violation_type', '')}":
        return
    if "万" not in seen.labels["content"]:
        seen.fields["fine_yuan"], seen.labels["fine_yuan"] = text, f"{seen.labels['content']}（金额）"
        seen.money["fine_yuan"] = "yuan"


def _read(
    content: bytes,
    url: str,
    decoded: Callable[[], str],
    reader: Reader,
    base_url: str | None,
    title: str,
    budget: Budget,
) -> Reading:
    task = task_of(content)
    suffix = suffix_of(url)
    if task is not None:
        named = title or title_of(unquote(urlsplit(url).path).rpartition("/")[2], "")
        return read_attachment(content, task, reader, named, budget, _member(reader), _in_words)
    text = decoded()
    if "\0" in text[:2000]:
        form = "image" if suffix in _PICTURES else "attachment"
        return Reading(form, reason="不是网页也不是可读的文档，或已损坏", title=title, unread=True)
    if suffix in BOOKS:
        return _read_false_book(content, reader, title)
    if payloads.looks_like_one(text):
        return _read_json(text, base_url or url, reader, title)
    if not _TAG.search(text) and reader.kind not in kinds.WIDER:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return of_blocks(Document("text", [Block(lines=lines)]), reader, title, _in_words)
    return read_page(text, base_url or url, reader, title)


def _member(reader: Reader) -> Callable[[bytes, str, str, Budget], Reading]:
    """How a file within an archive is read: as any other, by its own bytes and name."""
    return lambda content, name, title, budget: _read(
        content, name, lambda: decode(content), reader, None, title, budget
    )


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
    address = urlsplit(url)
    for part in (address.path, *(re.findall(r"=([^&]+)", address.query) if address.query else ())):
        name, dot, ending = unquote(part).rpartition(".")
        if dot and name and ending.lower() in ATTACHMENTS:
            return ending.lower()
    return ""


def _read_false_book(content: bytes, reader: Reader, title: str) -> Reading:
    try:
        rows = spreadsheets.read_false_book(content, reader)
    except Unreadable as error:
        return Reading("attachment", reason=str(error), title=title, unread=True)
    if rows:
        return Reading("attachment", rows, title=title)
    if reader.kind not in kinds.WIDER and classify.not_a_record(title):
        return Reading(reason="目录或通知类附件，不是公示记录", title=title, not_record=True)
    return Reading("attachment", reason="电子表格中没有认得出的表头", title=title, unread=True)


def _read_json(text: str, base_url: str, reader: Reader, title: str) -> Reading:
    try:
        value = payloads.parse(text)
    except ValueError:
        return Reading("json", reason="不是合法的 JSON", unread=True)
    rows = payloads.rows_of(value)
    found = payloads.records(rows, reader) if rows else payloads.one(value, reader)
    if found:
        return Reading("json", found)
    pages = payloads.pages_of(value)
    if pages:  # an article whose text is markup in a field
        readings = [read_page(markup, base_url, reader, name or title) for name, markup in pages]
        if len(readings) == 1:
            return readings[0]
        found = [seen for reading in readings for seen in reading.rows]
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
    wider = reader.kind in kinds.WIDER
    around = context.Context()
    rows = [] if wider else tables.records(tree, reader, around)
    context.of_metas(around, metas)
    told = not wider and all(map(_is_plain, rows)) and len(rows) > 0
    body = None if told else body_of(tree)
    lines = tables.text_of(body).split("\n") if body else []  # not needed when tables tell everything
    if wider:
        rows = other_kinds.rows_of(tree, text, lines, reader)
    else:
        lines = context.of_lines(around, lines)
    if not wider and classify.not_a_record(title) and (classify.never_a_record(title) or not any(map(is_told, rows))):
        return no_record(reading)
    if not rows and not wider and "<!--" in text:
        rows = [
            seen for part in fragments.commented(text, "table") for seen in tables.records(tables.parse(part), reader)
        ]
    if not wider and not any({"document_number", "counterparty"} & seen.fields.keys() for seen in rows):
        if classify.heads_no_record(lines):
            return no_record(reading)
        rows = rows or _in_words(title, lines, reader)
    if not wider and len(rows) == 1 and rows[0].form == "key_value" and lines:
        whole = _is_whole(rows[0])
        if not whole or "document_number" not in rows[0].fields:  # the head stands in cells, the rest in words
            for one in decision_text.records(title, lines, rows[0].kind)[:1]:
                _complete(rows[0], one, _AROUND if whole else one.fields)
    thin = len(rows) == 1 and _DECIDED.isdisjoint(rows[0].fields) and rows[0].form == "decision_text"
    if rows and not (thin and attachments_of(tree, base_url)):
        if not wider:
            context.complete(around, rows, title)
        reading.form, reading.rows = rows[0].form, rows
        return reading
    reading.attachments = attachments_of(tree, base_url)
    if reading.attachments:
        reading.form, reading.reason = "attachment", "页面本身没有记录，只有附件"
        if not wider:
            reading.rows = rows or decision_text.named(title, [link.title for link in reading.attachments], reader.kind)
            for seen in reading.rows:
                seen.form, seen.confidence = "attachment", _NAMED_ONLY
    elif wider and (one := other_kinds.notice(title, reading.published, lines, reader)) is not None:
        reading.form, reading.rows = one.form, [one]
    elif body is not None and body.css_first("img") is not None and sum(map(len, lines)) < 300:
        reading.form, reading.reason, reading.unread = "image", "只有图片，读不出其中的记录", True
    elif not wider and classify.says_nothing(" ".join(lines)):
        reading.not_record, reading.reason = True, "零报告，没有公示记录"
    elif "决定书" in title or "决定书" in "".join(lines[:5]):
        reading.form, reading.reason, reading.unread = "decision_text", "像是决定书，但没有读出文号和当事人", True
    elif not wider and len(_PARTS & pairs.told(lines, reader).fields.keys()) >= 2:
        reading.form, reading.unread = "key_value", True
        reading.reason = "有行政决定的部分要素，但没有文号和行政相对人"
    elif not wider and classify.announces_records(title):
        reading.reason, reading.unread = "标题是行政决定的公示，页面中没有读出记录", True
    else:
        reading.not_record, reading.reason = True, "页面中没有行政决定的要素"
    return reading


def _is_plain(seen: Seen) -> bool:
    """Whether a row tells its number or party, and its authority: nothing around the table is needed."""
    return not {"document_number", "counterparty"}.isdisjoint(seen.fields) and "authority" in seen.fields


def _is_whole(seen: Seen) -> bool:
    """Whether lines with labels tell a decision themselves, and are not only the head of its text."""
    if "document_number" in seen.fields:
        return len(seen.fields) >= 4
    return len(seen.fields.keys() - _HEAD_FIELDS - {"case_name", "person_id"}) >= 3


def _in_words(title: str, lines: list[str], reader: Reader) -> list[Seen]:
    """Lines of label and value; else the decision's own words, which also begin with a few labels (当事人：…)."""
    rows = pairs.records(lines, reader)
    whole = len(rows) > 0 and all(_is_whole(seen) for seen in rows)
    if whole and (len(rows) > 1 or rows[0].fields.keys() >= _AROUND):
        return rows
    several = decision_text.records(title, lines, reader.kind)
    if len(several) > 1 and (len(several) > len(rows) or (len(several) == len(rows) and not whole)):
        return several
    one = several[0] if several else None
    if whole:
        if one is not None:
            _complete(rows[0], one)
        return rows
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


def _complete(seen: Seen, one: Seen, names: Iterable[str] = _AROUND) -> None:
    """What stands without a label around labelled lines: the number under the heading, the signature."""
    for name in sorted(names):
        if (
            name in one.fields
            and name not in seen.fields
            and (name != "counterparty" or "document_number" in one.fields)
        ):
            seen.fields[name], seen.labels[name] = one.fields[name], one.labels[name]
            seen.money |= {name: one.money[name]} if name in one.money else {}
            seen.confidence = min(seen.confidence, one.confidence)


def metas_of(tree: LexborHTMLParser) -> dict[str, str]:
    """The page's metas by lower-case name (government sites share the names); the first of several counts."""
    metas: dict[str, str] = {}
    for node in tree.tags("meta"):
        said = node.attributes  # made anew each time
        if "name" in said:
            metas.setdefault((said.get("name") or "").strip().lower(), (said.get("content") or "").strip())
    return metas


def _published(metas: Mapping[str, str]) -> str | None:
    for name in _DATE_METAS:
        match = _DAY.search(metas.get(name, ""))
        if match:
            return match[0]
    return None


def body_of(tree: LexborHTMLParser) -> LexborNode | None:
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


@lru_cache(maxsize=8192)
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
