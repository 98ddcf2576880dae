"""Registers: exemptions, repairs, withdrawals, declarations, catalogue, outages. A wrong line refuses the whole file.

Every fault of a file is told at once, with row, column and cure; nothing is written until none is left. Importing again
updates what changed and doubles nothing.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import select

from db.clock import now
from db.models import Batch, RegisterEntry
from db.session import session_of, upsert
from db.settings import Workspace
from db.units import UnitIndex
from intake.grids import Grid
from intake.read_archive import read_source
from intake.receipts import Line, Receipt, harmless, write_receipt
from standard import privacy, record, values
from standard.errors import Refused
from standard.strict_yaml import nearest

_CHUNK = 500
_KINDS = {"行政许可": "licence", "许可": "licence", "行政处罚": "penalty", "处罚": "penalty"}
_BOTH = frozenset(["", "全部", "行政许可和行政处罚", "行政许可、行政处罚", "双公示"])
_PERIOD = re.compile(r"^20\d\d(?:-(?:0[1-9]|1[0-2])|-Q[1-4])?$")
_LOOSE_MONTH = re.compile(r"^(20\d\d)[年./-]?(0?[1-9]|1[0-2])月?$")
_YES, _NO = frozenset(["是", "公示", "Y", "y", "1"]), frozenset(["否", "不公示", "不予公示", "N", "n", "0"])


@dataclass(frozen=True)
class Register:
    """One register: its title, its columns in order, those that must be filled, and an example line."""

    title: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    example: tuple[str, ...]
    identity: tuple[str, ...]  # columns that say which line it is


REGISTERS = {
    "exemptions": Register(
        "豁免台账",
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码", "豁免原因", "依据", "审批文号", "生效日期", "失效日期"),
        ("单位", "豁免原因", "依据"),
        ("示例市公安局", "行政处罚", "", "", "", "涉及国家秘密", "《政府信息公开条例》第十四条", "示保审〔2026〕1号", "2026-01-01", "2026-12-31"),
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码", "生效日期"),
    ),
    "repairs": Register(
        "信用修复台账",
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码", "修复决定日期", "修复决定文号"),
        ("单位", "决定书文号", "修复决定日期"),
        ("示例市市场监督管理局", "行政处罚", "示市监罚字〔2026〕12号", "示例市某某商贸有限公司", "", "2026-09-15", "示信修〔2026〕3号"),
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码"),
    ),
    "withdrawals": Register(
        "撤下台账",
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码", "撤下日期", "撤下原因", "依据"),
        ("单位", "撤下日期", "撤下原因"),
        ("示例市生态环境局", "行政处罚", "示环罚字〔2026〕5号", "", "", "2026-09-20", "行政复议撤销原处罚决定", "示政复决字〔2026〕8号"),
        ("单位", "信息类别", "决定书文号", "行政相对人名称", "统一社会信用代码"),
    ),
    "declarations": Register(
        "零申报等声明",
        ("单位", "信息类别", "所属期", "声明类型", "说明", "声明日期"),
        ("单位", "所属期", "声明类型"),
        ("示例市民族宗教事务局", "行政处罚", "2026-09", "零申报", "本月未作出行政处罚决定", "2026-10-08"),
        ("单位", "信息类别", "所属期", "声明类型"),
    ),
    "catalogue": Register(
        "事项目录",
        ("单位", "项目名称", "类别", "设定依据", "行使层级", "编码", "是否公示", "不予公示依据", "公示网址", "有效期自", "有效期至"),
        ("单位", "项目名称", "类别"),
        ("示例市卫生健康委员会", "公共场所卫生许可", "行政许可", "《公共场所卫生管理条例》第四条", "市级", "000123001000", "是", "", "", "2026-01-01", ""),
        ("单位", "项目名称", "类别", "编码"),
    ),
    "outages": Register(
        "平台故障台账",
        ("系统", "开始时间", "结束时间", "说明", "依据"),
        ("系统", "开始时间", "结束时间"),
        ("市信用信息共享平台", "2026-09-10 08:00", "2026-09-11 18:00", "机房迁移，报送接口停用", "示信办函〔2026〕7号"),
        ("系统", "开始时间"),
    ),
}  # fmt: skip
# register -> (column of the first day, column of the last day)
_TERMS = {
    "exemptions": ("生效日期", "失效日期"), "repairs": ("修复决定日期", None), "withdrawals": ("撤下日期", None),
    "declarations": ("声明日期", None), "catalogue": ("有效期自", "有效期至"), "outages": ("开始时间", "结束时间"),
}  # fmt: skip
_GROUNDS = {
    "exemptions": "豁免原因", "withdrawals": "撤下原因", "declarations": "声明类型", "repairs": "修复决定文号",
    "catalogue": "不予公示依据", "outages": "说明",
}  # fmt: skip
_BASES = {"exemptions": "依据", "withdrawals": "依据", "catalogue": "设定依据", "outages": "依据"}


def import_register(workspace: Workspace, name: str, file: Path) -> Receipt:
    """Imports one register file in one transaction. Raises Refused with every fault; then nothing is written."""
    register = _register(name)
    source = read_source(Path(file), workspace.settings.crawl.max_unpacked_mb)
    with session_of(workspace) as session:
        again = session.scalar(select(Batch).where(Batch.sha256 == source.sha256, Batch.register == name))
        receipt = Receipt(f"{name}-{source.sha256[:20]}", source.path, name)
        reader = _Reader(name, register, UnitIndex.load(session), workspace.key, str(file))
        entries = reader.read(source.grids)
        receipt.notes += reader.notes
        for entry in entries:
            entry["batch"], entry["imported_at"] = receipt.batch, now()
        _count(session, entries, receipt)
        receipt.rows += reader.repeated
        receipt.duplicate += reader.repeated
        if again is not None and receipt.duplicate == receipt.rows:
            receipt.notes.append(f"此文件已于 {again.imported_at:%Y-%m-%d %H:%M} 导入过，未作任何改动")
            receipt.path = Path(again.receipt) if again.receipt else None
            return receipt
        receipt.path = workspace.var / "receipts" / f"{receipt.batch}.xlsx"
        for start in range(0, len(entries), _CHUNK):
            upsert(session, RegisterEntry.__table__, entries[start : start + _CHUNK])  # type: ignore[arg-type]
        batch = {
            "id": receipt.batch, "register": name, "source": source.path, "sha256": source.sha256, "edition": None,
            "received_at": now(), "imported_at": now(), "rows": receipt.rows, "accepted": receipt.accepted,
            "updated": receipt.updated, "duplicate": receipt.duplicate, "refused": 0, "receipt": str(receipt.path),
        }  # fmt: skip
        upsert(session, Batch.__table__, [batch])  # type: ignore[arg-type]
        write_receipt(receipt, now())
    return receipt


def write_template(name: str, path: Path) -> None:
    """Writes an empty register as xlsx: the header and one example line, which importing leaves out."""
    register = _register(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
            head = workbook.add_format(
                {"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter"}
            )
            must = workbook.add_format(
                {"bold": True, "bg_color": "#F8CBAD", "border": 1, "text_wrap": True, "valign": "vcenter"}
            )
            plain = workbook.add_format({"num_format": "@", "font_color": "#7F7F7F", "text_wrap": True})
            text = workbook.add_format({"num_format": "@"})
            sheet = workbook.add_worksheet(register.title)
            sheet.freeze_panes(1, 0)
            for column, label in enumerate(register.columns):
                sheet.set_column(column, column, max(14, 2 * len(label) + 4), text)
                sheet.write_string(0, column, label, must if label in register.required else head)
                example = register.example[column]
                sheet.write_string(1, column, f"{EXAMPLE}{example}" if column == 0 else harmless(example), plain)
            notes = workbook.add_worksheet("填写说明")
            notes.set_column(0, 0, 90)
            for row, line in enumerate(_instructions(register)):
                notes.write_string(row, 0, line)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise Refused(f"{path}：无法写入（{error}），请检查目录与权限，或关闭已打开的同名文件") from None


EXAMPLE = "示例："
"""What an example line begins with; such lines are left out when a register is read."""


def _instructions(register: Register) -> list[str]:
    return [
        f"{register.title}填写说明",
        f"必填列（橙色）：{'、'.join(register.required)}",
        "单位填写 units.yml 中的编号、名称或别名；信息类别填写 行政许可 或 行政处罚，留空表示两者。",
        "日期写成 2026-09-30；所属期写成 2026-09、2026-Q3 或 2026。",
        f"第二行是示例（以“{EXAMPLE}”开头），导入时自动跳过，可保留或删除。",
        "多出的列会作为备注保存。有任何一行不合规，整个文件都不会导入，错误会一次全部列出。",
    ]


def _register(name: str) -> Register:
    register = REGISTERS.get(name)
    if register is None:
        raise Refused(f"没有名为 {name} 的台账{nearest(name, REGISTERS)}")
    return register


class _Reader:
    """Turns the grids of a register file into entries, collecting every fault."""

    def __init__(self, name: str, register: Register, units: UnitIndex, key: bytes, where: str) -> None:
        self.name, self.register, self.units, self.key, self.where = name, register, units, key, where
        self.faults: list[str] = []
        self.seen: dict[str, tuple[str, dict[str, Any]]] = {}
        self.repeated = 0
        self.notes: list[str] = []

    def read(self, grids: Sequence[Grid]) -> list[dict[str, Any]]:
        found = False
        for grid in grids:
            at = self._header(grid)
            if at is None:
                continue
            found = True
            self._grid(grid, at)
        if not found:
            expected = "、".join(self.register.columns)
            self.faults.append(
                f"{self.where}：没有找到表头，应有列：{expected}。可用 mingcha template {self.name} 生成模板"
            )
        if self.faults:
            raise Refused(*self.faults)
        return [entry for _, entry in self.seen.values()]

    def _header(self, grid: Grid) -> int | None:
        for at, row in enumerate(grid.rows[:10]):
            labels = {_label(cell) for cell in row}
            if (
                len(labels & set(self.register.columns)) * 2 > len(self.register.required)
                and self.register.columns[0] in labels
            ):
                return at
        return None

    def _grid(self, grid: Grid, at: int) -> None:
        labels = [_label(cell) for cell in grid.rows[at]]
        where = f"{self.where}" + (f"：{grid.name}" if grid.name else "")
        missing = [column for column in self.register.required if column not in labels]
        for column in missing:
            self.faults.append(f"{where}：缺少必填的列 {column}{nearest(column, [label for label in labels if label])}")
        if missing:
            return
        for place, row in enumerate(grid.rows[at + 1 :], start=at + 1):
            if row and row[0].strip().startswith(EXAMPLE):
                self.notes.append(f"第 {grid.first + place} 行是示例行，已跳过")
            elif any(cell.strip() for cell in row):
                self._row(where, grid.first + place, labels, row)

    def _row(self, where: str, number: int, labels: list[str], row: Sequence[str]) -> None:
        cells = {label: text.strip() for label, text in zip(labels, row, strict=False) if label and text.strip()}
        before = len(self.faults)

        def fault(column: str, what: str) -> None:
            self.faults.append(f"{where}：第 {number} 行“{column}”列：{what}")

        for column in self.register.required:
            if values.clean_text(cells.get(column)) is None:
                fault(column, "不能为空，请补填")
        unit = self._unit(cells, fault)
        kind = self._kind(cells, fault)
        first, last = self._term(cells, fault)
        period = self._period(cells, fault)
        self._checks(cells, fault)
        if len(self.faults) > before:
            return
        _, party, code = record.party(cells.get("行政相对人名称"), cells.get("统一社会信用代码"), self.key)
        identity = [self.name, *(_same(cells.get(column)) for column in self.register.identity)]
        if unit is not None:
            identity[1] = unit
        entry = {
            "id": hashlib.sha256(json.dumps(identity, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:32],
            "register": self.name,
            "unit_id": unit,
            "kind": kind,
            "document_number_key": values.document_number_key(cells.get("决定书文号")),
            "counterparty_key": party,
            "counterparty_code": code,
            "item_name": values.clean_text(cells.get("项目名称")),
            "effective_from": first,
            "effective_to": last,
            "period": period,
            "ground": values.clean_text(cells.get(_GROUNDS[self.name])),
            "basis": values.clean_text(cells.get(_BASES.get(self.name, ""))),
            "data": _masked(cells),
        }
        self._keep(where, number, entry)

    def _keep(self, where: str, number: int, entry: dict[str, Any]) -> None:
        other = self.seen.get(entry["id"])
        if other is None:
            self.seen[entry["id"]] = (f"第 {number} 行", entry)
        elif other[1] == entry:
            self.repeated += 1
        else:
            self.faults.append(f"{where}：第 {number} 行与{other[0]}是同一条但内容不同，请只保留一行")

    def _unit(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> str | None:
        name = cells.get("单位")
        if name is None:
            return None
        unit = self.units.find(name)
        if unit is None:
            hint = nearest(name, [*self.units.names(), *self.units.units])
            fault("单位", f"单位名录中没有“{name}”{hint if '是否' in hint else ''}，请更正或在 units.yml 中登记别名")
        return unit

    def _kind(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> str | None:
        if self.name == "catalogue":
            text = cells.get("类别", "").replace(" ", "")
            return _KINDS.get(text, "other" if text else None)
        text = cells.get("信息类别", "").replace(" ", "")
        if text in _BOTH or self.name == "outages":
            return None
        if text not in _KINDS:
            fault("信息类别", f"不能是“{text}”，请填写 行政许可 或 行政处罚")
        return _KINDS.get(text)

    def _term(
        self, cells: dict[str, str], fault: Callable[[str, str], None]
    ) -> tuple[datetime.date | None, datetime.date | None]:
        days: list[datetime.date | None] = []
        for column in _TERMS[self.name]:
            text = None if column is None else values.clean_text(cells.get(column))
            day = values.date(text)
            if column is not None and text is not None and day is None:
                fault(column, f"“{text}”不是日期，请写成 2026-09-30")
            days.append(day)
        first, last = days
        if first is not None and last is not None and last < first:
            fault(str(_TERMS[self.name][1]), f"{last} 早于 {_TERMS[self.name][0]} {first}，请核对")
        return first, last

    def _period(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> str | None:
        if self.name != "declarations":
            return None
        text = values.clean_text(cells.get("所属期"))
        if text is None:
            return None
        text = values.squeeze(text)
        loose = _LOOSE_MONTH.match(text)
        if _PERIOD.match(text):
            return text
        if loose:
            return f"{loose[1]}-{int(loose[2]):02d}"
        day = values.date(text)  # a spreadsheet turns 2026-09 into the first of the month
        if day is not None and day.day == 1 and day != values.LONG_TERM:
            return f"{day:%Y-%m}"
        fault("所属期", f"“{text}”不是所属期，请写成 2026-09、2026-Q3 或 2026")
        return None

    def _checks(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> None:
        named = [
            values.clean_text(cells.get(column)) for column in ("决定书文号", "行政相对人名称", "统一社会信用代码")
        ]
        if self.name == "withdrawals" and not any(named):
            fault("决定书文号", "文号、行政相对人名称、统一社会信用代码不能都为空，请至少填一项")
        if self.name == "exemptions" and not any(named) and values.date(cells.get("生效日期")) is None:
            fault("生效日期", "未填文号的豁免覆盖整个单位，必须填写生效日期")
        shown = cells.get("是否公示")
        if self.name == "catalogue" and shown is not None and shown not in _YES | _NO:
            fault("是否公示", f"不能是“{shown}”，请填写 是 或 否")
        if self.name == "catalogue" and shown in _NO and values.clean_text(cells.get("不予公示依据")) is None:
            fault("不予公示依据", "是否公示为“否”时必须填写依据")


def _label(cell: str) -> str:
    return re.sub(r"[\s*＊:：]|（必填）|\(必填\)", "", values.clean_text(cell) or "")


def _same(text: str | None) -> str:
    """A cell as it tells lines apart: blanks, width and brackets' shape do not matter."""
    return values.document_number_key(text) or ""


def _masked(cells: dict[str, str]) -> dict[str, str]:
    shown = {label: privacy.mask(values.scrub(text)) for label, text in cells.items()}
    name = cells.get("行政相对人名称")
    if name is not None:
        kind, _, _ = record.party(name, cells.get("统一社会信用代码"), b"")
        if kind == "natural_person":
            shown["行政相对人名称"] = privacy.mask_person(name)
    return shown


def _count(session: Any, entries: list[dict[str, Any]], receipt: Receipt) -> None:
    """New, changed, unchanged lines; an unchanged one keeps the batch that brought it."""
    stored: dict[str, RegisterEntry] = {}
    ids = [entry["id"] for entry in entries]
    for start in range(0, len(ids), _CHUNK):
        for row in session.scalars(select(RegisterEntry).where(RegisterEntry.id.in_(ids[start : start + _CHUNK]))):
            stored[row.id] = row
    receipt.rows = len(entries)
    for entry in entries:
        row = stored.get(entry["id"])
        same = row is not None and all(getattr(row, key) == value for key, value in entry.items() if key not in _LATER)
        if row is None:
            receipt.accepted += 1
        elif same:
            receipt.duplicate += 1
            entry["batch"], entry["imported_at"] = row.batch, row.imported_at
        else:
            receipt.updated += 1
        outcome = "新增" if row is None else "重复" if same else "更新"
        receipt.rows_detail.append(
            Line("", 0, outcome, str(entry["data"].get("决定书文号", "")), str(entry["data"].get("行政相对人名称", "")))
        )


_LATER = frozenset(["batch", "imported_at"])
