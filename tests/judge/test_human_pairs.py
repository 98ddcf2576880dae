"""A person's word on two records wins over every rule; the order of the input rows never changes a byte."""

import datetime
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assessment.review import decide_pair
from assessment.run import judge, verify

RESULTS = ("pairs.jsonl", "findings.jsonl", "scores.jsonl", "summary.jsonl")


def say(city: Any, published: str, submitted: str, same: bool) -> None:
    decide_pair(city.workspace, published, submitted, same, by="张三", reason="已核对决定书原件")


def ids(city: Any) -> tuple[list[str], list[str]]:
    from db.models import Publication, Submission

    return (
        [row["record_id"] for row in city.rows[Publication]],
        [row["record_id"] for row in city.rows.get(Submission, [])],
    )


def test_what_was_called_the_same_pairs(city: Any) -> None:
    """Another number, another party, another day: no rule would ever bring them together."""
    city.publish(1)
    city.submit(2, counterparty="另一家公司", counterparty_key="另一家公司", counterparty_code="91140600MA0GTXYZ2B",
                decision_date=datetime.date(2026, 9, 10))  # fmt: skip
    assert [pair["rule"] for pair in city.judge().pairs] == ["single", "single"]
    (p,), (s,) = ids(city)
    say(city, p, s, True)
    (pair,) = city.assess().pairs
    assert (pair["published"], pair["submitted"], pair["rule"], pair["score"]) == (p, s, "human", 1.0)
    assert pair["verdict"] == "differs"
    assert pair["explanation"].startswith("按“人工认定为同一决定”配对：")
    assert verify(city.workspace, "2026-09") == []


def test_what_was_told_apart_never_pairs(city: Any) -> None:
    """Same number, code, name, day and amount: every rule would pair them."""
    city.publish(1)
    city.submit(1)
    assert [pair["rule"] for pair in city.judge().pairs] == ["number_code"]
    (p,), (s,) = ids(city)
    say(city, p, s, False)
    pairs = city.assess().pairs
    assert sorted((pair["published"] or "", pair["submitted"] or "") for pair in pairs) == [("", s), (p, "")]


def test_what_was_told_apart_does_not_join_as_a_copy(city: Any) -> None:
    """A second report of the decision does not draw in the publication that a person told apart from the first."""
    city.publish(1, portal_id="fgw_column")
    city.submit(1)
    city.judge()
    (p,), (s,) = ids(city)
    say(city, p, s, False)
    city.assess()
    say(city, p, s, True)  # the latest word counts
    assert [pair["rule"] for pair in city.assess().pairs] == ["human"]


def test_a_word_takes_a_record_from_its_rule(city: Any) -> None:
    """1 is on both sides; a person says that the publication is in truth decision 2: then 1 was reported and not shown."""
    city.publish(1)
    city.submit(1)
    city.submit(2)
    city.judge()
    (p,), (s1, s2) = ids(city)
    say(city, p, s2, True)
    pairs = {pair["submitted"]: pair for pair in city.assess().pairs}
    assert (pairs[s2]["published"], pairs[s2]["rule"]) == (p, "human")
    assert (pairs[s1]["published"], pairs[s1]["rule"]) == (None, "single")


@pytest.fixture
def tangled(city: Any) -> Path:
    """A month with copies, lone records, blank numbers, masked persons, renamed parties and defects; its inputs."""
    for n in range(1, 9):
        city.publish(n, stated_published_on=datetime.date(2026, 9, 2 + n))
        city.submit(n, received="2026-09-03" if n % 3 else "2026-09-25", fine_yuan=1000.0 if n != 4 else 2000.5)
    city.submit(1, received="2026-09-04")
    for n in range(20, 24):
        city.publish(n, counterparty_key="p:张", counterparty="张某某", counterparty_type="natural_person",
                     counterparty_code=None, fine_yuan=100.0 * n)  # fmt: skip
        city.submit(n, counterparty_key="p:张", counterparty="张某某", counterparty_type="natural_person",
                    counterparty_code=f"h:{n}", fine_yuan=100.0 * n)  # fmt: skip
    city.publish(30)
    city.submit(31, defects=[{"rule": "N3", "code": "field_missing", "field": "content", "severity": "E", "message": "没有\x0b填写",
                              "cure": "补\\u00ab填"}])  # fmt: skip
    city.publish(None, decision_date=datetime.date(2026, 9, 7))
    city.submit(40, decision_date=datetime.date(2026, 9, 7))
    city.refuse(30)
    city.entry("exemptions", document_number=31)
    city.judge()
    return Path(city.workspace.periods / "2026-09" / "inputs")


def shuffled(inputs: Path, folder: Path, seed: int) -> Path:
    """The same rows of every table in another order."""
    shutil.copytree(inputs, folder)
    dice = random.Random(seed)
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)
        order = list(range(len(table)))
        dice.shuffle(order)
        pq.write_table(table.take(pa.array(order, pa.int64())), file)
    return folder


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_no_byte(tangled: Path, tmp_path: Path, seed: int) -> None:
    expected = judge(tangled).files()
    assert {name: len(content) > 0 for name, content in expected.items()} == dict.fromkeys(RESULTS, True)
    assert judge(shuffled(tangled, tmp_path / "shuffled", seed)).files() == expected


def test_rows_of_the_database_are_the_files(tangled: Path, city: Any) -> None:
    """Control characters and backslashes included, both ways of writing a row agree."""
    assert verify(city.workspace, "2026-09") == []
    folder = tangled.parent / "results"
    lines = (folder / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert any("\\u000B" in line for line in lines) and all(json.loads(line)["finding_id"] for line in lines)
