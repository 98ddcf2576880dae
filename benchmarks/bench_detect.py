"""Which family each saved page is taken for, by what, and what it should be.    python benchmarks/bench_detect.py PATH [--json]

PATH holds folders of saved pages, named after what made them; a page's own address is taken, without its host, from
`page_url` in the file NAME.expected.json beside it, or from a comment at its top. Exit code 1 when a page is taken for
something else.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crawler import makers
from crawler.detect import Glance, Recognised, candidates, path_of
from crawler.extract import tables
from crawler.extract.decode import decode

# folder (its beginning) -> the families that read such a page rightly; what made it, where the page itself can tell
EXPECTED: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("hanweb_jcms_jiangxi", ("hanweb_query_list",), None),
    ("ucap_gansu", ("ucap_commented",), "UCAP"),
    ("truecms", ("truecms",), None),
    ("henan_nongye", ("article",), None),
    ("gov_articles_trs", ("article",), None),
    ("trs_wcm", ("article", "wide_table"), None),
    ("ucap_", ("article", "wide_table"), "UCAP"),
    ("credit_", ("article",), None),
    ("", ("article", "wide_table"), None),  # bodies of details of other makes
)
_COMMENT = re.compile(r"^\s*<!--\s*(https?://\S+?)\s*-->")


def pages(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Every saved page with its text and its address on a host of no name."""
    for file in sorted(root.rglob("*")):
        if file.suffix not in (".html", ".htm", ".shtml", ".jsonp") or not file.is_file():
            continue
        text = decode(file.read_bytes())
        note = file.with_suffix("").with_suffix(".expected.json")
        told = json.loads(note.read_text(encoding="utf-8")).get("page_url") if note.exists() else None
        comment = _COMMENT.match(text)
        address = told or (comment[1] if comment else "/")
        yield file, text, "http://host.example" + path_of(address.replace("&amp;", "&"))


def expected_of(file: Path) -> tuple[tuple[str, ...], str | None]:
    """The families and the maker that a page's folder stands for."""
    for start, families, maker in EXPECTED:
        if any(part.startswith(start) for part in file.parts[-3:-1]):
            return families, maker
    raise AssertionError("the last line of EXPECTED fits everything")


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    root = Path(sys.argv[1])
    results: list[dict[str, object]] = []
    started = time.process_time()
    for file, text, url in pages(root):
        tree = tables.parse(text)
        found = candidates(Glance(text, tree, url))
        best = found[0] if found else Recognised("", ())
        maker = makers.maker_of(Glance(text, tree, url))
        wanted, made = expected_of(file)
        stub = tables.text_of(tree.body).strip() == "" if tree.body is not None else True
        right = best.family in wanted and (made is None or (maker is not None and maker[0] == made))
        results.append(
            {
                "page": str(file.relative_to(root)), "expected": "/".join(wanted) + (f" ({made})" if made else ""),
                "recognised": best.family, "marks": list(best.marks), "maker": maker[0] if maker else "",
                "maker_marks": [mark.reason for mark in maker[1]] if maker else [],
                "others": [f"{each.family} {each.weight}" for each in found[1:]], "right": right, "nothing_on_it": stub,
            }
        )  # fmt: skip
    seconds = time.process_time() - started
    counted = [each for each in results if not each["nothing_on_it"]]
    wrong = [each for each in counted if not each["right"]]
    if "--json" in sys.argv:
        print(
            json.dumps({"pages": results, "right": len(counted) - len(wrong), "of": len(counted)}, ensure_ascii=False)
        )
    else:
        for each in results:
            sign = "-" if each["nothing_on_it"] else "√" if each["right"] else "×"
            print(f"{sign} {each['page']}\n    expected {each['expected']}; recognised {each['recognised'] or 'nothing'}"
                  f"{' made by ' + str(each['maker']) if each['maker'] else ''}: {'、'.join(each['marks'])}"  # type: ignore[arg-type]
                  f"{'; also ' + ', '.join(each['others']) if each['others'] else ''}")  # type: ignore[arg-type]  # fmt: skip
        print(
            f"{len(counted) - len(wrong)} of {len(counted)} pages recognised; {1000 * seconds / max(len(results), 1):.1f} ms CPU a page"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
