"""What the platform exported: four sheets of the 2018 template for one county, the merged 2020 template for the rest.

The 2020 rows carry the platform's columns 信息提供部门名称 and 提供日期; a 2018 file knows only when it was received.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from sample_city.city import City, Decision, Sending
from sample_city.dress import type_text
from sample_city.plan import AS_OF, FILE_DAYS, at

UNKNOWN_UNIT = "示例市综合执法联合办"  # a name that no unit bears: the platform refuses the row
EXPORTS = (
    at(datetime.date(2026, 8, 31), 18),
    at(datetime.date(2026, 9, 18), 18),
    at(datetime.date(2026, 9, 30), 18),
    at(AS_OF, 8, 30),
)
Rows = list[tuple[Decision, Sending]]


@dataclass(frozen=True)
class Export:
    """One file: when the platform's knowledge ends, and the moment at which it is imported."""

    path: Path
    received_at: datetime.datetime
    now: datetime.datetime


# fmt: off
_COLUMNS: dict[str, list[tuple[str, str]]] = {
    "penalty": [
        ("document_number", "行政处罚决定书文号"), ("violation_type", "违法行为类型"), ("facts", "违法事实"), ("basis", "处罚依据"),
        ("category", "处罚类别"), ("content", "处罚内容"), ("fine_yuan", "罚款金额（万元）"),
        ("confiscation_yuan", "没收违法所得、没收非法财物的金额（万元）"), ("revoked_licence", "暂扣或吊销证照名称及编号"),
        ("decision_date", "处罚决定日期"), ("penalty_valid_to", "处罚有效期"), ("publicity_until", "公示截止期"), ("authority", "处罚机关"),
        ("authority_code", "处罚机关统一社会信用代码"), ("source_unit", "数据来源单位"), ("source_unit_code", "数据来源单位统一社会信用代码"),
        ("remark", "备注"),
    ],
    "licence": [
        ("document_title", "行政许可决定文书名称"), ("document_number", "行政许可决定文书号"), ("category", "许可类别"),
        ("licence_name", "许可证书名称"), ("licence_number", "许可编号"), ("content", "许可内容"), ("decision_date", "许可决定日期"),
        ("valid_from", "有效期自"), ("valid_to", "有效期至"), ("authority", "许可机关"), ("authority_code", "许可机关统一社会信用代码"),
        ("status", "当前状态"), ("source_unit", "数据来源单位"), ("source_unit_code", "数据来源单位统一社会信用代码"), ("remark", "备注"),
    ],
}
_NAME = [("counterparty", "行政相对人名称")]
_CODES = [("counterparty_code", "行政相对人代码_1(统一社会信用代码)"), ("", "行政相对人代码_2(工商注册号)"), ("", "行政相对人代码_3(组织机构代码)"),
          ("", "行政相对人代码_4(税务登记号)"), ("", "行政相对人代码_5(事业单位证书号)"), ("", "行政相对人代码_6(社会组织登记证号)")]
_REPRESENTATIVE = [("legal_representative", "法定代表人")]
_PERSON = [("person_id_type", "证件类型"), ("person_id", "证件号码")]
# fmt: on


def columns(edition: str, kind: str, person: bool = False) -> list[tuple[str, str]]:
    """(field, header) of one sheet in template order; field "" is a column nobody fills."""
    rest = _COLUMNS[kind]
    if edition == "2020":
        return [
            *_NAME,
            ("counterparty_type", "行政相对人类别"),
            *_CODES,
            *_REPRESENTATIVE,
            ("", "法定代表人证件类型"),
            ("", "法定代表人证件号码"),
            *_PERSON,
            *rest,
            ("reporting_unit", "信息提供部门名称"),
            ("received_at", "提供日期"),
        ]
    if person:
        return [*_NAME, *_PERSON, *rest]
    return [*_NAME, *_CODES, *_REPRESENTATIVE, ("", "法定代表人身份证号"), *rest]


def row_values(city: City, decision: Decision, sending: Sending) -> dict[str, Any]:
    """Field -> value of a row, before it becomes text."""
    unit = decision.unit
    values = decision.values()
    values["counterparty_type"] = type_text(decision.party.type)
    code = city.unit_codes[unit.id]
    values |= {
        "authority_code": code,
        "source_unit": unit.name,
        "source_unit_code": code,
        "reporting_unit": unit.name,
        "received_at": f"{sending.at:%Y-%m-%d %H:%M:%S}",
        "status": "1" if decision.kind == "licence" else None,
        "person_id_type": "身份证" if values["person_id"] else None,
        "document_title": f"关于准予{decision.case_name}的决定",
        "penalty_valid_to": decision.date.replace(year=decision.date.year + 1),
    }
    if sending.unknown_unit:
        values |= dict.fromkeys(("authority", "source_unit", "reporting_unit"), UNKNOWN_UNIT)
        values |= dict.fromkeys(("authority_code", "source_unit_code"), None)
    return values | sending.overrides


def cell_text(field: str, value: Any) -> str:
    """Text as the template asks for it: dates YYYY/MM/DD, amounts in 万元."""
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return f"{value:%Y/%m/%d}"
    if isinstance(value, float):
        return f"{value / 10000:.6f}".rstrip("0").rstrip(".")
    return str(value)


def _sent(city: City, edition: str, after: datetime.datetime | None, until: datetime.datetime) -> Rows:
    rows = [
        (d, s)
        for d in city.decisions
        if d.unit.edition == edition
        for s in d.sendings
        if s.at <= until and (after is None or s.at > after)
    ]
    return sorted(rows, key=lambda r: (r[1].at, r[0].serial, str(sorted(r[1].overrides))))


def write_exports(city: City, folder: Path) -> list[Export]:
    """Write every file, in the order of their moments of receipt. The last bulk of penalties is a GBK csv."""
    folder.mkdir(parents=True, exist_ok=True)
    exports = []
    previous: datetime.datetime | None = None
    for day in FILE_DAYS:
        until = at(day, 17)
        rows = _sent(city, "2018", previous, until)
        previous = until
        if rows:
            path = folder / f"东湖区双公示报送_{day:%Y%m%d}.xlsx"
            _write_book(
                path,
                [
                    (
                        f"{'法人' if not person else '自然人'}{'行政许可' if kind == 'licence' else '行政处罚'}",
                        columns("2018", kind, person),
                        _texts(city, rows, columns("2018", kind, person), _wanted(kind, person)),
                    )
                    for kind in ("licence", "penalty")
                    for person in (False, True)
                ],
            )
            exports.append(Export(path, until, until + datetime.timedelta(minutes=30)))
    previous = None
    for number, until in enumerate(EXPORTS):
        rows = _sent(city, "2020", previous, until)
        previous = until
        sheets = [
            (name, columns("2020", kind), _texts(city, rows, columns("2020", kind), _wanted(kind)))
            for kind, name in (("licence", "行政许可"), ("penalty", "行政处罚"))
        ]
        if number == 2:
            _write_csv(folder / f"双公示平台导出_行政处罚_{until:%Y%m%d}.csv", sheets[1])
            exports.append(
                Export(
                    folder / f"双公示平台导出_行政处罚_{until:%Y%m%d}.csv",
                    until,
                    until + datetime.timedelta(minutes=10),
                )
            )
            sheets = sheets[:1]
        path = folder / f"双公示平台导出_{until:%Y%m%d}.xlsx"
        _write_book(path, sheets)
        exports.append(Export(path, until, until + datetime.timedelta(minutes=10)))
    return sorted(exports, key=lambda e: (e.received_at, e.path.name))


Sheet = tuple[str, list[tuple[str, str]], list[list[str]]]


def _wanted(kind: str, person: bool | None = None) -> Callable[[Decision], bool]:
    return lambda d: d.kind == kind and (person is None or (d.party.type == "natural_person") == person)


def _texts(
    city: City, rows: Rows, fields: list[tuple[str, str]], wanted: Callable[[Decision], bool]
) -> list[list[str]]:
    made = []
    for decision, sending in rows:
        if wanted(decision):
            values = row_values(city, decision, sending)
            made.append([cell_text(field, values.get(field)) for field, _ in fields])
    return made


def _write_book(path: Path, sheets: list[Sheet]) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2026, 7, 1)})  # noqa: DTZ001 - a file property; fixed bytes
        for name, fields, rows in sheets:
            sheet = book.add_worksheet(name)
            for i, (_, label) in enumerate(fields):
                sheet.write_string(0, i, label)
            for line, cells in enumerate(rows):
                for i, text in enumerate(cells):
                    if text:
                        sheet.write_string(line + 1, i, text)
    path.write_bytes(stream.getvalue())


def _write_csv(path: Path, sheet: Sheet) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([label for _, label in sheet[1]])
    writer.writerows(sheet[2])
    path.write_bytes(stream.getvalue().encode("gb18030"))
