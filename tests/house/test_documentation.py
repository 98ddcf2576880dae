"""What docs/workspace.md shows is what the program takes."""

from __future__ import annotations

import re
from pathlib import Path

from crawler.registry import check, load
from db.settings import Workspace
from intake.registers import REGISTERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "workspace.md").read_text(encoding="utf-8")


def test_the_examples_are_accepted(tmp_path: Path) -> None:
    settings, units, portals = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "registry" / "portals").mkdir(parents=True)
    (tmp_path / "mingcha.yml").write_text(settings, encoding="utf-8")
    (tmp_path / "registry" / "units.yml").write_text(units, encoding="utf-8")
    (tmp_path / "registry" / "portals" / "fgw.yml").write_text(portals, encoding="utf-8")
    workspace = Workspace.open(tmp_path)
    assert check(workspace) == []
    registry = load(workspace)
    assert [unit.id for unit in registry.units] == ["fgw"]
    assert registry.portals[0].every_hours == 24
    assert workspace.settings.mail.port == 465


def test_the_registers_have_these_columns() -> None:
    shown = dict(re.findall(r"^\| (\w+) \| ([^|]*) \|$", PAGE, re.M))
    for name, register in REGISTERS.items():
        if name in shown:  # further registers may come before the page names them
            assert tuple(shown[name].split(", ")) == tuple(register.columns)[: len(shown[name].split(", "))]
    assert {"exemptions", "repairs", "withdrawals", "declarations", "catalogue", "outages"} <= set(shown)
