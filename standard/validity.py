"""Field rules (data-standard 5): from a record's values to its defects. Pure; applied once, when a value comes in.

What is wrong is found here; how grave it is, of whom and since when it is asked and in which words it is told stands in
rules.yml. A defect says which rule, which field, how sure we are (E certainly wrong, W likely, a person decides, I
information) and what to do. What only a submission template asks is never asked of a portal, and the other way round.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import gt
from typing import Any, NamedTuple

from standard import privacy
from standard.codes import SUBJECT_WORDS, names_organisation, penalty_families
from standard.editions import blank_word, family_of, needs, portal_minimum
from standard.fields import FIELDS, label_of, on_change
from standard.kinds import KINDS
from standard.rules import RULE_TABLE
from standard.values import (
    JOINT,
    LONG_TERM,
    USCC_FILLER,
    amounts,
    code_of,
    is_empty_word,
    is_sentinel,
    organisation_code_ok,
    registration_number_ok,
    uscc_ok,
    uscc_shape,
)
from standard.wording import wording

Defect = dict[str, str]
FLOOR = datetime.date(1990, 1, 1)


class Facts(NamedTuple):
    """What the rules may ask: canonical values, the cleaned texts by field, the raw texts by label.

    `leaky`: a quick look at the raw texts says that something in them may be personal; None: nobody has looked.
    """

    kind: str
    profile: str  # portal | submission
    edition: str | None
    today: datetime.date
    values: Mapping[str, Any]
    texts: Mapping[str, str]  # cleaned, only what says something
    given: Mapping[str, object]  # as it came, by field
    raw: Mapping[str, str]  # as it came, by label
    leaky: bool | None = None


@dataclass(frozen=True)
class Rule:
    """One group of rules: its letter, its title; the function tells what it finds."""

    id: str
    title: str
    check: Callable[[Facts, Add], None]
    reads: frozenset[str] | None = None  # without a text in any of these it has nothing to say; None: always asked
    profile: str | None = None  # asked of that profile only


class Add:
    """Collects defects: grave as rules.yml says, for this kind, profile, edition and decision date, or not at all."""

    def __init__(self, facts: Facts, held: tuple[str, ...] = ()) -> None:
        self._facts = facts
        self.kind = facts.kind
        self.held = held  # the fields of the texts, in their order
        self.defects: list[Defect] = []

    def __call__(self, rule: str, field: str, **said: object) -> None:
        """Rule `rule` is broken in `field`; `said` fills the message's blanks (`label` is filled here)."""
        facts = self._facts
        told = RULE_TABLE[rule]
        if told.kinds and facts.kind not in told.kinds:
            return
        if told.editions and (facts.profile == "portal" or not told.editions & family_of(facts.edition or "2018")):
            return
        if told.since is not None or told.until is not None:
            decided = facts.values.get("decision_date")
            if decided is not None and not told.holds(decided):
                return
        severity = told.severity.get(facts.profile)
        if severity is None:
            return
        message, cure = _words(rule, label_of(self.kind, field), tuple(said.items()))
        self.defects.append(
            {
                "rule": told.rule,
                "code": told.code,
                "field": field,
                "severity": severity,
                "message": message,
                "cure": cure,
            }
        )


@lru_cache(maxsize=8192)
def _words(rule: str, label: str, said: tuple[tuple[str, object], ...]) -> tuple[str, str]:
    """Message and cure of a rule; most say the same of many rows."""
    told = RULE_TABLE[rule]
    blanks = {"label": label, **dict(said)}
    return told.message.format(**blanks), told.cure.format(**blanks)


def check(facts: Facts) -> list[Defect]:
    """Every defect of one record, in the order of RULES."""
    held = tuple(facts.texts)
    add = Add(facts, held)
    for asked in _asked(facts.profile, held):
        asked(facts, add)
    return add.defects


@lru_cache(maxsize=8192)
def _asked(profile: str, held: tuple[str, ...]) -> tuple[Callable[[Facts, Add], None], ...]:
    """The rules that may have something to say of a row with these fields; the rows of a table hold the same ones."""
    return tuple(
        rule.check
        for rule in RULES
        if rule.profile in (None, profile) and (rule.reads is None or not rule.reads.isdisjoint(held))
    )


# ---------------------------------------------------------------- C: completeness


def _complete(facts: Facts, add: Add) -> None:
    if facts.profile == "portal":
        _complete_portal(facts, add)
    else:
        _complete_submission(facts, add)


def _complete_portal(facts: Facts, add: Add) -> None:
    person = facts.values.get("counterparty_type") == "natural_person"
    for rule, field, what in _not_shown(facts.kind, person, add.held):
        add(rule, field, what=what)


@lru_cache(maxsize=4096)
def _not_shown(kind: str, person: bool, held: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """What a portal must show and these fields do not: rule, field, words. The rows of a table hold the same fields."""
    return tuple(
        ("C1-soft" if line.soft else "C1", line.fields[0], line.label)
        for line in portal_minimum(kind)
        if line.any_of.isdisjoint(held) and (line.persons or not person)
    )


@lru_cache(maxsize=64)
def _template(edition: str, kind: str) -> str:
    """What a message calls the template: 2020年, an own edition by its whole name, a wider kind by its own."""
    if kind not in ("licence", "penalty"):
        return f"“{KINDS[kind].label}”" if kind in KINDS else ""
    return f"{edition[:4]}年" if edition[:4].isdigit() else f"“{edition}”"


def _complete_submission(facts: Facts, add: Add) -> None:
    texts = facts.texts
    edition = facts.edition or "2018"
    subject = facts.values.get("counterparty_type")
    asked = needs(edition, facts.kind, subject)
    held = texts.keys()
    if not (asked.must <= held and held.isdisjoint(asked.empty)):
        for field, mark in asked.marks:
            if mark == "M" and field not in texts:
                if field == "document_number" and (_legal_blank(facts, edition) or "licence_number" in texts):
                    continue
                what = "填写了占位符" if is_empty_word(facts.given.get(field)) else "未填写"
                add(_missing_rule(field, subject), field, what=what, edition=_template(edition, facts.kind))
            elif mark == "E" and field in texts:
                add(
                    "T2-empty" if subject == "organisation" else "T1",
                    field,
                    subject=SUBJECT_WORDS.get(subject or "", "该类主体"),
                )
    if asked.any_code and held.isdisjoint(asked.any_code) and subject != "natural_person":
        add("C3", "counterparty_code")
    if ("representative_id_type" in texts) != ("representative_id" in texts):
        add("C4", "representative_id")


_OF_PERSONS = frozenset(["person_id", "person_id_type"])
_OF_ORGANISATIONS = frozenset(["counterparty_code", "legal_representative"])


def _missing_rule(field: str, subject: str | None) -> str:
    """The id under which a missing field is told: some have a rule of their own."""
    if field == "decision_date":
        return "D3"
    if subject == "natural_person" and field in _OF_PERSONS:
        return "T1-missing"
    return "T2" if subject == "organisation" and field in _OF_ORGANISATIONS else "C2"


def _legal_blank(facts: Facts, edition: str) -> bool:
    """In 2015 a pre-licence without number takes the word 空."""
    word = blank_word(edition, "document_number")
    given = facts.given.get("document_number")
    return word is not None and isinstance(given, str) and given.strip() == word


# ---------------------------------------------------------------- U: codes

_STORED_AS_NUMBER = re.compile(r"^\d(?:\.\d+)?E\+?\d{1,2}$", re.IGNORECASE)
_DEPARTMENTS = frozenset("159Y234678AN")


def _party_code(facts: Facts, add: Add) -> None:
    texts = facts.texts
    text = texts.get("counterparty_code")
    if text is not None and len(text) != 18 and _STORED_AS_NUMBER.match(text):
        add("U7", "counterparty_code")
        return
    number = texts.get("registration_number")
    if number is not None and len(number) == 15 and _wrong_registration(number):
        add("U10", "registration_number")
    inner = texts.get("organisation_code")
    if inner is not None:
        inner = _bare(inner)
    if facts.profile == "submission":
        if "person_id" in texts:
            _identity(texts, "person_id", "person_id_type", add)
        if "representative_id" in texts:
            _identity(texts, "representative_id", "representative_id_type", add)
        if inner is not None and not organisation_code_ok(inner):
            add("U6", "organisation_code")
        if "tax_number" in texts:
            _tax_number(texts["tax_number"], add)
    code = facts.values.get("counterparty_code")
    if code is None and text is not None and facts.values.get("counterparty_type") != "natural_person":
        add("U1-person", "counterparty_code")
    if code is None or code.startswith("h:"):
        return
    if code == USCC_FILLER:
        if facts.values.get("counterparty_type") != "sole_trader" or number is None:
            add("U3", "counterparty_code")
        return
    _unified_code("counterparty_code", code, add)
    if inner is not None and inner != code[8:17] and uscc_shape(code):
        add("U5", "organisation_code")


def _wrong_registration(number: str) -> bool:
    return number.isascii() and number.isdigit() and not registration_number_ok(number)


def _bare(code: str) -> str | None:
    """An organisation code without hyphens; None when it has not nine characters."""
    if "-" in code or "－" in code:
        code = code.replace("-", "").replace("－", "")
    code = code.upper()
    return code if len(code) == 9 else None


def _tax_number(tax: str, add: Add) -> None:
    if len(tax) == 18 and uscc_ok(tax):
        add("U11-uscc", "tax_number")
    elif _TAX_NUMBER.match(tax) is None:
        add("U11", "tax_number", text=_short(tax))


_TAX_NUMBER = re.compile(r"(?:[0-9A-Za-z]{15}|[0-9A-Za-z]{17,18}|[0-9A-Za-z]{20})\Z")


def _identity(texts: Mapping[str, str], field: str, kind: str, add: Add) -> None:
    number = texts[field]
    if "身份证" not in texts.get(kind, "") or "*" in number or "＊" in number:
        return
    if not privacy.identity_number_ok(number.strip().upper(), said=True):
        add("U9", field)


def _unit_codes(facts: Facts, add: Add) -> None:
    values = facts.values
    for field in ("authority_code", "source_unit_code"):
        code = values.get(field)
        if code is None:
            continue
        state = _unit_code_state(code)
        if state == "filler":
            add("U3-unit", field)
        elif state is not None:
            _unified_code(field, code, add)


def _unified_code(field: str, code: str, add: Add) -> None:
    if uscc_ok(code):
        if code[0] not in _DEPARTMENTS:
            add("U8", field, head=code[0])
    elif uscc_shape(code):
        add("U2", field, code=code, hint=_suggestion(code))
    else:
        add("U1", field, length=len(code), hint=_suggestion(code))


def code_state(code: str) -> str | None:
    """ "shape" or "check" when a unified code fails there; None when it passes."""
    return None if uscc_ok(code) else "check" if uscc_shape(code) else "shape"


@lru_cache(maxsize=8192)
def _unit_code_state(code: str) -> str | None:
    if code == USCC_FILLER or not code.strip("0"):
        return "filler"
    return code_state(code) or (None if code[0] in _DEPARTMENTS else "department")


def _suggestion(code: str) -> str:
    tried = code.replace("I", "1").replace("O", "0")
    return f"，是否应为 {tried}" if tried != code and uscc_ok(tried) else ""


# ---------------------------------------------------------------- D: dates

_DATE_FIELDS = ("decision_date", "valid_from", "valid_to", "publicity_until", "penalty_valid_to")
_USUAL_DAY = re.compile(r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:[ T].*)?\Z|[0-9]{5}(?:\.[0-9]+)?\Z")
TERM = re.compile(r"^([0-9]{1,2}|[一二两三五六])\s*(年|个月|月)?$")
"""A publicity term written as a number of years or months."""


def _dates(facts: Facts, add: Add) -> None:
    values, texts = facts.values, facts.texts
    decided: datetime.date | None = values.get("decision_date")
    told = facts.profile == "submission"  # asked once a row: a unit writes all its dates alike
    for field in _DATE_FIELDS:
        text = texts.get(field)
        if text is None:
            continue
        day = values.get(field)
        if day is not None:
            if told and not _usual_day(text):
                if day == LONG_TERM:
                    add("D9", field, text=_short(text))
                else:
                    add("D1", field, text=_short(text), day=day)
                    told = False
        else:
            if field == "publicity_until" and decided is None and TERM.match(text):
                continue  # so many years, but from when is not known: the missing decision date is told elsewhere
            add("D5-sentinel" if is_sentinel(text) else "D2", field, text=_short(text))
    start, end = values.get("valid_from"), values.get("valid_to")
    if start is not None and end is not None and end < start:
        add("D6", "valid_to", start=start, end=end)
    if decided is None:
        return
    if decided == LONG_TERM or decided > facts.today:
        add("D4", "decision_date", day=decided, today=facts.today)
    elif decided < FLOOR:
        add("D5", "decision_date", day=decided)
    if end is not None and end < decided:
        add("D7", "valid_to", end=end, day=decided)
    if start is not None and start < decided:
        add("D8", "valid_from", start=start, day=decided)
    until = values.get("publicity_until")
    if until is not None and until < decided:
        add("D10", "publicity_until", end=until, day=decided)
    penalty_end = values.get("penalty_valid_to")
    if penalty_end is not None and penalty_end < decided:
        add("D11", "penalty_valid_to", end=penalty_end, day=decided)
    updated = values.get("updated_at")
    if updated is not None and (updated < decided or updated > facts.today) and updated != LONG_TERM:
        add("D12", "updated_at", end=updated)


@lru_cache(maxsize=8192)
def _usual_day(text: str) -> bool:
    return _USUAL_DAY.match(text) is not None


# ---------------------------------------------------------------- N: document numbers

_PLAIN_TEXT = re.compile(r"[\u4e00-\u9fff]+[〔\[(（【](?:19|20)[0-9]{2}[〕\])）】]第?[0-9]+号\Z")
_YEAR_IN_KEY = re.compile(r"〔(\d{4})〕")
_TEMPLATE_TEXT = re.compile(r"[XxＸ×]{2,}|\*{2,}|＊{2,}|_{3,}")
_LAW_TITLE = re.compile(r"《(?!(?:19|20)[0-9]{2}年?》)|。|，.*，")  # 《2026》 is a bracket like any other
_HAS_DIGIT = re.compile(r"[0-9０-９〇一二三四五六七八九]")


def _year_of(key: str) -> int | None:
    at = key.find("〔")
    year = key[at + 1 : at + 5]
    if at >= 0 and year.isascii() and year.isdigit() and key[at + 5 : at + 6] == "〕":
        return int(year)
    found = _YEAR_IN_KEY.search(key)
    return int(found[1]) if found else None


def _number(facts: Facts, add: Add) -> None:
    text = facts.texts.get("document_number")
    if text is None:
        return
    number_year = _year_of(facts.values.get("document_number_key") or "")
    decided: datetime.date | None = facts.values.get("decision_date")
    if number_year is not None:
        if number_year > facts.today.year or number_year < 1990:
            add("N1", "document_number", year=number_year)
        elif decided is not None and decided != LONG_TERM and abs(decided.year - number_year) > 1:
            add("D13", "document_number", year=number_year, day=decided)
    if len(text) > 128:
        add("N4", "document_number", length=len(text))
        return
    if _PLAIN_TEXT.match(text):
        return
    if _TEMPLATE_TEXT.search(text):
        add("N3", "document_number", text=_short(text))
    elif not _HAS_DIGIT.search(text):
        add("N2", "document_number", text=_short(text))
    elif _LAW_TITLE.search(text):
        add("N5", "document_number", text=_short(text))


# ---------------------------------------------------------------- M: money

_NEEDS_PLAIN = re.compile(r"^[0-9]+(?:\.[0-9]+)?$")
MONEY_FIELDS = tuple(key for key, entry in FIELDS.items() if entry.type == "money")


def _money(facts: Facts, add: Add) -> None:
    values, texts = facts.values, facts.texts
    for field in MONEY_FIELDS:
        if field in texts:
            _amount(facts, field, values.get(field), texts[field], add)
    if facts.kind != "penalty":
        return
    category = values.get("category") or ""
    families = penalty_families(category) if len(category) <= 60 else ()
    fine = values.get("fine_yuan")
    if "fine" in families and (fine is None or fine <= 0) and "fine_yuan" not in texts:
        add("M3", "fine_yuan")
    elif "fine" in families and fine == 0:
        add("M3-zero", "fine_yuan")
    if "confiscation" in families and "confiscation_yuan" not in texts and "confiscated_assets_yuan" not in texts:
        add("M4", "confiscation_yuan")
    if "licence" in families and "revoked_licence" not in texts:
        add("M5", "revoked_licence")
    if families == ("none",):
        add("X10", "category")
    if fine is not None and fine > 0:
        if families and "fine" not in families:
            add("M3-reverse", "category")
        _slip_of_unit(fine, texts.get("content"), add)


def _amount(facts: Facts, field: str, amount: float | None, text: str, add: Add) -> None:
    if amount is None:
        bare = facts.profile == "portal" and _NEEDS_PLAIN.match(text)
        add("M8" if bare else "M2", field, text=_short(text))
    elif amount < 0:
        add("M2-negative", field, text=_short(text))
    else:
        if facts.profile == "submission":
            if not _NEEDS_PLAIN.match(text):
                add("M2-text", field, text=_short(text))
            if len(text) > 7 and len(text.partition(".")[2].rstrip("0")) > 6:
                add("M1", field, text=_short(text))
        if amount > 1e8:
            add("M7", field)


_IN_AMOUNT = frozenset("0123456789.,，'+-")


def _slip_of_unit(fine: float, content: str | None, add: Add) -> None:
    if content is None or "元" not in content:
        return
    if fine.is_integer():
        text = f"{fine:.0f}元"
        at = content.find(text)
        if at >= 0 and (at == 0 or content[at - 1] not in _IN_AMOUNT):  # said in so many words, as mostly
            return
    named = amounts(content)
    if fine in named:
        return
    for amount in named:
        if amount > 0 and (abs(fine / amount - 10_000) < 0.01 or abs(amount / fine - 10_000) < 0.01):
            add("M6", "fine_yuan", fine=fine, amount=amount)
            return


# ---------------------------------------------------------------- T: subject types

_SHORT_CHINESE = re.compile(r"^[\u4e00-\u9fff]{2,4}$")
_HIDDEN_NAME = re.compile(r"[*＊]|×{2,}|某某|X{3,}")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z .'’·-]{3,}\Z")
_WORDS = frozenset(SUBJECT_WORDS.values())
_KNOWN_TYPES = _WORDS | frozenset(["法人", "非法人组织", "法人和其他组织", "法人或其他组织", "个人", "个体户"])


def _subject(facts: Facts, add: Add) -> None:
    values, texts = facts.values, facts.texts
    stated = texts.get("counterparty_type")
    subject = values.get("counterparty_type")
    if stated is not None:
        code = values.get("counterparty_code") or ""
        if stated not in _WORDS:
            known = subject is not None and stated in _KNOWN_TYPES
            add("T6-known" if known else "T6", "counterparty_type", text=_short(stated))
        if subject == "organisation" and code.startswith("92") and uscc_shape(code):
            add("T3", "counterparty_type")
        elif subject == "sole_trader" and not code.startswith("92") and uscc_shape(code) and code != USCC_FILLER:
            add("T3-reverse", "counterparty_type")
    name = texts.get("counterparty")
    if name is None:
        return
    if subject == "organisation":
        if stated is not None and len(name) <= 4 and _SHORT_CHINESE.match(name) and not names_organisation(name):
            add("T4", "counterparty")
        if _HIDDEN_NAME.search(name):
            add("X2", "counterparty")
    elif texts.get("person_id_type") == "身份证" and _LATIN_NAME.match(name):
        add("T5", "person_id_type")


# ---------------------------------------------------------------- X: texts

_TEST_DATA = re.compile(r"^(?:测试.*|test\d*|1{5,}|a{3,}|张三|李四|XXX.*|×××.*)$", re.IGNORECASE)
_TEST_HEADS = frozenset("测tT1aA张李xX×")  # what test data begins with; most names need no closer look
_LAW = re.compile(r"《|法|条例|办法|规定|规则|决定|标准|细则")
_HTML = re.compile(r"</?[a-zA-Z][^<>]{0,60}>|&(?:nbsp|lt|gt|amp|#\d+);|\\r\\n|\\n")


class _Limits(dict[str, int]):
    """The greatest length of each field, looked up once; a field of nobody's has a remark's."""

    def __missing__(self, field: str) -> int:
        self[field] = limit = FIELDS[field].max if field in FIELDS else 4000
        return limit


_LIMITS = _Limits()


@lru_cache(maxsize=4096)
def _limits(held: tuple[str, ...]) -> tuple[int, ...]:
    """The greatest length of each of these fields."""
    return tuple(_LIMITS[field] for field in held)


on_change(_LIMITS.clear, _limits.cache_clear, _words.cache_clear)
_ALL_CODES = frozenset(
    ["counterparty_code", "registration_number", "organisation_code", "tax_number", "authority_code", "source_unit_code"]
)  # fmt: skip
_PROSE = ("content", "facts", "basis", "case_name")


def _texts(facts: Facts, add: Add) -> None:
    texts = facts.texts
    told = facts.profile == "submission"
    if told and True in map(gt, map(len, texts.values()), _limits(add.held)):
        for field in [field for field, text in texts.items() if len(text) > _LIMITS[field]]:
            if field in _ALL_CODES and len(code_of(texts[field]) or "") <= _LIMITS[field]:
                continue  # blanks and hyphens are no part of a code; one stored as a number is U7's
            add("X4", field, length=len(texts[field]), limit=_LIMITS[field])
    name = texts.get("counterparty")
    if name is not None and name[0] in _TEST_HEADS and _TEST_DATA.match(name) and name not in ("张三", "李四"):
        add("X1", "counterparty", text=_short(name))
    basis = texts.get("basis")
    if basis is not None:
        if not _names_law(basis):
            add("X5", "basis")
        if texts.get("facts") == basis:
            add("X6", "facts")
    if told:
        given = facts.given
        for field in _PROSE:
            text = texts.get(field)
            if given.get(field) is not text or (text is not None and len(text) <= 12):
                _prose(facts, field, add)
        if facts.values.get("category") == "其他":
            add("X9", "category")


@lru_cache(maxsize=4096)
def _names_law(basis: str) -> bool:
    return _LAW.search(basis) is not None


def _prose(facts: Facts, field: str, add: Add) -> None:
    given = facts.given.get(field)
    if given is None:
        return
    text = facts.texts.get(field)
    if isinstance(given, str) and ("<" in given or "&" in given or "\\" in given) and _HTML.search(given):
        add("X3", field)
        return
    if text is None:
        return
    if len(text) < 2:
        add("X7", field, text=text)
    elif len(text) <= 12 and text == label_of(facts.kind, field):
        add("X8", field)


# ---------------------------------------------------------------- P: personal data in public


def _disclosure(facts: Facts, add: Add) -> None:
    if not (leaky(facts.raw, JOINT.join(facts.raw.values())) if facts.leaky is None else facts.leaky):
        return
    told: set[str] = set()
    places = [(field, label_of(add.kind, field), str(text)) for field, text in facts.given.items()]
    read = {label: text for _, label, text in places}
    places += [(label, label, text) for label, text in facts.raw.items() if read.get(label) != text]
    for field, label, text in places:
        if not privacy.worth_reading(label, text):
            continue
        for leak in privacy.find(text if privacy.says_itself(text) else f"{label}：{text}"):
            if leak.text in told:
                continue
            told.add(leak.text)
            add("P1", field, where=_short(label), what=privacy.KINDS[leak.kind], shown=_shown(leak))


def leaky(raw: Mapping[str, str], together: str) -> bool:
    """A quick look: False when nothing in a row's raw texts (joined: `together`) can be personal."""
    return privacy.may_leak(together) or privacy.says_home(JOINT.join(raw))


def _shown(leak: privacy.Leak) -> str:
    if leak.kind == "address":
        return privacy.mask_address(leak.text)
    return privacy.mask(leak.text) if leak.kind == "mobile" else privacy.mask_code(leak.text)


def _short(text: str) -> str:
    text = privacy.mask(text)
    return text if len(text) <= 30 else text[:30] + "…"


_CODES = (
    "counterparty_code", "registration_number", "organisation_code", "tax_number", "person_id", "representative_id",
)  # fmt: skip

RULES: Sequence[Rule] = (
    Rule("C", "必填要素", _complete),
    Rule("U", "统一社会信用代码（GB 32100-2015）", _party_code, frozenset(_CODES)),
    Rule("UA", "机关代码", _unit_codes, frozenset(["authority_code", "source_unit_code"])),
    Rule("D", "日期", _dates, frozenset([*_DATE_FIELDS, "updated_at", "valid_range", "penalty_range"])),
    Rule("N", "文号", _number, frozenset(["document_number"])),
    Rule("M", "金额", _money, frozenset([*MONEY_FIELDS, "category", "category_2"])),
    Rule("T", "主体类别", _subject, frozenset(["counterparty", "counterparty_type"])),
    Rule("X", "文字", _texts),
    Rule("K", "代码表与用语", wording, profile="submission"),
    Rule("P", "个人信息", _disclosure, profile="portal"),
)
