"""A single article: the column is a page that itself shows the decisions, or holds the attachment that does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler import extract, makers
from crawler.detect import Glance, Mark
from crawler.extract import tables
from crawler.items import Entry
from crawler.spiders.base import Outputs, Page, PortalSpider
from crawler.spiders.json_grid import api_of

_TITLES = ("articletitle",)
_DATES = ("pubdate", "publishdate", "firstpublishedtime")
_BODIES = (
    "ucapcontent", ".TRS_Editor", ".TRS_UEDITOR", "#UCAP-CONTENT", "#zoom", "#vsb_content", ".v_news_content",
    ".article-content", ".article_content", "#fontzoom",
)  # fmt: skip


_SHOWN = re.compile(
    r"(?:show|detail|info|view|content|article|item)\w*\.(?:asp|aspx|php|do|jsp|action|s?html?)\?\w*id=\w+", re.I
)


class Article(PortalSpider):
    """A portal that is one article (a ledger that is replaced, a decision, a batch), not a list.

    认出的依据：元数据 ArticleTitle 与 PubDate；正文容器（TRS_Editor、ucapcontent、zoom、vsb_content）；网址是某种系统的详情页；
    页面是正文、没有带日期的列表；正文读得出一份决定。

    1. Title and date of publication come from the metas that government sites share, whatever made them.
    2. Decisions on the page, in its tables, pairs or words; where there are none, its attachments.
    3. The maker's marks (TRS, UCAP, 大汉, 博达 …) are told with what was recognised.

        - {id: x_ledger, unit: x, kind: penalty, title: 行政处罚台账, url: "https://…/202609/t20260903_1001.html",
           family: article}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.is_json or glance.pager is not None or len(glance.records) >= 2:
            return
        listed = [line for line in glance.lines if not extract.suffix_of(line.url)]  # its attachments are no list
        if len(listed) >= 5:
            return
        metas = glance.metas
        if metas.get("articletitle") and any(metas.get(name) for name in _DATES):
            yield Mark("metas", "元数据 ArticleTitle、PubDate", 3)
        elif any(metas.get(name) for name in (*_TITLES, *_DATES)):
            yield Mark("metas", "元数据 ArticleTitle 或 PubDate")
        if any(glance.tree.css_first(selector) is not None for selector in _BODIES):
            yield Mark("markup", "正文容器（TRS_Editor、ucapcontent、zoom 等）")
        detail = _detail_address(glance.address)
        if detail:
            yield Mark("address", "网址是详情页的形式")
        if not listed and not glance.headed and not api_of(glance.text):
            if detail or _words(glance) >= 40:
                yield Mark("data", "页面是正文，没有带日期的列表")
            if extract.read_page(glance.text, glance.base, tables.Reader("auto", {})).rows:
                yield Mark("records", "正文读得出一份决定", 3)

    def first(self, page: Page) -> Outputs:
        glance = Glance(page.text, page.tree, page.url)
        made = makers.maker_of(glance)
        if made is not None:
            self.look.notes.add(f"页面由 {made[0]} 制作：{'、'.join(mark.reason for mark in made[1])}")
        reading = self.read(page)
        entry = Entry(page.url, reading.title, reading.published, (1, 1))
        self.walk.entries[entry.url] = entry
        self.walk.shown[1] = frozenset((entry.url,))
        self.look.items += 1
        self.look.list_pages = self.look.pages_announced = 1
        self.walk.read.add(entry.url)
        yield from self.detail(page, entry)


def _detail_address(address: str) -> bool:
    path = address.partition("#")[0]
    return any(
        shape.search(path)
        for shape in (
            makers.TRS_DETAIL, makers.HANWEB_ARTICLE, makers.UCAP_DETAIL, makers.VSB_DETAIL, makers.GKMLPT_DETAIL,
            makers.LONSUN_DETAIL, makers.EWB_DETAIL, makers.TRUECMS_DETAIL, _SHOWN,
        )
    )  # fmt: skip


def _words(glance: Glance) -> int:
    """How much text the page has outside its links."""
    body = glance.tree.body
    if body is None:
        return 0
    linked = sum(len(tables.text_of(node)) for node in body.css("a"))
    return len(tables.text_of(body)) - linked
