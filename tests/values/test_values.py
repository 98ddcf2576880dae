"""Canonical values: every form met in the field, and any text at all."""

from __future__ import annotations

import datetime
import doctest
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import aliases, codes, privacy, values

D = datetime.date
ANY = st.one_of(
    st.text(),
    st.text(
        alphabet="〔〕[]（）【】{}0123456789年月日第字号 元万亿壹拾佰仟整零.,-/:：文号编罚市Oo○〇\u200b\ufeff\u3000TZ+",
        max_size=60,
    ),
)


@pytest.mark.parametrize("module", [values, aliases, codes, privacy], ids=lambda m: m.__name__)
def test_examples_in_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


# ---------------------------------------------------------------- any text


@given(ANY)
def test_nothing_raises_on_any_text(text: str) -> None:
    values.clean_text(text)
    values.date(text)
    values.dates(text)
    for unit in ("yuan", "wan", None):
        values.yuan(text, unit)
    values.amounts(text)
    values.uscc_ok(values.code(text))
    values.organisation_code_ok(text)
    values.registration_number_ok(text)
    privacy.mask_person(text)


@given(ANY)
def test_keys_are_idempotent_and_bounded(text: str) -> None:
    for make in (values.document_number_key, values.document_number_weak, values.name_key, values.code):
        key = make(text)
        assert make(key) == key
        assert key is None or 0 < len(key) <= 300


@given(ANY)
def test_clean_text_is_idempotent_and_storable(text: str) -> None:
    clean = values.clean_text(text)
    if clean is not None:
        clean.encode("utf-8")
        assert "\x00" not in clean and clean == clean.strip()


@given(ANY)
def test_masking_leaves_nothing_to_find(text: str) -> None:
    assert privacy.find(privacy.mask(text)) == []


@given(st.dates(D(1990, 1, 1), D(2098, 12, 31)))
def test_every_day_is_read_in_every_form(day: datetime.date) -> None:
    numerals = dict(zip("0123456789", "〇一二三四五六七八九", strict=True))
    small = [
        *"一二三四五六七八九",
        "十",
        *(f"十{c}" for c in "一二三四五六七八九"),
        "二十",
        *(f"二十{c}" for c in "一二三四五六七八九"),
        "三十",
        "三十一",
    ]
    forms = [
        f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day.year}/{day.month}/{day.day}", f"{day.year}.{day.month}.{day.day}",
        f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day.year} 年 {day.month} 月 {day.day} 日",
        f"{day:%Y-%m-%d} 00:00:00.0", f"{day:%Y-%m-%dT%H:%M:%S}", f"示例市农业局{day.year}年{day.month}月{day.day}日",
        str((day - D(1899, 12, 30)).days), f"{day:%Y%m%d}083000", f"{day.year}年 {day.month}月{day.day} 日",
        "".join(numerals[c] for c in str(day.year)) + f"年{small[day.month - 1]}月{small[day.day - 1]}日",
    ]  # fmt: skip
    for form in forms:
        assert values.date(form) == day, form


# ---------------------------------------------------------------- document numbers

BRACKETS = ["〔〕", "[]", "（）", "()", "【】", "［］", "﹝﹞", "{}", "〖〗", "《》", "<>", "〈〉", "\ue001\ue002"]


def test_brackets_make_no_difference() -> None:
    keys = {values.document_number_key(f"示市监罚字{pair[0]}2026{pair[1]}12号") for pair in BRACKETS}
    assert keys == {"示市监罚字〔2026〕12号"}


def test_mixed_brackets_make_no_difference() -> None:
    for pair in itertools.product(["〔", "[", "（"], ["〕", "]", "）"]):
        assert values.document_number_key(f"示市监罚字{pair[0]}2026{pair[1]}12号") == "示市监罚字〔2026〕12号"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("石市监处罚〔2022〕120 号", "石市监处罚〔2022〕120号"),
        ("(邯)药当行罚[2006]25号", "(邯)药当行罚〔2006〕25号"),
        ("嘉公（交）决字[2026]第330200410053741号", "嘉公(交)决字〔2026〕330200410053741号"),
        ("双环许可2019", "双环许可2019号"),
        ("编号：示建罚字〔２０２６〕第００７号", "示建罚字〔2026〕007号"),
        ("示 建\n罚字\u200b〔 2026 〕 7 号", "示建罚字〔2026〕7号"),
        ("示建罚字〔2026年〕7号", "示建罚字〔2026〕7号"),
        ("无", None), ("/", None), ("— —", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_document_number_key(text: str | None, key: str | None) -> None:
    assert values.document_number_key(text) == key


def test_weak_key_folds_what_clerks_vary() -> None:
    forms = [
        "示建罚字〔2026〕7号",
        "示建罚〔2026〕007号",
        "示建罚字〔2026〕第OO7号",
        "(示)建罚字[2026]7",
        "2026年示建罚字第007号",
        "示建罚字2026年第7号",
        "示建罚字2026年7",
        "示建罚字2026第07号",
        "〔2026〕示建罚字第7号",
    ]
    assert {values.document_number_weak(form) for form in forms} == {"示建罚〔2026〕7"}


def test_different_numbers_stay_different() -> None:
    forms = [
        "示建罚字〔2026〕7号",
        "示建罚字〔2026〕17号",
        "示建罚字〔2025〕7号",
        "示环罚字〔2026〕7号",
        "示建罚字2026年第17-1号",
        "示建罚字〔2026〕171号",
        "示建罚字〔2026〕1.71号",
    ]
    assert len({values.document_number_weak(form) for form in forms}) == len(forms)


# ---------------------------------------------------------------- names, codes


def test_name_key() -> None:
    forms = [
        "示例市甲乙商贸有限公司（城南店）",
        "示例市 甲乙商贸有限公司(城南店)",
        "示例市甲乙商贸有限公司【城南店】（个体工商户）",
    ]
    assert len({values.name_key(form) for form in forms}) == 1
    assert values.name_key("甲公司") != values.name_key("甲公司一分公司")


GOOD = [
    "91230500MA1B3N1N2M",
    "11230500001755309F",
    "91330000755918469E",
    "91320105780688132K",
    "9135010026017703XW",
    "92330206MA7FX69W9Y",
    "91350100M000100Y43",
    "11420000MB15291767",
]
ISSUED_BUT_FAILING = ["91350100M0001TGQXM", "91350211M0000XUF46", "91350203M0001FUE2P"]


def test_uscc_vectors() -> None:
    assert all(values.uscc_ok(code) for code in GOOD)
    assert not any(values.uscc_ok(code) for code in [*ISSUED_BUT_FAILING, values.USCC_FILLER])
    assert [values.uscc_check(code) for code in ISSUED_BUT_FAILING] == ["1", "R", "J"]


@given(st.text(alphabet=values.USCC_ALPHABET, min_size=17, max_size=17))
def test_uscc_check_is_what_ok_wants(body: str) -> None:
    check = values.uscc_check(body)
    assert check is not None and values.uscc_ok(body + check)
    assert not values.uscc_ok(body + values.USCC_ALPHABET[(values.USCC_ALPHABET.index(check) + 1) % 31])


@pytest.mark.parametrize(
    "text",
    [
        "９１３３００００７５５９１８４６９Ｅ",
        " 91330000-755918469e ",
        "91330000 755918469E（1-1）",
        "统一社会信用代码：91330000755918469E",
    ],
)
def test_codes_are_normalised(text: str) -> None:
    assert values.code(text) == "91330000755918469E"


def test_older_codes() -> None:
    assert all(values.organisation_code_ok(code) for code in ("D2143569X", "MA1FL0LY9", "755918469"))
    assert not values.organisation_code_ok("755918468")
    assert all(
        values.registration_number_ok(number) for number in ("310230001716146", "310230001716154", "110108000000016")
    )
    assert not values.registration_number_ok("310230001716147")


# ---------------------------------------------------------------- dates, money


@pytest.mark.parametrize(
    "text", ["长期", "永久", "长期有效", "无固定期限", "9999-12-31", "2099/12/31", "2099-12-31 00:00:00", "73050"]
)
def test_long_term(text: str) -> None:
    assert values.date(text) == values.LONG_TERM


@pytest.mark.parametrize(
    "text",
    [
        "1899-12-31",
        "1899-12-30",
        "1900-01-01",
        "1970/1/1",
        "0000-00-00",
        "014年7月23日",
        "2018年3月",
        "2026-02-30",
        "无",
        "20",
        "",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert values.date(text) is None


def test_machine_dates() -> None:
    assert values.date("202 6年7月14日") == D(2026, 7, 14)
    assert values.date("2026-09-02T16:00:00.000Z") == D(2026, 9, 3)  # midnight in Shanghai
    assert values.date("1788278400000") == D(2026, 9, 2)
    assert values.dates("2018-03-08至2021年3月7日") == [D(2018, 3, 8), D(2021, 3, 7)]
    assert values.dates("2018.3.8-长期") == [D(2018, 3, 8), values.LONG_TERM]


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("0.5", "wan", 5000.0), ("5000", "yuan", 5000.0), ("20.0", None, None), ("5,000.50", "yuan", 5000.5),
        ("￥5000元", None, 5000.0), ("人民币伍仟元整", None, 5000.0), ("壹万贰仟叁佰元伍角", None, 12300.5), ("1.2万元", "yuan", 12000.0),
        ("罚款5000元（伍仟元整）", None, 5000.0), ("罚款5000元，没收200元", None, None), ("贰拾万元整", None, 200000.0), ("拾元", None, 10.0),
        ("-1", "yuan", -1.0), ("1e400", "yuan", None), ("免于处罚", "wan", None), ("0", "wan", 0.0), ("0.000001", "wan", 0.01),
        ("三千元", None, 3000.0), ("2亿元", None, 2e8),
    ],
)  # fmt: skip
def test_yuan(text: str, unit: str | None, amount: float | None) -> None:
    assert values.yuan(text, unit) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "\\",
        "-",
        "--",
        "— —",
        "——",
        "…",
        "无",
        "空",
        "暂无",
        "不详",
        "N/A",
        "null",
        "None",
        "nan",
        "undefined",
        "0000",
        "无文号",
        " \u3000",
    ],
)
def test_disguised_empties(text: str) -> None:
    assert values.clean_text(text) is None


def test_hygiene() -> None:
    assert values.clean_text("罚款\u00a05000元\u200b<br/>没收&lt;设备&gt;\\n完") == "罚款 5000元 没收<设备> 完"
    assert values.chinese_only_blanks("东方市食 品药品监 督管理局 A B") == "东方市食品药品监督管理局 A B"
