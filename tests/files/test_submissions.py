"""Imports: every row is accounted for, a second import changes nothing, a wrong file writes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.clock import SHANGHAI
from db.models import Batch, RefusedRow, Submission
from db.session import session_of
from db.settings import Workspace
from intake.read_archive import read_source
from intake.receipts import Receipt, harmless
from intake.submissions import import_submissions
from standard.errors import Refused

Make = Callable[..., list[str]]


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Office:
    """Writes files of penalties and imports them."""

    def __init__(self, workspace: Workspace, folder: Path, header: list[str], write: Callable[..., bytes]) -> None:
        self.workspace, self.folder, self.header, self.write = workspace, folder, header, write

    def take(
        self, rows: list[list[str]], name: str = "a.csv", header: list[str] | None = None, **options: object
    ) -> Receipt:
        path = self.folder / name
        path.write_bytes(self.write([header or self.header, *rows]))
        (receipt,) = import_submissions(self.workspace, [path], **options)  # type: ignore[arg-type]
        assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows
        return receipt

    def rows(self) -> list[Submission]:
        with session_of(self.workspace) as session:
            return list(session.scalars(select(Submission).order_by(Submission.document_number_key)))

    def count(self, table: type[Submission | RefusedRow | Batch]) -> int:
        with session_of(self.workspace) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def office(workspace: Workspace, tmp_path: Path, penalty_header: list[str], write_csv: Callable[..., bytes]) -> Office:
    return Office(workspace, tmp_path, penalty_header, write_csv)


def counts(receipt: Receipt) -> tuple[int, int, int, int]:
    return receipt.accepted, receipt.updated, receipt.duplicate, receipt.refused


def test_rows_become_submissions(office: Office, penalty_row: Make) -> None:
    receipt = office.take([penalty_row(1), penalty_row(2)], received_at=at("2026-09-08T10:00"))
    assert counts(receipt) == (2, 0, 0, 0)
    first = office.rows()[0]
    assert (first.unit_id, first.kind, first.fine_yuan, first.version, first.copies) == ("sjj", "penalty", 5000.0, 1, 1)
    assert first.received_at == at("2026-09-08T10:00") and first.defects == [] and first.raw["处罚内容"] == "罚款5000元"


def test_the_same_bytes_change_nothing(office: Office, penalty_row: Make) -> None:
    rows = [
        penalty_row(1),
        penalty_row(1),
        penalty_row(2),
        penalty_row(
            3, 处罚机关="", 处罚机关统一社会信用代码="", 数据来源单位="无此局", 数据来源单位统一社会信用代码=""
        ),
    ]
    assert counts(office.take(rows)) == (2, 0, 1, 1)
    before = [(row.record_id, row.copies, row.version, row.received_at, row.batch) for row in office.rows()]
    assert counts(office.take(rows)) == (0, 0, 4, 0)
    assert [(row.record_id, row.copies, row.version, row.received_at, row.batch) for row in office.rows()] == before
    assert (office.count(RefusedRow), office.count(Batch)) == (1, 1)
    assert [row.copies for row in office.rows()] == [2, 1]


def test_a_later_export_of_the_same_rows_is_no_second_report(office: Office, penalty_row: Make) -> None:
    office.take([penalty_row(1)], received_at=at("2026-09-08T10:00"))
    assert counts(office.take([penalty_row(1), penalty_row(2)], received_at=at("2026-10-08T10:00"))) == (1, 0, 1, 0)
    first = office.rows()[0]
    assert (first.copies, first.version, first.received_at) == (1, 1, at("2026-09-08T10:00"))


def test_a_changed_row_is_a_new_version_with_the_first_time(office: Office, penalty_row: Make) -> None:
    office.take([penalty_row(1, 处罚依据="")], received_at=at("2026-09-08T10:00"))
    assert counts(office.take([penalty_row(1)], received_at=at("2026-09-20T10:00"))) == (0, 1, 0, 0)
    (row,) = office.rows()
    assert (row.version, row.received_at, row.last_received_at) == (2, at("2026-09-08T10:00"), at("2026-09-20T10:00"))
    assert row.basis is not None and row.defects == []
    assert counts(office.take([penalty_row(1, 处罚内容="旧")], received_at=at("2026-09-01T10:00"))) == (0, 0, 1, 0)
    (row,) = office.rows()
    assert row.content == "罚款5000元" and row.received_at == at("2026-09-01T10:00")


def test_platform_columns_say_who_and_when(office: Office, penalty_row: Make, penalty_header: list[str]) -> None:
    header = [*penalty_header, "信息提供部门名称", "提供日期"]
    office.take(
        [[*penalty_row(1), "示例市审批局", "2026-09-08 10:20:30"], [*penalty_row(2), "", "2026/9/9"]], header=header
    )
    assert [(row.unit_id, row.received_at) for row in office.rows()] == [
        ("spj", at("2026-09-08T10:20:30")),
        ("sjj", at("2026-09-09T00:00")),
    ]
    with session_of(office.workspace) as session:
        assert session.scalars(select(Batch)).one().received_at == at("2026-10-12T09:00")


def test_refused_rows_stay_visible_and_count_as_first_attempt(office: Office, penalty_row: Make) -> None:
    nowhere = {
        "处罚机关": "无此局",
        "处罚机关统一社会信用代码": "",
        "数据来源单位": "",
        "数据来源单位统一社会信用代码": "",
    }
    receipt = office.take(
        [penalty_row(1, **nowhere), penalty_row(2, 行政相对人名称="", 行政处罚决定书文号="无")],
        received_at=at("2026-09-08T10:00"),
    )
    assert counts(receipt) == (0, 0, 0, 2)
    assert [(line.row, line.rule, line.outcome) for line in receipt.rows_detail] == [
        (2, "R3", "退回"),
        (3, "R1", "退回"),
    ]
    assert "无此局" in receipt.rows_detail[0].message and receipt.rows_detail[0].cure
    assert counts(office.take([penalty_row(1)], received_at=at("2026-09-28T10:00"))) == (1, 0, 0, 0)
    assert office.rows()[0].received_at == at("2026-09-08T10:00")


@pytest.mark.parametrize("order", [1, -1])
def test_a_refused_row_counts_for_its_corrected_row_in_the_same_file(
    office: Office, penalty_row: Make, penalty_header: list[str], order: int
) -> None:
    header = [*penalty_header, "提供日期", "上报状态", "错误原因"]
    rows = [[*penalty_row(1), "2026-09-08", "失败", "主体信息不匹配"], [*penalty_row(1), "2026-09-28", "已上报", ""]]
    assert counts(office.take(rows[::order], header=header)) == (1, 0, 0, 1)
    assert office.rows()[0].received_at == at("2026-09-08T00:00")
    assert office.rows()[0].last_received_at == at("2026-09-28T00:00")


def test_unit_option_serves_rows_that_do_not_say(office: Office, penalty_row: Make) -> None:
    nowhere = {
        "处罚机关": "无此局",
        "处罚机关统一社会信用代码": "",
        "数据来源单位": "",
        "数据来源单位统一社会信用代码": "",
    }
    assert counts(office.take([penalty_row(1, **nowhere)], unit="示例市审批局")) == (1, 0, 0, 0)
    with pytest.raises(Refused, match="没有这个单位"):
        office.take([penalty_row(2)], name="b.csv", unit="火星局")


def test_what_the_platform_sent_back(office: Office, penalty_row: Make, penalty_header: list[str]) -> None:
    header = [*penalty_header, "上报状态", "错误原因"]
    receipt = office.take(
        [[*penalty_row(1), "失败", "主体信息不匹配"], [*penalty_row(2), "未上报", ""], [*penalty_row(3), "已上报", ""]],
        header=header,
    )
    assert counts(receipt) == (1, 0, 0, 2)
    with session_of(office.workspace) as session:
        keys = {row.row: row.document_number_key for row in session.scalars(select(RefusedRow))}
    assert keys == {2: "示市监罚字〔2026〕1号", 3: None}  # what was never sent is no attempt


def test_two_spellings_of_one_number_stay_two_rows(office: Office, penalty_row: Make) -> None:
    office.take([penalty_row(1), penalty_row(1, 行政处罚决定书文号="示市监罚字[2026]1号")])
    first, second = office.rows()
    assert first.document_number_key == second.document_number_key and first.record_id != second.record_id


def test_one_number_for_several_parties(office: Office, penalty_row: Make) -> None:
    assert counts(office.take([penalty_row(1), penalty_row(1, 行政相对人名称="乙公司")])) == (2, 0, 0, 0)


def test_natural_persons_do_not_reach_the_disk_clear(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    header = [
        "行政相对人名称",
        "证件类型",
        "证件号码",
        "行政处罚决定书文号",
        "违法事实",
        "处罚依据",
        "处罚内容",
        "处罚决定日期",
        "处罚机关",
    ]
    row = [
        "张三丰",
        "身份证",
        "11010519491231002X",
        "示市监罚字〔2026〕9号",
        "张三丰无照经营",
        "《条例》",
        "罚款",
        "2026/9/3",
        "示例市市场监督管理局",
    ]
    path = write_xlsx(tmp_path / "自然人处罚.xlsx", {"自然人处罚": [header, row]})
    (receipt,) = import_submissions(workspace, [path])
    assert receipt.accepted == 1 and receipt.path is not None
    database = b"".join(file.read_bytes() for file in workspace.var.iterdir() if file.name.startswith("mingcha.db"))
    for secret in ("张三丰", "11010519491231002X"):
        assert secret.encode() not in database
    assert "张三丰" not in str(read_source(receipt.path).grids)


def test_a_wrong_source_writes_nothing_at_all(office: Office, penalty_row: Make, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(office.write([office.header, penalty_row(1)]))
    bad.write_text("这里,没有,表头\n1,2,3\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        import_submissions(office.workspace, [good, bad, tmp_path / "missing.xlsx"])
    assert len(caught.value.faults) == 2 and office.count(Submission) == office.count(Batch) == 0


def test_the_receipt_says_everything(office: Office, penalty_row: Make) -> None:
    receipt = office.take([penalty_row(1, 处罚依据=""), penalty_row(2, 行政相对人名称="=cmd()", 行政处罚决定书文号="")])
    assert receipt.path is not None
    summary, mend, problems = (grid.rows for grid in read_source(receipt.path).grids)
    assert ["读入行数", "2"] in [row[:2] for row in summary]
    assert mend[1][:4] == ["行", "结果", "要做什么", "行政相对人名称"] and mend[3][3] == "'=cmd()"
    assert "1. 处罚依据（G2）：" in mend[2][2] and "（未填）" in mend[2]
    assert problems[1][:5] == ["a.csv", "2", "G2", "新增", "错误"] and problems[1][5] == "处罚依据" and problems[1][7]
    assert harmless("=cmd()") == "'=cmd()" and harmless("甲") == "甲"


def test_four_sheets_of_2018_and_a_mixed_folder(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], penalty_header: list[str], penalty_row: Make
) -> None:
    licences = [
        ["行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "法定代表人", "行政许可决定文书名称", "行政许可决定文书号", "许可类别", "许可编号", "许可内容",
         "许可决定日期", "有效期自", "有效期至", "许可机关", "当前状态", "数据来源单位"],
        ["甲公司", "91330000755918469E", "王五", "准予许可决定书", "示许〔2026〕7号", "普通", "JY1", "食品经营", "2026/9/3", "2026/9/3", "2031/9/2",
         "示例市行政审批局", "1", "示例市行政审批局"],
    ]  # fmt: skip
    folder = tmp_path / "disc"
    folder.mkdir()
    write_xlsx(
        folder / "a.xlsx",
        {"法人许可": licences, "自然人许可": licences[:1], "法人处罚": [penalty_header, penalty_row(1)]},
    )
    (receipt,) = import_submissions(workspace, [folder])
    assert counts(receipt) == (2, 0, 0, 0)
    with session_of(workspace) as session:
        found = {(row.kind, row.unit_id) for row in session.scalars(select(Submission))}
        assert session.scalars(select(Batch)).one().edition == "2018"
    assert found == {("licence", "spj"), ("penalty", "sjj")}


def test_a_list_of_another_kind_is_counted_and_never_passes_for_a_penalty(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], penalty_header: list[str], penalty_row: Make
) -> None:
    header = ["名称", "统一社会信用代码", "列入事由", "列入日期", "认定机关"]
    blacklist = [header, ["甲公司", "91330000755918469E", "拒不履行判决", "2026/9/3", "示例市市场监督管理局"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"失信黑名单": blacklist, "法人处罚": [penalty_header, penalty_row(1)]})
    (receipt,) = import_submissions(workspace, [path])
    assert counts(receipt) == (2, 0, 0, 0)
    assert any("失信黑名单" in note and "不参加双公示比对" in note for note in receipt.notes)
    with session_of(workspace) as session:
        assert session.scalars(select(Submission)).one().kind == "penalty"


def test_the_receipt_on_screen_names_the_refused_rows_and_what_there_is_to_mend(
    workspace: Workspace, tmp_path: Path, penalty_header: list[str], penalty_row: Callable[..., list[str]],
    write_csv: Callable[..., bytes],
) -> None:  # fmt: skip
    nobody = {
        "处罚机关": "查无此局",
        "数据来源单位": "查无此局",
        "处罚机关统一社会信用代码": "",
        "数据来源单位统一社会信用代码": "",
    }
    rows = [penalty_row(1), penalty_row(2, 处罚决定日期=""), *(penalty_row(n, **nobody) for n in range(3, 16))]
    (tmp_path / "a.csv").write_bytes(write_csv([penalty_header, *rows]))
    (receipt,) = import_submissions(workspace, [tmp_path / "a.csv"])
    told = receipt.on_screen()
    assert len(told) == 12
    assert (
        told[0].startswith("退回 a.csv 第 4 行（P4）数据来源单位：单位“查无此局”不在单位名录中") and "--unit" in told[0]
    )
    assert told[10] == "退回的原因还有 3 条，见回执"
    assert told[11].startswith("已收到的行中有 1 行需要修改")
