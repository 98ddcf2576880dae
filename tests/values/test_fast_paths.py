"""What is quick gives what is thorough: the short ways through values and records, against the long ones."""

from __future__ import annotations

import datetime
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import privacy, record, validity, values

TODAY = datetime.date(2026, 10, 12)
NEVER = re.compile(r"(?!)")
DIRT = [
    "", " ", "无", "— —", " 甲公司", "甲  公司", "&nbsp;x", "<b>罚款</b>", "&amp;lt;b&amp;gt;",
    "\u200b", "Ａ１", "张三丰", "13800138000",
    "11010519491231002X", "138 0013 8000", "示市罚〔2026〕第0012号", "示市罚[2026] 12号", "2026年9月3日", "长期",
    "5万元", "N/a", "a\u00a6 b", "0000",
]  # fmt: skip
NUMBER = st.from_regex(r"[〇一二三市罚字]{1,4}[〔\[（【]20[0-9]{2}[〕\])）】]第?[0-9]{1,4} ?号", fullmatch=True)
CELL = st.one_of(st.sampled_from(DIRT), st.text(max_size=12), NUMBER)
FIELD = st.sampled_from(["document_number", "counterparty", "counterparty_code", "counterparty_type", "category", "content", "facts", "basis",
                         "fine_yuan", "decision_date", "valid_to", "authority", "authority_code", "person_id", "remark", "legal_representative"])  # fmt: skip


@given(CELL)
def test_short_ways_of_values(text: str) -> None:
    clean = values.clean_text(text)
    if clean is None:
        return
    assert values.clean_text(clean) == clean
    assert values.number_key_of(clean) == values._number_key(clean)
    key = values.number_key_of(clean)
    assert key is None or values.number_weak_of(key) == values._number_weak(key)
    assert values.name_key_of(clean) == values._name_key(clean)
    assert values.code_of(clean) == values._code(clean)


@given(st.text(st.sampled_from("甲市〔〕()（）Aa0９ /N无"), max_size=20))
def test_a_plain_text_is_a_clean_one(text: str) -> None:
    if values.is_plain(text):
        assert values.clean_text(text) == text


@given(st.text(st.sampled_from(values.USCC_ALPHABET + "IOa中"), min_size=16, max_size=19), st.booleans())
def test_check_digits_by_table_are_those_of_the_standard(body: str, right: bool) -> None:
    code = body[:17] + (values.uscc_check(body) or "0") if right else body
    assert values.uscc_ok(code) == (len(code) == 18 and values.uscc_shape(code) and values.uscc_check(code) == code[17])


@given(st.from_regex(r"[0-9]{15}", fullmatch=True))
def test_registration_numbers_by_table(number: str) -> None:
    rest = 10
    for digit in number[:14]:
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    assert values.registration_number_ok(number) == ((rest + int(number[14])) % 10 == 1)


@given(st.from_regex(r"[0-9A-Z]{8}[0-9X]", fullmatch=True))
def test_organisation_codes_by_table(code: str) -> None:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(int(c, 36) * w for c, w in zip(code[:8], weights, strict=True)) % 11
    assert values.organisation_code_ok(code) == (code[8] == ("X" if rest == 10 else "0" if rest == 11 else str(rest)))


@given(st.integers(1, 99_999_999), st.sampled_from(["", "罚款", "处罚款1", "合计 ", "1.", "2,", "共-"]),
       st.sampled_from(["元", "元整", "万元", "。另没收700元"]))  # fmt: skip
def test_a_fine_said_in_so_many_words_is_no_slip(fine: int, before: str, after: str) -> None:
    content = f"{before}{fine}{after}"
    facts = validity.Facts("penalty", "submission", "2020", TODAY, {}, {}, {}, {})
    add = validity.Add(facts)
    validity._slip_of_unit(float(fine), content, add)
    named = values.amounts(content)
    slip = any(a > 0 and (abs(fine / a - 10_000) < 0.01 or abs(a / fine - 10_000) < 0.01) for a in named)
    assert bool(add.defects) == (float(fine) not in named and slip)


@given(st.lists(CELL, max_size=6))
def test_a_clean_row_is_clean_cell_by_cell(cells: list[str]) -> None:
    if values.all_clean(values.JOINT.join(cells)):
        for cell in cells:
            assert values.clean_text(cell) == (None if values.says_nothing(cell) else cell)


@given(st.lists(CELL, max_size=5))
def test_a_row_without_leaks_has_none_in_any_cell(cells: list[str]) -> None:
    if not privacy.may_leak(values.JOINT.join(cells)):
        for cell in cells:
            assert privacy.find(cell) == [] and privacy.find("身份证号：" + cell) == []


@given(st.dictionaries(FIELD, CELL), st.dictionaries(st.sampled_from(["甲", "乙", "住址"]), CELL), st.sampled_from(["portal", "submission"]),
       st.booleans())  # fmt: skip
def test_a_record_is_the_same_by_the_long_way(
    texts: dict[str, str], more: dict[str, str], profile: str, with_raw: bool
) -> None:
    raw = {**{f"列{field}": text for field, text in texts.items()}, **more} if with_raw else None

    def made() -> dict[str, Any]:
        return record.make("penalty", texts, profile=profile, today=TODAY, key=b"k", raw=raw)

    quick = made()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "all_clean", lambda joined: False)
        patch.setattr(values, "_USUAL_NUMBER", NEVER)
        patch.setattr(values, "_CANONICAL", NEVER)
        patch.setattr(values, "_PLAIN_NAME", NEVER)
        patch.setattr(values, "_SQUEEZED", NEVER)
        patch.setattr(privacy, "may_leak", lambda text: True)
        values._number_key.cache_clear()
        values._number_weak.cache_clear()
        values._name_key.cache_clear()
        values._code.cache_clear()
        assert made() == quick


@given(st.dictionaries(FIELD, CELL), st.sampled_from(["portal", "submission"]), st.sampled_from(["penalty", "licence"]))
def test_rules_that_are_not_asked_have_nothing_to_say(texts: dict[str, str], profile: str, kind: str) -> None:
    def made() -> dict[str, Any]:
        return record.make(kind, texts, profile=profile, edition="2020", today=TODAY, key=b"k")

    every = tuple(rule.check for rule in validity.RULES if rule.profile in (None, profile))
    quick = made()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validity, "_asked", lambda profile, held: every)
        assert made() == quick


@given(st.one_of(CELL, NUMBER, st.from_regex(r"[甲字第号]{1,3}〔2026〕0{0,3}[0-9]{1,4}号", fullmatch=True)))
def test_both_keys_of_a_number_at_once_are_those_one_by_one(text: str) -> None:
    key = values.number_key_of(text)
    assert values.number_keys_of(text) == (key, None if key is None else values.number_weak_of(key))


@given(st.integers(1990, 2026), st.integers(1, 99999), st.sampled_from(["示市监罚字", "朔环罚", "海税简罚"]))
def test_brackets_width_and_blanks_do_not_matter_and_weak_keys_are_weaker(year: int, serial: int, head: str) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    forms = [
        f"{head}{a}{year}{b}{ordinal}{serial}{blank}号"
        for (a, b), ordinal, blank in itertools.product(["〔〕", "[]", "（）", "【】", "﹝﹞", "《》"], ["", "第"], ["", " ", "\u3000"])
    ]  # fmt: skip
    forms += [form.translate(wide) for form in forms] + [f"文号：{form}" for form in forms]
    assert len({values.document_number_key(form) for form in forms}) == 1
    weak = {values.document_number_weak(form) for form in forms}
    assert len(weak) == 1 and weak == {
        values.document_number_weak(f"{head.replace('字', '')}〔{year}〕第000{serial}号")
    }
    assert values.document_number_weak(forms[0]) != values.document_number_weak(f"{head}〔{year}〕{serial + 1}号")
