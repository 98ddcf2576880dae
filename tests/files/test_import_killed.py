"""SIGKILL in the middle of an import: all or nothing; run again, it is as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.fuzz_import import counts, csv_text, rows, workspace
from db.settings import Workspace
from intake.submissions import import_submissions

CODE = """
import sys
from pathlib import Path
from db.settings import Workspace
from intake.submissions import import_submissions
import_submissions(Workspace.open(sys.argv[1]), [Path(sys.argv[2])], progress=lambda text: print(text, flush=True))
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_import_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    opened = workspace(tmp_path / "workspace")
    file = tmp_path / "a.csv"
    file.write_bytes(csv_text(rows(2600)).encode())
    killed_in_the_middle(CODE, opened, file, workers)
    (receipt,) = import_submissions(opened, [file])
    assert receipt.accepted == 2600 and counts(opened) == (1, 2600, 0)
    (again,) = import_submissions(opened, [file])
    assert again.duplicate == 2600 and counts(opened) == (1, 2600, 0)


def killed_in_the_middle(code: str, opened: Workspace, file: Path, workers: str) -> None:
    """SIGKILL when four chunks are written and none is committed: nothing is left of them, nor of the processes beside."""
    environment = {**os.environ, "MINGCHA_WORKERS": workers, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(opened.root), str(file)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if "已处理 2000" in line:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.wait(300) == -signal.SIGKILL
    assert counts(opened) == (0, 0, 0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _left(str(opened.root)):
        time.sleep(0.05)
    assert not _left(str(opened.root)), "a process beside outlived its parent"


def _left(word: str) -> bool:
    """Whether a process of that import still runs."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if word.encode() in (folder / "cmdline").read_bytes():
                    return True
            except OSError:
                continue
    return False
