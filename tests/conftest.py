"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from db import session as db_session
from db.settings import Workspace

# The same examples on every run: a red test is then this change's doing. HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Alone, fast tests come first; beside each other on several cores, the days of the sample city start first."""
    several = hasattr(config, "workerinput")
    items.sort(key=lambda item: (item.get_closest_marker("slow") is not None) != several)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock of every command: now("2026-09-07T09:00:00+08:00")."""
    return lambda text: monkeypatch.setenv("MINGCHA_NOW", text)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty workspace of its own."""
    monkeypatch.delenv("MINGCHA_WORKSPACE", raising=False)
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "mingcha.yml").write_text('region: {code: "140600", name: 示例市}\n', encoding="utf-8")
    yield Workspace.open(root)
    for url in [u for u in db_session._engines if str(root) in u]:
        db_session._engines.pop(url).dispose()
