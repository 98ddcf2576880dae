"""A new 填报说明 is data: a file in the workspace, and its submissions are recognised, mapped, judged by its rules, stored."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import python_calamine
from sqlalchemy import select

import cli
from db.models import Batch, OtherRecord, Submission
from db.session import session_of
from db.settings import Workspace
from db.workspace import create
from intake.grids import Grid
from intake.headers import find_table
from intake.read_archive import read_source
from intake.rows import Reader
from intake.submission_template import write_template
from intake.submissions import import_submissions
from intake.workers import _Worker, opened
from standard import additions, describe, editions, kinds
from standard.errors import Refused
from standard.fields import FIELDS

EDITION = """
fields:
  carbon_number: {label: 碳排放配额编号, type: text, max: 20}
editions:
  "2031":
    basis: 示例文件〔2031〕1号
    extends: "2020"
    tells: {penalty: [碳排放配额编号, 惩处对象全名]}
    codes:
      category: {罚款: ["F1", 罚金], 警告: ["F2"], 信用惩戒: ["F9"]}
    drop: {penalty: [CF_XDR_MC, CF_YXQ]}
    marks: {penalty: {CF_GSJZQ: MMM}}
    templates:
      penalty:
        - [CF_QTMC, 惩处对象全名, counterparty, MMM, 200]
        - [CF_TPF, 碳排放配额编号, carbon_number, MMO, 20]
"""
WORDS = """
fields:
  authority: {penalty: [惩处机关]}
  counterparty: {both: [主体称谓]}
typos: {惩除: 惩处}
"""
HEADER = [
    "惩处对象全名", "碳排放配额编号", "行政相对人类别", "行政相对人代码_1(统一社会信用代码)", "法定代表人", "行政处罚决定书文号", "违法行为类型", "违法事实",
    "处罚依据", "处罚类别", "处罚内容", "罚款金额（万元）", "处罚决定日期", "公示截止期", "惩除机关", "处罚机关统一社会信用代码", "数据来源单位",
    "数据来源单位统一社会信用代码", "备注",
]  # fmt: skip
ROW = [
    "示例市第一商贸有限公司", "TPF-0001", "法人及非法人组织", "91330000755918469E", "王五", "示市监罚字〔2026〕1号", "超标排放", "超标排放一次",
    "《大气污染防治法》第九十九条", "F1;F2", "罚款5000元，警告", "0.5", "2026/09/03", "2027/09/03", "示例市市场监督管理局", "11420000MB15291767",
    "示例市市场监督管理局", "11420000MB15291767", "",
]  # fmt: skip


@pytest.fixture
def office(workspace: Workspace) -> Iterator[Workspace]:
    for folder, text in (("editions", EDITION), ("aliases", WORDS)):
        (workspace.root / "standard" / folder).mkdir(parents=True)
        (workspace.root / "standard" / folder / "own.yml").write_text(text, encoding="utf-8")
    yield Workspace.open(workspace.root)
    additions.unload()


def only(workspace: Workspace) -> Submission:
    with session_of(workspace) as session:
        return session.scalars(select(Submission)).one()


def test_a_made_up_edition_comes_in_end_to_end(
    office: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    wrong = [*ROW]
    wrong[1], wrong[5], wrong[9], wrong[13] = "", "示市监罚字〔2026〕2号", "F7", ""
    (receipt,) = import_submissions(office, [write_xlsx(tmp_path / "a.xlsx", {"法人处罚": [HEADER, ROW, wrong]})])
    assert (receipt.accepted, receipt.refused) == (2, 0)
    with session_of(office) as session:
        assert session.scalars(select(Batch)).one().edition == "2031"
        good, bad = session.scalars(select(Submission).order_by(Submission.document_number))
    assert (good.counterparty, good.authority) == ("示例市第一商贸有限公司", "示例市市场监督管理局")
    assert good.category == "罚款；警告" and good.fine_yuan == 5000.0 and good.raw["碳排放配额编号"] == "TPF-0001"
    assert not [defect for defect in good.defects if defect["severity"] in "EW"]  # CF_YXQ was dropped: not missing
    told = {(defect["rule"], defect["field"]) for defect in bad.defects if defect["severity"] in "EW"}
    assert {("C2", "carbon_number"), ("C2", "publicity_until"), ("K1", "category")} <= told
    assert any("碳排放配额编号" in line.message for line in receipt.rows_detail)


def test_the_same_rows_by_name_of_the_edition(
    office: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    plain = ["主体称谓" if label == "惩处对象全名" else label for label in HEADER if label != "碳排放配额编号"]
    path = write_xlsx(tmp_path / "a.xlsx", {"法人处罚": [plain, [value for value in ROW if value != "TPF-0001"]]})
    with pytest.raises(SystemExit) as left:
        cli.main(["-w", str(office.root), "import", "submissions", str(path), "--edition", "2031"])
    assert left.value.code == 0 and "新增 1" in capsys.readouterr().out
    record = only(office)
    assert record.counterparty == "示例市第一商贸有限公司" and record.category == "罚款；警告"
    assert ("C2", "carbon_number") in {(defect["rule"], defect["field"]) for defect in record.defects}
    with pytest.raises(SystemExit) as left:
        cli.main(["-w", str(office.root), "import", "submissions", str(path), "--edition", "2013"])
    assert left.value.code == 2 and "是否想写 2031" in capsys.readouterr().err


def test_its_template_is_written_and_read_back(
    office: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    path = tmp_path / "t.xlsx"
    with pytest.raises(SystemExit) as left:
        cli.main(["-w", str(office.root), "template", "submissions", "--edition", "2031", "-o", str(path)])
    assert left.value.code == 0
    with zipfile.ZipFile(path) as packed:
        assert "信用惩戒" in packed.read("xl/worksheets/sheet2.xml").decode()  # the list to choose from
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name("行政处罚").to_python()
    labels, rules = [str(cell) for cell in sheet[0]], [str(cell) for cell in sheet[1]]
    assert labels == [column.label for column in editions.EDITIONS["2031"].templates["penalty"]]
    values = dict(zip(HEADER, ROW, strict=True)) | {"处罚机关": "示例市市场监督管理局"}
    filled = write_xlsx(tmp_path / "f.xlsx", {"行政处罚": [labels, rules, [values.get(label, "") for label in labels]]})
    (receipt,) = import_submissions(office, [filled])
    assert (receipt.rows, receipt.accepted) == (1, 1)
    record = only(office)
    assert record.counterparty == "示例市第一商贸有限公司" and record.raw["碳排放配额编号"] == "TPF-0001"


@pytest.mark.parametrize("edition", ["2015", "2015-jiangsu", "2015-zhejiang", "2018", "2020", "proposed"])
def test_every_template_is_recognised_and_holds_no_row(edition: str, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheets = write_template(path, edition)
    found = {}
    for grid in read_source(path, 64).grids:
        table = find_table(grid)
        if table is None:
            assert grid.sheet.startswith("说明-"), grid.sheet
            continue
        assert list(table.stream()) == [] and grid.sheet in sheets
        found[grid.sheet] = table.edition
    assert set(found) == set(sheets)
    assert edition == "proposed" or set(found.values()) == {edition}


def test_a_wider_kind_has_a_template_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["template", "red_list", "-o", str(tmp_path / "r.xlsx")])
    names = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).sheet_names
    assert left.value.code == 0 and names[0] == kinds.KINDS["red_list"].label
    with pytest.raises(SystemExit) as left:
        cli.main(["template", "redlist"])
    assert left.value.code == 2 and "red_list" in capsys.readouterr().err
    with pytest.raises(Refused, match="没有"):
        write_template(tmp_path / "x.xlsx", "2020", "red_list")


def test_another_workspace_knows_nothing_of_it(office: Workspace, tmp_path: Path) -> None:
    assert "2031" in editions.EDITIONS and "carbon_number" in FIELDS
    create(tmp_path / "other")
    Workspace.open(tmp_path / "other")
    assert "2031" not in editions.EDITIONS and "carbon_number" not in FIELDS
    Workspace.open(office.root)
    assert "2031" in editions.EDITIONS
    (office.root / "standard" / "editions" / "own.yml").unlink()
    Workspace.open(office.root)  # what was deleted is forgotten
    assert "2031" not in editions.EDITIONS


def test_a_process_of_its_own_knows_it_too(office: Workspace) -> None:
    table = find_table(Grid("法人处罚", [HEADER, ROW]))
    assert table is not None and table.edition == "2031"
    wrong = ["" if value == "TPF-0001" else value for value in ROW]
    worker = _Worker("spawn", [])
    try:
        worker.introduce(Reader.of(table, datetime.date(2026, 10, 12), b"k"))
        worker.ask([(2, ROW), (3, wrong)])
        good, bad = [opened(row) for row in worker.answer()]
    finally:
        worker.stop(False)
    assert ("C2", "carbon_number") in {told[:2] for told in bad.told} and good.told == []


def test_every_fault_of_every_file_is_told_at_once(workspace: Workspace) -> None:
    folder = workspace.root / "standard"
    for name, text in (
        ("editions/a.yml", 'editions: {"2031": {basis: x, extends: "2002", tells: {penality: [y]},'
         " templates: {penalty: [[A, B, fein_yuan, MMM], [A, B, facts, XX]]}}}"),
        ("editions/b.yml", 'editions: {"2020": {basis: x, tells: {}, templates: {}}}\nedition: 1'),
        ("editions/c.yml", 'editions: {"2032": {basis: x, extends: "2020", tells: {}, templates: {}, marks: {penalty: {CF_GSJZX: MMM}},'
         " drop: {penalty: [CF_YXX]}, codes: {categry: {a: [b]}}}}"),
        ("editions/d.yml", 'editions: {"2033": {basis: x, tells: {penalty: [处罚机关]},'
         " templates: {penalty: [[A, 处罚机关, counterparty, MMM]]}}}"),
        ("aliases/a.yml", "fields: {counterpary: {both: [甲]}, authority: {penality: [乙]}, content: {penalty: [处罚机关]}}\ntypo: {a: b}"),
        ("alias/a.yml", "fields: {}"), ("own.yml", "x: 1"),
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        Workspace.open(workspace.root)
    told = "\n".join(refused.value.faults)
    for said in (
        "fine_yuan", "三个字母", "2002", "penalty", "已经存在", "未知的键 edition", "CF_GSJZQ", "CF_YXQ", "categry", "属于 authority", "counterparty",
        "未知的键 typo", "是否想写 typos", "不能改作 content", "没有这个目录，是否想写 aliases", "own.yml：请放到",
    ):  # fmt: skip
        assert said in told, said
    assert "2031" not in editions.EDITIONS and additions.folder() is None


def test_the_examples_of_the_page_are_accepted(workspace: Workspace) -> None:
    edition, words = re.findall(r"```yaml\n(.*?)```", describe.page(), re.S)
    for folder, text in (("editions", edition), ("aliases", words)):
        (workspace.root / "standard" / folder).mkdir(parents=True)
        (workspace.root / "standard" / folder / "example.yml").write_text(text, encoding="utf-8")
    Workspace.open(workspace.root)
    try:
        assert "2031" in editions.EDITIONS and editions.code_lists("2031")["category"]["F1"] == "罚款"
    finally:
        additions.unload()


def test_without_its_file_the_header_is_not_known(
    workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    (receipt,) = import_submissions(workspace, [write_xlsx(tmp_path / "a.xlsx", {"法人处罚": [HEADER, ROW]})])
    assert receipt.accepted == 1 and only(workspace).counterparty is None  # so the test above is not empty
    with session_of(workspace) as session:
        assert session.scalars(select(OtherRecord)).all() == []
