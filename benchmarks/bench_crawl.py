"""CPU of a whole look at every portal of the sample city, beside plain Scrapy fetching the same addresses and doing nothing.

    python benchmarks/bench_crawl.py [--rounds N] [--seed N]

Both talk HTTP to the same server (a process of its own). Ours is `crawl` with everything it does: fetch, evidence, robots.txt,
recognition, extraction, canonical values, store, ledger. Theirs is stock Scrapy: default settings, an empty callback. The two
run in turns, A B A B; user and system time of each whole process tree is counted, starts and imports included, and divided by
the number of answers kept as evidence. Goal: a ratio of at most 1.0. Columns that need a browser are left out of both; the
registry has been read before, as on any day but the first.
Each round also measures both starts alone (imports, no request), for a real crawl pays them once for far more pages: `ratio`
counts them for these pages, `ratio_without_starts` for none.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SERVE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from sample_city.city import make
from sample_city.server import Server
city = make(int(sys.argv[2]))
with Server(city) as server:
    server.set_now(city.timeline[-1])
    city.write_workspace(__import__("pathlib").Path(sys.argv[3]), server.base_url)
    print(city.timeline[-1].isoformat(), flush=True)
    sys.stdin.read()
"""

OURS = """
import sys
sys.path.insert(0, sys.argv[1])
from crawler.launch import crawl
from db.settings import Workspace
if __name__ == "__main__":
    crawl(Workspace.open(sys.argv[2]), everything=True)
"""

OURS_START = """
import sys
sys.path.insert(0, sys.argv[1])
import crawler.launch, crawler.__main__, gc
gc.freeze()  # as `crawl` does
"""

SYNC = """
import sys
sys.path.insert(0, sys.argv[1])
from crawler.launch import _sync
from db.settings import Workspace
_sync(Workspace.open(sys.argv[2]))
"""

STOCK = """
import json, sys
import scrapy
from scrapy.crawler import CrawlerProcess

requests = json.load(open(sys.argv[1]))

class Stock(scrapy.Spider):
    name = "stock"

    async def start(self):
        for method, url, body in requests:
            yield scrapy.Request(url, method=method, body=body, dont_filter=True)

    def parse(self, response):
        pass

process = CrawlerProcess({"LOG_LEVEL": "WARNING"})
process.crawl(Stock)
process.start()
"""


def spent(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, int]:
    """User and system seconds of a process and its children, and the largest of them in KiB."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


@contextlib.contextmanager
def city(folder: Path, seed: int) -> Iterator[str]:
    """The sample city on its last day, served by a process of its own; `folder` becomes a workspace that watches it."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(ROOT), str(seed), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def workspace(model: Path, folder: Path) -> None:
    """A fresh copy of a workspace without the columns that need a browser."""
    for path in sorted(model.rglob("*.yml")):
        target = folder / path.relative_to(model)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "portals":
            entries = [e for e in yaml.safe_load(path.read_text(encoding="utf-8")) if e.get("render") != "browser"]
            target.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
        else:
            target.write_bytes(path.read_bytes())


def asked(folder: Path) -> list[tuple[str, str, str]]:
    """Every request that our look kept an answer of: method and address (a form's body is not asked for again)."""
    from sqlalchemy import select

    from db.models import Evidence
    from db.session import session_of
    from db.settings import Workspace

    with session_of(Workspace.open(folder)) as session:
        rows = session.execute(select(Evidence.method, Evidence.url).order_by(Evidence.crawl_id, Evidence.warc_offset))
        return [(method, url, "") for method, url in rows]


def records(folder: Path) -> int:
    from sqlalchemy import func, select

    from db.models import Publication
    from db.session import session_of
    from db.settings import Workspace

    with session_of(Workspace.open(folder)) as session:
        return int(session.scalar(select(func.count()).select_from(Publication)) or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        with city(base / "model", options.seed) as now:
            clock = {"MINGCHA_NOW": now}
            os.environ |= clock
            ours: list[float] = []
            stock: list[float] = []
            bare: list[float] = []
            (base / "none.json").write_text("[]", encoding="utf-8")
            line: dict[str, Any] = {}
            for number in range(options.rounds + 1):  # the first round warms the server's answers up and is not counted
                folder = base / f"round{number}"
                workspace(base / "model", folder)
                spent([sys.executable, "-c", SYNC, str(ROOT), str(folder)], clock)
                began = time.monotonic()
                seconds, _ = spent([sys.executable, "-c", OURS, str(ROOT), str(folder)], clock)
                wall = time.monotonic() - began
                requests = asked(folder)
                (base / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
                began = time.monotonic()
                plain, _ = spent([sys.executable, "-c", STOCK, str(base / "requests.json")])
                our_start, _ = spent([sys.executable, "-c", OURS_START, str(ROOT)], clock)
                their_start, _ = spent([sys.executable, "-c", STOCK, str(base / "none.json")])
                print(
                    f"{'warm-up' if number == 0 else f'round {number}'}: {len(requests)} pages, {records(folder)} records; "
                    f"ours {1000 * seconds / len(requests):.2f} ms/page ({wall:.1f} s), "
                    f"stock Scrapy {1000 * plain / len(requests):.2f} ms/page ({time.monotonic() - began:.1f} s), "
                    f"ratio {seconds / plain:.2f}; "
                    f"starts {our_start:.2f} and {their_start:.2f} s, without them {(seconds - our_start) / (plain - their_start):.2f}",
                    flush=True,
                )
                if number > 0:
                    ours.append(1000 * seconds / len(requests))
                    stock.append(1000 * plain / len(requests))
                    bare.append((seconds - our_start) / (plain - their_start))
            line = {
                "ours_ms_per_page": round(statistics.median(ours), 3),
                "stock_scrapy_ms_per_page": round(statistics.median(stock), 3),
                "ratio": round(statistics.median(a / b for a, b in zip(ours, stock, strict=True)), 3),
                "ratio_without_starts": round(statistics.median(bare), 3),
                "goal": 1.0,
            }
            print(json.dumps(line))


if __name__ == "__main__":
    main()
