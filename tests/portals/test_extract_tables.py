"""Tables, lists and lines in every shape they have on pages: exactly the decisions that stand there, each with its values."""

from __future__ import annotations

import json
import time

import pytest

from crawler.extract import classify, read
from crawler.extract.decode import decode
from crawler.extract.reading import Reading

HEADER = (
    "序号",
    "行政处罚决定书文号",
    "案件名称",
    "行政相对人名称",
    "违法事实",
    "处罚依据",
    "处罚内容",
    "处罚决定日期",
    "处罚机关",
)


def row(number: int) -> tuple[str, ...]:
    return (
        str(number), f"示市监罚〔2026〕{number}号", f"示例{number}号店经营过期食品案", f"示例县第{number}食品店", "经营超过保质期的食品",
        "《中华人民共和国食品安全法》第一百二十四条", "罚款5000元", "2026-08-03", "示例县市场监督管理局",
    )  # fmt: skip


def cells(*texts: str, tag: str = "td", rest: str = "") -> str:
    return "<tr>" + "".join(f"<{tag}{rest}>{text}</{tag}>" for text in texts) + "</tr>"


def table(*rows: str) -> str:
    return f"<table>{''.join(rows)}</table>"


def seen(html: str, title: str = "行政处罚信息公示表", kind: str = "auto") -> Reading:
    page = f"<html><head><meta charset='utf-8'></head><body>{html}</body></html>"
    return read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", kind, title=title)


def numbers(html: str) -> list[str]:
    return [one.fields.get("document_number", "") for one in seen(html).rows]


WHOLE = table(cells(*HEADER), *(cells(*row(n)) for n in (1, 2, 3)))
WANTED = ["示市监罚〔2026〕1号", "示市监罚〔2026〕2号", "示市监罚〔2026〕3号"]


@pytest.mark.parametrize(
    "html",
    [
        WHOLE,
        table("<tr><td colspan='9'>示例县市场监督管理局行政处罚信息公示表</td></tr>", "<tr><td colspan='9'>填报单位：执法股　2026年8月</td></tr>",
              cells(*HEADER), cells(*row(1)), cells(*row(2)), cells(*row(3)), "<tr><td colspan='9'>填表人：王某</td></tr>"),
        table("<tr></tr>", "<thead>" + cells(*HEADER, tag="th") + "</thead>", "<tbody>", cells(*row(1)), "<tr></tr>", cells(*[""] * 9), cells(*row(2)),
              cells(*row(3)), "</tbody>"),
        table(cells(*HEADER), cells("填写序号", "必填，不超过128个字符", "必填", "必填，全称", "必填", "必填", "必填",
              "格式：yyyy-mm-dd", "必填"), *(cells(*row(n)) for n in (1, 2, 3))),
        table(cells(*HEADER), *(cells(*row(n)) for n in (1, 2, 3)), cells("合计", "3件", "", "", "", "", "15000元", "", "")),
        table(cells(*HEADER), cells(*row(1))) + "<p>八月</p>" + table(cells(*HEADER), cells(*row(2)), cells(*row(3))),
        table(cells(*HEADER), cells(*row(1)), "<tr><td colspan='9'>二、八月份</td></tr>", cells(*HEADER), cells(*row(2)), cells(*row(3))),
        f"<table><tr><td><div><table><tr><td>{WHOLE}</td></tr></table></div></td></tr></table>",
        table("".join(("<tr>", *(f"<td rowspan='2'>{label}</td>" for label in HEADER[:3]), "<td colspan='1'>行政相对人</td>",
                       *(f"<td rowspan='2'>{label}</td>" for label in HEADER[4:]), "</tr><tr><td>名称</td></tr>")), *(cells(*row(n)) for n in (1, 2, 3))),
        table(cells(*HEADER), *(cells(*row(n)).replace("</tr>", "") for n in (1, 2, 3))),
        WHOLE.replace("<td>", "<TD noWrap vAlign=top width=64>").replace("</td>", "</TD>").replace("<table>", "<TABLE border=1>"),
    ],
    ids=["plain", "titles-and-notes", "empty-rows", "rules", "total", "two-tables", "header-again", "nested", "two-row-header", "unclosed", "upper-case"],
)  # fmt: skip
def test_a_wide_table_gives_exactly_its_decisions(html: str) -> None:
    assert numbers(html) == WANTED


def test_cells_that_span_rows_and_another_order_of_columns() -> None:
    first = [*row(1)]
    spanned = (
        "<tr>" + "".join(f"<td>{text}</td>" for text in first[:8]) + f"<td rowspan='2'>{first[8]}</td></tr>"
        + "<tr>" + "".join(f"<td>{text}</td>" for text in row(2)[:8]) + "</tr>"
    )  # fmt: skip
    order = [8, 7, 6, 5, 4, 3, 2, 1, 0]
    html = table(cells(*HEADER), spanned) + table(
        cells(*(HEADER[n] for n in order)), cells(*(row(3)[n] for n in order))
    )
    found = seen(html).rows
    assert [one.fields["document_number"] for one in found] == WANTED
    assert {one.fields["authority"] for one in found} == {"示例县市场监督管理局"}
    assert found[2].fields["counterparty"] == "示例县第3食品店"


@pytest.mark.parametrize("count", [1, 2, 200, 5000])
def test_a_table_of_any_length_is_read_whole(count: int) -> None:
    found = seen(table(cells(*HEADER), *(cells(*row(n)) for n in range(1, count + 1)))).rows
    assert len(found) == count
    assert found[-1].fields["document_number"] == f"示市监罚〔2026〕{count}号"


WORD = "<p class=MsoNormal><span lang=EN-US style='mso-bidi-font-size:10.5pt'>{}<o:p></o:p></span></p>"
PAIRS = (
    ("行政处罚决定书文号", "示交执罚〔2026〕7号"), ("案件名称", "超限运输案"), ("行政相对人名称", "示例物流有限公司"),
    ("统一社会信用代码", "91140600MA0KXXXX1X"), ("处罚内容", "罚款3000元"), ("处罚决定日期", "2026年8月9日"), ("处罚机关", "示例市交通运输局"), ("备注", ""),
)  # fmt: skip


def by(width: int) -> str:
    flat = [text for pair in PAIRS for text in pair]
    return table(*(cells(*flat[n : n + width]) for n in range(0, len(flat), width)))


@pytest.mark.parametrize(
    "html",
    [
        by(2), by(4), by(8),
        table(*(cells(f"{label}：{value}") for label, value in PAIRS)),
        "<ul>" + "".join(f"<li><span>{label}</span>：<em>{value}</em></li>" for label, value in PAIRS) + "</ul>",
        "<dl>" + "".join(f"<dt>{label}：</dt><dd>{value}</dd>" for label, value in PAIRS) + "</dl>",
        "<div>" + "<br/>".join(f"{n}、{label}:{value}" for n, (label, value) in enumerate(PAIRS, 1)) + "</div>",
        "<div>" + "".join(f"<p><strong>{label}</strong>：{value}</p>" for label, value in PAIRS) + "</div>",
        table(*(cells(WORD.format(label), WORD.format(value)) for label, value in PAIRS)),
        table("<tr><td rowspan='9'>行政处罚信息</td></tr>", *(cells(label, value) for label, value in PAIRS)),
    ],
    ids=["two", "four", "eight", "one-column", "list", "definitions", "numbered-lines", "paragraphs", "word", "group"],
)  # fmt: skip
def test_labels_and_values_side_by_side_or_one_below_the_other(html: str) -> None:
    (one,) = seen(html).rows
    assert one.fields["document_number"] == "示交执罚〔2026〕7号"
    assert (one.fields["counterparty"], one.fields["content"]) == ("示例物流有限公司", "罚款3000元")
    assert (one.fields["decision_date"], one.fields["authority"]) == ("2026年8月9日", "示例市交通运输局")
    assert one.fields["counterparty_code"] == "91140600MA0KXXXX1X"


def test_a_form_with_groups_names_the_party_by_its_group() -> None:
    html = table(
        "<tr><td>案号</td><td colspan='6'>示交执罚〔2026〕7号</td></tr>",
        "<tr><td rowspan='3'>当事人</td><td rowspan='1'>个人</td><td>姓名</td><td></td><td>身份证件号</td><td colspan='2'></td></tr>",
        "<tr><td rowspan='2'>单位</td><td>名称</td><td colspan='4'>示例物流有限公司</td></tr>",
        "<tr><td>法定代表人</td><td>孙某</td><td>统一社会信用代码</td><td colspan='2'>91140600MA0KXXXX1X</td></tr>",
        "<tr><td>违法事实</td><td colspan='6'>超限运输</td></tr>", "<tr><td>处罚内容</td><td colspan='6'>罚款3000元</td></tr>",
        "<tr><td>处罚决定日期</td><td colspan='6'>2026年8月9日</td></tr>", "<tr><td>处罚机关</td><td colspan='6'>示例市交通运输局</td></tr>",
    )  # fmt: skip
    (one,) = seen(html).rows
    assert (one.fields["document_number"], one.fields["counterparty"]) == ("示交执罚〔2026〕7号", "示例物流有限公司")
    assert (one.fields["legal_representative"], one.fields["content"]) == ("孙某", "罚款3000元")


def test_residue_of_word_processors_is_no_text() -> None:
    html = (
        "<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--><style>p.MsoNormal{mso-style-parent:''}</style>"
        "<p class=MsoNormal>行政处罚决定书</p><p class=MsoNormal>示环<span>罚</span><span lang=EN-US>〔20</span><span>26</span>"
        "<span>〕2</span><span>1</span>号<o:p>&nbsp;</o:p></p>"
        "<v:shape id='a'><v:imagedata src='x.gif'/></v:shape>"
        "<p>示例<st1:personname w:st='on' productid='环保'>环保</st1:personname>设备厂：</p>"
        "<p>我局决定对你单位作出如下行政处罚：</p><p>处罚款人民币壹拾万元整（￥<span>10</span><span>0000</span>元）。</p>"
        "<p>示例市生态&nbsp;环境局</p><p><st1:chsdate year='2026' month='8' day='3' w:st='on'>202</st1:chsdate>\\? 6年8月&nbsp;3日</p>"
    )  # fmt: skip
    (one,) = seen(html, "行政处罚决定书").rows
    assert (one.fields["document_number"], one.fields["counterparty"]) == ("示环罚〔2026〕21号", "示例环保设备厂")
    assert "".join(one.fields["decision_date"].split()) == "2026年8月3日"
    assert (one.fields["authority"], one.fields["fine_yuan"]) == ("示例市生态环境局", "壹拾万元整")


INDEX = table(
    cells("索 引 号", "000014349/2026-00012", "主题分类", "行政执法"), cells("发布机构", "示例县水务局", "成文日期", "2026年9月1日"),
    cells("标　　题", "行政处罚决定书（示例砂石有限公司）", "文　　号", "示水罚决字〔2026〕6号"),
)  # fmt: skip


def test_the_index_of_a_page_is_no_decision_but_fills_it() -> None:
    text = "<p>示例砂石有限公司：</p><p>你单位未经批准在河道采砂。</p><p>我局决定对你单位作出如下行政处罚：</p><p>罚款2万元。</p>"
    (one,) = seen(INDEX + text, "行政处罚决定书（示例砂石有限公司）").rows
    assert (one.form, one.fields["document_number"]) == ("decision_text", "示水罚决字〔2026〕6号")
    assert (one.fields["authority"], one.fields["decision_date"]) == ("示例县水务局", "2026年9月1日")
    assert one.labels["document_number"] == "文号" and one.confidence <= 0.6
    assert seen(INDEX + WHOLE).rows[0].fields["document_number"] == WANTED[0]


def test_what_the_text_itself_says_goes_before_the_index_and_the_title() -> None:
    lines = (
        "示水罚决字〔2026〕9号",
        "示例砂石有限公司：",
        "我局决定对你单位作出如下行政处罚：",
        "罚款2万元。",
        "示例县水政监察大队",
        "2026年8月30日",
    )
    (one,) = seen(INDEX + "".join(f"<p>{line}</p>" for line in lines), "示例县水务局行政处罚决定书").rows
    assert (one.fields["document_number"], one.fields["decision_date"]) == ("示水罚决字〔2026〕9号", "2026年8月30日")
    assert one.fields["authority"] == "示例县水政监察大队"


@pytest.mark.parametrize("title", ["示例县卫生健康局2026年8月行政处罚信息公示表", "行政处罚信息公示表"])
def test_a_table_without_an_authority_takes_it_from_what_heads_it(title: str) -> None:
    head = "" if title.startswith("示例") else "<tr><td colspan='8'>示例县卫生健康局行政处罚信息公示表</td></tr>"
    (one,) = seen(table(head, cells(*HEADER[:8]), cells(*row(1)[:8])), title).rows
    assert (one.fields["authority"], one.labels["authority"]) == ("示例县卫生健康局", "标题")
    assert one.confidence < 0.9


def test_several_decisions_in_one_text_are_several() -> None:
    def one(number: int) -> str:
        lines = ("示例市财政局", "行政处罚决定书", f"示财罚〔2026〕{number}号", f"示例{number}号招标代理有限公司：", "经查，你公司违反《政府采购法》。",
                 "本机关决定对你公司作出如下处罚：", f"罚款{number}0000元。", "示例市财政局", f"2026年7月{number}日")  # fmt: skip
        return "".join(f"<p>{line}</p>" for line in lines)

    found = seen(one(1) + one(2) + one(3), "政府采购行政处罚决定书").rows
    assert [each.fields["document_number"] for each in found] == [f"示财罚〔2026〕{n}号" for n in (1, 2, 3)]
    assert [each.fields["counterparty"] for each in found] == [f"示例{n}号招标代理有限公司" for n in (1, 2, 3)]
    assert [each.fields["decision_date"] for each in found] == [f"2026年7月{n}日" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("行政处罚事项目录", table(cells("序号", "处罚事项", "处罚依据", "处罚机关"), cells("1", "对无证经营的处罚", "《食品安全法》", "市场监管局"))),
        ("示例市司法局行政复议决定书", "<p>示政复决字〔2026〕3号</p><p>申请人：张某</p><p>被申请人：示例县公安局</p>"
         "<p>本机关决定：维持行政处罚。</p><p>2026年8月3日</p>"),
        ("行政处罚听证告知书送达公告", "<p>示例公司：我局拟对你公司罚款5000元（示罚告〔2026〕1号）。</p><p>示例市水利局</p><p>2026年8月3日</p>"),
        ("2026年8月双公示零报告", "<p>本月我局无行政处罚信息。</p>"),
        ("示例县气象局2026年8月行政处罚信息", "<p>示例县气象局2026年8月没有作出行政处罚决定。</p>"),
        ("不予行政处罚决定书", "<p>示市监不罚〔2026〕1号</p><p>当事人：示例食品店</p><p>决定不予行政处罚。</p><p>示例县市场监督管理局</p><p>2026年8月3日</p>"),
        ("示例县行政许可事项清单", table(cells("序号", "许可事项名称", "实施机关", "设定依据"), cells("1", "食品经营许可", "市场监管局", "《食品安全法》"))),
        ("关于示例项目环境影响报告表的受理公告", "<p>项目名称：示例项目</p><p>建设单位：示例公司</p><p>受理日期：2026年8月3日</p>"),
        ("示例县召开行政执法工作会议", "<p>8月3日，示例县召开行政执法工作会议，通报上半年行政处罚案件办理情况。</p>"),
    ],
    ids=["catalogue", "review", "service", "zero-title", "zero-text", "no-penalty", "list-of-powers", "acceptance", "news"],
)  # fmt: skip
def test_what_is_no_decision_gives_none_and_says_why(title: str, body: str) -> None:
    found = seen(body, title)
    assert (found.rows, found.not_record, found.unread) == ([], True, False)
    assert len(found.reason) >= 6


def test_a_page_that_promises_decisions_and_shows_none_that_we_can_read_says_so() -> None:
    found = seen("<div><p>详见公告栏</p></div>", "示例县规划局2026年行政处罚信息数据（7月）")
    assert (found.rows, found.not_record, found.unread) == ([], False, True)


@pytest.mark.parametrize("declared", ["utf-8", "gbk", "gb2312", "big5", "iso-8859-1", None])
@pytest.mark.parametrize("real", ["utf-8", "gb18030", "gbk", "utf-16"])
def test_a_table_is_read_whatever_encoding_is_declared(declared: str | None, real: str) -> None:
    rows = (("行政处罚决定书文号", "行政相对人名称", "处罚内容"), ("示市监罚〔2026〕1号", "示例县甲店", "罚款500元"))
    page = f"<html><meta charset='{declared}'><body>{table(*(cells(*row) for row in rows))}</body></html>"
    kind = declared and f"text/html; charset={declared}"
    found = read(page.encode(real), "http://x.example/a.html", kind, "penalty").rows
    assert [(one.fields["document_number"], one.fields["counterparty"]) for one in found] == [
        ("示市监罚〔2026〕1号", "示例县甲店")
    ]


@pytest.mark.parametrize("declared", ["utf-8", "gbk", "big5", None])
def test_text_in_the_traditional_code_page_is_told_from_the_other(declared: str | None) -> None:
    text = "示例市政府公告：依據本法第三條之規定，本市行政處罰決定書送達當事人，年月日如上。"
    assert decode(text.encode("big5"), declared and f"text/html; charset={declared}") == text
    short = "示市监罚〔2026〕1号，对示例县甲店处罚款五百元。"
    assert decode(short.encode("gbk"), declared and f"text/html; charset={declared}") == short


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0, "data": {"rows": [{"cf_wsh": "示市监罚〔2026〕1号", "cf_xdr_mc": "示例县第1食品店", "cf_nr": "罚款500元"}], "total": 1}},
        {"d": json.dumps({"Rows": [], "data": [{"行政处罚决定书文号": "示市监罚〔2026〕1号", "行政相对人名称": "示例县第1食品店"}]}, ensure_ascii=False)},
        {"data": {"info": {"CF_WSH": "示市监罚〔2026〕1号", "CF_XDR_MC": "示例县第1食品店", "CF_JDRQ": "2026-08-03"}}},
        {"success": True, "data": {"html": table(cells(*HEADER), cells(*row(1)))}},
        {"data": {"docTitle": "行政处罚信息公开表", "docClob": "<html><body>" + table(cells(*HEADER), cells(*row(1))) + "</body></html>"}},
    ],
    ids=["codes", "text-in-d", "one-object", "html-field", "article"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_answers_of_interfaces_hold_their_decisions_in_many_places(answer: object, encoding: str) -> None:
    for text in (json.dumps(answer, ensure_ascii=False), f"callback({json.dumps(answer)});"):
        found = read(text.encode(encoding), "http://x.example/api/list", "application/json", "penalty")
        assert [(one.fields["document_number"], one.fields["counterparty"]) for one in found.rows] == [
            ("示市监罚〔2026〕1号", "示例县第1食品店")
        ]


HARM = {
    "nested tables": "<table><tr><td>行政处罚决定书文号" * 2_000, "open comments": "<!--" * 50_000, "open scripts": "<script" * 50_000,
    "spans": "<table>" + ("<tr>" + "<td colspan=200 rowspan=200>文号</td>" * 60 + "</tr>") * 60 + "</table>",
    "one line": "<p>行政处罚决定书</p><p>示罚〔2026〕1号</p><p>" + "于2026年8月3日对" * 20_000 + "</p>",
    "brackets": "<p>行政处罚决定书</p><p>" + "〔2026" * 40_000,
    "headings": "".join(f"<p>行政处罚决定书</p><p>示罚〔2026〕{n}号</p>" for n in range(5_000)), "columns": table(cells(*["行政处罚决定书文号"] * 20_000)),
    "json": "[" * 100_000, "many tables": table(cells("行政处罚决定书文号", "甲")) * 5_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
def test_pages_made_to_harm_are_read_in_bounded_time(name: str) -> None:
    page = HARM[name]
    started = time.process_time()
    read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "auto", title="行政处罚决定书")
    classify.says_empty(page)
    assert time.process_time() - started < 40  # seconds of a slow machine
