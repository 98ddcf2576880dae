"""Submissions from a platform's own database or interface: by mapping file, incrementally, resumable.

Each `commit_rows` rows are an import of their own, and its batch keeps the watermark reached, so that a pull that was
stopped goes on where it was. Only the last batch of a pull says that the platform's knowledge reaches up to now: half a pull
must accuse nobody.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import re
import urllib.parse
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
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
from standard import values
from standard.aliases import normalise
from standard.errors import Refused
from standard.strict_yaml import nearest

_NEVER = datetime.datetime(1970, 1, 1, tzinfo=SHANGHAI)
_SAMPLES = 80
_MAX_NAME = 64
_DAY = datetime.timedelta(days=1)
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,12})?")
_FORMS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%fZ", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d",
)  # fmt: skip


@dataclass
class Piece:
    """What is imported at once: column names, rows, the watermark reached (None: unknown), and whether it is the last."""

    labels: list[str]
    rows: list[Row]
    mark: Any
    last: bool
    notes: list[str] = field(default_factory=list)


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

    def take(piece: Piece) -> Receipt:
        number = 1 + sum(receipt.rows for receipt in receipts)
        table = _table(mapping, piece.labels, piece.rows, edition, number, str(file))
        size = sum(len(cell) for row in piece.rows for cell in row)
        source = Source(f"{file}（{mapping.name}）", _digest(mapping, piece), [table.grid], piece.notes, size)
        importing = Import(workspace, source, [table], unit or mapping.unit, moment, tell)
        importing.batch_source = _source_of(mapping, piece.mark if piece.mark is not None else since)
        importing.known_until = moment if piece.last else complete
        receipt = importing.run()
        if piece.last:
            _reach(workspace, source.sha256, moment)
        return receipt

    try:
        with closing(_pieces(mapping, since, str(file))) as pieces:
            for piece in pieces:
                receipts.append(take(piece))
    except Refused as refused:
        raise Refused(*refused.faults, *_so_far(receipts, file)) from None
    if not receipts:
        receipts.append(_nothing_new(workspace, mapping, since, moment, file))
    return receipts


def _so_far(receipts: list[Receipt], file: Path) -> list[str]:
    """What an interrupted pull leaves: whole pieces, each with its receipt."""
    if not receipts:
        return []
    rows = sum(receipt.rows for receipt in receipts)
    return [f"{file}：中断前已导入 {rows} 行（{len(receipts)} 个批次），仍然有效；请排除故障后重新运行，会从断点继续"]


def _pieces(mapping: Mapping, since: Any, where: str) -> Generator[Piece, None, None]:
    yield from (_http_pieces if mapping.over_http else _database_pieces)(mapping, since, where)


def _database_pieces(mapping: Mapping, since: Any, where: str) -> Generator[Piece, None, None]:
    if isinstance(since, datetime.datetime):
        since -= datetime.timedelta(minutes=mapping.overlap_minutes)
    limit = _tomorrow()
    mark, late = None, 0
    with read_database(mapping, since, where) as (labels, rows):
        _check_columns(mapping, labels, where)
        ahead = list(islice(rows, mapping.commit_rows))
        while ahead:
            taken, ahead = ahead, list(islice(rows, mapping.commit_rows))
            marks = [found for _, found in taken if found is not None]
            sane = [found for found in marks if not _after(found, limit)]
            late += len(marks) - len(sane)
            mark = sane[-1] if sane else mark
            piece = Piece(labels, [row for row, _ in taken], mark, not ahead)
            if late and not ahead:
                piece.notes.append(
                    f"有 {late} 行的 {mapping.watermark} 晚于今天，每次都会重读，不影响结果；请平台更正这些时间"
                )
            if _garbled(piece.rows) and mapping.recode is None:
                piece.notes.append("汉字显示为乱码（如 ÊÐ），请在映射文件中加一行 recode: gb18030 后重新导入")
            yield piece


def _http_pieces(mapping: Mapping, since: Any, where: str) -> Generator[Piece, None, None]:
    """An interface promises no order: only the last piece may move the watermark."""
    asked = None if since is None else _earlier(str(since), mapping.overlap_minutes)
    records = read_http(mapping, asked, where)
    limit = _tomorrow()
    highest: str | None = None
    unseen = set(mapping.columns)
    ahead = list(islice(records, mapping.commit_rows))
    while ahead:
        taken, ahead = ahead, list(islice(records, mapping.commit_rows))
        if mapping.watermark is not None:
            found = {record.get(mapping.watermark) or "" for record in taken} - {""}
            sane = [text for text in found if not _after(text, limit)]
            highest = max([*sane, *([highest] if highest else [])], key=_order, default=None)
        labels = list(dict.fromkeys(key for record in taken for key in record))
        unseen -= set(labels)
        rows = [[record.get(label, "") for label in labels] for record in taken]
        piece = Piece(labels, rows, None if ahead else highest, not ahead)
        if unseen and not ahead:
            piece.notes += [f"columns 的“{name}”没有出现在接口返回中{nearest(name, labels)}" for name in sorted(unseen)]
        yield piece


def _check_columns(mapping: Mapping, labels: list[str], where: str) -> None:
    faults = [
        f"{where}：columns 的“{name}”不在查询结果中{nearest(name, labels)}"
        for name in mapping.columns
        if normalise(name)[0] not in {normalise(label)[0] for label in labels}
    ]
    if faults:
        raise Refused(*faults)


def _garbled(rows: list[Row]) -> bool:
    """Chinese stored byte by byte in a latin1 database: signs beyond ASCII, and hardly one of them Chinese."""
    text = "".join(cell for row in rows[:_SAMPLES] for cell in row if not cell.isascii())[:5000]
    signs = [character for character in text if character > "\x7f"]
    return len(signs) > 20 and sum(character < "\u2e80" for character in signs) > 0.9 * len(signs)


# ---------------------------------------------------------------- watermarks


def _tomorrow() -> datetime.datetime:
    return now() + datetime.timedelta(days=1)


def _after(mark: Any, limit: datetime.datetime) -> bool:
    """Whether a watermark lies in the future: a slip of the pen, after which nothing new would ever be seen."""
    if isinstance(mark, datetime.datetime):
        return local(mark) > limit
    if isinstance(mark, datetime.date):
        return mark > limit.date()
    day = values.date(mark) if isinstance(mark, str) else None
    return day is not None and day > limit.date()


def _order(text: str) -> tuple[int, decimal.Decimal, str]:
    """Numbers by their size, other texts as they stand."""
    return (0, decimal.Decimal(text), "") if _NUMBER.fullmatch(text) else (1, decimal.Decimal(), text)


def _earlier(text: str, minutes: int) -> str:
    """A watermark so much earlier, in the form it has; one that is no time stays."""
    if minutes == 0:
        return text
    back = datetime.timedelta(minutes=minutes)
    if re.fullmatch(r"1\d{9}(?:\d{3})?", text):
        return str(int(text) - round(back.total_seconds()) * (1 if len(text) == 10 else 1000))
    for form in _FORMS:
        with suppress(ValueError, OverflowError):
            moment = datetime.datetime.strptime(text, form)  # noqa: DTZ007 - written again as it was read
            return (moment - (back if "%H" in form else max(back, _DAY))).strftime(form)
    return text


def _table(mapping: Mapping, labels: list[str], rows: list[Row], edition: str | None, number: int, where: str) -> Table:
    name = (mapping.table or mapping.name)[:_MAX_NAME]
    table = find_table(Grid(name, [labels, *rows[:_SAMPLES]]), edition, mapping.kind, mapping.columns)
    if table is None or table.labels != labels:
        known = "、".join(labels[:40])
        raise Refused(
            f"{where}：看不出哪一列是决定书文号、哪一列是行政相对人（现有列：{known}），请在 columns 中写明，如 {{列名: document_number}}"
        )
    table.money |= mapping.money
    table.grid = Grid(name, rows, first=number)
    table.start = 0
    return table


def _digest(mapping: Mapping, piece: Piece) -> str:
    digest = hashlib.sha256(f"mapping\x1e{mapping.name}\x1e".encode())
    for row in chain([piece.labels], piece.rows):
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
