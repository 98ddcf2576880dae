"""What all sites have in common: answers, the page around a list or an article, notices that are no records."""

from __future__ import annotations

import datetime
import html
from dataclasses import dataclass

from sample_city.plan import Portal


@dataclass(frozen=True)
class Answer:
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    body: bytes = b""


@dataclass(frozen=True)
class Notice:
    """An entry of the list that is not a record."""

    serial: int
    title: str
    day: datetime.date
    text: str


NOTICES = {
    "penalty": (
        (
            "行政处罚事项目录（2026年版）",
            "现将本机关行政处罚事项目录予以公布，具体事项及依据见政务服务网权责清单栏目。",
        ),
        (
            "关于开展2026年行政执法案卷评查工作的通知",
            "各科室、各执法大队：为规范行政执法行为，决定开展行政执法案卷评查工作，请认真组织自查。",
        ),
    ),
    "licence": (
        ("行政许可事项办事指南", "申请人可以通过政务服务网在线提交申请材料，也可以到政务大厅综合窗口现场办理。"),
    ),
}
NOTICES["both"] = (NOTICES["penalty"][1], NOTICES["licence"][0])

NOT_FOUND = Answer(404, body=b"<html><head><title>404</title></head><body><h1>404 Not Found</h1></body></html>")
BROKEN = Answer(500, body=b"<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>")
BLOCKED = Answer(
    412,
    body=(
        b"<!DOCTYPE html><html><head><meta charset='utf-8'><meta id='9DhefwqGPrzGxEp9hPaoag' content='k2' r='m'>"
        b"<script r='m'>$_ts=window['$_ts'];if(!$_ts)$_ts={};$_ts.nsd=48291;</script></head><body></body></html>"
    ),
)


def notices(portal: Portal) -> list[Notice]:
    """The few notices between the records of a list column."""
    return [
        Notice(i + 1, title, datetime.date(2026, 7, 6) + datetime.timedelta(days=30 * i), text)
        for i, (title, text) in enumerate(NOTICES[portal.kind])
    ]


def page(portal: Portal, site: str, title: str, body: str, *, metas: str = "", scripts: str = "") -> Answer:
    """A page with head and foot; GBK columns say and send gb2312."""
    charset = "gb2312" if portal.gbk else "utf-8"
    text = (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="{charset}"><title>{html.escape(title)}</title>\n'
        f'<meta name="SiteName" content="{html.escape(site)}">\n<meta name="SiteIDCode" content="1406000001">\n{metas}'
        f'<meta name="ColumnName" content="{portal.title}">\n{scripts}</head>\n<body>\n'
        f'<div class="top"><a href="/{portal.id}/index.html">首页</a> &gt; <a href="/{portal.id}/gk.html">政务公开</a></div>\n'
        f'<div class="main">{body}</div>\n'
        '<div class="footer">主办单位：'
        + html.escape(site)
        + "　网站标识码：1406000001　备案号：示ICP备00000000号</div>\n</body></html>"
    )
    encoding = "gb18030" if portal.gbk else "utf-8"
    return Answer(content_type=f"text/html; charset={charset}", body=text.encode(encoding))


def pages_of(count: int, per_page: int) -> int:
    return max(1, -(-count // per_page))
