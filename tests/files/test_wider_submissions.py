"""Submissions of the wider kinds: read, validated, accounted for in the same sums, in a table of their own."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import cli
from db.clock import SHANGHAI
from db.models import OtherRecord, RefusedRow, Submission
from db.session import session_of
from db.settings import Workspace
from intake.receipts import Receipt
from intake.submissions import import_submissions
from reports import other_records
from standard import kinds
from standard.editions import EDITIONS
from standard.fields import FIELDS

RED = [
    "荣誉名称",
    "荣誉等级",
    "表彰文号",
    "行政相对人名称",
    "统一社会信用代码",
    "认定日期",
    "认定机关全称",
    "公示截止期",
]
CODE = "91330000755918469E"
VALUES = {
    "uscc": CODE, "date": "2026/9/3", "money": "1.5", "identity": "", "name": "示例市市场监督管理局", "number": "示表〔2026〕1号",
    "code": "其他-示例", "text": "示例文字",
}  # fmt: skip


def honour(number: int, party: str = "示例市第{n}商贸有限公司", **changes: str) -> list[str]:
    values = {
        "荣誉名称": "守合同重信用企业", "荣誉等级": "市级", "表彰文号": f"示表〔2026〕{number}号",
        "行政相对人名称": party.format(n=number), "统一社会信用代码": CODE, "认定日期": "2026/9/3",
        "认定机关全称": "示例市市场监督管理局", "公示截止期": "2029/9/3",
    } | changes  # fmt: skip
    return list(values.values())


def take(workspace: Workspace, path: Path, **options: Any) -> Receipt:
    (receipt,) = import_submissions(workspace, [path], **options)
    assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows
    return receipt


def stored(workspace: Workspace) -> list[OtherRecord]:
    with session_of(workspace) as session:
        return list(session.scalars(select(OtherRecord).order_by(OtherRecord.document_number, OtherRecord.record_id)))


def counts(receipt: Receipt) -> tuple[int, int, int, int]:
    return receipt.accepted, receipt.updated, receipt.duplicate, receipt.refused


@pytest.mark.parametrize("kind", [kind for kind in kinds.WIDER if kind in kinds.SUBMITTED])
def test_the_template_of_every_kind_comes_in_whole(
    kind: str, workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    columns = EDITIONS["proposed"].templates[kind]
    row = [
        "" if column.field in ("person_id", "counterparty_type") else VALUES[FIELDS[column.field].type]
        for column in columns
    ]
    path = write_xlsx(tmp_path / "a.xlsx", {"Sheet1": [[column.label for column in columns], row]})
    assert counts(take(workspace, path)) == (1, 0, 0, 0)
    (record,) = stored(workspace)
    assert (record.kind, record.source, record.unit_id) == (kind, "submitted", "sjj")
    assert not [defect for defect in record.defects if defect["code"] == "field_missing"]
    own = {column.field for column in columns if not FIELDS[column.field].column} - {"person_id"}
    assert set(record.own) == own - ({"remark"} if kinds.KINDS[kind].impersonal else set())
    if "amount_yuan" in own:
        assert record.own["amount_yuan"] == 15000.0  # 万元
    with session_of(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_versions_duplicates_and_refusals_add_up(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx",
        {"红名单": [RED, honour(1), honour(2), honour(2), honour(3, **{"认定机关全称": "某某县某局"})]},
    )
    receipt = take(workspace, path)
    assert counts(receipt) == (2, 0, 1, 1) and any("表彰奖励与红榜" in note for note in receipt.notes)
    assert counts(take(workspace, path)) == (0, 0, 4, 0)  # the same bytes
    changed = write_xlsx(tmp_path / "b.xlsx", {"红名单": [RED, honour(1, **{"荣誉等级": "省级"}), honour(2)]})
    assert counts(take(workspace, changed)) == (0, 1, 1, 0)
    first, second = stored(workspace)
    assert (first.version, first.own["grade"], second.version) == (2, "省级", 1)
    assert first.decision_date == datetime.date(2026, 9, 3) and first.counterparty_code == CODE
    with session_of(workspace) as session:
        (refused,) = session.scalars(select(RefusedRow))
        assert (refused.kind, refused.document_number_key, refused.reasons[0]["rule"]) == ("red_list", None, "R3")


def test_the_same_value_rules_hold(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    row = honour(1, **{"统一社会信用代码": "91330000755918469X", "认定日期": "2027/9/3", "荣誉名称": ""})
    receipt = take(workspace, write_xlsx(tmp_path / "a.xlsx", {"红名单": [RED, row]}))
    (record,) = stored(workspace)
    found = {(defect["rule"], defect["field"], defect["severity"]) for defect in record.defects}
    assert {("U2", "counterparty_code", "W"), ("D4", "decision_date", "E"), ("C2", "case_name", "E")} <= found
    assert {line.rule for line in receipt.rows_detail} >= {"U2", "D4", "C2"} and receipt.to_mend == 1


def test_persons_in_payments_are_only_counted(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    header = ["给付事项", "给付依据", "领取人", "身份证号", "家庭住址", "给付金额（元）", "发放日期", "给付机关"]
    people = [
        [
            "临时救助",
            "《社会救助暂行办法》",
            name,
            number,
            "示例市幸福街12号楼3单元",
            "800",
            "2026/9/3",
            "示例市市场监督管理局",
        ]
        for name, number in (("张三丰", "11010519491231002X"), ("李四", ""), ("王五六", ""))
    ]
    firm = ["征收补偿", "《条例》", "示例市甲商贸有限公司", "", "", "5000", "2026/9/3", "示例市市场监督管理局"]
    refused = ["临时救助", "《社会救助暂行办法》", "赵六七", "", "", "800", "2026/9/3", "某某县某局"]
    path = write_xlsx(tmp_path / "a.xlsx", {"行政给付": [header, *people, firm, refused]})
    receipt = take(workspace, path)
    assert counts(receipt) == (4, 0, 0, 1)
    assert counts(take(workspace, write_xlsx(tmp_path / "b.xlsx", {"行政给付": [header, *people[:2]]}))) == (0, 0, 2, 0)
    records = stored(workspace)
    persons = [record for record in records if record.counterparty_type == "natural_person"]
    assert len(persons) == 3 and {record.own["amount_yuan"] for record in persons} == {800.0}
    everything = json.dumps([{**vars(record), "_sa_instance_state": None} for record in persons], default=str)
    with session_of(workspace) as session:
        kept = session.scalars(select(RefusedRow)).one()
        everything += json.dumps([kept.raw, kept.reasons])
    for trace in ("张", "李", "王五", "赵六", "110105", "幸福街"):
        assert json.dumps(trace)[1:-1] not in everything
    assert json.dumps("救助")[1:-1] in everything  # so written, it would be found
    (company,) = [record for record in records if record.counterparty_type == "organisation"]
    assert company.counterparty == "示例市甲商贸有限公司"


def test_a_header_of_another_kind_never_passes_for_a_penalty(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], penalty_header: list[str], penalty_row: Any
) -> None:
    header = ["案号", "执行单位", "地域名称", "执行依据文号", "发布时间", "立案时间", "失信被执行人姓名/名称"]
    black = [
        header,
        ["（2026）示01执1号", "示例市市场监督管理局", "示例市", "示判〔2025〕9号", "2026/9/3", "2026/8/3", "甲公司"],
    ]
    keys = ["RDWH", "RDDW", "ZYSXSS", "ZCDZ", "QRYZSXSJ", "XZCFHPJNR", "名称"]
    front = [keys, ["示认〔2026〕2号", "示例市市场监督管理局", "拒不履行", "示例市", "2026/9/3", "罚款", "乙公司"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"甲": black, "乙": front, "法人处罚": [penalty_header, penalty_row(1)]})
    assert counts(take(workspace, path, unit="spj")) == (3, 0, 0, 0)
    assert [(record.kind, record.counterparty) for record in stored(workspace)] == [
        ("black_list", "乙公司"), ("black_list", "甲公司"),
    ]  # fmt: skip
    with session_of(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


def test_a_catalogue_is_sent_to_its_register(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], penalty_header: list[str], penalty_row: Any
) -> None:
    items = [
        ["权力编码", "权力名称", "权力类别", "实施主体", "实施依据"],
        ["1", "某某许可", "行政许可", "示例市行政审批局", "《某法》"],
    ]
    path = write_xlsx(tmp_path / "a.xlsx", {"目录": items, "法人处罚": [penalty_header, penalty_row(1)]})
    receipt = take(workspace, path)
    assert counts(receipt) == (1, 0, 0, 0) and stored(workspace) == []
    assert any("mingcha import catalogue" in note for note in receipt.notes)


def test_policies_need_no_party(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    header = ["标题", "发文字号", "印发日期", "网址", "发布机关"]
    rows = [
        ["信用承诺制度", "示发〔2026〕1号", "2026/9/3", "https://example.cn/1", "示例市行政审批局"],
        ["诚信宣传月活动", "", "2026/9/4", "", "示例市行政审批局"], ["诚信兴商活动", "", "2026/9/4", "", "示例市行政审批局"],
    ]  # fmt: skip
    assert counts(take(workspace, write_xlsx(tmp_path / "a.xlsx", {"制度发布": [header, *rows]}))) == (3, 0, 0, 0)
    assert {record.kind for record in stored(workspace)} == {"policy"}


# ---------------------------------------------------------------- data out, and what they never enter


def run(capsys: pytest.CaptureFixture[str], workspace: Workspace, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(["-w", str(workspace.root), *arguments])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture
def filled(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], penalty_header: list[str], penalty_row: Any
) -> Workspace:
    honours = [RED, honour(1), honour(2, party="张三丰", **{"统一社会信用代码": ""})]
    path = write_xlsx(tmp_path / "a.xlsx", {"红名单": honours, "法人处罚": [penalty_header, penalty_row(1)]})
    take(workspace, path, received_at=datetime.datetime(2026, 9, 8, 9, tzinfo=SHANGHAI))
    return workspace


def test_records_of_a_kind_go_out_with_their_own_columns(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, filled, "records", "--kind", "red_list")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(lines) == 2
    assert list(lines[0]) == list(other_records.fields("red_list")) and "grade" in lines[0]
    assert {(line["source"], line["kind"], line["grade"], line["unit"]) for line in lines} == {
        ("submitted", "red_list", "市级", "sjj")
    }
    assert {line["counterparty"] for line in lines} == {"示例市第1商贸有限公司", "张某某"}
    assert run(capsys, filled, "records", "--kind", "red_list", "--source", "published")[1] == ""
    code, out, _ = run(capsys, filled, "records", "--kind", "red_list", "--format", "csv", "--unit", "sjj")
    assert code == 0 and out.splitlines()[0].lstrip("\ufeff").startswith("record_id,source,kind")
    assert run(capsys, filled, "records")[0] == 2  # licences and penalties: which inlet
    code, _, err = run(capsys, filled, "records", "--kind", "redlist")
    assert code == 2 and "是否想写 red_list" in err
    code, out, _ = run(capsys, filled, "records", "--source", "submitted", "--kind", "licence")
    assert (code, out) == (0, "")


def test_counts_by_unit_and_kind(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, filled, "records", "--count")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [list(line) for line in lines] == [list(other_records.COUNT_FIELDS)] * 2
    assert [(line["unit"], line["kind"], line["source"], line["records"], line["natural_persons"]) for line in lines] == [
        ("sjj", "penalty", "submitted", 1, 0), ("sjj", "red_list", "submitted", 2, 1),
    ]  # fmt: skip
    assert lines[1]["kind_name"] == "表彰奖励与红榜" and lines[1]["first_decision"] == "2026-09-03"
    assert len(run(capsys, filled, "records", "--count", "--kind", "red_list")[1].splitlines()) == 1
    assert run(capsys, filled, "records", "--count", "--unit", "spj")[1] == ""


def test_they_never_enter_the_comparison(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    from assessment.run import assess
    from db.models import Finding, Pair

    assess(filled, "2026-09", as_of=datetime.date(2026, 10, 12))
    with session_of(filled) as session:
        submitted = {pair.submitted for pair in session.scalars(select(Pair))}
        known = set(session.scalars(select(Submission.record_id)))
        assert submitted == known and len(known) == 1
        assert not {finding.kind for finding in session.scalars(select(Finding))} - {"penalty", "licence", None}
        assert session.scalar(select(func.count()).select_from(OtherRecord)) == 2
