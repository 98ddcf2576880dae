"""An empty workbook for submissions of any edition or wider kind: header, filling rules, lists to choose from, instructions.

What it writes is read back by the import: the row of rules is known as one, and the instructions hold no header.
"""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from standard import codes, editions
from standard.errors import Refused
from standard.fields import FIELDS
from standard.kinds import KINDS
from standard.templates import FORMATS, SUBJECTS, TemplateColumn

_ROWS = 5000
_TYPES = {
    "date": "日期", "money": "数字", "uscc": "字符", "identity": "字符", "number": "字符", "code": "枚举", "name": "字符", "text": "字符"
}  # fmt: skip
_MARKS = {"M": "必填", "O": "选填", "E": "不填", "C": "按条件", "-": "无此列"}
_SUBJECTS = ("法人及非法人组织", "个体工商户", "自然人")
_LIST_LIMIT = 250  # characters a list of a cell may have in a workbook


def write_template(path: Path, edition: str, kind: str | None = None) -> list[str]:
    """Writes the template of an edition (all its kinds, or one) and gives the names of its sheets."""
    entry = editions.EDITIONS[editions.known(edition)]
    wanted = [name for name in entry.templates if kind in (None, name)]
    if not wanted:
        named = KINDS[kind].label if kind is not None and kind in KINDS else kind
        raise Refused(f"标准版本 {edition} 没有{named}的模板，有：{'、'.join(entry.templates)}")
    sheets = {
        f"{KINDS[name].label if not part else ''}{f'{part}{_short(name)}' if part else ''}": (name, part, columns)
        for name in wanted
        for part, columns in editions.sheets(edition, name).items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
            for title, (name, part, columns) in sheets.items():
                _sheet(workbook, title[:31], edition, name, part, columns)
            for title, (_, _, columns) in sheets.items():
                _notes(workbook, f"说明-{title}"[:31], edition, entry.basis, columns)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise Refused(f"{path}：无法写入（{error}），请检查目录与权限，或关闭已打开的同名文件") from None
    return list(sheets)


def _short(kind: str) -> str:
    return {"licence": "许可", "penalty": "处罚"}.get(kind, KINDS[kind].label)


def _must(column: TemplateColumn, part: str, edition: str) -> bool:
    subject = editions.EDITIONS[edition].sheets.get(part, "organisation")
    return column.who[SUBJECTS.index(subject)] == "M"


def _sheet(
    workbook: xlsxwriter.Workbook, title: str, edition: str, kind: str, part: str, columns: tuple[TemplateColumn, ...]
) -> None:
    boxed = {"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter"}
    head = workbook.add_format({**boxed, "bg_color": "#DCE6F1"})
    must = workbook.add_format({**boxed, "bg_color": "#F8CBAD"})
    rule = workbook.add_format({"font_color": "#7F7F7F", "text_wrap": True, "valign": "top", "border": 1})
    text = workbook.add_format({"num_format": "@"})
    sheet = workbook.add_worksheet(title)
    sheet.freeze_panes(2, 1)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, max(14, min(40, 2 * len(column.label) + 4)), text)
        sheet.write_string(0, place, column.label, must if _must(column, part, edition) else head)
        sheet.write_string(1, place, _rule(column, part, edition), rule)
        words = _words(column, kind, edition)
        if words and len("".join(words)) + len(words) <= _LIST_LIMIT:
            sheet.data_validation(
                2, place, _ROWS, place,
                {"validate": "list", "source": words, "ignore_blank": True, "error_type": "information",
                 "error_message": "不在代码表中；其他请写作“其他-具体名称”，多个用全角分号分隔"},
            )  # fmt: skip
    sheet.set_row(1, 60)


def _rule(column: TemplateColumn, part: str, edition: str) -> str:
    entry = FIELDS[column.field]
    must = "必填" if _must(column, part, edition) else "选填"
    long = f"，不超过{column.max}个字符" if column.max and entry.type not in ("date", "money") else ""
    return f"{must}；{_TYPES[entry.type]}{long}；{FORMATS[entry.type]}"


def _words(column: TemplateColumn, kind: str, edition: str) -> list[str]:
    """The words a column may hold, when there is a list of them."""
    own = editions.code_lists(edition).get(column.field)
    if own is not None:
        return list(dict.fromkeys(own.values()))
    if column.field == "counterparty_type":
        return list(codes.SUBJECT_WORDS.values())
    if column.field == "category" and kind in ("licence", "penalty"):
        return list(codes.category_words(kind))
    if column.field in ("person_id_type", "representative_id_type"):
        return list(codes.IDENTITY_WORDS)
    return []


def _notes(
    workbook: xlsxwriter.Workbook, title: str, edition: str, basis: str, columns: tuple[TemplateColumn, ...]
) -> None:
    """One line a column, in one cell each, so that nothing here can pass for a header."""
    sheet = workbook.add_worksheet(title)
    sheet.set_column(0, 0, 130)
    sheet.write_string(0, 0, f"标准版本 {edition}；依据：{basis}。从第 3 行起填写，表头与第 2 行的填写要求请勿删改。")
    for row, column in enumerate(columns, start=2):
        marks = "，".join(
            f"{subject}{_MARKS[mark]}" for subject, mark in zip(_SUBJECTS, column.who, strict=True) if mark != "-"
        )
        sheet.write_string(
            row, 0, f"{row - 1}. {column.label}〔{column.code}〕：{marks}；{FORMATS[FIELDS[column.field].type]}"
        )
