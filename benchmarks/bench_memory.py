"""Memory of a look that never ends soon: 20,000 plain pages, or 500 pages in a browser.

    python benchmarks/bench_memory.py [--pages 20000] [--browser]

One column of so many detail pages is looked at once; the resident memory of the child that reads is sampled all the time.
Prints the peak of our own processes and how much of it came in the second half. Goals: under 300 MB over 20,000 pages; flat
(no growth above 15 % in the second half) over 500 browser pages, the browser's own processes told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml
from bench_crawl import OURS, ROOT

SERVE = """
import asyncio, sys

PAGES, PER, SCRIPTED = int(sys.argv[1]), 100, sys.argv[2] == "browser"
DETAIL = ("<html><head><meta name='ArticleTitle' content='第{n}号'></head><body><div class='TRS_Editor'><table>"
    "<tr><td>行政处罚决定书文号</td><td>示市监罚字〔2026〕{n}号</td></tr><tr><td>行政相对人名称</td><td>示例市第{n}号商贸有限公司</td></tr>"
    "<tr><td>违法事实</td><td>未按规定公示价格" + "，情节轻微" * 40 + "</td></tr><tr><td>处罚结果</td><td>罚款人民币1000元</td></tr>"
    "<tr><td>处罚决定日期</td><td>2026-09-01</td></tr><tr><td>处罚机关</td><td>示例市市场监督管理局</td></tr></table></div></body></html>")

def page(path):
    if "/t2026" in path:
        text = DETAIL.format(n=path.rpartition("_")[2].partition(".")[0])
        return text.replace("<body>", "<body><script>document.title = 'x'</script>") if SCRIPTED else text
    if not path.startswith("/a/index"):
        return None
    number = int(path.partition("_")[2].partition(".")[0] or 0)
    lines = "".join(
        f'<li><a href="./202609/t20260903_{n}.html" title="第{n}号行政处罚决定书">第{n}号</a><span>2026-09-03</span></li>'
        for n in range(number * PER + 1, min((number + 1) * PER, PAGES) + 1))
    return f'<html><ul class="list">{lines}</ul><script>createPageHTML({-(-PAGES // PER)}, {number}, "index", "html")</script></html>'

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""
    def data_received(self, data):
        self.buffer += data
        while b"\\r\\n\\r\\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\\r\\n\\r\\n")
            text = page(head.split(b" ")[1].decode())
            body = (text or "").encode()
            status = "200 OK" if text else "404 Not Found"
            self.transport.write(f"HTTP/1.1 {status}\\r\\nContent-Type: text/html; charset=utf-8\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n".encode() + body)

async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def memory(root: int) -> tuple[int, int]:
    """Resident KiB of the largest of our processes below `root`, and of all of the browser's together."""
    parents: dict[int, int] = {}
    sizes: dict[int, tuple[str, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line)
                pid = int(entry.name)
                parents[pid] = int(fields["PPid"])
                sizes[pid] = (fields["Name"].strip(), int(fields.get("VmRSS", "0 kB").split()[0]))
            except (OSError, KeyError, ValueError):
                continue
    ours = browser = 0
    for pid, (name, size) in sizes.items():
        place = pid
        while place not in (0, 1, root):
            place = parents.get(place, 0)
        if place == root:
            if name.startswith("python"):
                ours = max(ours, size)
            else:
                browser += size
    return ours, browser


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int)
    parser.add_argument("--browser", action="store_true")
    options = parser.parse_args()
    pages = options.pages or (500 if options.browser else 20_000)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(pages), "browser" if options.browser else "plain"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "w"
        (root / "registry" / "portals").mkdir(parents=True)
        crawl = {"delay_s": 0, "per_host": 4 if options.browser else 8, "max_pages": pages * 2, "robots": False}
        (root / "mingcha.yml").write_text(yaml.safe_dump({"crawl": crawl}))
        units = {"units": [{"id": "scjgj", "name": "示例市市场监督管理局", "level": "municipal"}]}
        (root / "registry" / "units.yml").write_text(yaml.safe_dump(units))
        entry = {
            "id": "a", "unit": "scjgj", "kind": "penalty", "title": "行政处罚", "family": "trs_static",
            "url": f"http://127.0.0.1:{server.stdout.readline().strip()}/a/index.html", "allow_hosts": ["127.0.0.1"],
            "render": "browser" if options.browser else "http",
        }  # fmt: skip
        (root / "registry" / "portals" / "a.yml").write_text(yaml.safe_dump([entry]))
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", OURS, str(ROOT), str(root)], env=dict(os.environ))
        samples: list[tuple[int, int]] = []
        ended = threading.Event()
        threading.Thread(target=lambda: (process.wait(), ended.set()), daemon=True).start()
        while not ended.wait(0.25):
            samples.append(memory(process.pid))
        seconds = time.monotonic() - began
        server.kill()
        server.wait()
        half = len(samples) // 2
        first, second = max(s[0] for s in samples[:half]), max(s[0] for s in samples[half:])
        line = {
            "pages": pages, "browser": options.browser, "seconds": round(seconds, 1), "ours_peak_mb": round(max(first, second) / 1024),
            "ours_first_half_mb": round(first / 1024), "ours_second_half_mb": round(second / 1024), "goal_mb": 300,
        }  # fmt: skip
        if options.browser:
            line["browser_first_half_mb"] = round(max(s[1] for s in samples[: half or 1]) / 1024)
            line["browser_second_half_mb"] = round(max(s[1] for s in samples[half:]) / 1024)
        sys.path.insert(0, str(ROOT))
        from sqlalchemy import select

        from db.models import Coverage
        from db.session import session_of
        from db.settings import Workspace

        with session_of(Workspace.open(root)) as session:
            look = session.scalars(select(Coverage)).one()
            line |= {"outcome": look.outcome, "records": look.records, "reason": look.reason}
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
