"""Decision texts of every kind of authority, as they are written: one made-up text each (texts/*.txt), with all that it tells.

A text's head says what must be found: the values as they stand, empty where nothing may be found; of the content some words.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.extract import read

TEXTS = sorted((Path(__file__).parent / "texts").glob("*.txt"))
EXACT = ("document_number", "counterparty", "decision_date", "authority", "fine_yuan")


@pytest.mark.parametrize("path", TEXTS, ids=[path.stem for path in TEXTS])
def test_a_decision_tells_what_it_tells(path: Path) -> None:
    head, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    wanted = {name: value.strip() for name, _, value in (line.partition(":") for line in head.split("\n"))}
    body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    page = f"<html><body><div class='TRS_Editor'>{body}</div></body></html>"
    address, kind = "http://x.example/a.html", "text/html; charset=utf-8"
    rows = read(page.encode(), address, kind, "auto", title=wanted["title"]).rows
    assert len(rows) == 1
    fields = rows[0].fields
    assert {name: "".join(fields.get(name, "").split()) for name in EXACT} == {
        name: "".join(wanted[name].split()) for name in EXACT
    }
    assert wanted["content"] in fields.get("content", "")
    assert rows[0].kind == wanted["kind"]


def test_there_are_texts_of_many_authorities() -> None:
    assert len(TEXTS) >= 18
