"""Precision and recall of extraction, per field, over labelled pages.

    python benchmarks/bench_extract.py [PATH] [--wrong FIELD] [--limit N] [--table ROWS]

PATH is a JSON Lines file, one page a line: `html`, `labels` (书文号, 被处罚人, 执法机构, 处罚时间) and, if known, `url`; or a folder with
such files, and pages beside a *.expected.json that tells `n_records`.
Compared after canonical form. A label that is absent was not noted, so only records that carry it are counted. Some
labels were taken from elsewhere (the column's index) and stand nowhere in title and page: the lines above the table say how
many do stand there, and how many of the names of authorities that we give are printed there; the second line of a field
leaves the others out (页面写有的); the third also leaves out pages that hold no decision themselves (正文页: not those marked as
attachment-only or stub, and no prior notices, reminders, reviews). A number whose label lacks the year printed before it is
right (〔2026〕示罚字第1号). Authorities are often labelled by another form of the name: the line 同一机关 counts 示县某局 and
示族自治县某局, 省某厅 and 示省某厅 as the same. A natural person's name
is kept masked, so it is compared as it was read. A page with several decisions is right in a field when one of them says what the
label says. The last lines tell, for each band of confidence, how many of the values found (numbers, parties, authorities by
meaning) are right: what `confidence` is worth.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from crawler.extract import read
from crawler.extract.reading import Reading
from standard import record, values

_TODAY = datetime.date(2026, 1, 1)
_BANDS = (0.95, 0.85, 0.75, 0.6, 0.0)
_NOTICE = re.compile(r"告知书|催告书|复议决定|送达公告|处罚(?:事项|目录)|不予(?:行政)?处罚")
_NO_TEXT = ("d_", "g_", "z_")
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "书文号": ("document_number", values.document_number_key),
    "被处罚人": ("counterparty", values.name_key),
    "执法机构": ("authority", values.name_key),
    "处罚时间": ("decision_date", values.date),
}


def main(arguments: list[str]) -> int:
    """Print a line for each field of each file, the counts of wide tables, and how long a long table takes."""
    parser = argparse.ArgumentParser(description="逐字段的准确率与召回率")
    parser.add_argument("path", type=Path, nargs="?", help="标注文件（jsonl），或装有标注文件、*.expected.json 的目录")
    parser.add_argument("--wrong", choices=_FIELDS, help="逐条列出此要素的错与漏")
    parser.add_argument("--limit", type=int, default=30, help="最多列出多少条")
    parser.add_argument("--table", type=int, metavar="ROWS", help="另测一张这么多行的宽表，从网页到规范记录用多少秒")
    asked = parser.parse_args(arguments)
    if asked.path is None and asked.table is None:
        parser.error("请给出标注文件或目录，或 --table ROWS")
    if asked.path is not None:
        folder = asked.path.is_dir()
        for path in sorted(asked.path.rglob("*.jsonl")) if folder else [asked.path]:
            measure_labels(path, asked.wrong, asked.limit)
        if folder:
            measure_counts(asked.path)
    if asked.table is not None:
        measure_table(asked.table)
    return 0


def measure_labels(path: Path, listed: str | None, left: int) -> None:
    """The figures of one file of labelled pages."""
    started = time.process_time()
    pages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not pages or "labels" not in pages[0]:
        return
    counts: Counter[tuple[str, str]] = Counter()
    forms: Counter[str] = Counter()
    for number, page in enumerate(pages, start=1):
        title = page["labels"].get("标题", "")
        reading = read(
            page["html"].encode(), page.get("url", "page.html"), "text/html; charset=utf-8", "auto", title=title
        )
        forms[reading.form or "none"] += 1
        if page.get("form", "").startswith("a_") and page.get("n"):
            counts["宽表行数", "right" if len(reading.rows) == page["n"] else "wrong"] += 1
        for label, verdict, found in _judged(counts, page, reading):
            if label == listed and verdict != "right" and left > 0:
                left -= 1
                told = (str(number), verdict, page["labels"][label], found, str(reading.form), reading.reason)
                print("\t".join(told))
    print(
        f"{path.name}：{len(pages)} 页，{time.process_time() - started:.1f} 秒；"
        + "，".join(f"{k} {n}" for k, n in sorted(forms.items()))
    )
    views = ("", "（页面写有的）", "（正文页写有的）", "（同一机关）", "（正文页，同一机关）")
    bands = [f"把握 {band:.2f} 以上" if band else "把握更低" for band in _BANDS]
    for line in on_the_page(counts):
        print(line)
    for line in table(counts, [*(f"{label}{view}" for label in _FIELDS for view in views), *bands, "宽表行数"]):
        print(line)


def on_the_page(counts: Counter[tuple[str, str]]) -> Iterable[str]:
    """How many of the labels a reader of the page could know at all, and how many of the names we give stand on it."""
    for label in ("书文号", "被处罚人", "执法机构"):
        views = [label, f"{label}（页面写有的）"] + (["执法机构（写有的，同一机关）"] if label == "执法机构" else [])
        told = [sum(counts[view, verdict] for verdict in ("right", "wrong", "missed")) for view in views]
        if told[0]:
            found = counts[views[-1], "right"]
            yield (
                f"  {label}：标注 {told[0]} 个，写在标题或页面上的 {told[1]} 个（{told[1] / told[0]:.1%}）"
                f"，其中读对 {found} 个（{found / max(told[1], 1):.1%}）"
            )
    given, printed = counts["所给机关", "given"], counts["所给机关", "printed"]
    if given:
        yield f"  执法机构：给出名称 {given} 个，与标题或页面所印一字不差的 {printed} 个（{printed / given:.1%}）"


def _judged(counts: Counter[tuple[str, str]], page: dict[str, Any], reading: Reading) -> Iterable[tuple[str, str, str]]:
    """Counts a page's labels; yields each that stands on the page with its verdict and what was found."""
    rows = [
        record.make(seen.kind, seen.fields, money=seen.money, profile="portal", today=_TODAY, key=b"x" * 32, raw={})
        for seen in reading.rows
    ]
    title = page["labels"].get("标题", "")
    text = _bare(re.sub(r"<[^>]+>", "", page["html"]) + title)
    decided = not _NOTICE.search(title) and not page.get("form", "").startswith(_NO_TEXT)
    for label, (field, canonical) in _FIELDS.items():
        wanted = canonical(page["labels"][label]) if page["labels"].get(label) else None
        if wanted is None:
            continue
        found = {value for row in rows if (value := canonical(str(row[field] or ""))) is not None}
        if field == "counterparty":
            found |= {
                canonical(seen.fields[field]) for seen, row in zip(reading.rows, rows, strict=True) if _masked(row)
            }
        right = any(value == wanted or (label == "书文号" and value.endswith(wanted)) for value in found)
        verdict = "right" if right else "wrong" if found else "missed"
        counts[label, verdict] += 1
        printed = label == "处罚时间" or _bare(page["labels"][label]) in text
        counts[f"{label}（页面写有的）", verdict] += printed
        counts[f"{label}（正文页写有的）", verdict] += printed and decided
        if label == "执法机构":
            right = right or any(same_authority(str(value), str(wanted)) for value in found)
            meant = "right" if right else verdict
            counts["执法机构（同一机关）", meant] += 1
            counts["执法机构（写有的，同一机关）", meant] += printed
            for name in {str(row["authority"]) for row in rows if row["authority"]}:
                counts["所给机关", "given"] += 1
                counts["所给机关", "printed"] += _bare(name) in text
            counts["执法机构（正文页，同一机关）", meant] += decided
        if found and label != "处罚时间" and (printed or label == "执法机构"):
            sure = max(seen.confidence for seen, row in zip(reading.rows, rows, strict=True) if row[field])
            band = next(low for low in _BANDS if sure >= low)
            counts[f"把握 {band:.2f} 以上" if band else "把握更低", "right" if right else "wrong"] += 1
        if printed:
            yield label, verdict, str(sorted(map(str, found))[:3])


def _masked(row: dict[str, Any]) -> bool:
    return row["counterparty_type"] == "natural_person" and bool(row["counterparty"])


def measure_counts(folder: Path) -> None:
    """Pages beside a *.expected.json that says how many records they hold."""
    told = right = 0
    for path in sorted(folder.rglob("*.expected.json")):
        wanted = json.loads(path.read_text(encoding="utf-8"))
        page = path.with_name(path.name.removesuffix(".expected.json") + ".html")
        if "n_records" not in wanted or not page.exists():
            continue
        title = (wanted.get("expected") or {}).get("标题") or ""
        found = len(read(page.read_bytes(), page.name, "text/html", "auto", title=title).rows)
        told, right = told + 1, right + (found == wanted["n_records"])
        if found != wanted["n_records"]:
            print(f"{page}：应有 {wanted['n_records']} 条，读出 {found} 条")
    if told:
        print(f"样页记录条数：{told} 页中 {right} 页相符")


def measure_table(rows: int) -> None:
    """One wide table, no two rows alike, from bytes to canonical records."""
    labels = (
        "序号",
        "行政处罚决定书文号",
        "案件名称",
        "行政相对人名称",
        "统一社会信用代码",
        "违法事实",
        "处罚依据",
        "处罚内容",
        "处罚决定日期",
        "处罚机关",
    )
    lines = [
        (str(n), f"示市监罚〔2026〕{n}号", f"示例{n}号店经营过期食品案", f"示例县第{n}食品店", f"9214060{n:011d}"[:18], f"经营超过保质期的食品{n}袋",
         "《中华人民共和国食品安全法》第一百二十四条", f"罚款{5000 + n}元", f"2026-0{1 + n % 9}-{1 + n % 28:02d}", "示例县市场监督管理局")
        for n in range(1, rows + 1)
    ]  # fmt: skip
    body = "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in line) + "</tr>" for line in (labels, *lines))
    content = f"<html><meta charset='utf-8'><body><table>{body}</table></body></html>".encode()
    best = None
    for _ in range(3):
        started = time.process_time()
        found = read(content, "http://x.example/a.html", "text/html; charset=utf-8", "penalty").rows
        read_in = time.process_time() - started
        for seen in found:
            record.make(
                seen.kind, seen.fields, money=seen.money, profile="portal", today=_TODAY, key=b"x" * 32, raw=seen.raw
            )
        taken = time.process_time() - started
        best = (taken, read_in) if best is None or taken < best[0] else best
        if len(found) != rows:
            raise SystemExit(f"应有 {rows} 条，读出 {len(found)} 条")
    print(f"{rows} 行的宽表：网页到规范记录 {best[0]:.2f} 秒（其中读表 {best[1]:.2f} 秒）")


_AREA = re.compile(r"[\u4e00-\u9fa5]{1,3}族|自治|经济|技术|开发区|行政|监管|监督|管理|省|市|县|区|州|和|与")


def same_authority(one: str, other: str) -> bool:
    """Whether two names are forms of one: the shorter stands in the longer, its letters in order, words of rank left out."""
    short, long = sorted((_AREA.sub("", one), _AREA.sub("", other)), key=len)
    place = -1
    for letter in short:
        place = long.find(letter, place + 1)
        if place < 0:
            return False
    return len(short) >= 3


def _bare(text: str) -> str:
    return re.sub(r"&nbsp;|[^\w]", "", text)


def table(counts: Counter[tuple[str, str]], labels: Iterable[str]) -> Iterable[str]:
    """A line for each label: how often it was right, wrong and missed; precision and recall."""
    for label in labels:
        right, wrong, missed = (counts[label, verdict] for verdict in ("right", "wrong", "missed"))
        if total := right + wrong + missed:
            precision = right / (right + wrong) if right + wrong else 0.0
            yield f"  {label}\tP {precision:.3f}\tR {right / total:.3f}\t（{right} 对，{wrong} 错，{missed} 漏）"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
