"""A large workbook is read in a process beside: the same rows and receipt as read here, and a hostile one ends only that process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from benchmarks.fuzz_import import counts, rows, workspace
from db.session import session_of
from db.settings import Workspace
from intake import read_beside, submissions
from intake.read_archive import read_source
from intake.read_spreadsheet import MAX_ROWS, WorkBook
from intake.rows import CHUNK, Reader
from intake.submissions import import_submissions
from standard.errors import Refused
from tests.files.test_import_cores import DIRT, another_thread, stored, told
from tests.files.test_import_killed import killed_in_the_middle

ROWS = 3100


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    monkeypatch.setattr(submissions, "_LARGE", 0)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many chunks of rows with some dirt, a sheet of licences, a hidden one with few rows, one that is no table."""
    table = rows(ROWS)
    for row, cells in DIRT.items():
        for column, text in cells.items():
            table[row + 1][column] = text
    path = tmp_path_factory.mktemp("books") / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, lines in (("处罚", table), ("说明", [["请按填报说明填写"]]), ("处罚续", [table[0], *rows(5)[2:]])):
            sheet = workbook.add_worksheet(name)
            for at, row in enumerate(lines):
                for column, text in enumerate(row):
                    sheet.write_string(at, column, text)
            if name == "处罚续":
                sheet.hide()
    return path


def imported(root: Path, file: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setenv("MINGCHA_WORKERS", str(workers))
    opened = workspace(root)
    (receipt,) = import_submissions(opened, [file])
    assert not multiprocessing.active_children()
    assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows == ROWS + 4
    return [stored(opened), told(receipt), receipt.notes]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files a process beside was started for."""
    started: list[str] = []
    real = read_beside.Beside.__init__

    def init(self: read_beside.Beside, content: bytes, where: str) -> None:
        started.append(where)
        real(self, content, where)

    monkeypatch.setattr(read_beside.Beside, "__init__", init)
    return started


def test_beside_or_here_the_rows_the_receipt_and_the_notes_are_the_same(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = counted(monkeypatch)
    here = imported(tmp_path / "w1", book, 1, monkeypatch)
    assert not started and len(here[0]) >= 3090
    for workers in (2, 4):
        assert imported(tmp_path / f"w{workers}", book, workers, monkeypatch) == here
    assert len(started) == 2


def test_with_another_thread_running_a_fresh_process_reads_the_same(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = imported(tmp_path / "w1", book, 1, monkeypatch)
    with another_thread():
        assert imported(tmp_path / "w2", book, 2, monkeypatch) == here


def test_a_sheet_beside_gives_its_rows_as_often_as_they_are_asked_for(book: Path) -> None:
    source, plain = read_source(book, beside=True), read_source(book)
    try:
        assert [grid.name for grid in source.grids] == [grid.name for grid in plain.grids]
        first, whole = source.grids[0], plain.grids[0].rows
        assert first.head(5) == whole[:5] and first.head(2000) == whole[:2000]
        begun = first.stream()
        assert next(begun) == whole[0]
        begun.close()  # type: ignore[attr-defined]
        assert first.rows == whole
        assert source.grids[2].rows == plain.grids[2].rows
    finally:
        source.release()
    assert not multiprocessing.active_children()
    source.release()


def changed(book: Path, into: Path, member: str, old: bytes, new: bytes) -> Path:
    """A copy of a workbook with other bytes in one of its members."""
    with zipfile.ZipFile(book) as given, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            content = given.read(name)
            assert name != member or old in content
            made.writestr(name, content.replace(old, new, 1) if name == member else content)
    return into


def test_a_workbook_that_ends_its_reader_is_refused_and_nothing_is_written(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The native reader makes room for as many texts as are stated, and aborts: even if nobody had seen it coming."""
    monkeypatch.setenv("MINGCHA_WORKERS", "2")
    member, count = "xl/sharedStrings.xml", b'uniqueCount="'
    hostile = changed(book, tmp_path / "hostile.xlsx", member, count, b'uniqueCount="42949672950" x="')
    opened = workspace(tmp_path / "w")
    with pytest.raises(Refused, match="所称的条数远超实际内容"):
        import_submissions(opened, [hostile])
    monkeypatch.setattr(read_beside, "measure", lambda *_: None)
    with pytest.raises(Refused, match=r"hostile\.xlsx：无法打开，文件可能已损坏.*未写入任何数据.*另存为 xlsx"):
        import_submissions(opened, [hostile])
    assert counts(opened) == (0, 0, 0)
    assert not multiprocessing.active_children()
    assert not list(opened.var.glob("receipts/*"))


def test_a_broken_or_too_long_workbook_is_refused_by_name(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGCHA_WORKERS", "2")
    opened = workspace(tmp_path / "w")
    broken = changed(book, tmp_path / "broken.xlsx", "xl/worksheets/sheet1.xml", b"<v>0</v>", b"<v>99999999</v>")
    with pytest.raises(Refused, match=r"broken\.xlsx：工作表“处罚”无法读取，文件可能已损坏"):
        import_submissions(opened, [broken])
    monkeypatch.setattr(WorkBook, "measures", lambda self: iter([("处罚", True, MAX_ROWS + 1, 5)]))
    with pytest.raises(Refused, match=f"超过 {MAX_ROWS} 行"):
        import_submissions(opened, [book])
    assert counts(opened) == (0, 0, 0)
    assert not multiprocessing.active_children()


def elsewhere(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that happens beside when it comes to the second chunk, never here."""
    here, real = os.getpid(), Reader.prepare

    def prepare(self: Reader, chunk: Sequence[tuple[int, Sequence[str]]]) -> Any:
        if os.getpid() != here and chunk[0][0] > CHUNK:
            act()
        return real(self, chunk)

    monkeypatch.setattr(Reader, "prepare", prepare)
    monkeypatch.setenv("MINGCHA_WORKERS", "2")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failed() -> None:
    raise ZeroDivisionError("made up")


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (killed, Refused, r"子进程意外结束（信号 9）.*未写入任何数据.*MINGCHA_WORKERS=1"),
        (failed, RuntimeError, r"(?s)worker of the import failed.*ZeroDivisionError: made up"),
    ],
)
def test_a_process_beside_that_dies_or_fails_is_told_and_nothing_is_written(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any, error: type[Exception], words: str
) -> None:
    opened = workspace(tmp_path / "w")
    with monkeypatch.context() as patch:
        elsewhere(act, patch)
        with pytest.raises(error, match=words):
            import_submissions(opened, [book])
    assert counts(opened) == (0, 0, 0)
    assert not multiprocessing.active_children()
    assert not list(opened.var.glob("receipts/*")), "a receipt of an import that did not happen"
    (receipt,) = import_submissions(opened, [book])
    assert receipt.rows == ROWS + 4


def test_the_same_file_again_and_one_without_a_table_leave_no_process(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGCHA_WORKERS", "2")
    opened = workspace(tmp_path / "w")
    import_submissions(opened, [book])
    (again,) = import_submissions(opened, [book])
    assert again.duplicate == ROWS + 4
    path = tmp_path / "none.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet().write_string(0, 0, "没有表头")
    with pytest.raises(Refused, match="未找到双公示表头"):
        import_submissions(opened, [path])
    assert not multiprocessing.active_children()


CODE = """
import sys
from pathlib import Path
from db.settings import Workspace
from intake import submissions
submissions._LARGE = 0
submissions.import_submissions(Workspace.open(sys.argv[1]), [Path(sys.argv[2])], progress=lambda text: print(text, flush=True))
"""


def test_an_import_that_is_killed_leaves_nothing_and_nobody(book: Path, tmp_path: Path) -> None:
    opened = workspace(tmp_path / "w")
    killed_in_the_middle(CODE, opened, book, "2")


def test_stored_rows_are_texts_whatever_way_they_went(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row as it stood goes to the database as bytes; what it holds is text, for every reader."""
    monkeypatch.setenv("MINGCHA_WORKERS", "2")
    opened = Workspace.open(workspace(tmp_path / "w").root)
    import_submissions(opened, [book])
    with session_of(opened) as session:
        if session.get_bind().dialect.name == "sqlite":
            kinds = session.connection().exec_driver_sql("SELECT DISTINCT typeof(raw) FROM submission").scalars().all()
            assert kinds == ["text"]
