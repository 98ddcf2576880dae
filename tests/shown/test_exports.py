"""What the commands write: values exactly as the contract says on both databases, in bounded memory; tables in Chinese."""

from __future__ import annotations

import datetime
import io
import json
import os
import pty
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import cli
from db.clock import SHANGHAI
from db.models import (
    FINDING_FIELDS,
    PAIR_FIELDS,
    RECORD_FIELDS,
    Finding,
    OtherRecord,
    Pair,
    PeriodRun,
    Portal,
    Publication,
    Score,
    Submission,
    Unit,
)
from db.session import session_of
from db.settings import Workspace
from reports import export, other_records

ODD = '=1+1 "甲" \\ 一行\n二行\t𠮷 % %s \x01'
SEEN = datetime.datetime(2026, 9, 3, 8, 5, tzinfo=SHANGHAI)
LATER = datetime.datetime(2026, 9, 4, 8, 5, 1, 250000, tzinfo=SHANGHAI)
DAY = datetime.date(2026, 9, 1)
WARNINGS = ["日期“二〇二六” 存疑", 'a"b']


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, workspace: Workspace) -> Workspace:
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        if server is None:
            pytest.skip("no PostgreSQL here")
        (workspace.root / "mingcha.yml").write_text(f"database: {server.database()}\n", encoding="utf-8")
        workspace = Workspace.open(workspace.root)
    record = {"kind": "penalty", "unit_id": "fgw", "document_number": ODD, "counterparty": "甲公司", "fine_yuan": 0.1 + 0.2,
              "decision_date": DAY, "counterparty_type": "organisation"}  # fmt: skip
    finding = {"period": "2026-09", "unit_id": "fgw", "kind": "penalty", "dimension": "timeliness", "basis": "第一条",
               "message": ODD, "state": "suspected", "decision_date": DAY}  # fmt: skip
    moments = {"first_seen": SEEN, "last_seen": LATER}
    with session_of(workspace) as session:
        session.add(Unit(id="fgw", name="示例市发改委", aliases=[], level="municipal", contacts={}, position=1))
        session.add(Unit(id="zzz", name="示例市住建局", aliases=[], level="municipal", contacts={}, position=0))
        session.flush()
        session.add(
            Portal(id="p1", unit_id="fgw", kind="both", channel="department", title="专栏", url="https://a.example/",
                   family="wide_table", render="http", every_hours=24, entry={}, active=True)
        )  # fmt: skip
        session.flush()
        seen = {"portal_id": "p1", "first_crawl": "c", "last_crawl": "c", "form": "wide_table", **moments}
        session.add(Publication(record_id="b", **record, **seen, warnings=WARNINGS))
        session.add(Publication(record_id="a", **record | {"kind": "licence", "fine_yuan": None}, **seen, warnings=[]))
        session.add(Submission(record_id="s", **record, received_at=SEEN, last_received_at=SEEN, batch="b1"))
        session.add(
            OtherRecord(record_id="o", **record | {"kind": "red_list"}, source="published", portal_id="p1", own={"grade": "省级"})
        )  # fmt: skip
        session.add(
            PeriodRun(period="2026-09", as_of=DAY, scheme="s", scheme_version="1", inputs_sha256="i", results_sha256="r",
                      assessed_at=SEEN, summary={})
        )  # fmt: skip
        for id, unit, level, left in (
            ("f1", "fgw", "fail", None), ("f2", "fgw", "not_due", "12"), ("f3", "zzz", "not_due", "9"), ("f4", "fgw", "not_due", None)
        ):  # fmt: skip
            proof = {"facts": {} if left is None else {"days_left": left}}
            session.add(
                Finding(**finding | {"unit_id": unit}, finding_id=id, code="not_published", level=level, proof=proof)
            )
        session.add(
            Pair(period="2026-09", pair_id="x", unit_id="fgw", kind="penalty", published="b", submitted="s", rule="number",
                 score=1.0, verdict="differs", differing_fields=["fine_yuan", "content"])
        )  # fmt: skip
        session.add(
            Score(period="2026-09", unit_id="fgw", indicator="A1", position=0, title="报送完整", scheme="s", scheme_version="1",
                  total=91.25, grade="优秀", rank=1, ranked=True, points=12.5, max_points=20.0, formula="20")
        )  # fmt: skip
    return workspace


def lines(workspace: Workspace, *call: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli.mingcha, [call[0], "-w", str(workspace.root), *call[1:], "--format", "jsonl"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(workspace: Workspace, *call: str) -> list[list[str]]:
    """The cells of the table a command prints."""
    done = CliRunner().invoke(cli.mingcha, [call[0], "-w", str(workspace.root), *call[1:], "--format", "table"])
    assert done.exit_code == 0, done.output
    rows = [line.replace("┃", "│").split("│")[1:-1] for line in done.stdout.splitlines() if line[:1] in "│┃"]
    return [[cell.strip() for cell in row] for row in rows]


def test_records_as_the_contract_has_them(filled: Workspace) -> None:
    first, second = lines(filled, "records", "--source", "published")
    assert tuple(first) == RECORD_FIELDS
    assert (first["record_id"], second["record_id"]) == ("a", "b")
    told = {"source": "published", "unit": "fgw", "portal": "p1", "document_number": ODD, "fine_yuan": 0.1 + 0.2,
            "decision_date": "2026-09-01", "first_seen": "2026-09-03T08:05:00+08:00", "received_at": None,
            "last_seen": "2026-09-04T08:05:01.250000+08:00", "absent_before": None, "warnings": WARNINGS}  # fmt: skip
    assert {name: second[name] for name in told} == told
    (only,) = lines(filled, "records", "--source", "published", "--kind", "licence")
    assert (only["record_id"], only["fine_yuan"], only["warnings"]) == ("a", None, [])
    (given,) = lines(filled, "records", "--source", "submitted")
    assert (given["source"], given["portal"], given["url"], given["batch"]) == ("submitted", None, None, "b1")
    assert given["received_at"] == "2026-09-03T08:05:00+08:00"
    (other,) = lines(filled, "records", "--kind", "red_list")
    assert tuple(other) == other_records.fields("red_list")
    assert (other["grade"], other["portal"], other["unit"]) == ("省级", "p1", "fgw")


def test_findings_pairs_and_the_early_warning(filled: Workspace) -> None:
    found = lines(filled, "findings", "--period", "2026-09")
    assert [row["finding_id"] for row in found] == ["f3", "f1", "f2", "f4"]  # in the order of units.yml
    assert (
        tuple(found[0]) == FINDING_FIELDS and found[1]["message"] == ODD and found[1]["decision_date"] == "2026-09-01"
    )
    (pair,) = lines(filled, "pairs", "--period", "2026-09")
    assert tuple(pair) == PAIR_FIELDS and pair["differing_fields"] == ["fine_yuan", "content"]
    soon = lines(filled, "findings", "--period", "2026-09", "--code", "due_soon")
    assert [(row["finding_id"], row["days_left"], row["code"]) for row in soon] == [
        ("f3", 9, "due_soon"), ("f2", 12, "due_soon")
    ]  # fmt: skip


def test_csv_makes_formulas_harmless_and_unknown_empty(filled: Workspace) -> None:
    with session_of(filled) as session:
        file = filled.root / "x.csv"
        assert export.write(export.records(session, "published"), ("record_id", "document_number", "fine_yuan", "warnings"), "csv", file) == 2  # fmt: skip
    quoted = f"'{ODD}".replace('"', '""')
    joined = "；".join(WARNINGS).replace('"', '""')
    assert file.read_bytes().decode("utf-8-sig") == (
        "record_id,document_number,fine_yuan,warnings\r\n"
        f'a,"{quoted}",,\r\n'
        f'b,"{quoted}",0.30000000000000004,"{joined}"\r\n'
    )


def test_tables_speak_chinese(filled: Workspace) -> None:
    head, first, *_ = table(filled, "records", "--source", "published", "--kind", "licence")
    assert head == ["单位", "门户", "类别", "决定书文号", "行政相对人名称", "机关", "决定日期", "首次见到", "最近见到"]
    assert [first[place] for place in (0, 1, 2, 4, 6, 7)] == [
        "示例市发改委", "p1", "行政许可", "甲公司", "2026-09-01", "2026-09-03 08:05",
    ]  # fmt: skip
    head, first, *_ = table(filled, "findings", "--period", "2026-09", "--code", "due_soon")
    row = dict(zip(head, first, strict=True))
    assert {name: row[name] for name in ("单位", "类别", "问题", "结论", "状态", "剩余工作日")} == {
        "单位": "示例市住建局", "类别": "行政处罚", "问题": "临近期限", "结论": "未到期", "状态": "疑似", "剩余工作日": "9",
    }  # fmt: skip
    head, first = table(filled, "scores", "--period", "2026-09")
    row = dict(zip(head, first, strict=True))
    assert (row["总分"], row["名次"], row["名称"], row["得分"], row["满分"]) == ("91.25", "1", "报送完整", "12.5", "20")
    head, *rows = table(filled, "records", "--count")
    assert head[:4] == ["单位", "类别", "来源", "条数"] and ["示例市发改委", "表彰奖励与红榜", "公示", "1"] in [
        r[:4] for r in rows
    ]


@pytest.mark.parametrize(
    "fields",
    [*export.RECORD_COLUMNS.values(), export.FINDING_COLUMNS, export.SCORE_COLUMNS, export.EXTRACT_COLUMNS, other_records.COUNT_COLUMNS],
)  # fmt: skip
def test_no_heading_is_a_key(fields: tuple[str, ...]) -> None:
    from reports.words import heading

    assert [name for name in fields if heading(name).isascii()] == []
    assert len({heading(name) for name in fields}) == len(fields)


def many(count: int) -> Iterator[dict[str, Any]]:
    return ({"record_id": str(number % 100), "content": "内容" * 50} for number in range(count))


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
def test_long_exports_are_not_held_in_memory(form: str, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert export.write(many(count), ("record_id", "content"), form, tmp_path / "out") == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is loaded once
    assert peak(4_000) < 1.3 * peak(1_000)


def test_a_long_table_has_its_heading_again() -> None:
    file = io.StringIO()
    export._write_table(({"unit_name": str(n)} for n in range(501)), ("unit_name",), file)
    assert file.getvalue().count("单位") == 2
    assert export._write_table(iter(()), ("unit_name",), (empty := io.StringIO())) == 0
    assert empty.getvalue().count("单位") == 1


def test_progress_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rows go to a file, standard error is a terminal: progress, and the line is left clean. Piped: nothing."""
    rows = [{"record_id": str(number)} for number in range(20_500)]
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        cli._write_rows(rows, ("record_id",), "jsonl", tmp_path / "out.jsonl")
        terminal.flush()
        told = ""
        while "：20500 行" not in told:  # a terminal hands over what it has so far
            told += os.read(ours, 1_000).decode(errors="ignore")
    os.close(ours)
    assert "已写出 20000 行" in told and told.rstrip().endswith("20500 行")
    piped = io.StringIO()
    monkeypatch.setattr("sys.stderr", piped)
    cli._write_rows(rows, ("record_id",), "jsonl", tmp_path / "out.jsonl")
    assert piped.getvalue() == f"已写入 {tmp_path / 'out.jsonl'}：20500 行\n"
