"""The registry as a workbook: 500 units and 2,000 portals come in, and go out, in two sheets (单位, 门户).

    import_workbook(workspace, file)     # Refused with every fault; then no file of the registry was touched
    export_workbook(workspace, file)     # what the YAML says, as a workbook that comes in again unchanged
    write_template(file)                 # empty sheets with lists to choose from, examples and remarks

The YAML files are written beside the registry, checked by `crawler.registry` itself, and only then put in its place.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import datetime
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from crawler.registry import Alias, Portal, Registry, Unit, check, load
from crawler.spiders import families
from db.settings import Workspace
from standard import kinds
from standard.errors import Refused

UNITS, PORTALS = "单位", "门户"
EXAMPLE = "示例："
_FAMILIES = "站型列表"
_LIMIT = 64 << 20
_MAX_ROWS = 50_000
_LEVELS = {
    "市级部门": "municipal",
    "县区政府": "county",
    "县区部门": "county_department",
    "事业单位": "institution",
    "垂直管理": "vertical",
}
_KINDS = {
    "行政许可": "licence",
    "行政处罚": "penalty",
    "许可和处罚": "both",
    "事项目录": "catalogue",
    "红榜": "red_list",
    "黑榜": "black_list",
} | {kinds.KINDS[kind].label: kind for kind in kinds.CHANNELS[6:]}  # the wider kinds
_CHANNELS = {"部门网站": "department", "政府网站": "government", "信用网站": "credit"}
_RENDERS = {"自动": "auto", "直接读取": "http", "浏览器": "browser"}
_YES_NO = {"是": True, "否": False}
_ROLES = (("分管领导", "leader"), ("联络员", "liaison"), ("信息报送责任人", "reporter"))
_MARKS = {"name": "姓名", "phone": "电话", "email": "邮箱"}


@dataclass(frozen=True)
class Column:
    """One column: its title, its key in the YAML, what it offers, whether it must be filled, and how."""

    title: str
    key: str
    choices: Mapping[str, Any] | None = None
    required: bool = False
    hint: str = ""
    example: str = ""


_CONTACTS = tuple(
    Column(f"{role}{mark}", f"contacts.{key}.{part}") for role, key in _ROLES for part, mark in _MARKS.items()
)
UNIT_COLUMNS = (
    Column("编号", "id", None, True, "小写字母、数字、下划线，以字母开头；一经使用不再改", "fgw"),
    Column("名称", "name", None, True, "单位全称", "示例市发展和改革委员会"),
    Column(
        "别名",
        "aliases",
        None,
        False,
        "多个用“；”隔开；停用的写成 旧名（至2019-01-01）",
        "示例市发改委；示例市计划委员会（至2019-01-01）",
    ),
    Column("统一社会信用代码", "uscc", None, False, "18 位，单元格设为文本"),
    Column("层级", "level", _LEVELS, True, "", "市级部门"),
    Column("上级编号", "parent", None, False, "县区部门填所属县区政府的编号"),
    Column("是否考核", "assessed", _YES_NO, False, "否：监测但不排名；留空为是", "是"),
    *_CONTACTS,
)
PORTAL_COLUMNS = (
    Column("编号", "id", None, True, "小写字母、数字、下划线，以字母开头，如 fgw_penalties", "fgw_penalties"),
    Column("单位编号", "unit", None, True, "“单位”表中的编号", "fgw"),
    Column("信息类别", "kind", _KINDS, True, "", "行政处罚"),
    Column("公示窗口", "channel", _CHANNELS, False, "留空为部门网站", "部门网站"),
    Column("栏目名称", "title", None, True, "", "行政处罚公示"),
    Column("网址", "url", None, True, "http:// 或 https:// 开头", "https://www.example.gov.cn/xzcf/"),
    Column("站型", "family", None, False, "留空为 auto（自动识别）", "auto"),
    Column("打开方式", "render", _RENDERS, False, "留空为自动", "自动"),
    Column("频率", "every", None, False, "1 day、12 hours、1 week；留空为 1 day", "1 day"),
    Column("时段", "hours", None, False, "如 22:00-06:00；留空不限"),
    Column("可达主机", "allow_hosts", None, False, "栏目会引向的其他主机，多个用“；”隔开"),
    Column("站型参数", "options", None, False, 'JSON，如 {"api": "/api/list"}'),
    Column("连接例外", "tls", None, False, 'JSON，须写理由，如 {"legacy": true, "reason": "网站只支持旧协议"}'),
    Column("列名对照", "lookups.columns", None, False, 'JSON，如 {"案号": "document_number"}'),
    Column("最少条数", "expect.records.min", None, False, "健康时至少应有的条数"),
    Column("最多条数", "expect.records.max", None, False, "健康时至多应有的条数"),
    Column("最新应在几天内", "expect.newest_within_days", None, False, "超过则提示栏目可能停更"),
    Column("备注", "notes", None, False, "多条换行"),
)
_DEFAULTS = {"assessed": True, "channel": "department", "family": "auto", "render": "auto", "every": "1 day"}
_NUMBERS = frozenset(["expect.records.min", "expect.records.max", "expect.newest_within_days"])
_JSON = frozenset(["options", "lookups.columns", "tls"])
_ALIAS = re.compile(r"^(.*?)\s*[（(]\s*至\s*(\d{4}-\d{2}-\d{2})\s*[)）]$")
_SPLIT = re.compile(r"[；;\n]+")
Fault = Callable[[str, str], None]


@dataclass(frozen=True)
class WorkbookSummary:
    """What came in, and which files were written."""

    units: int
    portals: int
    files: list[Path]


# ---------------------------------------------------------------- in


def import_workbook(workspace: Workspace, file: Path) -> WorkbookSummary:
    """Replaces the registry by what the workbook says. Raises Refused with every fault; then nothing was written."""
    sheets = _sheets(file)
    faults: list[str] = []
    places: dict[tuple[str, int], str] = {}
    entries: dict[str, list[dict[str, Any]]] = {}
    for name, columns in ((UNITS, UNIT_COLUMNS), (PORTALS, PORTAL_COLUMNS)):
        entries[name] = _entries(file, name, sheets.get(name), columns, places, faults)
    region = _region(workspace)
    units_text = _yaml({**({"region": region} if region else {}), "units": entries[UNITS]})
    portals_text = _yaml(entries[PORTALS])
    with tempfile.TemporaryDirectory(dir=workspace.root, prefix=".registry-") as folder:
        trial = dataclasses.replace(workspace, root=Path(folder))
        (trial.registry / "portals").mkdir(parents=True)
        units, portals = trial.registry / "units.yml", trial.registry / "portals" / "portals.yml"
        units.write_text(units_text, encoding="utf-8")
        portals.write_text(portals_text, encoding="utf-8")
        told = [_placed(fault, units, portals, file, places) for fault in check(trial)]
        faults += [fault for fault in told if not faults or "缺少必填的键" not in fault]  # told by its column already
        if faults:
            raise Refused(*dict.fromkeys(faults))
        _swap(workspace.registry, trial.registry)
    written = [workspace.registry / "units.yml", workspace.registry / "portals" / "portals.yml"]
    return WorkbookSummary(len(entries[UNITS]), len(entries[PORTALS]), written)


def _sheets(file: Path) -> dict[str, list[list[str]]]:
    """The two sheets as text."""
    if not file.is_file():
        raise Refused(f"{file}：文件不存在，请检查路径")
    if file.stat().st_size > _LIMIT:
        raise Refused(f"{file}：超过 64 MB，不像单位与门户名册，请检查")
    content = file.read_bytes()
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(member.file_size for member in archive.infolist()) > 16 * _LIMIT:
                    raise Refused(f"{file}：解压后过大，不像单位与门户名册，请检查")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found = {}
        for name in book.sheet_names:
            if name.strip() in (UNITS, PORTALS):
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_MAX_ROWS)
                found[name.strip()] = [[_text(cell) for cell in row] for row in rows]
        return found
    except PasswordError:
        raise Refused(f"{file}：文件设有密码，请去掉密码后再导入") from None
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused(f"{file}：无法打开（{error}），请用 Excel 或 WPS 另存为 xlsx 后再导入") from None


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    return str(cell).strip()


def _entries(
    file: Path, name: str, rows: list[list[str]] | None, columns: Sequence[Column], places: dict[tuple[str, int], str],
    faults: list[str],
) -> list[dict[str, Any]]:  # fmt: skip
    where = f"{file}：{name}"
    if rows is None:
        faults.append(f"{where}：没有名为“{name}”的工作表，可用 mingcha template registry 生成模板")
        return []
    titles = {column.title: column for column in columns}
    at = next((n for n, row in enumerate(rows[:10]) if {"编号"} <= {cell.rstrip("*＊") for cell in row}), None)
    if at is None:
        faults.append(f"{where}：前十行内没有表头，应有列：{'、'.join(titles)}")
        return []
    labels = [cell.rstrip("*＊") for cell in rows[at]]
    for label in labels:
        if label and label not in titles:
            faults.append(f"{where}：未知的列“{label}”，请改为：{'、'.join(titles)}")
    faults += [f"{where}：缺少列“{c.title}”，请补上" for c in columns if c.required and c.title not in labels]
    entries: list[dict[str, Any]] = []
    for number, row in enumerate(rows[at + 1 :], start=at + 2):
        cells = {label: text for label, text in zip(labels, row, strict=False) if label in titles and text}
        if not cells or next(iter(cells.values())).startswith(EXAMPLE):
            continue

        def fault(title: str, what: str, number: int = number) -> None:
            faults.append(f"{where}：第 {number} 行“{title}”列：{what}")

        entry: dict[str, Any] = {}
        for column in columns:
            if column.title in cells:
                _put(entry, column, cells[column.title], fault)
            elif column.required:
                fault(column.title, "不能为空，请补填")
        places[(name, len(entries) + 1)] = f"第 {number} 行"
        entries.append(entry)
    return entries


def _put(entry: dict[str, Any], column: Column, text: str, fault: Fault) -> None:
    """One cell into the entry."""
    value: Any = text
    if column.choices is not None:
        value = column.choices.get(text, text if text in column.choices.values() else None)
        if value is None:
            fault(column.title, f"不能是“{text[:50]}”，可选：{'、'.join(column.choices)}")
            return
    elif column.key in _NUMBERS:
        if not text.isdigit() or len(text) > 9:
            fault(column.title, f"应为整数，现为“{text[:50]}”")
            return
        value = int(text)
    elif column.key in _JSON:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            fault(column.title, f'不是合法的 JSON：{text[:80]}，如 {{"键": "值"}}')
            return
    elif column.key == "aliases":
        value = [_alias(part.strip()) for part in _SPLIT.split(text) if part.strip()]
    elif column.key == "allow_hosts":
        value = [part.strip() for part in _SPLIT.split(text) if part.strip()]
    elif column.key == "notes":
        value = [line for line in text.splitlines() if line.strip()]
    *path, last = column.key.split(".")
    for key in path:
        entry = entry.setdefault(key, {})
    entry[last] = value


def _alias(text: str) -> str | dict[str, str]:
    dated = _ALIAS.match(text)
    return {"name": dated[1], "until": dated[2]} if dated else text


def _placed(fault: str, units: Path, portals: Path, file: Path, places: Mapping[tuple[str, int], str]) -> str:
    """A fault of the YAML, told where it stands in the workbook."""
    for path, name in ((units, UNITS), (portals, PORTALS)):
        if not fault.startswith(str(path)):
            continue
        rest = fault.removeprefix(str(path)).replace("：units第", "：第", 1)
        numbered = re.match(r"：第 (\d+) 项", rest)
        if numbered:
            rest = f"：{places.get((name, int(numbered[1])), numbered[0][1:])}{rest[numbered.end() :]}"
        return f"{file}：{name}{rest}"
    return fault


def _yaml(data: Any) -> str:
    text: str = yaml.dump(data, allow_unicode=True, sort_keys=False, width=160, Dumper=_Dumper)
    return text


class _Dumper(yaml.SafeDumper):
    """Every text that YAML could take for a number, date or truth is quoted; nothing is an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _region(workspace: Workspace) -> dict[str, str]:
    """The region that units.yml names, else the settings'."""
    named: dict[str, str] = dataclasses.asdict(workspace.settings.region)
    with contextlib.suppress(OSError, yaml.YAMLError):
        text = (workspace.registry / "units.yml").read_text(encoding="utf-8-sig")
        found = yaml.load(text, Loader=yaml.SafeLoader)
        if isinstance(found, dict) and isinstance(found.get("region"), dict):
            named = {str(key): str(value) for key, value in found["region"].items()}
    return named


def _swap(registry: Path, fresh: Path) -> None:
    """Puts the new registry in the old one's place, whole; the old one is kept beside it as registry.bak."""
    if not registry.exists():
        os.replace(fresh, registry)
        return
    for item in sorted(registry.rglob("*")):  # what is neither units nor portals is the office's own: keep it
        name = item.relative_to(registry)
        ours = name == Path("units.yml") or (name.parts[0] == "portals" and item.suffix in (".yml", ".yaml"))
        if item.is_file() and not ours:
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(item, fresh / name)
    backup = registry.with_name("registry.bak")
    shutil.rmtree(backup, ignore_errors=True)
    if _exchange(fresh, registry):
        os.replace(fresh, backup)
        return
    os.replace(registry, backup)
    try:
        os.replace(fresh, registry)
    except OSError:
        os.replace(backup, registry)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Two folders change places in one instant (Linux); False where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_cwd, exchange = -100, 2
    return bool(call(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0)


# ---------------------------------------------------------------- out


def export_workbook(workspace: Workspace, file: Path) -> WorkbookSummary:
    """Writes what the YAML says as a workbook."""
    registry = load(workspace)
    _write(file, registry)
    return WorkbookSummary(len(registry.units), len(registry.portals), [file])


def write_template(file: Path) -> None:
    """Writes an empty workbook: lists to choose from, one example line each, remarks."""
    _write(file, None)


def _write(file: Path, registry: Registry | None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}-{os.getpid()}")
    tables: tuple[tuple[str, Sequence[Column], Sequence[Unit | Portal]], ...] = (
        (UNITS, UNIT_COLUMNS, registry.units if registry else ()),
        (PORTALS, PORTAL_COLUMNS, registry.portals if registry else ()),
    )
    try:
        with xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
            head = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True})
            must = workbook.add_format({"bold": True, "bg_color": "#F8CBAD", "border": 1, "text_wrap": True})
            text = workbook.add_format({"num_format": "@"})
            grey = workbook.add_format({"num_format": "@", "font_color": "#7F7F7F"})
            for name, columns, entries in tables:
                sheet = workbook.add_worksheet(name)
                sheet.freeze_panes(1, 2)
                for at, column in enumerate(columns):
                    sheet.set_column(at, at, 40 if column.key in ("url", "name", "aliases", "options") else 16, text)
                    sheet.write_string(0, at, column.title, must if column.required else head)
                    _offer(sheet, at, column)
                    if registry is None:
                        sheet.write_string(1, at, (EXAMPLE if at == 0 else "") + column.example, grey)
                for row, entry in enumerate(entries, start=1):
                    held = dataclasses.asdict(entry)
                    for at, column in enumerate(columns):
                        shown = _shown(held, column, entry)
                        if shown:
                            sheet.write_string(row, at, shown, text)
            _remarks(workbook, tables, head)
            _families(workbook)
        os.replace(part, file)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise Refused(f"{file}：无法写入（{error}），请检查目录与权限，或关闭已打开的同名文件") from None
    finally:
        part.unlink(missing_ok=True)


def _offer(sheet: Any, at: int, column: Column) -> None:
    offered: list[str] | str = list(column.choices or ())
    if column.key == "family":
        offered = f"={_FAMILIES}!$A$1:$A${len(families()) + 1}"  # too many for a list in the cell itself
    rule: dict[str, Any] = {"validate": "list", "source": offered} if offered else {"validate": "any"}
    if column.hint:
        rule |= {"input_title": column.title[:32], "input_message": column.hint[:250]}
    if len(rule) > 1:
        sheet.data_validation(1, at, 5000, at, rule)


def _families(workbook: xlsxwriter.Workbook) -> None:
    sheet = workbook.add_worksheet(_FAMILIES)
    for row, name in enumerate(("auto", *families())):
        sheet.write_string(row, 0, name)
    sheet.hide()


def _remarks(
    workbook: xlsxwriter.Workbook, tables: Sequence[tuple[str, Sequence[Column], Sequence[Unit | Portal]]], head: Any
) -> None:
    sheet = workbook.add_worksheet("填写说明")
    sheet.set_column(0, 2, 18)
    sheet.set_column(3, 3, 90)
    sheet.write_string(
        0, 0, "橙色列必填。导入会整体替换 registry/ 中的单位和门户；有任何错误则一概不写，并一次列出全部错误。"
    )
    for at, title in enumerate(("工作表", "列", "要求", "怎样填写")):
        sheet.write_string(2, at, title, head)
    row = 3
    for name, columns, _ in tables:
        for column in columns:
            told = [column.hint, f"可选：{'、'.join(column.choices)}" if column.choices else ""]
            for at, shown in enumerate(
                (name, column.title, "必填" if column.required else "选填", "；".join(part for part in told if part))
            ):
                sheet.write_string(row, at, shown)
            row += 1


def _shown(held: dict[str, Any], column: Column, entry: Unit | Portal) -> str:
    """One value as the workbook says it; a default is left blank."""
    value: Any = held
    for key in column.key.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value in (None, "", [], {}) or _DEFAULTS.get(column.key) == value:
        return ""
    if column.key == "aliases" and isinstance(entry, Unit):
        return "；".join(
            alias if isinstance(alias, str) else alias.name + (f"（至{alias.until}）" if alias.until else "")
            for alias in entry.aliases
            if isinstance(alias, (str, Alias))
        )
    if column.choices is not None:
        return next(word for word, meant in column.choices.items() if meant == value)
    if column.key == "tls":
        value = {key: said for key, said in value.items() if said}  # what is not said is no exception
        if not value:
            return ""
    if column.key in _JSON:
        return json.dumps(value, ensure_ascii=False)
    if column.key == "notes":
        return "\n".join(value)
    return "；".join(value) if isinstance(value, list) else str(value)
