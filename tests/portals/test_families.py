"""Every family on a site of its own: recognised by its marks, proven alive, read to its last page, and not mistaken.

One site serves all columns, one crawl with `family: auto` looks at them, and one test body judges each. The pages are
written here after the descriptions of their makes; names and numbers are made up.
"""

# ruff: noqa: E501 - pages stand here as their makers write them

from __future__ import annotations

import datetime
import html
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, Request
from sqlalchemy import select

from crawler import detect
from crawler.coverage import Look
from crawler.extract import tables
from crawler.launch import CrawlResult, crawl
from crawler.registry import Portal as PortalEntry
from crawler.spiders import class_of, families
from crawler.spiders.base import Walk
from db.models import Coverage, Portal, Publication
from db.session import session_of
from db.settings import CrawlSettings

sys.path.insert(0, str(Path(__file__).parent))
from columns import (
    BADGES,
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
    seen_first,
    taken_for,
    title,
)  # fmt: skip

# ------------------------------------------------------------------ the columns


def trs_static(site: Any, base: str = "/trs", second: int = 1) -> Case:
    for number in range(1, PAGES + 1):
        script = f"var countPage = {PAGES}//共多少页\nvar currentPage = 0;createPageHTML(countPage, currentPage, 'index', 'html')"
        name = "index.html" if number == 1 else f"index_{number - 2 + second}.html"
        site.put(
            f"{base}/{name}",
            page(f"<ul>{items(number, lambda n: f'./202608/t202608{n:02d}_{n}.html')}</ul><script>{script}</script>"),
        )
    put_details(site, lambda n: f"{base}/202608/t202608{n:02d}_{n}.html", "class='TRS_Editor'")
    return Case("trs_static", f"{base}/index.html", [("createPageHTML", "makePager")])


def trs_static_counting_from_two(site: Any) -> Case:
    return trs_static(site, "/trs2", second=2)


def trs_was(site: Any) -> Case:
    def search(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("page", "1"))
        lines = items(number, lambda n: f"/was5/web/detail?record={n}&channelid={asked['channelid']}")
        handler.answer(
            page(
                f"<form action='/was5/web/search'><input type=hidden name=channelid value=9></form><ul>{lines}</ul><p>共 {COUNT} 条</p>"
            )
        )

    site.programs["/was5/web/search"] = search
    site.programs["/was5/web/detail"] = lambda handler, asked: handler.answer(decision(int(asked["record"])))
    return Case(
        "trs_was", "/was5/web/search?channelid=9&perpage=10", [("/was5/web/", "/find/"), ("channelid", "channel")]
    )


def hanweb_jpage(site: Any, column: int = 11, by_page: bool = False) -> Case:
    def link(n: int) -> str:
        return f"/art/2026/8/{n}/art_{column}_{n}.html"

    def store(numbers: list[int]) -> str:
        cells = "".join(
            f"<record><![CDATA[<li><a href='{link(n)}'>{title(n)}</a><b>{day(n)}</b></li>]]></record>" for n in numbers
        )
        return f"<datastore><totalrecord>{COUNT}</totalrecord><recordset>{cells}</recordset></datastore>"

    def proxy(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST" and asked["webid"] == "3"
        if asked["columnid"] == "12":  # a server that knows pages only
            return handler.answer(store(page_of(int(asked.get("pageNum", "1")))), "text/xml; charset=utf-8")
        whole = page_of(1, COUNT)
        return handler.answer(
            store(whole[int(asked["startrecord"]) - 1 : int(asked["endrecord"])]), "text/xml; charset=utf-8"
        )

    site.programs["/module/web/jpage/dataproxy.jsp"] = proxy
    call = (
        f"$('#1').jpage({{totalRecord:{COUNT},perPage:{SIZE},proxyUrl:'/module/web/jpage/dataproxy.jsp',"
        f"ajaxParam:{{col:1,webid:3,path:'/',columnid:{column},sourceContentType:1,unitid:'5',webname:'示例',permissiontype:0}}}})"
    )
    first = store(page_of(1))
    body = html.escape(first, quote=False) if by_page else first
    site.put(
        f"/col/col{column}/index.html",
        page(
            f"<script src='/module/jslib/jquery.jpage.js'></script><script type='text/xml'>{body}</script><script>{call}</script>"
        ),
    )
    put_details(site, link, "id='zoom'")
    return Case(
        "hanweb_jpage",
        f"/col/col{column}/index.html",
        [("jpage", "pager"), ("datastore", "store"), ("dataproxy", "data")],
    )


def hanweb_jpage_by_pages(site: Any) -> Case:
    return hanweb_jpage(site, 12, by_page=True)


def hanweb_xxgk(site: Any) -> Case:
    def search(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST" and asked["infotypeId"] == "B0003" and asked["area"] == "11140600"
        number = int(asked["currpage"])
        others = "<li><a href='/art/2026/8/1/art_99_1.html'>外县的一份决定书</a>2026-08-01</li>"
        handler.answer(
            f"<ul>{items(number, lambda n: f'/art/2026/8/{n}/art_77_{n}.html')}{others}</ul><p>共 {PAGES} 页</p>"
        )

    site.programs["/module/xxgk/search.jsp"] = search
    put_details(site, lambda n: f"/art/2026/8/{n}/art_77_{n}.html", "id='zoom'")
    script = (
        "var infotypeId='B0003', area='11140600', divid='div1';$('#list').load('/module/xxgk/search.jsp?divid=div1')"
    )
    site.put("/col/col77/index.html", page(f"<div id=list></div><script>{script}</script>"))
    return Case("hanweb_xxgk", "/col/col77/index.html", [("/module/xxgk/", "/module/other/")])


def hanweb_sgs(site: Any) -> Case:
    def entries(numbers: list[int]) -> str:
        return "[" + ",".join(f'"CF${n}${title(n)}${day(n)}"' for n in numbers) + "]"

    def more(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST" and asked["id2"] == "771"
        handler.answer(entries(page_of(1, COUNT)[int(asked["startrecord"]) - 1 : int(asked["endrecord"])]))

    site.programs["/sgs/sgsMore.do"] = more
    site.programs["/sgs/sgsShow.do"] = lambda handler, asked: handler.answer(decision(int(asked["id"])))
    script = (
        f"var totalRecord={COUNT};var perPage={SIZE};var id2='771';var proxyUrl='/sgs/sgsMore.do';var records={entries(page_of(1))};"
        "function show(r){document.write('<a href=\"'+\"/sgs/sgsShow.do?id=\"+r.split('$')[1]+'\">')}"
    )
    site.put("/sgs/sgsList01.do", page(f"<div id=list></div><script>{script}</script>"))
    return Case("hanweb_sgs", "/sgs/sgsList01.do", [("CF\\$", "CF-"), ("id2", "id3")], "/sgs/sgsList.do")


def hanweb_xxgs(site: Any) -> Case:
    loads: list[int] = []

    def shell(handler: Any, asked: dict[str, str]) -> None:
        loads.append(1)
        header = (
            "<table><tr><td>行政处罚决定书文号</td><td>行政相对人名称</td><td>处罚决定日期</td><td>处罚机关</td></tr>"
        )
        call = (
            f"$('#ListBox').jpage({{totalRecord:'{COUNT}', perPage:{SIZE}, proxyUrl:'./xzcfmore_show.do', dataBefore:'{header}', dataAfter:'</table>',"
            f"ajaxParam:{{encode_text:'key{len(loads)}'}}}})"
        )
        handler.answer(page(f"<div id=ListBox></div><script>{call}</script>"))

    def more(handler: Any, asked: dict[str, str]) -> None:
        start = int(asked["startrecord"])
        stale = asked["encode_text"] != f"key{len(loads)}" or (
            start > SIZE and len(loads) == 1
        )  # it grows old after a batch
        numbers = [] if stale else page_of(1, COUNT)[start - 1 : int(asked["endrecord"])]
        rows = "".join(
            f"<record><![CDATA[<tr><td>示市监罚字〔2026〕{n}号</td><td>示例市第{n}号商贸有限公司</td><td>2026-07-{n:02d}</td><td>示例市市场监督管理局</td></tr>]]></record>"
            for n in numbers
        )
        handler.answer(f"<datastore><recordset>{rows}</recordset></datastore>")

    site.programs["/xxgs/front/xxgs/cf/xzcf_show.do"] = shell
    site.programs["/xxgs/front/xxgs/cf/xzcfmore_show.do"] = more
    return Case(
        "hanweb_xxgs",
        "/xxgs/front/xxgs/cf/xzcf_show.do",
        [("encode_text", "text"), ("more_show", "more")],
        "/cf/show.do",
    )


def hanweb_jpaas(site: Any) -> Case:
    def hexed(n: int) -> str:
        return f"/art/2026/art_{n:032x}.html"

    def unit(handler: Any, asked: dict[str, str]) -> None:
        assert asked["webId"] == "8" and asked["pageId"] == "p1"
        choice = json.loads(asked["paramJson"]) if "paramJson" in asked else {}
        number = int(choice.get("pageNo", 1))  # a bare pageNo is ignored
        json_answer(
            handler,
            {
                "success": True,
                "data": {"html": f'<ul>{items(number, hexed)}</ul><paging count="{COUNT}" rows="{SIZE}"></paging>'},
            },
        )

    site.programs["/api-gateway/jpaas-publish-server/front/page/build/unit"] = unit
    put_details(site, hexed)
    script = (
        "<script src='/AuthorizedRead/unitbuild.js' url='/api-gateway/jpaas-publish-server/front/page/build/unit' "
        "queryData=\"{'webId':'8','tplSetId':'t1','tagId':'右侧列表','pageId':'p1','pageType':'column'}\"></script>"
    )
    site.put("/col/col1228/index.html", page(f"<div id=list></div>{script}"))
    return Case(
        "hanweb_jpaas",
        "/col/col1228/index.html",
        [("unitbuild", "build"), ("jpaas-publish-server", "server"), ("queryData", "data")],
    )


def hanweb_query_list(site: Any) -> Case:
    def query(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST" and asked["channelCode[]"] == "col421" and asked["webSiteCode[]"] == "demo"
        rows = [
            {
                "source": {
                    "title": title(n),
                    "pubDate": f"{day(n)} 10:02",
                    "urls": json.dumps({"pc": f"/demo/col/col421/content/content_{n}.html"}),
                }
            }
            for n in page_of(int(asked["current"]))
        ]
        json_answer(handler, {"code": 200, "data": {"results": rows, "total": COUNT}})

    site.programs["/queryList"] = query
    put_details(site, lambda n: f"/demo/col/col421/content/content_{n}.html")
    body = (
        "<base href='/demo/'><script src='commonfiles/handlebars.min.js'></script><script src='commonfiles/jquery.jpage.js'></script><div id='380'></div>"
        "<script id='div380' type='text/x-handlebars-template'><ul>{{#each data}}<li><a href='{{pcUrl}}'>{{title}}</a>"
        "{{formatDate pubDate 'YYYY'}}</li>{{/each}}</ul></script>"
        "<script>var params = {current: 1, unitid: '380', webSiteCode: ['demo'], channelCode: ['col421'], dataBefore: '', perPage: '10', groupSize: 1};"
        "loadPageData(params, '380');</script>"
    )
    site.put("/demo/col/col421/index.html", page(body))
    return Case("hanweb_query_list", "/demo/col/col421/index.html", [("loadPageData", "load"), ("pcUrl", "address")])


def truecms(site: Any) -> Case:
    def uuid(n: int) -> str:
        return f"/sgtj/xzcf/content/00000000-0000-4000-8000-{n:012d}.html"

    def message(handler: Any, asked: dict[str, str]) -> None:
        if int(asked["perpage"]) > 50 or not handler.headers.get("Referer"):
            return handler.answer("")
        size = 10
        start = int(asked["startrecord"])
        numbers = page_of(1, COUNT)[start - 1 : start - 1 + size]
        cells = "".join(
            f'<record><![CDATA[<li><a href="{uuid(n)}">{title(n)}</a><span>{day(n)}</span></li>]]></record>'
            for n in numbers
        )
        result = f"<datastore><totalrecord>{COUNT}</totalrecord><recordset>{cells}</recordset></datastore>"
        return handler.answer(f";{asked['callback']}({json.dumps({'result': result})})", "text/javascript")

    site.programs["/cms/messageController/getMessage.do"] = message
    put_details(site, uuid)
    first = f"<div id='initData'><ul>{items(1, uuid)}</ul></div>"
    script = "$.getJSON('/cms/messageController/getMessage.do?callback=?',{columnId:'c77',perpage:10})"
    site.put("/sgtj/xzcf/index.html", page(f"{first}<script>var columnId='c77';{script}</script>"))
    return Case("truecms", "/sgtj/xzcf/index.html", [("messageController/getMessage", "list"), ("initData", "data")])


UCAP_HEAD = '<meta name="channelId" content="e5eb2abb5014415399847ba2bb99b31f"><meta name="code" content="c100234"><meta name="others" content="页面生成时间 2026-09-01 09:00:00">'


def ucap_link(n: int) -> str:
    return f"/c100234/202608/{n:032x}.shtml"


def ucap_static(site: Any) -> Case:
    for number in range(1, PAGES + 1):
        name = "common_list.shtml" if number == 1 else f"common_list_{number}.shtml"
        script = f"createPageHTML('page_div',{PAGES},{number},'common_list','shtml',{COUNT})"
        site.put(f"/c100234/{name}", page(f"{UCAP_HEAD}<ul>{items(number, ucap_link)}</ul><script>{script}</script>"))
    for n in range(1, COUNT + 1):
        site.put(ucap_link(n), decision(n).replace("<div class='content'>", "<div><ucapcontent>"))
    return Case(
        "ucap_static",
        "/c100234/common_list.shtml",
        [
            ("/c100234/", "/list/"),
            ("channelId", "other"),
            ('"code"', '"x"'),
            ("common_list", "index"),
            ("页面生成时间", ""),
        ],
    )


def ucap_commented(site: Any) -> Case:
    for number in range(1, PAGES + 1):
        name = "zwgklist.shtml" if number == 1 else f"zwgklist_{number}.shtml"
        script = f"<script>createPageHTML('page_div',{PAGES}, {number},'zwgklist','shtml',{COUNT});</script>"
        menu = "<div><a href='/c100777/zwgklist.shtml'>行政许可</a><a href='/c100778/zwgklist.shtml'>处罚强制信息</a></div>"
        site.put(
            f"/c110634/{name}",
            page(
                f"{UCAP_HEAD}{menu}<input id=page type=hidden value=1><ul><!--\n{items(number, lambda n: ucap_link(n))}{script}\n--></ul>"
            ),
        )
    return Case("ucap_commented", "/c110634/zwgklist.shtml", [("<!--", "<!-- -->"), ("\n-->", "")])


def ucap_search(site: Any) -> Case:
    def search(handler: Any, asked: dict[str, str]) -> None:
        assert asked["_isAgg"] == "true"
        rows = [
            {
                "title": title(n),
                "url": ucap_link(n),
                "publishedTimeStr": day(n),
                "publishedTime": 1785513600000 + 86400000 * (n - 1),
            }
            for n in page_of(int(asked["page"]))
        ]
        json_answer(handler, {"data": {"results": rows, "total": COUNT, "page": int(asked["page"])}})

    site.programs["/search/e5eb2abb5014415399847ba2bb99b31f"] = search
    script = "$.get('/search/e5eb2abb5014415399847ba2bb99b31f?_isAgg=true&_isJson=true&_pageSize=10&page=1', show)"
    site.put("/c100300/zfxxgk.shtml", page(f"{UCAP_HEAD}<ul id=list></ul><script>{script}</script>"))
    return Case(
        "ucap_search",
        "/c100300/zfxxgk.shtml",
        [("/search/e5eb", "/find/e5eb"), ("_isAgg", "agg"), ("_isJson", "json"), ("_pageSize", "size")],
    )


def gkmlpt(site: Any) -> Case:
    def link(n: int) -> str:
        return f"/gkmlpt/content/8/88/post_{n}.html"

    def api(handler: Any, asked: dict[str, str]) -> None:
        assert asked["sid"] == "200001"
        rows = [
            {
                "title": title(n),
                "url": f"http://{handler.headers['Host']}{link(n)}",
                "date": 1785513600 + 86400 * (n - 1),
            }
            for n in page_of(int(asked["page"]))
        ]
        json_answer(handler, {"articles": rows, "total": COUNT})

    site.programs["/gkmlpt/api/all/2305"] = api
    put_details(site, link)
    site.put(
        "/gkmlpt/index",
        page(
            "<div id=app></div><script>window._CONFIG = {TREE: [], DETAIL: {}, SID: '200001'};</script><script src='/gkmlpt/js/app.js'></script>"
        ),
    )
    return Case("gkmlpt", "/gkmlpt/index#2305", [("_CONFIG", "_SETUP"), ("/gkmlpt/", "/catalogue/")])


def vsb_static(site: Any) -> Case:
    def link(n: int) -> str:
        return f"/info/1034/{n}.htm"

    for number in range(1, PAGES + 1):
        place = PAGES - number + 1
        path = "/zwgk/xzcf.htm" if number == 1 else f"/zwgk/xzcf/{place}.htm"
        up = "xzcf/" if number == 1 else ""
        lines = items(
            number, (lambda n: f"../info/1034/{n}.htm") if place == PAGES else (lambda n: f"../../info/1034/{n}.htm")
        ).replace("<li>", "<li id='line_u8_0'>")
        following = f"<a href='{up}{place - 1}.htm'>下页</a>" if place > 1 else "<span>下页</span>"
        site.put(
            path,
            page(
                f"<ul>{lines}</ul><p>共{COUNT}条 {number}/{PAGES} {following}</p><script>_showDynClicks('wbnews', 1, 2)</script>"
            ),
        )
    put_details(site, link, "id='vsb_content'")
    return Case("vsb_static", "/zwgk/xzcf.htm", [("line_u8_0", "line"), ("_showDynClicks", "clicks")])


def vsb_dynamic(site: Any) -> Case:
    def tree(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("a1154p", "1"))
        lines = items(number, lambda n: f"content.jsp?urltype=news.NewsContentUrl&wbtreeid=1034&wbnewsid={n}")
        following = (
            f"<a href='list.jsp?a1154t={PAGES}&a1154p={number + 1}&a1154c=10&urltype=tree.TreeTempUrl&wbtreeid=1034'>下页</a>"
            if number < PAGES
            else ""
        )
        handler.answer(page(f"<ul>{lines}</ul>{following}<script>_showDynClicks('wbnews', 1, 2)</script>"))

    site.programs["/vsb/list.jsp"] = tree
    site.programs["/vsb/content.jsp"] = lambda handler, asked: handler.answer(
        decision(int(asked["wbnewsid"]), "class='v_news_content'")
    )
    return Case(
        "vsb_dynamic",
        "/vsb/list.jsp?urltype=tree.TreeTempUrl&wbtreeid=1034",
        [("_showDynClicks", "clicks"), ("NewsContentUrl", "Url"), ("a1154", "p")],
    )


def lonsun(site: Any) -> Case:
    def label(handler: Any, asked: dict[str, str]) -> None:
        assert (asked["organId"], asked["catId"], asked["labelName"], asked["siteId"]) == (
            "6596",
            "7012",
            "publicInfoList",
            "41",
        )
        handler.answer(
            f"<ul class='ls-list'>{items(int(asked['pageIndex']), lambda n: f'/public/6596/{n}.html')}</ul><script>var pageCount:{PAGES}</script>"
        )

    site.programs["/site/label/8888"] = label
    put_details(site, lambda n: f"/public/6596/{n}.html")
    script = "Ls.ajax({url:'/site/label/8888',data:{IsAjax:1,dataType:'html',labelName:'publicInfoList',siteId:'41',pageSize:10,pageIndex:1,type:4,catId:'7012',file:'/xxgk/list'}})"
    site.put(
        "/public/column/6596?type=4&catId=7012&action=list",
        page(f"<div class='ls-main' id=list></div><script>{script}</script>"),
    )
    return Case(
        "lonsun",
        "/public/column/6596?type=4&catId=7012&action=list",
        [("/site/label/8888", "/label"), ("labelName", "name")],
    )


def ewb_link(n: int) -> str:
    return f"/001/001001/202608{n:02d}/00000000-0000-4000-8000-{n:012d}.html"


def ewb_rest(site: Any) -> Case:
    def rest(handler: Any, asked: dict[str, str]) -> None:
        params = json.loads(asked["params"])
        assert handler.command == "POST" and params["categorynum"] == "001001" and params["siteGuid"] == "7eb5f7f1"
        rows = [
            {"infourl": ewb_link(n), "realtitle": title(n), "infodate": day(n)}
            for n in page_of(int(params["pageIndex"]) + 1)
        ]
        json_answer(handler, {"custom": {"data": rows, "total": COUNT}})

    site.programs["/EWB-FRONT/rest/lightfrontaction/getgovinfolist"] = rest
    script = (
        "var siteInfo={siteGuid:'7eb5f7f1',projectName:'/EWB-FRONT'};"
        "Util.ajax({url:siteInfo.projectName+'/rest/lightfrontaction/getgovinfolist',data:{params:JSON.stringify({deptcode:'001',categorynum:'001001',pageSize:10})}})"
    )
    site.put(
        "/gov/list.html",
        page(
            f"<div class='ewb-info' id=list></div><script src='/js/webBuilderCommon.js'></script><script>{script}</script>"
        ),
    )
    return Case(
        "ewb_rest",
        "/gov/list.html",
        [
            ("lightfrontaction", "action"),
            ("categorynum", "num"),
            ("webBuilderCommon", "common"),
            ("EWB-FRONT", "front"),
        ],
    )


def ewb_rest_unsaid(site: Any, column: str, address: str, field: str = "") -> Case:
    """No script of the page names the interface or the column."""

    def rest(handler: Any, asked: dict[str, str]) -> None:
        params = json.loads(asked["params"])
        number = int(params["pageIndex"]) + 1
        rows = [{"infourl": ewb_link(n), "realtitle": title(n), "infodate": day(n)} for n in page_of(number)]
        told = params["categorynum"] == column and params["siteGuid"] == "7eb5f7f2"
        json_answer(handler, {"custom": {"data": rows if told else [], "total": COUNT if told else 0}})

    site.programs[f"/builder{column}/rest/lightfrontaction/getgovinfolist"] = rest
    script = f"var siteInfo={{siteGuid:'7eb5f7f2',projectName:'builder{column}'}};"
    frame = f"{field}<div class='ewb-list'><ul class='wb-data-item' id=infolist></ul></div><script>{script}</script>"
    site.put(
        address, page(f"{frame}<script src='/js/webBuilderCommon.js'></script><script src='/js/govinfo.js'></script>")
    )
    return Case("ewb_rest", address, [("webBuilderCommon", "common")])


def ewb_rest_by_field(site: Any) -> Case:
    field = "<input type='hidden' id='categorynum' value='001002'>"
    return ewb_rest_unsaid(site, "001002", "/gov/field.html", field)


def ewb_rest_by_address(site: Any) -> Case:
    return ewb_rest_unsaid(site, "001003", "/xxgk/001/001003/secondpage.html")


def ewb_static(site: Any) -> Case:
    for number in range(1, PAGES + 1):
        lines = (
            items(number, ewb_link)
            .replace("<li>", "<li class='wb-data-item'>")
            .replace("<span>", "<span class='wb-data-date'>")
        )
        following = f"<a href='/001/001001/{number + 1}.html'>下页 &gt;</a>" if number < PAGES else ""
        site.put(
            "/001/001001/secondPage.html" if number == 1 else f"/001/001001/{number}.html",
            page(f"<ul class='wb-data-list'>{lines}</ul><p>{number}/{PAGES}页</p>{following}"),
        )
    put_details(site, ewb_link)
    return Case("ewb_static", "/001/001001/secondPage.html", [("wb-data-", "data-")])


def aspnet_webforms(site: Any, path: str = "/XzcfList.aspx", gets: bool = False) -> Case:
    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("page", "1")) if gets else 1
        if handler.command == "POST":
            number = int(asked["__EVENTARGUMENT"])
            state = (
                asked["__VIEWSTATE"],
                asked["__EVENTVALIDATION"],
                asked["__EVENTTARGET"],
                "session=one" in handler.headers.get("Cookie", ""),
            )
            if state != (f"state{number - 1}==", f"valid{number - 1}", "ctl00$Main$AspNetPager1", True):
                return handler.send_error(500)
        following = (
            f"<a href=\"javascript:__doPostBack('ctl00$Main$AspNetPager1','{number + 1}')\">下一页</a>"
            if number < PAGES
            else "<a disabled>下一页</a>"
        )
        lines = items(number, lambda n: f"PublicInfoShow.aspx?ID={n}")
        form = (
            f"<form method=post action='{path[1:]}'><input type=hidden name=__VIEWSTATE value='state{number}=='><input type=hidden name=__EVENTVALIDATION value=valid{number}>"
            f"<input name=ctl00$key value=''><input type=submit name=go value=查询><ul>{lines}</ul>{following}</form>"
        )
        return handler.answer(page(form), Set_Cookie="session=one; path=/")

    site.programs[path] = listing
    site.programs["/PublicInfoShow.aspx"] = lambda handler, asked: handler.answer(decision(int(asked["ID"])))
    return Case("aspnet_webforms", path, [("__VIEWSTATE", "__STATE"), ("__doPostBack", "turn")])


def aspnet_webforms_by_get(site: Any) -> Case:
    return aspnet_webforms(site, "/XzcfGet.aspx", gets=True)


def json_grid(site: Any) -> Case:
    def grid(handler: Any, asked: dict[str, str]) -> None:
        json_answer(
            handler, {"gridModel": [record(n) for n in page_of(int(asked["page"]))], "records": COUNT, "total": PAGES}
        )

    site.programs["/api/grid.action"] = grid
    script = "$('#t').jqGrid({url:'/api/grid.action',datatype:'json',mtype:'GET',rowNum:10})"
    site.put("/grid.html", page(f"<table id=t></table><script>{script}</script>"))
    return Case("json_grid", "/grid.html", [("jqGrid", "grid"), ("url:", "at:")])


def json_grid_of_documents(site: Any) -> Case:
    def rows(handler: Any, asked: dict[str, str]) -> None:
        assert handler.command == "POST" and handler.headers["Content-Type"] == "application/json"
        answer = {
            "result": {
                "total": COUNT,
                "records": [{"info": {"id": n, "bt": title(n), "fbrq": day(n)}} for n in PENDING.pop(0)],
            }
        }
        json_answer(handler, answer)

    PENDING.extend(page_of(number) for number in range(1, PAGES + 1))
    site.programs["/prod-api/xzcf/list"] = rows
    site.programs["/prod-api/show"] = lambda handler, asked: handler.answer(decision(int(asked["id"])))
    site.put("/spa.html", page("<div id=app></div><script src=/app.js></script>"))
    options = {
        "api": "/prod-api/xzcf/list", "method": "POST", "body": "json", "page": "pageNum", "size": "pageSize", "page_size": 10, "rows": "result.records",
        "total": "result.total", "title": "info.bt", "date": "info.fbrq", "link": "/prod-api/show?id={info.id}",
    }  # fmt: skip
    return Case("json_grid", "/spa.html", options=options)


def json_grid_with_field_paths(site: Any) -> Case:
    def rows(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {"a": {"wh": r["cf_wsh"]}, "b": [r["cf_xdr_mc"]], "c": r["cf_jdrq"], "d": r["cf_cfjg"]}
            for r in map(record, page_of(int(asked["pageNo"])))
        ]
        json_answer(handler, {"list": found, "total": COUNT})

    site.programs["/x/list"] = rows
    site.put("/paths.html", page("<div id=app></div>"))
    fields = {"cf_wsh": "a.wh", "cf_xdr_mc": "b.0", "cf_jdrq": "c", "cf_cfjg": "d"}
    options = {"api": "/x/list", "page": "pageNo", "size": "size", "page_size": 10, "fields": fields}
    return Case("json_grid", "/paths.html", options=options)


def json_grid_itself(site: Any) -> Case:
    """The portal's address is the interface: a page of documents in JSON."""

    def rows(handler: Any, asked: dict[str, str]) -> None:
        found = [
            {"title": title(n), "url": f"/direct/show?id={n}", "pubDate": day(n)} for n in page_of(int(asked["page"]))
        ]
        json_answer(handler, {"data": {"results": found, "total": COUNT}})

    site.programs["/direct/list"] = rows
    site.programs["/direct/show"] = lambda handler, asked: handler.answer(decision(int(asked["id"])))
    return Case("json_grid", "/direct/list?channel=7&page=1&size=10")


PENDING: list[list[int]] = []


def article(site: Any) -> Case:
    pairs = "".join(
        f"<p>行政处罚决定书文号：{r['cf_wsh']}</p><p>行政相对人名称：{r['cf_xdr_mc']}</p><p>处罚决定日期：2026年7月{n}日</p><p>处罚机关：{r['cf_cfjg']}</p><p>处罚内容：罚款</p>"
        for n in range(1, COUNT + 1) for r in [record(n)]
    )  # fmt: skip
    metas = '<meta name="ArticleTitle" content="8月行政处罚信息公示"><meta name="PubDate" content="2026-08-31 10:00">'
    site.put("/xxgk/202608/t20260831_900.html", page(f"{metas}<div class='view TRS_UEDITOR'>{pairs}</div>"))
    return Case(
        "article",
        "/xxgk/202608/t20260831_900.html",
        [
            ("ArticleTitle", "x"),
            ("PubDate", "y"),
            ("TRS_UEDITOR", "z"),
            ("<p>[^<]*</p>", "<p>甲</p>"),
        ],
    )


def shell_frame(site: Any) -> Case:
    trs_static(site, "/framed/list")
    menu = "<frame src='/framed/menu.html' name=left>"
    site.put(
        "/framed/",
        f"<html><frameset cols='200,*'>{menu}<frame src='/framed/list/index.html' name='main'></frameset></html>",
    )
    return Case("trs_static", "/framed/", [("frameset", "div"), ("<frame", "<p")])


def shell_inner_frame(site: Any) -> Case:
    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("pageNo", "1"))
        handler.answer(page(f"<form method=post id=searchForm><input name=pageNo type=hidden value={number}><input name=pageSize type=hidden value=10></form>"
                            f"<ul>{items(number, lambda n: f'/gs/gdsgs/xzcfxx/form?id={n}')}</ul>共 {COUNT} 条"))  # fmt: skip

    site.programs["/gs/gdsgs/xzcfxx/list"] = listing
    site.programs["/gs/gdsgs/xzcfxx/form"] = lambda handler, asked: handler.answer(decision(int(asked["id"])))
    site.put(
        "/credit/sgs.html",
        page(
            "<div class=nav>信用示例</div><iframe src='/gs/gdsgs/xzcfxx/list' width=100% height=900></iframe><iframe src='/tianqi/w.html' width=1 height=1></iframe>"
        ),
    )
    return Case("credit_site", "/credit/sgs.html", [("<iframe", "<p")])


def shell_redirect(site: Any) -> Case:
    trs_static(site, "/moved/new")
    site.put("/moved/", "<html><script>window.location.href='/moved/new/index.html'</script></html>")
    return Case("trs_static", "/moved/", [("location.href", "place")])


def shell_redirect_to_frames(site: Any) -> Case:
    trs_static(site, "/old/county")
    site.put("/old/", "<html><head><meta http-equiv='refresh' content='0;url=/old/main.asp'></head></html>")
    frames = "<frame src='/old/top.asp'><frame src='/old/county/index.html' name=main>"
    site.put("/old/main.asp", f"<html><frameset rows='80,*'>{frames}</frameset></html>")
    return Case("trs_static", "/old/", [("refresh", "fresh")])


def wide_table(site: Any) -> Case:
    for number in range(1, PAGES + 1):
        rows = "".join(
            f"<tr><td>{r['cf_wsh']}</td><td>{r['cf_xdr_mc']}</td><td>未公示价格</td><td>罚款</td><td>2026-07-{n:02d}</td><td>{r['cf_cfjg']}</td></tr>"
            for n in page_of(number)
            for r in [record(n)]
        )
        head = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚事由</th><th>处罚内容</th><th>处罚决定日期</th><th>处罚机关</th></tr>"
        following = f"<a href='/wide{number + 1}.html'>下一页</a>" if number < PAGES else ""
        site.put(
            "/wide.html" if number == 1 else f"/wide{number}.html",
            page(f"<table>{head}{rows}</table>共{PAGES}页{following}"),
        )
    return Case("wide_table", "/wide.html", [("<th>[^<]*</th>", "<th>栏</th>"), ("〔2026〕", "")])


def attachment_list(site: Any) -> Case:
    for number in range(1, 4):
        start, end = (number - 1) * 10 + 1, min(number * 10, COUNT)
        lines = ["行政处罚决定书文号,行政相对人名称,处罚决定日期,处罚机关,处罚内容"]
        lines += [
            f"{r['cf_wsh']},{r['cf_xdr_mc']},2026-07-{n:02d},{r['cf_cfjg']},罚款"
            for n in range(start, end + 1)
            for r in [record(n)]
        ]
        site.put(f"/books/{number}.csv", "\n".join(lines).encode("gb18030"), "text/csv")
    site.put(
        "/books.html",
        page(
            "".join(
                f"<li><a href='/books/{n}.csv'>2026年{n + 5}月行政处罚台账</a>2026-0{n + 5}-28</li>"
                for n in range(1, 4)
            )
        ),
    )
    return Case("attachment_list", "/books.html", [("\\.csv", ".html")])


def dated_list(site: Any) -> Case:
    def listing(handler: Any, asked: dict[str, str]) -> None:
        number = int(asked.get("pageNo", "1"))
        lines = "".join(
            f"<dd><a href=\"javascript:show('{n}','x')\">{title(n)}</a> <i>{day(n)}</i></dd>" for n in page_of(number)
        )
        script = "function show(id,t){window.open('/old/show.jsp?newsid='+id+'&t='+t);} function go(n){document.forms[0].pageNo.value=n;document.forms[0].submit();}"
        following = f"<a href='javascript:go({number + 1})'>下一页</a>" if number < PAGES else "<a>下一页</a>"
        handler.answer(
            page(
                f"<form method=post action='/old/list.jsp'><input type=hidden name=pageNo value={number}><input type=hidden name=cat value=7></form><dl>{lines}</dl>{following}<script>{script}</script>"
            )
        )

    site.programs["/old/list.jsp"] = listing
    site.programs["/old/show.jsp"] = lambda handler, asked: handler.answer(decision(int(asked["newsid"])))
    return Case("dated_list", "/old/list.jsp")


COLUMNS: tuple[Callable[[Any], Case], ...] = (
    trs_static, trs_static_counting_from_two, trs_was, hanweb_jpage, hanweb_jpage_by_pages, hanweb_xxgk, hanweb_sgs, hanweb_xxgs, hanweb_jpaas,
    hanweb_query_list, truecms, ucap_static, ucap_commented, ucap_search, gkmlpt, vsb_static, vsb_dynamic, lonsun, ewb_rest, ewb_rest_by_field,
    ewb_rest_by_address, ewb_static,
    aspnet_webforms, aspnet_webforms_by_get, json_grid, json_grid_of_documents, json_grid_with_field_paths, json_grid_itself, article, shell_frame,
    shell_inner_frame, shell_redirect, shell_redirect_to_frames, wide_table, attachment_list, dated_list,
)  # fmt: skip
NAMES = [column.__name__ for column in COLUMNS]


# ------------------------------------------------------------------ one body for all


@pytest.fixture(scope="module")
def world(make_site: Any, make_workspace: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    site = make_site()
    yield crawled(COLUMNS, site, make_workspace, tmp_path_factory.mktemp("families") / "city")
    site.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_recognised_and_read_to_its_end(world: World, name: str) -> None:
    read_to_its_end(world, name)


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(("shell", "json_grid_", "dated_list"))])
def test_marks_decide_and_one_mark_is_not_enough(world: World, name: str) -> None:
    case = world.cases[name]
    text = seen_first(world, case)
    found = taken_for(text, case.url)
    assert found[0].family == case.family and len(found[0].marks) >= 2
    rivals = [each for each in found[1:] if each.weight >= found[0].weight]
    assert rivals == []
    assert taken_for(text, case.url, "fgw.other.gov.cn") == found  # never by the host
    assert taken_for(text.replace(BADGES, ""), case.url) == found  # never by what stands on every site
    spoiled = text
    for pattern, instead in case.spoil:
        assert re.search(pattern, spoiled), f"{pattern} is not on the page"
        spoiled = re.sub(pattern, instead, spoiled)
    assert case.family not in [each.family for each in taken_for(spoiled, case.spoiled_url)]


def test_every_family_has_a_column_here() -> None:
    here = {column.__name__ for column in COLUMNS} | {"credit_site"}  # which has its own file
    assert {family for family in families() if not any(name.startswith(family) for name in here)} == set()


# ------------------------------------------------------------------ what else a recognised family promises


def look(workspace: Any, when: str, monkeypatch: pytest.MonkeyPatch) -> CrawlResult:
    monkeypatch.setenv("MINGCHA_NOW", when)
    (result,) = crawl(workspace, everything=True)
    return result


def notes_of(workspace: Any) -> str:
    with session_of(workspace) as session:
        return "\n".join(session.scalars(select(Coverage).order_by(Coverage.looked_at.desc())).all()[0].notes)


def test_a_change_of_family_is_told_and_proves_nothing_at_first(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trs_static(site, "/col/col11")
    workspace = watch({"id": "a", "url": f"{site.base}/col/col11/index.html"})
    assert look(workspace, "2026-09-07T09:00:00+08:00", monkeypatch).outcome == "complete"
    site.pages.clear()
    hanweb_jpage(site)  # a new system under the old address
    changed = look(workspace, "2026-09-08T09:00:00+08:00", monkeypatch)
    assert changed.outcome == "partial" and "站型由 trs_static 变为 hanweb_jpage" in changed.reason
    assert look(workspace, "2026-09-09T09:00:00+08:00", monkeypatch).outcome == "complete"
    with session_of(workspace) as session:
        assert session.get(Portal, "a").recognised == "hanweb_jpage"
        assert {p.gone_since for p in session.scalars(select(Publication))} == {None}


def test_a_table_of_one_row_under_a_clear_header_is_read(site: Any, watch: Any) -> None:
    head = "<tr><th>文号</th><th>相对人</th><th>处罚内容</th><th>日期</th></tr>"
    row = "<tr><td>示罚〔2026〕1号</td><td>示例厂</td><td>罚款500元</td><td>2026-09-01</td></tr>"
    site.put("/one", page(f"<h1>行政处罚</h1><table>{head}{row}</table>"))
    site.put("/part", page(f"<h1>行政处罚</h1><table>{head.replace('文号', '备注')}{row}</table>"))
    found = [[each.family for each in taken_for(site.pages[path][2].decode(), path)] for path in ("/one", "/part")]
    assert found == [["wide_table"], []]
    workspace = watch({"id": "one", "url": f"{site.base}/one", "kind": "penalty"})
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 1)


def test_what_was_recognised_stays_while_its_marks_stay() -> None:
    text = page(f"<ul>{items(1, lambda n: f'./202608/t202608{n:02d}_{n}.html')}</ul><script>createPageHTML(3,0,'index','html')</script>"
                f"<table>{'<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚事由</th><th>处罚内容</th><th>处罚决定日期</th><th>处罚机关</th></tr>'}"
                f"{'<tr><td>示罚〔2026〕1号</td><td>示例厂</td><td>扬尘</td><td>罚款</td><td>2026-08-01</td><td>示例局</td></tr>' * 3}</table>")  # fmt: skip
    tree = tables.parse(text)
    for before in ("trs_static", "wide_table"):
        found = detect.recognise(text, tree, "http://x.example/a/index.html", before)
        assert found is not None and found.family == before


def test_a_list_that_stays_dead_gives_way_to_the_next_family(site: Any, watch: Any) -> None:
    truecms(site)
    site.programs["/cms/messageController/getMessage.do"] = lambda handler, asked: handler.send_error(404)
    workspace = watch({"id": "a", "url": f"{site.base}/sgtj/xzcf/index.html"})
    ((result),) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", SIZE)
    assert "truecms 未能读出列表" in notes_of(workspace) and "站型 dated_list" in notes_of(workspace)


def test_an_interface_that_is_blocked_is_not_an_empty_column(site: Any, watch: Any) -> None:
    gkmlpt(site)
    site.programs["/gkmlpt/api/all/2305"] = lambda handler, asked: handler.send_error(403)
    ((result),) = crawl(watch({"id": "a", "url": f"{site.base}/gkmlpt/index#2305"}), everything=True)
    assert result.outcome == "blocked" and "/gkmlpt/api/all/2305" in result.reason


def test_a_second_page_that_is_the_first_again_is_told(site: Any, watch: Any) -> None:
    static, built = ucap_static(site), hanweb_jpaas(site)
    site.pages["/c100234/common_list_2.shtml"] = site.pages[static.url]
    unit = "/api-gateway/jpaas-publish-server/front/page/build/unit"
    program = site.programs[unit]
    site.programs[unit] = lambda handler, asked: program(handler, asked | {"paramJson": "{}"})
    portals = [{"id": name, "url": f"{site.base}{case.url}"} for name, case in (("a", static), ("b", built))]
    for result in crawl(watch(*portals), everything=True):
        assert result.outcome == "partial" and "第 2 页与已读的页相同" in result.reason


def test_a_list_that_slides_while_it_is_read_loses_nothing(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the first page and the last a new decision appears on top; it is found by looking at the first page again."""
    trs_static(site, "/slow")
    last = site.pages.pop("/slow/index_2.html")[2]

    def slowly(handler: Any, asked: dict[str, str]) -> None:
        time.sleep(0.3)
        first = site.pages["/slow/index.html"][2].decode()
        new = f'<li><a href="./202608/t20260826_26.html" title="{title(26)}">新</a><span>2026-08-26</span></li>'
        site.put("/slow/index.html", first.replace("<ul>", f"<ul>{new}"))
        site.put("/slow/202608/t20260826_26.html", decision(26))
        handler.answer(last)

    site.programs["/slow/index_2.html"] = slowly
    monkeypatch.setattr("crawler.spiders.base._SLIDES_AFTER", 0.2)
    monkeypatch.setattr("crawler.launch._alone", lambda: True)  # the child is forked from this very process
    workspace = watch({"id": "a", "url": f"{site.base}/slow/index.html"})
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 26)
    assert result.pages == PAGES + 26  # the first page counts once, so that a slow look is equal to a fast one
    assert "重读第一页" in notes_of(workspace)


def without_total(program: Any) -> Any:
    """An interface that does not say how many there are."""

    def answer(handler: Any, asked: dict[str, str]) -> None:
        class Told:
            command, headers = handler.command, handler.headers

            def answer(self, body: str, kind: str, **more: str) -> None:
                value = json.loads(body)
                value.pop("total", None)
                value.get("data", {}).pop("total", None)
                handler.answer(json.dumps(value), kind)

        program(Told(), asked)

    return answer


def test_a_list_that_does_not_say_how_long_it_is_is_read_until_nothing_comes(site: Any, watch: Any) -> None:
    directory, search = gkmlpt(site), ucap_search(site)
    for address in ("/gkmlpt/api/all/2305", "/search/e5eb2abb5014415399847ba2bb99b31f"):
        site.programs[address] = without_total(site.programs[address])
    pages_of_directory = site.programs["/gkmlpt/api/all/2305"]
    site.programs["/gkmlpt/api/all/2305"] = lambda handler, asked: (
        handler.send_error(404) if int(asked["page"]) > PAGES else pages_of_directory(handler, asked)
    )
    put_details(site, ucap_link)
    portals = [{"id": name, "url": f"{site.base}{case.url}"} for name, case in (("a", directory), ("b", search))]
    assert [(r.outcome, r.records) for r in crawl(watch(*portals), everything=True)] == [("complete", COUNT)] * 2


_HOSTILE = st.sampled_from(
    ["<html>", "createPageHTML(", "createPageHTML(9999999,0,'a','b')", "'", '"', "<script>", "</script>", "function f(a){location.href=", "+a;}", "<a href='",
     "javascript:f('1')", "'>甲</a>2026-09-01", "<iframe src=", "<frameset>", "{{#each data}}", "loadPageData(params,'1')", "params = {", "};", "<datastore>",
     "<record><![CDATA[", "]]>", "queryData=\"{'", "unitbuild.js", "__VIEWSTATE", "__doPostBack('a','2')", "window._CONFIG = {SID:", "<!--", "-->", "<li>",
     "/c100234/202608/", "\0", "\ud800", "{", "[", '{"d":"{"}', "&lt;record&gt;", "http://[", "encode_text", ".jpage({", "proxyUrl:'./x'", "totalRecord:'99999999'"]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.lists(_HOSTILE | st.text(max_size=6), max_size=30),
    st.sampled_from(["/", "/col/col1/", "/gkmlpt/index#x", "/a.aspx?x=[", "/public/column/1?type=4"]),
)
def test_no_page_makes_recognition_fail(pieces: list[str], path: str) -> None:
    text = "".join(pieces)
    for found in taken_for(text, path):
        assert found.weight >= detect.ENOUGH and len(found.marks) >= 2


@settings(max_examples=60, deadline=None)
@given(st.lists(_HOSTILE | st.text(max_size=6), max_size=30), st.sampled_from([name for name in families()]))
def test_no_page_makes_a_family_fail(pieces: list[str], name: str) -> None:
    """Whatever stands on a column's page, its family ends in an outcome, not in an error of ours."""
    portal = PortalEntry("a", "b", "penalty", "行政处罚", "http://x.example/col/col1/index.html")
    walk = Walk(Look("c", datetime.datetime(2026, 9, 7)), CrawlSettings(), {})  # noqa: DTZ001 - any moment
    walk.ask = walk.keep = lambda output: None
    spider = class_of(name)(portal, walk)
    body = "".join(pieces).encode("utf-8", "replace")
    spider.receive(HtmlResponse(portal.url, body=body, request=Request(portal.url)), "first", {})
    assert walk.look.errors == []
