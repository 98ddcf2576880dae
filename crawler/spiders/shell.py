"""Pages that only lead to the column: frames, inner frames, redirects by script or meta."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from crawler.addresses import host_of, is_inner
from crawler.detect import Glance, Mark
from crawler.extract import classify
from crawler.listing import base_of
from crawler.spiders.auto import Auto
from crawler.spiders.base import Outputs, Page

_FRAME = re.compile(r"""<i?frame\b[^>]*?\bsrc\s*=\s*["']?([^"'>\s]{1,500})""", re.I)
_SMALL = re.compile(r"""<iframe\b[^>]*\b(?:width|height)\s*[=:]\s*["']?[01](?:px)?["';\s]""", re.I)
_NAMED = re.compile(r"main|right|content|list|body|xxgk|sgs|xzcf|xzxk|con", re.I)
_OTHER = re.compile(r"weather|tianqi|share|login|player|video|map\.|search|tongji|conac|kaipuyun|about:blank", re.I)


class Shell(Auto):
    """A page without a list of its own that shows another page in a frame or sends its visitor on.

    认出的依据：frameset、iframe，或 meta refresh、location 跳转；页面自己没有列表。

    1. The frame (of several the one named main, right, content, list …) or the redirect's target is asked, once, and the
       chain is noted; there the family is recognised anew.
    2. A target on another host is reported as a link-out and not followed, unless the entry allows that host.
    3. A target that is again a shell is not followed, but for a redirect to a page of frames.

    坑：常见于信用网站（列表在 iframe 里，来自另一台服务器），登记 allow_hosts 后才会读。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/xzcf/", family: shell}
    """

    never = frozenset(("shell",))

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        framed_page, target = frame_of(glance.text) if "frame" in glance.low else None, None
        if framed_page is None:
            target = classify.shell_target(glance.text)
        if glance.is_json or (framed_page is None and target is None) or glance.lines or glance.headed:
            return
        if framed_page is not None:
            framed = re.search(r"<frameset\b", glance.text, re.I)
            yield Mark(
                "markup", "页面是框架（frameset）" if framed else "页面内嵌另一页面（iframe）", 3 if framed else 2
            )
            if len(classify.visible(glance.text, 2_000)) < 2_000:
                yield Mark("data", "页面自己没有列表")
        else:
            yield Mark("script", "页面用脚本或 meta 跳转")
            yield Mark("data", "页面自己没有内容")

    def first(self, page: Page) -> Outputs:
        frame = frame_of(page.text)
        target = frame or classify.shell_target(page.text)
        if target is None:
            yield from self.dead("没有找到框架或跳转的目标")
            return
        yield from self._to(target, page, sent_on=frame is None)

    def inside(self, page: Page, sent_on: bool = False) -> Outputs:
        """What the frame shows, or where the redirect led: there a frame is looked into once."""
        frame = frame_of(page.text)
        if frame is not None and not Glance(page.text, page.tree, page.url).lines:
            if sent_on:
                yield from self._to(frame, page, sent_on=False)
            else:
                self.look.entry = ("shell", "框架里又是框架，跟随一次后仍无内容")
            return
        yield from Auto.first(self, page)

    def _to(self, target: str, page: Page, *, sent_on: bool) -> Outputs:
        address = urljoin(base_of(page.tree, page.url), target.replace("&amp;", "&").replace("\\", "/"))
        if not self.is_ours(address):
            where = "内网地址" if is_inner(host_of(address)) else "外站"
            self.look.entry = ("link_out", f"栏目只是框架或跳转，指向{where} {host_of(address)}")
        elif address.partition("#")[0] == page.url:
            self.look.entry = ("shell", "栏目页面只是跳转，跟随一次后仍无内容")
        else:
            self.look.notes.add(f"栏目在框架或跳转之后：{address}")
            yield self.request(address, "inside", sent_on=sent_on)


def frame_of(text: str) -> str | None:
    """The frame that holds the content; None when there is none, or when it cannot be told which."""
    frames = [
        source
        for match in _FRAME.finditer(text)
        if not _OTHER.search(source := match[1])
        and not _SMALL.match(match[0] + " ")
        and not source.startswith(("javascript:", "data:"))
    ]
    if len(frames) > 1:
        named = [
            match[1] for match in re.finditer(_FRAME.pattern + r"[^>]*>", text, re.I)
            if match[1] in frames and _NAMED.search(re.sub(r"\bsrc\s*=\s*\S+", "", match[0]) + match[1].rpartition("/")[2])
        ]  # fmt: skip
        frames = named if len(named) == 1 else frames if re.search(r"<iframe", text, re.I) and not named else named
    return frames[0] if len(frames) == 1 else None
