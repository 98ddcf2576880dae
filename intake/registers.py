"""Registers: what the office itself knows, from exemptions to the catalogue. A wrong line refuses the whole file.

Every fault of a file is told at once, with row, column and cure; nothing is written until none is left. Importing again
updates what changed and doubles nothing; what a line said before is kept in its history, with who recorded it and when.
"""

from __future__ import annotations

import datetime
import getpass
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

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
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)  # column -> what its list offers
    hints: dict[str, str] = field(default_factory=dict)  # column -> how it is to be filled


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
    "backfills": Register(
        "补报约定台账",
        ("单位", "信息类别", "决定日期起", "决定日期止", "约定补报期限", "原因", "依据", "审批文号"),
        ("单位", "决定日期起", "决定日期止", "约定补报期限", "依据"),
        ("示例市交通运输局", "行政处罚", "2026-01-01", "2026-03-31", "2026-10-31", "历史数据迁移", "市信用办会议纪要", "示信纪〔2026〕2号"),
        ("单位", "信息类别", "决定日期起"),
    ),
    "responsibilities": Register(
        "职责划转台账",
        ("单位", "划入单位", "信息类别", "职责事项", "划转日期", "依据"),
        ("单位", "划入单位", "划转日期", "依据"),
        ("示例市城市管理局", "示例市行政审批局", "行政许可", "占用城市道路许可", "2026-07-01", "示编发〔2026〕5号"),
        ("单位", "划入单位", "信息类别", "职责事项", "划转日期"),
    ),
}  # fmt: skip
_OFFERED = {
    "信息类别": ("行政许可", "行政处罚"), "是否公示": ("是", "否"), "类别": ("行政许可", "行政处罚", "行政强制", "行政征收", "行政给付", "行政检查", "行政确认",
    "行政奖励", "行政裁决", "其他行政权力"), "行使层级": ("省级", "市级", "县级"), "声明类型": ("零申报", "无权力事项", "延期报送"),
    "豁免原因": ("涉及国家秘密", "涉及商业秘密", "涉及个人隐私", "危及国家安全和社会稳定", "依法不予公开的其他情形"),
}  # fmt: skip
_STRICT = frozenset(["信息类别", "是否公示"])  # here another word is a fault; elsewhere the list only offers
_HINTS = {
    "单位": "units.yml 中的编号、名称或别名", "信息类别": "行政许可 或 行政处罚；留空表示两者", "决定书文号": "照决定书原文，如 示市监罚字〔2026〕12号",
    "统一社会信用代码": "18 位，单元格设为文本", "所属期": "2026-09、2026-Q3 或 2026", "开始时间": "2026-09-10 08:00", "结束时间": "2026-09-11 18:00",
    "豁免原因": "未填文号时，豁免覆盖该单位在生效、失效日期之间的全部信息，请谨慎", "是否公示": "是 或 否；填否须写不予公示依据",
    "有效期自": "该版目录的起始日期；不同年度的目录分别保留", "划入单位": "接手职责的单位", "约定补报期限": "在此日期前补报的不算迟报",
}  # fmt: skip
# Headers met on catalogues and 权责清单 -> ours.
_CATALOGUE_LABELS = {
    "单位": ("部门", "部门名称", "单位名称", "实施主体", "实施机关", "实施部门", "办理机关", "责任部门", "责任单位", "行使主体", "主管部门"),
    "项目名称": ("事项名称", "权力名称", "行政权力名称", "权力事项名称", "职权名称", "许可事项名称", "主项名称", "事项", "子项名称"),
    "类别": ("事项类别", "行政类别", "权力类别", "事项类型", "权力类型", "职权类别", "职权类型", "行政权力类别"),
    "设定依据": ("实施依据", "法定依据", "法律依据", "职权依据", "依据"),
    "行使层级": ("监管层级", "层级", "行使级别", "实施层级"),
    "编码": ("事项编码", "权力编码", "职权编码", "基本编码", "实施编码", "项目编码", "行政许可编码", "行政处罚编码", "目录编码"),
    "是否公示": ("是否公开", "公示与否", "是否纳入公示"),
    "不予公示依据": ("不公示依据", "不予公开依据", "不公示原因"),
    "公示网址": ("公示地址", "网址", "公开网址", "公示链接"),
    "有效期自": ("生效日期", "计划生效日期", "启用日期"),
    "有效期至": ("失效日期", "计划取消日期", "停用日期"),
}  # fmt: skip
_CATALOGUE_KINDS = {
    "01": "licence", "1": "licence", "02": "penalty", "2": "penalty", "行政许可类": "licence", "行政处罚类": "penalty",
}  # fmt: skip
_VERSION = ("年度", "版本", "目录年度")
# register -> (column of the first day, column of the last day)
_TERMS = {
    "exemptions": ("生效日期", "失效日期"), "repairs": ("修复决定日期", None), "withdrawals": ("撤下日期", None),
    "declarations": ("声明日期", None), "catalogue": ("有效期自", "有效期至"), "outages": ("开始时间", "结束时间"),
    "backfills": ("决定日期起", "决定日期止"), "responsibilities": ("划转日期", None),
}  # fmt: skip
_GROUNDS = {
    "exemptions": "豁免原因", "withdrawals": "撤下原因", "declarations": "声明类型", "repairs": "修复决定文号",
    "catalogue": "不予公示依据", "outages": "说明", "backfills": "原因", "responsibilities": "职责事项",
}  # fmt: skip
_BASES = {"exemptions": "依据", "withdrawals": "依据", "catalogue": "设定依据", "outages": "依据", "backfills": "依据",
          "responsibilities": "依据"}  # fmt: skip


def import_register(
    workspace: Workspace, name: str, file: Path, *, unit: str | None = None, by: str | None = None
) -> Receipt:
    """Imports one register file in one transaction. Raises Refused with every fault; then nothing is written.

    `unit` serves a catalogue that names no unit in its lines; `by` is who recorded it (else the account's name).
    """
    register = _register(name)
    source = read_source(Path(file), workspace.settings.crawl.max_unpacked_mb)
    with session_of(workspace) as session:
        again = session.scalar(select(Batch).where(Batch.sha256 == source.sha256, Batch.register == name))
        receipt = Receipt(f"{name}-{source.sha256[:20]}", source.path, name, notes=list(source.notes))
        reader = _Reader(name, register, UnitIndex.load(session), workspace.key, str(file), unit)
        entries = reader.read(source.grids)
        receipt.notes += reader.notes
        moment = now()
        for entry in entries:
            entry["batch"], entry["imported_at"] = receipt.batch, moment
        _count(session, entries, receipt, by or account())
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
            "received_at": moment, "imported_at": moment, "rows": receipt.rows, "accepted": receipt.accepted,
            "updated": receipt.updated, "duplicate": receipt.duplicate, "refused": 0, "receipt": str(receipt.path),
        }  # fmt: skip
        upsert(session, Batch.__table__, [batch])  # type: ignore[arg-type]
        write_receipt(receipt, moment, title=f"{register.title}导入回执")
    return receipt


def account() -> str:
    """The name of the account that runs this; "" when the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def write_template(name: str, path: Path) -> None:
    """Writes an empty register as xlsx: header with remarks, lists to choose from, one example line, and how to fill it.

    The example line is left out when the file is imported.
    """
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
                offered = register.choices.get(label) or _OFFERED.get(label)
                remark: dict[str, Any] = {"validate": "any"}
                if offered:
                    remark = {"validate": "list", "source": list(offered), "ignore_blank": True}
                    remark["error_type"] = "stop" if label in _STRICT else "information"
                    remark["error_message"] = "请从列表中选择" if label in _STRICT else "不在常用值中，请核对"
                if label in _HINTS:
                    remark |= {"input_title": label, "input_message": _HINTS[label][:250]}
                if len(remark) > 1:
                    sheet.data_validation(1, column, 5000, column, remark)
            notes = workbook.add_worksheet("填写说明")
            notes.set_column(0, 0, 22)
            notes.set_column(1, 1, 90)
            for row, line in enumerate(_instructions(register)):
                notes.write_string(row, 0, line)
            start = len(_instructions(register)) + 1
            for column, title in enumerate(("列", "怎样填写")):
                notes.write_string(start, column, title, head)
            for row, label in enumerate(register.columns, start=start + 1):
                offered = register.choices.get(label) or _OFFERED.get(label, ())
                told = [_HINTS.get(label, ""), f"可选：{'、'.join(offered)}" if offered else ""]
                told.insert(0, "必填" if label in register.required else "选填")
                notes.write_string(row, 0, label, must if label in register.required else head)
                notes.write_string(row, 1, "；".join(part for part in told if part))
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
        "可以多次导入：同一条再次导入时，有变化的会更新并保留历史，没有变化的不动。",
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

    def __init__(
        self, name: str, register: Register, units: UnitIndex, key: bytes, where: str, unit: str | None = None
    ) -> None:
        self.name, self.register, self.units, self.key, self.where = name, register, units, key, where
        self.given_unit = unit
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
        first = self.register.columns[0]
        for at, row in enumerate(grid.head(10)):
            labels = set(self._labels(row))
            named = len(labels & set(self.register.columns))
            if named * 2 > len(self.register.required) and first in labels:
                return at
            if self.name == "catalogue" and "项目名称" in labels and named >= 2:
                return at  # its unit stands in the title, or was given
        return None

    def _labels(self, row: Sequence[str]) -> list[str]:
        labels = [_label(cell) for cell in row]
        if self.name == "catalogue":
            for place, label in enumerate(labels):
                bare = re.sub(r"[（(].*?[)）]", "", label)
                for ours, theirs in _CATALOGUE_LABELS.items():
                    if (label in theirs or bare in theirs or bare == ours) and ours not in labels:
                        labels[place] = ours
        return labels

    def _grid(self, grid: Grid, at: int) -> None:
        rows = grid.rows
        labels = self._labels(rows[at])
        where = f"{self.where}" + (f"：{grid.name}" if grid.name else "")
        titled = None
        if self.name == "catalogue" and "单位" not in labels:
            titled = self._titled(grid, rows[:at])
            if titled is None:
                self.faults.append(
                    f"{where}：没有“单位”列，标题和工作表名中也看不出单位，请加一列“单位”，或用 --unit 指定"
                )
                return
        missing = [c for c in self.register.required if c not in labels and not (titled and c == "单位")]
        if self.name == "catalogue" and "类别" in missing and (kind := _named_kind(grid, rows[:at])):
            missing.remove("类别")
            labels = [*labels, "类别"]
            rows = [*rows[: at + 1], *([*row, *[""] * (len(labels) - 1 - len(row)), kind] for row in rows[at + 1 :])]
        for column in missing:
            self.faults.append(f"{where}：缺少必填的列 {column}{nearest(column, [label for label in labels if label])}")
        if missing:
            return
        for place, row in enumerate(rows[at + 1 :], start=at + 1):
            filled = list(dict.fromkeys(cell.strip() for cell in row if cell.strip()))
            if row and row[0].strip().startswith(EXAMPLE):
                self.notes.append(f"第 {grid.first + place} 行是示例行，已跳过")
            elif self.name == "catalogue" and (_heading(row, filled) or self._again(row, labels)):
                continue  # a chapter's heading, a footer, the header printed again
            elif filled:
                self._row(where, grid.first + place, labels, row, titled)

    def _again(self, row: Sequence[str], labels: Sequence[str]) -> bool:
        """The header printed again on a further page, perhaps with a merged cell across it."""
        same = sum(1 for cell, label in zip(self._labels(row), labels, strict=False) if label and cell == label)
        return same >= 2 and same * 2 >= sum(1 for label in labels if label)

    def _titled(self, grid: Grid, above: Sequence[Sequence[str]]) -> str | None:
        """The unit that a catalogue's title or sheet names."""
        if self.given_unit is not None:
            return self.given_unit
        words = [cell.strip() for row in above for cell in row if cell.strip()] + [grid.sheet]
        for word in words:
            if self.units.find(word) is not None:
                return word
            for unit in sorted(self.units.names(), key=len, reverse=True):
                if unit in word:
                    return unit
        return None

    def _row(self, where: str, number: int, labels: list[str], row: Sequence[str], titled: str | None = None) -> None:
        cells = {label: text.strip() for label, text in zip(labels, row, strict=False) if label and text.strip()}
        if titled is not None:
            cells.setdefault("单位", titled)
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
        if self.name == "catalogue":
            version = next((cells[c] for c in _VERSION if c in cells), "") or (str(first.year) if first else "")
            identity.append(version)  # each year's catalogue stays as it was
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
            return _KINDS.get(text) or _CATALOGUE_KINDS.get(text, "other" if text else None)
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
        other = cells.get("划入单位")
        if other is not None:
            found = self.units.find(other)
            if found is None:
                hint = nearest(other, [*self.units.names(), *self.units.units])
                fault(
                    "划入单位",
                    f"单位名录中没有“{other}”{hint if '是否' in hint else ''}，请更正或在 units.yml 中登记别名",
                )
            elif found == self.units.find(cells.get("单位")):
                fault("划入单位", "与原单位相同，请核对")
            else:
                cells["划入单位编号"] = found
        limit = cells.get("约定补报期限")
        if limit is not None:
            day = values.date(limit)
            if day is None:
                fault("约定补报期限", f"“{limit}”不是日期，请写成 2026-10-31")
            else:
                cells["约定补报期限"] = day.isoformat()
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


_CHAPTER = re.compile(
    r"^(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[)）]|注[:：]|填表|合计|总计|共\s*\d+\s*项)"
)


def _heading(row: Sequence[str], filled: Sequence[str]) -> bool:
    """A chapter's heading or a footer: one text over merged cells, or one that is numbered like a chapter."""
    wide = sum(1 for cell in row if cell.strip())
    return len(filled) == 1 and (wide > 2 or _CHAPTER.match(filled[0]) is not None)


def _named_kind(grid: Grid, above: Sequence[Sequence[str]]) -> str | None:
    """The kind that a catalogue's title or sheet names."""
    words = " ".join([grid.name, *(cell for row in above for cell in row)])
    licence, penalty = "许可" in words, "处罚" in words
    return None if licence == penalty else "行政许可" if licence else "行政处罚"


def _stored_lines(session: Session, entries: list[dict[str, Any]]) -> Iterator[RegisterEntry]:
    ids = [entry["id"] for entry in entries]
    for start in range(0, len(ids), _CHUNK):
        yield from session.scalars(select(RegisterEntry).where(RegisterEntry.id.in_(ids[start : start + _CHUNK])))


def _count(session: Session, entries: list[dict[str, Any]], receipt: Receipt, by: str) -> None:
    """New, changed, unchanged lines; an unchanged one keeps the batch that brought it, a changed one its history."""
    stored = {row.id: row for row in _stored_lines(session, entries)}
    receipt.rows = len(entries)
    for entry in entries:
        row = stored.get(entry["id"])
        same = row is not None and all(
            (_said(row.data) if key == "data" else getattr(row, key)) == value
            for key, value in entry.items()
            if key not in _LATER
        )
        recorded = {"登记人": by, "登记时间": entry["imported_at"].isoformat()}
        if row is None:
            receipt.accepted += 1
            entry["data"] = {**entry["data"], _RECORDED: recorded, _HISTORY: []}
        elif same:
            receipt.duplicate += 1
            entry["batch"], entry["imported_at"], entry["data"] = row.batch, row.imported_at, row.data
        else:
            receipt.updated += 1
            before = {
                **row.data.get(_RECORDED, {"登记时间": row.imported_at.isoformat()}), "批次": row.batch, "内容": _said(row.data)
            }  # fmt: skip
            history = [*row.data.get(_HISTORY, []), before]
            entry["data"] = {**entry["data"], _RECORDED: recorded, _HISTORY: history}
        outcome = "新增" if row is None else "重复" if same else "更新"
        shown = entry["data"]
        receipt.rows_detail.append(
            Line("", 0, outcome, str(shown.get("决定书文号", "")), str(shown.get("行政相对人名称", "")))
        )


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """What the line itself says, without who recorded it and what it said before."""
    return {key: value for key, value in data.items() if key not in (_RECORDED, _HISTORY)}


_RECORDED, _HISTORY = "_登记", "_历史"
_LATER = frozenset(["batch", "imported_at"])
