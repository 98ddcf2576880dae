"""From the label a value stood under to the field it belongs to. The words are data: aliases.yml, fields.yml, editions.yml.

A label is tried in passes, each with less confidence: a portal's own lookups, the exact alias, the same without brackets
and punctuation, without what stands in brackets, its ending, and last one or two letters off. The passes that guess never
cross between 许可 and 处罚: these labels differ by one word and mean different things.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from standard import kinds as kinds_of_record
from standard.fields import FIELDS, Alias, data
from standard.templates import EDITIONS
from standard.values import scrub

LICENCE = "licence"
PENALTY = "penalty"


@dataclass(frozen=True)
class Column:
    """What a column holds: the field, the unit of its money ("yuan", "wan", unknown None), and how sure we are."""

    field: str
    money: str | None = None
    confidence: float = 1.0


# ---------------------------------------------------------------- normalising a label

_HINT_WORDS = (
    r"必填|选填|非必填|可选|格式|例如|如[:：]|填写|限制|限\d|yyyy|YYYY|全称\)|全名\)|(?<!事业)单位|万元|元\)|不填|下拉"
)
_INSIDE = r"[^\(\)\[\]【】〔〕]*?"
_HINT = re.compile(rf"[\(\[【〔]{_INSIDE}(?:{_HINT_WORDS})(?:{_INSIDE}[\)\]】〕]|(?<=\)))")
_ENGLISH_TAIL = re.compile(r"(?<=[\u4e00-\u9fff\)])\s*[A-Za-z][A-Za-z .'/&-]{3,}$")
_ORDINAL_LEAD = re.compile(r"^(?:\(?\d{1,2}[\.、\)．]|[（(]?[一二三四五六七八九十]{1,3}[）)、])(?=\D)")
_TRAILING = re.compile(r"[:*＊。；;,，、\s]+$")
_SPACE = re.compile(r"\s+")
_ASCII_CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_]{1,39}$")
_CODE_FAMILY = re.compile(r"^(?:行政)?(?:相对人)?(?:代码|名称)[_\-—–/／]*([1-6])?\(?(.*?)\)?$")
_LOOSE = re.compile(r"[()\[\]【】〔〕{}_\-—–/、,.;:'\"“”·|]")
_BRACKETED = re.compile(r"\([^()]*\)?")


@lru_cache(maxsize=16384)
def normalise(label: str) -> tuple[str, str | None]:
    """The label as it is compared, and the unit of money it names.

    >>> normalise("罚款金额（万元）：")
    ('罚款金额', 'wan')
    >>> normalise("* 处罚 是由 (必填)")
    ('处罚事由', None)
    """
    text = unicodedata.normalize("NFKC", scrub(label))[:200]
    money = "wan" if "万元" in text else "yuan" if re.search(r"[(单位:,，]元\)?", text) or "(元" in text else None
    text = _ENGLISH_TAIL.sub("", text)
    text = _SPACE.sub("", text).lstrip("*＊·●□■")
    text = _ORDINAL_LEAD.sub("", text)
    text = _TRAILING.sub("", _HINT.sub("", _HINT.sub("", text)))  # twice: 【格式：yyyyMMdd(例如:20160101)】
    for wrong, right in data().typos:
        if wrong in text:
            text = text.replace(wrong, right)
    if text.startswith(("政处罚", "兴处罚")):
        text = "行" + text if text[0] == "政" else text[1:]
    return text, money


# ---------------------------------------------------------------- the tables, built once


@dataclass(frozen=True)
class _Table:
    """The aliases for one kind of table."""

    exact: Mapping[str, str]
    loose: Mapping[str, str]
    endings: Sequence[tuple[str, str]]  # long aliases, longest first
    labels: Sequence[str]  # loose ones that are long enough to be nearly met


def _is_money(field: str) -> bool:
    return field in FIELDS and FIELDS[field].type == "money"


def _labels_of_templates() -> list[Alias]:
    """The templates' own labels, in the order of the editions: an alias cannot displace one of them."""
    found: list[Alias] = []
    for edition in EDITIONS.values():
        for columns in (edition.templates, edition.optional):
            found += [Alias(column.label, column.field, kind) for kind, many in columns.items() for column in many]
    return found


def standard_field(label: str, kind: str) -> str | None:
    """The field of a label that stands in a template of that kind; None when no template has it."""
    text = normalise(label)[0]
    for edition in EDITIONS.values():
        for column in (*edition.templates.get(kind, ()), *edition.optional.get(kind, ())):
            if normalise(column.label)[0] == text:
                return column.field
    return None


def forget() -> None:
    """Builds the tables anew when they are next asked for: an edition or words were added or removed."""
    for cached in (_table, _codes, _find_label, _kind_of, _without_samples, normalise):
        cached.cache_clear()


@lru_cache(maxsize=16)
def _table(kind: str | None) -> _Table:
    exact: dict[str, str] = {}
    kinds = ("both", kind) if kind else ("both", PENALTY, LICENCE)
    for entry in (*_labels_of_templates(), *data().aliases):
        if entry.kind in kinds:
            exact.setdefault(normalise(entry.label)[0], entry.field)
    loose: dict[str, str] = {}
    for label, field in exact.items():
        loose.setdefault(_LOOSE.sub("", label), field)
    endings = sorted(
        ((label, field) for label, field in loose.items() if len(label) >= 5), key=lambda e: (-len(e[0]), e)
    )
    return _Table(exact, loose, endings, [label for label in loose if len(label) >= 4])


@lru_cache(maxsize=1)
def _codes() -> dict[str, tuple[str, str | None]]:
    """Code without underscores, in lower case -> (field, kind that its prefix names)."""
    codes: dict[str, tuple[str, str | None]] = {}
    for key, field in FIELDS.items():
        for code in field.codes:
            codes[_bare(code)] = (key, _kind_of_code(code))
    for edition in EDITIONS.values():
        for columns in (edition.templates, edition.optional):
            for column in (column for many in columns.values() for column in many):
                codes.setdefault(_bare(column.code), (column.field, _kind_of_code(column.code)))
    return codes


def _bare(code: str) -> str:
    return code.replace("_", "").lower()


def _kind_of_code(code: str) -> str | None:
    bare = _bare(code)
    for kind, heads in _HEADS_OF_CODES.items():
        if bare.startswith(heads):
            return kind
    return None


# 国家企业信用信息公示系统: lic…, pen…; 信用陕西: xy02…; 浙江 2.0: PUNISH_…
_HEADS_OF_CODES = {
    LICENCE: ("xk", "lic"),
    PENALTY: ("cf", "pendec", "penauth", "pencontent", "illegact", "punish", "xy02"),
}


# ---------------------------------------------------------------- matching


def kind_of(labels: Sequence[str], wider: bool = False) -> str | None:
    """Whether a header is of licences or of penalties: by what only one of them has. None when it does not tell.

    `wider`: the kinds that are only counted (kinds.yml) are answered too, when the labels that only one of them has are at
    least as many as those of licences or penalties.
    """
    return _kind_of(tuple(map(str, labels)), wider)


@lru_cache(maxsize=8192)
def _kind_of(labels: tuple[str, ...], wider: bool) -> str | None:
    """Labels come again on every page of a portal, and they are asked about several times a page."""
    score = kind_score(labels)
    if wider:
        texts = [normalise(label)[0] for label in labels]
        other = kinds_of_record.told_by(texts)
        if other is not None and kinds_of_record.tells_in(other, texts) >= max(score.values()):
            return other
    if score[LICENCE] == score[PENALTY]:
        return None
    return LICENCE if score[LICENCE] > score[PENALTY] else PENALTY


def kind_score(labels: Sequence[str]) -> dict[str, int]:
    """How many labels of a header only licences have, and how many only penalties."""
    score = {LICENCE: 0, PENALTY: 0}
    for label in labels:
        text = normalise(str(label))[0]
        kind = _kind_of_code(text) if _ASCII_CODE.match(text) else None
        if kind is None and len(text) <= 30:
            licence, penalty = _fits(text, LICENCE), _fits(text, PENALTY)
            if licence != penalty:
                kind = LICENCE if licence else PENALTY
            elif "许可" in text or "处罚" in text or "违法" in text:
                kind = LICENCE if "许可" in text and "处罚" not in text and "违法" not in text else PENALTY
        if kind:
            score[kind] += 1
    return score


def _fits(text: str, kind: str) -> bool:
    return text in _table(kind).exact or _LOOSE.sub("", text) in _table(kind).loose


def match(
    labels: Sequence[str],
    kind: str | None = None,
    samples: Sequence[Sequence[str]] | None = None,
    lookups: Mapping[str, str] | None = None,
) -> list[Column | None]:
    """One Column (or None) for each label of a header. `samples` are rows of values below it; `lookups` a portal's own.

    A field is given once: of two columns that claim it the surer, then the first, keeps it; a second category becomes
    `category_2`.
    """
    kind = kind or kind_of(labels)
    known, pending = _without_samples(tuple(map(str, labels)), kind, tuple((lookups or {}).items()))
    columns = list(known)
    for place, text, rule in pending:
        columns[place] = _RULES[rule](text, place, columns, samples or (), kind)
    return _once(columns)


@lru_cache(maxsize=8192)
def _without_samples(
    labels: tuple[str, ...], kind: str | None, lookups: tuple[tuple[str, str], ...]
) -> tuple[tuple[Column | None, ...], tuple[tuple[int, str, str], ...]]:
    """The columns that the labels alone tell; and place, label and rule of those that hang on the values below them."""
    own = {normalise(label)[0]: field for label, field in lookups}
    columns: list[Column | None] = []
    pending: list[tuple[int, str, str]] = []
    for place, label in enumerate(labels):
        text, money = normalise(label)
        found: Column | None = None
        if text in own:
            found = Column(own[text], money)
        elif _LOOSE.sub("", text) in data().ambiguous:
            pending.append((place, text, data().ambiguous[_LOOSE.sub("", text)]))
        elif text:
            found = _find(text, money, kind)
        columns.append(found)
    _borrow(labels, columns, kind)
    _give_agency_codes(labels, columns)
    return tuple(columns), tuple(pending)


def _borrow(labels: Sequence[str], columns: list[Column | None], kind: str | None) -> None:
    """Units reuse the template of the other kind: its exact labels name fields that nothing else here has."""
    if kind not in (LICENCE, PENALTY):
        return
    other = _table(PENALTY if kind == LICENCE else LICENCE)
    held = {column.field for column in columns if column is not None}
    for place, label in enumerate(labels):
        text, money = normalise(str(label))
        if columns[place] is not None or text in data().ambiguous:
            continue
        field = other.exact.get(text)
        if field in _BORROWED and field not in held:
            columns[place] = Column(field, money if _is_money(field) else None, 0.5)
            held.add(field)


_BORROWED = frozenset(
    ["document_number", "case_name", "category", "content", "decision_date", "authority", "authority_code"]
)


def _find(text: str, money: str | None, kind: str | None) -> Column | None:
    if _ASCII_CODE.match(text):
        return _find_code(text, money)
    if len(text) > 60:
        return None
    field, confidence = _find_label(text, kind)
    if field is None:
        return None
    return Column(field, money if _is_money(field) else None, confidence)


def _find_code(text: str, money: str | None) -> Column | None:
    known = _codes().get(_bare(text))
    if known is None:
        return None
    field, kind = known
    if _is_money(field) and money is None and kind == PENALTY:
        money = "wan"  # the standard's amounts are in 万元
    return Column(field, money if _is_money(field) else None)


@lru_cache(maxsize=16384)
def _find_label(text: str, kind: str | None) -> tuple[str | None, float]:
    table = _table(kind)
    if text in table.exact:
        return table.exact[text], 1.0
    family = _CODE_FAMILY.match(text)
    if family and (family[1] or family[2]):
        field = _of_code_family(family[1], _LOOSE.sub("", family[2]))
        if field:
            return field, 0.95
    loose = _LOOSE.sub("", text)
    if loose in table.loose:
        return table.loose[loose], 0.95
    without = _LOOSE.sub("", _BRACKETED.sub("", text))
    if without in table.loose:
        return table.loose[without], 0.85
    if len(text) <= 40:
        for candidate in (loose, without):
            for ending, field in table.endings:
                if len(ending) < len(candidate) and candidate.endswith(ending):
                    return (None, 0.0) if _SENTENCE.search(text) else (field, 0.7)
    return (None, 0.0) if _SENTENCE.search(text) else _nearly(loose, table, kind)


_SENTENCE = re.compile(r"[,。;:!]")  # a sentence, or a label that still has its value: not to be guessed at

_CODE_WORDS = (
    ("信用", "counterparty_code"),
    ("法人身份证", "representative_id"),
    ("身份证", "person_id"),
    ("组织", "organisation_code"),
    ("工商", "registration_number"),
    ("注册号", "registration_number"),
    ("税务", "tax_number"),
    ("纳税人", "tax_number"),
    ("事业单位", "institution_number"),
)


def _of_code_family(index: str | None, words: str) -> str | None:
    """代码_2(组织机构代码): the words in brackets decide; the digit alone means something only for 1."""
    if "社会组织" in words:
        return "social_number"
    for word, field in _CODE_WORDS:
        if word in words:
            return field
    return "counterparty_code" if not words and index in (None, "1") else None


# A letter that turns one field's label into another's must not be what is guessed.
_DECISIVE = frozenset("自至起止始终末名号码日时期类种型额元机代证件编人罚许可一二三四五六0123456789")


def _nearly(text: str, table: _Table, kind: str | None) -> tuple[str | None, float]:
    if not 4 <= len(text) <= 24 or kind is None:
        return None, 0.0
    allowed = 1 if len(text) < 9 else 2
    near = process.extract(text, table.labels, scorer=Levenshtein.distance, score_cutoff=allowed, limit=None)
    found = [(distance, label) for label, distance, _ in near if not (set(text) ^ set(label)) & _DECISIVE]
    return (table.loose[min(found)[1]], 0.6) if found else (None, 0.0)


_PLAIN_CODE = frozenset(["统一社会信用代码", "信用代码", "社会信用代码", "组织机构代码", "代码"])


def _give_agency_codes(labels: Sequence[str], columns: list[Column | None]) -> None:
    """A bare 统一社会信用代码 right after the agency's column is the agency's, when the party's stands elsewhere."""
    for place in range(1, len(columns)):
        column, before = columns[place], columns[place - 1]
        if column is None or before is None or normalise(str(labels[place]))[0] not in _PLAIN_CODE:
            continue
        taken = any(other is not None and other.field == "counterparty_code" for other in columns[:place])
        if before.field in ("authority", "source_unit") and taken:
            columns[place] = Column(f"{before.field}_code", None, 0.9)


def _once(columns: list[Column | None]) -> list[Column | None]:
    holders: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column is None:
            continue
        held = holders.get(column.field)
        if held is None:
            holders[column.field] = place
        elif column.field == "category" and "category_2" not in holders:
            columns[place] = Column("category_2", None, column.confidence)
            holders["category_2"] = place
        elif column.confidence > columns[held].confidence:  # type: ignore[union-attr]
            columns[held] = None
            holders[column.field] = place
        else:
            columns[place] = None
    return columns


# ---------------------------------------------------------------- labels with two meanings

_AGENCY = re.compile(r"局$|委$|厅$|队$|委员会$|中心$|政府$|支队$|办公室$|管理处$|分局$|海关$")
_DECISION = re.compile(r"[〔\[【(（﹝［][12]\d{3}[〕\]】)）﹞］]|号$")


def _has(columns: Sequence[Column | None], *fields: str) -> bool:
    return any(column is not None and column.field in fields for column in columns)


def _values(samples: Sequence[Sequence[str]], place: int) -> list[str]:
    return [str(row[place]).strip() for row in samples if place < len(row) and str(row[place]).strip()]


def _share(values: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for value in values if pattern.search(value)) / len(values) if values else 0.0


def _party_or_representative(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    if _has(columns, "counterparty"):
        return Column("legal_representative", None, 0.8)
    values = _values(samples, place)
    short = sum(1 for value in values if len(value) <= 4)
    return Column("legal_representative" if values and short * 2 > len(values) else "counterparty", None, 0.7)


def _party_or_authority(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    values = _values(samples, place)
    repeats = len(values) < 3 or len(set(values)) * 2 <= len(values)  # of a few agencies, not of as many parties
    looks_agency = repeats and _share(values, _AGENCY) > 0.6
    beside = text == "处罚单位" and _has(columns, "counterparty")  # 被处罚人 has a column of its own
    if looks_agency or beside:
        return None if _has(columns, "authority") else Column("authority", None, 0.8)
    return None if _has(columns, "counterparty") else Column("counterparty", None, 0.8)


def _party_or_case(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    return Column("case_name" if _has(columns, "counterparty") else "counterparty", None, 0.7)


def _number_or_licence_number(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    if not _has(columns, "document_number"):
        return Column("document_number", None, 0.9)
    return Column("licence_number", None, 0.7) if kind == LICENCE and not _has(columns, "licence_number") else None


def _number_or_ordinal(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    values = _values(samples, place)
    if _share(values, _DECISION) > 0.5 and not _has(columns, "document_number"):
        return Column("document_number", None, 0.8)
    if values and all(value.isdigit() and len(value) <= 5 for value in values):
        return Column("ordinal", None, 0.8)
    if kind == LICENCE and values and _share(values, _DECISION) == 0 and not _has(columns, "licence_number"):
        return Column("licence_number", None, 0.7)
    return _number_or_licence_number(text, place, columns, samples, kind)


def _licence_term(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    return None if _has(columns, "valid_to") else Column("valid_range", None, 0.9)


def _penalty_term(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    return None if _has(columns, "penalty_valid_to") else Column("penalty_range", None, 0.9)


def _decision_or_effective(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    other = _has(columns, "decision_date", "authority_and_date")
    return Column("effective_date", None, 0.9) if other else Column("decision_date", None, 0.85)


_CONTENT_STARTS = re.compile(
    r"(?:决定)?(?:给予|处以|处|并处)?(?:罚款|警告|没收|责令|吊销|暂扣|拘留|行政拘留|通报|降低|限制|人民币)"
)


def _content_or_facts(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    """处罚内容 is the decision; but beside 处罚结果, and without facts, portals put the facts there."""
    if not _has(columns, "content"):
        return Column("content", None, 0.95)
    if _has(columns, "facts", "facts_and_content") or _share(_values(samples, place), _CONTENT_STARTS) > 0.3:
        return None
    return Column("facts", None, 0.7)


def _act_or_facts(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    """违法违规行为 says which act it was; beside a column for that it tells the facts, and with 罚款… below it the decision."""
    if _share(_values(samples, place), _CONTENT_STARTS) > 0.5 and not _has(columns, "content"):
        return Column("content", None, 0.7)
    if not _has(columns, "violation_type"):
        return Column("violation_type", None, 0.9)
    return None if _has(columns, "facts", "facts_and_content") else Column("facts", None, 0.7)


def _penalty_or_publicity_end(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    """处罚截止期 is the end of the penalty (2015, 江苏); beside 处罚有效期 (2018) portals mean the end of publication."""
    if not _has(columns, "penalty_valid_to"):
        return Column("penalty_valid_to", None, 0.9)
    return None if _has(columns, "publicity_until") else Column("publicity_until", None, 0.7)


_SITE = re.compile(r"https?:|www\.|网站|网$|平台$|信用中国")


def _unit_or_site(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    if _share(_values(samples, place), _SITE) > 0.5:
        return None
    return None if _has(columns, "source_unit") else Column("source_unit", None, 0.9)


def _decision_or_valid_from(
    text: str, place: int, columns: list[Column | None], samples: Sequence[Sequence[str]], kind: str | None
) -> Column | None:
    if not _has(columns, "decision_date"):
        return Column("decision_date", None, 0.85)
    return None if _has(columns, "valid_from") else Column("valid_from", None, 0.8)


_RULES = {
    "party_or_representative": _party_or_representative,
    "party_or_authority": _party_or_authority,
    "party_or_case": _party_or_case,
    "number_or_licence_number": _number_or_licence_number,
    "number_or_ordinal": _number_or_ordinal,
    "licence_term": _licence_term,
    "penalty_term": _penalty_term,
    "decision_or_effective": _decision_or_effective,
    "decision_or_valid_from": _decision_or_valid_from,
    "content_or_facts": _content_or_facts,
    "unit_or_site": _unit_or_site,
    "act_or_facts": _act_or_facts,
    "penalty_or_publicity_end": _penalty_or_publicity_end,
}
