"""What a response is, before anybody reads records from it: blocked, missing, a shell, a notice, or a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENED = re.compile(r"<(?:!--|script|style|(?=[^>]))", re.I)
_MARKUP = re.compile(r"<(?:!--.*?--|script.*?</script[^>]*|style.*?</style[^>]*|[^>]*)>", re.S | re.I)
_CLOSES = {"<!--": "-->", "<script": "</script", "<style": "</style"}
_BLOCK_WORDS = re.compile(
    r"访问被(?:禁止|拦截|拒绝)|您的访问过于频繁|访问频率过高|请求被拦截|安全(?:防护|验证)中|请完成(?:安全)?验证|人机验证|"
    r"Request blocked|Access Denied|您的请求(?:可能)?(?:存在|带有)",
    re.I,
)
_BLOCK_SCRIPTS = re.compile(r"wzws(?:challenge|template|confirm)|__jsl_clearance|\$_ts\s*=")
_BLOCK_SIGNS = ("wzws", "__jsl_clearance", "$_ts")  # without one of these there is none of those
_MISSING_WORDS = re.compile(
    r"页面不存在|页面(?:已|被)?删除|您访问的(?:栏目|页面|内容)(?:不存在|已|可能)|该栏目(?:已|不存在)|"
    r"找不到(?:该|您要的|你要的)?页面|404\s*not\s*found|栏目(?:已经?)?(?:撤销|关闭)",
    re.I,
)
# Without one of these in its source no page shows any of those words. To look for them costs a fifth of seeing what it shows
# (each begins with a letter that stands for itself: then the others are passed over quickly).
_TELLING = re.compile(
    r"访问被|访问过于频繁|访问频率过高|请求被拦截|防护中|验证|请完成|k[Ee][Dd]|K[Ee][Dd]|d[Ee][Nn][Ii]|D[Ee][Nn][Ii]|您的请求|"
    r"页面不存在|删除|您访问的|该栏目|找不到|404|撤销|关闭|" + "|".join(map(re.escape, _BLOCK_SIGNS))
)
_LITTLE = 120  # characters of a page on which nothing stands beside the question for a captcha
_EMPTY_WORDS = re.compile(
    r"暂无(?:相关)?(?:数据|内容|信息|记录|公示)|没有(?:找到)?(?:相关)?(?:数据|内容|信息|记录)|本栏目暂无|无相关(?:记录|信息|数据)|共\s*0\s*条|"
    r"正在建设中|内容(?:正在)?更新中"
)
_NOTHING = re.compile(
    r"(?:本|当|该|上|\d)(?:月|季度?|期|年度?|周)(?:份|内)?[^。；;]{0,24}?(?:无|没有|未(?:作出|实施|发生|产生|办理))[^。；;]{0,16}?(?:处罚|许可|信息|案件|事项|数据)|"
    r"零(?:报告|申报|公示|上报)|(?:无|没有|未产生|未发生)(?:新增)?(?:行政)?(?:处罚|许可)(?:信息|案件|决定|事项|数据|情况)"
)
_PROMISES = re.compile(
    r"(?:处罚|许可)[^，。]{0,14}?(?:表|信息|数据|清单|台账|案件|公示|公开|决定)(?:[（(\[〔【][^）)]*[）)\]〕】])?[\d一二三四五六七八九十\-—.]*$|案$|的批复$"
)
_REFRESH = re.compile(r"""<meta[^>]+http-equiv\s*=\s*["']?refresh[^>]+url\s*=\s*['"]?([^"'>\s]+)""", re.I)
_LOCATION = re.compile(
    r"""(?:window\.|top\.|self\.|document\.)?location(?:\.href)?\s*=\s*["']([^"']{1,500})["']""", re.I
)
_TEMPLATE = re.compile(r"\{\{\s*#?(?:each\s+)?[\w.]+[^}]{0,60}\}\}")
_SCRIPT_LIST = re.compile(
    r"handlebars|x-handlebars-template|loadPageData|\.ajax\s*\(|\bfetch\s*\(|axios|XMLHttpRequest|table\.render|"
    r"<div\s+id=[\"']?(?:app|root)[\"']?\s*>\s*</div>",
    re.I,
)

# Titles of things that stand in penalty and licence columns and are no decisions (portals: "records that are not records").
_NOT_RECORDS = re.compile(
    r"行政(?:处罚|许可)(?:事项(?:$|目录|清单|一览)|目录|流程|裁量|自由裁量|权力)|处罚目录|事项目录|权(?:力|责)清单|裁量(?:权)?(?:基准|标准)|"
    r"行政复议|复议决定|告知书|听证(?:通知|公告)|送达公告|公告送达|典型案例|以案释法|检查(?:记录|笔录|情况|结果)|未发现违法|"
    r"零(?:申报|报告|公示)|本(?:月|季度|期)无|无(?:行政)?(?:处罚|许可)(?:信息|案件|事项)|执行(?:情况|中)|批前公示|受理(?:公告|公示|清单)|"
    r"办事指南|服务指南|实施(?:办法|细则)|管理办法|工作(?:总结|方案|报告|通知|计划)|年度报告|统计(?:表|数据|年报)|"
    r"通知$|的通知|(?<!审批)(?<!审查)(?<!批复)(?<!核准)(?<!许可)意见$|解读|(?:征求|公开)意见|培训班|催告书|信用修复(?:指南|流程|告知)|"
    r"(?:规定|条例|办法|规则|细则)(?:[（(][^）)]*[）)])?$|"
    r"(?:注销|撤回)[^，。]{0,16}?(?:公告|公示|通告|公布|名单)$|(?:公告|公示|通告)[^，。]{0,4}注销"
)
_NEVER = re.compile(
    r"行政复议|复议决定|送达公告|公告送达|催告书|(?:事先|听证)告知书|不予(?:行政)?处罚"
)  # even beside 决定书
_LAW = re.compile(
    r"《[^》]{1,80}》|违反[^，,。]{0,40}?(?:办法|细则|规定|条例)"
)  # a law that was broken says nothing about the page
_DECISION_TITLE = re.compile(r"决定书|(?<![档备])案$|案[（(]|违法案|处罚案|(?:违反|擅自|涉嫌|未经|未按|超标)")
_SENTENCE = re.compile(r"[，。；：:;]")


@dataclass(frozen=True)
class Problem:
    """Why a response cannot be read. `outcome` is one of the ledger's words."""

    outcome: str
    reason: str
    blank: bool = False  # nothing came at all


def _all_closed(html: str) -> bool:
    """Whether every mark that is opened is closed after the last such opening: then one pattern takes all in one pass."""
    low = html.lower()
    return all(low.rfind(close) >= low.rfind(opened) for opened, close in (("<", ">"), *_CLOSES.items()))


def visible(html: str, most: int | None = None) -> str:
    """Roughly the words a visitor sees (cheap: for rules on short pages, not for reading records).

    `most`: so many characters are enough to know that a page is not a short one.
    """
    if _all_closed(html):
        return " ".join(_MARKUP.sub(" ", html).split())
    pieces: list[str] = []
    seen = 0
    last: dict[str, int] = {}  # where each closing mark stands for the last time: none is looked for in vain twice
    place = 0
    while (opened := _OPENED.search(html, place)) is not None:
        piece = html[place : opened.start()]
        if piece:
            pieces.append(piece)
            if most is not None:
                seen += len("".join(piece.split()))
                if seen >= most:
                    return " ".join(" ".join(pieces).split())
        mark = opened[0].lower()
        close = _CLOSES.get(mark, ">")
        if close not in last:
            last[close] = max(html.rfind(close), html.rfind(close.upper()))
        start = opened.end()
        if start > last[close]:
            close = ">"
            if close not in last:
                last[close] = html.rfind(close)
            if start > last[close]:
                pieces.append(html[opened.start() :])
                return " ".join(" ".join(pieces).split())
        found = html.find(close, start)
        if found < 0:
            found = html.find(close.upper(), start)
        end = html.find(">", found)
        place = len(html) if end < 0 else end + 1
    pieces.append(html[place:])
    return " ".join(" ".join(pieces).split())


def problem_of(status: int, text: str) -> Problem | None:
    """What is wrong with a response, or None when it looks like a page."""
    seen = status < 400 or status in (403, 503)
    short = _short(text) if seen and _TELLING.search(text) is not None else None
    if status in (412, 521) or (status in (200, 202, 403, 503) and _blocks(short, text)):
        return Problem("blocked", f"网站防护拦截了访问（HTTP {status}），无法看到栏目内容")
    if status in (401, 403, 429):
        return Problem("blocked", f"网站拒绝访问（HTTP {status}），无法看到栏目内容")
    if status in (404, 410):
        return Problem("column_missing", f"网址打不开：页面不存在（HTTP {status}）")
    if 300 <= status < 400:
        return Problem("shell", f"网站跳转到无法采集的地址（HTTP {status}）")
    if status >= 400:
        return Problem("unreachable", f"网站出错（HTTP {status}）")
    if status == 202 or (status == 200 and not text.strip()):
        return Problem("blocked", f"网站只返回空白或校验脚本（HTTP {status}），无法看到栏目内容", not text.strip())
    if short is not None and _MISSING_WORDS.search(short) is not None:
        return Problem("soft_404", "网址能打开，但页面写明栏目或内容不存在")
    return None


def _short(text: str) -> str | None:
    """The words of a page that has few; None for any other."""
    if len(text) > 40_000:
        return None
    seen = visible(text, 600)
    return seen if len(seen) < 600 else None


def _blocks(short: str | None, text: str) -> bool:
    if short is None:
        return False
    captcha = "验证码" in short and len(short) < _LITTLE
    if captcha or _BLOCK_WORDS.search(short) is not None:
        return True
    return any(sign in text for sign in _BLOCK_SIGNS) and _BLOCK_SCRIPTS.search(text) is not None


def says_empty(text: str) -> bool:
    """Whether a page says itself that there is nothing."""
    return _EMPTY_WORDS.search(visible(text)) is not None


def says_nothing(text: str) -> bool:
    """Whether a short text says that there was nothing to publish: a zero report."""
    bare = "".join(text.split())
    return len(bare) < 400 and _NOTHING.search(bare) is not None


def announces_records(title: str) -> bool:
    """Whether a title promises decisions: a table of them, or one."""
    return _PROMISES.search("".join(title.split())) is not None and not not_a_record(title)


def shell_target(text: str) -> str | None:
    """Where a page without content of its own sends its visitor (meta refresh, script, single frame)."""
    low = text[:20_001].lower()
    if len(text) > 20_000 or not any(word in low for word in ("refresh", "location", "frame")):
        return None  # without one of these nothing is sent anywhere
    if len(visible(text, 201)) > 200:
        return None
    match = _REFRESH.search(text) or _LOCATION.search(text)
    if match:
        return match[1]
    frames = re.findall(r"""<i?frame[^>]+src\s*=\s*["']?([^"'>\s]{1,500})""", text, re.I)
    return frames[0] if len(frames) == 1 else None


def template_list(text: str) -> bool:
    """Whether the list is only a template that a script fills."""
    return _TEMPLATE.search(text) is not None


def script_list(text: str) -> bool:
    """Whether a list without items may be made by a script."""
    return template_list(text) or _SCRIPT_LIST.search(text) is not None


def not_a_record(title: str) -> bool:
    """Whether a title is that of a notice, a catalogue, a report: no decision.

    >>> not_a_record("行政处罚事项目录"), not_a_record("某公司行政处罚决定书"), not_a_record("2026年9月行政处罚信息公示")
    (True, False, False)
    >>> not_a_record("某公司违反《危险化学品管理办法》案"), not_a_record("行政处罚决定书送达公告")
    (False, True)
    """
    words = _LAW.sub("违反", title)
    if _NEVER.search(words):
        return True
    return _NOT_RECORDS.search(words) is not None and _DECISION_TITLE.search(words) is None


def never_a_record(title: str) -> bool:
    """Whether a title is that of a paper that only goes with a decision: a review, a notice, a service by publication."""
    return _NEVER.search(_LAW.sub("违反", title)) is not None


def heads_no_record(lines: list[str]) -> bool:
    """Whether the heading lines of a text (short ones at its top) are those of a notice, a catalogue, a report."""
    heading = [
        line for line in ("".join(line.split()) for line in lines[:4]) if len(line) <= 40 and not _SENTENCE.search(line)
    ]
    return any(not_a_record(line) for line in heading) and not any(
        "决定书" in line for line in heading if not _NEVER.search(line)
    )
