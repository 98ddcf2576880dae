"""Registers over time: editions of the catalogue, lines taken back, versions kept, a register given out and taken in again."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.models import RegisterEntry
from db.register_lines import CANCELLED, HISTORY, RECORDED
from db.session import session_of
from db.settings import Workspace
from intake.registers import REGISTERS, import_register, listed
from reports.export import write
from standard.errors import Refused

D = datetime.date.fromisoformat
HEADER = ("单位", "项目名称", "类别", "编码", "是否公示", "不予公示依据", "有效期自", "有效期至")
Take = Callable[..., Any]


def rows(workspace: Workspace, register: str = "catalogue") -> list[RegisterEntry]:
    with session_of(workspace) as session:
        found = select(RegisterEntry).where(RegisterEntry.register == register)
        return list(
            session.scalars(found.order_by(RegisterEntry.item_name, RegisterEntry.effective_from, RegisterEntry.id))
        )


@pytest.fixture
def take(workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]) -> Take:
    """take("repairs", "a.csv", header, *lines, by=…): a csv file imported."""

    def go(name: str, file: str, header: tuple[str, ...], *lines: tuple[str, ...], **how: Any) -> Any:
        (tmp_path / file).write_bytes(write_csv([header, *lines]))
        return import_register(workspace, name, tmp_path / file, **how)

    return go


def sheet(*items: str, year: int, **attributes: str) -> list[tuple[str, ...]]:
    return [("sjj", item, "行政许可", attributes.get(item, ""), "是", "", f"{year}-01-01", "") for item in items]


def spans(workspace: Workspace) -> list[tuple[str, str, str]]:
    return [(str(row.item_name), str(row.effective_from), str(row.effective_to)) for row in rows(workspace)]


# ---------------------------------------------------------------- editions


def test_next_years_catalogue_ends_what_it_no_longer_has(workspace: Workspace, take: Take) -> None:
    take("catalogue", "2026.csv", HEADER, *sheet("甲许可", "乙许可", "丙许可", year=2026))
    penalty = ("sjj", "某处罚", "行政处罚", "", "是", "", "2026-01-01", "")
    take("catalogue", "cf.csv", HEADER, penalty)
    receipt = take(
        "catalogue", "2027.csv", HEADER, *sheet("甲许可", "丙许可", "丁许可", year=2027, 丙许可="009"), by="李"
    )
    assert spans(workspace) == [
        ("丁许可", "2027-01-01", "None"), ("丙许可", "2026-01-01", "2026-12-31"), ("丙许可", "2027-01-01", "None"),
        ("乙许可", "2026-01-01", "2026-12-31"), ("某处罚", "2026-01-01", "None"), ("甲许可", "2026-01-01", "2026-12-31"),
        ("甲许可", "2027-01-01", "None"),
    ]  # fmt: skip
    told = "\n".join(receipt.notes)
    assert "sjj·行政许可，2027 年版不再有，自 2026-12-31 停用 1 项：乙许可" in told
    assert "内容有变（旧内容保留） 1 项：丙许可（编码：空 → 009）" in told and "新增 1 项：丁许可" in told
    (ended,) = [row for row in rows(workspace) if row.item_name == "乙许可"]
    assert ended.data[HISTORY][0]["改动人"] == "李" and ended.data[RECORDED]["来源"] == "2027 年版目录接替"


def test_the_same_years_again_change_nothing(workspace: Workspace, take: Take) -> None:
    for _ in range(2):
        for year, items in ((2026, ("甲", "乙")), (2027, ("甲",))):
            receipt = take("catalogue", f"{year}.csv", HEADER, *sheet(*items, year=year))
    assert receipt.duplicate == receipt.rows and "未作任何改动" in receipt.notes[-1]
    assert spans(workspace) == [
        ("乙", "2026-01-01", "2026-12-31"), ("甲", "2026-01-01", "2026-12-31"), ("甲", "2027-01-01", "None")
    ]  # fmt: skip
    assert sum(len(row.data[HISTORY]) for row in rows(workspace)) == 2


def test_an_older_year_that_comes_later_ends_where_the_newer_begins(workspace: Workspace, take: Take) -> None:
    take("catalogue", "2027.csv", HEADER, *sheet("甲", year=2027))
    take("catalogue", "2026.csv", HEADER, *sheet("甲", "乙", year=2026))
    assert spans(workspace) == [
        ("乙", "2026-01-01", "2026-12-31"), ("甲", "2026-01-01", "2026-12-31"), ("甲", "2027-01-01", "None")
    ]  # fmt: skip


def test_an_item_that_comes_back(workspace: Workspace, take: Take) -> None:
    for year, items in ((2025, ("甲", "乙")), (2026, ("甲",)), (2027, ("甲", "乙"))):
        receipt = take("catalogue", f"{year}.csv", HEADER, *sheet(*items, year=year))
    assert any("2027 年版恢复 1 项：乙" in note for note in receipt.notes)
    assert [span for span in spans(workspace) if span[0] == "乙"] == [
        ("乙", "2025-01-01", "2025-12-31"),
        ("乙", "2027-01-01", "None"),
    ]


def test_what_one_file_of_a_year_does_not_have_another_may(workspace: Workspace, take: Take) -> None:
    take("catalogue", "a.csv", HEADER, *sheet("甲", "乙", year=2026))
    receipt = take("catalogue", "b.csv", HEADER, *sheet("甲", "丙", year=2026))
    assert any("此前已导入而本文件没有" in note and note.endswith("：乙") for note in receipt.notes)
    assert [span[2] for span in spans(workspace)] == ["None"] * 3


def test_a_supplement_in_the_middle_of_a_year_ends_nothing(workspace: Workspace, take: Take) -> None:
    take("catalogue", "2026.csv", HEADER, *sheet("甲", "乙", year=2026))
    take("catalogue", "b.csv", HEADER, ("sjj", "丙", "行政许可", "", "是", "", "2027-03-01", ""))
    assert [span[2] for span in spans(workspace)] == ["None"] * 3


def test_the_title_names_the_edition(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    for year in (2026, 2027):
        lines = [
            [f"示例市行政审批局行政许可事项目录（{year}年版）"],
            ["序号", "事项名称", "设定依据"],
            ["1", "食品经营许可", "法"],
        ]
        lines += [["2", "旧许可", "法"]] if year == 2026 else []
        import_register(workspace, "catalogue", write_xlsx(tmp_path / f"{year}.xlsx", {"a": lines}))
    assert spans(workspace) == [
        ("旧许可", "2026-01-01", "2026-12-31"), ("食品经营许可", "2026-01-01", "2026-12-31"), ("食品经营许可", "2027-01-01", "None")
    ]  # fmt: skip


# ---------------------------------------------------------------- the column sets that are met


def test_power_catalogue_with_switched_off_items(workspace: Workspace, take: Take) -> None:
    header = ("权力编码", "权力名称", "权力类别", "实施主体", "实施依据", "行政相对人类别", "状态")
    line = ("0100123000", "公共场所卫生许可", "行政许可", "示例市审批局", "条例", "法人和其他组织", "1")
    off = (
        "0200123001",
        "旧的处罚",
        "行政处罚",
        "示例市市场监督管理局（执法支队）",
        "条例",
        "法人和其他组织或自然人",
        "0",
    )
    for _ in range(2):
        receipt = take("catalogue", "power.csv", header, line, off)
    assert receipt.duplicate == 2
    found = {row.item_name: (row.unit_id, row.kind, row.data["编码"], row.effective_to) for row in rows(workspace)}
    assert found["公共场所卫生许可"] == ("spj", "licence", "0100123000", None)
    assert found["旧的处罚"] == ("sjj", "penalty", "0200123001", D("2026-10-11"))


def test_government_service_items(workspace: Workspace, take: Take) -> None:
    header = ("事项名称", "基本编码", "地方基本编码", "事项类型", "设定依据", "权力来源", "行使层级", "实施编码", "事项状态", "事项版本", "实施主体",
              "实施主体性质", "实施主体编码", "计划生效日期", "计划取消日期")  # fmt: skip
    line = ("食品经营许可", "000131012000", "14", "01", "食品安全法", "法定本级行使", "市级", "11140600MB0000000X4000131012000", "在用", "3",
            "示例市行政审批局", "法定机关", "11140600MB0000000X", "2020-03-01", "")  # fmt: skip
    take("catalogue", "zwfw.csv", header, line)
    (row,) = rows(workspace)
    assert (row.unit_id, row.kind, row.effective_from, row.data["编码"]) == (
        "spj",
        "licence",
        D("2020-03-01"),
        "000131012000",
    )
    assert row.data["实施编码"].startswith("1114")


def test_headings_name_units_and_kinds(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    lines = [
        ["示例市双公示事项目录"], ["序号", "部门", "项目名称", "类别", "责任科室"], ["一、示例市行政审批局"], ["（一）行政许可"],
        ["1", "", "食品经营许可", "", "窗口"], ["二、示例市市监局"], ["（一）行政处罚"], ["1", "", "无照经营的处罚", "", ""],
        ["2", "示例市审批局、示例市市监局", "联合许可", "行政许可（含变更）", ""], ["合计：3项"],
    ]  # fmt: skip
    import_register(workspace, "catalogue", write_xlsx(tmp_path / "a.xlsx", {"目录": lines}))
    assert sorted((row.unit_id or "", row.kind or "", row.item_name or "") for row in rows(workspace)) == [
        ("sjj", "licence", "联合许可"), ("sjj", "penalty", "无照经营的处罚"), ("spj", "licence", "联合许可"), ("spj", "licence", "食品经营许可")
    ]  # fmt: skip


def test_a_unit_left_blank_is_that_of_the_row_above_and_told(workspace: Workspace, take: Take) -> None:
    receipt = take(
        "catalogue", "a.csv", ("部门", "项目名称", "类别"), ("示例市审批局", "甲", "行政许可"), ("", "乙", "行政许司")
    )
    assert {row.unit_id for row in rows(workspace)} == {"spj"}
    assert any("第 3 行没有写单位" in note for note in receipt.notes) and any(
        "“行政许司”不是常见" in note for note in receipt.notes
    )


def test_several_sheets_are_told_apart(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    lines = [["项目名称", "类别"], ["甲许可", "行政许可"]]
    import_register(
        workspace, "catalogue", write_xlsx(tmp_path / "a.xlsx", {"示例市审批局": lines, "示例市市监局": lines})
    )
    assert sorted((row.unit_id or "", row.data[RECORDED]["来源"]) for row in rows(workspace)) == [
        ("sjj", "a.xlsx/示例市市监局 第 2 行"), ("spj", "a.xlsx/示例市审批局 第 2 行")
    ]  # fmt: skip


# ---------------------------------------------------------------- taken back, changed, given out

EXEMPTION = ("单位", "豁免原因", "依据", "生效日期", "失效日期", "状态", "撤销原因")


def exemption(until: str = "2026-12-31", state: str = "", why: str = "") -> tuple[str, ...]:
    return ("sjj", "涉密", "条例", "2026-01-01", until, state, why)


def test_a_line_is_taken_back_and_comes_again(workspace: Workspace, take: Take) -> None:
    take("exemptions", "a.csv", EXEMPTION, exemption(), by="张")
    back = take("exemptions", "b.csv", EXEMPTION, exemption(state="撤销", why="登记错误"), by="李")
    (row,) = rows(workspace, "exemptions")
    assert back.updated == 1 and row.data[CANCELLED] | {"撤销时间": ""} == {
        "撤销人": "李", "撤销时间": "", "原因": "登记错误", "来源": "b.csv 第 2 行"
    }  # fmt: skip
    assert row.data[HISTORY][0]["登记人"] == "张" and row.data[HISTORY][0]["改动人"] == "李"
    assert take("exemptions", "b.csv", EXEMPTION, exemption(state="撤销", why="登记错误")).duplicate == 1
    old = take("exemptions", "a.csv", EXEMPTION, exemption())  # a file of before does not bring it back
    assert old.duplicate == 1 and any("没有据以恢复" in note for note in old.notes)
    assert listed(workspace, "exemptions")[1] == [] and len(listed(workspace, "exemptions", everything=True)[1]) == 1
    assert take("exemptions", "c.csv", EXEMPTION, exemption("2026-11-30")).updated == 1
    assert CANCELLED not in rows(workspace, "exemptions")[0].data


def test_what_was_never_registered_cannot_be_taken_back(workspace: Workspace, take: Take) -> None:
    with pytest.raises(Refused) as caught:
        take(
            "exemptions",
            "a.csv",
            EXEMPTION,
            exemption(),
            ("spj", *exemption(state="撤销")[1:]),
        )
    assert any("第 3 行“状态”列：台账中没有这一条" in fault for fault in caught.value.faults)
    assert rows(workspace, "exemptions") == []


def test_conflicting_lines_are_told_with_both_rows_and_what_differs(workspace: Workspace, take: Take) -> None:
    with pytest.raises(Refused) as caught:
        take("exemptions", "a.csv", EXEMPTION, exemption(), exemption("2026-06-30"), exemption(state="也许"))
    told = "\n".join(caught.value.faults)
    assert "第 3 行与第 2 行是同一条但内容不同（失效日期不同）" in told and "第 4 行“状态”列：不能是“也许”" in told


def test_a_corrected_receiver_of_a_duty_is_a_new_version(workspace: Workspace, take: Take) -> None:
    header = ("单位", "划入单位", "划转日期", "依据")
    with session_of(workspace) as session:
        from db.models import Unit

        session.add(Unit(id="zjj", name="示例市住建局", aliases=[], level="municipal", contacts={}, position=3))
    for new in ("spj", "zjj"):
        take("responsibilities", f"{new}.csv", header, ("sjj", new, "2026-07-01", "文"))
    (row,) = rows(workspace, "responsibilities")
    assert row.data["划入单位编号"] == "zjj" and row.data[HISTORY][0]["内容"]["划入单位"] == "spj"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", list(REGISTERS))
def test_a_register_given_out_comes_in_unchanged(
    workspace: Workspace, tmp_path: Path, take: Take, name: str, form: str
) -> None:
    register = REGISTERS[name]
    example = {
        label: "sjj" if label == "单位" else "spj" if label == "划入单位" else text
        for label, text in zip(register.columns, register.example, strict=True)
    }
    if "行政相对人名称" in example:
        example |= {"行政相对人名称": "张三丰", "统一社会信用代码": "11010519491231002X"}
    example["经办"] = "=备注"
    take(name, "in.csv", tuple(example), tuple(example.values()), by="张")
    before = [
        {column.name: getattr(row, column.name) for column in RegisterEntry.__table__.columns}
        for row in rows(workspace, name)
    ]
    columns, lines = listed(workspace, name)
    out = tmp_path / f"out.{form}"
    write(lines, columns, form, out)
    again = import_register(workspace, name, out, by="李")
    assert (again.rows, again.duplicate) == (1, 1)
    assert [
        {column.name: getattr(row, column.name) for column in RegisterEntry.__table__.columns}
        for row in rows(workspace, name)
    ] == before


def test_an_edited_line_keeps_what_the_register_hides(workspace: Workspace, tmp_path: Path, take: Take) -> None:
    header = ("单位", "决定书文号", "行政相对人名称", "统一社会信用代码", "修复决定日期")
    take("repairs", "a.csv", header, ("sjj", "示市监罚字〔2026〕1号", "张三丰", "11010519491231002X", "2026-09-01"))
    (before,) = rows(workspace, "repairs")
    columns, lines = listed(workspace, "repairs")
    assert "11010519491231002X" not in str(lines) and "张三丰" not in str(lines)
    lines[0]["修复决定日期"] = "2026-09-02"
    write(lines, columns, "csv", tmp_path / "out.csv")
    import_register(workspace, "repairs", tmp_path / "out.csv")
    (after,) = rows(workspace, "repairs")
    assert (after.id, after.counterparty_code, after.effective_from) == (
        before.id,
        before.counterparty_code,
        D("2026-09-02"),
    )
    _, versions = listed(workspace, "repairs", history=True)
    assert [(line["修复决定日期"], line["改动次数"]) for line in versions] == [("2026-09-01", "0"), ("2026-09-02", "1")]


def test_two_editions_given_out_come_in_unchanged(workspace: Workspace, tmp_path: Path, take: Take) -> None:
    for year, items in ((2026, ("甲", "乙")), (2027, ("甲",))):
        take("catalogue", f"{year}.csv", HEADER, *sheet(*items, year=year))
    before = spans(workspace)
    columns, lines = listed(workspace, "catalogue")
    write(lines, columns, "csv", tmp_path / "out.csv")
    assert import_register(workspace, "catalogue", tmp_path / "out.csv").duplicate == 3
    assert spans(workspace) == before
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert {row["停用日期"] for row in csv.DictReader(io.StringIO(text))} == {"", "2026-12-31"}


def test_outages_may_be_of_one_unit_and_one_duty(workspace: Workspace, take: Take) -> None:
    header = ("系统", "开始时间", "结束时间", "单位", "影响环节")
    take(
        "outages",
        "a.csv",
        header,
        ("前置机", "2026-09-07 08:00", "2026-09-08", "示例市市监局", "报送"),
        ("前置机", "2026-09-07 08:00", "2026-09-08", "", ""),
    )
    assert sorted(row.unit_id or "" for row in rows(workspace, "outages")) == ["", "sjj"]
    with pytest.raises(Refused) as caught:
        take("outages", "b.csv", header, ("x", "2026-09-07", "2028-09-08", "火星局", "全部"))
    assert len(caught.value.faults) == 3


def test_the_command_shows_and_writes_a_register(workspace: Workspace, tmp_path: Path, take: Take) -> None:
    from click.testing import CliRunner

    from cli import mingcha

    take("exemptions", "a.csv", EXEMPTION, exemption(), by="张")
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(
        mingcha,
        [
            "-w",
            str(workspace.root),
            "registers",
            "show",
            "exemptions",
            "--unit",
            "示例市市监局",
            "--format",
            "csv",
            "-o",
            str(out),
        ],
    )
    assert done.exit_code == 0, done.output
    (line,) = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig")))
    assert (line["单位"], line["豁免原因"], line["登记人"], line["登记来源"]) == ("sjj", "涉密", "张", "a.csv 第 2 行")
