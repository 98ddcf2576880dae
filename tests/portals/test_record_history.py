"""`mingcha evidence show RECORD`: when a record was seen, the look that no longer showed it, and its different originals."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from cli import mingcha
from crawler.launch import crawl
from db.models import Evidence, Publication
from db.session import session_of
from db.settings import Workspace


def shown(workspace: Workspace, number: int) -> list[str]:
    with session_of(workspace) as session:
        found = session.query(Publication).filter_by(document_number=f"示市监罚字〔2026〕{number}号").one()
    done = CliRunner().invoke(mingcha, ["evidence", "show", found.record_id, "-w", str(workspace.root)])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_a_record_tells_when_it_was_seen_and_by_which_look_it_was_gone(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.trs_list("/a", list(range(1, 7)))
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html", "family": "auto"}, crawl={"reread_days": 1})
    crawl(workspace, everything=True)
    first = shown(workspace, 2)
    assert any(line.startswith("首次看到：2026-09-07T") for line in first)
    assert "此前看全而未见：无" in first
    assert not any("不同版本" in line or "不再见" in line for line in first)

    site.trs_list("/a", list(range(2, 8)))
    site.put(
        "/a/202609/t20260903_2.html",
        site.detail(2, "示例市第2号商贸有限公司").replace("</body>", "<p>更正：电话有误。</p></body>"),
    )
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-20T09:00:00+08:00")
    crawl(workspace, everything=True)
    gone, changed, new = (shown(workspace, number) for number in (1, 2, 7))
    assert any(line.startswith("最近看到：2026-09-07T") for line in gone)
    assert "看全而不再见：2026-09-20T09:00:00+08:00（查看 a-20260920T090000）" in gone
    assert any(line.startswith("此前看全而未见：2026-09-07T") for line in new)

    start = next(n for n, line in enumerate(changed) if line.startswith("原件先后有 2 个不同版本"))
    with session_of(workspace) as session:
        originals = [session.get(Evidence, line.split()[1]) for line in changed[start + 1 : start + 3]]
    assert all(original is not None and original.url.endswith("_2.html") for original in originals)
    assert originals[0].fetched_at < originals[1].fetched_at and originals[0].sha256 != originals[1].sha256
