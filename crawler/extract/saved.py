"""The command `extract`: records in saved pages and attachments, one line each; nothing is written anywhere."""

from __future__ import annotations

import datetime
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crawler.extract import read, tables
from crawler.extract.decode import decode
from crawler.extract.reading import Reading
from crawler.identity import record_id
from crawler.items import Seen
from db import clock
from db.models import RECORD_FIELDS
from standard import record, values
from standard.errors import Refused

_LIMIT = 64 * 2**20
_NAMED = 3  # attachments that are named
_NOWHERE = "http://saved.invalid/"  # where a saved page comes from, when nobody says: its links count from there
_NO_LISTS = ("article", "shell", "wide_table")


def lines_of(source: str, kind: str, base_url: str | None) -> Iterator[dict[str, Any]]:
    """A line for each record of a file, of every file of a folder, or of an address. Raises Refused if it is none."""
    if source.startswith(("http://", "https://")):
        from crawler.ask import fetch  # the crawl's own downloader; files need none of it

        content, content_type = fetch(source)
        yield from _lines(read(content, source, content_type, kind, base_url=base_url), source)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield from _file(file, kind, base_url)
    elif path.is_file():
        yield from _file(path, kind, base_url)
    else:
        raise Refused(f"{source}：文件或目录不存在，请检查路径；网址请以 http:// 或 https:// 开头")


def _file(path: Path, kind: str, base_url: str | None) -> Iterator[dict[str, Any]]:
    try:
        if path.stat().st_size > _LIMIT:
            yield {"url": str(path), "form": None, "reason": "文件超过 64 MB，未读取"}
            return
        content = path.read_bytes()
    except OSError as error:
        yield {"url": str(path), "form": None, "reason": f"文件无法读取（{error.strerror}）"}
        return
    base_url = base_url or f"{_NOWHERE}{quote(path.name)}"
    reading = read(content, path.name, mimetypes.guess_type(path.name)[0], kind, base_url=base_url)
    if not reading.rows and reading.form in (None, "decision_text"):
        reading.reason = _list_of(content, base_url) or reading.reason
    yield from _lines(reading, str(path))


def _list_of(content: bytes, url: str) -> str:
    """What to say of a saved list page: its entries are read by a crawl, which can follow them."""
    from crawler.detect import recognise  # it knows every family; a page with records needs none of them

    text = decode(content)
    found = recognise(text, tables.parse(text), url)
    if found is None or found.family in _NO_LISTS:
        return ""
    return f"是列表页（站型 {found.family}：{'、'.join(found.marks)}），不含记录；条目由采集逐条读取，请登记为门户后运行 mingcha crawl"


def _lines(reading: Reading, url: str) -> Iterator[dict[str, Any]]:
    for number, seen in enumerate(reading.rows):
        inside = reading.inside[number] if reading.inside else None
        yield _line(seen, url, reading.published) | {"attachment": inside}
    if not reading.rows or reading.unread:  # what stands beside the records and was not read is told too
        named = "、".join(link.title or link.url for link in reading.attachments[:_NAMED])
        more = f"等 {len(reading.attachments)} 个" if len(reading.attachments) > _NAMED else ""
        yield {
            "url": url,
            "form": reading.form,
            "reason": f"{reading.reason}：{named}{more}" if named else reading.reason,
        }


def _line(seen: Seen, url: str, published: str | None) -> dict[str, Any]:
    row = record.make(
        seen.kind, seen.fields, money=seen.money, profile="portal", today=clock.today(), key=b"", raw=seen.raw
    )
    if (row["counterparty_code"] or "").startswith("h:"):
        row["counterparty_code"] = None  # a hash without the installation's key would give the person away
    stated = seen.stated_published_on or published
    line = {name: row.get(name) for name in RECORD_FIELDS} | {
        "record_id": record_id("", seen), "source": "published", "url": url, "form": seen.form,
        "confidence": round(seen.confidence, 2), "stated_published_on": values.date(stated) if stated else None,
        "warnings": [defect["message"] for defect in row["defects"]],
    }  # fmt: skip
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in line.items()}
