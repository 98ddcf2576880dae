"""The registry as a workbook: whole or not at all, every fault at once, there and back unchanged, at the size of a city."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from crawler.registry import Portal, Unit, load
from crawler.registry_workbook import (
    PORTAL_COLUMNS,
    PORTALS,
    UNIT_COLUMNS,
    UNITS,
    Column,
    export_workbook,
    import_workbook,
    write_template,
)
from db.settings import Workspace
from standard.errors import Refused

UNIT = {"编号": "fgw", "名称": "示例市发展和改革委员会", "别名": "示例市发改委；示例市计划委员会（至2019-01-01）", "层级": "市级部门",
        "统一社会信用代码": "001140600012345678", "分管领导姓名": "张主任", "分管领导邮箱": "a@example.org"}  # fmt: skip
PORTAL = {"编号": "fgw_penalties", "单位编号": "fgw", "信息类别": "行政处罚", "栏目名称": "行政处罚公示", "网址": "https://fgw.example.gov.cn/xzcf/",
          "站型": "json_grid", "站型参数": '{"api": "/api/list", "page": "pageNo"}', "列名对照": '{"案号": "document_number"}', "最少条数": "40",
          "备注": "2026-03: 换了系统\n第二条", "频率": "12 hours", "可达主机": "a.example.org；127.0.0.1",
          "连接例外": '{"legacy": true, "reason": "网站只支持旧协议"}'}  # fmt: skip


def workbook(file: Path, units: list[dict[str, Any]], portals: list[dict[str, Any]]) -> Path:
    with xlsxwriter.Workbook(str(file), {"strings_to_urls": False}) as book:
        for name, columns, rows in ((UNITS, UNIT_COLUMNS, units), (PORTALS, PORTAL_COLUMNS, portals)):
            sheet = book.add_worksheet(name)
            titles = list(dict.fromkeys([*(c.title for c in columns), *(key for row in rows for key in row)]))
            for at, title in enumerate(titles):
                sheet.write_string(0, at, title)
            for number, row in enumerate(rows, start=1):
                for title, text in row.items():
                    sheet.write(number, titles.index(title), text)
    return file


def test_there_and_back_is_the_same(workspace: Workspace, tmp_path: Path) -> None:
    county = {"编号": "donghu", "名称": "东湖区人民政府", "层级": "县区政府", "是否考核": "否"}
    import_workbook(
        workspace,
        workbook(
            tmp_path / "a.xlsx",
            [UNIT, county],
            [PORTAL, {**PORTAL, "编号": "p2", "网址": "https://fgw.example.gov.cn/2/", "最少条数": 7}],
        ),
    )
    first = load(workspace)
    assert (first.units[0].uscc, first.units[1].assessed, first.portals[1].expect.records.min) == (
        "001140600012345678",
        False,
        7,
    )
    assert first.portals[0].tls.legacy and first.portals[0].tls.reason == "网站只支持旧协议"
    assert first.portals[0].options == {"api": "/api/list", "page": "pageNo"} and first.portals[0].every_hours == 12
    text = {f.name: f.read_bytes() for f in workspace.registry.rglob("*.yml")}
    export_workbook(workspace, tmp_path / "b.xlsx")
    (workspace.registry / "notes.txt").write_text("keep me", encoding="utf-8")
    import_workbook(workspace, tmp_path / "b.xlsx")
    assert load(workspace) == first
    assert {f.name: f.read_bytes() for f in workspace.registry.rglob("*.yml")} == text
    assert (workspace.registry / "notes.txt").read_text(encoding="utf-8") == "keep me"
    assert not list(workspace.root.glob(".registry-*"))


@pytest.mark.parametrize(("entry", "columns"), [(Unit, UNIT_COLUMNS), (Portal, PORTAL_COLUMNS)])
def test_every_key_of_an_entry_has_its_column(entry: type, columns: tuple[Column, ...]) -> None:
    """What has no column would be lost on the way there and back."""
    assert {f.name for f in dataclasses.fields(entry)} == {column.key.partition(".")[0] for column in columns}


def test_every_fault_is_told_at_once_with_its_row_and_nothing_is_written(workspace: Workspace, tmp_path: Path) -> None:
    import_workbook(workspace, workbook(tmp_path / "a.xlsx", [UNIT], [PORTAL]))
    before = load(workspace)
    units = [
        UNIT,
        {**UNIT, "名称": "甲"},
        {"编号": "X y", "名称": "乙", "层级": "市级"},
        {"编号": "b", "名称": "丙", "层级": "县区部门", "上级编号": "nobody"},
    ]
    portals = [
        {**PORTAL, "单位编号": "fgv"}, {**PORTAL, "编号": "q", "网址": "ftp://x"}, {**PORTAL, "编号": "r", "站型": "json_gird"},
        {**PORTAL, "编号": "s", "站型参数": "{"}, {**PORTAL, "编号": "t", "最少条数": "很多"},
        {**PORTAL, "编号": "u", "列名对照": '{"案号": "document_numbr"}'},
        {**PORTAL, "编号": "v", "信息类别": "处罚"}, {**PORTAL, "编号": "w", "多余": "x"}, {"编号": "z"},
    ]  # fmt: skip
    with pytest.raises(Refused) as caught:
        import_workbook(workspace, workbook(tmp_path / "b.xlsx", units, portals))
    told = "\n".join(caught.value.faults)
    for says in (
        "单位：第 3 行（fgw）：id fgw 重复", "第 4 行“层级”列：不能是“市级”", "第 5 行（b）：parent：单位 nobody 不存在",
        "门户：第 2 行（fgw_penalties）：", "单位 fgv 不在", "是否想写 fgw",
        "门户：第 3 行（q）：", "是否想写 json_grid", "第 5 行“站型参数”列：不是合法的 JSON", "第 6 行“最少条数”列：应为整数", "document_number",
        "第 8 行“信息类别”列",
        "未知的列“多余”", "第 10 行“网址”列：不能为空",
    ):  # fmt: skip
        assert says in told, (says, told)
    assert ".registry-" not in told and load(workspace) == before


def test_the_template_says_how_and_leaves_its_example_out(workspace: Workspace, tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    summary = import_workbook(workspace, tmp_path / "t.xlsx")
    assert (summary.units, summary.portals) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"a,b", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_workbook_is_refused(workspace: Workspace, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.xlsx").write_bytes(content)
    with pytest.raises(Refused, match=r"x\.xlsx"):
        import_workbook(workspace, tmp_path / "x.xlsx")


def test_a_city_of_500_units_and_2000_portals(workspace: Workspace, tmp_path: Path) -> None:
    units = [
        {**UNIT, "编号": f"u{n}", "名称": f"示例市第{n}局", "别名": f"第{n}局", "统一社会信用代码": ""}
        for n in range(500)
    ]
    portals = [
        {**PORTAL, "编号": f"p{n}", "单位编号": f"u{n % 500}", "网址": f"https://example.gov.cn/{n}/"}
        for n in range(2000)
    ]
    workbook(tmp_path / "a.xlsx", units, portals)
    start = time.process_time()
    summary = import_workbook(workspace, tmp_path / "a.xlsx")
    assert (summary.units, summary.portals) == (500, 2000) and time.process_time() - start < 120
    assert len(load(workspace).portals) == 2000
