"""Reports: every template builds, says what it must say, and says the same numbers in every format."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from db.clock import SHANGHAI
from db.models import Finding, PeriodRun, SpotCheck, SpotCheckItem, Unit
from db.session import session_of
from db.settings import Workspace
from reports.build import build
from reports.write_html import templates
from standard.errors import NotYetAvailable, Refused


def text_of(file: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", file.read_text(encoding="utf-8")))


def pages_of(file: Path) -> list[str]:
    document = pypdfium2.PdfDocument(str(file))
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


@pytest.mark.parametrize("report", sorted(templates()))
def test_every_template_builds_and_loads_nothing(report: str, assessed: Workspace, tmp_path: Path) -> None:
    files = build(assessed, report, "2026-09", formats=("html", "xlsx"), out=tmp_path)
    assert files
    for file in files:
        assert file.stat().st_size > 5_000
        if file.suffix == ".html":
            html = file.read_text(encoding="utf-8")
            assert not re.search(r'<(script|link|img|iframe)\b|src="|url\(|@import', html)
            assert "无法判定" in html and "不扣分" in html
            assert "None" not in text_of(file) and "nan" not in text_of(file)


def test_what_breaks_off_while_it_is_written_leaves_the_report_before(
    assessed: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = build(assessed, "ranking", "2026-09", formats=("html", "xlsx"), out=tmp_path)
    before = {file: file.read_bytes() for file in files}

    def torn(self: Path, text: str, **_: Any) -> None:
        self.write_bytes(text[:100].encode())
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", torn)
    with pytest.raises(KeyboardInterrupt):
        build(assessed, "ranking", "2026-09", formats=("html",), out=tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_unit_report_is_one_file_per_assessed_unit(assessed: Workspace, tmp_path: Path) -> None:
    files = build(assessed, "unit", "2026-09", formats=("html",), out=tmp_path)
    assert len(files) == 35 and len({file.name for file in files}) == 35
    (one,) = build(assessed, "unit", "2026-09", unit="示例市教育局", formats=("html",), out=tmp_path / "one")
    assert one.read_bytes() == (tmp_path / one.name).read_bytes()


def test_notice_prints_summary_numbers_and_n_beside_rates(assessed: Workspace, tmp_path: Path) -> None:
    html, sheet = build(assessed, "monthly", "2026-09", formats=("html", "xlsx"), out=tmp_path)
    with session_of(assessed) as session:
        total = session.get_one(PeriodRun, "2026-09").summary["totals"]["all"]
    text = text_of(html)
    assert f"涉及行政决定 {total['decisions']:,} 条" in text
    assert f"到期应报及时率 {total['report_on_time'] / total['report_due']:.1%}（n={total['report_due']:,}）" in text
    assert f"{total['unknown']:,} 条因监测条件所限无法判定" in text
    for rate in re.findall(r"(?:及时率|合规率|一致率|完整率|迟报率) \d+\.\d%(.{3})", text):
        assert rate.startswith("（n=")
    rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_name("附件1 统计表").to_python()
    units, (whole,) = [row for row in rows if isinstance(row[0], float)], [row for row in rows if row[1] == "合计"]
    assert len(units) == 35
    for column in (2, 3, 4, 5, 6, 7, 8, 9):
        assert sum(row[column] for row in units) == whole[column]


def test_equals_are_not_passed_over(month: Any, tmp_path: Path) -> None:
    """Five units share the highest score: three are named and the other two are told."""
    workspace = month.workspace(tmp_path / "ws")
    rows = month.rows()
    run = next(row for row in rows if isinstance(row, PeriodRun))
    order = sorted((part for part in run.summary["units"].values() if part["ranked"]), key=lambda part: part["rank"])
    for part in order[:5]:
        part |= {"rank": 1, "total": 100.0}
    month.store(workspace, rows)
    (html,) = build(workspace, "monthly", "2026-09", formats=("html",), out=tmp_path)
    assert "另有 2 个单位与第三名同分" in text_of(html)


def test_small_units_are_counted_but_not_ranked(assessed: Workspace, tmp_path: Path) -> None:
    html, sheet = build(assessed, "ranking", "2026-09", formats=("html", "xlsx"), out=tmp_path)
    assert "数据量<10，不参与排名" in text_of(html).replace("&lt;", "<")
    book = CalamineWorkbook.from_path(str(sheet))
    ranked = book.get_sheet_by_name("排名").to_python()[3:]
    unranked = book.get_sheet_by_name("不参与排名").to_python()[3:]
    assert [row[0] for row in ranked] == sorted(row[0] for row in ranked)
    assert all(row[6] >= 10 for row in ranked) and all(row[2] < 10 for row in unranked)
    assert len(ranked) + len(unranked) == 35


def test_problem_list_holds_every_finding_and_person_only_masked(assessed: Workspace, tmp_path: Path) -> None:
    (sheet,) = build(assessed, "problems", "2026-09", formats=("xlsx",), out=tmp_path)
    rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_name("问题清单").to_python()
    head, lines = rows[2], rows[3:]
    with session_of(assessed) as session:
        assert len(lines) == session.scalar(
            select(func.count()).select_from(Finding).where(Finding.period == "2026-09")
        )
    column = {name: number for number, name in enumerate(head)}
    assert len({line[column["编号"]] for line in lines}) == len(lines)
    assert all(isinstance(line[column["决定书文号"]], str) for line in lines)
    late = [line for line in lines if line[column["类型"]] == "迟公示"]
    assert late and all(" 至 " in line[column["实际日期（区间）"]] for line in late)


def test_longest_scorecard_is_one_page_with_repeatable_bytes(assessed: Workspace, tmp_path: Path) -> None:
    with session_of(assessed) as session:
        n = func.count()
        unit = session.scalars(select(Finding.unit_id).group_by(Finding.unit_id).order_by(n.desc())).first()
    first = build(assessed, "unit", "2026-09", unit=unit, out=tmp_path / "a")
    again = build(assessed, "unit", "2026-09", unit=unit, out=tmp_path / "b")
    assert [file.suffix for file in first] == [".html", ".xlsx", ".pdf"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    (page,) = pages_of(first[-1])
    assert "单位评分卡" in page and "第 1 页" in page and "共 1 页" in page and "无法判定" in page


def test_notice_pdf_has_running_head_page_numbers_and_three_pages_before_annexes(
    assessed: Workspace, tmp_path: Path
) -> None:
    (file,) = build(assessed, "monthly", "2026-09", formats=("pdf",), out=tmp_path)
    pages = pages_of(file)
    first_annex = next(number for number, page in enumerate(pages) if "附件 1" in page)
    assert first_annex <= 3
    for number, page in enumerate(pages, 1):
        assert f"第 {number} 页" in page and f"共 {len(pages)} 页" in page
    assert "2026年9月双公示监测评估通报" in pages[1]
    assert all("最近一次原因" in page for page in pages[-2:]), "the table's head stands on every page of it"


def test_unknown_text_from_portals_stays_text(month: Any, tmp_path: Path) -> None:
    workspace = month.workspace(tmp_path / "ws")
    rows = month.rows()
    evil = next(row for row in rows if isinstance(row, Finding))
    evil.message, evil.url, evil.document_number = (
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "=cmd|' /C calc'!A0",
    )
    month.store(workspace, rows)
    html, sheet = build(workspace, "problems", "2026-09", formats=("html", "xlsx"), out=tmp_path)
    page = html.read_text(encoding="utf-8")
    assert "<script>" not in page and 'href="javascript:' not in page and "&lt;script&gt;" in page
    cells = [cell for row in CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python() for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells


def test_wrong_calls_are_refused_before_anything_is_written(assessed: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "none"
    for call, said in [
        (lambda: build(assessed, "monthly", "2026-10", out=out), "尚未评估"),
        (lambda: build(assessed, "montly", "2026-09", out=out), "monthly"),
        (lambda: build(assessed, "monthly", "2026-09", unit="u01", out=out), "不分单位"),
        (lambda: build(assessed, "unit", "2026-09", unit="u99", out=out), "没有单位 u99"),
        (lambda: build(assessed, "unit", "2026-09", formats=("pfd",), out=out), "pdf"),
        (lambda: build(assessed, "unit", "2026-09", formats=(), out=out), "至少写一种"),
    ]:
        with pytest.raises(Refused, match=said):
            call()
    for report, formats in (("annual", ("html",)), ("monthly", ("docx",))):
        with pytest.raises(NotYetAvailable):
            build(assessed, report, "2026-09", formats=formats, out=out)
    assert not out.exists()


def test_problem_sheet_carries_the_proof_and_answer_columns(month: Any, tmp_path: Path) -> None:
    workspace = month.workspace(tmp_path / "ws")
    rows = month.rows()
    one = next(row for row in rows if isinstance(row, Finding) and row.code == "published_late")
    one.proof = {
        "check": "published_late", "version": 2, "rule_title": "文号与统一社会信用代码相同", "cure": "请补充说明",
    }  # fmt: skip
    run = next(row for row in rows if isinstance(row, PeriodRun))
    run.summary["checks"]["published_late"]["exemptions_tested"] = ["credit_repair", "vertical"]
    run.summary |= {"ground_titles": {"credit_repair": "已信用修复", "vertical": "垂直管理单位另行上报"}}
    number = one.finding_id
    month.store(workspace, rows)
    (sheet,) = build(workspace, "problems", "2026-09", formats=("xlsx",), out=tmp_path)
    head, *lines = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_name("问题清单").to_python()[2:]
    line = dict(zip(head, next(line for line in lines if number in line), strict=True))
    assert line["配对规则"] == "文号与统一社会信用代码相同" and line["检查项与版本"] == "published_late v2"
    assert line["已核对的豁免情形"] == "已信用修复、垂直管理单位另行上报" and line["整改办法"] == "请补充说明"
    assert " 至 " in line["公示时间区间"] and line["证据"] and line["网址"] and line["依据"]
    assert {"单位反馈", "复核意见"} <= set(head)


def test_hostile_and_endless_texts_are_harmless_everywhere(month: Any, tmp_path: Path) -> None:
    workspace = month.workspace(tmp_path / "ws")
    rows = month.rows()
    unit = next(row for row in rows if isinstance(row, Unit))
    evil = next(row for row in rows if isinstance(row, Finding) and row.unit_id == unit.id)
    long, name = "长" * 3000, evil.finding_id
    evil.counterparty, evil.document_number, evil.message = (
        long,
        "@SUM(1)\x01\x0b",
        "<img src=x onerror=alert(1)>\u202e",
    )
    month.store(workspace, rows)
    html, sheet, pdf = build(workspace, "unit", "2026-09", unit=unit.id, out=tmp_path)
    page = html.read_text(encoding="utf-8")
    assert "<img" not in page and len(pages_of(pdf)) == 1
    lines = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_name("问题清单").to_python()
    assert any(long in line for line in lines), "the sheet keeps the whole text"
    assert any(str(cell).startswith("'@SUM(1)") for line in lines for cell in line)
    (listed,) = build(workspace, "problems", "2026-09", formats=("html",), out=tmp_path)
    shown = re.sub(r'data-value="[^"]*"', "", listed.read_text(encoding="utf-8"))
    assert name in shown and "长" * 61 not in shown


def test_the_notice_tells_of_spot_checks_and_leads(month: Any, tmp_path: Path) -> None:
    """Without any it says so; with results it gives their numbers; leads are told as what they are."""
    workspace = month.workspace(tmp_path / "ws")
    rows = month.rows()
    run = next(row for row in rows if isinstance(row, PeriodRun))
    unit = next(row for row in rows if isinstance(row, Unit))
    lead = {"unit": unit.id, "kind": "penalty", "lead": "number_gap", "n": 2, "message": "文号缺 2 号：5、7"}
    run.summary["leads"] = [lead]
    month.store(workspace, rows)
    (html,) = build(workspace, "monthly", "2026-09", formats=("html",), out=tmp_path)
    assert "本期未登记人工抽查结果" in text_of(html) and "文号断号 1 处（涉及 1 个单位）" in text_of(html)
    made = {"id": "c", "period": "2026-09", "frame": "ledger", "frame_sha256": "0", "seed": "s", "share_again": 0.1}
    at = datetime.datetime(2026, 10, 12, 9, tzinfo=SHANGHAI)
    with session_of(workspace) as session:
        session.add(SpotCheck(**made, strata={}, actor="张三", at=at))
        session.flush()
        for place, outcome in enumerate(["right", "wrong", "not_produced", "outside", None]):
            session.add(SpotCheckItem(check_id="c", item=str(place), position=place, unit_id=unit.id, outcome=outcome))
    (html,) = build(workspace, "monthly", "2026-09", formats=("html",), out=tmp_path)
    assert "单位案件台账抽 5 条、核 3 条，有误（含未提供材料）2 条" in text_of(html)
    card, sheet = build(workspace, "unit", "2026-09", unit=unit.id, formats=("html", "xlsx"), out=tmp_path)
    assert "供核查的线索 1 处（不是问题，不扣分）" in text_of(card) and "文号缺 2 号：5、7" in text_of(card)
    lines = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_name("核查线索").to_python()
    assert any("文号缺 2 号：5、7" in line for line in lines)
    listed, _ = build(workspace, "problems", "2026-09", formats=("html", "xlsx"), out=tmp_path)
    assert "核查线索（不是问题，不扣分）" in text_of(listed)


def test_a_type_is_of_as_many_units_as_are_accused_of_it(assessed: Workspace, tmp_path: Path) -> None:
    (html,) = build(assessed, "monthly", "2026-09", formats=("html",), out=tmp_path)
    found = re.findall(r"([\u4e00-\u9fff]+) ([\d,]+) 条（涉及 (\d+) 个单位）", text_of(html))
    assert found and all(int(units) <= int(n.replace(",", "")) for _, n, units in found), found
