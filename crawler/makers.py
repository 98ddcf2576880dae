"""The marks of the makers of sites, which several families and every article share. Host names are no marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.detect import Glance, Mark

TRS_DETAIL = re.compile(r"/[tz]\d{8}_\d+\.s?html?$", re.I)
TRS_FILE = re.compile(r"(?:^|/)[PW]0\d{8,}\.\w{2,5}$", re.I | re.M)
HANWEB_ARTICLE = re.compile(r"/art/\d{4}/\d{1,2}/\d{1,2}/art_\w+\.html?|/art/\d{4}/art_\w+\.html?", re.I)
UCAP_DETAIL = re.compile(
    r"/c\d{5,}/(?:\d{6}/)?(?:[0-9a-f]{32}|\d{5,}|content)\.s?html?|/\d{6}/[0-9a-f]{32}\.s?html?", re.I
)
VSB_DETAIL = re.compile(r"(?:^|/)info/\d+/\d+\.html?$|urltype=news\.NewsContentUrl", re.I | re.M)
GKMLPT_DETAIL = re.compile(r"/content/(?:\d+/\d+/)?m?post_\d+\.html?", re.I)
LONSUN_DETAIL = re.compile(r"/public/\d+/\d+\.html?|/content/article/\d+", re.I)
EWB_DETAIL = re.compile(r"/\d{8}/[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\.html?", re.I)
TRUECMS_DETAIL = re.compile(r"/content/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.html?", re.I)
_HEX = re.compile(r"[0-9a-f]{32}", re.I)
_UCAP_COLUMN = re.compile(r"/c\d{5,}(?:/|$)")
_UCAP_PAGER = re.compile(r"common_list|zwgklist")


def trs(glance: Glance) -> Iterator[Mark]:
    """拓尔思 WCM and what was made after it."""
    if glance.lines_to(TRS_DETAIL):
        yield Mark("links", "详情页名形如 t20260903_1001.html", 3)
    elif TRS_DETAIL.search(glance.address.partition("?")[0]):
        yield Mark("address", "本页网址形如 t20260903_1001.html", 3)
    elif TRS_FILE.search(glance.links):
        yield Mark("links", "附件名形如 P0202609031001")
    if "TRS_" in glance.text or "拓尔思" in glance.text or "trs_" in glance.text:
        yield Mark("markup", "页面含 TRS 标记")
    elif "Custom_UnionStyle" in glance.text:
        yield Mark("markup", "正文样式 Custom_UnionStyle")
    if {"contentid", "publishdate"} <= glance.metas.keys() or {"catalogs", "publishedtype"} & glance.metas.keys():
        yield Mark("metas", "元数据含 contentid、catalogs 或 publishedtype")


def ucap(glance: Glance) -> Iterator[Mark]:
    """开普云 UCAP."""
    if _UCAP_COLUMN.search(glance.address):
        yield Mark("address", "栏目网址形如 /c100234/")
    elif UCAP_DETAIL.search(glance.address):
        yield Mark("address", "本页网址形如 /202609/32 位编号.shtml")
    if UCAP_DETAIL.search(glance.links):
        yield Mark("links", "详情页名形如 /c100234/202609/编号.shtml")
    if "<ucaptitle" in glance.text.lower() or "<ucapcontent" in glance.text.lower():
        yield Mark("markup", "正文标签 ucapcontent", 3)
    metas = glance.metas
    if _HEX.fullmatch(metas.get("channelid", "")) or re.fullmatch(r"c\d{5,}", metas.get("code", "")):
        yield Mark("metas", "元数据含 channelId、code")
    elif metas.get("manuscriptid") or "template,templategroup,version" in metas:
        yield Mark("metas", "元数据含 manuscriptId、templategroup")
    elif "页面生成时间" in metas.get("others", ""):
        yield Mark("metas", "元数据 others 写页面生成时间", 1)
    if _UCAP_PAGER.search(glance.scripts) or (glance.pager and _UCAP_PAGER.search(glance.pager.name)):
        yield Mark("script", "分页文件名 common_list、zwgklist")


def hanweb(glance: Glance) -> Iterator[Mark]:
    """大汉, whatever the generation."""
    if "/col/col" in glance.address:
        yield Mark("address", "栏目网址形如 /col/colN/")
    elif HANWEB_ARTICLE.search(glance.address):
        yield Mark("address", "本页网址形如 /art/2026/9/3/art_N_M.html", 3)
    if HANWEB_ARTICLE.search(glance.text):
        yield Mark("links", "详情页名形如 /art/2026/9/3/art_N_M.html")
    if "maketime" in glance.metas or "<!--ZJEG_RSS" in glance.text or "<!--<$[" in glance.text:
        yield Mark("markup", "页面含大汉 JCMS 标记", 1)


def vsb(glance: Glance) -> Iterator[Mark]:
    """博达 webplus."""
    if "urltype=" in glance.address and ("wbtreeid" in glance.address or "wbnewsid" in glance.address):
        yield Mark("address", "网址带 urltype、wbtreeid", 3)
    elif VSB_DETAIL.search(glance.address):
        yield Mark("address", "本页网址形如 /info/1034/5678.htm")
    if VSB_DETAIL.search(glance.links):
        yield Mark("links", "详情页名形如 /info/1034/5678.htm")
    if re.search(r"vsb_content|v_news_content|\bid=[\"']?line_u\d+_\d+|/__local/", glance.text):
        yield Mark("markup", "页面含博达标记 vsb_content、line_uN_N")
    if "_showDynClicks" in glance.text or "/system/resource/" in glance.text or "/system/_content/" in glance.text:
        yield Mark("script", "脚本 _showDynClicks 或 /system/resource/")
    if "pagetitle" in glance.metas:
        yield Mark("metas", "元数据 pageTitle", 1)


def gkmlpt(glance: Glance) -> Iterator[Mark]:
    """广东政府信息公开目录平台."""
    if "/gkmlpt/" in glance.address:
        yield Mark("address", "网址含 /gkmlpt/")
    if re.search(r"window\._CONFIG\s*=", glance.text) and re.search(r"\bSID\b", glance.text):
        yield Mark("script", "脚本 window._CONFIG 含 SID", 3)
    if GKMLPT_DETAIL.search(glance.links):
        yield Mark("links", "详情页名形如 post_1001.html")
    elif "/gkmlpt/" in glance.links or "/gkmlpt/" in glance.scripts:
        yield Mark("links", "链接与脚本的路径含 /gkmlpt/")


def lonsun(glance: Glance) -> Iterator[Mark]:
    """安徽 Lonsun."""
    if re.search(r"/public/column/\d+", glance.address):
        yield Mark("address", "栏目网址形如 /public/column/机构编号")
    elif "/site/label/8888" in glance.address:
        yield Mark("address", "网址为 /site/label/8888")
    elif LONSUN_DETAIL.search(glance.address):
        yield Mark("address", "本页网址形如 /public/机构编号/编号.html")
    if "/site/label/8888" in glance.scripts or re.search(r"labelName\s*[:=]", glance.scripts):
        yield Mark("script", "取数接口 /site/label/8888", 3)
    if LONSUN_DETAIL.search(glance.links):
        yield Mark("links", "详情页名形如 /public/机构编号/编号.html")
    if re.search(r"class=[\"'][^\"']*\bls-", glance.text) or "cn.lonsun" in glance.text:
        yield Mark("markup", "样式名 ls- 或 cn.lonsun", 1)


def ewb(glance: Glance) -> Iterator[Mark]:
    """新点 EWB."""
    if re.search(r"class=[\"'][^\"']*\b(?:ewb-|wb-data-)", glance.text):
        yield Mark("markup", "样式名 ewb-、wb-data-")
    if "EWB-FRONT" in glance.text or "webBuilderCommon" in glance.scripts:
        yield Mark("script", "脚本 webBuilderCommon、EWB-FRONT")
    if EWB_DETAIL.search(glance.links):
        yield Mark("links", "详情页名形如 /20260903/uuid.html")
    elif EWB_DETAIL.search(glance.address):
        yield Mark("address", "本页网址形如 /20260903/uuid.html")


def webforms(glance: Glance) -> Iterator[Mark]:
    """ASP.NET WebForms."""
    if "__VIEWSTATE" in glance.text:
        yield Mark("markup", "隐藏域 __VIEWSTATE", 2)
    if "__doPostBack" in glance.text:
        yield Mark("script", "翻页脚本 __doPostBack")
    if re.search(r"\.aspx\b", glance.address, re.I):
        yield Mark("address", "网址以 .aspx 结尾", 1)
    if re.search(r"\.aspx\b", glance.links, re.I):
        yield Mark("links", "详情页以 .aspx 结尾", 1)


MAKERS = {
    "TRS": trs, "UCAP": ucap, "大汉": hanweb, "博达": vsb, "gkmlpt": gkmlpt, "Lonsun": lonsun, "新点": ewb,
    "ASP.NET": webforms,
}  # fmt: skip


def maker_of(glance: Glance) -> tuple[str, list[Mark]] | None:
    """Who made a page, by its marks; None when none of them has two."""
    from crawler.detect import ENOUGH, weight_of

    ranked = sorted(
        ((weight_of(marks), name, marks) for name, make in MAKERS.items() if (marks := list(make(glance)))),
        key=lambda each: (-each[0], each[1]),
    )
    return (ranked[0][1], ranked[0][2]) if ranked and ranked[0][0] >= ENOUGH else None
