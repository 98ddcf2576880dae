"""What single makes show beyond their usual column: other interfaces, other pagers, odd answers."""

# ruff: noqa: E501 - pages stand here as their makers write them

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.launch import crawl

sys.path.insert(0, str(Path(__file__).parent))
import papers
from columns import (
    COUNT,
    PAGES,
    SIZE,
    Case,
    World,
    crawled,
    day,
    decision,
    items,
    json_answer,
    page,
    page_of,
    put_details,
    read_to_its_end,
    record,
    title,
)  # fmt: skip


def by_id(handler: Any, asked: dict[str, str]) -> None:
    handler.answer(decision(int(asked["id"])))


def trs_open_search(site: Any) -> Case:
    """TRS: a search that answers in JSON."""

    def search(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {"title": title(n), "docpuburl": f"/tos/202608/t202608{n:02d}_{n}.html", "docreltime": f"{day(n)} 09:00:00"}
            for n in page_of(int(asked["pageNo"]))
        ]
        json_answer(handler, {"data": {"list": found, "total": COUNT}})

    site.programs["/trssearch/openSearch/getZwgkList"] = search
    put_details(site, lambda n: f"/tos/202608/t202608{n:02d}_{n}.html", "class='TRS_Editor'")
    script = "$.ajax({url:'/trssearch/openSearch/getZwgkList?channelId=7',data:{pageNo:1,pageSize:10}})"
    site.put("/tos/", page(f"<ul id=list></ul><script>{script}</script>"))
    return Case("json_grid", "/tos/")


def hanweb_more_columns(site: Any) -> Case:
    """Hanweb: the proxy of several columns, which silently gives fewer than it was asked for."""

    def proxy(handler: Any, asked: dict[str, str]) -> None:
        start = int(asked["startrecord"])
        numbers = page_of(1, COUNT)[start - 1 : min(int(asked["endrecord"]), start + 3)]
        cells = "".join(
            f"<record><![CDATA[<li><a href='/art/2026/8/{n}/art_55_{n}.html'>{title(n)}</a><b>{day(n)}</b></li>]]></record>"
            for n in numbers
        )
        handler.answer(
            f"<datastore><totalrecord>{COUNT}</totalrecord><recordset>{cells}</recordset></datastore>", "text/xml"
        )

    site.programs["/module/web/jpage/morecolumndataproxy.jsp"] = proxy
    put_details(site, lambda n: f"/art/2026/8/{n}/art_55_{n}.html", "id='zoom'")
    first = "".join(
        f"<record><![CDATA[<li><a href='/art/2026/8/{n}/art_55_{n}.html'>{title(n)}</a><b>{day(n)}</b></li>]]></record>"
        for n in page_of(1)
    )
    call = f"$('#1').jpage({{totalRecord:{COUNT},perPage:{SIZE},proxyUrl:'/module/web/jpage/morecolumndataproxy.jsp',ajaxParam:{{webid:3,columnid:55}}}})"
    site.put(
        "/col/col55/index.html",
        page(
            f"<script type='text/xml'><datastore><recordset>{first}</recordset></datastore></script><script>{call}</script>"
        ),
    )
    return Case("hanweb_jpage", "/col/col55/index.html")


def ucap_manuscripts(site: Any) -> Case:
    """UCAP: `manuscriptList`; each item has its address in `urls` and the day as a number."""

    def listed(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {
                "source": {
                    "title": f"<em>{title(n)}</em>",
                    "urls": json.dumps({"pc": f"/c100999/202608/{n:032x}.shtml"}),
                    "publishedTime": 1785513600000 + 86400000 * (n - 1),
                }
            }
            for n in page_of(int(asked["page"]), int(asked["_pageSize"]))
        ]
        json_answer(handler, {"data": {"results": found, "page": {"total": COUNT}}})

    site.programs["/manuscriptList"] = listed
    put_details(site, lambda n: f"/c100999/202608/{n:032x}.shtml")
    head = '<meta name="channelId" content="e5eb2abb5014415399847ba2bb99b31f"><meta name="code" content="c100999">'
    site.put(
        "/c100999/zfxxgk.shtml",
        page(
            f"{head}<ul id=list></ul><script>$.get('/manuscriptList?_isAgg=true&_isJson=true&_pageSize=10&page=1')</script>"
        ),
    )
    return Case("ucap_search", "/c100999/zfxxgk.shtml")


def gkmlpt_on_one_page(site: Any) -> Case:
    """gkmlpt: everything stands on page 1, page 2 is 404; no total is told."""

    def api(handler: Any, asked: dict[str, str]) -> None:
        if asked["page"] != "1":
            return handler.send_error(404)
        host = handler.headers["Host"]
        found = [
            {
                "title": title(n),
                "url": f"http://{host}/one/gkmlpt/content/8/88/post_{n}.html",
                "date": 1785513600 + 86400 * (n - 1),
            }
            for n in page_of(1, COUNT)
        ]
        return json_answer(handler, {"articles": found})

    site.programs["/one/gkmlpt/api/all/9"] = api
    put_details(site, lambda n: f"/one/gkmlpt/content/8/88/post_{n}.html")
    site.put(
        "/one/gkmlpt/index",
        page(
            "<div id=app></div><script>window._CONFIG = {TREE: [], DETAIL: {}, SID: '7'};</script><script src='/gkmlpt/js/app.js'></script>"
        ),
    )
    return Case("gkmlpt", "/one/gkmlpt/index#9")


def gkmlpt_static(site: Any) -> Case:
    """NFOP: a static column whose page 2 is `index_2.html`."""
    for number in range(1, PAGES + 1):
        name = "index.html" if number == 1 else f"index_{number}.html"
        following = f"<a href='index_{number + 1}.html'>下一页</a>" if number < PAGES else ""
        site.put(
            f"/nfop/xzcf/{name}",
            page(f"<ul>{items(number, lambda n: f'/nfop/content/post_{n}.html')}</ul>共{PAGES}页 {following}"),
        )
    put_details(site, lambda n: f"/nfop/content/post_{n}.html")
    return Case("dated_list", "/nfop/xzcf/index.html")


def vsb_page_number(site: Any) -> Case:
    """VSB: `totalpage` and `PAGENUM`; details are spreadsheets behind `download.jsp`, whose kind only their bytes tell."""

    def listed(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("PAGENUM", "1"))
        lines = items(number, lambda n: f"/info/1077/{n}.htm")
        following = (
            f"<a href='/list2.jsp?totalpage={PAGES}&PAGENUM={number + 1}&urltype=tree.TreeTempUrl&wbtreeid=1077'>下页</a>"
            if number < PAGES
            else ""
        )
        handler.answer(page(f"<ul>{lines}</ul>{following}<script>_showDynClicks('wbnews', 1, 2)</script>"))

    def download(handler: Any, asked: dict[str, str]) -> None:
        row = papers.table(1, int(asked["wbfileid"]))
        rows = [row[0], (row[1][0], f"示市监罚字〔2026〕{asked['wbfileid']}号", *row[1][2:])]
        handler.answer(papers.xlsx(rows), "application/octet-stream", Content_Disposition="attachment; filename=a.xlsx")

    site.programs |= {"/list2.jsp": listed, "/system/_content/download.jsp": download}
    for n in range(1, COUNT + 1):
        link = f"<a href='/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1&wbfileid={n}'>处罚信息公示表.xlsx</a>"
        site.put(f"/info/1077/{n}.htm", page(f"<div class='v_news_content'><p>见附件</p>{link}</div>"))
    return Case("vsb_dynamic", "/list2.jsp?urltype=tree.TreeTempUrl&wbtreeid=1077")


def ewb_paging(site: Any) -> Case:
    """EWB: pages by the parameter `Paging`."""

    def link(n: int) -> str:
        return f"/002/002001/202608{n:02d}/00000000-0000-4000-8000-{n:012d}.html"

    def listed(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("Paging", "1"))
        lines = (
            items(number, link)
            .replace("<li>", "<li class='wb-data-item'>")
            .replace("<span>", "<span class='wb-data-date'>")
        )
        following = f"<a href='/002/002001/about.html?Paging={number + 1}'>下页 &gt;</a>" if number < PAGES else ""
        handler.answer(page(f"<ul class='ewb-list'>{lines}</ul><p>{number}/{PAGES}页</p>{following}"))

    site.programs["/002/002001/about.html"] = listed
    put_details(site, link)
    return Case("ewb_static", "/002/002001/about.html")


def aspnet_grid_view(site: Any) -> Case:
    """A GridView that shows the decisions itself and turns by `Page$2`."""

    def listed(handler: Any, asked: dict[str, str]) -> None:
        number = 1
        if handler.command == "POST":
            number = int(asked["__EVENTARGUMENT"].removeprefix("Page$"))
            if asked["__VIEWSTATE"] != f"s{number - 1}" or asked["__EVENTTARGET"] != "ctl00$GridView1":
                return handler.send_error(500)
        rows = "".join(
            f"<tr><td>{r['cf_wsh']}</td><td>{r['cf_xdr_mc']}</td><td>2026-07-{n:02d}</td><td>{r['cf_cfjg']}</td></tr>"
            for n in page_of(number)
            for r in [record(n)]
        )
        pager = "".join(
            f"<a href=\"javascript:__doPostBack('ctl00$GridView1','Page${n}')\">{n}</a>"
            for n in range(1, PAGES + 1)
            if n != number
        )
        head = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚决定日期</th><th>处罚机关</th></tr>"
        return handler.answer(
            page(
                f"<form method=post action='Grid.aspx'><input type=hidden name=__VIEWSTATE value=s{number}><table>{head}{rows}<tr><td colspan=4>{pager}</td></tr></table></form>"
            )
        )

    site.programs["/Grid.aspx"] = listed
    return Case("aspnet_webforms", "/Grid.aspx")


def asmx(site: Any) -> Case:
    """ASMX: the answer is a text in `d`, asked for by a POST of JSON; columns name1, name2 …"""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {"name1": r["cf_wsh"], "name2": r["cf_xdr_mc"], "name3": r["cf_jdrq"], "name4": r["cf_cfjg"]}
            for r in map(record, PENDING.pop(0))
        ]
        json_answer(handler, {"d": json.dumps({"total": COUNT, "rows": found}, ensure_ascii=False)})

    PENDING.extend(page_of(number) for number in range(1, PAGES + 1))
    site.programs["/ws/Gs.asmx/GetList"] = rows
    site.put("/gs.aspx", page("<div id=app></div>"))
    labels = {"cf_wsh": "name1", "cf_xdr_mc": "name2", "cf_jdrq": "name3", "cf_cfjg": "name4"}
    options = {
        "api": "/ws/Gs.asmx/GetList",
        "method": "POST",
        "body": "json",
        "page": "pageIndex",
        "size": "pageSize",
        "page_size": 10,
        "fields": labels,
    }
    return Case("json_grid", "/gs.aspx", options=options)


PENDING: list[list[int]] = []


def handler_in_gbk(site: Any) -> Case:
    """An `.ashx` in GBK that does not say so."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        assert asked["action"] == "getXZCFGSList"
        text = json.dumps(
            {"total": COUNT, "rows": [record(n) for n in page_of(int(asked["PageIndex"]))]}, ensure_ascii=False
        )
        handler.answer(text.encode("gbk"), "text/plain")

    site.programs["/Ajax.ashx"] = rows
    site.put(
        "/sz.html",
        page(
            "<table id=t></table><script>$.get('/Ajax.ashx?action=getXZCFGSList',{PageIndex:1,pageSize:10},show)</script>"
        ),
    )
    return Case("json_grid", "/sz.html", options={"page": "PageIndex"})


def bank_regulator(site: Any) -> Case:
    """NFRA: a list by item number, each document a static JSON whose field holds its markup."""

    def listed(handler: Any, asked: dict[str, str]) -> None:
        assert asked["itemId"] == "4114"
        found = [
            {"docId": n, "docSubtitle": title(n), "publishDate": f"{day(n)} 10:00:00"}
            for n in page_of(int(asked["pageIndex"]))
        ]
        json_answer(handler, {"rptCode": 200, "data": {"total": COUNT, "rows": found}})

    site.programs["/cbircweb/DocInfo/SelectDocByItemIdAndChild"] = listed
    for n in range(1, COUNT + 1):
        site.put(
            f"/cn/static/data/data_docId={n}.json",
            json.dumps({"data": {"docTitle": title(n), "docClob": decision(n)}}, ensure_ascii=False),
            "application/json",
        )
    site.put("/cn/view.html", page("<div id=app></div>"))
    options = {
        "api": "/cbircweb/DocInfo/SelectDocByItemIdAndChild?itemId=4114", "page": "pageIndex", "size": "pageSize", "page_size": 10, "title": "docSubtitle",
        "date": "publishDate", "link": "/cn/static/data/data_docId={docId}.json",
    }  # fmt: skip
    return Case("json_grid", "/cn/view.html", options=options)


def nested_tables_of_documents(site: Any) -> Case:
    """PBC: a list in nested layout tables; the items themselves are Word documents; pages turn by links."""
    for number in range(1, PAGES + 1):
        rows = "".join(
            f"<tr><td><table><tr><td><a href='/pbc/{n}.docx'>{title(n)}</a></td><td><span>{day(n)}</span></td></tr></table></td></tr>"
            for n in page_of(number)
        )
        following = (
            f"<a href='/pbc/{number + 1}.html' tagname='/pbc/{number + 1}.html'>下一页</a>" if number < PAGES else ""
        )
        site.put(
            "/pbc/index.html" if number == 1 else f"/pbc/{number}.html",
            page(f"<table><tr><td><table>{rows}</table></td></tr></table>{following}"),
        )
    for n in range(1, COUNT + 1):
        lines = (
            "行政处罚决定书",
            f"示市监罚字〔2026〕{n}号",
            f"当事人：示例市第{n}号商贸有限公司",
            "我局决定对你单位作出如下行政处罚：",
            "罚款1000元。",
            "示例市市场监督管理局",
            "2026年7月14日",
        )
        site.put(f"/pbc/{n}.docx", papers.docx(lines), "application/octet-stream")
    return Case("dated_list", "/pbc/index.html")


def misspelt_total(site: Any) -> Case:
    """海事: by POST, the total is called `tatalCount`."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        json_answer(handler, {"list": [record(n) for n in page_of(int(asked["pageNo"]))], "tatalCount": COUNT})

    site.programs["/msa/doubleDisclosureList"] = rows
    site.put(
        "/msa/sgs.html",
        page("<table id=t></table><script>$.post('/msa/doubleDisclosureList',{pageNo:1,pageSize:10},show)</script>"),
    )
    return Case("json_grid", "/msa/sgs.html")


COLUMNS: tuple[Callable[[Any], Case], ...] = (
    trs_open_search, hanweb_more_columns, ucap_manuscripts, gkmlpt_on_one_page, gkmlpt_static, vsb_page_number, ewb_paging, aspnet_grid_view, asmx,
    handler_in_gbk, bank_regulator, nested_tables_of_documents, misspelt_total,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(make_site: Any, make_workspace: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    site = make_site()
    yield crawled(COLUMNS, site, make_workspace, tmp_path_factory.mktemp("variants") / "city")
    site.close()


@pytest.mark.parametrize("name", [column.__name__ for column in COLUMNS])
def test_a_variant_is_read_to_its_end(world: World, name: str) -> None:
    read_to_its_end(world, name)


def test_a_middle_page_that_is_no_json_is_lost_and_not_the_end(site: Any, watch: Any) -> None:
    """JPaaS: 503, or an answer without its field, or none in JSON, on a page in the middle; whether it says how many there are or not."""

    def hexed(n: int) -> str:
        return f"/art/2026/art_{n:032x}.html"

    def unit(handler: Any, asked: dict[str, str]) -> None:
        number = json.loads(asked["paramJson"])["pageNo"]
        if number == 2:
            return answers[asked["webId"]](handler)
        count = f'<paging count="{COUNT}" rows="{SIZE}"></paging>' if int(asked["webId"]) < 3 else ""
        markup = f"<ul>{items(number, hexed)}</ul>{count}"
        return json_answer(handler, {"success": True, "data": {"html": markup}})

    def fails(handler: Any) -> None:
        json_answer(handler, {"success": False})

    def broken(handler: Any) -> None:
        handler.send_error(503)

    def busy(handler: Any) -> None:
        handler.answer(page("系统繁忙"))

    answers = {"1": fails, "2": broken, "3": fails, "4": broken, "5": busy}
    put_details(site, hexed)
    site.programs["/api-gateway/jpaas-publish-server/front/page/build/unit"] = unit
    columns = [f"col{web}" for web in answers]
    for column, web in zip(columns, answers, strict=True):
        script = f"<script src='/AuthorizedRead/unitbuild.js' url='/api-gateway/jpaas-publish-server/front/page/build/unit' queryData=\"{{'webId':'{web}','tagId':'列表','pageId':'p1'}}\"></script>"
        site.put(f"/col/{column}/index.html", page(f"<div id=list></div>{script}"))
    entries = ({"id": name, "url": f"{site.base}/col/{name}/index.html"} for name in columns)
    found = {result.portal: (result.outcome, result.records) for result in crawl(watch(*entries), everything=True)}
    told, untold = ("partial", 15), ("partial", 10)  # where nobody says how many there are the lost page ends the walk
    assert found == {"col1": told, "col2": told, "col3": untold, "col4": untold, "col5": untold}


def test_lines_of_other_columns_do_not_end_a_list(site: Any, watch: Any) -> None:
    """Hanweb's directory: page 2 has only other columns' lines, and nobody says how many pages there are."""

    def own(n: int) -> str:
        return f"/art/2026/8/{n}/art_77_{n}.html"

    def search(handler: Any, asked: dict[str, str]) -> None:
        place = {1: 1, 3: 2, 4: 3}.get(int(asked["currpage"]))
        others = "".join(
            f"<li><a href='/art/2026/8/1/art_99_{n}.html'>外县的决定书</a>2026-08-01</li>" for n in range(5)
        )
        handler.answer(f"<ul>{items(place, own) if place else others if asked['currpage'] == '2' else ''}</ul>")

    site.programs["/module/xxgk/search.jsp"] = search
    put_details(site, own, "id='zoom'")
    script = "var infotypeId='B0003', area='11140600';$('#list').load('/module/xxgk/search.jsp?divid=div1')"
    site.put("/col/col77/index.html", page(f"<div id=list></div><script>{script}</script>"))
    (found,) = crawl(watch({"id": "a", "url": f"{site.base}/col/col77/index.html"}), everything=True)
    assert (found.outcome, found.records) == ("complete", COUNT)


@pytest.mark.parametrize(
    "answer", [{"code": 500, "msg": "系统异常", "rows": [], "total": 0}, {"success": False, "data": []}]
)
def test_an_interface_in_trouble_proves_no_empty_column(site: Any, watch: Any, answer: dict[str, Any]) -> None:
    site.programs["/api/list"] = lambda handler, _: json_answer(handler, answer)
    site.put("/shell", page("<table id=t></table><script>$.ajax({url:'/api/list'});layui</script>"))
    entries = (
        {"id": n, "url": f"{site.base}{url}", "family": "json_grid"}
        for n, url in (("own", "/api/list"), ("shell", "/shell"))
    )
    found = {result.portal: (result.outcome, result.records) for result in crawl(watch(*entries), everything=True)}
    assert found == {"own": ("script_list", 0), "shell": ("script_list", 0)}


def test_a_page_without_its_script_proves_no_empty_column(site: Any, watch: Any) -> None:
    """Hanweb's double publicity: only a total that stands there, and is 0, says that there is nothing."""
    site.put("/sgs/none.do", page("<script>var perPage = 15;</script>"))
    site.put("/sgs/zero.do", page("<script>var totalRecord = 0; var perPage = 15;</script>"))
    entries = ({"id": n, "url": f"{site.base}/sgs/{n}.do", "family": "hanweb_sgs"} for n in ("none", "zero"))
    found = {result.portal: result.outcome for result in crawl(watch(*entries), everything=True)}
    assert found == {"none": "script_list", "zero": "column_empty"}


def test_a_month_that_is_no_spreadsheet_is_not_passed_over(site: Any, watch: Any) -> None:
    """Monthly files: one is a Word document, one stands behind a page; a piece of news beside them is no record."""
    rows = papers.table(6)
    site.put("/f/7.xlsx", papers.xlsx(rows[:3]), "application/octet-stream")
    site.put("/f/8.docx", papers.docx([], [rows[0], *rows[3:5]]), "application/octet-stream")
    site.put("/f/9.xlsx", papers.xlsx([rows[0], *rows[5:]]), "application/octet-stream")
    site.put("/p/9.html", page("<div class='content'><p>见附件</p><a href='/f/9.xlsx'>9月台账.xlsx</a></div>"))
    site.put("/p/n.html", page("<div class='content'><p>我局召开会议。</p></div>"))
    links = {"/f/7.xlsx": "7月台账", "/f/8.docx": "8月台账", "/p/9.html": "9月台账", "/p/n.html": "我局召开会议"}
    site.put("/l", page("".join(f"<li><a href='{url}'>{text}</a>2026-09-01</li>" for url, text in links.items())))
    (found,) = crawl(watch({"id": "a", "url": f"{site.base}/l", "family": "attachment_list"}), everything=True)
    assert (found.outcome, found.records) == ("complete", 6)


def test_a_row_that_leads_nowhere_is_told_as_unread(site: Any, watch: Any) -> None:
    rows = [{"title": title(n), "url": f"/d/{n}.html", "pubDate": day(n)} for n in (1, 2, 2)]
    put_details(site, lambda n: f"/d/{n}.html")
    site.programs["/twice"] = lambda handler, _: json_answer(handler, {"total": 3, "rows": rows})
    site.programs["/bare"] = lambda handler, _: json_answer(
        handler, {"total": 3, "rows": [*rows[:2], {"title": title(3)}]}
    )
    entries = ({"id": name, "url": f"{site.base}/{name}", "family": "json_grid"} for name in ("twice", "bare"))
    found = {result.portal: (result.outcome, result.records) for result in crawl(watch(*entries), everything=True)}
    assert found == {"twice": ("complete", 2), "bare": ("partial", 2)}


def test_a_page_without_any_place_for_a_list_proves_no_empty_column(site: Any, watch: Any) -> None:
    """A family named in the registry, and a page that shows neither its list nor that there is nothing: we cannot tell."""
    menu = "<ul class=nav><li><a href='/'>首页</a></li><li><a href='/xxgk/'>政府信息公开</a></li></ul>"
    site.put("/bare", page(f"{menu}<div class=main><h2>行政处罚</h2></div>"))
    site.put("/blank", page(f"{menu}<div class=main><h2>行政处罚</h2><ul class=list></ul></div>"))
    site.put("/said", page(f"{menu}<div class=main><h2>行政处罚</h2><p>暂无信息</p></div>"))
    for family in ("trs_static", "dated_list", "vsb_static", "auto"):
        entries = ({"id": n, "url": f"{site.base}/{n}", "family": family} for n in ("bare", "blank", "said"))
        found = {result.portal: result.outcome for result in crawl(watch(*entries, name=family), everything=True)}
        assert found["bare"] == "script_list" and found["said"] == "column_empty", family
        if family != "auto":  # what was never recognised may be anything
            assert found["blank"] == "column_empty", family
