"""One look at the whole sample city, killed again and again (SIGKILL, the whole process group), beside an undisturbed one.

    python benchmarks/kill_crawl.py [--kills N] [--seed N]

Goal: after 20 kills at random instants publications, evidence, list entries and coverage are equal to those of the undisturbed
run, every stored response verifies, and any WARC tool reads the files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_crawl import OURS, ROOT, SYNC, city, workspace
from sqlalchemy import select

from db import models
from db.evidence import EvidenceStore
from db.session import session_of
from db.settings import Workspace

_DIFFER = {
    "warc_offset",
    "warc_length",
    "finished_at",
    "resumed",
}  # where it lies, when it ended, how often it was resumed


def rows(folder: Path, model: Any) -> list[dict[str, Any]]:
    names = [column.name for column in model.__table__.columns if column.name not in _DIFFER]
    with session_of(Workspace.open(folder)) as session:
        found = [{name: getattr(row, name) for name in names} for row in session.scalars(select(model))]
    return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def state(folder: Path) -> dict[str, list[dict[str, Any]]]:
    tables = (models.Publication, models.OtherRecord, models.Evidence, models.Coverage, models.ListEntry, models.Crawl)
    return {model.__tablename__: rows(folder, model) for model in tables}


def faults(folder: Path) -> list[str]:
    from warcio.archiveiterator import ArchiveIterator

    found: list[str] = []
    place = Workspace.open(folder)
    with session_of(place) as session:
        found += EvidenceStore(place).verify(session)
    for path in sorted(place.evidence.rglob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                record.content_stream().read()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        with city(base / "model", 1) as now:
            os.environ["MINGCHA_NOW"] = now
            for folder in ("calm", "hurt"):
                workspace(base / "model", base / folder)
                subprocess.run([sys.executable, "-c", SYNC, str(ROOT), str(base / folder)], check=True)
            began = time.monotonic()
            subprocess.run([sys.executable, "-c", OURS, str(ROOT), str(base / "calm")], check=True)
            whole = time.monotonic() - began
            command = [sys.executable, "-c", OURS, str(ROOT), str(base / "hurt")]
            kills, starts, finished = 0, 0, False
            while not finished:
                process = subprocess.Popen(command, start_new_session=True)
                starts += 1
                if kills < options.kills:
                    try:
                        process.wait(chance.uniform(0.05, 0.35) * whole)
                    except subprocess.TimeoutExpired:
                        os.killpg(process.pid, signal.SIGKILL)
                        kills += 1
                process.wait()
                finished = process.returncode == 0
            calm, hurt = state(base / "calm"), state(base / "hurt")
            same = {table: calm[table] == hurt[table] for table in calm}
            print(
                json.dumps(
                    {
                        "kills": kills, "starts": starts, "undisturbed_s": round(whole, 1),
                        "rows": {table: len(found) for table, found in calm.items()}, "equal": same,
                        "faults": faults(base / "hurt"),
                    },
                    ensure_ascii=False,
                )
            )  # fmt: skip
            for table, equal in same.items():
                if not equal:
                    extra = [row for row in hurt[table] if row not in calm[table]][:2]
                    lost = [row for row in calm[table] if row not in hurt[table]][:2]
                    print(f"{table}: extra {extra} lost {lost}", file=sys.stderr)
            if not all(same.values()) or faults(base / "hurt") or kills < options.kills:
                raise SystemExit(1)


if __name__ == "__main__":
    main()
