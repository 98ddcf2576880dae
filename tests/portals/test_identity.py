"""As many publications as decisions: rows that share a number, or have none, and keep their identity from look to look."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crawler.launch import crawl
from crawler.locate import locate
from db.evidence import EvidenceStore
from db.models import Publication
from db.session import session_of
from db.settings import Workspace

CERTIFICATES = (
    "行政许可决定文书号|行政相对人名称|许可名称|许可内容|许可决定日期|许可机关",
    "JY11406000012348|示例甲厂|食品经营许可|热食类|2026-09-01|示例市行政审批局",
    "JY11406000012348|示例甲厂|食品经营许可|热食类、冷食类|2026-09-03|示例市行政审批局",
    "JY11406000012348|示例甲厂|食品经营许可|冷食类|2026-09-04|示例市行政审批局",
)
NO_NUMBER = (
    "案件名称|行政相对人名称|违法事实|处罚内容|处罚决定日期|处罚机关",
    "违法占道案|示例甲厂|占道|罚款500元|2026-09-01|示例市城市管理局",
    "乱倒垃圾案|示例甲厂|乱倒垃圾|罚款500元|2026-09-01|示例市城市管理局",
    "违法占道案|示例甲厂|占道|罚款800元|2026-09-01|示例市城市管理局",
)
HIDDEN = (
    "行政处罚决定书文号|行政相对人名称|违法事实|处罚内容|处罚决定日期|处罚机关",
    "示罚字〔2026〕1号|王*|赌博|罚款200元|2026-09-01|示例市公安局",
    "示罚字〔2026〕1号|王*|赌博|罚款300元|2026-09-01|示例市公安局",
    "示罚字〔2026〕1号|王*|赌博|罚款500元|2026-09-01|示例市公安局",
)
SHAPES = pytest.mark.parametrize("shape", [CERTIFICATES, NO_NUMBER, HIDDEN], ids=["certificate", "no_number", "hidden"])


def show(site: Any, header: str, *rows: str) -> None:
    lines = [f"<tr><td>{line.replace('|', '</td><td>')}</td></tr>" for line in (header, *rows)]
    site.put("/w", f"<title>行政处罚公示</title><table>{''.join(lines)}</table>")


def shown(workspace: Workspace) -> dict[str, Publication]:
    """By what tells the rows of a shape apart."""
    with session_of(workspace) as session:
        found = session.scalars(select(Publication)).all()
    return {f"{p.case_name}|{p.content}|{p.decision_date}": p for p in found if p.gone_since is None}


def ids(workspace: Workspace) -> dict[str, str]:
    return {said: p.record_id for said, p in shown(workspace).items()}


@SHAPES
def test_every_decision_is_a_publication_and_stays_the_same_one(
    shape: tuple[str, ...], site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, first, second, third = shape
    show(site, header, first, second)
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    assert [r.records for r in crawl(workspace, everything=True)] == [2]
    before = ids(workspace)
    assert len(before) == 2
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    show(site, header, third, second, first, second)
    crawl(workspace, everything=True)
    after = shown(workspace)
    assert len(after) == 3 and before.items() <= ids(workspace).items()
    assert sorted((p.copies, p.first_seen.day) for p in after.values()) == [(1, 7), (1, 8), (2, 7)]
    assert {p.absent_before.day for p in after.values() if p.absent_before} == {7}
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T09:00:00+08:00")
    show(site, header, third)
    crawl(workspace, everything=True)
    assert ids(workspace) == {said: p.record_id for said, p in after.items() if said not in before}


@SHAPES
def test_the_only_row_keeps_its_identity_when_others_come_and_when_it_is_corrected(
    shape: tuple[str, ...], site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, first, second, third = shape
    show(site, header, first)
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    crawl(workspace, everything=True)
    (own,) = ids(workspace).values()
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    show(site, header, third)
    crawl(workspace, everything=True)
    assert list(ids(workspace).values()) == [own]
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T09:00:00+08:00")
    show(site, header, second, third)
    crawl(workspace, everything=True)
    assert sorted(p.first_seen.day for p in shown(workspace).values() if p.record_id == own) == [7]
    assert len(ids(workspace)) == 2


def test_one_of_several_places_proves_no_absence_when_it_comes_to_stand_apart(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, first, second, _ = HIDDEN
    show(site, header, first, first)
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    crawl(workspace, everything=True)
    assert [p.copies for p in shown(workspace).values()] == [2]
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    show(site, header, first, second)
    crawl(workspace, everything=True)
    assert [(p.copies, p.absent_before) for p in shown(workspace).values()] == [(1, None)] * 2


@SHAPES
def test_each_is_found_in_its_own_row(shape: tuple[str, ...], site: Any, watch: Any) -> None:
    show(site, *shape)
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    crawl(workspace, everything=True)
    with session_of(workspace) as session:
        places = [locate(session, EvidenceStore(workspace), name) for name in ids(workspace).values()]
    assert sorted(place.row for place in places if place and place.row) == [1, 2, 3]
