"""Registers: what the office itself knows, from exemptions to the catalogue. A wrong line refuses the whole file.

Every fault of a file is told at once, with row, column and cure; nothing is written until none is left. Importing again
updates what changed and doubles nothing; what a line said before is kept in its history, with who replaced it and when. A
line whose 状态 says 撤销 is taken back: it stays in the register, and nobody judges by it. The catalogue's editions follow
one another (intake/editions_of_items.py). `listed` gives a register out again, in a form that comes in unchanged.
"""

from __future__ import annotations

import datetime
import getpass
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.clock import now
from db.models import Batch, RegisterEntry
from db.register_lines import CANCELLED, EDITION, HISTORY, RECORDED, cancelled, place, said
from db.session import session_of, upsert
from db.settings import Workspace
from db.units import UnitIndex
from intake.editions_of_items import edition_named, follow
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
_YES = frozenset(["是", "公示", "公开", "主动公开", "Y", "y", "1"])
_NO = frozenset(["否", "不公示", "不予公示", "不公开", "不予公开", "依申请公开", "N", "n", "0"])
_STANDING = frozenset(["", "有效", "生效", "正常", "启用", "在用", "现行", "现行有效", "1"])
_TAKEN_BACK = frozenset(["撤销", "作废", "注销", "无效", "收回"])
_STOPPED = frozenset(["禁用", "停用", "取消", "废止", "失效", "暂停", "0"])  # catalogue: the item is no longer in force
# What `listed` adds to a line; a register that comes in again does not take them for notes.
_OWN = ("登记编号", "登记人", "登记时间", "登记来源", "改动次数")
_REFERENCE, _UNIT_ID = "登记编号", "划入单位编号"


@dataclass(frozen=True)
class Register:
    """One register: its title, its columns in order, those that must be filled, and an example line."""

    title: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    example: tuple[str, ...]
    identity: tuple[str, ...]  # columns that say which line it is
    optional: tuple[str, ...] = ("状态", "撤销原因")  # beyond the contract's columns

    @property
    def offered(self) -> tuple[str, ...]:
        """Every column of the template, in order."""
        return (*self.columns, *self.optional)


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
        ("年度", "状态", "撤销原因"),
    ),
    "outages": Register(
        "平台故障台账",
        ("系统", "开始时间", "结束时间", "说明", "依据"),
        ("系统", "开始时间", "结束时间"),
        ("市信用信息共享平台", "2026-09-10 08:00", "2026-09-11 18:00", "机房迁移，报送接口停用", "示信办函〔2026〕7号"),
        ("系统", "开始时间"),
        ("单位", "影响环节", "状态", "撤销原因"),
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
        ("单位", "信息类别", "职责事项", "划转日期"),
    ),
}  # fmt: skip
_OFFERED = {
    "信息类别": ("行政许可", "行政处罚"), "是否公示": ("是", "否"), "类别": ("行政许可", "行政处罚", "行政强制", "行政征收", "行政给付", "行政检查", "行政确认",
    "行政奖励", "行政裁决", "其他行政权力"), "行使层级": ("省级", "市级", "县级"), "声明类型": ("零申报", "无权力事项", "延期报送"),
    "影响环节": ("报送", "公示", "报送和公示"), "状态": ("有效", "撤销"),
    "豁免原因": ("涉及国家秘密", "涉及商业秘密", "涉及个人隐私", "危及国家安全和社会稳定", "依法不予公开的其他情形"),
}  # fmt: skip
_STRICT = frozenset(
    ["信息类别", "是否公示", "影响环节"]
)  # here another word is a fault; elsewhere the list only offers
_HINTS = {
    "单位": "units.yml 中的编号、名称或别名", "信息类别": "行政许可 或 行政处罚；留空表示两者", "决定书文号": "照决定书原文，如 示市监罚字〔2026〕12号",
    "统一社会信用代码": "18 位，单元格设为文本", "所属期": "2026-09、2026-Q3 或 2026", "开始时间": "2026-09-10 08:00", "结束时间": "2026-09-11 18:00",
    "豁免原因": "未填文号时，豁免覆盖该单位在生效、失效日期之间的全部信息，请谨慎", "是否公示": "是 或 否；填否须写不予公示依据",
    "有效期自": "该版目录的起始日期；不同年度的目录分别保留，新年度中没有的事项自动停用", "年度": "该版目录的年度，如 2027；留空按标题或有效期自判断",
    "影响环节": "停的是报送平台（报送）还是公示网站（公示）；留空按系统名称判断", "状态": "留空或“有效”；填“撤销”收回这一条（保留记录，不再据以评判）",
    "划入单位": "接手职责的单位", "约定补报期限": "在此日期前补报的不算迟报",
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
    "状态": ("事项状态", "权力状态", "职权状态"),
    "年度": ("版本", "目录年度", "事项版本年度"),
}  # fmt: skip
_CATALOGUE_KINDS = {
    "01": "licence", "1": "licence", "02": "penalty", "2": "penalty", "行政许可类": "licence", "行政处罚类": "penalty",
}  # fmt: skip
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
        reader = _Reader(name, register, UnitIndex.load(session), workspace.key, Path(file), unit)
        entries = reader.read(source.grids)
        receipt.notes += reader.notes
        moment, who = now(), by or account()
        _refer(session, name, entries)
        told, closed = _follow(session, name, [entry for entry in entries if not entry["_same"]], who, moment)
        rows = _count(session, entries, receipt, who, moment, again)
        receipt.rows += reader.repeated
        receipt.duplicate += reader.repeated
        if again is not None and receipt.duplicate == receipt.rows and not closed:
            receipt.notes.append(f"此文件已于 {again.imported_at:%Y-%m-%d %H:%M} 导入过，未作任何改动")
            receipt.path = Path(again.receipt) if again.receipt else None
            return receipt
        receipt.notes += told
        receipt.path = workspace.var / "receipts" / f"{receipt.batch}.xlsx"
        for start in range(0, len(rows), _CHUNK):
            upsert(session, RegisterEntry.__table__, rows[start : start + _CHUNK])  # type: ignore[arg-type]
        batch = {
            "id": receipt.batch, "register": name, "source": source.path, "sha256": source.sha256, "edition": None,
            "received_at": moment, "imported_at": moment, "rows": receipt.rows, "accepted": receipt.accepted,
            "updated": receipt.updated, "duplicate": receipt.duplicate, "refused": 0, "receipt": str(receipt.path),
        }  # fmt: skip
        upsert(session, Batch.__table__, [batch])  # type: ignore[arg-type]
        write_receipt(receipt, moment, title=f"{register.title}导入回执")
    return receipt


def _follow(
    session: Session, name: str, entries: list[dict[str, Any]], who: str, moment: datetime.datetime
) -> tuple[list[str], int]:
    """A catalogue's new edition ends the one before it: what is to be told, and how many stored lines were ended."""
    if name != "catalogue":
        return [], 0
    stored = [row for row in _stored(session, name) if not cancelled(row.data)]
    told, ends = follow(entries, stored)
    for row, last, why in ends:
        row.data = {
            **row.data,
            RECORDED: {"登记人": who, "登记时间": moment.isoformat(), "来源": why},
            HISTORY: [*row.data.get(HISTORY, []), _before(row, who, moment)],
        }
        row.effective_to = last
    session.flush()
    return told, len(ends)


def listed(
    workspace: Workspace, name: str, *, unit: str | None = None, everything: bool = False, history: bool = False
) -> tuple[list[str], list[dict[str, str | None]]]:
    """(columns, lines) of a register as they may come in again; `everything`: cancelled lines too; `history`: every version.

    An earlier version is told with 改动次数 and who replaced it, and without 登记编号: it is to be read, not imported.
    """
    register = _register(name)
    lines: list[dict[str, str]] = []
    with session_of(workspace) as session:
        for row in _stored(session, name):
            if (unit is not None and row.unit_id != unit) or (cancelled(row.data) and not everything):
                continue
            if history:
                lines += _versions(row)
            lines.append(_line(row))
    extra = dict.fromkeys(label for line in lines for label in line)
    first = [*register.columns, *(column for column in register.optional if column in extra)]
    own = [*_OWN, "停用日期"] if name == "catalogue" else list(_OWN)
    own += ["被谁改动", "改动时间"] if history else []
    rest = [label for label in extra if label not in first and label not in own and label != _UNIT_ID]
    columns = [*first, *rest, *own]
    return columns, [{label: line.get(label) or None for label in columns} for line in lines]


def _line(row: RegisterEntry) -> dict[str, str]:
    recorded, taken = row.data.get(RECORDED, {}), row.data.get(CANCELLED)
    line = {label: str(text) for label, text in said(row.data).items()}
    line |= {
        "登记编号": row.id, "登记人": str(recorded.get("登记人", "")), "登记来源": place(row.data),
        "登记时间": str(recorded.get("登记时间") or row.imported_at.isoformat()), "改动次数": str(len(row.data.get(HISTORY, []))),
    }  # fmt: skip
    if taken:
        line |= {"状态": "撤销", "撤销原因": str(taken.get("原因", ""))}
    if row.register == "catalogue" and row.effective_to is not None:
        line["停用日期"] = row.effective_to.isoformat()
    return line


def _versions(row: RegisterEntry) -> Iterator[dict[str, str]]:
    for number, before in enumerate(row.data.get(HISTORY, [])):
        yield {label: str(text) for label, text in before.get("内容", {}).items()} | {
            "登记人": str(before.get("登记人", "")), "登记时间": str(before.get("登记时间", "")),
            "登记来源": str(before.get("来源", "")), "改动次数": str(number),
            "被谁改动": str(before.get("改动人", "")), "改动时间": str(before.get("改动时间", "")),
        }  # fmt: skip


def _stored(session: Session, name: str) -> list[RegisterEntry]:
    """Every line of a register, in the order in which they came in."""
    statement = select(RegisterEntry).where(RegisterEntry.register == name)
    return list(session.scalars(statement.order_by(RegisterEntry.unit_id, RegisterEntry.imported_at, RegisterEntry.id)))


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
            for column, label in enumerate(register.offered):
                sheet.set_column(column, column, max(14, 2 * len(label) + 4), text)
                sheet.write_string(0, column, label, must if label in register.required else head)
                example = register.example[column] if column < len(register.example) else ""
                sheet.write_string(1, column, f"{EXAMPLE}{example}" if column == 0 else harmless(example), plain)
                offered = _OFFERED.get(label)
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
            for row, label in enumerate(register.offered, start=start + 1):
                offered = _OFFERED.get(label, ())
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
        "登记错了：“状态”列填 撤销 再导入这一条，即收回；记录与经手人都保留，不再据以评判。",
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
        self, name: str, register: Register, units: UnitIndex, key: bytes, file: Path, unit: str | None = None
    ) -> None:
        self.name, self.register, self.units, self.key, self.where = name, register, units, key, str(file)
        self.file, self.given_unit = file.name, unit
        self.faults: list[str] = []
        self.seen: dict[str, dict[str, Any]] = {}
        self.repeated = 0
        self.notes: list[str] = []

    def read(self, grids: Sequence[Grid]) -> list[dict[str, Any]]:
        found = False
        self.many = len(grids) > 1
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
        return list(self.seen.values())

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
        year = edition_named(" ".join(cell for row in rows[:at] for cell in row), grid.sheet, self.file)
        origin = f"{self.file}{f'/{grid.name}' if self.many and grid.name else ''}"
        chapter = _Chapter(titled)
        for below, row in enumerate(rows[at + 1 :], start=at + 1):
            filled = list(dict.fromkeys(cell.strip() for cell in row if cell.strip()))
            if row and row[0].strip().startswith(EXAMPLE):
                self.notes.append(f"第 {grid.first + below} 行是示例行，已跳过")
            elif _closing(filled) or (self.name == "catalogue" and self._chapter(row, filled, chapter)):
                continue
            elif self.name == "catalogue" and self._again(row, labels):
                continue  # the header printed again
            elif filled:
                self._row(_Line(where, origin, grid.first + below, year), labels, row, chapter)

    def _chapter(self, row: Sequence[str], filled: Sequence[str], chapter: _Chapter) -> bool:
        """A chapter's heading or a footer; a heading that names a unit or a kind says it for the rows below."""
        if len(filled) != 1:
            return False
        bare = _NUMBERING.sub("", filled[0])
        unit = self.units.find(bare)
        if unit is not None:
            chapter.unit = bare
            return True
        if not _heading(row, filled):
            return False
        licence, penalty = "许可" in bare, "处罚" in bare
        other = any(word in bare for word in _OFFERED["类别"][2:])
        if licence != penalty or other:
            chapter.kind = bare.rstrip("类") if other else "行政许可" if licence else "行政处罚"
        return True

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

    def _row(self, at: _Line, labels: list[str], row: Sequence[str], chapter: _Chapter) -> None:
        cells = {label: _bare(text) for label, text in zip(labels, row, strict=False) if label and text.strip()}
        reference = cells.get(_REFERENCE)
        for label in (*_OWN, "停用日期"):
            cells.pop(label, None)
        if self.name == "catalogue":
            self._inherit(cells, chapter, at)
        before = len(self.faults)

        def fault(column: str, what: str) -> None:
            self.faults.append(f"{at.where}：第 {at.number} 行“{column}”列：{what}")

        for column in self.register.required:
            if values.clean_text(cells.get(column)) is None:
                fault(column, "不能为空，请补填")
        units = self._units(cells, fault)
        kind = self._kind(cells, fault, at)
        first, last = self._term(cells, fault)
        period = self._period(cells, fault)
        state = self._state(cells, fault)
        self._checks(cells, fault)
        if len(self.faults) > before:
            return
        _, party, code = record.party(cells.get("行政相对人名称"), cells.get("统一社会信用代码"), self.key)
        year = _year(cells.get("年度")) or at.year
        for unit in units:
            identity = [
                self.name, *(_same(_alike(column, cells.get(column), kind, period)) for column in self.register.identity)
            ]  # fmt: skip
            if unit is not None:
                identity = [identity[0], unit, *identity[2:]] if self.name != "outages" else [*identity, unit]
            if self.name == "catalogue":
                # Each year's catalogue stays as it was.
                identity.append(str(year) if year else str(first.year) if first else "")
            begins = first or (datetime.date(year, 1, 1) if year and self.name == "catalogue" else None)
            entry = {
                "id": hashlib.sha256(json.dumps(identity, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[
                    :32
                ],
                "register": self.name,
                "unit_id": unit,
                "kind": kind,
                "document_number_key": values.document_number_key(cells.get("决定书文号")),
                "counterparty_key": party,
                "counterparty_code": code,
                "item_name": values.clean_text(cells.get("项目名称")),
                "effective_from": begins,
                "effective_to": last,
                "period": period,
                "ground": values.clean_text(cells.get(_GROUNDS[self.name])),
                "basis": values.clean_text(cells.get(_BASES.get(self.name, ""))),
                "data": _masked({label: text for label, text in cells.items() if label not in ("状态", "撤销原因")}),
                "_state": state,
                "_why": values.clean_text(cells.get("撤销原因")) or "",
                "_place": f"{at.origin} 第 {at.number} 行",
                "_where": f"{at.where}：第 {at.number} 行",
                "_reference": reference,
                "_year": year,
                "_edition": None,
            }
            self._keep(at, entry)

    def _inherit(self, cells: dict[str, str], chapter: _Chapter, at: _Line) -> None:
        """Unit and kind of a catalogue's row that leaves them blank: from the title, a heading, or the row above."""
        if "单位" in cells:
            chapter.above = cells["单位"]
        elif chapter.unit is not None:
            cells["单位"] = chapter.unit
        elif chapter.above is not None and values.clean_text(cells.get("项目名称")) is not None:
            cells["单位"] = chapter.above
            self.notes.append(f"第 {at.number} 行没有写单位，按上一行记为“{chapter.above}”")
        if "类别" not in cells and chapter.kind is not None:
            cells["类别"] = chapter.kind

    def _state(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> str:
        """standing | cancel | stop."""
        text = values.squeeze(cells.get("状态", ""))
        if text in _TAKEN_BACK:
            return "cancel"
        if self.name == "catalogue":
            return "stop" if text in _STOPPED else "standing"
        if text not in _STANDING:
            fault("状态", f"不能是“{text}”，请留空、填写 有效 或 撤销")
        return "standing"

    def _keep(self, at: _Line, entry: dict[str, Any]) -> None:
        key = entry["_reference"] or entry["id"]
        other = self.seen.get(key)
        if other is None:
            self.seen[key] = entry
        elif all(other[key] == entry[key] for key in entry if key not in ("_place", "_where")):
            self.repeated += 1
        else:
            differing = [
                label
                for label in dict.fromkeys([*other["data"], *entry["data"]])
                if other["data"].get(label) != entry["data"].get(label)
            ]
            what = f"（{'、'.join(differing)}不同）" if differing else ""
            self.faults.append(
                f"{at.where}：第 {at.number} 行与{other['_place'].removeprefix(at.origin).strip()}是同一条但内容不同{what}，请只保留一行"
            )

    def _units(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> list[str | None]:
        """The unit that the line names; a catalogue's item may name several."""
        name = cells.get("单位")
        if name is not None and self.name == "catalogue" and self.units.find(name) is None:
            bare = re.sub(r"[（(][^（）()]*[)）]$", "", name).strip()
            parts = [part.strip() for part in re.split(r"[、，,；;/\n]", name) if part.strip()]
            found = [self.units.find(part) for part in parts]
            if self.units.find(bare) is not None:
                return [self.units.find(bare)]
            if len(parts) > 1 and all(found):
                return list(dict.fromkeys(found))
        return [self._unit(cells, fault)]

    def _unit(self, cells: dict[str, str], fault: Callable[[str, str], None]) -> str | None:
        name = cells.get("单位")
        if name is None:
            return None
        unit = self.units.find(name)
        if unit is None:
            hint = nearest(name, [*self.units.names(), *self.units.units])
            fault("单位", f"单位名录中没有“{name}”{hint if '是否' in hint else ''}，请更正或在 units.yml 中登记别名")
        return unit

    def _kind(self, cells: dict[str, str], fault: Callable[[str, str], None], at: _Line) -> str | None:
        if self.name == "catalogue":
            text = re.sub(r"[\s（(].*$", "", values.squeeze(cells.get("类别", "")))
            kind = _KINDS.get(text) or _CATALOGUE_KINDS.get(text)
            if kind is None and text and text.removesuffix("类") not in _CATEGORIES:
                self.notes.append(f"第 {at.number} 行的类别“{text}”不是常见的类别，按其他类收入，请核对")
            return kind or ("other" if text else None)
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
        first, last = (values.date(cells.get(column)) for column in ("开始时间", "结束时间"))
        if self.name == "outages" and first is not None and last is not None and (last - first).days > 366:
            fault("结束时间", f"{first} 至 {last} 超过一年，请核对；确实如此的请分年填写")
        step = cells.get("影响环节")
        if self.name == "outages" and step is not None and step not in _OFFERED["影响环节"]:
            fault("影响环节", f"不能是“{step}”，请填写 报送、公示 或 报送和公示")
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
        year = cells.get("年度")
        if self.name == "catalogue" and year is not None and _year(year) is None and not year.isdigit():
            fault("年度", f"“{year}”看不出年度，请写成 2027")
        if self.name == "catalogue" and shown in _NO and values.clean_text(cells.get("不予公示依据")) is None:
            fault("不予公示依据", "是否公示为“否”时必须填写依据")


@dataclass(frozen=True)
class _Line:
    """Where a row stands: for messages, for the record, its number, and the year that its sheet names."""

    where: str
    origin: str
    number: int
    year: int | None


@dataclass
class _Chapter:
    """What a title or heading says for the rows below it."""

    unit: str | None
    kind: str | None = None
    above: str | None = None  # the unit of the row above


def _year(text: str | None) -> int | None:
    found = re.search(r"(?<!\d)(20\d\d)(?!\d)", text or "")
    return int(found[1]) if found else None


def _bare(cell: str) -> str:
    """A cell without the mark that makes formulas harmless in what we write."""
    text = cell.strip()
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@" else text


def _label(cell: str) -> str:
    return re.sub(r"[\s*＊:：]|（必填）|\(必填\)", "", values.clean_text(cell) or "")


_CLOCK = re.compile(r"([01]?\d|2[0-3])\s*[:：时点]\s*([0-5]?\d)?")


def _alike(column: str, text: str | None, kind: str | None, period: str | None) -> str | None:
    """A cell that tells lines apart, in one spelling: 2026/1/1 is 2026-01-01, 许可 is 行政许可, 2026年9月 is 2026-09."""
    if column in ("信息类别", "类别"):
        return {"licence": "行政许可", "penalty": "行政处罚"}.get(kind or "", text)
    if column == "所属期":
        return period or text
    if column not in ("生效日期", "决定日期起", "划转日期", "开始时间"):
        return text
    day = values.date(text)
    if day is None or text is None:
        return text
    clock = _CLOCK.search(text) if column == "开始时间" else None
    return f"{day}" + (f" {int(clock[1]):02d}:{int(clock[2] or 0):02d}" if clock else "")


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


_NUMBERING = re.compile(
    r"^(?:第?[一二三四五六七八九十百]+[、.．章节]|[（(][一二三四五六七八九十\d]+[)）]|\d+[、.．])\s*"
)
_CATEGORIES = frozenset(
    ["行政许可", "非行政许可", "非行政许可审批", "行政处罚", "行政确认", "行政征收", "行政强制", "行政裁决", "行政检查", "行政监督检查",
     "行政给付", "行政奖励", "行政征用", "行政备案", "其他行政行为", "其他行政权力", "其他权力", "其他", "公共服务",
     "03", "04", "05", "06", "07", "08", "09", "10", "20"]
)  # fmt: skip
_CHAPTER = re.compile(
    r"^(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[)）]|注[:：]|填表|合计|总计|共\s*\d+\s*项)"
)
_TOTAL = re.compile(r"^(?:合\s*计|总\s*计|小\s*计|共\s*\d+\s*[项条个])(?:[:：\s\d]|$)")
_SIGNED = re.compile(r"^(?:填[表报]人|制表人?|审核人|负责人|联系人|联系电话|填[表报]日期|单位（盖章）)\s*[:：]")


def _closing(filled: Sequence[str]) -> bool:
    """A line of totals or of signatures below the table: nothing to register."""
    if not filled:
        return False
    total = len(filled) <= 3 and _TOTAL.match(filled[0]) is not None
    return total or all(_SIGNED.match(cell) for cell in filled)


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
    ids = list(dict.fromkeys(key for entry in entries for key in (entry["id"], entry["_reference"]) if key))
    for start in range(0, len(ids), _CHUNK):
        yield from session.scalars(select(RegisterEntry).where(RegisterEntry.id.in_(ids[start : start + _CHUNK])))


def _count(
    session: Session, entries: list[dict[str, Any]], receipt: Receipt, by: str, moment: datetime.datetime, again: Batch | None
) -> list[dict[str, Any]]:  # fmt: skip
    """New, changed, cancelled and unchanged lines, and the rows to be written. Raises Refused when a line cannot be cancelled."""
    stored = {row.id: row for row in _stored_lines(session, entries)}
    receipt.rows = len(entries)
    rows: list[dict[str, Any]] = []
    faults: list[str] = []
    for entry in entries:
        inner = {key: entry.pop(key) for key in [key for key in entry if key.startswith("_")]}
        row = stored.get(entry["id"])
        recorded = {"登记人": by, "登记时间": moment.isoformat(), "来源": inner["_place"]}
        outcome, what = _outcome(entry, inner, row, again, receipt, faults)
        if outcome == "重复":
            receipt.duplicate += 1
        elif row is None:
            receipt.accepted += 1
            rows.append({**entry, "data": {**entry["data"], RECORDED: recorded, HISTORY: []}})
        else:
            receipt.updated += 1
            history = [*row.data.get(HISTORY, []), _before(row, by, moment)]
            if outcome == "撤销":
                taken = {"撤销人": by, "撤销时间": moment.isoformat(), "原因": inner["_why"], "来源": inner["_place"]}
                entry = {key: getattr(row, key) for key in entry}
                entry["data"] = {**row.data, CANCELLED: taken, HISTORY: history}
            else:
                entry["data"] = {**entry["data"], RECORDED: recorded, HISTORY: history}
            rows.append(entry)
        shown = entry["data"]
        number = str(shown.get("决定书文号") or shown.get("项目名称") or "")
        receipt.rows_detail.append(
            Line(inner["_place"], 0, outcome, number, str(shown.get("行政相对人名称", "")), message=what)
        )
    if faults:
        raise Refused(*faults)
    return [{**row, "batch": receipt.batch, "imported_at": moment} for row in rows]


def _outcome(
    entry: dict[str, Any], inner: dict[str, Any], row: RegisterEntry | None, again: Batch | None, receipt: Receipt,
    faults: list[str],
) -> tuple[str, str]:  # fmt: skip
    """(新增 | 更新 | 恢复 | 撤销 | 重复, what changed)."""
    if inner["_same"]:
        return "重复", ""
    if inner["_state"] == "cancel":
        if row is None:
            faults.append(f"{inner['_where']}“状态”列：台账中没有这一条，无从撤销，请核对各列是否与登记时相同")
            return "重复", ""
        return ("重复", "") if cancelled(row.data) else ("撤销", inner["_why"])
    if inner.get("_edition") is not None:
        entry["data"] = {**entry["data"], EDITION: inner["_edition"].isoformat()}
    if inner["_state"] == "stop" and entry["effective_to"] is None:
        # An item that the sheet marks as no longer used ended at the latest yesterday; when it was first told stays.
        yesterday = now().date() - datetime.timedelta(days=1)
        entry["effective_to"] = row.effective_to if row is not None and row.effective_to is not None else yesterday
    if row is None:
        return "新增", ""
    if cancelled(row.data):
        if again is not None:
            receipt.notes.append(f"{inner['_place']}：这一条已被撤销；此文件在此前导入过，没有据以恢复")
            return "重复", ""
        return "恢复", ""
    if all((_told(row.data) if key == "data" else getattr(row, key)) == (_told(value) if key == "data" else value)
           for key, value in entry.items()):  # fmt: skip
        return "重复", ""
    return "更新", _changes(said(row.data), said(entry["data"]))


def _refer(session: Session, name: str, entries: list[dict[str, Any]]) -> None:
    """Lines that were given out (`listed`) and come back are found again by 登记编号, whatever their codes hide.

    `_same`: such a line says what it said.
    """
    given = {row.id: row for row in _stored_lines(session, entries) if row.register == name}
    for entry in entries:
        row = given.get(entry["_reference"] or "")
        entry["_same"] = False
        if row is None:
            continue
        before, after = said(row.data), said(entry["data"])
        if entry["_state"] == "standing" and not cancelled(row.data) and before == after:
            entry["_same"], entry["id"] = True, row.id
        elif all(before.get(column) == after.get(column) for column in REGISTERS[name].identity):
            entry["id"] = row.id
            for column in ("document_number_key", "counterparty_key", "counterparty_code"):
                entry[column] = getattr(row, column)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What a line says differently, in words."""
    return "；".join(
        f"{label}：{before.get(label) or '空'} → {after.get(label) or '空'}"
        for label in dict.fromkeys([*before, *after])
        if before.get(label) != after.get(label) and label != _UNIT_ID
    )


def _before(row: RegisterEntry, by: str, moment: datetime.datetime) -> dict[str, Any]:
    """The version that is being replaced: what it said, who had recorded it, who replaces it and when."""
    recorded = row.data.get(RECORDED) or {"登记时间": row.imported_at.isoformat()}
    taken = {"撤销": row.data[CANCELLED]} if cancelled(row.data) else {}
    ended = {"有效期至": row.effective_to.isoformat()} if row.effective_to else {}
    return {
        **recorded,
        **taken,
        "批次": row.batch,
        "内容": said(row.data),
        **ended,
        "改动人": by,
        "改动时间": moment.isoformat(),
    }


def _told(data: dict[str, Any]) -> dict[str, Any]:
    """What decides whether a line says the same: its text and the edition it belongs to."""
    return {**said(data), EDITION: data.get(EDITION)}
