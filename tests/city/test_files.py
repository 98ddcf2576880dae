"""Workspace, exports and registers are the files the contract names, with the same bytes each time."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from db.settings import Workspace
from sample_city import demo
from sample_city.city import City, make
from sample_city.exports import columns
from sample_city.measure import measure
from sample_city.registers import HEADERS
from standard.errors import Refused
from standard.strict_yaml import read_yaml


@pytest.fixture(scope="module")
def city() -> City:
    return make(1)


def test_workspace_opens_and_lists_every_column(city: City, tmp_path: Path) -> None:
    city.write_workspace(tmp_path, "http://127.0.0.1:9")
    settings = Workspace.open(tmp_path).settings
    assert settings.crawl.delay_s == 0 and "not_published" in settings.confirm.codes
    units = read_yaml(tmp_path / "registry" / "units.yml")["units"]
    assert [u["id"] for u in units] == list(city.units)
    entries = [e for file in sorted((tmp_path / "registry" / "portals").glob("*.yml")) for e in read_yaml(file)]
    assert {e["id"] for e in entries} == set(city.portals)
    assert all(e["url"].startswith("http://127.0.0.1:9/") and e["allow_hosts"] == ["127.0.0.1"] for e in entries)


def test_template_columns() -> None:
    assert len(columns("2018", "licence")) == 24 and len(columns("2018", "licence", person=True)) == 18
    assert len(columns("2018", "penalty")) == 26 and len(columns("2018", "penalty", person=True)) == 20
    assert len(columns("2020", "licence")) == 28 + 2 and len(columns("2020", "penalty")) == 30 + 2


def test_exports_hold_every_sending_once_and_are_the_same_twice(city: City, tmp_path: Path) -> None:
    exports = city.platform_exports(tmp_path / "a")
    again = city.platform_exports(tmp_path / "b")
    assert [e.path.read_bytes() for e in exports] == [e.path.read_bytes() for e in again]
    assert [e.now for e in exports] == sorted(e.now for e in exports)
    rows = 0
    for export in exports:
        if export.path.suffix == ".csv":
            rows += len(list(csv.reader(io.StringIO(export.path.read_bytes().decode("gb18030"))))) - 1
        else:
            book = CalamineWorkbook.from_filelike(io.BytesIO(export.path.read_bytes()))
            rows += sum(max(0, len(book.get_sheet_by_name(name).to_python()) - 1) for name in book.sheet_names)
    assert rows == sum(len(d.sendings) for d in city.decisions)


def test_registers_bear_the_headers_of_the_contract(city: City, tmp_path: Path) -> None:
    written = city.registers(tmp_path)
    names = {
        "catalogue",
        "exemptions",
        "repairs",
        "withdrawals",
        "declarations",
        "outages",
        "backfills",
        "responsibilities",
    }
    assert set(written) == set(HEADERS) == names
    assert written["exemptions"].read_bytes().decode("utf-8-sig").splitlines()[0] == ",".join(HEADERS["exemptions"])
    assert written["repairs"].read_bytes().decode("gb18030").splitlines()[0] == ",".join(HEADERS["repairs"])


def finding(city: City, index: int) -> dict[str, object]:
    e = city.truth[index]
    return {
        "code": e.code,
        "level": e.level,
        "unit": e.unit,
        "kind": e.kind,
        "document_number": e.document_number,
        "counterparty": e.counterparty,
        "decision_date": e.decision_date,
        "field": e.field,
        "portal": e.portal,
        "message": "",
    }


def test_measure_knows_right_from_wrong(city: City) -> None:
    all_right = [finding(city, i) for i in range(len(city.truth))]
    result = measure(all_right, city)
    assert all(line["recall"] == line["precision"] == 1 for line in result["codes"].values())
    assert result["lookalikes_reported"] == []

    nothing = measure([], city)
    assert all(line["recall"] == 0 and line["precision"] is None for line in nothing["codes"].values())

    look = next(x for x in city.lookalikes if x.forbidden[0] == "not_published" and x.document_number)
    wrong = {
        "code": "not_published",
        "level": "fail",
        "unit": look.unit,
        "kind": look.kind,
        "document_number": look.document_number,
        "field": None,
        "portal": None,
        "message": "x",
    }
    result = measure([*all_right, wrong], city)
    assert len(result["lookalikes"]["reported"]) == 1 and result["codes"]["not_published"]["precision"] < 1
    assert measure([*all_right, wrong | {"level": "question"}], city)["codes"]["not_published"]["precision"] == 1


def test_a_demo_killed_while_it_clears_its_folder_is_known_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo._mark(tmp_path, 1, port=0, finished=True)
    for name in "abc":
        (tmp_path / name).mkdir()
    remove = shutil.rmtree

    def killed(path: Path) -> None:
        remove(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "rmtree", killed)
        demo._folder(tmp_path, 1)
    assert demo._folder(tmp_path, 1) == (tmp_path, 0) and list(tmp_path.iterdir()) == []
    (tmp_path / demo._PART).write_text("{", encoding="utf-8")  # killed while it marked an empty folder
    assert demo._folder(tmp_path, 1) == (tmp_path, 0)
    (tmp_path / "somebody's").mkdir()
    with pytest.raises(Refused, match="示例不会覆盖"):
        demo._folder(tmp_path, 1)
