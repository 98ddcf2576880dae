"""The command `extract`: records in saved pages and attachments, one line each; nothing is written anywhere."""

from __future__ import annotations

import datetime
import mimetypes
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.extract import Reading, read
from crawler.identity import record_id
from crawler.items import Seen
from db import clock
from db.models import RECORD_FIELDS
from standard import record, values
from standard.errors import Refused

_LIMIT = 64 * 2**20
_TIMEOUT_S = 30


def lines_of(source: str, kind: str, base_url: str | None) -> Iterator[dict[str, Any]]:
    """A line for each record of a file, of every file of a folder, or of an address. Raises Refused if it is none."""
    if source.startswith(("http://", "https://")):
        content, content_type = _fetch(source)
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
    yield from _lines(read(content, path.name, mimetypes.guess_type(path.name)[0], kind, base_url=base_url), str(path))


def _fetch(url: str) -> tuple[bytes, str | None]:
    request = urllib.request.Request(url, headers={"User-Agent": "mingcha"})  # noqa: S310 - http and https only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            content: bytes = response.read(_LIMIT + 1)
            if len(content) > _LIMIT:
                raise Refused(f"{url}：内容超过 64 MB，未读取")
            return content, response.headers.get("Content-Type")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Refused(f"{url}：打不开（{error}），请检查网址与网络") from None


def _lines(reading: Reading, url: str) -> Iterator[dict[str, Any]]:
    for seen in reading.rows:
        yield _line(seen, url, reading.published)
    if not reading.rows:
        yield {"url": url, "form": reading.form, "reason": reading.reason}


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
