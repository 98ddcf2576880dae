"""The registers, as files an office would hand in: csv with or without BOM, GBK, xlsx."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import xlsxwriter

from sample_city.city import City

# fmt: off
_DECISION = ["单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码"]
HEADERS = {
    "catalogue": ["单位", "项目名称", "类别", "设定依据", "行使层级", "编码", "是否公示", "不予公示依据", "公示网址", "有效期自", "有效期至"],
    "exemptions": [*_DECISION, "豁免原因", "依据", "审批文号", "生效日期", "失效日期"],
    "repairs": [*_DECISION, "修复决定日期", "修复决定文号"],
    "withdrawals": [*_DECISION, "撤下日期", "撤下原因", "依据"],
    "declarations": ["单位", "信息类别", "所属期", "声明类型", "说明", "声明日期"],
    "outages": ["系统", "开始时间", "结束时间", "说明", "依据"],
    "backfills": ["单位", "信息类别", "决定日期起", "决定日期止", "约定补报期限", "原因", "依据", "审批文号"],
    "responsibilities": ["单位", "划入单位", "信息类别", "职责事项", "划转日期", "依据"],
}
# fmt: on
_FORM = {
    "catalogue": "xlsx",
    "exemptions": "utf-8-sig",
    "repairs": "gb18030",
    "withdrawals": "utf-8",
    "declarations": "xlsx",
    "outages": "utf-8-sig",
    "backfills": "xlsx",
    "responsibilities": "gb18030",
}


def lines(city: City, name: str) -> list[dict[str, str]]:
    """The lines of one register, label -> text."""
    if name != "catalogue":
        return city.register_lines.get(name, [])
    return [
        {
            "单位": line.unit.name,
            "项目名称": line.name,
            "类别": "行政许可",
            "设定依据": line.basis,
            "行使层级": "县级" if line.unit.level.startswith("county") else "市级",
            "编码": f"XK{i + 1:05d}",
            "是否公示": "是" if line.published else "否",
            "不予公示依据": line.ground,
            "公示网址": "",
            "有效期自": "2026-01-01",
            "有效期至": "",
        }
        for i, line in enumerate(city.catalogue)
    ]


def write_registers(city: City, folder: Path) -> dict[str, Path]:
    """Write every register; name -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, header in HEADERS.items():
        rows = [[line.get(label, "") for label in header] for line in lines(city, name)]
        form = _FORM[name]
        path = folder / f"{name}.{'xlsx' if form == 'xlsx' else 'csv'}"
        path.write_bytes(_book(header, rows) if form == "xlsx" else _csv(header, rows).encode(form))
        written[name] = path
    return written


def _csv(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows([header, *rows])
    return stream.getvalue()


def _book(header: list[str], rows: list[list[str]]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2026, 7, 1)})  # noqa: DTZ001 - a file property; fixed bytes
        sheet = book.add_worksheet("Sheet1")
        for line, cells in enumerate([header, *rows]):
            for i, text in enumerate(cells):
                if text:
                    sheet.write_string(line, i, text)
    return stream.getvalue()
