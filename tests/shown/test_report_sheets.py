"""Tables to sheets: spans, types, harmless text."""

from __future__ import annotations

import datetime
import re
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from db.clock import SHANGHAI
from reports.write_xlsx import harmless, write_xlsx

PAGE = """<p>before</p><table><tr><td>not a sheet</td></tr></table>
<table data-sheet="表" data-note="说明">
<caption>标题</caption>
<thead><tr><th rowspan="2">单位</th><th colspan="2">数量</th><th rowspan="2" data-width="20">代码</th><th rowspan="2">日期</th></tr>
<tr><th>许可</th><th>比率</th></tr></thead>
<tbody><tr data-screen><td colspan="5">screen only</td></tr>
<tr><td>甲<br>局</td><td data-type="n" data-value="1234">1,234</td><td data-type="pct" data-value="0.982">98.2%</td>
<td data-type="code">001140600012345678</td><td data-type="date" data-value="2026-09-03">2026-09-03</td></tr>
<tr><td><a href="https://a.example/">乙局</a></td><td data-type="n" data-value="">—</td><td data-type="pct" data-value="">—</td>
<td data-type="code">+86</td><td data-type="date" data-value=""></td></tr></tbody></table>"""
MADE = datetime.datetime(2026, 10, 12, tzinfo=SHANGHAI)


def test_types_spans_and_blanks(tmp_path: Path) -> None:
    file = write_xlsx(PAGE, tmp_path / "a.xlsx", title="t", made=MADE)
    book = CalamineWorkbook.from_path(str(file))
    assert book.sheet_names == ["表"]
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0][0] == "标题" and rows[1][0] == "说明"
    assert rows[2] == ["单位", "数量", "", "代码", "日期"] and rows[3] == ["", "许可", "比率", "", ""]
    assert rows[4] == ["甲\n局", 1234.0, 0.982, "001140600012345678", datetime.date(2026, 9, 3)]
    assert rows[5] == ["乙局", "", "", "+86", ""]


def test_sheet_is_frozen_filtered_and_fit_to_print(tmp_path: Path) -> None:
    file = write_xlsx(PAGE, tmp_path / "a.xlsx", title="t", made=MADE)
    with zipfile.ZipFile(file) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        book = archive.read("xl/workbook.xml").decode()
    assert 'ySplit="4"' in sheet and '<autoFilter ref="A4:E6"/>' in sheet
    assert 'fitToHeight="0"' in sheet and 'orientation="landscape"' in sheet and 'paperSize="9"' in sheet
    assert "_xlnm.Print_Titles" in book
    assert "<f>" not in sheet


def test_same_page_same_bytes(tmp_path: Path) -> None:
    first = write_xlsx(PAGE, tmp_path / "a.xlsx", title="t", made=MADE)
    second = write_xlsx(PAGE, tmp_path / "b.xlsx", title="t", made=MADE)
    assert first.read_bytes() == second.read_bytes()


@given(st.text(max_size=80))
def test_no_text_can_become_a_formula(text: str) -> None:
    safe = harmless(text)
    assert not safe.startswith(("=", "@", "\t", "\r")) and not re.match(r"[+-].*[^-+\d .,]", safe, re.DOTALL)
    assert safe.removeprefix("'") == text.removeprefix("'")


def test_text_that_begins_like_a_formula_keeps_excels_text_mark(tmp_path: Path) -> None:
    page = '<table data-sheet="表"><tr><td>-</td><td>=1+1</td><td>-5.0</td><td>-1+1</td><td>甲</td></tr></table>'
    file = write_xlsx(page, tmp_path / "a.xlsx", title="t", made=MADE)
    assert CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()[1] == [
        "-",
        "'=1+1",
        "-5.0",
        "'-1+1",
        "甲",
    ]
    with zipfile.ZipFile(file) as archive:
        marks = archive.read("xl/styles.xml").decode().count('quotePrefix="1"')
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert marks == 1 and "<f>" not in sheet and sheet.count('t="s"') == 6
