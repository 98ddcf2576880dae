"""What a declaration settles: that there was nothing. Any other statement leaves the question where it was."""

from typing import Any

import pytest

NOTHING = ("零申报", "无权力事项", "零报告", "本月无行政处罚", "本期未作出行政处罚决定", "没有业务")
OTHER = ("延期报送", "推迟报送的说明", "无法按时报送", "数据更正说明", "人员变动报备", "无故未报的检查")


@pytest.fixture(scope="module")
def silent(whole_city: Any) -> dict[str, list[str]]:
    """A unit for each kind of declaration, with a catalogue item and a column that nothing happened on."""
    for number, ground in enumerate((*NOTHING, *OTHER, "说明")):
        place = whole_city.place(f"unit{number}", portal=False, declared=False)
        place.portal(looks={"2026-09-14": "column_empty", "2026-10-12": "column_empty"})
        data = {"说明": "本月未作出行政处罚决定"} if ground == "说明" else {}
        place.entry("declarations", period="2026-09", kind=None, ground=ground, data=data)
    names = [f"unit{number}" for number in range(len(NOTHING) + len(OTHER) + 1)]
    found = whole_city.found(names)
    return {ground: found[name][0] for ground, name in zip((*NOTHING, *OTHER, "说明"), names, strict=True)}


@pytest.mark.parametrize("ground", [*NOTHING, "说明"])
def test_that_there_was_nothing_settles_the_silence(ground: str, silent: dict[str, list[str]]) -> None:
    assert silent[ground] == []


@pytest.mark.parametrize("ground", OTHER)
def test_any_other_statement_settles_nothing(ground: str, silent: dict[str, list[str]]) -> None:
    assert silent[ground] == ["column_empty:question", "silent_item:question"]
