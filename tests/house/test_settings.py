"""mingcha.yml: every key has a default, every fault is told with its nearest name."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.settings import Secret, Settings, Workspace
from standard.errors import Refused
from standard.strict_yaml import build, parse_yaml


def write(root: Path, text: str) -> Path:
    (root / "mingcha.yml").write_text(text, encoding="utf-8")
    return root


def test_an_empty_file_means_all_defaults(tmp_path: Path) -> None:
    settings = Workspace.open(write(tmp_path, "")).settings
    assert settings == Settings()
    assert settings.crawl.delay_s == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("crawl: {dellay_s: 3}", "delay_s"),
        ("databse: sqlite", "database"),
        ("crawl: {per_host: many}", "per_host：应为整数"),
        ("region: {code: 140600}", "加引号"),
        ("crawl: [1, 2]", "应为“键: 值”的映射"),
        ("mail: {password: secret}", "env:MINGCHA_MAIL_PASSWORD"),
        ("crawl: {delay_s: 1\n", "不是合法的 YAML"),
        ("region: {name: 甲, name: 乙}", "写了两次"),
    ],
)
def test_a_fault_is_told_with_file_key_and_cure(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        Workspace.open(write(tmp_path, text))
    assert told in str(refused.value)
    assert "mingcha.yml" in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        Workspace.open(write(tmp_path, "crawl: {dellay_s: 3, retry: 1}\nregoin: {}"))
    assert len(refused.value.faults) == 3


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="mingcha init"):
        Workspace.open(tmp_path)


def test_a_secret_prints_as_stars_and_is_refused_when_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_X", "hunter2")
    secret = Secret("env:MINGCHA_X")
    assert secret.reveal() == "hunter2"
    assert "hunter2" not in f"{secret} {secret!r}"
    monkeypatch.delenv("MINGCHA_X")
    with pytest.raises(Refused, match="MINGCHA_X"):
        secret.reveal()


def test_the_key_is_made_once_and_kept_private(workspace: Workspace) -> None:
    assert workspace.key == workspace.key
    assert len(workspace.key) == 32
    assert stat.S_IMODE((workspace.var / "key").stat().st_mode) == 0o600


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_yaml_value_breaks_the_reader(value: object) -> None:
    faults: list[str] = []
    built = build(Settings, value, "mingcha.yml", faults)
    assert (built is None) == bool(faults)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse_yaml(text, "x.yml")
    except Refused as refused:
        assert "x.yml" in str(refused)
