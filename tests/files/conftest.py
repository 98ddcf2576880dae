"""A workspace with two units, and files as platforms and departments export them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from db.models import Unit
from db.session import session_of
from db.settings import Workspace
from db.workspace import create

Rows = Sequence[Sequence[object]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    root = tmp_path / "workspace"
    create(root)
    opened = Workspace.open(root)
    with session_of(opened) as session:
        for position, (unit, name, alias) in enumerate(
            [("sjj", "示例市市场监督管理局", "示例市市监局"), ("spj", "示例市行政审批局", "示例市审批局")]
        ):
            aliases = [{"name": alias, "until": None}]
            session.add(Unit(id=unit, name=name, aliases=aliases, level="municipal", contacts={}, position=position))
    return opened


PENALTY = [
    "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "法定代表人", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据",
    "处罚类别", "处罚内容", "罚款金额（万元）", "处罚决定日期", "处罚有效期", "公示截止期", "处罚机关", "处罚机关统一社会信用代码",
    "数据来源单位", "数据来源单位统一社会信用代码", "备注",
]  # fmt: skip
VALUES = [
    "示例市第{n}商贸有限公司", "91330000755918469E", "王五", "示市监罚字〔2026〕{n}号", "销售不合格食品", "销售不合格食品一批",
    "《食品安全法》第一百二十四条", "罚款", "罚款5000元", "0.5", "2026/09/03", "2099/12/31", "2027/09/03", "示例市市场监督管理局",
    "11420000MB15291767", "示例市市场监督管理局", "11420000MB15291767", "",
]  # fmt: skip


@pytest.fixture
def penalty_row() -> Callable[..., list[str]]:
    """A row of the penalty sheet; any column can be changed by name."""

    def make(number: int, **changes: str) -> list[str]:
        row = dict(zip(PENALTY, (value.format(n=number) for value in VALUES), strict=True))
        assert set(changes) <= set(row)
        return list({**row, **changes}.values())

    return make


@pytest.fixture
def penalty_header() -> list[str]:
    return list(PENALTY)


def csv_bytes(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_file(path: Path, sheets: dict[str, Rows], merge: Sequence[tuple[str, int, int, int, int, str]] = ()) -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        day = workbook.add_format({"num_format": "yyyy/mm/dd"})
        made = {}
        for name, rows in sheets.items():
            made[name] = workbook.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if hasattr(value, "isoformat"):
                        made[name].write_datetime(r, c, value, day)
                    elif value not in ("", None):
                        made[name].write(r, c, value)
        for name, top, left, bottom, right, text in merge:
            made[name].merge_range(top, left, bottom, right, text)
    return path


@pytest.fixture
def write_csv() -> Callable[..., bytes]:
    return csv_bytes


@pytest.fixture
def write_xlsx() -> Callable[..., Path]:
    return xlsx_file


@pytest.fixture
def mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a mapping file; its address is in the environment."""

    def write(url: str, **more: Any) -> Path:
        monkeypatch.setenv("PLATFORM", url)
        file = tmp_path / "platform.yml"
        file.write_text(
            json.dumps({"name": "platform", "url": "env:PLATFORM", **more}, ensure_ascii=False), encoding="utf-8"
        )
        return file

    return write
