"""Reading: miniature pages of each display form, made up by us, with what a correct reading gives."""

from __future__ import annotations

from pathlib import Path

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
    (licence,) = read((PAGES / "key_value_four.html").read_bytes(), "http://x.example/", "text/html; charset=utf-8").rows
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
    assert (decision["fine_yuan"], decision["decision_date"], decision["form"]) == (100000.0, "2026-08-03", "decision_text")


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
    assert len(lines(tree, "http://x.example/a/", ANY)) == 4


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
