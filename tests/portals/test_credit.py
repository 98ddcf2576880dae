"""信用 sites: every make, served as it answers, and read with `family: auto` by one field map."""

# ruff: noqa: E501 - pages stand here as their makers write them

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.launch import crawl
from crawler.stacks import STACKS

sys.path.insert(0, str(Path(__file__).parent))
from columns import (
    COUNT,
    PAGES,
    Case,
    World,
    crawled,
    day,
    decision,
    items,
    json_answer,
    page,
    page_of,
    read_to_its_end,
    record,
    seen_first,
    taken_for,
    title,
)  # fmt: skip

HEAD = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚决定日期</th><th>处罚机关</th></tr>"


def rows_of(number: int) -> str:
    """The decisions of a list page as rows of a table."""
    return "".join(
        f"<tr><td>{r['cf_wsh']}</td><td>{r['cf_xdr_mc']}</td><td>2026-07-{n:02d}</td><td>{r['cf_cfjg']}</td></tr>"
        for n in page_of(number)
        for r in [record(n)]
    )


def pairs(n: int) -> dict[str, str]:
    """A decision as these sites print it, label by label."""
    return {
        "行政处罚决定书文号": f"示市监罚字〔2026〕{n}号", "案件名称": title(n), "处罚类别1": "罚款", "处罚类别2": "", "处罚事由": "未按规定公示价格",
        "处罚依据": "《中华人民共和国价格法》", "行政相对人名称": f"示例市第{n}号商贸有限公司", "统一社会信用代码": "", "组织机构代码": "", "工商登记码": "",
        "税务登记号": "", "法定代表人姓名": "张三", "处罚结果": "20.0", "处罚决定日期": f"2026/07/{n:02d}", "处罚机关": "示例市市场监督管理局",
        "当前状态": "正常", "地方编码": "140600", "备注": "", "数据更新时间戳": f"2026-08-{n:02d}",
    }  # fmt: skip


def two_columns(n: int, name: str = "form_table") -> str:
    cells = "".join(f"<tr><td>{label}</td><td>{text}</td></tr>" for label, text in pairs(n).items())
    return page(f"<table class='{name}'>{cells}</table>")


# ------------------------------------------------------------------ the makes


def double_public_controller(site: Any) -> Case:
    """Needs its session's cookie; the first answer to a detail is empty; details are `li` with label：value."""
    seen: set[str] = set()

    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("pageNum", "1"))
        assert number == 1 or (handler.command == "POST" and asked["numPerPage"] == "10")
        lines = "".join(
            f"<li><a href='javascript:void(0)' onclick=\"detail('{n}')\">{title(n)}</a><span>{day(n)}</span></li>"
            for n in page_of(number)
        )
        script = "function detail(id){window.location.href='/doublePublicController/toadpunishDetail.do?puniId='+id;}"
        hidden = f"<form method=post><input type=hidden name=pageNum value={number}><input type=hidden name=numPerPage value=10><input type=hidden name=totalPage value={PAGES}></form>"
        handler.answer(
            page(f"<ul>{lines}</ul>{hidden}<script>{script}</script>行政相对人"), Set_Cookie="JSESSIONID=1; Path=/"
        )

    def detail(handler: Any, asked: dict[str, str]) -> None:
        known = "JSESSIONID=1" in (handler.headers.get("Cookie") or "") and asked["puniId"] in seen
        seen.add(asked["puniId"])
        n = int(asked["puniId"])
        lines = "".join(f"<li>{label}：{text}</li>" for label, text in pairs(n).items())
        handler.answer(page(f"<ul>{lines}</ul>") if known else "" if n % 2 else "<ul></ul>")

    site.programs["/doublePublicController/toDoublePublicPage"] = listing
    site.programs["/doublePublicController/toadpunishDetail.do"] = detail
    url = "/doublePublicController/toDoublePublicPage?keyword="
    return Case("credit_site", url, [("numPerPage", "per"), ("toadpunishDetail", "show")])


def jeecms_lists(site: Any) -> Case:
    """`xzcfListNew.jspx`, page 2 is `xzcfListNew_2.jspx`; details `xzcfDetialNew-12.jspx` (spelt so)."""
    for number in range(1, PAGES + 1):
        name = "/sx/xzcfListNew.jspx" if number == 1 else f"/sx/xzcfListNew_{number}.jspx"
        lines = items(number, lambda n: f"/sx/xzcfDetialNew-{n}.jspx")
        script = f"<a href='javascript:void(0)' onclick='goto({number + 1})'>下一页</a> {number}/{PAGES}页"
        site.put(name, page(f"<h2>双公示</h2><ul>{lines}</ul>{script}"))
    for n in range(1, COUNT + 1):
        site.put(f"/sx/xzcfDetialNew-{n}.jspx", two_columns(n))
    return Case("credit_site", "/sx/xzcfListNew.jspx", [("xzcfDetialNew", "show"), ("双公示", "公示")], "/sx/show.jspx")


def shell_of(
    site: Any,
    shell: str,
    api: str,
    script: str,
    number_name: str,
    answer: Callable[[list[dict[str, Any]]], Any],
    first: int = 1,
) -> Case:
    """A credit site whose page is a shell around an interface."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        json_answer(handler, answer([record(n) for n in page_of(int(asked[number_name]) - first + 1)]))

    site.programs[api] = rows
    site.put(shell, page(f"<h2>双公示</h2><div id=list></div><script>{script}</script>"))
    name = api.rsplit("/", 1)[-1].partition(".")[0]
    return Case("credit_site", shell, [(re.escape(name), "other"), ("双公示", "公示")])


def jeecms_interface(site: Any) -> Case:
    api = "/api/doublePublicity/page.jspx"
    script = f"$.getJSON('{api}?type=1',{{pageNo:1,pageSize:10}})"
    return shell_of(
        site, "/xzcfList.jspx", api, script, "pageNo", lambda rows: {"data": {"list": rows, "totalCount": COUNT}}
    )


def creditsearch(site: Any) -> Case:
    """Links carry a token that only the latest list page gave out."""
    tokens: set[str] = set()

    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("page", "1"))
        tokens.add(f"t{number}")
        lines = "".join(
            f"<tr><td><a href='/creditsearch.creditdetalicayth.phtml?id={n}&token=t{number}'>{title(n)}</a></td><td>{day(n)}</td></tr>"
            for n in page_of(number)
        )
        following = (
            f"<a href='/creditsearch.punishmentList.phtml?id=&keyword=&page={number + 1}'>下一页</a>"
            if number < PAGES
            else ""
        )
        handler.answer(page(f"<h3>双公示</h3><table class='table table-hover'>{lines}</table>{following}"))

    def detail(handler: Any, asked: dict[str, str]) -> None:
        handler.answer(two_columns(int(asked["id"])) if asked["token"] in tokens else "<p>token</p>")

    site.programs["/creditsearch.punishmentList.phtml"] = listing
    site.programs["/creditsearch.creditdetalicayth.phtml"] = detail
    url = "/creditsearch.punishmentList.phtml?id=&keyword="
    return Case("credit_site", url, [("creditsearch", "search"), ("creditdetalicayth", "show"), ("双公示", "公示")])


def hlxy(site: Any) -> Case:
    """The list says only whom a decision is about; the rest stands behind `queryDetailByExtraId`."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        assert asked["typeCode"] == "300008"
        rows = [{"extraId": f"x{n}", "title": title(n), "publishTime": day(n)} for n in page_of(int(asked["pageNum"]))]
        json_answer(handler, {"code": 0, "data": {"list": rows, "total": COUNT}})

    site.programs["/documents/api/queryCreditPublicity"] = listing
    site.programs["/documents/api/queryDetailByExtraId"] = lambda handler, asked: json_answer(
        handler, {"code": 0, "data": record(int(asked["id"][1:]))}
    )
    script = "$.ajax({url:'/documents/api/queryCreditPublicity',data:{pageNum:1,pageSize:10,typeCode:'300008'}})"
    site.put("/hlxy/xygs.html", page(f"<h2>双公示</h2><div id=list></div><script>{script}</script>"))
    return Case("credit_site", "/hlxy/xygs.html", [("queryCreditPublicity", "other"), ("双公示", "公示")])


def data_reporting(site: Any) -> Case:
    api = "/datareporting/queryDoublePublicityList.json"
    script = f"$.post('{api}',{{pageNo:1,pageSize:10,tableType:1}})"
    return shell_of(site, "/jx/sgs.html", api, script, "pageNo", lambda rows: {"data": rows, "count": COUNT})


def two_publicity(site: Any) -> Case:
    api = "/two_publicity/webPageList.do"
    script = f"var u='{api}?_type=ap&currPage=1&pageSize=10';$.get(u)"
    return shell_of(site, "/js/sgs.html", api, script, "currPage", lambda rows: {"result": rows, "total": COUNT})


def page_info(site: Any) -> Case:
    api = "/publicity/doublePublicity/getXZCFPageInfo.do"
    script = f"$.get('{api}',{{currentPageNo:1,pageSize:10}})"
    return shell_of(
        site, "/cz/sgs.html", api, script, "currentPageNo", lambda rows: {"rows": rows, "totalCount": COUNT}
    )


def ws_reporting(site: Any) -> Case:
    """Rows in JSON with an id; a detail is `table.form_table` with 19 rows; the result reads `20.0`."""
    base = "/website/wsreportingdoublepublicityquery"

    def listing(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST"
        rows = [
            {"id": f"p{n}", "punishname": title(n), "uploadtime": f"{day(n)} 10:00:00"}
            for n in page_of(int(asked["pageNumber"]))
        ]
        json_answer(handler, {"total": COUNT, "rows": rows})

    site.programs[f"{base}/getPenaltyPage"] = listing
    site.programs[f"{base}/punishdetail"] = lambda handler, asked: handler.answer(two_columns(int(asked["id"][1:])))
    script = "$('#t').datagrid({url:'getPenaltyPage',queryParams:{pageNumber:1,pageSize:10}});function open(row){location.href='punishdetail?id='+row.id;}"
    site.put(f"{base}/penaltyindex", page(f"<h2>双公示</h2><table id=t></table><script>{script}</script>"))
    return Case(
        "credit_site", f"{base}/penaltyindex", [("getPenaltyPage", "rows"), ("双公示", "公示")], "/website/list"
    )


def cms_interface(site: Any) -> Case:
    """`cms/xzcflist?pagesize=200&page=`; details in two columns."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        assert asked["pagesize"] == "10"
        rows = [{"id": n, "ajmc": title(n), "fbsj": day(n)} for n in page_of(int(asked["page"]))]
        json_answer(handler, {"data": rows, "total": COUNT})

    site.programs["/CMSInterface/cms/xzcflist"] = listing
    site.programs["/CMSInterface/cms/xzcfinfo"] = lambda handler, asked: handler.answer(
        two_columns(int(asked["id"]), "t")
    )
    script = (
        "$.ajax({url:'/CMSInterface/cms/xzcflist?pagesize=10&page=1',success:function(d){for(var i in d.data){"
        "html+='<a href=\"/CMSInterface/cms/xzcfinfo?id='+d.data[i].id+'\">'}}})"
    )
    site.put("/ca/20160419000001.htm", page(f"<h2>双公示</h2><div id=list></div><script>{script}</script>"))
    return Case("credit_site", "/ca/20160419000001.htm", [("cms/xzcf", "cms/other"), ("双公示", "公示")])


def jeesite_in_a_frame(site: Any) -> Case:
    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("pageNo", "1"))
        handler.answer(page(f"<form method=post id=searchForm><input name=pageNo type=hidden value={number}><input name=pageSize type=hidden value=10></form>"
                            f"<ul>{items(number, lambda n: f'/gs/gdsgs/xzcfxx/form?id={n}')}</ul>共 {COUNT} 条"))  # fmt: skip

    site.programs["/gs/gdsgs/xzcfxx/list"] = listing
    site.programs["/gs/gdsgs/xzcfxx/form"] = lambda handler, asked: handler.answer(decision(int(asked["id"])))
    frame = "<iframe src='/gs/gdsgs/xzcfxx/list' width=100% height=900></iframe>"
    site.put("/gz/sgs.html", page(f"<div class=nav>信用示例</div>{frame}"))
    return Case("credit_site", "/gz/sgs.html", [("<iframe", "<p")])


def right_data(site: Any) -> Case:
    """JSON whose field holds markup."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked["page"])
        json_answer(handler, {"rightData1": f"<table>{HEAD}{rows_of(number)}</table>", "totalPages": PAGES})

    site.programs["/hn/xzcfList.do"] = rows
    script = "$.post('/hn/xzcfList.do',{page:1},function(d){$('#r').html(d.rightData1)})"
    site.put("/hn/index.html", page(f"<h2>双公示</h2><div id=r></div><script>{script}</script>"))
    return Case("credit_site", "/hn/index.html", [("rightData1", "data"), ("双公示", "公示")])


def was(site: Any) -> Case:
    """A saved search on a port of its own, a channel for each type: the family of WAS reads it."""

    def search(handler: Any, asked: dict[str, str]) -> None:
        assert asked["channelid"] == "284126"
        lines = items(int(asked.get("page", "1")), lambda n: f"/was5/web/detail?record={n}&channelid=284126")
        form = "<form action='/was5/web/search'><input type=hidden name=channelid value=284126></form>"
        handler.answer(page(f"{form}<ul>{lines}</ul><p>共 {COUNT} 条</p>"))

    site.programs["/was5/web/search"] = search
    site.programs["/was5/web/detail"] = lambda handler, asked: handler.answer(two_columns(int(asked["record"])))
    return Case("trs_was", "/was5/web/search?channelid=284126", [("/was5/web/", "/find/"), ("channelid", "channel")])


def page_dot_page_no(site: Any) -> Case:
    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("page.pageNo", "1"))
        following = f"<a href='?page.pageNo={number + 1}'>下一页</a>"
        handler.answer(page(f"<table>{HEAD}{rows_of(number)}</table>{following}共{PAGES}页"))

    site.programs["/web/dou/punish/non/list"] = listing
    return Case("credit_site", "/web/dou/punish/non/list?page.pageNo=1", [("page.pageNo", "no")])


def permit_details(site: Any) -> Case:
    """Static pages that an interface fills: the list, and every detail."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        rows = [{"ID": f"d{n}", "PUNISHNAME": title(n), "PUBDATE": day(n)} for n in page_of(int(asked["page"]))]
        json_answer(handler, {"results": rows, "total": COUNT})

    def one(handler: Any, asked: dict[str, str]) -> None:
        json_answer(handler, {"results": record(int(asked["ID"][1:]))})

    def shell(handler: Any, asked: dict[str, str]) -> None:
        script = "var id=getQuery('ID');$.ajax({url:'/credit/punish/queryOne.do',data:{ID:id},success:show})"
        handler.answer(page(f"<div id=detail></div><script>{script}</script>"))

    site.programs["/credit/punishList.do"] = listing
    site.programs["/credit/punish/queryOne.do"] = one
    site.programs["/html/infoPublicity/punishDetails.html"] = shell
    script = "$.ajax({url:'/credit/punishList.do',data:{page:1,rows:10},success:function(d){for(var i in d.results){var row=d.results[i];h+='<a href=\"/html/infoPublicity/punishDetails.html?ID='+row.ID+'\">'}}})"
    site.put("/html/infoPublicity/punish.html", page(f"<h2>双公示</h2><div id=list></div><script>{script}</script>"))
    return Case("credit_site", "/html/infoPublicity/punish.html", [("punishDetails", "show"), ("双公示", "公示")])


def jq_grid(site: Any) -> Case:
    """`total` counts pages, `records` rows; a row has the party and an id, the decision stands in `getcfinfo.action`."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked["page"])
        rows = [{"cfid": f"A{n}", "ajmc": title(n), "cfrq": day(n)} for n in page_of(number)]
        json_answer(
            handler, {"gridModel": rows, "page": number, "records": COUNT, "total": PAGES, "sidx": "", "sord": "asc"}
        )

    def one(handler: Any, asked: dict[str, str]) -> None:
        handler.answer(two_columns(int(asked["cfid"][1:]), "list"))

    site.programs["/sh/cflist/cfgrid.action"] = listing
    site.programs["/sh/sgsinfo/getcfinfo.action"] = one
    script = "$('#grid').jqGrid({url:'/sh/cflist/cfgrid.action?search=false',datatype:'json',rows:10,page:1})"
    site.put("/sh/cflist/cflist.html", page(f"<h2>双公示</h2><table id=grid></table><script>{script}</script>"))
    return Case("credit_site", "/sh/cflist/cflist.html", [("cfgrid", "other"), ("双公示", "公示")])


def gkgs(site: Any) -> Case:
    """Every page by POST with the whole form; the total in words."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("pageIndex", "1"))
        assert asked["type"] == "PublicityPunishment" and (number == 1 or handler.command == "POST")
        form = (
            f"<form method=post><input name=bt><input name=bmmc><input name=sxmc><input type=hidden name=type value={asked['type']}>"
            f"<input type=hidden name=pageIndex value={number}></form>"
        )
        lines = items(number, lambda n: f"/credithb/gkgs/detail.html?id={n}&type=PublicityPunishment")
        handler.answer(page(f"{form}<div class=tabcnt>为您找到相关结果{COUNT}个<ul>{lines}</ul></div>"))

    site.programs["/credithb/gkgs/list.html"] = listing
    site.programs["/credithb/gkgs/detail.html"] = lambda handler, asked: handler.answer(two_columns(int(asked["id"])))
    url = "/credithb/gkgs/list.html?type=PublicityPunishment"
    return Case("credit_site", url, [("pageIndex", "index"), ("gkgs/detail", "gkgs/one")])


def numbered_codes(site: Any) -> Case:
    """The other set of field codes: xy010101 is the party, xy020102 the number."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {
                "xy020102": r["cf_wsh"],
                "xy010101": r["cf_xdr_mc"],
                "xy020107": r["cf_jdrq"],
                "xy020130": "罚款",
                "xy010133": "",
            }
            for n in page_of(int(asked["pageNo"]))
            for r in [record(n)]
        ]
        json_answer(handler, {"data": found, "count": COUNT})

    site.programs["/xy/queryDoublePublicityList.json"] = rows
    script = "$.post('/xy/queryDoublePublicityList.json',{pageNo:1,pageSize:10,tableType:1})"
    site.put("/xy/sgs.html", page(f"<h2>双公示</h2><div id=list></div><script>{script}</script>"))
    return Case("credit_site", "/xy/sgs.html", [("queryDoublePublicityList", "other"), ("双公示", "公示")])


COLUMNS: tuple[Callable[[Any], Case], ...] = (
    double_public_controller, jeecms_lists, jeecms_interface, creditsearch, hlxy, data_reporting, two_publicity, page_info, ws_reporting,
    cms_interface, jeesite_in_a_frame, right_data, was, page_dot_page_no, permit_details, jq_grid, gkgs, numbered_codes,
)  # fmt: skip
NAMES = [column.__name__ for column in COLUMNS]


@pytest.fixture(scope="module")
def world(make_site: Any, make_workspace: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    site = make_site()
    yield crawled(COLUMNS, site, make_workspace, tmp_path_factory.mktemp("credit") / "city")
    site.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_make_is_recognised_and_read_to_its_end(world: World, name: str) -> None:
    read_to_its_end(world, name)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "jeesite_in_a_frame"])
def test_one_mark_of_a_make_is_not_enough(world: World, name: str) -> None:
    case = world.cases[name]
    text = seen_first(world, case)
    found = taken_for(text, case.url)
    assert found[0].family == case.family and len(found[0].marks) >= 2
    assert taken_for(text, case.url, "www.other.gov.cn") == found  # never by the host
    for pattern, instead in case.spoil:
        assert re.search(pattern, text), f"{pattern} is not on the page"
        text = re.sub(pattern, instead, text)
    assert case.family not in [each.family for each in taken_for(text, case.spoiled_url)]


def test_every_make_was_met(world: World) -> None:
    told = "\n".join(world.notes.values())
    assert [stack.name for stack in STACKS if f"信用网站软件：{stack.name}" not in told] == []


def test_licences_have_a_list_of_their_own(site: Any, watch: Any) -> None:
    """The suffix 2 and `toADlicensingDetail.do` are the licences of the same make."""
    labels = {
        "行政许可决定书文号": "示许〔2026〕7号",
        "行政相对人名称": "示例市第7号商贸有限公司",
        "许可决定日期": "2026/07/07",
        "许可机关": "示例市行政审批局",
        "许可内容": "餐饮服务",
    }
    link = "/doublePublicController/toADlicensingDetail.do?liceId=7"
    site.put(
        "/doublePublicController/toDoublePublicPage2?keyword=",
        page(
            f"<ul><li><a href='{link}'>示例市第7号商贸有限公司</a><span>2026-08-07</span></li></ul><input type=hidden name=numPerPage value=10>行政相对人"
        ),
    )
    site.put(link, page("<ul>" + "".join(f"<li>{k}：{v}</li>" for k, v in labels.items()) + "</ul>"))
    address = f"{site.base}/doublePublicController/toDoublePublicPage2?keyword="
    ((result),) = crawl(watch({"id": "a", "kind": "licence", "channel": "credit", "url": address}), everything=True)
    assert (result.outcome, result.records, result.family) == ("complete", 1, "credit_site")


def test_a_captcha_in_the_middle_is_told_and_not_gone_around(site: Any, watch: Any) -> None:
    """信用陕西: from page 6 a captcha stands where the list was."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("page.pageNo", "1"))
        if number > 2:
            return handler.answer("<html><body><img src='/captcha.jpg'>请输入验证码后继续访问</body></html>")
        following = f"<a href='?page.pageNo={number + 1}'>下一页</a>"
        return handler.answer(page(f"<table>{HEAD}{rows_of(number)}</table>{following}共{PAGES}页"))

    site.programs["/web/dou/punish/non/list"] = listing
    address = f"{site.base}/web/dou/punish/non/list?page.pageNo=1"
    ((result),) = crawl(watch({"id": "a", "url": address}), everything=True)
    assert (result.outcome, result.records) == ("partial", 20) and "网站防护拦截" in result.reason


def test_a_credit_site_that_stays_empty_is_unread_and_was_asked_again(site: Any, watch: Any) -> None:
    case = double_public_controller(site)
    site.programs["/doublePublicController/toadpunishDetail.do"] = lambda handler, asked: handler.answer("<ul></ul>")
    ((result),) = crawl(watch({"id": "a", "url": f"{site.base}{case.url}"}), everything=True)
    assert result.outcome == "partial" and result.records == 0 and "详情多次为空 25 处" in result.reason
    assert sum("puniId=7" in path and path.endswith("=7") for path in site.seen) == 4


def test_an_entry_may_say_what_no_page_tells(site: Any, watch: Any) -> None:
    """A make that is not recognised by its page: the entry names it, its parameters and where its details are."""

    def listing(handler: Any, asked: dict[str, str]) -> None:
        assert asked["area"] == "1406" and asked["no"] in "123"
        rows = [{"key": n, "title": title(n)} for n in page_of(int(asked["no"]))]
        json_answer(handler, {"data": {"list": rows, "total": COUNT}})

    site.programs["/documents/api/queryCreditPublicity"] = listing
    site.programs["/one"] = lambda handler, asked: json_answer(handler, {"data": record(int(asked["k"]))})
    site.put(
        "/xy.html", page("<div id=list></div><script src=/app.js></script><!-- /documents/api/queryCreditPublicity -->")
    )
    options = {"stack": "hlxy 文书接口", "page": "no", "query": {"area": "1406"}, "detail": "/one?k={key}"}
    ((result),) = crawl(watch({"id": "a", "url": f"{site.base}/xy.html", "options": options}), everything=True)
    assert (result.outcome, result.records, result.family) == ("complete", COUNT, "credit_site")
