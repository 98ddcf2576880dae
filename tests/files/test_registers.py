"""Registers: all faults at once, nothing written until none is left, the template goes through its own import."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import RegisterEntry
from db.session import session_of
from db.settings import Workspace
from intake.read_archive import read_source
from intake.registers import EXAMPLE, REGISTERS, import_register, write_template
from standard.errors import Refused

D = datetime.date


def entries(workspace: Workspace) -> list[RegisterEntry]:
    with session_of(workspace) as session:
        return list(session.scalars(select(RegisterEntry).order_by(RegisterEntry.register, RegisterEntry.id)))


@pytest.mark.parametrize("name", list(REGISTERS))
def test_template_leaves_its_example_out_and_takes_it_as_a_line(
    workspace: Workspace, tmp_path: Path, name: str, write_csv: Callable[..., bytes]
) -> None:
    write_template(name, tmp_path / "t.xlsx")
    grid = read_source(tmp_path / "t.xlsx").grids[0]
    assert grid.rows[0] == list(REGISTERS[name].offered) and grid.rows[1][0].startswith(EXAMPLE)
    assert import_register(workspace, name, tmp_path / "t.xlsx").rows == 0
    line = [cell.lstrip("'") for cell in REGISTERS[name].example]
    line = ["sjj" if at == 0 and name != "outages" else "spj" if column == "划入单位" else line[at]
            for at, column in enumerate(REGISTERS[name].columns)]  # fmt: skip
    for encoding in ("utf-8-sig", "gb18030"):
        (tmp_path / f"{encoding}.csv").write_bytes(write_csv([REGISTERS[name].columns, line], encoding))
    first = import_register(workspace, name, tmp_path / "utf-8-sig.csv")
    again = import_register(workspace, name, tmp_path / "gb18030.csv")
    assert (first.rows, first.accepted, again.duplicate, again.accepted) == (1, 1, 1, 0)
    assert len(entries(workspace)) == 1


def take(
    workspace: Workspace,
    tmp_path: Path,
    write_csv: Callable[..., bytes],
    name: str,
    *lines: dict[str, str],
    label: str = "r.csv",
) -> None:
    columns = REGISTERS[name].columns
    (tmp_path / label).write_bytes(
        write_csv([columns, *([line.get(column, "") for column in columns] for line in lines)])
    )
    import_register(workspace, name, tmp_path / label)


def test_entries_speak_the_language_of_records(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]
) -> None:
    line = {"单位": "示例市市监局", "信息类别": "行政处罚", "决定书文号": "示市监罚字[2026]第1号", "行政相对人名称": "张三丰",
            "统一社会信用代码": "11010519491231002X", "修复决定日期": "2026年9月15日", "经办": "备注列"}  # fmt: skip
    take(workspace, tmp_path, write_csv, "repairs", line)
    (entry,) = entries(workspace)
    assert (entry.unit_id, entry.kind, entry.effective_from) == ("sjj", "penalty", D(2026, 9, 15))
    assert (entry.document_number_key, entry.counterparty_key) == ("示市监罚字〔2026〕1号", "p:张")
    assert "张三丰" not in str(entry.data) and "11010519491231002X" not in str(entry.data)


def test_a_changed_line_updates_and_doubles_nothing(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]
) -> None:
    line = {"单位": "sjj", "豁免原因": "涉密", "依据": "条例", "生效日期": "2026-01-01", "失效日期": "2026-06-30"}
    take(workspace, tmp_path, write_csv, "exemptions", line)
    take(workspace, tmp_path, write_csv, "exemptions", {**line, "失效日期": "2026-12-31"}, label="s.csv")
    (entry,) = entries(workspace)
    assert entry.effective_to == D(2026, 12, 31) and entry.kind is None
    take(workspace, tmp_path, write_csv, "exemptions", line)  # going back to the first file is a change as well
    assert entries(workspace)[0].effective_to == D(2026, 6, 30)


@pytest.mark.parametrize(
    ("text", "period"),
    [("2026-09", "2026-09"), ("2026年9月", "2026-09"), ("2026-Q3", "2026-Q3"), ("2026-09-01", "2026-09")],
)
def test_periods(workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes], text: str, period: str) -> None:
    take(workspace, tmp_path, write_csv, "declarations", {"单位": "sjj", "所属期": text, "声明类型": "零申报"})
    assert entries(workspace)[0].period == period


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("exemptions", {"单位": "示例市市监管局", "豁免原因": "x", "依据": "y", "生效日期": "2026-1-1"}, "“单位”列：单位名录中没有“示例市市监管局”，是否想写"),
        ("exemptions", {"单位": "sjj", "豁免原因": "x", "依据": "y"}, "“生效日期”列：未填文号"),
        ("exemptions", {"单位": "sjj", "豁免原因": "x", "依据": "y", "生效日期": "2026-02-01", "失效日期": "2026-01-01"}, "“失效日期”列：2026-01-01"),
        ("repairs", {"单位": "sjj", "信息类别": "行政处分", "决定书文号": "1号", "修复决定日期": "2026-1-1"}, "“信息类别”列：不能是“行政处分”"),
        ("repairs", {"单位": "sjj", "决定书文号": "1号", "修复决定日期": "上月"}, "“修复决定日期”列：“上月”不是日期"),
        ("withdrawals", {"单位": "sjj", "撤下日期": "2026-1-1", "撤下原因": "x"}, "不能都为空"),
        ("declarations", {"单位": "sjj", "所属期": "九月", "声明类型": "零申报"}, "“所属期”列：“九月”不是所属期"),
        ("catalogue", {"单位": "sjj", "项目名称": "a", "类别": "行政许可", "是否公示": "否"}, "“不予公示依据”列"),
        ("outages", {"系统": "平台", "结束时间": "2026-9-1"}, "“开始时间”列：不能为空"),
    ],
)  # fmt: skip
def test_faults_name_row_column_and_cure(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes], name: str, line: dict[str, str], says: str
) -> None:
    with pytest.raises(Refused) as caught:
        take(workspace, tmp_path, write_csv, name, line)
    assert any(says in fault and "第 2 行" in fault and "r.csv" in fault for fault in caught.value.faults), (
        caught.value.faults
    )
    assert entries(workspace) == []


def test_all_faults_are_told_at_once_and_nothing_is_written(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]
) -> None:
    good = {"单位": "sjj", "项目名称": "a", "类别": "行政许可"}
    with pytest.raises(Refused) as caught:
        take(workspace, tmp_path, write_csv, "catalogue", good, {"单位": "火星局"}, {**good, "设定依据": "另一份"})
    assert len(caught.value.faults) == 4 and entries(workspace) == []


def test_a_file_without_header_and_an_unknown_register(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Refused, match="没有找到表头"):
        import_register(workspace, "outages", tmp_path / "r.csv")
    with pytest.raises(Refused, match="repairs"):
        import_register(workspace, "repair", tmp_path / "r.csv")


def test_catalogue_kinds(workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]) -> None:
    lines = [{"单位": "sjj", "项目名称": kind, "类别": kind} for kind in ("行政许可", "行政处罚", "行政强制")]
    take(workspace, tmp_path, write_csv, "catalogue", *lines)
    assert {entry.item_name: entry.kind for entry in entries(workspace)} == {
        "行政许可": "licence",
        "行政处罚": "penalty",
        "行政强制": "other",
    }


def test_a_changed_line_keeps_its_history_and_who_recorded_it(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]
) -> None:
    columns = ("单位", "豁免原因", "依据", "生效日期", "失效日期")
    for by, until in (("张", "2026-06-30"), ("李", "2026-12-31"), ("李", "2026-12-31")):
        (tmp_path / f"{until}.csv").write_bytes(write_csv([columns, ("sjj", "涉密", "条例", "2026-01-01", until)]))
        import_register(workspace, "exemptions", tmp_path / f"{until}.csv", by=by)
    (entry,) = entries(workspace)
    assert entry.data["_登记"]["登记人"] == "李" and entry.data["_登记"]["登记时间"].startswith("2026-10-12T09")
    (before,) = entry.data["_历史"]
    assert before["登记人"] == "张" and before["内容"]["失效日期"] == "2026-06-30"


def test_messy_catalogues(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    header = ["序号", "权力编码", "权力名称", "权力类别", "实施主体", "实施依据", "监管层级", "备注"]
    rows = [
        [],
        header,
        ["一、行政许可类"],
        ["1", "001", "公共场所卫生许可", "行政许可", "示例市审批局", "《公共场所卫生管理条例》", "市级"],
        header,
        ["2", "002", "对无照经营的处罚", "02", "", "《无证无照经营查处办法》", "市级"],
    ]
    merge = [("权责清单", 0, 0, 0, 7, "示例市权责清单（2026年版）"), ("权责清单", 3, 4, 5, 4, "示例市审批局")]
    path = write_xlsx(tmp_path / "a.xlsx", {"权责清单": rows}, merge)
    receipt = import_register(workspace, "catalogue", path)
    assert receipt.accepted == 2
    found = {entry.item_name: (entry.unit_id, entry.kind, entry.basis) for entry in entries(workspace)}
    assert (
        found["对无照经营的处罚"] == ("spj", "penalty", "《无证无照经营查处办法》")
        and found["公共场所卫生许可"][1] == "licence"
    )


def test_a_catalogue_whose_title_names_unit_and_kind(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    rows = [
        ["示例市行政审批局行政许可事项目录"],
        ["序号", "事项名称", "设定依据"],
        ["1", "食品经营许可", "《食品安全法》"],
    ]
    import_register(workspace, "catalogue", write_xlsx(tmp_path / "a.xlsx", {"a": rows}))
    (entry,) = entries(workspace)
    assert (entry.unit_id, entry.kind, entry.item_name) == ("spj", "licence", "食品经营许可")
    with pytest.raises(Refused, match="看不出单位"):
        import_register(workspace, "catalogue", write_xlsx(tmp_path / "b.xlsx", {"a": rows[1:]}))


def test_each_year_has_its_catalogue(workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]) -> None:
    for year in ("2025", "2026"):
        line = {"单位": "sjj", "项目名称": "a", "类别": "行政许可", "有效期自": f"{year}-01-01", "设定依据": year}
        take(workspace, tmp_path, write_csv, "catalogue", line, label=f"{year}.csv")
    assert sorted(entry.basis or "" for entry in entries(workspace)) == ["2025", "2026"]


def test_transfers_and_back_filling(workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]) -> None:
    moved = {"单位": "sjj", "划入单位": "示例市审批局", "划转日期": "2026-07-01", "依据": "文", "职责事项": "许可"}
    take(workspace, tmp_path, write_csv, "responsibilities", moved)
    agreed = {
        "单位": "sjj",
        "决定日期起": "2026-01-01",
        "决定日期止": "2026-03-31",
        "约定补报期限": "2026年10月31日",
        "依据": "纪要",
    }
    take(workspace, tmp_path, write_csv, "backfills", agreed)
    first, second = entries(workspace)
    assert (first.effective_to, first.data["约定补报期限"]) == (D(2026, 3, 31), "2026-10-31")
    assert (second.unit_id, second.data["划入单位编号"]) == ("sjj", "spj")
    for line, says in (
        ({**moved, "划入单位": "sjj"}, "与原单位相同"),
        ({**moved, "划入单位": "火星局"}, "没有“火星局”"),
    ):
        with pytest.raises(Refused, match=says):
            take(workspace, tmp_path, write_csv, "responsibilities", line)


def test_totals_and_signatures_below_the_table_are_no_lines(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    head = ["序号", "单位", "项目名称", "类别", "设定依据", "编码"]
    rows = [
        head, [1, "sjj", "食品经营许可", "行政许可", "《食品安全法》", ""], [2, "sjj", "对食品经营的处罚", "行政处罚", "《食品安全法》", ""],
        ["合计", "", 2], ["填表人：张三", "", "审核人：李四", "", "联系电话：0349-1234567"],
    ]  # fmt: skip
    receipt = import_register(workspace, "catalogue", write_xlsx(tmp_path / "目录.xlsx", {"目录": rows}))
    assert (receipt.rows, receipt.accepted) == (2, 2)
    exemption = ["单位", "信息类别", "决定书文号", "豁免原因", "依据", "生效日期"]
    lines = [exemption, ["sjj", "行政处罚", "示市监罚字〔2026〕1号", "涉密", "保密法", "2026-01-01"], ["小计", "1"]]
    receipt = import_register(workspace, "exemptions", write_xlsx(tmp_path / "豁免.xlsx", {"豁免": lines}))
    assert (receipt.rows, receipt.accepted) == (1, 1)


@pytest.mark.parametrize(
    ("name", "head", "line", "again"),
    [
        ("exemptions", ["单位", "信息类别", "决定书文号", "豁免原因", "依据", "生效日期"],
         ["sjj", "行政处罚", "示罚〔2026〕1号", "涉密", "保密法", "2026-01-01"],
         ["示例市市监局", "处罚", "示罚【2026】1号", "涉密", "保密法", "2026/1/1"]),
        ("declarations", ["单位", "信息类别", "所属期", "声明类型"], ["sjj", "行政处罚", "2026-09", "零申报"],
         ["sjj", "处罚", "2026年9月", "零申报"]),
        ("outages", ["系统", "开始时间", "结束时间"], ["市平台", "2026-10-01 08:00", "2026-10-02 18:00"],
         ["市平台", "2026年10月1日8时", "2026-10-02 18:00"]),
    ],
)  # fmt: skip
def test_a_line_spelled_another_way_is_the_same_line(
    name: str, head: list[str], line: list[str], again: list[str], workspace: Workspace, tmp_path: Path,
    write_csv: Callable[..., bytes],
) -> None:  # fmt: skip
    for number, cells in enumerate((line, again)):
        (tmp_path / f"{number}.csv").write_bytes(write_csv([head, cells]))
        receipt = import_register(workspace, name, tmp_path / f"{number}.csv")
        assert (receipt.accepted, receipt.updated + receipt.duplicate) == ((1, 0), (0, 1))[number]
    (tmp_path / "c.csv").write_bytes(write_csv([[*head, "状态"], [*again, "撤销"]]))
    assert import_register(workspace, name, tmp_path / "c.csv").updated == 1


def test_outages_of_one_day_are_told_apart_by_their_hour(
    workspace: Workspace, tmp_path: Path, write_csv: Callable[..., bytes]
) -> None:
    head = ["系统", "开始时间", "结束时间"]
    lines = [["市平台", "2026-10-01 08:00", "2026-10-01 09:00"], ["市平台", "2026-10-01 10:00", "2026-10-01 11:00"]]
    (tmp_path / "a.csv").write_bytes(write_csv([head, *lines]))
    assert import_register(workspace, "outages", tmp_path / "a.csv").accepted == 2
