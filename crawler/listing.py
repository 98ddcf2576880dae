"""The lists of disclosure columns: lines with a link and, mostly, a date. Navigation has no dates and fails that test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.extract import absolute, suffix_of, tables

ANY = re.compile(r".")  # every address
DATE = re.compile(r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}日?")
_APART = re.compile(  # the day in a square of its own: 08 | 2026-05, 2026.05 | 08, 05-08 | 2026
    r"(?<![\d\-/.:])(?:(\d{1,2})\s+((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})月?|((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})月?\s+(\d{1,2})日?"
    r"|(\d{1,2})[-/.月](\d{1,2})日?\s+((?:19|20)\d\d))(?![\d\-/.:年])"
)
_LINES = frozenset(("li", "tr", "dd", "dl", "p", "div"))
_ROOT = re.compile(r"https?://[\w.\-]+(?::\d{1,5})?", re.A)
_PLAIN = re.compile(r"(/(?=[\w]))?(?:\./)?\w[\w./\-%]*(?:\?[\w./\-%=&]*)?", re.A)
_LINE_LIMIT = 400  # characters in one line of a list, title and date together
NEXT = re.compile(r"^[\[【（(<«‹]*(?:下一?页|下页|后一?页|next(?:page)?|>|»|›)[\]】）)>»›→…]*$", re.I)
_PAGE_TOTAL = re.compile(r"共\s*(\d{1,5})\s*页|总页数\s*[：:]\s*(\d{1,5})|\d{1,5}\s*/\s*(\d{1,5})\s*页")
PAGER = re.compile(
    r"^(?:首页|第一页|上一?页|前一?页|下一?页|后一?页|尾页|末页|最后一?页|[<>«»‹›]+|\d{1,4}|更多|more)[>»]*$", re.I
)
_ITEM_TOTAL = re.compile(
    r"共\s*(?:有|计)?(?:找到|查询到|检索到)?(?:检索)?(?:结果|记录|信息|数据)?\s*(\d{1,7})\s*(?:条|项|个结果|笔)|"
    r"找到相关结果\s*约?\s*(\d{1,7})\s*[个条]|总(?:记录|条)数\s*[：:]?\s*(\d{1,7})"
)
_PAGER_WORDS = 40  # in one row of page numbers
_TURNS = re.compile(r"page|_\d+\.|=\d+", re.I)
_CALL = re.compile(r"(?:[A-Za-z_$][\w$.]*\s*\(\s*['\"]?)([\w$-]*)")


@dataclass(frozen=True)
class Line:
    """One line of a list."""

    url: str
    title: str
    date: str | None


def lines(tree: LexborHTMLParser, base_url: str, wanted: re.Pattern[str] | None = None) -> list[Line]:
    """Every line of the list, each address once. Without `wanted` (a pattern of addresses) a date must stand beside it."""
    found: dict[str, Line] = {}
    for line in _anchors(tree, base_url, dated=wanted is None):
        if line.url not in found and (wanted is None or wanted.search(line.url)):
            found[line.url] = line
    return list(found.values())


def holds_empty_list(tree: LexborHTMLParser) -> bool:
    """Whether a place for a list stands on the page, and nothing in it.

    >>> [holds_empty_list(tables.parse(text)) for text in ("<ul class=list></ul>", "<ul><li>首页</ul>", "<p>您好")]
    [True, False, False]
    """
    return any(
        not tables.squeeze(node.text()) and node.css_first("img,input,select,iframe,canvas") is None
        for node in tree.css("ul,ol,dl,table,tbody," + ",".join(f"div[{name}*=list i]" for name in ("class", "id")))
    )


def anchors(tree: LexborHTMLParser, base_url: str) -> list[Line]:
    """Every link of a page with the date beside it, in order; what turns pages is none."""
    return list(_anchors(tree, base_url, dated=False))


def _anchors(tree: LexborHTMLParser, base_url: str, *, dated: bool) -> Iterator[Line]:
    address = _Addresses(base_of(tree, base_url)).of
    long: set[int] = set()
    for node in tree.css("a[href]"):
        text = tables.text_of(node).replace("\n", "")
        date = date_beside(node, text, long)
        if dated and date is None:
            continue
        title = (node.attributes.get("title") or "").strip()
        title = title if len(title) >= len(text.rstrip(".…")) else text
        if not title or PAGER.match("".join(title.split())):
            continue
        url = address(node.attributes.get("href") or "")
        if url is not None:
            yield Line(url, title, date)


class _Addresses:
    """Where the links of one page lead. Plain ones are put together, for joining every link by the rules is dear."""

    def __init__(self, base_url: str) -> None:
        self.base = base_url
        path = base_url.partition("?")[0].partition("#")[0]
        root = _ROOT.match(path)
        self.root = root[0] if root else None
        self.folder = path.rpartition("/")[0] + "/" if root and len(path) > root.end() else f"{path}/"

    def of(self, href: str) -> str | None:
        plain = _PLAIN.fullmatch(href) if self.root else None
        if plain is None or "/." in href.removeprefix("./"):
            return absolute(self.base, href)
        if plain[1]:
            return f"{self.root}{href}"
        return f"{self.folder}{href.removeprefix('./')}"


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """The address from which a page's links count: its own, or what its `<base>` says."""
    node = tree.css_first("base[href]")
    return (absolute(url, node.attributes.get("href") or "") if node is not None else None) or url


def date_beside(node: LexborNode, text: str, long: set[int]) -> str | None:
    """The date in the line around a link, outside the link's own words; in them when there is no other.

    `long` keeps what is too long for a line, all over a page: many links in one of them would take the square of their number.
    """
    line = node.parent
    for _ in range(4):
        if line is None or line.tag in ("body", "ul", "ol", "table"):
            break
        if line.tag in _LINES:
            words = "" if line.mem_id in long else line.text(deep=True, separator=" ")
            if line.mem_id in long or len(words) > _LINE_LIMIT or len(line.css("a[href]")) > 4:
                long.add(line.mem_id)
                break
            outside = " ".join(words.split()).replace(text, " ", 1)
            match = DATE.search(outside)
            if match:
                return "".join(match[0].split())
            if line.tag != "tr" and ("20" in outside or "19" in outside) and (apart := _date_apart(outside)):
                return apart
        elif line.tag == "dt" and (beside := _element_after(line)) is not None and beside.tag == "dd":
            match = DATE.search(beside.text(deep=True, separator=" "))
            if match:
                return "".join(match[0].split())
        line = line.parent
    match = DATE.search(text)
    return "".join(match[0].split()) if match else None


def _date_apart(words: str) -> str | None:
    """A date whose day stands apart from its year.

    >>> _date_apart("08 2026-05"), _date_apart("2026年05月 08"), _date_apart("05/08 2026"), _date_apart("45 2026-05")
    ('2026-05-08', '2026-05-08', '2026-05-08', None)
    """
    match = _APART.search(words)
    if match is None:
        return None
    day, year, month = (
        match[1] or match[6] or match[8],
        match[2] or match[4] or match[9],
        match[3] or match[5] or match[7],
    )
    return f"{year}-{month}-{day}" if 1 <= int(month) <= 12 and 1 <= int(day) <= 31 else None


def _element_after(node: LexborNode) -> LexborNode | None:
    after = node.next
    while after is not None and after.tag.startswith("-"):
        after = after.next
    return after


def next_page(tree: LexborHTMLParser, base_url: str, number: int = 0) -> str | None:
    """Where 下一页 leads, if it leads anywhere; without one, where the number after `number` leads in a row of page numbers."""
    for node in tree.css("a[href]"):
        if NEXT.match("".join((tables.text_of(node) or node.attributes.get("title") or "").split())):
            if "disabled" in (node.attributes.get("class") or ""):
                return None
            return absolute(base_of(tree, base_url), node.attributes.get("href") or "")
    node = _number_link(tree, number + 1) if number else None
    return absolute(base_of(tree, base_url), node.attributes.get("href") or "") if node is not None else None


def scripted_next(tree: LexborHTMLParser, number: int = 0) -> bool:
    """Whether 下一页 (or the number after `number`) is there but only a script can follow it: goPage(2), __doPostBack('pager','2')."""
    numbered = _number_link(tree, number + 1) if number else None
    named = [node for node in tree.css("a") if NEXT.match("".join(tables.text_of(node).split()))]
    for node in [*named, *([numbered] if numbered is not None and not named else [])]:
        if "disabled" in (node.attributes.get("class") or ""):
            continue
        script = f"{node.attributes.get('href') or ''} {node.attributes.get('onclick') or ''}"
        call = _CALL.search(script.replace("javascript:", " "))
        if call and call[1] not in ("", "0", "1") and "void" not in call[0]:
            return True
    return False


def _number_link(tree: LexborHTMLParser, number: int) -> LexborNode | None:
    """The link to a page in a row of page numbers: the number before it stands beside it. Days of a calendar are none."""
    tried = 0
    for node in tree.css("a"):
        if "".join(tables.text_of(node).split()).strip("[]【】") != str(number):
            continue
        tried += 1
        if tried > _PAGER_WORDS:
            break  # so many links of one number are no pager, and each costs its whole row
        row = node.parent
        if row is not None and row.tag in ("li", "span", "td", "b", "em"):
            row = row.parent
        words = (
            row.text(deep=True, separator=" ").replace("[", " ").replace("]", " ").split() if row is not None else []
        )
        leads = f"{node.attributes.get('href') or ''} {node.attributes.get('onclick') or ''}"
        if str(number - 1) in words and len(words) <= _PAGER_WORDS and (row.tag != "tr" or _TURNS.search(leads)):  # type: ignore[union-attr]
            return node
    return None


def pages_announced(text: str) -> int | None:
    """How many pages the pager says there are.

    >>> pages_announced("首页 共 3 页 第1页"), pages_announced("1/12页"), pages_announced("行政处罚")
    (3, 12, None)
    """
    match = _PAGE_TOTAL.search(text)
    return int(match[1] or match[2] or match[3]) if match else None


def is_book_link(url: str) -> bool:
    """Whether an address is that of a spreadsheet or an archive of them."""
    return suffix_of(url) in ("xls", "xlsx", "et", "csv", "zip")


_CREATE_PAGE = re.compile(r"createPageHTML\s*\(([^)]{1,200})\)")
_VARIABLE = re.compile(r"\bvar\s+(\w{1,40})\s*=\s*[\"']?(\d{1,6})\b")


@dataclass(frozen=True)
class StaticPages:
    """What createPageHTML says: how many pages, the first one's number, and how their files are called."""

    pages: int
    current: int
    name: str
    suffix: str

    def address(self, page: int) -> str:
        """The file of a page (1 is the first), relative to the first."""
        if page == 1:
            return f"{self.name}.{self.suffix}"
        return f"{self.name}_{page - 1 + self.current}.{self.suffix}"

    def other(self) -> StaticPages:
        """The same pager with the other convention: page 2 is `_1` for some templates and `_2` for others."""
        return replace(self, current=0 if self.current else 1)


def static_pages(text: str) -> StaticPages | None:
    """The pager of a static list: `createPageHTML(5, 0, "index", "html")`, or with its container's name first.

    >>> static_pages('createPageHTML(5,0,"index","html")').address(2)
    'index_1.html'
    >>> static_pages("createPageHTML('page_div',10,1,'zwgklist','shtml',200)").address(2)
    'zwgklist_2.shtml'
    """
    match = _CREATE_PAGE.search(text)
    if match is None:
        return None
    words = [word.strip() for word in match[1].split(",")]
    if "var" in text and any(word.isidentifier() for word in words):
        known = dict(_VARIABLE.findall(text))
        words = [known.get(word, word) for word in words]
    words = [word.strip("\"'") for word in words]
    if words and not words[0].isdecimal():
        words = words[1:]
    if len(words) < 4 or not words[0].isdecimal() or not words[1].isdecimal() or len(words[0]) > 6:
        return None
    return StaticPages(int(words[0]), int(words[1]), words[2], words[3])


def items_announced(text: str) -> int | None:
    """How many items the pager says there are; of several such words the last, for pagers stand below their lists.

    >>> items_announced("共 195 条 1/13"), items_announced("共找到检索结果 12 条"), items_announced("抽查结果 3 项")
    (195, 12, None)
    >>> items_announced("为您找到相关结果25个")
    25
    """
    found = _ITEM_TOTAL.findall(text)
    return int("".join(found[-1])) if found else None
