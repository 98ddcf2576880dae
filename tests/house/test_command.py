"""The command: every command of the contract exists, helps in Chinese, and says what is wrong with exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import cli
from db.settings import Workspace

CONTRACT = (
    "demo", "init", "registry check", "registry sync", "registry import", "discover", "crawl", "extract",
    "import submissions", "import catalogue", "import exemptions", "import repairs", "import declarations",
    "import withdrawals", "import outages", "assess", "findings", "records", "pairs", "scores", "coverage", "report", "seal", "verify",
    "send", "evidence show", "evidence verify", "schedule", "serve", "worker", "backup", "restore", "doctor", "template",
)  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(list(arguments))
    out = capsys.readouterr()
    return int(left.value.code or 0), out.out, out.err


def every(group: click.Group = cli.mingcha, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every(command, f"{path}{name} ")
        else:
            yield f"{path}{name}"


def test_the_contract_is_kept() -> None:
    assert set(CONTRACT) <= set(every())


@pytest.mark.parametrize("name", sorted(every()))
def test_every_command_helps_in_chinese_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *name.split(), "--help")
    assert code == 0
    assert "用法：" in out
    assert "示例：mingcha" in out
    assert "显示本说明并退出" in out


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("crwl", "没有命令"),
        ("assess", "缺少参数"),
        ("report nonsense --period 2026-09", "可用：monthly"),
        ("findings --perid 2026-09", "是否想写 --period"),
        ("crawl a --all", "只能用一种"),
        ("findings --period 2026-09", "尚未评估"),
        ("assess --period 2026-13", "2026-13"),
        ("assess --period 2026-09 --as-of tomorrow", "不是日期"),
        ("findings --period 2026-09 --unit nobody", "没有单位"),
        ("records --source submitted --portal x", "没有门户"),
        ("report monthly --period 2026-09", "尚未评估"),
        ("evidence show 1234", "没有证据"),
        ("import submissions /nowhere.xlsx", "nowhere.xlsx"),
        ("import exemptions /nowhere.csv", "nowhere.csv"),
        ("serve", "尚未提供"),
        ("worker", "尚未提供"),
        ("discover www.example.org", "不是网址"),
        ("restore /nowhere.tar.gz", "没有这个备份"),
    ],
)
def test_a_wrong_call_is_refused_with_words(
    call: str, told: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(workspace.root))
    code, out, err = run(capsys, *call.split())
    assert code == 2, err
    assert told in err
    assert out == ""
    assert "Traceback" not in err


def test_no_workspace_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGCHA_WORKSPACE", "/nowhere")  # -w wins, and monkeypatch puts everything back
    code, _, err = run(capsys, "-w", str(tmp_path), "crawl")
    assert code == 2
    assert "mingcha init" in err


def test_init_makes_a_workspace_and_leaves_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "city"
    assert run(capsys, "init", str(root))[0] == 0
    (root / "mingcha.yml").write_text("region: {name: 我市}\n", encoding="utf-8")
    assert run(capsys, "init", str(root))[0] == 0
    assert "我市" in (root / "mingcha.yml").read_text(encoding="utf-8")
    assert (root / "schemes" / "default.yml").is_file()
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(root))
    code, out, _ = run(capsys, "registry", "check")
    assert (code, "0 个单位" in out) == (0, True)


def test_a_fault_of_ours_is_code_3_and_logged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(workspace.root))
    monkeypatch.setattr("scheduler.timetable", lambda workspace: 1 / 0)
    code, _, err = run(capsys, "schedule", "--list")
    assert code == 3
    assert "ZeroDivisionError" in (workspace.logs / "errors.log").read_text(encoding="utf-8")
    assert "errors.log" in err


def test_backup_and_restore(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from db.models import Unit
    from db.session import session_of

    with session_of(workspace) as session:
        session.add(Unit(id="fgw", name="示例市发改委", aliases=[], level="municipal", contacts={}))
    assert workspace.key
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(workspace.root))
    file = tmp_path / "b.tar.gz"
    assert run(capsys, "backup", str(file))[0] == 0
    code, _, err = run(capsys, "restore", str(file))
    assert (code, "不是空目录" in err) == (2, True)
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(tmp_path / "new"))
    assert run(capsys, "restore", str(file))[0] == 0
    with session_of(Workspace.open(tmp_path / "new")) as session:
        assert session.get_one(Unit, "fgw").name == "示例市发改委"
    assert not (tmp_path / "new" / "var" / "key").exists()
    file.write_bytes(file.read_bytes()[:200])
    monkeypatch.setenv("MINGCHA_WORKSPACE", str(tmp_path / "third"))
    assert run(capsys, "restore", str(file))[0] == 2
    assert not (tmp_path / "third").exists()


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "link"])
def test_a_hostile_backup_is_refused(tmp_path: Path, name: str) -> None:
    import io
    import tarfile

    from db.workspace import restore
    from standard.errors import Refused

    file = tmp_path / "b.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        if name == "link":
            member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(Refused, match="不是完好的备份"):
        restore(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "escaped").exists()
