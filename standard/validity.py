"""Field rules (data-standard 5): from a record's values to its defects. Pure; applied once, when a value comes in.

A defect says which rule, which field, how sure we are and what to do. Severity E: certainly wrong; W: likely wrong, a person
decides; I: information. What only a submission template asks is never asked of a portal, and the other way round.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from standard import privacy
from standard.codes import SUBJECT_WORDS, names_organisation, penalty_families
from standard.editions import PORTAL_MINIMUM, marks
from standard.fields import FIELDS
from standard.values import LONG_TERM, USCC_FILLER, amounts, is_empty_word, organisation_code_ok, uscc_ok, uscc_shape

Defect = dict[str, str]
FLOOR = datetime.date(1990, 1, 1)


@dataclass(frozen=True)
class Facts:
    """What the rules may ask: canonical values, the cleaned texts by field, the raw texts by label."""

    kind: str
    profile: str  # portal | submission
    edition: str | None
    today: datetime.date
    values: Mapping[str, Any]
    texts: Mapping[str, str]  # cleaned, only what says something
    given: Mapping[str, object]  # as it came, by field
    raw: Mapping[str, str]  # as it came, by label


@dataclass(frozen=True)
class Rule:
    """One rule: its id, its title and where it comes from; the function appends defects."""

    id: str
    title: str
    check: Callable[[Facts, Add], None]


class Add:
    """Collects defects; knows the labels of the record's kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.defects: list[Defect] = []

    def __call__(
        self, rule: str, field: str, severity: str, message: str, cure: str, code: str = "field_invalid"
    ) -> None:
        self.defects.append(
            {"rule": rule, "code": code, "field": field, "severity": severity, "message": message, "cure": cure}
        )

    def label(self, field: str) -> str:
        return FIELDS[field].label_for(self.kind) if field in FIELDS else field


def check(facts: Facts) -> list[Defect]:
    """Every defect of one record, in the order of RULES."""
    add = Add(facts.kind)
    for rule in RULES:
        rule.check(facts, add)
    return add.defects


# ---------------------------------------------------------------- C: completeness


def _complete(facts: Facts, add: Add) -> None:
    if facts.profile == "portal":
        _complete_portal(facts, add)
    else:
        _complete_submission(facts, add)


def _complete_portal(facts: Facts, add: Add) -> None:
    person = facts.values.get("counterparty_type") == "natural_person"
    texts = facts.texts
    for line in PORTAL_MINIMUM.get(facts.kind, ()):
        if person and not line.persons:
            continue
        if not any(field in texts for field in line.fields):
            add(
                "C1",
                line.fields[0],
                "W" if line.soft else "E",
                f"未公示{line.label}",
                f"请在公示栏目补充{line.label}",
                "field_missing",
            )


def _complete_submission(facts: Facts, add: Add) -> None:
    texts, given = facts.texts, facts.given
    edition = facts.edition or "2018"
    for column, mark in marks(edition, facts.kind, facts.values.get("counterparty_type")):
        field = column.field
        present = field in texts
        if mark == "M" and not present:
            if field == "document_number" and (_legal_blank(edition, given.get(field)) or "licence_number" in texts):
                continue
            what = "填写了占位符" if is_empty_word(given.get(field)) else "未填写"
            label = add.label(field)
            add("C2", field, "E", f"{label}{what}", f"请按{edition}年模板补填{label}", "field_missing")
        elif mark == "E" and present:
            label = add.label(field)
            subject = SUBJECT_WORDS.get(facts.values.get("counterparty_type") or "", "该类主体")
            add("T1", field, "E", f"{subject}不应填写{label}", f"请清空{label}，或更正行政相对人类别")


def _legal_blank(edition: str, given: object) -> bool:
    """In 2015 a pre-licence without number takes the word 空."""
    return edition == "2015" and isinstance(given, str) and given.strip() == "空"


# ---------------------------------------------------------------- U: codes

_STORED_AS_NUMBER = re.compile(r"^\d(?:\.\d+)?E\+?\d{1,2}$", re.IGNORECASE)


def _party_code(facts: Facts, add: Add) -> None:
    code = facts.values.get("counterparty_code")
    subject = facts.values.get("counterparty_type")
    text = facts.texts.get("counterparty_code")
    if text is not None and _STORED_AS_NUMBER.match(text):
        add(
            "U7",
            "counterparty_code",
            "E",
            "统一社会信用代码被存成了数字，末几位已丢失",
            "请把该列设为文本格式后重新填写",
        )
        return
    if code is None or code.startswith("h:"):
        return
    if code == USCC_FILLER:
        allowed = subject == "sole_trader" and "registration_number" in facts.texts
        if not allowed:
            add(
                "U3",
                "counterparty_code",
                "E",
                "占位代码（17 个 0 加 X）只可用于填有工商注册号的个体工商户",
                "请填写真实的统一社会信用代码",
            )
        return
    _unified_code("counterparty_code", code, facts, add)
    inner = facts.texts.get("organisation_code")
    if inner is not None and uscc_shape(code):
        bare = inner.replace("-", "").replace("－", "").upper()
        if len(bare) == 9 and bare != code[8:17]:
            add("U5", "organisation_code", "W", "组织机构代码与统一社会信用代码第 9—17 位不一致", "请核对两个代码")
        elif len(bare) == 9 and not organisation_code_ok(bare):
            add("U6", "organisation_code", "W", "组织机构代码校验位不符", "请核对组织机构代码")


def _unit_codes(facts: Facts, add: Add) -> None:
    for field in ("authority_code", "source_unit_code"):
        code = facts.values.get(field)
        if code is None:
            continue
        if code == USCC_FILLER or set(code) == {"0"}:
            add("U3", field, "E", f"{add.label(field)}填写了占位代码", "请填写机关的统一社会信用代码")
        else:
            _unified_code(field, code, facts, add)


def _unified_code(field: str, code: str, facts: Facts, add: Add) -> None:
    known = _code_state(code)
    if known is None:
        return
    label = add.label(field)
    if known == "shape":
        severity = "E" if facts.profile == "submission" else "W"
        add(
            "U1",
            field,
            severity,
            f"{label}应为 18 位数字或大写字母（不含 I、O、S、V、Z），现为 {len(code)} 位",
            f"请核对{label}{_suggestion(code)}",
        )
    else:
        add(
            "U2",
            field,
            "W",
            f"{label}校验位不符（{code}）",
            f"请对照证照核对；早期个别真实代码也不符合校验规则{_suggestion(code)}",
        )


@lru_cache(maxsize=65536)
def _code_state(code: str) -> str | None:
    return None if uscc_ok(code) else "check" if uscc_shape(code) else "shape"


def _suggestion(code: str) -> str:
    tried = code.replace("I", "1").replace("O", "0")
    return f"，是否应为 {tried}" if tried != code and uscc_ok(tried) else ""


# ---------------------------------------------------------------- D: dates

_DATE_FIELDS = ("decision_date", "valid_from", "valid_to", "publicity_until", "penalty_valid_to")
TERM = re.compile(r"^([0-9]{1,2}|[一二两三五六])\s*(年|个月|月)?$")
"""A publicity term written as a number of years or months."""


def _dates(facts: Facts, add: Add) -> None:
    values, texts = facts.values, facts.texts
    decided: datetime.date | None = values.get("decision_date")
    for field in _DATE_FIELDS:
        if field in texts and values.get(field) is None:
            if field == "publicity_until" and decided is None and TERM.match(texts[field]):
                continue  # so many years, but from when is not known: the missing decision date is told elsewhere
            severity = "E" if facts.profile == "submission" else "W"
            add(
                "D2",
                field,
                severity,
                f"{add.label(field)}不是可识别的日期（{_short(texts[field])}）",
                "请写成 2026/09/30 的形式",
            )
    start, end = values.get("valid_from"), values.get("valid_to")
    if start is not None and end is not None and end < start:
        add("D6", "valid_to", "E", f"有效期至（{end}）早于有效期自（{start}）", "请核对有效期起止")
    if decided is None:
        return
    if decided == LONG_TERM or decided > facts.today:
        add(
            "D4",
            "decision_date",
            "E",
            f"{add.label('decision_date')}（{decided}）晚于数据日期（{facts.today}）",
            "请核对决定日期",
        )
    elif decided < FLOOR:
        add("D5", "decision_date", "E", f"{add.label('decision_date')}（{decided}）早于 1990 年", "请核对决定日期")
    if end is not None and end < decided:
        add("D7", "valid_to", "W", f"有效期至（{end}）早于决定日期（{decided}）", "请核对有效期")
    if start is not None and start < decided:
        add(
            "D8",
            "valid_from",
            "I",
            f"有效期自（{start}）早于决定日期（{decided}），延续许可可以如此",
            "无须处理，如有误请更正",
        )
    until = values.get("publicity_until")
    if until is not None and until < decided:
        add("D10", "publicity_until", "E", f"公示截止期（{until}）早于决定日期（{decided}）", "请核对公示截止期")
    penalty_end = values.get("penalty_valid_to")
    if penalty_end is not None and penalty_end < decided:
        add("D11", "penalty_valid_to", "W", f"处罚有效期（{penalty_end}）早于决定日期（{decided}）", "请核对处罚有效期")
    updated = values.get("updated_at")
    if updated is not None and (updated < decided or updated > facts.today) and updated != LONG_TERM:
        add("D12", "updated_at", "W", f"数据更新时间戳（{updated}）应在决定日期与报送日之间", "请核对数据更新时间戳")


# ---------------------------------------------------------------- N: document numbers

_YEAR_IN_KEY = re.compile(r"〔(\d{4})〕")
_TEMPLATE_TEXT = re.compile(r"[XxＸ×]{2,}|\*{2,}|＊{2,}|_{3,}")
_LAW_TITLE = re.compile(r"《|。|，.*，")


def _number(facts: Facts, add: Add) -> None:
    text = facts.texts.get("document_number")
    if text is None:
        return
    label = add.label("document_number")
    year = _YEAR_IN_KEY.search(facts.values.get("document_number_key") or "")
    decided: datetime.date | None = facts.values.get("decision_date")
    if year:
        number_year = int(year[1])
        if number_year > facts.today.year or number_year < 1990:
            add("N1", "document_number", "E", f"{label}中的年份 {number_year} 不可能", f"请核对{label}")
        elif decided is not None and decided != LONG_TERM and abs(decided.year - number_year) > 1:
            add(
                "D13",
                "document_number",
                "W",
                f"{label}中的年份 {number_year} 与决定日期 {decided} 相差一年以上",
                "请核对文号与决定日期",
            )
    if _TEMPLATE_TEXT.search(text):
        add("N3", "document_number", "W", f"{label}中留有模板文字（{_short(text)}）", f"请填写真实的{label}")
    elif not _HAS_DIGIT.search(text):
        add("N2", "document_number", "W", f"{label}中没有数字（{_short(text)}）", f"请核对{label}")
    elif _LAW_TITLE.search(text):
        add("N5", "document_number", "W", f"{label}栏内是一段文字（{_short(text)}）", f"请只填写{label}")


_HAS_DIGIT = re.compile(r"[0-9０-９〇一二三四五六七八九]")

# ---------------------------------------------------------------- M: money

_NEEDS_PLAIN = re.compile(r"^[0-9]+(?:\.[0-9]+)?$")


def _money(facts: Facts, add: Add) -> None:
    if facts.kind != "penalty":
        return
    values, texts = facts.values, facts.texts
    category = values.get("category") or ""
    families = penalty_families(category) if len(category) <= 60 else ()
    fine = values.get("fine_yuan")
    portal = facts.profile == "portal"
    for field in ("fine_yuan", "confiscation_yuan"):
        text = texts.get(field)
        if text is None:
            continue
        amount = values.get(field)
        if amount is None:
            severity = "W" if portal else "E"
            add(
                "M2",
                field,
                severity,
                f"{add.label(field)}无法读成金额（{_short(text)}）",
                "请只填写数字，单位为万元，最多 6 位小数",
            )
        elif amount < 0:
            add("M2", field, "E", f"{add.label(field)}为负数（{_short(text)}）", "请填写非负数")
        else:
            if not portal and not _NEEDS_PLAIN.match(text):
                add(
                    "M2",
                    field,
                    "W",
                    f"{add.label(field)}含有数字以外的文字（{_short(text)}）",
                    "请只填写数字，不带单位与千分号",
                )
            if not portal and len(text.partition(".")[2].rstrip("0")) > 6:
                add(
                    "M1", field, "E", f"{add.label(field)}小数超过 6 位（{_short(text)}）", "金额最小到 0.01 元，请核对"
                )
            if amount > 1e8:
                add("M7", field, "W", f"{add.label(field)}超过 1 亿元", "请核对金额单位是否误填（元与万元）")
    if not portal:
        if "fine" in families and (fine is None or fine <= 0) and "fine_yuan" not in texts:
            add("M3", "fine_yuan", "E", "处罚类别含罚款，但未填写罚款金额", "请补填罚款金额（万元）")
        elif "fine" in families and fine == 0:
            add("M3", "fine_yuan", "E", "处罚类别含罚款，但罚款金额为 0", "请核对罚款金额（万元）")
        if "confiscation" in families and "confiscation_yuan" not in texts:
            add(
                "M4",
                "confiscation_yuan",
                "W",
                "处罚类别含没收，但未填写没收金额",
                "请补填没收金额（万元），仅没收无价值物品的填 0",
            )
        if "licence" in families and "revoked_licence" not in texts:
            add(
                "M5",
                "revoked_licence",
                "E",
                "处罚类别含暂扣或吊销，但未填写证照名称及编号",
                "请补填暂扣或吊销证照名称及编号",
            )
    if fine is not None and fine > 0 and families and "fine" not in families:
        add("M3", "category", "W", "填有罚款金额，但处罚类别不含罚款", "请核对处罚类别")
    if fine is not None and fine > 0:
        _slip_of_unit(fine, texts.get("content"), add)


def _slip_of_unit(fine: float, content: str | None, add: Add) -> None:
    if content is None or "元" not in content:
        return
    named = amounts(content)
    if fine in named:
        return
    for amount in named:
        if amount > 0 and (abs(fine / amount - 10_000) < 0.01 or abs(amount / fine - 10_000) < 0.01):
            add(
                "M6",
                "fine_yuan",
                "W",
                f"罚款金额（{fine:.2f} 元）与处罚内容所写（{amount:.2f} 元）恰差一万倍",
                "请核对金额单位（元与万元）",
            )
            return


# ---------------------------------------------------------------- T: subject types

_SHORT_CHINESE = re.compile(r"^[\u4e00-\u9fff]{2,4}$")


def _subject(facts: Facts, add: Add) -> None:
    values, texts = facts.values, facts.texts
    stated = texts.get("counterparty_type")
    subject = values.get("counterparty_type")
    code = values.get("counterparty_code") or ""
    if (
        stated is not None
        and facts.edition == "2020"
        and facts.profile == "submission"
        and stated not in SUBJECT_WORDS.values()
    ):
        severity = "E" if subject is None or stated not in _KNOWN_TYPES else "W"
        add(
            "T6",
            "counterparty_type",
            severity,
            f"行政相对人类别“{_short(stated)}”不在规定的三类之中",
            "请填写 法人及非法人组织、个体工商户 或 自然人",
        )
    if stated is not None and uscc_shape(code) and code != USCC_FILLER:
        if code.startswith("92") and subject == "organisation":
            add("T3", "counterparty_type", "W", "代码以 92 开头，行政相对人类别应为个体工商户", "请核对行政相对人类别")
        elif not code.startswith("92") and subject == "sole_trader":
            add("T3", "counterparty_type", "W", "类别为个体工商户，但代码不以 92 开头", "请核对统一社会信用代码与类别")
    name = texts.get("counterparty")
    if name is None:
        return
    if stated is not None and subject == "organisation" and _SHORT_CHINESE.match(name) and not names_organisation(name):
        add("T4", "counterparty", "W", "类别为法人及非法人组织，但名称像自然人姓名", "请核对行政相对人名称与类别")
    if subject == "organisation" and _HIDDEN_NAME.search(name):
        add("X2", "counterparty", "W", "法人及非法人组织的名称不应遮挡", "请填写完整名称")


_HIDDEN_NAME = re.compile(r"[*＊]|×{2,}|某某|X{3,}")
_KNOWN_TYPES = frozenset(SUBJECT_WORDS.values()) | frozenset(
    ["法人", "非法人组织", "法人和其他组织", "法人或其他组织", "个人", "个体户"]
)

# ---------------------------------------------------------------- X: texts

_TEST_DATA = re.compile(r"^(?:测试.*|test\d*|1{5,}|a{3,}|张三|李四|XXX.*|×××.*)$", re.IGNORECASE)
_LAW = re.compile(r"《|法|条例|办法|规定|规则|决定|标准|细则")
_HTML = re.compile(r"</?[a-zA-Z][^<>]{0,60}>|&(?:nbsp|lt|gt|amp|#\d+);|\\r\\n|\\n")


def _texts(facts: Facts, add: Add) -> None:
    texts = facts.texts
    for field, text in texts.items():
        length = FIELDS[field].max if field in FIELDS else 4000
        if len(text) > length and facts.profile == "submission":
            add("X4", field, "W", f"{add.label(field)}长 {len(text)} 字，超过 {length} 字", f"请缩短{add.label(field)}")
    name = texts.get("counterparty")
    if name is not None and _TEST_DATA.match(name) and name not in ("张三", "李四"):
        add("X1", "counterparty", "W", f"行政相对人名称像测试数据（{_short(name)}）", "请删除测试数据或填写真实名称")
    basis = texts.get("basis")
    if basis is not None and not _LAW.search(basis):
        add("X5", "basis", "W", "处罚依据中没有法律、法规或规章名称", "请写明所依据的法律及条款")
    facts_text = texts.get("facts")
    if facts_text is not None and basis is not None and facts_text == basis:
        add("X6", "facts", "W", "违法事实与处罚依据完全相同", "请分别填写违法事实与处罚依据")
    if facts.profile == "submission":
        for field in ("content", "facts", "basis", "case_name"):
            given = facts.given.get(field)
            if isinstance(given, str) and _HTML.search(given):
                add("X3", field, "W", f"{add.label(field)}中有网页代码残留", "请清除网页代码后重新填写")
            elif field in texts and len(texts[field]) < 2:
                add("X7", field, "W", f"{add.label(field)}过短（{texts[field]}）", f"请完整填写{add.label(field)}")


# ---------------------------------------------------------------- P: personal data in public


def _disclosure(facts: Facts, add: Add) -> None:
    if facts.profile != "portal":
        return
    if not privacy.may_leak("\n".join(facts.raw.values())):
        return
    told: set[str] = set()
    places = [(field, add.label(field), str(text)) for field, text in facts.given.items()]
    places += [(label, label, text) for label, text in facts.raw.items()]
    for field, label, text in places:
        for leak in privacy.find(text if privacy.says_itself(text) else f"{label}：{text}"):
            if leak.text in told:
                continue
            told.add(leak.text)
            shown = privacy.mask(leak.text) if leak.kind == "mobile" else privacy.mask_code(leak.text)
            message = f"“{_short(label)}”中公开了完整的{privacy.KINDS[leak.kind]}（{shown}）"
            add("P1", field, "E", message, "请立即遮挡后重新公示", "over_disclosed")


def _short(text: str) -> str:
    text = privacy.mask(text)
    return text if len(text) <= 30 else text[:30] + "…"


RULES: tuple[Rule, ...] = (
    Rule("C", "必填要素", _complete),
    Rule("U", "统一社会信用代码（GB 32100-2015）", _party_code),
    Rule("UA", "机关代码", _unit_codes),
    Rule("D", "日期", _dates),
    Rule("N", "文号", _number),
    Rule("M", "金额", _money),
    Rule("T", "主体类别", _subject),
    Rule("X", "文字", _texts),
    Rule("P", "个人信息", _disclosure),
)
