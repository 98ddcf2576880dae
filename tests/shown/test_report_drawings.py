"""The typeface and the drawings: rare characters are there, a PNG really shows its words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from PIL import Image

from db.session import session_of
from db.settings import Workspace
from reports import charts, fonts
from reports.build import build
from reports.data import period_report
from reports.words import change, interval, percent, period


def test_cut_holds_rare_characters_in_two_weights_and_is_kept(tmp_path: Path) -> None:
    made = fonts.cut("朔州市䶮〔2026〕号", tmp_path)
    for file, weight in ((made.regular, 400), (made.bold, 700)):
        font = TTFont(file)
        assert {ord(char) for char in "朔䶮〔"} <= set(font.getBestCmap())
        assert font["OS/2"].usWeightClass == weight
        assert file.stat().st_size < 200_000
    written = made.regular.stat().st_mtime_ns
    assert fonts.cut("䶮市州朔〔2026〕号", tmp_path) == made and made.regular.stat().st_mtime_ns == written


def test_ranking_picture_shows_unit_names(assessed: Workspace, tmp_path: Path) -> None:
    with session_of(assessed) as session:
        p = period_report(session, assessed, "2026-09")
    spec = charts.ranking(p)
    assert spec is not None
    picture = Image.open(io.BytesIO(charts.png(spec, tmp_path))).convert("L")
    names = picture.crop((0, 60, 300, picture.height - 40))
    assert sum(names.histogram()[:128]) > 3_000, "the names of the units are drawn"


def test_svg_is_still_and_asks_for_no_file(assessed: Workspace) -> None:
    with session_of(assessed) as session:
        made = charts.Charts(period_report(session, assessed, "2026-09"))
    for drawing in (made.ranking(), made.timeliness(), made.coverage()):
        assert drawing.startswith("<svg ") and "href" not in drawing and "<script" not in drawing
        assert len(drawing) < 120_000


def test_words() -> None:
    assert [period("2026-09"), period("2026-Q3"), period("2026")] == ["2026年9月", "2026年第三季度", "2026年度"]
    assert [percent(None), percent(1), percent(0.9999), percent(0.0001), percent(0)] == [
        "—",
        "100.0%",
        "99.9%",
        "0.1%",
        "0.0%",
    ]
    assert [change(1.26), change(-0.04), change(None)] == ["+1.3", "持平", "—"]
    assert interval(None, None) == ""


def test_an_empty_period_still_has_its_reports(month: Any, tmp_path: Path) -> None:
    """Nothing was decided, seen or told: the notice says so instead of dividing by nothing."""
    workspace = month.workspace(tmp_path / "ws")
    month.store(workspace, month.empty())
    for report in ("monthly", "ranking", "problems", "unit"):
        files = build(workspace, report, "2026-09", out=tmp_path / report)
        assert len(files) == 3
