"""Reading: miniature pages of each display form, made up by us, with what a correct reading gives."""

from __future__ import annotations

import re
from pathlib import Path
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import detect
from crawler.extract import classify, extract_sources, read, tables
from crawler.extract.decode import decode
from crawler.listing import ANY, lines, next_page

PAGES = Path(__file__).parent / "pages"


def reading(name: str, kind: str = "auto") -> list[dict[str, str]]:
    return [seen.fields for seen in read((PAGES / name).read_bytes(), f"http://x.example/a/{name}", None, kind).rows]


def test_a_wide_table_with_spans_rules_and_layout() -> None:
    first, second = reading("wide_two_row_header.html", "penalty")
    assert first["document_number"] == "（示县）市监罚〔2026〕12号"
    assert (first["counterparty"], first["counterparty_code"]) == ("示例县甲店", "92140600MA0AAAAA1A")
    assert second["counterparty"] == "示例县乙店" and "counterparty_code" not in second
    assert second["authority_and_date"] == "示例县市场监督管理局，2026年8月31日"


def test_key_value_tables() -> None:
    (bank,) = reading("key_value_groups.html", "penalty")
    assert (bank["document_number"], bank["counterparty"]) == ("示金罚决字〔2026〕7号", "示例村镇银行")
    assert (bank["content"], bank["decision_date"]) == ("罚款20万元", "2026年8月20日")
    (licence,) = read(
        (PAGES / "key_value_four.html").read_bytes(), "http://x.example/", "text/html; charset=utf-8"
    ).rows
    assert licence.kind == "licence"
    assert licence.fields["counterparty"] == "示例路桥有限公司" and licence.fields["valid_to"] == "2026/12/31"


def test_lines_and_the_decisions_own_words() -> None:
    (pair,) = reading("pairs.html", "penalty")
    assert (pair["document_number"], pair["content"], pair["counterparty"]) == ("示城罚字〔2026〕3号", "警告", "李某")
    (text,) = reading("decision.html", "penalty")
    assert text["document_number"] == "示环罚字〔2026〕21号"  # not the prior notice's
    assert text["decision_date"] == "二〇二六年八月三日"  # not the notice's, and not hidden by 抄送
    assert (text["counterparty"], text["authority"]) == ("示例环保设备厂", "示例市生态环境局")
    assert text["content"].startswith("1.责令改正") and text["fine_yuan"] == "壹拾万元整"


def test_what_stands_in_a_comment_is_read() -> None:
    (licence,) = reading("commented.html", "licence")
    assert licence["document_number"] == "示许〔2026〕1号" and licence["authority"] == "示例市水利局"


@pytest.mark.parametrize(
    ("name", "not_record", "unread", "attachments"),
    [("notice.html", True, False, 0), ("scan.html", False, True, 0), ("attachment.html", False, False, 1)],
)
def test_pages_without_records_say_why(name: str, not_record: bool, unread: bool, attachments: int) -> None:
    found = read((PAGES / name).read_bytes(), "http://x.example/a/b.html", None, "penalty")
    assert (found.rows, found.not_record, found.unread, len(found.attachments)) == ([], not_record, unread, attachments)
    assert found.reason


def test_the_command_extract_gives_a_line_for_each_record_and_each_empty_file() -> None:
    found = list(extract_sources([str(PAGES)], kind="auto"))
    assert len({line["url"] for line in found}) == len(list(PAGES.iterdir()))
    assert sum("reason" in line for line in found) == 3
    (decision,) = [line for line in found if line["url"].endswith("decision.html")]
    assert (decision["fine_yuan"], decision["decision_date"], decision["form"]) == (
        100000.0,
        "2026-08-03",
        "decision_text",
    )


@pytest.mark.parametrize("declared", ["utf-8", "gbk", "gb2312", "x-unknown", None])
@pytest.mark.parametrize("real", ["utf-8", "gb18030"])
def test_text_is_decoded_whatever_is_declared(declared: str | None, real: str) -> None:
    page = f"<html><meta charset='{declared}'><p>行政处罚决定书〔2026〕1号 㐂镕</p></html>"
    assert decode(page.encode(real), declared and f"text/html; charset={declared}") == page


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (412, "<html></html>", "blocked"), (521, "<script>", "blocked"), (202, "<script>x</script>", "blocked"), (200, " ", "blocked"),
        (403, "no", "blocked"), (404, "no", "column_missing"), (502, "no", "unreachable"),
        (200, "<p>抱歉，您访问的页面不存在</p>", "soft_404"), (200, "<p>行政处罚信息公示</p>", None),
        (200, "<p>关于无证驾驶者访问被禁止区域的处罚</p>" + "<p>当事人某某因违法行为被处罚。</p>" * 300, None),
    ],
)  # fmt: skip
def test_responses_are_classed(status: int, text: str, outcome: str | None) -> None:
    problem = classify.problem_of(status, text)
    assert (problem.outcome if problem else None) == outcome


def _texts(parts: Any) -> list[str]:
    """Every text that a parsed pattern without loops stands for (blanks: one or none)."""
    found = [""]
    for what, said in parts:
        match str(what):
            case "LITERAL":
                here = [chr(said)]
            case "IN":
                here = [chr(sign) if str(kind) == "LITERAL" else " " for kind, sign in said]
            case "SUBPATTERN":
                here = _texts(said[3])
            case "BRANCH":
                here = [text for branch in said[1] for text in _texts(branch)]
            case "MAX_REPEAT":
                least, _, inner = said
                here = ([""] if least == 0 else []) + _texts(inner)
            case _:
                raise AssertionError(f"another kind of pattern: {what}")
        found = [before + text for before in found for text in here]
    return found


@pytest.mark.parametrize("pattern", [classify._BLOCK_WORDS, classify._MISSING_WORDS, re.compile("验证码")])
def test_no_word_of_a_refusing_page_is_passed_over(pattern: re.Pattern[str]) -> None:
    """`problem_of` sees what a page shows only where its source has one of a few telling words."""
    texts = _texts(sre.parse(pattern.pattern))
    assert len(texts) >= 1 and all(pattern.fullmatch(text) for text in texts)
    for text in texts:
        for spelling in (text, text.upper(), text.lower(), text.title()):
            assert classify._TELLING.search(spelling), spelling
    page = "<html><body><div>{}</div></body></html>"
    outcome = "soft_404" if pattern is classify._MISSING_WORDS else "blocked"
    for text in texts:
        problem = classify.problem_of(200, page.format(text))
        assert problem is not None and problem.outcome == outcome, text
    for sign in classify._BLOCK_SIGNS:
        assert classify._TELLING.search(f"<script>{sign}</script>")


@pytest.mark.parametrize(
    ("title", "is_none"),
    [
        ("行政处罚事项目录（2026年版）", True), ("关于开展案卷评查工作的通知", True), ("2026年9月双公示零报告", True),
        ("行政复议决定书", True), ("行政处罚事先告知书", True), ("某项目环境影响评价批前公示", True), ("办事指南", True),
        ("示例培训学校行政处罚决定书", False), ("2026年9月行政处罚清单", False), ("某公司行政许可决定书公示", False),
        ("关于某公司扩建项目的批复", False), ("示例市2026年第3批行政处罚信息公示", False),
    ],
)  # fmt: skip
def test_titles_of_what_is_no_record(title: str, is_none: bool) -> None:
    assert classify.not_a_record(title) == is_none


def test_lists_are_lines_with_dates_and_navigation_is_not() -> None:
    tree = tables.parse(
        "<a href='/nav/a.html'>首页</a><ul><li><a href='./x.html' title='很长的标题全文'>很长的…</a><span>2026-09-03</span></li>"
        "<li><a href='javascript:void(0)'>脚本</a>2026-09-03</li><li><a href='\\y.html'>反斜线</a>[2026年9月4日]</li></ul>"
        "<a href='?page=2'>下一页</a>"
    )
    found = lines(tree, "http://x.example/a/")
    assert [(line.url, line.title, line.date) for line in found] == [
        ("http://x.example/a/x.html", "很长的标题全文", "2026-09-03"), ("http://x.example/y.html", "反斜线", "2026年9月4日"),
    ]  # fmt: skip
    assert next_page(tree, "http://x.example/a/") == "http://x.example/a/?page=2"
    assert len(lines(tree, "http://x.example/a/", ANY)) == 2  # 首页 and 下一页 are no entries


@pytest.mark.parametrize(
    ("html", "url", "family"),
    [
        ("<li><a href='./202609/t20260903_1.html'>甲</a>2026-09-03</li><script>createPageHTML(1,0,'index','html')</script>", "/a/index.html", "trs_static"),
        ("<script type='text/xml'><datastore></datastore></script><script>$('#1').jpage({})</script>", "/col/col1/index.html", "hanweb_jpage"),
        ("<table id=t></table><script>table.render({url:'/api/list'})</script>", "/g.html", "json_grid"),
        ("<li><a href='a.xlsx'>9月</a>2026-09-03</li>", "/x.html", "attachment_list"),
        ("<script src='jquery.js'></script><a href='http://pucha.kaipuyun.cn/'>纠错</a>", "/", None),
    ],
)  # fmt: skip
def test_families_are_recognised_by_two_marks(html: str, url: str, family: str | None) -> None:
    found = detect.recognise(html, tables.parse(html), f"http://x.example{url}")
    assert (found.family if found else None) == family
    assert found is None or len(found.marks) >= 2


_PIECES = st.sampled_from(
    ["<table>", "</table>", "<tr>", "<td>", "<td colspan=9 rowspan=9>", "</td>", "行政处罚决定书文号", "行政相对人名称", "处罚决定日期：",
     "示罚〔2026〕1号", "2026年13月45日", "<!--", "-->", "{", "[", "\0", "{{x}}", "<a href='", "http://[", "'>", "\ud800", "：", "\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=8), max_size=40))
def test_no_text_breaks_a_reader(pieces: list[str]) -> None:
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    for url in ("http://x.example/a.html", "http://x.example/a.xls"):
        read(content, url, "text/html", "auto")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"{", b"[{"]))
def test_no_bytes_break_a_reader(content: bytes, start: bytes) -> None:
    read(start + content, "http://x.example/file.xlsx", None, "penalty")
    read(start + content, "http://x.example/page", None, "licence")


def told(title: str, *lines: str) -> dict[str, str]:
    body = "".join(f"<p>{line}</p>" for line in lines)
    page = f"<html><body><div class='TRS_Editor'>{body}</div></body></html>"
    rows = read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty", title=title).rows
    assert len(rows) == 1
    return rows[0].fields


RESULT = ("我局决定对你单位作出如下行政处罚：", "一、责令限期改正；", "二、处罚款人民币贰万元整（￥20000.00元）。")


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("示环罚字〔2026〕8号", "示环罚字〔2026〕8号"), ("(示 )安监管罚〔2026〕6号", "(示)安监管罚〔2026〕6号"),
        ("〔2026〕示质监罚决字第3号", "〔2026〕示质监罚决字第3号"),
        ("示质检罚﹝2026﹞012号", "示质检罚﹝2026﹞012号"), ("2026年示运违决字第002号", "2026年示运违决字第002号"),
        ("文书号：示市监处罚【2026】7号", "示市监处罚【2026】7号"),
    ],
)  # fmt: skip
def test_the_number_under_the_heading_is_the_decisions(heading: str, number: str) -> None:
    fields = told(
        "行政处罚决定书",
        "示例市环保局",
        "行政处罚决定书",
        heading,
        "甲厂：",
        "我局已送达告知书（示环罚告字〔2026〕5号）。",
        *RESULT,
    )
    assert fields["document_number"] == number


def test_the_number_may_stand_in_the_title_or_name_the_original() -> None:
    assert (
        told("示例局行政处罚决定书（示环罚〔2026〕9号）", "甲厂：", *RESULT)["document_number"] == "示环罚〔2026〕9号"
    )
    lines = ("甲食品厂：", *RESULT, *("正文",) * 10, "示例市环保局", "2026年9月1日", "示环监字[2026]87号.pdf")
    assert told("行政处罚决定书", *lines)["document_number"] == "示环监字[2026]87号"


@pytest.mark.parametrize(
    ("line", "party"),
    [
        ("被处罚单位（人）：示例建设公司 法定代表人：赵六 地址：东街1号", "示例建设公司"), ("受罚企业名称：示例水泥厂；", "示例水泥厂"),
        ("当事人基本情况：徐某某性别：男年龄：66岁", "徐某某"),
        ("王某 (示例砖厂)：", "王某(示例砖厂)"), ("示例养殖公司（法人代表：陈某统一社会信用代码：91140600MA0KXXXX1X):", "示例养殖公司"),
        ("示例石英砂矿： 统一社会信用代码：91140600MA0KXXXX1X；", "示例石英砂矿"),
        ("当事人：示例贸易公司等230户企业（名称见附件）；", "示例贸易公司等230户企业"),
        ("被处罚人：示例公司????法定代表人:?王某", "示例公司"),
    ],
)  # fmt: skip
def test_the_party_is_a_name_without_what_follows_it(line: str, party: str) -> None:
    assert told("行政处罚决定书", "行政处罚决定书", "示罚〔2026〕1号", line, *RESULT)["counterparty"] == party


def test_the_party_may_stand_only_in_the_title() -> None:
    assert (
        told(
            "行政处罚决定书（示例物业公司）", "行政处罚决定书", "你公司违法。", *RESULT, "示例市城管局", "2026年9月1日"
        )["counterparty"]
        == "示例物业公司"
    )
    fields = told("示例饭店-违反税收管理", "处罚事由：未按期申报", "处罚依据：《税收征收管理法》", "处罚结果：罚款50元")
    assert (fields["counterparty"], fields["facts"]) == ("示例饭店", "未按期申报")


@pytest.mark.parametrize(
    ("tail", "date", "authority"),
    [
        (
            ("示例市生态环境局", "2026年8月9日", "（此件主动公开）", "抄送：省厅", "示例市生态环境局办公室 2026年8月16日印发"),
            "2026年8月9日", "示例市生态环境局",
        ),
        (("示例市农业农村局2026年8月9日",), "2026年8月9日", "示例市农业农村局"),
        (("示例市畜牧局", "处罚机关（印章）", "2026年8月9日", "共3页，第3页"), "2026年8月9日", "示例市畜牧局"),
        (("示例县 食 品药品监督管理局", "二〇二六年八月九日"), "二〇二六年八月九日", "示例县食品药品监督管理局"),
        (("示例海关", "2026-08-09"), "2026-08-09", "示例海关"),
        (("示例市水利局", "公示日期：2026年8月20日"), None, "示例市水利局"),
    ],
)  # fmt: skip
def test_the_signature_tells_date_and_authority(tail: tuple[str, ...], date: str | None, authority: str) -> None:
    body = ("行政处罚决定书", "示罚〔2026〕1号", "甲厂：", "2026年7月1日我局检查，2026年7月20日送达告知书。", *RESULT)
    fields = told("行政处罚决定书", *body, "如不服，可在2026年12月1日前申请复议。", *tail)
    assert (fields.get("decision_date"), fields["authority"]) == (date, authority)


@pytest.mark.parametrize(
    ("result", "fine", "confiscated"),
    [
        ("一、处罚款人民币贰万元整（￥20000.00元）。", "贰万元整", None), ("一、没收违法所得1200元；\u3000二、罚款5000元。", "5000元", "1200元"),
        ("一、处伍万元（50000元）罚款；二、处壹拾万元（100000元）罚款；合计罚款15万元。", "15万元", None), ("一、罚款3000元；二、罚款5000元。", None, None),
    ],
)  # fmt: skip
def test_amounts_are_read_when_they_are_certain(result: str, fine: str | None, confiscated: str | None) -> None:
    fields = told(
        "行政处罚决定书",
        "行政处罚决定书",
        "示罚〔2026〕1号",
        "甲食品厂：",
        "决定作出如下处罚：",
        result,
        "示例局",
        "2026年9月1日",
    )
    assert (fields.get("fine_yuan"), fields.get("confiscation_yuan")) == (fine, confiscated)


def test_a_party_printed_with_its_matter_is_the_party() -> None:
    lines = (
        "处罚事由：逾期申报",
        "行政相对人名称：示例物流公司-违反税收管理",
        "处罚决定日期：2026-09-01",
        "处罚机关：示例税务局",
    )
    fields = told("", "行政处罚决定书文号：示税罚〔2026〕3号", *lines)
    assert fields["counterparty"] == "示例物流公司"


def test_prose_below_labels_is_no_part_of_them() -> None:
    head = (
        "当事人名称：示例合作社",
        "统一社会信用代码：93140600MA0KXXXX1X",
        "法定代表人：王某",
        "经查实，你社未批先建。",
    )
    fields = told("行政处罚决定书", *head, *RESULT, "示例市环保局", "2026年9月1日")
    assert (fields["legal_representative"], fields["decision_date"]) == ("王某", "2026年9月1日")


@pytest.mark.parametrize(
    "heading", ["环境行政处罚事先告知书", "行政处罚决定催告书", "不予行政处罚决定书", "行政处罚信息公示暂行规定"]
)
def test_other_papers_are_no_decisions(heading: str) -> None:
    lines = (
        "示例市环保局",
        heading,
        "示环〔2026〕1号",
        "甲厂：",
        "我局拟决定罚款1000元。",
        "示例市环保局",
        "2026年9月1日",
    )
    page = f"<body>{''.join(f'<p>{line}</p>' for line in lines)}</body>"
    assert read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty").rows == []


def test_a_table_that_names_decisions_is_read_whatever_the_page_is_called() -> None:
    rows = (
        ("序号", "行政处罚决定书文号", "行政相对人名称", "处罚决定日期"),
        (1, "示罚〔2026〕1号", "甲厂", "2026-09-01"),
    )
    page = f"<table>{''.join('<tr>' + ''.join(f'<td>{cell}</td>' for cell in row) + '</tr>' for row in rows)}</table>"
    assert len(read(page.encode(), "http://x.example/a.html", None, "penalty", title="行政处罚事项统计表").rows) == 1


def test_labelled_lines_without_a_number_are_still_read_by_their_labels() -> None:
    lines = (
        "行政相对人名称：示例食品店", "法定代表人：林某", "项目名称：食品经营许可", "许可内容：热食类制售",
        "许可决定日期：2026年9月11日", "许可机关：示例市场局",
    )  # fmt: skip
    page = "".join(f"<p>{line}</p>" for line in lines)
    (seen,) = read(
        page.encode(),
        "http://x.example/a.html",
        "text/html; charset=utf-8",
        "licence",
        title="准予示例食品店许可的决定",
    ).rows
    assert (seen.form, seen.fields["authority"], seen.fields["content"]) == ("key_value", "示例市场局", "热食类制售")


def test_what_a_text_says_is_kept_value_by_value_and_identity_papers_too() -> None:
    lines = (
        "行政处罚决定书",
        "示罚〔2026〕1号",
        "当事人：王某",
        "身份证号码：140602199003070011",
        *RESULT,
        "示例市城管局",
        "2026年9月1日",
    )
    page = "".join(f"<p>{line}</p>" for line in lines)
    (seen,) = read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty").rows
    assert len(seen.raw) == len(seen.fields) + 1
    assert any("140602199003070011" in text for text in seen.raw.values())


def test_a_saved_list_page_says_that_a_crawl_reads_it(tmp_path: Path) -> None:
    page = "<html><body><div id='list'></div><script type='text/xml'><datastore></datastore></script><script>$('#1').jpage({})</script></body></html>"
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    (tmp_path / "notice.html").write_text("<html><body><p>关于放假的通知</p></body></html>", encoding="utf-8")
    index, notice = extract_sources([str(tmp_path)])
    assert index["reason"].startswith("是列表页（站型 hanweb_jpage：") and "mingcha crawl" in index["reason"]
    assert "列表页" not in notice["reason"]


def test_a_decision_that_goes_on_below_its_heading_names_whom_it_addresses() -> None:
    run_on = "示例建筑工程有限公司：2026年5月23日，你公司承建的工程项目发生一起安全事故。我厅决定暂扣你公司《安全生产许可证》60天，作为处罚。"
    seen = told("行政处罚决定书", "示例省住房和城乡建设厅行政处罚决定书", run_on, "示例省住房和城乡建设厅2026年11月4日")
    assert (seen["counterparty"], seen["decision_date"]) == ("示例建筑工程有限公司", "2026年11月4日")
    assert seen["authority"] == "示例省住房和城乡建设厅"


def test_a_notice_about_a_penalty_names_its_party_and_not_its_attachment() -> None:
    seen = told(
        "对示例收购站进行行政处罚的公告", "示例收购站未经备案经营，我局决定对其罚款600元。", "行政处罚决定书.doc"
    )
    assert seen["counterparty"] == "示例收购站" and seen["fine_yuan"] == "600元" and ".doc" not in seen["content"]


def test_a_form_whose_head_stands_in_cells_and_the_rest_in_words_is_one_decision() -> None:
    page = (
        "<p>示交罚〔2026〕8005号</p><table><tr><td>当事人名称</td><td>冯某</td><td>法定代表人</td><td>冯某</td></tr>"
        "<tr><td>身份证号</td><td>140602********0915</td><td>地址</td><td>示例镇</td></tr></table>"
        "<p>违法事实及证据：当事人驾驶车辆从事非法客运。</p><p>我局决定给予罚款5000元的行政处罚。</p><p>示例市交通运输局</p><p>2026年4月27日</p>"
    )
    (seen,) = read(
        page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty", title="行政处罚决定书"
    ).rows
    assert (seen.fields["document_number"], seen.fields["counterparty"]) == ("示交罚〔2026〕8005号", "冯某")
    assert (seen.fields["decision_date"], seen.fields["authority"]) == ("2026年4月27日", "示例市交通运输局")
    assert (seen.fields["fine_yuan"], seen.money) == ("5000元", {"fine_yuan": "yuan"})


@pytest.mark.parametrize(("category", "fine"), [("罚款", "20.0"), ("警告", None)])
def test_a_result_that_is_only_a_number_is_the_fine(category: str, fine: str | None) -> None:
    labels = {
        "行政处罚决定书文号": "示税罚〔2026〕34号",
        "行政相对人名称": "示例厂",
        "处罚类别": category,
        "处罚结果": "20.0",
        "处罚决定日期": "2026-08-16",
    }
    page = (
        "<table>" + "".join(f"<tr><td>{label}</td><td>{text}</td></tr>" for label, text in labels.items()) + "</table>"
    )
    (seen,) = read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty").rows
    assert seen.fields.get("fine_yuan") == fine and seen.money.get("fine_yuan") == (fine and "yuan")


def test_elements_without_number_and_party_are_unread_and_not_no_record() -> None:
    page = "<p>主要违法事实：未取得食品经营许可</p><p>行政处罚依据：《食品安全法》</p><p>处罚内容：罚款</p>"
    reading = read(page.encode(), "http://x.example/a.html", "text/html; charset=utf-8", "penalty")
    assert reading.unread and not reading.not_record and "没有文号和行政相对人" in reading.reason


def test_a_saved_page_names_its_attachments_and_tells_a_list_by_its_links(tmp_path: Path) -> None:
    links = "".join(
        f"<li><a href='./202608/t2026080{n}_{n}.html'>某厂处罚决定书</a>2026-08-0{n}</li>" for n in range(1, 6)
    )
    (tmp_path / "a.html").write_text(
        "<div class=TRS_Editor><p>见附件</p><a href='./P020.doc'>决定书5.doc</a></div>", encoding="utf-8"
    )
    (tmp_path / "b.html").write_text(
        f"<ul>{links}</ul><script>createPageHTML(1,0,'index','html')</script>", encoding="utf-8"
    )
    first, second = extract_sources([str(tmp_path)])
    assert first["form"] == "attachment" and first["reason"].endswith("只有附件：决定书5.doc")
    assert "站型 trs_static" in second["reason"]
