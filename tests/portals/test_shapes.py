"""Shapes in which decisions of other provinces stand: numbers with an area's digits, parties without a colon, labels without one."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from types import ModuleType

import pytest

from crawler.documents.parts import Limits
from crawler.documents.pdf import read_pdf
from crawler.extract import decision_text, extract_sources, read
from crawler.extract.reading import Reading
from standard import aliases
from tests.portals import papers

RESULT = ("我局决定对你单位作出如下行政处罚：", "罚款人民币贰万元。")
SIGNED = ("示例市生态环境局", "2026年8月9日")


def page(body: str, title: str = "", kind: str = "auto") -> Reading:
    html = f"<html><body><div class='content'>{body}</div></body></html>"
    return read(html.encode(), "http://x.example/a.html", "text/html; charset=utf-8", kind, title=title)


def told(*lines: str, title: str = "行政处罚决定书") -> dict[str, str]:
    rows = page("".join(f"<p>{line}</p>" for line in lines), title).rows
    assert len(rows) == 1
    return rows[0].fields


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("示0923环罚决字〔2026〕7号", "示0923环罚决字〔2026〕7号"), ("示 1104 环罚决字〔2026〕4 号", "示1104环罚决字〔2026〕4号"),
        ("示01环罚﹝2026﹞71号", "示01环罚﹝2026﹞71号"), ("文号：示环罚150222〔2026〕6号", "示环罚150222〔2026〕6号"),
        ("示林罚决字[2026]第045", "示林罚决字[2026]第045"), ("海事罚字〔2026〕110200001211", "海事罚字〔2026〕110200001211"),
        ("（示怀）应急罚〔2026〕执法二中队-9号", "（示怀）应急罚〔2026〕执法二中队-9号"),
        ("2026年3月12日示环罚〔2026〕5号", "示环罚〔2026〕5号"),
    ],
)  # fmt: skip
def test_digits_that_belong_to_a_number_stay_with_it(line: str, number: str) -> None:
    assert told("行政处罚决定书", line, "甲厂：", *RESULT, *SIGNED)["document_number"] == number


def test_papers_of_the_same_case_do_not_lend_their_number() -> None:
    evidence = "证据：（示怀）应急现记〔2026〕二中队-4号现场检查记录"
    fields = told(
        "被处罚单位：甲厂", evidence, *RESULT, *SIGNED, title="行政处罚决定书（示怀）应急罚〔2026〕二中队-9号"
    )
    assert fields["document_number"] == "（示怀）应急罚〔2026〕二中队-9号"


@pytest.mark.parametrize(
    ("lines", "party"),
    [
        (("示例塑业有限公司", "法定代表人：黄某"), "示例塑业有限公司"), (("示例第二加油站统一社会信用代码91411104358054839U",), "示例第二加油站"),
        (("示例商贸有限公司，法定代表人为：杨某，联系地址：东街1号",), "示例商贸有限公司"), (("一、当事人基本情况", "戴**，男，汉族，住址：示例乡"), "戴**"),
        (("示例建筑公司（统一社会信用代码：91460100MA5T000000）：",), "示例建筑公司"),
        (("示例贸易公司：（纳税人识别号：91460100MA5T000000）",), "示例贸易公司"),
        (("（公司名称）：示例汽配有限公司",), "示例汽配有限公司"), (("当事人（中标供应商）示例商贸有限公司",), "示例商贸有限公司"),
        (("被处罚人姓名 邓* 性别 男",), "邓*"), (("被处罚人：李某 机动车驾驶证档案编号：460100",), "李某"),
        (("违法行为人王某，男，1985年生。",), "王某"), (("当事人 名称：示例速递公司 统一社会信用代码：91460000MA5T000000",), "示例速递公司"),
    ],
)  # fmt: skip
def test_a_party_is_found_where_no_colon_ends_it(lines: tuple[str, ...], party: str) -> None:
    end = ("被处罚人（签名）：", "2026年8月9日")
    assert told("行政处罚决定书", "示罚〔2026〕1号", *lines, *RESULT, *SIGNED, *end)["counterparty"] == party


def test_a_title_in_brackets_that_tells_of_the_paper_is_no_party() -> None:
    lines = ("行政处罚决定书", "示罚〔2026〕1号", "你单位违法。", *RESULT, *SIGNED)
    assert "counterparty" not in told(*lines, title="行政处罚决定书（简易程序）")
    assert told(*lines, title="行政处罚决定书（示例物业）")["counterparty"] == "示例物业"


@pytest.mark.parametrize(
    ("title", "party"),
    [
        ("示例市生态环境局关于示例公司的行政处罚决定书", "示例公司"), ("示市监处罚〔2026〕1号（示例公司）", "示例公司"),
        ("行政处罚决定书——示例公司", "示例公司"), ("行政处罚决定书（示例市城市管理局）", "示例市城市管理局"),
        ("示例公司（示环罚〔2026〕3号）", "示例公司"), ("示例县李记包子铺经营过期食品案", "示例县李记包子铺"), ("当事人示例公司涉嫌虚假宣传案", "示例公司"),
        ("关于王某某非法采矿案的行政处罚决定书", "王某某"), ("张*明行政处罚决定书", "张*明"),
        ("示例市卫生监督所行政处罚决定书", None), ("某市某局行政处罚决定书", None),
    ],
)  # fmt: skip
def test_a_title_names_the_party_and_never_the_authority(title: str, party: str | None) -> None:
    assert decision_text.party_of_title(title) == party


def test_each_of_several_parties_has_the_number_and_its_own_data() -> None:
    head = ("当 事 人：示例保险公司", "住    所：东街1号", "法定代表人：刘某", "当 事 人：张某某", "职务：时任总经理")
    lines = ("示银保监罚决字〔2026〕35号", *head, "经查，示例保险公司违法。", *RESULT, *SIGNED)
    rows = page("".join(f"<p>{line}</p>" for line in lines), "行政处罚决定书").rows
    assert [(row.fields["counterparty"], row.fields.get("legal_representative")) for row in rows] == [
        ("示例保险公司", "刘某"),
        ("张某某", None),
    ]
    assert {(row.fields["document_number"], row.fields["authority"], row.fields["decision_date"]) for row in rows} == {
        ("示银保监罚决字〔2026〕35号", *SIGNED)
    }


def test_the_sites_name_and_other_days_are_no_signature() -> None:
    heading = "示例市自然资源局行政处罚决定书（示自然资罚〔2026〕2号）"
    fields = told("示例市人民政府", heading, "示例公司：", *RESULT, "2026年8月16日", title=heading)
    assert fields["authority"] == "示例市自然资源局"
    assert "decision_date" not in told("示罚〔2026〕1号", "示例公司：", *RESULT, "公示截止日期", "2026年11月1日")


@pytest.mark.parametrize(
    ("tail", "date"),
    [
        (("示例县水务局", "2026年3月5日", "公示日期：2026年3月10日至2027年3月9日"), "2026年3月5日"),
        (("示例县水务局", "2026年3月5日", "责任编辑：张三", "2026-03-11 10:20"), "2026年3月5日"),
        (("示例县水务局", "２０２６年３月５日"), "２０２６年３月５日"), (("示例县水务局", "二〇二六年3月5日"), "二〇二六年3月5日"),
        (("示例县水务局", "二〇二六年元月五日"), "二〇二六年一月五日"), (("示例县水务局", "2026年3月"), None),
        (("[示例县水务局]", "2026年3月5日"), "2026年3月5日"),
    ],
)  # fmt: skip
def test_the_day_of_the_signature_is_no_other_day(tail: tuple[str, ...], date: str | None) -> None:
    fields = told("示水罚〔2026〕1号", "示例公司：", "2026年1月1日我局检查。", *RESULT, *tail)
    assert (fields.get("decision_date"), fields["authority"]) == (date, "示例县水务局")


def test_a_branch_of_the_central_bank_signs_as_an_authority() -> None:
    fields = told("示银罚决字〔2026〕1号", "示例公司：", *RESULT, "中国人民银行示例市中心支行", "2026年3月5日")
    assert fields["authority"] == "中国人民银行示例市中心支行"


STACKED = (
    "一、处罚决定书编号", "（示安）文综罚字〔2026〕003号", "二、案件名称", "示例网吧允许未成年人进入营业场所案", "三、处罚部门", "示例区文化和旅游局",
    "四、处罚结果", "警告", "五、处罚决定日期", "2026年1月24日", "公示截止日期", "2026年4月24日", "打印 收藏 关闭",
)  # fmt: skip
GLUED = (
    "处罚决定书文号示罚〔2026〕8号", "被处罚单位示例药房", "违法事实销售劣药", "处罚结果罚款1000元", "处罚机关示例市药品监督管理局", "处罚日期2026-01-02"
)  # fmt: skip


def test_labels_alone_in_their_lines_have_their_values_below() -> None:
    fields = told(*STACKED, title="示例网吧允许未成年人进入营业场所案")
    assert fields["document_number"] == "（示安）文综罚字〔2026〕003号"
    assert (fields["authority"], fields["decision_date"]) == ("示例区文化和旅游局", "2026年1月24日")


def test_labels_glued_to_their_values_are_read_when_most_lines_have_one() -> None:
    fields = told(*GLUED, title="公示")
    assert (fields["document_number"], fields["counterparty"]) == ("示罚〔2026〕8号", "示例药房")
    assert (fields["authority"], fields["decision_date"]) == ("示例市药品监督管理局", "2026-01-02")
    prose = ("正文。",) * 8
    assert page("".join(f"<p>{line}</p>" for line in (*GLUED, *prose)), "公示").form != "key_value"


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


REST = (
    "<td colspan=3>主要违法违规事实（案由）</td><td>违规发放贷款</td>", "<td colspan=3>行政处罚决定</td><td>罚款20万元</td>",
    "<td colspan=3>作出处罚决定的机关名称</td><td>示例监管分局</td>", "<td colspan=3>作出处罚决定的日期</td><td>2026年1月28日</td>",
)  # fmt: skip


@pytest.mark.parametrize(("person", "firm", "party"), [("——", "示例银行", "示例银行"), ("孙某", "", "孙某")])
def test_a_form_for_persons_and_firms_tells_whoever_is_named(person: str, firm: str, party: str) -> None:
    head = (
        "<td colspan=3>行政处罚决定书文号</td><td>示银监罚决字〔2026〕3号</td>",
        f"<td rowspan=3>被处罚当事人姓名或名称</td><td colspan=2>个人姓名</td><td>{person}</td>",
        f"<td rowspan=2>单位</td><td>名称</td><td>{firm}</td>",
        "<td>法定代表人（主要负责人）姓名</td><td></td>",
    )
    rows = page(table(*head, *REST), "行政处罚信息公开表").rows
    assert [row.fields.get("counterparty") for row in rows] == [party]


def test_a_cell_may_tell_line_by_line_who_the_party_is() -> None:
    inner = "名称：示例食品公司<br>统一社会信用代码：91460000MA5T000000<br>法定代表人：王某"
    rows = (
        "<td>行政处罚决定书文号</td><td>示罚〔2026〕2号</td>", f"<td>当事人基本情况</td><td>{inner}</td>", "<td>行政处罚内容</td><td>罚款</td>",
        "<td>作出行政处罚决定机关名称</td><td>示例局</td>", "<td>作出行政处罚决定日期</td><td>2026-03-02</td>",
    )  # fmt: skip
    (seen,) = page(table(*rows), "行政处罚信息摘要").rows
    assert (seen.fields["counterparty"], seen.fields["legal_representative"]) == ("示例食品公司", "王某")


def test_decisions_may_stand_side_by_side_under_labels_in_the_first_column() -> None:
    labels = ("处罚决定书文号", "行政相对人名称", "处罚事由", "处罚结果", "处罚决定日期", "处罚机关")
    one = ("示罚〔2026〕1号", "示一公司", "甲", "罚款1元", "2026-01-02", "示例局")
    two = ("示罚〔2026〕2号", "示二公司", "乙", "罚款2元", "2026-01-03", "示例局")
    rows = ("".join(f"<td>{text}</td>" for text in each) for each in zip(labels, one, two, strict=True))
    found = page(table(*rows), "公示").rows
    assert [(seen.fields["document_number"], seen.fields["decision_date"]) for seen in found] == [
        (one[0], one[4]),
        (two[0], two[4]),
    ]


def test_a_text_laid_out_in_rows_of_one_cell_keeps_its_lines() -> None:
    lines = (
        "示例省环境保护厅",
        "行政处罚决定书",
        "示环罚〔2026〕12号",
        "示例钢铁公司：",
        "我厅对你公司进行了调查。",
        *RESULT,
        *SIGNED,
    )
    (seen,) = page(table(*(f"<td>{line}</td>" for line in lines)), "行政处罚决定书").rows
    names = ("document_number", "counterparty", "authority", "decision_date")
    assert [seen.fields[name] for name in names] == ["示环罚〔2026〕12号", "示例钢铁公司", *SIGNED]


def test_a_form_without_a_number_takes_it_from_the_line_above() -> None:
    rows = (
        "<td rowspan=2>当事人基本情况</td><td>姓名或名称</td><td>示例网吧</td><td>法定代表人</td><td>刘某</td>",
        "<td>证件号码</td><td>无</td><td>国籍</td><td>中国</td>",
        "<td>处罚决定</td><td colspan=4>警告<br>示例市文化和旅游局<br>2026年1月10日</td>",
    )
    (seen,) = page("<p>行政处罚决定书</p><p>（示）文罚字〔 2026 〕-007</p>" + table(*rows), "行政处罚决定书").rows
    names = ("document_number", "counterparty", "authority", "decision_date")
    assert [seen.fields[name] for name in names] == [
        "（示）文罚字〔2026〕-007", "示例网吧", "示例市文化和旅游局", "2026年1月10日",
    ]  # fmt: skip


def test_an_authority_that_slid_into_the_next_column_is_still_the_authority() -> None:
    labels = (
        "处罚决定书文号",
        "行政相对人名称",
        "处罚事由",
        "处罚结果",
        "处罚决定日期",
        "处罚机关",
        "当前状态",
        "地方编码",
    )
    cells = ("示罚〔2026〕1号", "示例店", "违法", "罚款", "20260722", "", "", "示例市水务局")
    header, row = ("".join(f"<td>{text}</td>" for text in each) for each in (labels, cells))
    (seen,) = page(table(header, row), "公示").rows
    assert (seen.fields["authority"], "region_code" in seen.fields) == ("示例市水务局", False)


def test_the_days_a_case_was_opened_and_closed_are_not_the_day_of_decision() -> None:
    labels = ("序号", "当事人", "案件名称", "时间", "处罚文书号", "行政处罚内容")
    cells = ("1", "示例店", "示例案", "立案日期 2026.7.31 结案日期 2026.9.29", "示罚〔2026〕1号", "罚款")
    header, row = ("".join(f"<td>{text}</td>" for text in each) for each in (labels, cells))
    (seen,) = page(table(header, row), "行政处罚案件公示").rows
    assert "decision_date" not in seen.fields


@pytest.mark.parametrize(
    "cell", ["张某460002********4110", "张 某（总经理） 46000219870101411X", "张某（身份证：460002198701014110）"]
)
def test_a_person_is_named_without_the_number_of_a_paper(cell: str) -> None:
    labels = ("文件号", "当事人名称", "违法内容", "处罚决定")
    header, row = (
        "".join(f"<td>{text}</td>" for text in each) for each in (labels, ("示旅罚〔2026〕9号", cell, "无证", "罚款"))
    )
    (seen,) = page(table(header, row), "行政处罚公示").rows
    assert "".join(seen.fields["counterparty"].split()) == "张某" and seen.fields["person_id"].startswith("460002")


@pytest.mark.parametrize(
    ("label", "kind", "field"),
    [
        ("违法单位", "penalty", "counterparty"), ("被处罚单位/个人", "penalty", "counterparty"), ("执法单位名称", "penalty", "authority"),
        ("处罚主体", "penalty", "authority"), ("执法主体", "penalty", "authority"), ("决定时间", "penalty", "decision_date"),
        ("处理决定", "penalty", "content"), ("文件号", "penalty", "document_number"), ("发证单位", "licence", "authority"),
        ("审批文号", "licence", "document_number"), ("审批时间", "licence", "decision_date"), ("证号", "licence", "licence_number"),
        ("xzxdr", None, "counterparty"), ("cfjdswh", None, "document_number"), ("xkjgmc", None, "authority"), ("jdrq", None, "decision_date"),
    ],
)  # fmt: skip
def test_labels_and_codes_of_other_sites(label: str, kind: str | None, field: str) -> None:
    (column,) = aliases.match([label], kind)
    assert column is not None and column.field == field


@pytest.mark.parametrize(
    ("kind", "label", "other", "field"),
    [
        ("licence", "许可决定日期", "办结日期", "decision_date"), ("penalty", "处罚决定日期", "处理时间", "decision_date"),
        ("penalty", "处罚机关", "承办单位", "authority"),
    ],
)  # fmt: skip
def test_a_day_or_an_office_on_the_way_to_a_decision_does_not_displace_the_decisions(
    kind: str, label: str, other: str, field: str
) -> None:
    for labels in ((label, other), (other, label)):
        columns = dict(zip(labels, aliases.match(labels, kind), strict=True))
        own = columns[label]
        assert own is not None and own.field == field
        assert columns[other] is None or columns[other].field != field  # type: ignore[union-attr]


def test_records_under_the_initials_of_their_labels() -> None:
    row = {
        "xkwsh": "示林许〔2026〕1号",
        "xmmc": "林木采伐",
        "xzxdr": "示例林场",
        "xkjdrq": "2026-01-02",
        "xkjg": "示例县林业局",
    }
    content = json.dumps([row], ensure_ascii=False).encode()
    (seen,) = read(content, "http://x.example/list", "application/json", "auto").rows
    names = ("document_number", "counterparty", "decision_date", "authority")
    assert seen.kind == "licence"
    assert [seen.fields[name] for name in names] == ["示林许〔2026〕1号", "示例林场", "2026-01-02", "示例县林业局"]


def test_bold_letters_printed_twice_are_read_once() -> None:
    def line(text: str, top: int, left: float) -> str:
        return f"<div style='position:absolute;left:{left}pt;top:{top}pt;white-space:nowrap'>{text}</div>"

    lines = ("行政处罚决定书", "示罚〔2026〕1122号", "当事人：示例示范厂")
    html = "".join(line(text, 20 + 30 * place, left) for place, text in enumerate(lines) for left in (20, 20.3))
    found = read_pdf(papers.pdf(f"<body>{html}</body>"), Limits())
    assert [text for block in found.blocks for text in block.lines] == list(lines)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 60_000,
        "<div>" * 30_000 + "</div>" * 30_000,
        "<table><tr><td>" * 20_000,
        "<div></p>" * 30_000,
        "<!--" * 300_000,
    ],
    ids=("open", "closed", "tables", "mixed", "comments"),
)
def test_pages_nested_without_end_cost_no_more_than_others(markup: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html><body>{markup}<p>正文</p></body></html>", encoding="utf-8")
    started = time.process_time()
    (line,) = extract_sources([str(path)])
    assert line["form"] is None
    assert time.process_time() - started < 10  # it was minutes; here it is well below one second


def test_what_stands_too_deep_is_left_out_and_the_rest_is_read() -> None:
    inner = "".join(f"<p>{line}</p>" for line in ("示罚〔2026〕1号", "当事人：示例公司", *RESULT, *SIGNED))
    rows = page("<div>" * 20_000 + "</div>" * 20_000 + inner, "行政处罚决定书").rows
    assert [row.fields["counterparty"] for row in rows] == ["示例公司"]


def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "bench_extract.py"
    spec = importlib.util.spec_from_file_location("bench_extract", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("label", "verdict"), [("张示例", "P 1.000"), ("张他人", "P 0.000")])
def test_the_measure_compares_a_persons_name_as_it_was_read(
    label: str, verdict: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("行政处罚决定书", "示罚〔2026〕1号", "当事人：张示例", *RESULT, *SIGNED)
    html = "".join(f"<p>{line}</p>" for line in lines)
    path = tmp_path / "pages.jsonl"
    path.write_text(json.dumps({"html": html, "labels": {"被处罚人": label}}, ensure_ascii=False), encoding="utf-8")
    bench().measure_labels(path, None, 0)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  被处罚人\t"))
    assert verdict in line
