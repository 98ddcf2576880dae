"""A call that cannot be right is refused with exit code 2 before anything is done, saying what, where and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*args: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    where = ["-w", str(root)] if root else []
    return subprocess.run(
        [sys.executable, "-m", "cli", *where, *args], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert run("init", str(tmp_path / "city")).returncode == 0
    return tmp_path / "city"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("crawl: {delay_s: -1}", "crawl：delay_s 不能小于 0"),
        ("crawl: {per_host: 0}", "crawl：per_host 不能小于 1"),
        ("crawl: {timeout_s: .nan}", "crawl：timeout_s 不能小于 1"),
        ("evidence: {retain_days: 0}", "evidence：retain_days 不能小于 1"),
        ("confirm: {codes: [submited_late]}", "confirm.codes：没有问题代码 submited_late，是否想写 submitted_late？"),
    ],
)
def test_settings_that_mean_nothing(root: Path, settings: str, said: str) -> None:
    (root / "mingcha.yml").write_text(settings + "\n", encoding="utf-8")
    done = run("registry", "check", root=root)
    assert done.returncode == 2
    assert said in done.stderr and "mingcha.yml" in done.stderr


@pytest.mark.parametrize("command", ["findings", "scores", "pairs", "seal", "verify", "coverage"])
def test_a_period_that_is_none(root: Path, command: str) -> None:
    done = run(command, "--period", "2026-13", root=root)
    assert done.returncode == 2
    assert "“2026-13”不是评估期" in done.stderr


def test_a_file_that_cannot_be_written(root: Path) -> None:
    (root / "taken").write_text("a file, not a folder", encoding="utf-8")
    for target in (root, root / "taken" / "records.csv"):
        done = run("records", "--source", "published", "--format", "csv", "-o", str(target), root=root)
        assert done.returncode == 2
        assert str(target) in done.stderr and "请换一个文件名" in done.stderr
    assert not list(root.glob("**/*.part")) and (root / "taken").read_text(encoding="utf-8") == "a file, not a folder"


def test_a_workspace_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    done = run("init", str(tmp_path / "taken" / "city"))
    assert done.returncode == 2
    assert "请换一个可写的目录" in done.stderr and "Traceback" not in done.stderr


def test_a_wrong_check_digit_of_a_unit_only_warns(root: Path) -> None:
    (root / "registry" / "units.yml").write_text(
        'region: {code: "140600", name: 示例市}\n'
        'units: [{id: fgw, name: 示例市发展和改革委员会, uscc: "11140600012345678Y", level: municipal}]\n',
        encoding="utf-8",
    )
    done = run("registry", "check", root=root)
    assert done.returncode == 0
    assert "fgw：uscc：11140600012345678Y 校验位不符" in done.stderr


def test_a_misspelt_code_is_no_empty_list(root: Path) -> None:
    done = run("findings", "--period", "2026-09", "--code", "submited_late", root=root)
    assert done.returncode == 2
    assert "没有问题代码“submited_late”，是否想写 submitted_late？" in done.stderr


def test_a_template_never_replaces_a_filled_file(tmp_path: Path) -> None:
    filled = tmp_path / "exemptions.xlsx"
    filled.write_bytes(b"filled in")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "template", "exemptions"], capture_output=True, text=True, check=False,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 2
    assert "不覆盖" in done.stderr and filled.read_bytes() == b"filled in"


def test_a_reader_that_has_enough_is_no_fault(tmp_path: Path) -> None:
    """`mingcha extract … | head -1` under `set -o pipefail`."""
    for number in range(400):
        (tmp_path / f"{number}.txt").write_text("没有要素", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "extract", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as command:  # fmt: skip
        assert command.stdout is not None and command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 0
