"""Portals of the wider kinds: their records are read into a table of their own, and never pass for penalties."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select

from crawler.extract import read
from crawler.launch import crawl
from db.models import OtherRecord, Publication
from db.session import session_of
from db.settings import Workspace
from intake.headers import find_table
from intake.read_json import read_json

RED = "<tr><th>序号</th><th>荣誉名称</th><th>获奖单位</th><th>表彰文号</th><th>认定日期</th><th>认定机关</th></tr>"


def honour(n: int) -> str:
    return f"<tr><td>{n}</td><td>守合同重信用企业</td><td>示例第{n}厂</td><td>示表〔2026〕{n}号</td><td>2026-09-01</td><td>示例市市场监督管理局</td></tr>"


def page(*rows: str, title: str = "守信红名单公示的通知") -> str:
    return f'<html><head><meta name="ArticleTitle" content="{title}"></head><body><div class="TRS_Editor"><table>{"".join(rows)}</table></div></body></html>'


def others(workspace: Workspace) -> list[OtherRecord]:
    with session_of(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Publication)) == 0
        return list(session.scalars(select(OtherRecord).order_by(OtherRecord.document_number, OtherRecord.case_name)))


def test_a_red_list_in_a_table_is_read(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("/red.html", page(RED, honour(1), honour(2)))
    workspace = watch({"id": "red", "kind": "red_list", "url": f"{site.base}/red.html", "family": "wide_table"})
    assert [(r.outcome, r.records) for r in crawl(workspace, everything=True)] == [("complete", 2)]
    first, second = others(workspace)
    assert (first.kind, first.source, first.portal_id, first.unit_id) == ("red_list", "published", "red", "scjgj")
    assert (first.case_name, first.counterparty, first.authority) == (
        "守合同重信用企业",
        "示例第1厂",
        "示例市市场监督管理局",
    )
    assert first.evidence and first.url and second.document_number == "示表〔2026〕2号" and first.gone_since is None

    site.put("/red.html", page(RED, honour(2)))
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert [r.records for r in crawl(workspace, everything=True)] == [1]
    first, second = others(workspace)
    assert first.gone_since is not None and second.gone_since is None and second.first_seen < second.last_seen


def test_lists_lead_to_notices_tables_and_workbooks(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ["失信主体名称", "统一社会信用代码", "列入事由", "列入日期", "认定单位"]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, labels)
        sheet.write_row(1, 0, ["示例甲厂", "91330000755918469E", "拒不履行", "2026/9/1", "示例市市场监督管理局"])
    site.trs_list("/b", [1, 2])
    lines = [("t1.html", "失信黑名单的通知"), ("t2.html", "严重失信主体名单公告"), ("t3.xlsx", "9月黑名单")]
    body = "".join(
        f'<li><a href="./{name}" title="{title}">{title}</a><span>2026-09-03</span></li>' for name, title in lines
    )
    site.put("/b/index.html", f'<ul class="list">{body}</ul><script>createPageHTML(1, 0, "index", "html")</script>')
    cells = ("示例乙厂", "", "拒不履行", "2026-09-01", "示例市市场监督管理局")
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in (labels, cells))
    notice = "<p>现将本月严重失信主体名单予以公告，请有关单位依法实施惩戒。</p>"
    head = '<html><head><meta name="ArticleTitle" content="严重失信主体名单公告"></head>'
    site.put("/b/t1.html", page(table, title="失信黑名单的通知"))
    site.put("/b/t2.html", f'{head}<body><div class="TRS_Editor">{notice}</div></body></html>')
    site.put("/b/t3.xlsx", book.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    workspace = watch({"id": "b", "kind": "black_list", "url": f"{site.base}/b/index.html", "family": "trs_static"})
    assert [(r.outcome, r.records) for r in crawl(workspace, everything=True)] == [("complete", 3)]
    assert {(r.kind, r.counterparty, r.case_name) for r in others(workspace)} == {
        ("black_list", "示例甲厂", None), ("black_list", "示例乙厂", None), ("black_list", None, "严重失信主体名单公告"),
    }  # fmt: skip
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert [(r.outcome, r.records) for r in crawl(workspace, everything=True)] == [("complete", 3)]
    assert all(r.gone_since is None and r.last_seen.day == 8 for r in others(workspace))  # touched


def test_a_catalogue_is_read_as_items(site: Any, watch: Any) -> None:
    header = "<tr><th>权力编码</th><th>事项名称</th><th>权力类别</th><th>实施主体</th><th>实施依据</th><th>行使层级</th></tr>"
    item = "<tr><td>{n}</td><td>食品经营许可{n}</td><td>行政许可</td><td>示例市市场监督管理局</td><td>《食品安全法》</td><td>市级</td></tr>"
    site.put("/c.html", page(header, *(item.format(n=n) for n in (1, 2)), title="行政许可事项目录"))
    workspace = watch({"id": "c", "kind": "catalogue", "url": f"{site.base}/c.html", "family": "wide_table"})
    assert [(r.outcome, r.records) for r in crawl(workspace, everything=True)] == [("complete", 2)]
    assert [(r.kind, r.case_name, r.category, r.own["level"]) for r in others(workspace)] == [
        ("catalogue", "食品经营许可1", "行政许可", "市级"), ("catalogue", "食品经营许可2", "行政许可", "市级"),
    ]  # fmt: skip


def test_payments_on_a_portal_keep_nobody(site: Any, watch: Any) -> None:
    header = "<tr><th>给付事项</th><th>领取人</th><th>身份证号</th><th>给付金额（元）</th><th>发放日期</th></tr>"
    rows = [
        f"<tr><td>临时救助</td><td>{name}</td><td>11010519491231002X</td><td>800</td><td>2026-09-01</td></tr>"
        for name in ("张三丰", "李四")
    ]
    site.put("/p.html", page(header, *rows, title="临时救助发放公示"))
    workspace = watch({"id": "p", "kind": "payment", "url": f"{site.base}/p.html", "family": "wide_table"})
    assert [r.records for r in crawl(workspace, everything=True)] == [2]
    found = others(workspace)
    assert [r.own for r in found] == [{"amount_yuan": 800.0}] * 2 and all(r.raw == {} for r in found)
    assert "张" not in str([vars(r) for r in found]) and "110105" not in str([vars(r) for r in found])


def test_a_table_that_tells_another_kind_is_no_penalty() -> None:
    content = page(RED, honour(1), title="信息公示").encode()
    assert [seen.kind for seen in read(content, "http://example.cn/a.html", "text/html; charset=utf-8").rows] == [
        "red_list"
    ]


WORDS = {"a1": "行政处罚决定书文号", "a2": "行政相对人名称", "a3": "处罚机关", "a4": "处罚决定日期", "a5": "处罚内容"}
ENTITY = {"a1": "示罚〔2026〕1号", "a2": "示例甲厂", "a3": "示例市生态环境局", "a4": "2026-09-01", "a5": "罚款1000元"}


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"list": [{"table": "credit_xyzx_fr_xzcf_new", "columnList": list(WORDS), "sencesMap": WORDS, "entity": ENTITY}]}},
        {"data": {"sencesMap": WORDS, "columnList": list(WORDS), "list": [ENTITY]}},
    ],
)  # fmt: skip
def test_an_interface_that_carries_its_dictionary_is_read_by_its_labels(answer: Any) -> None:
    content = json.dumps(answer, ensure_ascii=False)
    (seen,) = read(content.encode(), "http://example.cn/api", "application/json", "penalty").rows
    assert (seen.fields["document_number"], seen.fields["counterparty"]) == ("示罚〔2026〕1号", "示例甲厂")
    assert (seen.fields["authority"], seen.fields["decision_date"]) == ("示例市生态环境局", "2026-09-01")
    grids = read_json(content.encode(), "a.json")
    assert any(find_table(grid) is not None for grid in grids)
