"""From texts to one canonical record: the one door through which both inlets pass.

`make` takes the texts of one decision by field (as `standard.aliases` named them), gives every column of a record, and notes
what is wrong with it. Personal data is looked for before anything is masked, and nothing personal leaves this module clear.
"""

from __future__ import annotations

import calendar
import datetime
import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple, cast

from standard import codes, privacy, validity, values
from standard.editions import code_lists
from standard.fields import label_of, on_change

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓"
    "郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫"
    "宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉"
    "宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳"
    "沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公闫肖仝代付岳苑覃陀佟木芦矫门"
    "税但揭"
)
_SHORT_CHINESE = re.compile(r"^[\u4e00-\u9fff]{2,4}$")
_MASKED_NAME = re.compile(r"^[\u4e00-\u9fff]{1,3}[*＊×某○]{1,4}[\u4e00-\u9fff]{0,2}$|^[*＊]+[\u4e00-\u9fff]{1,2}$")
_MINORITY_NAME = re.compile(r"^[\u4e00-\u9fff]{2,8}[·•・‧．][\u4e00-\u9fff·•・‧．]{1,12}$")
_LATIN_NAME = re.compile(r"^[A-Z][A-Za-z'’.-]+(?: [A-Z][A-Za-z'’.-]*){1,4}$")

# Fields whose text is stored as it was cleaned (and masked where it holds personal data).
_TEXTS = (
    "document_title", "case_name", "legal_representative", "facts", "violation_type", "basis", "content",
    "licence_name", "licence_number", "remedy",
)  # fmt: skip
COLUMNS = (
    "kind", "document_number", "document_number_key", "document_number_weak", "document_title", "case_name",
    "counterparty", "counterparty_key", "counterparty_type", "counterparty_code", "legal_representative", "category",
    "facts", "violation_type", "basis", "content", "fine_yuan", "confiscation_yuan", "licence_name", "licence_number",
    "decision_date", "valid_from", "valid_to", "publicity_until", "authority", "authority_code", "source_unit",
    "source_unit_code", "status", "remedy",
)  # fmt: skip
_BLANK: dict[str, Any] = dict.fromkeys(COLUMNS)
_COLUMN_VALUES = itemgetter(*COLUMNS)
MONEY = frozenset(validity.MONEY_FIELDS)


def make(
    kind: str,
    texts: Mapping[str, object],
    *,
    money: Mapping[str, str | None] | None = None,
    profile: str,
    edition: str | None = None,
    today: datetime.date,
    key: bytes,
    raw: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Every column of a record but its id, from texts by field. Never raises on any text.

    `money`: field -> "yuan" | "wan" as the label said; `profile`: "portal" | "submission"; `raw`: label -> text as it stood,
    with the columns nobody knows (else it is built from `texts`). Personal codes are hashed with `key`.
    """
    row = stand(kind, texts, raw)
    return make_of(kind, texts, row, money=money, profile=profile, edition=edition, today=today, key=key)


class Stood(NamedTuple):
    """A row as it stood: `cells` by label, without blank ones, and all of them `joined` by values.JOINT.

    `pure`: no text of the row needs cleaning; `homes`: a label speaks of somebody's home. Of a submission `cells` may be
    None, and be made from labels and texts (`pairs`) only when they are wanted: most rows store what they were as it is.
    """

    cells: dict[str, str] | None
    joined: str
    pure: bool
    homes: bool
    pairs: tuple[Sequence[str], Sequence[str]] = ((), ())

    def by_label(self) -> dict[str, str]:
        """`cells`, made when they were not."""
        if self.cells is not None:
            return self.cells
        labels, texts = self.pairs
        return dict(compress(zip(labels, texts, strict=True), texts))


def make_of(
    kind: str,
    texts: Mapping[str, object],
    row: Stood,
    *,
    money: Mapping[str, str | None] | None = None,
    profile: str,
    edition: str | None = None,
    today: datetime.date,
    key: bytes,
) -> dict[str, Any]:
    """`make` of a row whose cells were looked at already: for tables, whose labels are the same in every row.

    `raw` is None when the row gave no cells by label and they need no masking.
    """
    stood, together, pure, homes, _ = row
    leaky = homes or privacy.may_leak(together)
    clean = _clean(texts, pure, " " in together)
    lists = code_lists(edition)
    if lists:
        codes.spelled(clean, lists)
    if "counterparty_code" in clean and (profile == "portal" or edition is None):
        _sort_codes(clean)
    elif edition is None and "person_id" in clean and "counterparty_code" not in clean:
        _place_code(clean)
    held = _held(tuple(clean))
    if held.combined:
        _split_combined(clean)
        held = _held(tuple(clean))
    get = clean.get

    given_code = get("counterparty_code")
    party_code = None if given_code is None else values.code_of(given_code)
    person_id = _personal_code(clean, party_code) if party_code is not None or held.person else None
    if party_code is not None and party_code == person_id:
        party_code = None
    name = get("counterparty")
    if name is not None and " " in name:
        name = values.chinese_only_blanks(name)
    stated = get("counterparty_type")
    party_type = None if stated is None else codes.subject_type(stated)
    if party_type is None:
        party_type = _party_type(party_code, name, person_id is not None, held.body)
    natural = party_type == "natural_person"

    record: dict[str, Any] = _BLANK.copy()
    record["kind"] = kind
    number = get("document_number")
    if number is not None:
        if leaky or not pure:
            number = privacy.mask(number)
        record["document_number"] = number
        record["document_number_key"], record["document_number_weak"] = values.number_keys_of(number)
    for field in held.texts:
        record[field] = clean[field]
    record["counterparty"] = name
    record["counterparty_type"] = party_type
    record["counterparty_code"] = privacy.keyed_hash(person_id, key) if natural and person_id else party_code
    category = get("category")
    if category is not None:
        category = record["category"] = codes.category(kind, category)
    if held.second:
        record["category"] = codes.category(kind, "；".join(filter(None, (category, clean["category_2"]))))
    for field in held.agencies:
        text = clean[field]
        record[field] = values.chinese_only_blanks(text) if " " in text else text
    for field in held.agency_codes:
        record[field] = values.code_of(clean[field])
    status = get("status")
    if status is not None:
        record["status"] = codes.status(edition, status)
    inner = _dates(clean, record, held.dated)
    if held.money:
        _amounts(clean, held.money, money or {}, "wan" if profile == "submission" else None, record, inner)

    record.update(inner)  # for the rules; what is no column goes again
    defects = validity.check(validity.Facts(kind, profile, edition, today, record, clean, texts, stood or {}, leaky))
    for field in inner:
        del record[field]
    if natural and record["counterparty_code"] == party_code and party_code is not None:
        record["counterparty_code"] = None if codes_hide_person(party_code) else party_code
    if natural or leaky or held.persons:
        stood = _hide(record, defects, row, clean, name, natural, leaky)
        record["counterparty_key"] = _party_key(name, natural)
    elif name is not None:
        record["counterparty_key"] = values.name_key_of(name)
    record["defects"] = defects
    record["raw"] = stood
    record["content_hash"] = content_hash(record)
    return record


class _Held(NamedTuple):
    """What the fields of a row ask for; the rows of a table hold the same ones."""

    combined: bool  # one cell stands for two fields
    person: bool
    body: bool  # what only an organisation has
    texts: tuple[str, ...]
    second: bool  # a second category
    agencies: tuple[str, ...]
    agency_codes: tuple[str, ...]
    dated: bool  # other days than that of the decision
    money: tuple[str, ...]
    persons: bool  # there may be somebody to hide whatever the party is


@lru_cache(maxsize=8192)
def _held(fields: tuple[str, ...]) -> _Held:
    def those(names: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in fields)

    return _Held(
        combined=bool(those(_COMBINED)), person="person_id" in fields, body=bool(those(_BODY)), texts=those(_TEXTS),
        second="category_2" in fields, agencies=those(("authority", "source_unit")),
        agency_codes=those(("authority_code", "source_unit_code")), dated=bool(those(_DATED)), money=those(MONEY),
        persons=bool(those(("person_id", "representative_id", *_PERSONS_BESIDE))),
    )  # fmt: skip


def content_hash(record: Mapping[str, Any]) -> str:
    """A hash of the canonical values: equal when two rows say the same, whatever their spelling of blanks and brackets."""
    said = _COLUMN_VALUES(record)
    parts = "\x1f".join([x if type(x) is str else "" if x is None else str(x) for x in said])
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()


def party(name: object, code: object, key: bytes) -> tuple[str | None, str | None, str | None]:
    """Type, key and code of a party named in a register, in the same language as a record's."""
    text = values.clean_text(name)
    text = None if text is None else values.chinese_only_blanks(text)
    bare = values.code(code)
    personal = bare is not None and privacy.identity_number_ok(bare, said=not values.uscc_ok(bare))
    kind = _party_type(None if personal else bare, text, personal, False)
    hashed = privacy.keyed_hash(bare, key) if personal and bare is not None else bare
    return kind, _party_key(text, kind == "natural_person"), hashed


def codes_hide_person(code: str) -> bool:
    """True when a code in a natural person's code column would itself name the person."""
    return not values.uscc_shape(code)


# ---------------------------------------------------------------- reading


def stand(kind: str, texts: Mapping[str, object], raw: Mapping[str, object] | None) -> Stood:
    """The row by label as it stood."""
    own = raw is None
    try:
        if raw is None:
            labels = _labels(kind, tuple(texts))
            given = cast(Collection[str], texts.values())  # what is no text is told by TypeError
            together = values.JOINT.join(given)
            if labels.plain and together.isprintable() and "\ufffd" not in together:  # nothing to scrub
                cells = dict(compress(zip(labels.shown, given, strict=True), given))
                return Stood(cells, together, values.all_clean(together), False)
            raw = dict(zip(labels.shown, texts.values(), strict=True))
        stated = cast(Mapping[str, str], raw)
        together = values.JOINT.join(stated.values())
        if values.all_clean(together) and _labels_clean(values.JOINT.join(stated)):
            held = {*stated.values()}
            pure = len(texts) == len(stated) if own else {*texts.values()} <= held
            stood = {label: text for label, text in stated.items() if text} if "" in held else dict(stated)
            return Stood(stood, together, pure, privacy.says_home(values.JOINT.join(stood)))
    except TypeError:
        if raw is None:
            raw = dict(zip(_labels(kind, tuple(texts)).shown, texts.values(), strict=True))
    stood = {values.scrub(str(label)): values.scrub(str(text)) for label, text in raw.items() if text not in (None, "")}
    return Stood(stood, values.JOINT.join(stood.values()), False, privacy.says_home(values.JOINT.join(stood)))


class _Labels(NamedTuple):
    shown: list[str]
    plain: bool  # each once, clean, and none speaks of a home


@lru_cache(maxsize=2048)
def _labels(kind: str, fields: tuple[str, ...]) -> _Labels:
    shown = [label_of(kind, field) for field in fields]
    joined = values.JOINT.join(shown)
    plain = len(set(shown)) == len(shown) and values.scrub(joined) == joined and not privacy.says_home(joined)
    return _Labels(shown, plain)


on_change(_labels.cache_clear)


@lru_cache(maxsize=2048)
def _labels_clean(labels: str) -> bool:
    """True when scrubbing would change none of a row's labels; they are the same for every row of a table."""
    return values.scrub(labels) == labels


def _clean(texts: Mapping[str, object], pure: bool, blanks: bool) -> dict[str, str]:
    """The texts by field that say something. `pure`: none needs cleaning; `blanks`: some hold a blank, such as — —."""
    if pure:
        given = cast(Mapping[str, str], texts)
        if values.EMPTY_CELLS.isdisjoint(given.values()):
            cells = dict(given)
        else:
            cells = {field: text for field, text in given.items() if text not in values.EMPTY_CELLS}
        if blanks:
            for field in [field for field, text in cells.items() if " " in text and len(text) <= 12]:
                if values.says_nothing(cells[field]):
                    del cells[field]
        return cells
    clean: dict[str, str] = {}
    for field, given_text in texts.items():
        text = values.clean_text(given_text)
        if text is not None:
            clean[field] = text
    return clean


def _sort_codes(clean: dict[str, str]) -> None:
    """A code column outside the templates (统一社会信用代码/注册号) may hold any of three numbers; each to its place."""
    code = values.code_of(clean["counterparty_code"])
    if code is None or len(code) == 18:
        return
    if values.organisation_code_ok(code):
        clean.setdefault("organisation_code", code)
        del clean["counterparty_code"]
    elif len(code) in (13, 15) and code.isascii() and code.isdigit() and not privacy.identity_number_ok(code):
        clean.setdefault("registration_number", code)
        del clean["counterparty_code"]


def _place_code(clean: dict[str, str]) -> None:
    """One column for the codes of persons and firms (ADMIN_CP_CERT_CODE): a unified code goes to its place."""
    code = values.code_of(clean["person_id"])
    if code is not None and values.uscc_ok(code) and not privacy.identity_number_ok(code):
        clean["counterparty_code"] = clean.pop("person_id")


_COMBINED = frozenset(["authority_and_date", "category_and_basis", "content_and_basis", "facts_and_content"])
_AGENCY_THEN_DATE = re.compile(
    r"^(.*?)[\s,，;；、于在]*((?:(?:19|20)\d\d|[二一][〇○零OＯ0-9一二三四五六七八九]{3})\s*[年./-].*)$", re.DOTALL
)


def _split_combined(clean: dict[str, str]) -> None:
    """One cell for two fields: agency and date, kind and basis, term from and to."""
    both = clean.get("authority_and_date")
    if both is not None:
        found = _AGENCY_THEN_DATE.match(both)
        agency, day = (found[1], found[2]) if found else (both, None)
        if agency.strip():
            clean.setdefault("authority", agency.strip())
        if day is not None:
            clean.setdefault("decision_date", day.strip())
    for combined, parts in (
        ("category_and_basis", ("content", "basis")),
        ("content_and_basis", ("content", "basis")),
        ("facts_and_content", ("facts", "content")),
    ):
        if combined in clean:
            for part in parts:
                clean.setdefault(part, clean[combined])


_SMALL = {"一": 1, "二": 2, "两": 2, "三": 3, "五": 5, "六": 6}


_INNER_DATES = ("penalty_valid_to", "updated_at")
_DATED = frozenset(["valid_from", "valid_to", "valid_range", "publicity_until", "penalty_range", *_INNER_DATES])


def _dates(clean: dict[str, str], record: dict[str, Any], others: bool) -> dict[str, Any]:
    """Fills the dates of the record; returns those that are no columns but that rules ask for. `others`: there are more
    than that of the decision."""
    inner: dict[str, Any] = {}
    if "decision_date" in clean:
        record["decision_date"] = values.date_of(clean["decision_date"])
    if not others:
        return inner
    if "valid_from" in clean:
        record["valid_from"] = values.date_of(clean["valid_from"])
    if "valid_to" in clean:
        record["valid_to"] = _last_date(clean["valid_to"])
    term = clean.get("valid_range")
    if term is not None:
        named = values.dates(term)
        if len(named) >= 2:
            record["valid_from"] = record["valid_from"] or named[0]
            record["valid_to"] = record["valid_to"] or named[-1]
        elif len(named) == 1 and record["valid_to"] is None:
            record["valid_to"] = named[0]
    until = clean.get("publicity_until")
    if until is not None:
        record["publicity_until"] = _last_date(until) or _after(record["decision_date"], until)
    for field in _INNER_DATES:
        if field in clean:
            inner[field] = _last_date(clean[field])
    if "penalty_range" in clean:
        named = values.dates(clean["penalty_range"])
        inner["penalty_valid_to"] = inner.get("penalty_valid_to") or (named[-1] if named else None)
    return inner


def _amounts(
    clean: Mapping[str, str], fields: Collection[str], units: Mapping[str, str | None], default: str | None,
    record: dict[str, Any], inner: dict[str, Any],
) -> None:  # fmt: skip
    """Fills the amounts; without a unit in label or cell, a submission's are in 万元 and a portal's unknown."""
    for field in fields:
        amount = values.yuan_of(clean[field], units.get(field) or default)
        (record if field in record else inner)[field] = amount
    goods = inner.get("confiscated_assets_yuan")
    if goods is not None:  # some interfaces give income and goods apart
        record["confiscation_yuan"] = (record["confiscation_yuan"] or 0.0) + goods


@lru_cache(maxsize=65536)
def _last_date(text: str) -> datetime.date | None:
    if len(text) <= 11:
        return values.date_of(text)
    named = values.dates(text)
    return named[-1] if len(named) >= 2 else values.date_of(text)


def _after(day: datetime.date | None, term: str) -> datetime.date | None:
    """公示期限 may be a number of years (or 三个月): the day that lies so long after the decision."""
    found = validity.TERM.match(unicodedata.normalize("NFKC", term))
    if day is None or found is None:
        return None
    count = _SMALL.get(found[1]) or int(found[1])
    months = count if found[2] in ("个月", "月") else count * 12
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    if year > 2098:
        return None
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# ---------------------------------------------------------------- the party


def _personal_code(clean: Mapping[str, str], code: str | None) -> str | None:
    """The party's own identity number, from its column or from a code column that holds it by mistake; None if masked."""
    given = clean.get("person_id")
    if given is not None and "*" not in given and "＊" not in given:
        own = values.code_of(given)
        if own is not None and "legal_representative" not in clean:
            return own
    if code is None or len(code) not in (15, 18) or not code[:15].isdigit():
        return None
    return code if privacy.identity_number_ok(code, said=not values.uscc_ok(code)) else None


_BODY = frozenset(["legal_representative", "registration_number", "organisation_code"])


def _party_type(code: str | None, name: str | None, has_person_id: bool, has_body: bool) -> str | None:
    """What the party is when its type is not stated: by its code, else by what stands beside it, else by its name."""
    if code is not None and values.uscc_shape(code):
        return "sole_trader" if code.startswith("92") or code == values.USCC_FILLER else "organisation"
    if has_person_id:
        return "natural_person"
    if name is None:
        return None
    return "organisation" if has_body else _type_by_name(name)


# 李某某（未成年人，13岁）, 张三，男: what is said of somebody behind the name
_OF_SOMEBODY = re.compile(
    r"[(（,，](?:[^()（）]*(?:未成年|[0-9]周?岁|身份证|驾驶员|司机|监护人)[^()（）]*|[男女](?:[,，][^()（）]*)?)[)）]?$"
)


@lru_cache(maxsize=8192)
def _type_by_name(name: str) -> str:
    name = _OF_SOMEBODY.sub("", name).strip() or name
    if len(name) <= 6 and _MASKED_NAME.match(name) and not codes.names_organisation_surely(name):
        return "natural_person"
    if _SHORT_CHINESE.match(name) and not codes.names_organisation(name) and _like_person(name):
        return "natural_person"
    if _MINORITY_NAME.match(name) and not codes.names_organisation_surely(name):
        return "natural_person"
    latin = _LATIN_NAME.match(name) and not re.search(r"(?i)ltd|inc|co\b|corp|llc", name)
    return "natural_person" if latin else "organisation"


def _like_person(name: str) -> bool:
    head = privacy.surname(name)
    return len(head) == 2 or head in _SURNAMES


def _party_key(name: str | None, natural: bool) -> str | None:
    if name is None:
        return None
    if natural:
        return "p:" + privacy.surname(name)
    return values.name_key_of(name)


_SHOWN = (*_TEXTS, "counterparty", "category", "authority", "source_unit")
_PERSONS_BESIDE = ("respondent", "claimant")


def _hide(
    record: dict[str, Any], defects: list[validity.Defect], row: Stood, clean: Mapping[str, str],
    name: str | None, natural: bool, leaky: bool,
) -> dict[str, str] | None:  # fmt: skip
    """Masks what is personal in everything that will be stored; gives the row by label, the same one when it is clear."""
    swaps: list[tuple[str, str]] = []
    for field in ("person_id", "representative_id"):
        given = clean.get(field)
        if given is not None and len(given) > 4:
            swaps.append((given, privacy.mask_code(given)))
    if natural and name is not None:
        shown = privacy.mask_person(name)
        record["counterparty"] = shown
        if len(name) >= 2 and shown != name:
            given_name = clean.get("counterparty", name)
            swaps += [(given_name, shown)] if given_name == name else [(given_name, shown), (name, shown)]
    for field in _PERSONS_BESIDE:
        other = clean.get(field)
        if other is not None and _type_by_name(other) == "natural_person" and privacy.mask_person(other) != other:
            swaps.append((other, privacy.mask_person(other)))
    if not swaps and not leaky:
        return row.cells
    stood = row.by_label().copy()
    if leaky and privacy.says_home(values.JOINT.join(stood)):
        for label in stood:
            if privacy.says_home(label):
                stood[label] = privacy.mask_address(stood[label])
    hidden: dict[str, str] = {}  # cells and columns hold the same texts
    for field in _SHOWN:
        text = record[field]
        if text is not None:
            if text not in hidden:
                hidden[text] = _hidden(text, swaps)
            record[field] = hidden[text]
    for label, text in stood.items():
        stood[label] = hidden[text] if text in hidden else _hidden(text, swaps)
    for defect in defects:
        defect["message"] = _hidden(defect["message"], swaps)
    return stood


def _hidden(text: str, swaps: list[tuple[str, str]]) -> str:
    for clear, shown in swaps:
        if clear in text:
            text = text.replace(clear, shown)
    return privacy.mask(text)
