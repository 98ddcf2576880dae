"""Portals of many makes, described only by their entry: each shows all its decisions, and `complete` is never said too early."""

from __future__ import annotations

import json
from typing import Any

from crawler.launch import crawl
from db.settings import Workspace

HEAD = (
    "序号",
    "行政处罚决定书文号",
    "案件名称",
    "被处罚的自然人姓名或企业名称",
    "法定代表人",
    "主要违法事实",
    "处罚结果",
    "作出处罚的机关名称和日期",
)


def looks(workspace: Workspace) -> dict[str, tuple[str, int, str]]:
    return {r.portal: (r.outcome, r.records, r.reason) for r in crawl(workspace, everything=True)}


def row(n: int) -> str:
    cells = (
        n,
        f"示市监罚〔2026〕{n}号",
        f"第{n}案",
        f"示例第{n}超市",
        "赵六",
        "销售过期食品",
        f"罚款{n}000元",
        f"示例市市场监督管理局2026年8月{n % 28 + 1}日",
    )
    return "<tr>" + "".join(f"<td><p><span>{cell}</span></p></td>" for cell in cells) + "</tr>"


def table(rows: str) -> str:
    head = "".join(f"<td><b>{label}</b></td>" for label in HEAD)
    return f"<table><tr><td colspan=8>行政处罚案件信息公开表</td></tr><tr>{head}</tr><tr></tr>{rows}</table>"


def item(n: int) -> dict[str, Any]:
    return {
        "cfWsh": f"示税罚〔2026〕{n}号",
        "cfXdrMc": f"示例{n}厂",
        "cfJdrq": "2026-09-01 00:00:00.0",
        "cfCfjg": "示例市税务局",
    }


ITEMS = [item(n) for n in range(1, 26)]


def decision(n: int) -> str:
    return (
        f"<p>示例市城市管理局</p><p>行政处罚决定书</p><p>示城罚决字〔2026〕<span>{n}</span><span>号</span></p><p>当事人：示例第{n}广告社</p>"
        f"<p>我局于2026年8月10日送达《告知书》（示城罚告字〔2026〕{n}号）。</p><p>我局决定对你社作出如下行政处罚：</p><p>一、罚款人民币伍仟元整（￥5000.00元）。</p>"
        "<p>示例市城市管理局</p><p>2026年9月1日</p><p>抄送：东湖区人民政府</p>"
    )


def test_static_pages_are_found_by_either_convention(site: Any, watch: Any) -> None:
    ways = {f"w{current}{second}": (current, second) for current in (0, 1) for second in (1, 2)}
    for name, (current, second) in ways.items():
        for page in range(3):
            lines = "".join(
                f"<div><A TITLE='第{n}号案处罚决定书' HREF='./202609/t20260901_{n}.shtml'>第{n}号案…</A> <em>[2026-09-01]</em></div>"
                for n in range(page * 3 + 1, page * 3 + 4)
            )
            script = f"createPageHTML('page_div',3,{current + page},'xzcf_list','shtml',9)"
            file = "xzcf_list" if page == 0 else f"xzcf_list_{second + page - 1}"
            site.put(f"/{name}/{file}.shtml", f"<div>{lines}</div><script>{script}</script>")
        for n in range(1, 10):
            site.put(f"/{name}/202609/t20260901_{n}.shtml", decision(n))
    workspace = watch(*({"id": name, "url": f"{site.base}/{name}/xzcf_list.shtml"} for name in ways))
    assert looks(workspace) == {name: ("complete", 9, "") for name in ways}


def test_a_list_of_no_known_make_is_read_to_its_end(site: Any, watch: Any) -> None:
    def line(n: int) -> str:
        return f"<dd><a href='show.php?id={n}'>示例第{n}广告社行政处罚决定书</a><i>2026/09/0{n}</i></dd>"

    def show(handler: Any, asked: dict[str, str]) -> None:
        handler.answer(decision(int(asked["id"])))

    site.programs["/show.php"] = show
    site.put("/list.php", f"<dl>{line(1)}{line(2)}</dl><a href='list.php?page=2'>下一页&gt;&gt;</a>")
    site.put("/list.php?page=2", f"<dl>{line(3)}</dl><a href='list.php?page=2'>下一页&gt;&gt;</a>")
    site.put("/script.php", f'<dl>{line(1)}{line(2)}</dl><a href="javascript:goPage(2)">下一页</a>')
    workspace = watch({"id": "a", "url": f"{site.base}/list.php"}, {"id": "b", "url": f"{site.base}/script.php"})
    found = looks(workspace)
    assert found["a"] == ("complete", 3, "")
    assert found["b"] == ("partial", 2, "翻页由网页脚本进行，后面的页没有读到")


def test_pages_that_the_pager_counts_must_all_be_read(site: Any, watch: Any) -> None:
    site.put("/a", f"<p>共3页 第1页</p>{table(row(1) + row(2))}<a href='/a2'>[下一页]</a>")
    site.put("/a2", f"<p>共3页 第2页</p>{table(row(3))}<a href='/a3'>[下一页]</a>")
    site.put("/a3", f"<p>共3页 第3页</p>{table(row(4))}")
    site.put("/b", f"<p>第1页/共3页</p>{table(row(1))}<span>下页</span>")
    workspace = watch({"id": "a", "url": f"{site.base}/a"}, {"id": "b", "url": f"{site.base}/b"})
    found = looks(workspace)
    assert found["a"] == ("complete", 4, "")
    assert found["b"] == ("partial", 1, "网站写明有 3 页，只读到 1 页")


def test_a_wide_table_with_a_header_and_little_below_it_is_recognised(site: Any, watch: Any) -> None:
    counter = "<script>$.ajax({url:'/hits?id=1'})</script>"
    site.put("/none", table("") + counter)
    site.put("/blank", table(("<tr>" + "<td></td>" * 8 + "</tr>") * 3))
    site.put("/one", f"<table class=layout><tr><td>{table(row(7))}</td></tr></table>")
    site.put("/filled", table("") + "<script>$('#t').DataTable({ajax:{url:'/api/gone'}})</script>")
    workspace = watch(*({"id": name, "url": f"{site.base}/{name}"} for name in ("none", "blank", "one", "filled")))
    found = {name: (outcome, count) for name, (outcome, count, _) in looks(workspace).items()}
    assert found == {
        "none": ("column_empty", 0),
        "blank": ("column_empty", 0),
        "one": ("complete", 1),
        "filled": ("script_list", 0),
    }


SHELLS = {
    "layui": (
        "layui.use('table',function(){table.render({elem:'#t',url:'/api/layui',page:true,limit:10})})",
        "page limit count data",
    ),
    "easyui": ("$('#dg').datagrid({url:'/api/easyui',pagination:true,pageSize:10})", "page rows total rows"),
    "datatables": (
        "$('#t').DataTable({serverSide:true,ajax:{url:'/api/datatables'},pageLength:10})",
        "start length recordsTotal data",
    ),
    "bootstrap": (
        "$('#t').bootstrapTable({url:'/api/bootstrap',pageSize:10,sidePagination:'server'})",
        "offset limit total rows",
    ),
    "ruoyi": ("var q={pageNum:1,pageSize:10}; axios.get('/api/ruoyi',{params:q})", "pageNum pageSize total rows"),
    "posted": ("$.post('/api/posted',{pageNo:1,pageSize:10},show)", "pageNo pageSize totalCount list"),
}


def grid(names: str, only: str | None = None) -> Any:
    page, size, total, rows = names.split()

    def answer(handler: Any, asked: dict[str, str]) -> None:
        if only and handler.command != only:
            handler.send_error(405)
            return
        length = int(asked[size])
        start = int(asked[page]) if page in ("start", "offset") else (int(asked[page]) - 1) * length
        handler.answer(
            json.dumps({total: len(ITEMS), rows: ITEMS[start : start + length]}, ensure_ascii=False).encode("gbk"),
            "application/json",
        )

    return answer


def test_grids_of_every_make_are_asked_in_their_own_words(site: Any, watch: Any) -> None:
    for name, (script, names) in SHELLS.items():
        site.put(f"/{name}", f"<table id=t></table><script>{script}</script>")
        site.programs[f"/api/{name}"] = grid(names, {"posted": "POST", "datatables": "GET"}.get(name))
    for address in ("/spa", "/spa?auto", "/spa?offset"):
        site.put(address, "<div id=app></div><script src=/app.js></script>")
    options = {
        "api": "/api/ruoyi",
        "page": "pageNum",
        "size": "pageSize",
        "page_size": 10,
        "rows": "rows",
        "total": "total",
    }
    offset = {"api": "/api/datatables", "page": "start", "size": "length", "start": 0, "page_size": 10}
    workspace = watch(
        *({"id": name, "url": f"{site.base}/{name}"} for name in SHELLS),
        {"id": "named", "url": f"{site.base}/spa", "family": "json_grid", "options": options},
        {"id": "auto_named", "url": f"{site.base}/spa?auto", "options": options},
        {"id": "offset", "url": f"{site.base}/spa?offset", "family": "json_grid", "options": offset},
    )
    assert looks(workspace) == {name: ("complete", 25, "") for name in (*SHELLS, "named", "auto_named", "offset")}


def test_a_grid_that_always_answers_its_first_page_is_not_complete(site: Any, watch: Any) -> None:
    site.programs["/api"] = lambda handler, asked: handler.answer(
        json.dumps({"total": 25, "rows": ITEMS[:10]}), "application/json"
    )
    site.put("/g", "<script>$('#t').bootstrapTable({url:'/api',pageSize:10})</script>")
    ((outcome, records, reason),) = looks(watch({"id": "g", "url": f"{site.base}/g"})).values()
    assert (outcome, records) == ("partial", 10) and "翻页参数" in reason


def test_a_notice_named_after_a_broken_rule_is_a_decision_and_one_about_rules_is_not(site: Any, watch: Any) -> None:
    titles = [
        "示例公司违反《危险化学品安全管理办法》案",
        "行政处罚裁量基准管理办法",
        "关于印发工作方案的通知",
        "行政处罚决定书送达公告",
    ]
    site.put("/l", "".join(f"<li><a href='/d{n}'>{title}</a>2026-09-0{n + 1}</li>" for n, title in enumerate(titles)))
    for n in range(4):
        site.put(f"/d{n}", decision(n + 1))
    workspace = watch({"id": "l", "url": f"{site.base}/l"})
    assert looks(workspace) == {"l": ("complete", 1, "")}


def test_a_row_of_page_numbers_is_followed_or_told(site: Any, watch: Any) -> None:
    """No 下一页: the numbers lead on; where a script turns them and nobody tells how, the look is partial. A calendar is no pager."""
    for number in (1, 2, 3):
        numbers = " ".join(f"<a href='/n?page={n}'>{n}</a>" if n != number else f"<b>{n}</b>" for n in (1, 2, 3))
        body = f"{table(row(number))}<div class=pages>{numbers}</div>"
        site.put("/n" if number == 1 else f"/n?page={number}", body)
    calls = "<span>1</span> <a href=\"javascript:turn('2')\">2</a> <a href=\"javascript:turn('3')\">3</a>"
    site.put("/s", f"{table(row(1))}<div>{calls}</div>")
    days = "".join(f"<td><a href='/day/{n}'>{n}</a></td>" for n in range(1, 8))
    site.put("/c", f"{table(row(1))}<table><tr>{days}</tr></table>")
    found = looks(watch(*({"id": name, "url": f"{site.base}/{name}"} for name in "nsc")))
    assert found["n"] == ("complete", 3, "") and found["c"] == ("complete", 1, "")
    assert found["s"] == ("partial", 1, "翻页由网页脚本进行，后面的页没有读到")
