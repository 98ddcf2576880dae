"""Working days: the worked examples, the overlay, the provisional years."""

from __future__ import annotations

import datetime
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard.errors import Refused
from standard.workdays import Calendar

D = datetime.date
CALENDAR = Calendar.load()
DAYS = st.dates(D(2005, 1, 1), D(2026, 12, 31))


@pytest.mark.parametrize(
    ("decision", "seventh", "twentieth"),
    [
        (D(2026, 2, 12), D(2026, 2, 28), D(2026, 3, 18)),
        (D(2026, 2, 14), D(2026, 3, 3), D(2026, 3, 20)),
        (D(2026, 2, 16), D(2026, 3, 3), D(2026, 3, 20)),
        (D(2026, 3, 2), D(2026, 3, 11), D(2026, 3, 30)),
        (D(2026, 4, 30), D(2026, 5, 13), D(2026, 6, 1)),
        (D(2026, 9, 18), D(2026, 9, 29), D(2026, 10, 22)),
        (D(2026, 9, 30), D(2026, 10, 15), D(2026, 11, 3)),
    ],
)
def test_worked_examples(decision: datetime.date, seventh: datetime.date, twentieth: datetime.date) -> None:
    assert CALENDAR.add(decision, 7) == seventh
    assert CALENDAR.add(decision, 20) == twentieth


def test_2026_has_248_working_days() -> None:
    assert sum(row[1] for row in CALENDAR.table(D(2026, 1, 1), D(2026, 12, 31))) == 248
    assert CALENDAR.is_workday(D(2026, 9, 20)) and not CALENDAR.is_workday(D(2026, 9, 25))


@given(DAYS, st.integers(1, 60))
def test_add_and_between_agree(day: datetime.date, n: int) -> None:
    due = CALENDAR.add(day, n)
    assert CALENDAR.is_workday(due) and due > day
    assert CALENDAR.between(day, due) == n == -CALENDAR.between(due, day)
    assert CALENDAR.add(due, -n) <= day or not CALENDAR.is_workday(day)


@given(DAYS)
def test_counting_one_by_one_gives_the_same(day: datetime.date) -> None:
    at, left = day, 7
    while left:
        at += datetime.timedelta(days=1)
        left -= CALENDAR.is_workday(at)
    assert CALENDAR.add(day, 7) == at


def test_a_year_without_notice_is_provisional() -> None:
    assert CALENDAR.provisional(D(2027, 1, 4)) and not CALENDAR.provisional(D(2026, 12, 31))
    assert CALENDAR.notice(2027) is None and "2026" in str(CALENDAR.notice(2026))
    assert CALENDAR.table(D(2027, 1, 1), D(2027, 1, 1))[0][3] is True


def test_outside_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        CALENDAR.add(D(2111, 1, 1), 1)


def write(folder: Path, text: str) -> Path:
    (folder / "2027.yml").write_text(text, encoding="utf-8")
    return folder


def test_overlay(tmp_path: Path) -> None:
    text = "year: 2027\nnotice: 国办发明电〔2026〕9号\nholidays: [2027-01-01, 2027-02-05/2027-02-11]\nworkdays: [2027-02-13]\n"
    calendar = Calendar.load(write(tmp_path, text))
    assert not calendar.provisional(D(2027, 2, 1)) and calendar.notice(2027) == "国办发明电〔2026〕9号"
    assert not calendar.is_workday(D(2027, 2, 8)) and calendar.is_workday(D(2027, 2, 13))
    assert calendar.add(D(2027, 2, 4), 1) == D(2027, 2, 12)
    assert CALENDAR.is_workday(D(2027, 2, 8))  # the national calendar is untouched


def test_local_days_beside_the_notice(tmp_path: Path) -> None:
    text = "year: 2026\nnotice: 示政办〔2026〕1号\nholidays: [2026-09-02]\n"
    calendar = Calendar.load(write(tmp_path, text))
    assert calendar.add(D(2026, 9, 1), 1) == D(2026, 9, 3)
    assert str(calendar.notice(2026)).endswith("；示政办〔2026〕1号")


def test_every_fault_of_an_overlay_is_told(tmp_path: Path) -> None:
    text = "year: 2027\nnotice: x\nholidays: [2026-01-01, 不是日期, 2027-13-01, 2027-03-01]\nworkdays: [2027-03-01]\n"
    with pytest.raises(Refused) as caught:
        Calendar.load(write(tmp_path, text))
    assert len(caught.value.faults) == 4
    assert all("2027.yml" in fault for fault in caught.value.faults)


def test_every_day_of_the_library_is_the_same() -> None:
    day = D(2004, 1, 1)
    while day.year <= 2026:
        assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day), day
        day += datetime.timedelta(days=1)


def test_the_state_councils_list_of_2026() -> None:
    spans = [("01-01", 3), ("02-15", 9), ("04-04", 3), ("05-01", 5), ("06-19", 3), ("09-25", 3), ("10-01", 7)]
    for first, length in spans:
        begin = D.fromisoformat(f"2026-{first}")
        assert not any(CALENDAR.is_workday(begin + datetime.timedelta(n)) for n in range(length))
    for text in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):
        assert CALENDAR.is_workday(D.fromisoformat(text))


def test_local_days_do_not_settle_a_year(tmp_path: Path) -> None:
    text = "year: 2027\nnotice: 示政办〔2026〕3号\nlocal: true\nholidays: [2027-09-02]\n"
    calendar = Calendar.load(write(tmp_path, text))
    assert calendar.provisional(D(2027, 9, 1)) and calendar.notice(2027) is None
    assert not calendar.is_workday(D(2027, 9, 2))
    (tmp_path / "2027-national.yml").write_text("year: 2027\nnotice: 国办发明电〔2026〕9号\n", encoding="utf-8")
    settled = Calendar.load(tmp_path)
    assert not settled.provisional(D(2027, 9, 1)) and settled.notice(2027) == "国办发明电〔2026〕9号；示政办〔2026〕3号"


def test_suspensions_carry_their_document(tmp_path: Path) -> None:
    text = (
        "year: 2026\nnotice: 台风停工\nlocal: true\n"
        "suspensions: [{days: 2026-08-04/2026-08-05, document: 示防指〔2026〕7号, reason: 台风}]\n"
    )
    calendar = Calendar.load(write(tmp_path, text))
    assert calendar.add(D(2026, 8, 3), 1) == D(2026, 8, 6)
    assert calendar.suspended(D(2026, 8, 1), D(2026, 8, 4)) == [(D(2026, 8, 4), "示防指〔2026〕7号")]
    with pytest.raises(Refused, match="document"):
        Calendar.load(write(tmp_path, text.replace("示防指〔2026〕7号", '""')))


def test_days_of_one_county_hold_for_it_alone(tmp_path: Path) -> None:
    text = "year: 2027\nnotice: 东湖自治县条例\nunits: [donghu]\nholidays: [2027-09-02]\nworkdays: [2027-09-04]\n"
    write(tmp_path, text)
    assert Calendar.load(tmp_path).is_workday(D(2027, 9, 2)) and Calendar.local_units(tmp_path) == {"donghu"}
    own = Calendar.load(tmp_path, frozenset(["donghu_jyj", "donghu"]))
    assert not own.is_workday(D(2027, 9, 2)) and own.is_workday(D(2027, 9, 4))
    assert own.provisional(D(2027, 9, 1)) and own.local_notices(2027) == ["东湖自治县条例"]
    assert Calendar.load(tmp_path, frozenset(["xihu"])).is_workday(D(2027, 9, 2))


def test_a_provisional_notice_leaves_the_year_provisional(tmp_path: Path) -> None:
    text = "year: 2027\nnotice: 预计安排\nprovisional: true\nholidays: [2027-02-08]\n"
    calendar = Calendar.load(write(tmp_path, text))
    assert (
        calendar.provisional(D(2027, 2, 5)) and calendar.notice(2027) is None and not calendar.is_workday(D(2027, 2, 8))
    )


def test_the_regions_own_days_have_the_last_word(tmp_path: Path) -> None:
    """Whatever the files are called: a local working day on a national holiday stands."""
    (tmp_path / "a-local.yml").write_text(
        "year: 2027\nnotice: 示政办〔2026〕3号\nlocal: true\nworkdays: [2027-02-08]\n", encoding="utf-8"
    )
    (tmp_path / "z-national.yaml").write_text(
        "year: 2027\nnotice: 国办\nholidays: [2027-02-06/2027-02-12]\n", encoding="utf-8"
    )
    calendar = Calendar.load(tmp_path)
    assert (
        calendar.is_workday(D(2027, 2, 8))
        and not calendar.is_workday(D(2027, 2, 9))
        and not calendar.provisional(D(2027, 2, 9))
    )


def test_an_overlay_corrects_the_library(tmp_path: Path) -> None:
    text = "year: 2026\nnotice: 国务院办公厅关于调整假期的通知\nholidays: [2026-09-21]\nworkdays: [2026-09-19]\n"
    calendar = Calendar.load(write(tmp_path, text))
    assert not calendar.is_workday(D(2026, 9, 21)) and calendar.is_workday(D(2026, 9, 19))


def test_years_beyond_the_library(tmp_path: Path) -> None:
    """2027 has no make-up days here; with the notice the deadline moves, and only then it is settled."""
    assert CALENDAR.add(D(2027, 2, 4), 7) == D(2027, 2, 15) and CALENDAR.provisional(D(2027, 2, 15))
    text = "year: 2027\nnotice: 国办发明电〔2026〕9号\nholidays: [2027-02-05/2027-02-11]\nworkdays: [2027-02-13, 2027-02-14]\n"
    settled = Calendar.load(write(tmp_path, text))
    assert settled.add(D(2027, 2, 4), 7) == D(2027, 2, 18) and not settled.provisional(D(2027, 2, 18))
    assert settled.provisional(D(2028, 1, 3)) and CALENDAR.provisional(D(1999, 1, 4))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("year: 2027\n", ["缺少必填的键 notice"]),
        ("yaer: 2027\nnotice: x\nholiday: []\n", ["未知的键 yaer，是否想写 year", "未知的键 holiday，是否想写 holidays", "缺少必填的键 year"]),
        ('year: "2027"\nnotice: x\nholidays: 2027-01-01\n', ["year：应为整数", "holidays：应为列表"]),
        ("year: 1900\nnotice: ' '\n", ["year 应在 1985", "notice 不能为空"]),
        ("year: 2027\nnotice: x\nholidays: [2027-02-12/2027-02-06, 2027-01-01/2028-12-31, 2月6日]\n", ["起止颠倒", "起止颠倒或过长", "“2月6日”不是日期"]),
        ("year: 2027\nnotice: x\nunits: donghu\nsuspensions: [{day: 2027-01-01}]\n", ["units：应为列表", "未知的键 day，是否想写 days", "缺少必填的键 days",
         "缺少必填的键 document"]),
        ("[1, {year: 2027}]", ["第 1 项：应为“键: 值”的映射", "第 2 项：缺少必填的键 notice"]),
        ("year: [\n", ["不是合法的 YAML"]),
    ],
)  # fmt: skip
def test_wrong_overlays_are_refused_with_every_fault(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "also-wrong.yml").write_text("year: 2027\nnotice: ''\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        Calendar.load(write(tmp_path, text))
    told = caught.value.faults
    assert all(any(word in fault and "2027.yml" in fault for fault in told) for word in says), told
    assert any("also-wrong.yml：notice 不能为空" in fault for fault in told) and len(told) == len(says) + 1


def test_two_files_that_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("year: 2027\nnotice: 一\nholidays: [2027-02-08]\n", encoding="utf-8")
    (tmp_path / "b.yml").write_text("year: 2027\nnotice: 二\nworkdays: [2027-02-08]\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"b\.yml：2027-02-08 写在 workdays，而 .*a\.yml 写在 holidays"):
        Calendar.load(tmp_path)
