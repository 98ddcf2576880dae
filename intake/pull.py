"""Submissions from a platform's own database or interface: by mapping file, incrementally, resumable.

Each `commit_rows` rows are an import of their own, and its batch keeps the watermark reached, so that a pull that was
stopped goes on where it was. Only the last batch of a pull says that the platform's knowledge reaches up to now: half a pull
must accuse nobody.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import urllib.parse
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from db.clock import SHANGHAI, local, now
from db.models import Batch
from db.session import session_of
from db.settings import Workspace
from intake.grids import Grid, Row, Source
from intake.headers import Table, find_table
from intake.mapping import Mapping, load_mapping
from intake.read_database import read_database
from intake.read_http import read_http
from intake.receipts import Receipt
from intake.submissions import Import
from standard.errors import Refused

_NEVER = datetime.datetime(1970, 1, 1, tzinfo=SHANGHAI)
_SAMPLES = 80
_MAX_NAME = 64
Piece = tuple[list[str], list[Row], Any, bool]
"""Column names, rows, the watermark reached (None: unknown), and whether it is the last piece."""


def pull(
    workspace: Workspace, file: Path, *, unit: str | None, received_at: datetime.datetime | None, edition: str | None,
    tell: Callable[[str], None],
) -> list[Receipt]:  # fmt: skip
    """Imports what is new since the last pull of this mapping."""
    mapping = load_mapping(file)
    since, complete = _reached(workspace, mapping)
    moment = local(received_at) if received_at else now()
    edition = edition or (None if mapping.edition == "auto" else mapping.edition)
    receipts: list[Receipt] = []

    def take(labels: list[str], rows: list[Row], mark: Any, last: bool) -> Receipt:
        number = 1 + sum(receipt.rows for receipt in receipts)
        table = _table(mapping, labels, rows, edition, number, str(file))
        source = Source(f"{file}（{mapping.name}）", _digest(mapping, labels, rows), [table.grid], size=len(rows) * 400)
        importing = Import(workspace, source, [table], unit or mapping.unit, moment, tell)
        importing.batch_source = _source_of(mapping, mark if mark is not None else since)
        importing.known_until = moment if last else complete
        receipt = importing.run()
        if last:
            _reach(workspace, source.sha256, moment)
        return receipt

    with closing(_pieces(mapping, since, str(file))) as pieces:
        for piece in pieces:
            receipts.append(take(*piece))
    if not receipts:
        receipts.append(_nothing_new(workspace, mapping, since, moment, file))
    return receipts


def _pieces(mapping: Mapping, since: Any, where: str) -> Generator[Piece, None, None]:
    if mapping.over_http:
        yield from _http_pieces(mapping, since, where)
        return
    labels, stream = read_database(mapping, since, where)
    mark = None
    with closing(stream) as rows:
        ahead = list(islice(rows, mapping.commit_rows))
        while ahead:
            piece, ahead = ahead, list(islice(rows, mapping.commit_rows))
            mark = next((found for _, found in reversed(piece) if found is not None), mark)
            yield labels, [row for row, _ in piece], mark, not ahead


def _http_pieces(mapping: Mapping, since: Any, where: str) -> Iterator[Piece]:
    """An interface promises no order: only the last piece may move the watermark."""
    records = read_http(mapping, None if since is None else str(since), where)
    highest = None
    ahead = list(islice(records, mapping.commit_rows))
    while ahead:
        piece, ahead = ahead, list(islice(records, mapping.commit_rows))
        if mapping.watermark is not None:
            highest = max(
                filter(None, chain([highest], (record.get(mapping.watermark) for record in piece))), default=None
            )
        labels = list(dict.fromkeys(key for record in piece for key in record))
        rows = [[record.get(label, "") for label in labels] for record in piece]
        yield labels, rows, highest if not ahead else None, not ahead


def _table(mapping: Mapping, labels: list[str], rows: list[Row], edition: str | None, number: int, where: str) -> Table:
    name = (mapping.table or mapping.name)[:_MAX_NAME]
    table = find_table(Grid(name, [labels, *rows[:_SAMPLES]]), edition, mapping.kind, mapping.columns)
    if table is None or table.labels != labels:
        known = "、".join(labels[:40])
        raise Refused(
            f"{where}：看不出哪一列是决定书文号、哪一列是行政相对人（现有列：{known}），请在 columns 中写明，如 {{列名: document_number}}"
        )
    for field, unit in mapping.money.items():
        table.money[field] = unit
    table.grid = Grid(name, rows, first=number)
    table.start = 0
    return table


def _digest(mapping: Mapping, labels: list[str], rows: list[Row]) -> str:
    digest = hashlib.sha256(f"mapping\x1e{mapping.name}\x1e".encode())
    for row in chain([labels], rows):
        digest.update("\x1f".join(row).encode("utf-8", "replace") + b"\x1e")
    return digest.hexdigest()


# ---------------------------------------------------------------- how far we are


def _source_of(mapping: Mapping, mark: Any) -> str:
    return f"mapping:{mapping.name}?" + urllib.parse.urlencode({} if mark is None else {"watermark": tagged(mark)})


def tagged(value: Any) -> str:
    """A watermark as text that keeps its type."""
    if isinstance(value, datetime.datetime):
        return f"t:{value.isoformat()}"
    if isinstance(value, datetime.date):
        return f"d:{value.isoformat()}"
    if isinstance(value, bool):
        return f"s:{value}"
    if isinstance(value, int):
        return f"i:{value}"
    if isinstance(value, (float, decimal.Decimal)):
        return f"n:{value}"
    return f"s:{value}"


def untagged(text: str) -> Any:
    """The watermark that `tagged` wrote."""
    kind, _, value = text.partition(":")
    if kind == "t":
        return datetime.datetime.fromisoformat(value)
    if kind == "d":
        return datetime.date.fromisoformat(value)
    if kind == "i":
        return int(value)
    return decimal.Decimal(value) if kind == "n" else value


def _reached(workspace: Workspace, mapping: Mapping) -> tuple[Any, datetime.datetime]:
    """The watermark reached, and up to when a complete pull made the platform's rows known."""
    marks: list[Any] = []
    complete = _NEVER
    with session_of(workspace) as session:
        asked = select(Batch.source, Batch.received_at).where(
            Batch.register == "submissions", Batch.source.startswith(f"mapping:{mapping.name}?", autoescape=True)
        )
        for source, received in session.execute(asked):
            complete = max(complete, received)
            stored = urllib.parse.parse_qs(source.partition("?")[2]).get("watermark")
            if stored:
                marks.append(untagged(stored[0]))
    if mapping.watermark is None or not marks:
        return None, complete
    try:
        return max(marks), complete
    except TypeError:
        return None, complete  # the column changed its type: read everything again, nothing is doubled


def _reach(workspace: Workspace, sha256: str, moment: datetime.datetime) -> None:
    """The very rows were known: still, the platform has now been asked again."""
    with session_of(workspace) as session:
        session.execute(
            update(Batch).where(Batch.sha256 == sha256, Batch.received_at < moment).values(received_at=moment)
        )


def _nothing_new(workspace: Workspace, mapping: Mapping, since: Any, moment: datetime.datetime, file: Path) -> Receipt:
    """The platform was asked and had nothing: that, too, is known now."""
    batch = {
        "id": "sub-" + hashlib.sha256(f"{mapping.name}|{moment.isoformat()}".encode()).hexdigest()[:24],
        "register": "submissions", "source": _source_of(mapping, since),
        "sha256": hashlib.sha256(f"empty|{mapping.name}|{moment.isoformat()}".encode()).hexdigest(),
        "edition": None, "received_at": moment, "imported_at": now(), "rows": 0, "accepted": 0, "updated": 0,
        "duplicate": 0, "refused": 0, "receipt": None,
    }  # fmt: skip
    with session_of(workspace) as session:
        if session.scalar(select(Batch.id).where(Batch.id == batch["id"])) is None:
            session.execute(insert(Batch), [batch])
    return Receipt(str(batch["id"]), f"{file}（{mapping.name}）", "submissions", notes=["没有新的数据"])
