"""100,000 messy rows x 28 columns: python-calamine reading the file alone, beside the whole import into SQLite.

    python benchmarks/bench_import.py [ROWS] [--keep FILE] [--profile]

Prints both times, their ratio (goal: at most 4), the processor seconds of each process, and the peak memory of all
processes of the import together (goal: under 600 MB): the sum of their PSS, sampled twenty times a second, in which pages
that they share count once. Each measurement runs in a process of its own, so that neither warms the other's caches nor
pays for its memory. On a machine that others use too, the processor seconds say more than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LABELS = [
    "行政相对人名称", "行政相对人类别", "行政相对人代码_1(统一社会信用代码)", "行政相对人代码_2(工商注册号)", "行政相对人代码_3(组织机构代码)",
    "行政相对人代码_4(税务登记号)", "法定代表人", "证件类型", "证件号码", "行政处罚决定书文号 ", "违法行为类型", "违法事实", "处罚依据", "处罚类别",
    "处罚内容", "罚款金额（万元）", "没收违法所得、没收非法财物的金额（万元）", "暂扣或吊销证照名称及编号", "处罚决定日期", "处罚有效期", "公示截止期",
    "处罚机关", "处罚机关统一社会信用代码", "数据来源单位", "数据来源单位统一社会信用代码", "备注", "提供日期", "上报状态",
]  # fmt: skip
RULES = [
    "文本(200个字符)",
    "枚举",
    "必填",
    *["选填"] * 15,
    "日期\n如文本格式为:2016/01/01",
    *["日期"] * 2,
    *["必填"] * 4,
    "选填",
    "日期",
    "枚举",
]
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BRACKETS = ["〔{}〕", "[{}]", "（{}）", "【{}】", "﹝{}﹞", " 〔{}〕 "]


def uscc(number: int, head: str = "91140600") -> str:
    """A unified code with its check digits, the organisation code's within it too."""
    own = f"MA{number % 1_000_000:06d}"
    weighted = sum(int(c, 36) * w for c, w in zip(own, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    body = f"{head}{own}{'0123456789X0'[11 - weighted % 11]}"
    if body[-1] == "X":
        return uscc(number + 500_000, head)
    total = sum(_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


AGENCY = uscc(140600, "11140600")


def make_file(path: Path, rows: int, seed: int = 1) -> None:
    """A workbook as a platform exports it, with the dirt that platforms export."""
    chance = random.Random(seed)
    options = {"constant_memory": True, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        day = workbook.add_format({"num_format": "yyyy/mm/dd"})
        sheet = workbook.add_worksheet("法人处罚")
        sheet.merge_range(0, 0, 0, len(LABELS) - 1, "示例市行政处罚信息报送表")
        for at, texts in ((1, LABELS), (2, RULES)):
            for column, text in enumerate(texts):
                sheet.write_string(at, column, text)
        for row in range(rows):
            _row(sheet, row + 3, row, chance, day)


def _row(sheet: xlsxwriter.worksheet.Worksheet, at: int, n: int, chance: random.Random, day: object) -> None:
    """One decision; one in twenty cells of the dirty columns is dirty."""
    unit = n % 40
    date = f"2026/{n % 9 + 1:02d}/{n % 28 + 1:02d}"
    forms = [
        date,
        date.replace("/", "-"),
        date.replace("/", "."),
        date.replace("/", ""),
        None,
        "2026年{}月{}日".format(*date.split("/")[1:]),
    ]
    form = chance.choice(forms) if chance.random() < 0.5 else date
    bracket = chance.choice(_BRACKETS) if chance.random() < 0.4 else _BRACKETS[0]
    fine = (n % 97 + 1) / 10
    code = uscc(n)
    fined = chance.random() < 0.9
    texts: list[object] = [
        f"示例市第{n}商贸有限公司" + ("　" if chance.random() < 0.1 else ""), "法人及非法人组织", code,
        f"1406{n % 10_000_000_000:011d}" if chance.random() < 0.5 else "", code[8:17] if chance.random() < 0.5 else "/",
        code if chance.random() < 0.1 else "", "王五" if chance.random() < 0.98 else "", "", "",
        f"示市监罚字{bracket.format(2026)}第{n}号", "销售不合格食品；未按规定建立进货查验记录制度",
        f"2026年{n % 9 + 1}月{n % 28 + 1}日，执法人员在示例区第{n % 300}号当事人经营场所检查时，发现货架上有{n % 70 + 3}袋超过保质期的预包装食品待售，"
        f"货值金额{n % 900 + 20}元，当事人未能提供进货票据和供货者资质证明。经调查，上述食品系当事人于2026年{n % 8 + 1}月从流动商贩处购进，"
        "当事人的行为违反了食品安全管理规定，有现场笔录、询问笔录、照片等证据证明。",
        "《中华人民共和国食品安全法》第一百二十四条第一款第（五）项，《中华人民共和国行政处罚法》第二十八条第一款",
        "罚款" if fined else "罚款;没收违法所得、没收非法财物",
        f"一、没收超过保质期的食品{n % 70 + 3}袋；二、罚款{fine * 10000:.0f}元。当事人应当自收到本决定书之日起十五日内缴纳罚款。",
        fine, "" if fined else 0.1, "/" if chance.random() < 0.3 else "", form, "2099/12/31", "2029/09/03",
        f"示例市第{unit}局", AGENCY, f"示例市第{unit}局", AGENCY,
        "null" if chance.random() < 0.2 else "", f"2026-10-{n % 9 + 1:02d} 10:{n % 60:02d}:00", "已上报",
    ]  # fmt: skip
    for column, value in enumerate(texts):
        if value is None:
            sheet.write_number(at, column, 46266 + n % 27, day)  # an Excel serial in a date's clothes
        elif isinstance(value, float):
            sheet.write_number(at, column, value)
        elif value != "":
            sheet.write_string(at, column, str(value))


def workspace(root: Path) -> None:
    """A workspace whose forty units the file names."""
    from db.models import Unit
    from db.session import session_of
    from db.settings import Workspace
    from db.workspace import create

    create(root)
    with session_of(Workspace.open(root)) as session:
        for number in range(40):
            session.add(
                Unit(id=f"u{number}", name=f"示例市第{number}局", level="municipal", contacts={}, position=number)
            )


def peak_mb() -> float:
    """The most memory this process ever held (VmHWM; getrusage would also count the parent's, before exec)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def family(pid: int) -> list[int]:
    """A process and its children's children, as far as they still live."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(name for child in children for name in family(int(child)))]


def held_mb(pid: int) -> float:
    """The memory of a process: its proportional share of every page."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass  # it has just ended
    return 0.0


def read_alone(file: Path) -> dict[str, float]:
    """What calamine alone needs: every cell of the file as Python values."""
    from python_calamine import CalamineWorkbook

    start, before = time.perf_counter(), time.process_time()
    cells = 0
    book = CalamineWorkbook.from_path(str(file))
    for name in book.sheet_names:
        for row in book.get_sheet_by_name(name).iter_rows():
            cells += len(row)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    return {"seconds": seconds, "cpu": cpu, "cells": cells, "peak_mb": peak_mb()}


def import_whole(file: Path, root: Path, profile: bool = False) -> dict[str, float]:
    """The whole import: read, canonical values, rules, account, receipt, stored and committed."""
    from db.session import prepare
    from db.settings import Workspace
    from intake.submissions import import_submissions

    opened = Workspace.open(root)
    prepare(opened)
    start, before = time.perf_counter(), os.times()
    if profile:
        import cProfile
        import pstats

        with cProfile.Profile() as profiler:
            (receipt,) = import_submissions(opened, [file])
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    else:
        (receipt,) = import_submissions(opened, [file])
    seconds, after = time.perf_counter() - start, os.times()
    assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows
    return {
        "seconds": seconds,
        "rows": receipt.rows,
        "accepted": receipt.accepted,
        "cpu": after.user + after.system - before.user - before.system,
        "cpu_workers": after.children_user + after.children_system - before.children_user - before.children_system,
    }


def _child(*arguments: str) -> dict[str, float]:
    """Runs this file with these arguments; what it prints, and the most memory that it and its children held together."""
    environment = {**os.environ, "MINGCHA_NOW": "2026-10-12T09:00:00+08:00"}
    peak = 0.0
    with subprocess.Popen(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(held_mb, family(process.pid))))
            time.sleep(0.05)
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
    if process.returncode:
        raise SystemExit(f"bench_import {' '.join(arguments)}: exit code {process.returncode}")
    found: dict[str, float] = json.loads(said[-1])
    return {**found, "together_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="make the file here, or use it again")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        what, file = given.child[0], Path(given.child[1])
        print(json.dumps(read_alone(file) if what == "read" else import_whole(file, given.root, given.profile)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = given.keep or Path(folder) / f"messy-{given.rows}.xlsx"
        if not file.exists():
            make_file(file, given.rows)
        os.environ.setdefault("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
        root = Path(folder) / "workspace"
        workspace(root)
        more = ["--profile"] if given.profile else []
        first = _child("--child", "read", str(file))
        whole = _child("--child", "import", str(file), "--root", str(root), *more)
        second = _child("--child", "read", str(file))  # before and after: a shared machine's pace changes
        alone = (first["seconds"] + second["seconds"]) / 2
        cpu = (first["cpu"] + second["cpu"]) / 2
        both = whole["cpu"] + whole["cpu_workers"]
        print(f"rows                  {whole['rows']:.0f} x {len(LABELS)}, {file.stat().st_size / 1e6:.1f} MB")
        print(
            f"calamine alone        {alone:.2f} s ({first['seconds']:.2f}, {second['seconds']:.2f}), {cpu:.2f} s processor, "
            f"{first['peak_mb']:.0f} MB"
        )
        print(f"whole import          {whole['seconds']:.2f} s, {whole['rows'] / whole['seconds']:.0f} rows/s")
        print(f"  processor           {whole['cpu']:.2f} s importing + {whole['cpu_workers']:.2f} s its workers")
        print(f"ratio                 {whole['seconds'] / alone:.2f} (goal <= 4); processor {both / cpu:.2f}")
        print(f"peak memory           {whole['together_mb']:.0f} MB, all processes (goal < 600)")


if __name__ == "__main__":
    main()
