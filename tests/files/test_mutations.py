"""Spoilt files: none crashes, hangs or half-writes; each refusal says what to do. The same files on every run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.fuzz_import import KINDS, attempt, mutations, workspace

FILES = 4 * len(KINDS)


def test_spoilt_files_are_read_or_refused_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    opened = workspace(tmp_path / "workspace")
    ended = {"taken": 0, "refused": 0}
    for name, suffix, content in mutations(FILES, seed=7):
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(content)
        start = time.perf_counter()
        try:
            ended[attempt(opened, path)] += 1
        except Exception as error:
            raise AssertionError(f"{path.name}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - start < 120, path.name
        path.unlink()
    assert ended["taken"] > 30 and ended["refused"] > 30
