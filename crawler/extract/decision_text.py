"""Records in free text: the decision itself, as the authority wrote it.

Read what stands in fixed places: the number under the title (or in it), the party after 当事人 or 被处罚人, the decision
date in the last lines after the authority's name. What is not there stays empty; nothing is guessed.
"""

from __future__ import annotations

import re

from crawler.items import Seen

_YEAR = r"[〔\[［﹝【（({]\s*(?:19|20)\s?\d\s?\d\s*[〕\]］﹞】）)}]"
_NUMBER = re.compile(
    rf"(?:[（(]?[\u4e00-\u9fa5]{{1,8}}[）)]?)?[\u4e00-\u9fa5（）()·]{{0,16}}?{_YEAR}\s*[\u4e00-\u9fa5]{{0,10}}第?\s*[A-Za-z\d][\dA-Za-z\-—]{{0,20}}\s*号"
    rf"|{_YEAR}[\u4e00-\u9fa5]{{2,16}}第?\s*\d{{1,8}}\s*号"
)
_LABEL = re.compile(r"^.*?(?:文书号|文书编号|文号|编号|字号|决定书)[：:]?(?=[^〕\]）】]*[〔\[（【﹝({])")
_NOTICE = re.compile(r"告|听|责改|责令|函|复议|复字|立案|检")  # numbers of earlier papers of the same case
_PARTY = re.compile(
    r"(?:被处罚(?:人|单位|者|当事人|企业)|当\s*事\s*人|违法(?:行为)?(?:人|单位|主体)|受处罚(?:人|单位)|申\s*请\s*(?:人|单位)|"
    r"被许可人|许可申请人|行政相对人|单位名称|企业名称)"
    r"(?:名称|姓名)?(?:[（(][^）)]{0,12}[）)])?\s*[：:]\s*([^\n，,。；;]{2,60})"
)
_REPRESENTATIVE = re.compile(r"(?:法定代表人|法人代表|负责人|经营者)(?:[（(][^）)]{0,12}[）)])?(?:姓名)?\s*[：:]\s*([\u4e00-\u9fa5·*＊某xX×]{2,12})")
_ADDRESSEE = re.compile(r"^([\u4e00-\u9fa5（）()·\w]{2,50})\s*[：:]$")
_HEADING_WORDS = re.compile(r"如下|决定|事实|依据|证据|处罚|行为|规定|名称|姓名|地址|代码|抄送|附件")
_CODE = re.compile(r"(?:统一社会信用代码|信用代码|社会信用代码)[^\n：:]{0,16}[：:]?\s*([0-9A-Z]{15,20})", re.I)
_DATE = re.compile(
    r"(?:19|20)\d\s?\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|"
    r"[二〇○零一]{2}[〇○零一二三四五六七八九]{2}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日"
)
_AUTHORITY = re.compile(r"([\u4e00-\u9fa5（）]{2,24}?(?:局|委员会|厅|政府|大队|支队|总队|中心|办公室|管理处|所|分局|办事处))\s*$")
_HEADING = re.compile(r"^([\u4e00-\u9fa5（）]{3,24}?(?:局|委员会|厅|政府|大队|支队|总队|中心|办公室|分局))(?=关于|行政|\s|$)")
_RESULT = re.compile(r"((?:决定|作出|给予|处以|准予|同意)[^\n]{0,20}?(?:如下|处罚|许可|批准|行政)[^\n]{0,400})")
_RESULT_START = re.compile(r"(?:决定|作出|给予)[^\n。]{0,40}(?:如下|以下)[^\n]{0,20}[：:。]?$")
_INLINE = re.compile(r"(?:决定|给予|作出)[^\n]{0,40}?(?:如下|以下)[^：:\n]{0,20}[：:]\s*(\S[^\n]{3,1000})")
_REMEDY = re.compile(r"^(?:如|若|当事人|你)[^\n]{0,16}不服")
_FACTS = re.compile(r"^(?:经查|经调查|现查明|查明|经立案调查)")
_FINE = re.compile(r"(?:罚款|处以)(?:人民币)?\s*[（(]?([\d,，.]+\s*万?元|[壹贰叁肆伍陆柒捌玖拾佰仟万亿零元圆角分整]{3,20})")
_BASIS = re.compile(r"(?:依据|根据|依照|按照)(《[^\n]{4,200}?)(?:的?规定|之规定|，决定)")
_PENALTY = re.compile(r"处罚|罚款|没收|违法")
_LICENCE = re.compile(r"许可|批复|准予|同意|核准|审批")


def record(title: str, lines: list[str], kind: str) -> Seen | None:
    """The one decision of a text; None when it has neither a number nor a party, or decides nothing."""
    text = "\n".join(lines)
    if kind not in ("licence", "penalty"):
        kind = "penalty" if len(_PENALTY.findall(text)) >= len(_LICENCE.findall(text)) else "licence"
    fields: dict[str, str] = {}
    for name, value in (
        ("document_number", _number(title, lines)),
        ("counterparty", _first(_PARTY, text) or _addressee(lines)),
        ("legal_representative", _first(_REPRESENTATIVE, text)),
        ("counterparty_code", _first(_CODE, text)),
        ("decision_date", _decision_date(lines)),
        ("authority", _authority(title, lines)),
        ("content", _content([line for line in lines if not _REMEDY.match(line)])),
        ("facts", next((line for line in lines if _FACTS.match(line)), None)),
        ("remedy", next((line for line in lines if _REMEDY.match(line)), None)),
        ("basis", _first(_BASIS, text)),
        ("case_name", title or None),
    ):
        if value:
            fields[name] = value.strip()
    if kind == "penalty" and (fine := _first(_FINE, fields.get("content", ""))):
        fields["fine_yuan"] = fine
    decides = (_PENALTY if kind == "penalty" else _LICENCE).search(title + text) is not None
    if not decides or not ({"document_number", "counterparty"} & fields.keys()):
        return None
    if not ({"content", "decision_date", "authority"} & fields.keys()):
        return None
    names = ("document_number", "counterparty", "decision_date", "content")
    confidence = round(0.4 + 0.1 * sum(name in fields for name in names), 2)
    money = {"fine_yuan": "yuan"} if "fine_yuan" in fields else {}
    return Seen(kind, fields, "decision_text", {name: "正文" for name in fields}, money, confidence=confidence)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _number(title: str, lines: list[str]) -> str | None:
    """The number under the heading or in the title; numbers of laws and notices stand in long lines."""
    for text in (*(line for line in lines[:12] if len(line) <= 60), title):
        for match in _NUMBER.finditer(text):
            if not _NOTICE.search(match[0]):
                return _LABEL.sub("", match[0])
    return None


def _addressee(lines: list[str]) -> str | None:
    """The party the decision speaks to: a line of its own, ending in a colon, near the top."""
    for line in lines[:8]:
        match = _ADDRESSEE.match(line)
        if match and not _HEADING_WORDS.search(match[1]):
            return match[1]
    return None


def _decision_date(lines: list[str]) -> str | None:
    """The date that stands (almost) alone in one of the last lines; copies-to lines may follow it."""
    for line in reversed(lines[-12:]):
        found = list(_DATE.finditer(line))
        if found and len(line) - len(found[-1][0]) <= 30:
            return found[-1][0]
    return None


def _authority(title: str, lines: list[str]) -> str | None:
    for number in range(len(lines) - 1, max(len(lines) - 12, 0), -1):
        match = _DATE.search(lines[number])
        if match is None or len(lines[number]) - len(match[0]) > 30:
            continue
        for text in (lines[number][: match.start()], lines[number - 1]):
            named = _AUTHORITY.search("".join(text.split()))
            if named:
                return named[1]
    for text in (*lines[:3], title):
        named = _HEADING.match("".join(text.split()))
        if named:
            return named[1]
    return None


def _content(lines: list[str]) -> str | None:
    for number, line in enumerate(lines):
        if inline := _INLINE.search(line):
            return inline[1]
        if _RESULT_START.search(line):
            rest: list[str] = []
            for following in lines[number + 1 : number + 8]:
                if rest and not re.match(r"\s*[（(]?[\d一二三四五六七八九十]{1,2}[）)、.．]", following):
                    break
                rest.append(following)
            if rest:
                return "\n".join(rest)[:2000]
    for line in reversed(lines):
        match = _RESULT.search(line)
        if match:
            return match[1]
    return None
