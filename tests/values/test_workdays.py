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
    text = "year: 2027\nnotice: x\nholidays: [2026-01-01, 不是日期, 2027-03-01]\nworkdays: [2027-03-01]\n"
    with pytest.raises(Refused) as caught:
        Calendar.load(write(tmp_path, text))
    assert len(caught.value.faults) == 3
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
