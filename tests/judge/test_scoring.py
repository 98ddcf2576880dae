"""Scoring is a pure function of counts and scheme; schemes are read strictly."""

from pathlib import Path

import pytest

from assessment import scoring
from assessment.counts import COUNTS
from assessment.scheme import read, text_of
from standard.errors import Refused

TEXT, _ = text_of(None, Path("没有"))
SCHEME = read(TEXT, "default.yml")


def basis(
    confirmed: dict[str, int] | None = None, columns: dict[str, int] | None = None, **counts: int
) -> scoring.Basis:
    usual = {
        "decisions": 50,
        "report_due": 50,
        "publish_due": 50,
        "checked": 50,
        "fields_required": 500,
        "compared": 50,
        "due": 50,
    }
    return scoring.Basis(
        dict.fromkeys(COUNTS, 0) | usual | counts, confirmed or {},
        {"portals": 1, "blind": 0, "missing": 0, "unreachable": 0, "empty": 0, "undated": 0, "dead": 0} | (columns or {}), 4, True,
        {"due": 0, "in_time": 0, "checked": 0, "passed": 0},
    )  # fmt: skip


def points(result: scoring.Result) -> dict[str, float | None]:
    return {line.indicator.id: line.points for line in result.lines}


def test_nothing_found_is_full_marks() -> None:
    result = scoring.score(SCHEME, basis())
    assert (result.total, result.grade) == (100.0, "优秀") and None not in points(result).values()


@pytest.mark.parametrize(("confirmed", "columns", "indicator", "expected"), [
    ({"not_submitted": 1}, {}, "A1", 12.0),  # 20 × (2 % ÷ 5 %) is more than 0.5
    ({"not_submitted": 9}, {}, "A1", 0.0),
    ({"not_published": 2}, {}, "A2", 8.0),
    ({"published_late": 2}, {}, "B1", 15.0),  # 96 % ≥ 95 %
    ({"published_late": 5}, {}, "B1", 13.5),
    ({"submitted_late": 4, "not_submitted": 1}, {}, "B2", 13.5),
    ({"noncompliant": 1}, {}, "C1", 5.0),  # 98 %
    ({"noncompliant": 2}, {}, "C1", 0.0),
    ({"missing_fields": 50}, {}, "C2", 4.5),
    ({"inconsistent": 5}, {}, "C3", 4.5),
    ({"catalogue_missing": 1}, {}, "A3", 0.0),
    ({}, {"empty": 2, "portals": 3}, "D", 6.0),
    ({}, {"missing": 1, "portals": 3}, "D", 0.0),
    ({}, {"dead": 3, "portals": 3}, "D", 9.7),
    ({}, {"undated": 1, "dead": 2, "empty": 1, "portals": 3}, "D", 6.8),
    ({"submitted_late": 1}, {}, "E", None),
])  # fmt: skip
def test_indicators(confirmed: dict[str, int], columns: dict[str, int], indicator: str, expected: float | None) -> None:
    assert points(scoring.score(SCHEME, basis(confirmed, columns)))[indicator] == expected


def test_small_units_lose_by_record_only_and_are_not_ranked() -> None:
    result = scoring.score(SCHEME, basis({"not_submitted": 1, "submitted_late": 3}, due=9, report_due=9, publish_due=9))
    assert points(result)["A1"] == 19.5 and points(result)["B2"] is None
    assert scoring.rank(SCHEME, {"a": result}) == {"a": None}


def test_what_does_not_apply_is_rescaled_and_says_so() -> None:
    result = scoring.score(SCHEME, basis(publish_due=0, columns={"empty": 1}))
    assert points(result)["A2"] is None and points(result)["B1"] is None
    assert result.total == round(73 / 75 * 100, 2)
    assert result.formula == "总分 = 73 ÷ 75 × 100 = 97.33（A2、B1 不适用，按适用指标折算）"


def test_ties_share_a_rank() -> None:
    best, other = scoring.score(SCHEME, basis()), scoring.score(SCHEME, basis({"not_submitted": 1}))
    assert scoring.rank(SCHEME, {"a": best, "b": other, "c": best, "d": other}) == {"a": 1, "c": 1, "b": 3, "d": 3}


def test_the_default_scheme_has_a_hundred_points() -> None:
    assert SCHEME.full == 100
    assert [grade["name"] for grade in SCHEME.describe()["grades"]] == ["优秀", "良好", "合格", "不合格"]
    assert all(one["rule"] for one in SCHEME.describe()["indicators"])


@pytest.mark.parametrize(("change", "word"), [
    (("slope: 0.05", "slop: 0.05"), "slope"), (("rule: rate", "rule: ratio"), "rate"), (("points: 20", "points: -1"), "大于 0"),
    (("id: A2", "id: A1"), "重复"), (("effective: 2026-01-01", "effective: 一月"), "日期"),
])  # fmt: skip
def test_schemes_are_read_strictly(change: tuple[str, str], word: str) -> None:
    with pytest.raises(Refused) as refused:
        read(TEXT.replace(*change, 1), "default.yml")
    assert word in str(refused.value) and "default.yml" in str(refused.value)
