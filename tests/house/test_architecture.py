"""Layers, doors, names and generated pages are tested like everything else."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("containers", "standard", "db", "crawler", "intake", "assessment", "reports", "sample_city")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_layers_and_doors() -> None:
    done = run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout


def test_generated_pages_are_fresh() -> None:
    done = run(sys.executable, "tools/write_docs.py", "--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun: make docs"


@pytest.mark.parametrize("name", [*PACKAGES, "cli", "scheduler"])
def test_our_names_belong_to_our_distribution_only(name: str) -> None:
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {"mingcha"}


def test_every_module_says_what_it_is_for() -> None:
    files = [f for p in PACKAGES for f in (ROOT / p).rglob("*.py") if "versions" not in f.parts]
    silent = [str(f) for f in files if not re.match(r'(#!.*\n)?\s*"""', f.read_text(encoding="utf-8"))]
    assert silent == []


def test_locks_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text


_LAZY = {"assessment/spark.py"}  # imported as a whole only where its extra is asked for


def test_every_import_is_declared() -> None:
    """What our code imports from outside stands in pyproject.toml."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [d for name in ("ocr", "mysql", "oracle", "dm", "spark") for d in project["optional-dependencies"][name]]
    declared, optional = (
        {re.split(r"[\[<>=;,! ]", d)[0].lower() for d in part} for part in (project["dependencies"], extras)
    )
    owners = importlib.metadata.packages_distributions()
    missing: set[tuple[str, str]] = set()
    for package in [*PACKAGES, "cli", "scheduler", "mingcha_doctor"]:
        files = (ROOT / package).rglob("*.py") if (ROOT / package).is_dir() else [ROOT / f"{package}.py"]
        for file in files:
            found = re.findall(r"^(\s*)(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.M)
            for indent, name in found:
                if (
                    name in sys.stdlib_module_names
                    or name in PACKAGES
                    or name in ("cli", "scheduler", "mingcha_doctor")
                ):
                    continue
                # An extra may be missing: what it brings is imported where it is used, never at the top of a file.
                lazy = indent.strip("\n") or file.relative_to(ROOT).as_posix() in _LAZY
                allowed = declared | optional if lazy else declared
                if not {o.lower() for o in owners.get(name, [])} & allowed and not (indent and name in optional):
                    missing.add((name, str(file.relative_to(ROOT))))
    assert missing == set()
