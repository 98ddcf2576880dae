"""A link that leads nowhere: each look notes it, and only what lasts becomes a finding."""

import datetime
from typing import Any

import pytest

from assessment.run import assess
from crawler.launch import crawl
from db.models import Coverage, Finding
from db.session import session_of
from standard.outcomes import dead_link, read_dead_link


def test_a_dead_link_is_noted_and_found_when_it_lasts(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.trs_list("/a", [1, 2, 3])
    dead = next(path for path in sorted(site.pages) if "t2026" in path)
    del site.pages[dead]
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html"})
    for day in ("2026-09-07", "2026-09-10", "2026-09-14"):
        monkeypatch.setenv("MINGCHA_NOW", f"{day}T09:00:00+08:00")
        (result,) = crawl(workspace, everything=True)
        assert result.outcome == "partial"
        assess(workspace, "2026-09")
        with session_of(workspace) as session:
            found = [(row.level, row.url) for row in session.query(Finding).filter(Finding.code == "dead_link")]
        assert found == ([("warn", f"{site.base}{dead}")] if day == "2026-09-14" else [])
    with session_of(workspace) as session:
        notes = [read_dead_link(note) for row in session.query(Coverage) for note in row.notes]
    assert [note["link"] for note in notes if note] == [f"{site.base}{dead}"] * 3

    site.put(dead, site.detail(1))  # mended
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-21T09:00:00+08:00")
    crawl(workspace, everything=True)
    assess(workspace, "2026-09", as_of=datetime.date(2026, 9, 21))
    with session_of(workspace) as session:
        assert session.query(Finding).filter(Finding.code == "dead_link").count() == 0


def test_a_note_is_read_back_whole() -> None:
    for url in ("https://a.example/x｜y.htm", "https://a.example/附件 1.doc"):
        assert read_dead_link(dead_link(url, "网站出错（HTTP 500）", gone=False)) == {
            "link": url,
            "why": "网站出错（HTTP 500）",
            "gone": False,
        }
    assert read_dead_link("读取期间列表有变动") is None and read_dead_link({"x": 1}) is None
