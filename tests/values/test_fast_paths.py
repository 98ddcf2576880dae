"""What is quick gives what is thorough: the short ways through values and records, against the long ones."""

from __future__ import annotations

import datetime
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import privacy, record, values

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
