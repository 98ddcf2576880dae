"""An import on one core and on several is the same import; a worker that fails or dies is told, and nothing is written."""

from __future__ import annotations

import datetime
import json
import marshal
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from benchmarks.fuzz_import import counts, csv_text, rows, workspace
from db.models import RefusedRow, Submission
from db.session import session_of
from db.settings import Workspace
from intake import submissions
from intake.receipts import Receipt
from intake.rows import CHUNK, COLUMNS, Reader
from intake.submissions import import_submissions
from standard import values
from standard.errors import Refused

DIRT = {  # row -> column -> text: party 0, code 1, number 3, facts 5, content 8, fine 9, date 10, agency 12, source 14
    3: {0: "  张三 ", 1: "110105194912310025"},
    700: {9: "罚款5000元", 10: "2026年9月3日"},
    701: {12: "火星局", 14: "火星局"},
    1400: {3: "示市监罚字〔2026〕1399号", 0: "示例市第1399商贸有限公司"},
    1401: {0: "", 3: ""},
    1650: {5: "当事人说“不知道\"和\\n，电话13800138000", 8: "罚款&nbsp;50000元"},
    2100: {2: "\u200b王五\u3000"},
    2600: {10: ""},
}  # fmt: skip


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file of many chunks, some of its rows dirty, two of them the same decision."""
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    monkeypatch.setattr(submissions, "_LARGE", 0)
    table = rows(3100)
    for row, cells in DIRT.items():
        for column, text in cells.items():
            table[row + 1][column] = text
    file = tmp_path / "many.csv"
    file.write_bytes(csv_text(table).encode())
    return file


def stored(opened: Workspace) -> list[list[Any]]:
    """Every row that was written, by number, whole."""
    found = []
    with session_of(opened) as session:
        for table in (Submission.__table__, RefusedRow.__table__):
            columns = list(table.columns)
            found += [list(row) for row in session.execute(select(*columns).order_by(columns[0]))]
    return found


def told(receipt: Receipt) -> list[Any]:
    """What a receipt says: its sums, its lines, and every cell of its workbook."""
    book = CalamineWorkbook.from_path(str(receipt.path))
    cells = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    sums = (receipt.rows, receipt.accepted, receipt.updated, receipt.duplicate, receipt.refused, receipt.problems)
    return [sums, receipt.rows_detail, cells]


def imported(root: Path, file: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    monkeypatch.setenv("MINGCHA_WORKERS", str(workers))
    opened = workspace(root)
    (receipt,) = import_submissions(opened, [file])
    assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows == 3100
    assert receipt.refused == 2
    assert not multiprocessing.active_children()
    return stored(opened), told(receipt)


def test_any_number_of_cores_gives_the_same_rows_and_the_same_receipt(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = imported(tmp_path / "w1", many, 1, monkeypatch)
    assert len(alone[0]) >= 3090
    for workers in (2, 4):
        assert imported(tmp_path / f"w{workers}", many, workers, monkeypatch) == alone


@contextmanager
def another_thread() -> Iterator[None]:
    """A thread beside: then no process may be forked from this one."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_beside_another_thread_a_fresh_process_is_started_and_makes_the_same(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = imported(tmp_path / "w1", many, 1, monkeypatch)
    with another_thread():
        assert imported(tmp_path / "w2", many, 2, monkeypatch) == alone


def elsewhere(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that happens in a worker when it comes to the second chunk, never here."""
    here, real = os.getpid(), Reader.prepare

    def prepare(self: Reader, chunk: Sequence[tuple[int, Sequence[str]]]) -> Any:
        if os.getpid() != here and chunk[0][0] > CHUNK:
            act()
        return real(self, chunk)

    monkeypatch.setattr(Reader, "prepare", prepare)
    monkeypatch.setenv("MINGCHA_WORKERS", "2")


def test_worker_that_is_killed_is_told_and_nothing_is_written(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = workspace(tmp_path / "w")
    with monkeypatch.context() as patch:
        elsewhere(lambda: os.kill(os.getpid(), signal.SIGKILL), patch)
        with pytest.raises(Refused, match=r"子进程意外结束（信号 9）.*未写入任何数据.*MINGCHA_WORKERS=1"):
            import_submissions(opened, [many])
    assert counts(opened) == (0, 0, 0)
    assert not multiprocessing.active_children()
    assert not list(opened.var.glob("receipts/*")), "a receipt of an import that did not happen"
    (receipt,) = import_submissions(opened, [many])
    assert receipt.rows == 3100 and counts(opened)[0] == 1


def test_worker_that_fails_says_why_and_nothing_is_written(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("made up")

    opened = workspace(tmp_path / "w")
    with monkeypatch.context() as patch:
        elsewhere(fail, patch)
        with pytest.raises(RuntimeError, match=r"(?s)worker of the import failed.*ZeroDivisionError: made up"):
            import_submissions(opened, [many])
    assert counts(opened) == (0, 0, 0)
    assert not multiprocessing.active_children()


LABELS = {
    "决定书文号": "document_number", "行政相对人名称": "counterparty", "统一社会信用代码": "counterparty_code", "处罚内容": "content",
    "罚款金额": "fine_yuan", "决定日期": "decision_date", "报送单位": "reporting_unit", "住址": None, "备注": "remark",
}  # fmt: skip
CELL = st.one_of(
    st.sampled_from([
        "", " ", "无", "— —", "甲公司", " 甲  公司", "示市罚〔2026〕12号", "2026年9月3日", "1.40106E+17", "住址：幸福街12号楼3单元302室",
        "幸福街12号楼3单元302室", '他说"不知道"', "a\\nb", "＂全角＂", "13800138000", "11010519491231002X", "张三",
        "91330000755918469E", "0.5", "x" * 33_000,
    ]),
    st.text(max_size=12),
)  # fmt: skip


@given(st.lists(CELL, min_size=1, max_size=12))
def test_the_short_way_through_a_row_gives_what_the_long_one_gives(cells: list[str]) -> None:
    reader = Reader(
        None, "2020", list(LABELS.values()), list(LABELS), {"fine_yuan": "wan"}, datetime.date(2026, 10, 12), b"k"
    )
    (quick,) = reader.prepare([(7, cells)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "all_clean", lambda joined: False)
        patch.setattr(values, "is_plain", lambda text: False)
        (slow,) = reader.prepare([(7, cells)])
    assert quick == slow
    raw = json.loads(quick[2][COLUMNS.index("raw")])
    assert raw.keys() <= set(LABELS) and all(isinstance(text, str) for text in raw.values())
    json.loads(quick[2][COLUMNS.index("defects")])
    json.loads(f"[{quick[3]}")
    assert marshal.loads(marshal.dumps(quick)) == quick
