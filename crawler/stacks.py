"""The software of 信用 sites: about fifteen makes, a row each; what they show is the same everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.detect import Glance

_URL = r"[^\"'\s]*"


@dataclass(frozen=True)
class Stack:
    """How one make of credit site is asked."""

    name: str
    address: str  # pattern of the column's address, without host
    mark: str  # pattern of what its links and scripts name
    page: str = "page"  # the parameter that counts pages; empty: their number stands in the file's name
    size: str = ""  # the parameter that says how many, where there is one
    method: str = "GET"
    api: str = ""  # pattern of the interface in the page's script; empty: the column's own address
    detail: str = ""  # pattern of the addresses of details
    links: tuple[str, ...] = ()  # a detail's address from the interface's, with places, where rows only have an id
    keep: tuple[str, ...] = ()  # parameters of the page's script that go with every request
    alone: bool = False  # whether the second mark says enough where the address is another one


STACKS = (
    Stack("doublePublicController", r"doublePublicController/toDoublePublicPage", r"numPerPage|to[aA][dD]\w+Detail\.do", "pageNum",
          "numPerPage", "POST", detail=r"to[aA][dD]\w+Detail\.do", alone=True),
    Stack("jeecms 接口", r"\.jspx|\.jhtml", r"doublePublicity/page\.jspx", "pageNo", "pageSize", api=rf"{_URL}doublePublicity/page\.jspx{_URL}",
          links=("/xzcfDetialNew-{id}.jspx",), keep=("type",), alone=True),
    Stack("jeecms 列表", r"(?:list(?:_\d+)?|xz[cx][fk]List(?:New)?(?:_\d+)?)\.j(?:sp|html)x?", r"xz[cx][fk]Deti?al\w*-\w+\.j", "",
          detail=r"xz[cx][fk]Deti?al\w*-\w+\.j"),
    Stack("creditsearch", r"creditsearch\.\w+List\.phtml", r"creditdetal?i?l?\w*\.[pd]html|creditsearch\.\w+List\.phtml\?", "page",
          detail=r"creditdet\w+\.[pd]html"),
    Stack("hlxy 文书接口", r"", r"documents/api/queryCreditPublicity", "pageNum", "pageSize", api=rf"{_URL}documents/api/queryCreditPublicity{_URL}",
          detail=r"queryDetailByExtraId", links=("queryDetailByExtraId?id={extraId}", "queryDetailByExtraId?id={id}"), keep=("typeCode",)),
    Stack("datareporting", r"", r"queryDoublePublicityList\.json", "pageNo", "pageSize", api=rf"{_URL}queryDoublePublicityList\.json{_URL}",
          keep=("tableType",)),
    Stack("two_publicity", r"", r"two_?[pP]ublicity\S*webPageList\.do|webPageList\.do\?_type=", "currPage", "pageSize",
          api=rf"{_URL}webPageList\.do{_URL}", keep=("_type",)),
    Stack("getXZCFPageInfo", r"", r"getXZ(?:CF|XK)PageInfo\.do", "currentPageNo", "pageSize", api=rf"{_URL}getXZ(?:CF|XK)PageInfo\.do{_URL}"),
    Stack("wsreporting", r"wsreporting", r"get(?:Penalty|Permission|Licen[cs]e)Page", "pageNumber", "pageSize", "POST",
          api=rf"{_URL}get(?:Penalty|Permission|Licen[cs]e)Page{_URL}", detail=r"(?:punish|penalty|permi\w+|licen[cs]e)detail",
          links=("punishdetail?id={id}",), alone=True),
    Stack("CMSInterface", r"cms/xz(?:cf|xk)list", r"cms/xz(?:cf|xk)(?:list|info|detail)|xz(?:cf|xk)(?:list|info|detail)\?", "page", "pagesize",
          api=rf"{_URL}cms/xz(?:cf|xk)list{_URL}", detail=r"xz(?:cf|xk)(?:info|detail|view|show)", alone=True),
    Stack("JeeSite", r"/gs/\w+/xz(?:cf|xk)xx/list", r"name=[\"']?pageNo|xz(?:cf|xk)xx/(?:form|view|list)", "pageNo", "pageSize", "POST",
          detail=r"xz(?:cf|xk)xx/(?:form|view|info)"),
    Stack("rightData1", r"", r"rightData1", "page", "rows", api=rf"{_URL}(?:[lL]ist|[pP]age)\w*\.(?:do|action|json|htm){_URL}"),
    Stack("page.pageNo", r"/dou/(?:punish|permit|licen[cs]e)/\w+/list", r"page\.pageNo=", "page.pageNo"),
    Stack("permitDetails", r"", r"(?:permit|punish)Details\.html\?ID=", "page", "rows", api=rf"{_URL}(?:[lL]ist|[pP]age)\w*\.(?:do|action|json){_URL}",
          detail=r"(?:permit|punish)Details\.html", links=("punishDetails.html?ID={ID}", "permitDetails.html?ID={ID}")),
    Stack("jqGrid xkgrid", r"", r"(?:xk|cf)grid\.action", "page", "rows", api=rf"{_URL}(?:xk|cf)grid\.action{_URL}", detail=r"get(?:xk|cf)info\.action",
          links=("../sgsinfo/getcfinfo.action?cfid={cfid}", "../sgsinfo/getxkinfo.action?xkid={xkid}")),
    Stack("gkgs", r"gkgs/list\.html(?:\?type=Publicity|$)", r"pageIndex|gkgs/(?:detail|view|info)", "pageIndex", "", "POST",
          detail=r"gkgs/(?:detail|view|info)"),
)  # fmt: skip
BY_NAME = {stack.name: stack for stack in STACKS}


def stack_of(glance: Glance) -> tuple[Stack | None, frozenset[str]]:
    """The stack with most marks on a page, and which of its marks stand there."""
    best: tuple[Stack | None, frozenset[str]] = (None, frozenset())
    named = f"{glance.links}\n{glance.text}"
    for stack in STACKS:
        by = {"address"} if stack.address and re.search(stack.address, glance.address) else set()
        if stack.address and not by and not stack.alone:
            continue
        if re.search(stack.mark, named):
            by.add("mark")
        if len(by) > len(best[1]):
            best = (stack, frozenset(by))
    return best


def template_in(text: str, stack: Stack) -> str:
    """A detail's address as the page's own script puts it together, with the row's key in its place; else empty.

    >>> template_in("location.href='/a/punishdetail?id=' + row.zjid;", BY_NAME["wsreporting"])
    '/a/punishdetail?id={zjid}'
    """
    if not stack.detail:
        return ""
    match = re.search(
        rf"""["']({_URL}(?:{stack.detail}){_URL}=)["']\s*\+\s*(?:[A-Za-z_$][\w$]*(?:\[\w+\])?\.)*([A-Za-z_]\w*)""", text
    )
    return f"{match[1]}{{{match[2]}}}" if match else ""
