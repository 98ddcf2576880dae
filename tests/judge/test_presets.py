"""The shipped schemes: each reads, says where it is from, and grades by its own full points."""

from pathlib import Path
from typing import Any

import pytest

from assessment import checks
from assessment.scheme import read
from assessment.whatif import whatif

FILES = sorted((Path(checks.__file__).parents[1] / "schemes").glob("*.yml"))
FULL = {"default": 100, "nanchang": 9, "suzhou": 30, "neimenggu": 5, "website": 100}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_scheme(file: Path) -> None:
    scheme = read(file.read_text(encoding="utf-8"), str(file))
    assert (scheme.name, scheme.full) == (file.stem, FULL[file.stem])
    assert scheme.disclaimer == "参照公开文件整理，以当地最新文件为准" and scheme.basis
    best, least = scheme.grade(scheme.full), scheme.grade(scheme.full * 0.59)
    assert (best in ("优秀", "合格"), least) == (True, "不合格")
    assert scheme.grade(round(scheme.full * 0.6, 2)) == "合格"


def test_all_are_there() -> None:
    assert {file.stem for file in FILES} == FULL.keys()


def test_nanchang_counts_late_beyond_twenty_days(city: Any) -> None:
    """Of twelve reports one is three days late, one a month: under this scheme one is late."""
    for n in range(1, 13):
        city.publish(number=n)
        city.submit(number=n, received={1: "2026-09-15", 2: "2026-10-09"}.get(n, "2026-09-03"))
    city.judge()
    made = whatif(city.workspace, "2026-09", scheme=next(file for file in FILES if file.stem == "nanchang"))
    found = {row["item"]: row["after"] for row in made.rows if row["unit"] == "fgw"}
    assert (found["N1"], found["N2"], found["N3"]) == (2, 2, round(5 * 11 / 12, 2))
    assert found["total"] == pytest.approx(2 + 2 + 5 * 11 / 12, abs=0.01)
