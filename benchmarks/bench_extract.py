"""Precision and recall of extraction, per field, over labelled pages.

    python benchmarks/bench_extract.py PATH [--wrong FIELD] [--limit N]

PATH is a JSON Lines file, one page a line: `html`, `labels` (书文号, 被处罚人, 执法机构, 处罚时间) and, if known, `url`.
Compared after canonical form. A label that is absent was not noted, so only records that carry it are counted. Some
labels were taken from elsewhere (the column's index) and stand nowhere in title and page: the second line of a field
leaves those out. A number whose label lacks the year printed before it is right (〔2026〕示罚字第1号). Authorities are often
labelled by a short name: the line 含简称 also counts a name that is part of the other as right. A page with several
decisions is right in a field when one of them says what the label says.
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
from standard import record, values

_TODAY = datetime.date(2026, 1, 1)
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "书文号": ("document_number", values.document_number_key),
    "被处罚人": ("counterparty", values.name_key),
    "执法机构": ("authority", values.name_key),
    "处罚时间": ("decision_date", values.date),
}


def main(arguments: list[str]) -> int:
    """Print a line for each field of each file."""
    parser = argparse.ArgumentParser(description="逐字段的准确率与召回率")
    parser.add_argument("path", type=Path)
    parser.add_argument("--wrong", choices=_FIELDS, help="逐条列出此要素的错与漏")
    parser.add_argument("--limit", type=int, default=30, help="最多列出多少条")
    asked = parser.parse_args(arguments)
    started = time.process_time()
    pages = [json.loads(line) for line in asked.path.read_text(encoding="utf-8").splitlines() if line.strip()]
    counts: Counter[tuple[str, str]] = Counter()
    forms: Counter[str] = Counter()
    left = asked.limit
    for number, page in enumerate(pages, start=1):
        reading = read(
            page["html"].encode(),
            page.get("url", "page.html"),
            "text/html; charset=utf-8",
            "auto",
            title=page["labels"].get("标题", ""),
        )
        forms[reading.form or "none"] += 1
        rows = [
            record.make(seen.kind, seen.fields, money=seen.money, profile="portal", today=_TODAY, key=b"x" * 32, raw={})
            for seen in reading.rows
        ]
        text = _bare(re.sub(r"<[^>]+>", "", page["html"]) + page["labels"].get("标题", ""))
        for label, (field, canonical) in _FIELDS.items():
            wanted = canonical(page["labels"][label]) if page["labels"].get(label) else None
            if wanted is None:
                continue
            found = {value for row in rows if (value := canonical(str(row[field] or ""))) is not None}
            right = any(value == wanted or (label == "书文号" and value.endswith(wanted)) for value in found)
            verdict = "right" if right else "wrong" if found else "missed"
            counts[label, verdict] += 1
            printed = label == "处罚时间" or _bare(page["labels"][label]) in text
            counts[f"{label}（页面写有的）", verdict] += printed
            if label == "执法机构":
                short = any(str(value) in str(wanted) or str(wanted) in str(value) for value in found)
                counts["执法机构（含简称）", "right" if short else verdict] += 1
            if label == asked.wrong and printed and verdict != "right" and left > 0:
                left -= 1
                print(
                    f"{number}\t{verdict}\t{page['labels'][label]}\t{sorted(map(str, found))[:3]}\t{reading.form}\t{reading.reason}"
                )
    print(
        f"{asked.path.name}：{len(pages)} 页，{time.process_time() - started:.1f} 秒；"
        + "，".join(f"{k} {n}" for k, n in sorted(forms.items()))
    )
    for line in table(
        counts, [name for label in _FIELDS for name in (label, f"{label}（页面写有的）", f"{label}（含简称）")]
    ):
        print(line)
    return 0


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
