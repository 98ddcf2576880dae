"""The judge at a country's size: seconds from frozen Parquet to classes, checks and findings, beside a bare DuckDB script.

    python benchmarks/bench_judge.py [--records N] [--growth] [--five] [--freeze] [--spark MASTER] [--folder DIR]

N publications and N submissions of 500 units are planted as frozen Parquet, with 5 % missing on either side, 3 % mistyped
(number, code, name, day or amount) and 2 % reported or shown twice, and with the truth of what belongs to what. Measured in one
run, each in a process of its own so that its peak memory is its own:

    script   a hand-written DuckDB script over the same Parquet and ready keys: duplicates, pairing, lateness, written
    judge    all of ours: pairing, classes, deadlines, all checks and findings, scores, written

--growth adds a tenth of N, --five five times N; --freeze fills an SQLite database with the records and compares freezing with a
plain sqlite3 cursor that reads the same columns; --spark judges on that Spark as well and compares the result files. The bars
are printed beside the figures; the exit code says whether they hold.
"""

# ruff: noqa: S608 - all SQL here is the benchmark's own

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assessment import freeze as freezing
from assessment.freeze import TABLES, freeze
from assessment.periods import Period
from db.clock import SHANGHAI
from db.models import Batch, Coverage, LocalTime, Portal, Publication, RegisterEntry, Submission, Unit
from db.session import session_of
from db.settings import Workspace

UNITS = 500
PERIOD = "2026-Q3"
AS_OF = datetime.date(2026, 10, 20)
SEED = 7
# How many decisions it takes for N records a side: 5 % of them are missing on each side, 2 % are there twice.
_SHARE = 0.95 * 1.02
_TYPES = {
    "text": "VARCHAR",
    "day": "DATE",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "count": "BIGINT",
    "yes": "BOOLEAN",
}


# ---------------------------------------------------------------- the planted country


def plant(folder: Path, records: int) -> Path:
    """A workspace with its frozen inputs in `folder`, and truth.parquet (published, submitted) beside them."""
    workspace = _workspace(folder)
    inputs = folder / "inputs"
    with session_of(workspace) as session:
        freeze(session, workspace, Period.parse(PERIOD), AS_OF, _scheme(), inputs, None)
    connection = duckdb.connect()
    decisions = round(records / _SHARE)
    connection.execute(_DECISIONS.format(n=decisions, units=UNITS, seed=SEED))
    for table, query in (("submissions", _SUBMISSIONS), ("publications", _PUBLICATIONS), ("defects", _DEFECTS)):
        kinds = TABLES[table]
        made = {row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()}
        columns = ", ".join(
            f'{f"{name}" if name in made else "NULL"}::{_TYPES[kind]} AS "{name}"' for name, kind in kinds.items()
        )
        order = "source, record_id, position" if table == "defects" else "record_id"
        connection.execute(
            f"COPY (SELECT {columns} FROM ({query}) ORDER BY {order}) TO '{inputs / f'{table}.parquet'}'"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
    connection.execute(f"COPY ({_TRUTH}) TO '{folder / 'truth.parquet'}' (FORMAT parquet)")
    connection.close()
    freezing._write_manifest(inputs)
    return inputs


def _scheme() -> str:
    from assessment.scheme import text_of

    return text_of(None, Path("/nonexistent"))[0]


def _workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mingcha.yml").write_text("confirm: {codes: [submitted_late, not_submitted]}\n", encoding="utf-8")
    workspace = Workspace.open(folder)

    def at(day: datetime.date) -> datetime.datetime:
        return datetime.datetime.combine(day, datetime.time(9), SHANGHAI)

    with session_of(workspace) as session:
        for n in range(UNITS):
            session.add(
                Unit(id=f"u{n:03}", name=f"示例{n:03}局", aliases=[], level="municipal", contacts={}, position=n)
            )
        session.flush()
        for n in range(UNITS):
            session.add(
                Portal(id=f"u{n:03}_column", unit_id=f"u{n:03}", kind="both", channel="department", title="双公示专栏",
                       url=f"https://u{n:03}.example/", family="wide_table", render="http", every_hours=24, entry={})
            )  # fmt: skip
        session.flush()
        for n in range(UNITS):
            for week in range(17):
                day = datetime.date(2026, 6, 29) + datetime.timedelta(days=7 * week)
                # One portal in twenty is blocked from September on: nothing can be said of what was due later.
                outcome = "blocked" if n % 20 == 0 and day.month >= 9 else "complete"
                session.add(
                    Coverage(crawl_id=f"u{n:03}-{day}", portal_id=f"u{n:03}_column", looked_at=at(day), outcome=outcome,
                             reason="", who="", notes=[])
                )  # fmt: skip
            for item in range(5):
                session.add(_entry(n, f"c{n:03}{item}", "catalogue", kind="licence", item_name=f"事项{item}许可"))
            session.add(
                _entry(n, f"x{n:03}", "exemptions", document_number_key=f"示{n:03}罚〔2026〕{n}号", ground="不予公开")
            )
            session.add(_entry(n, f"r{n:03}", "repairs", document_number_key=f"示{n:03}罚〔2026〕{n + 7}号", ground="已修复",
                               effective_from=datetime.date(2026, 10, 8)))  # fmt: skip
        session.add(
            Batch(id="b", register="submissions", source="导出.xlsx", sha256="b", edition="2018", received_at=at(AS_OF),
                  imported_at=at(AS_OF))
        )  # fmt: skip
    return workspace


def _entry(unit: int, id: str, register: str, **values: Any) -> RegisterEntry:
    values = {"kind": "penalty", "data": {}, "batch": "b"} | values
    moment = datetime.datetime(2026, 7, 1, tzinfo=SHANGHAI)
    return RegisterEntry(id=id, register=register, unit_id=f"u{unit:03}", imported_at=moment, **values)


# `r(k)`: an even number below one that decision i draws for purpose k, always the same.
_DECISIONS = """
CREATE OR REPLACE MACRO r(i, k) AS (hash(i * 64 + k + {seed} * 7919) % 1000000) / 1000000.0;
CREATE OR REPLACE TABLE decision AS
SELECT *,
       CASE WHEN kind = 'penalty' THEN '罚' ELSE '许可' END AS word,
       CASE WHEN person THEN 'p:' || substr('赵钱孙李周吴郑王冯陈', 1 + (i // 31 % 10)::INT, 1)
            ELSE '示例' || (i // 3) || '商贸有限公司' END AS name,
       CASE WHEN NOT person THEN '91140600' || upper(substr(md5('c' || i // 3), 1, 10)) END AS code,
       day + (1 + floor(r(i, 4) * 6))::INT + CASE WHEN r(i, 5) < 0.03 THEN 30 ELSE 0 END AS received,
       day + (1 + floor(r(i, 6) * 6))::INT + CASE WHEN r(i, 7) < 0.03 THEN 30 ELSE 0 END AS shown
FROM (
    SELECT i, i % {units} AS u, i // {units} AS serial, CASE WHEN i // {units} % 2 = 0 THEN 'penalty' ELSE 'licence' END AS kind,
           DATE '2026-07-01' + floor(r(i, 1) * 92)::INT AS day, r(i, 2) < 0.05 AS person,
           1000.0 * (1 + hash(i + 11) % 50) AS amount,
           r(i, 8) >= 0.05 AS in_p, r(i, 9) >= 0.05 AS in_s, r(i, 10) < 0.02 AS twice_p, r(i, 11) < 0.02 AS twice_s,
           CASE WHEN r(i, 12) < 0.03 THEN 1 + hash(i + 5) % 5 ELSE 0 END AS typo
    FROM range({n}) t(i)
);
"""
_COMMON = """
    kind, printf('u%03d', u) AS unit_id, printf('u%03d', u) AS filed_unit_id,
    printf('示%03d', u) || word || '〔2026〕' || serial2 || '号' AS document_number,
    printf('示%03d', u) || word || '〔2026〕' || serial2 || '号' AS document_number_key,
    printf('示%03d', u) || word || '〔2026〕' || serial2 AS document_number_weak,
    CASE WHEN kind = 'penalty' THEN '违法经营案' ELSE '事项' || serial % 5 || '许可' END AS case_name,
    CASE WHEN kind = 'penalty' THEN '违法经营案' ELSE '事项' || serial % 5 || '许可' END AS case_key,
    CASE WHEN person THEN substr(name, 3) || '某' ELSE name2 END AS counterparty, name2 AS counterparty_key,
    CASE WHEN person THEN 'natural_person' ELSE 'organisation' END AS counterparty_type,
    CASE WHEN kind = 'penalty' THEN '罚款' ELSE '普通' END AS category,
    CASE WHEN kind = 'penalty' THEN '依据有关法律规定，对当事人处以罚款' || amount2::BIGINT || '元' ELSE '准予许可' END AS content,
    CASE WHEN kind = 'penalty' THEN amount2 END AS fine_yuan,
    day2 AS decision_date, CASE WHEN kind = 'licence' THEN day2 END AS valid_from,
    CASE WHEN kind = 'licence' THEN day2 + 1825 END AS valid_to, printf('示例%03d局', u) AS authority
"""
_SUBMISSIONS = f"""
SELECT md5('s' || i || '-' || n) AS record_id, {_COMMON}, code2 AS counterparty_code, 12 AS required_fields,
       received + n::INT + INTERVAL 9 HOUR AS received_at, received + n::INT + INTERVAL 9 HOUR AS last_received_at,
       'b' AS batch, 1 AS version, 1 AS copies
FROM (
    SELECT *, CASE WHEN typo = 1 THEN serial + 40000000 ELSE serial END AS serial2,
           CASE WHEN typo = 2 AND code IS NOT NULL THEN substr(code, 1, 17) || '0'
                WHEN person THEN 'h:' || md5('p' || i) ELSE code END AS code2,
           CASE WHEN typo = 3 AND NOT person THEN name || '（误）' ELSE name END AS name2,
           CASE WHEN typo = 4 THEN day + 1 ELSE day END AS day2, CASE WHEN typo = 5 THEN amount * 10 ELSE amount END AS amount2
    FROM decision, (VALUES (0), (1)) t(n) WHERE in_s AND (n = 0 OR twice_s)
)
"""
_PUBLICATIONS = f"""
SELECT md5('p' || i || '-' || n) AS record_id, {_COMMON}, code AS counterparty_code, 0 AS required_fields,
       printf('u%03d_column', u) AS portal_id, printf('https://u%03d.example/%d.html', u, i) AS url,
       CASE WHEN i % 3 = 0 THEN shown END AS stated_published_on, shown + n::INT + INTERVAL 9 HOUR AS first_seen,
       TIMESTAMP '2026-10-19 09:00:00' AS last_seen, shown - 2 + INTERVAL 9 HOUR AS absent_before, 1 AS copies,
       printf('u%03d-c1', u) AS first_crawl, printf('u%03d-c2', u) AS last_crawl, md5('e' || i) AS evidence,
       'wide_table' AS form, 1.0 AS confidence
FROM (
    SELECT *, serial AS serial2, name AS name2, day AS day2, amount AS amount2
    FROM decision, (VALUES (0), (1)) t(n) WHERE in_p AND (n = 0 OR twice_p)
)
"""
_DEFECTS = """
SELECT 'submission' AS source, md5('s' || i || '-0') AS record_id, 0 AS position, 'N3' AS rule, 'field_missing' AS code,
       'legal_representative' AS field, CASE WHEN r(i, 20) < 0.01 THEN 'E' ELSE 'W' END AS severity,
       '没有填写法定代表人' AS message, '补填法定代表人' AS cure
FROM decision WHERE in_s AND r(i, 20) < 0.02
"""
_TRUTH = """
SELECT i, md5('p' || i || '-' || a.n) AS published, md5('s' || i || '-' || b.n) AS submitted
FROM decision, (VALUES (0), (1)) a(n), (VALUES (0), (1)) b(n)
WHERE in_p AND in_s AND (a.n = 0 OR twice_p) AND (b.n = 0 OR twice_s)
"""


# ---------------------------------------------------------------- what is measured, each in its own process


def script(inputs: Path, out: Path) -> dict[str, float]:
    """What somebody who knows DuckDB would write for pairing and lateness alone."""
    start = time.perf_counter()
    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute(_SCRIPT.format(inputs=inputs, out=out))
    connection.close()
    return {"all": time.perf_counter() - start}


_SCRIPT = """
CREATE TABLE p AS
SELECT record_id, kind, unit_id, document_number_key AS number, document_number_weak AS weak, counterparty_code AS code,
       counterparty_key AS name, decision_date AS day, fine_yuan AS fine, first_seen, absent_before, stated_published_on AS stated
FROM read_parquet('{inputs}/publications.parquet')
QUALIFY row_number() OVER (PARTITION BY kind, document_number_key, counterparty_key ORDER BY first_seen, record_id) = 1;
CREATE TABLE s AS
SELECT record_id, kind, unit_id, document_number_key AS number, document_number_weak AS weak, counterparty_code AS code,
       counterparty_key AS name, decision_date AS day, fine_yuan AS fine, received_at
FROM read_parquet('{inputs}/submissions.parquet')
QUALIFY row_number() OVER (PARTITION BY kind, document_number_key, counterparty_key ORDER BY received_at, record_id) = 1;
CREATE TABLE pairs AS SELECT p.record_id AS p, s.record_id AS s, 'number_code' AS rule FROM p JOIN s USING (kind, number, code);
INSERT INTO pairs SELECT p.record_id, s.record_id, 'number_name'
FROM (SELECT * FROM p ANTI JOIN pairs ON p.record_id = pairs.p) p JOIN (SELECT * FROM s ANTI JOIN pairs ON s.record_id = pairs.s) s
     USING (kind, number, name);
INSERT INTO pairs SELECT p.record_id, s.record_id, 'weak_number_code'
FROM (SELECT * FROM p ANTI JOIN pairs ON p.record_id = pairs.p) p JOIN (SELECT * FROM s ANTI JOIN pairs ON s.record_id = pairs.s) s
     USING (kind, weak, code, unit_id);
INSERT INTO pairs SELECT p.record_id, s.record_id, 'code_date'
FROM (SELECT * FROM p ANTI JOIN pairs ON p.record_id = pairs.p) p JOIN (SELECT * FROM s ANTI JOIN pairs ON s.record_id = pairs.s) s
     USING (kind, code, unit_id, day, fine);
COPY (
    SELECT pairs.p, pairs.s, coalesce(pairs.rule, 'single') AS rule, coalesce(s.unit_id, p.unit_id) AS unit_id, d.report_due, d.publish_due,
           s.received_at::DATE > d.report_due AS report_late, got.ordinal - due.ordinal AS report_days,
           p.absent_before::DATE > d.publish_due OR p.stated > d.publish_due AS publish_late,
           seen.ordinal - shown.ordinal AS publish_days
    FROM (SELECT p, s, rule FROM pairs
          UNION ALL SELECT record_id, NULL, NULL FROM p ANTI JOIN pairs ON p.record_id = pairs.p
          UNION ALL SELECT NULL, record_id, NULL FROM s ANTI JOIN pairs ON s.record_id = pairs.s) pairs
    LEFT JOIN p ON p.record_id = pairs.p LEFT JOIN s ON s.record_id = pairs.s
    LEFT JOIN read_parquet('{inputs}/deadlines.parquet') d ON d.kind = coalesce(s.kind, p.kind) AND d.day = coalesce(s.day, p.day)
    LEFT JOIN read_parquet('{inputs}/calendar.parquet') got ON got.day = s.received_at::DATE
    LEFT JOIN read_parquet('{inputs}/calendar.parquet') due ON due.day = d.report_due
    LEFT JOIN read_parquet('{inputs}/calendar.parquet') seen ON seen.day = p.absent_before::DATE
    LEFT JOIN read_parquet('{inputs}/calendar.parquet') shown ON shown.day = d.publish_due
) TO '{out}/script.parquet' (FORMAT parquet, COMPRESSION zstd);
"""


def judged(inputs: Path, out: Path) -> dict[str, float]:
    """Ours, whole: from the frozen Parquet to the result files."""
    start = time.perf_counter()
    import assessment.checks  # noqa: F401 - the package's own start is not part of judging
    from assessment.run import judge

    stages: dict[str, float] = {"import": time.perf_counter() - start}
    begin = last = time.perf_counter()
    name = "load"

    def tell(message: str) -> None:
        nonlocal last, name
        now = time.perf_counter()
        stages[name] = now - last
        name, last = message, now

    judgement = judge(inputs, tell)
    tell("")
    stages["all"] = time.perf_counter() - begin
    shutil.rmtree(out / "results", ignore_errors=True)
    shutil.copytree(judgement.results, out / "results")
    return stages


def quality(folder: Path, out: Path) -> dict[str, float]:
    """Pairs that were made, how many of them are right, and how many decisions of both sides were paired."""
    connection = duckdb.connect()
    found, right, decisions, truth = connection.execute(f"""
        WITH made AS (
            SELECT published, submitted
            FROM read_json('{out}/results/pairs.jsonl', format='newline_delimited',
                           columns={{published: 'VARCHAR', submitted: 'VARCHAR'}})
            WHERE published IS NOT NULL AND submitted IS NOT NULL
        ), truth AS (SELECT * FROM read_parquet('{folder}/truth.parquet'))
        SELECT (SELECT count(*) FROM made), count(*), count(DISTINCT i), (SELECT count(DISTINCT i) FROM truth)
        FROM made JOIN truth USING (published, submitted)
    """).fetchone() or (0, 0, 0, 0)
    connection.close()
    return {"pairs": found, "precision": right / max(found, 1), "recall": decisions / max(truth, 1)}


def alone(what: str, inputs: Path, out: Path, **environment: str) -> dict[str, Any]:
    """One measurement in a process of its own: its stages, and its peak memory in GB."""
    out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--measure", what, "--inputs", str(inputs), "--out", str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(what: str, inputs: Path, out: Path) -> None:
    stages = (script if what == "script" else judged)(inputs, out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"stages": stages, "gb": used.ru_maxrss / 1e6, "cpu": used.ru_utime + used.ru_stime}))


# ---------------------------------------------------------------- freezing


def freezing_speed(folder: Path, inputs: Path) -> tuple[float, float]:
    """(CPU seconds of a bare cursor over the same columns, of freeze), from an SQLite database with the planted records."""
    workspace = Workspace.open(folder)
    file = workspace.var / "mingcha.db"
    connection = duckdb.connect()
    for model, table in ((Publication, "publications"), (Submission, "submissions")):
        with session_of(workspace) as session:
            filled = session.scalar(select(func.count()).select_from(model))
        if not filled:  # a folder that was kept has them
            _fill(connection, inputs / f"{table}.parquet", file, model)
    columns = ", ".join(freezing._COLUMNS)
    start = time.process_time()
    with sqlite3.connect(file) as plain:
        for table, side in (("publication", "publications"), ("submission", "submissions")):
            more = ", ".join(name for name in TABLES[side] if name not in freezing._RECORD)
            cursor = plain.execute(f"SELECT {columns}, {more} FROM {table} ORDER BY record_id")
            while cursor.fetchmany(5000):
                pass
    bare = time.process_time() - start
    start = time.process_time()
    with session_of(workspace) as session:
        freeze(session, workspace, Period.parse(PERIOD), AS_OF, _scheme(), folder / "frozen", None)
    return bare, time.process_time() - start


def _fill(connection: duckdb.DuckDBPyConnection, parquet: Path, file: Path, model: Any) -> None:
    table = model.__table__
    known = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{parquet}')").fetchall()}
    blank = {"defects": "[]", "raw": "{}", "warnings": "[]", "content_hash": "x"}
    moments = [column.name for column in table.columns if isinstance(column.type, LocalTime)]
    columns = [column.name for column in table.columns if column.name in known or column.name in blank]
    taken = ", ".join(
        f"'{blank[name]}'" if name in blank else f"{name}::VARCHAR" if name.endswith(("_date", "_from", "_to", "_on", "_until"))
        else f"strftime({name}, '%Y-%m-%d %H:%M:%S.000000')" if name in moments
        else name
        for name in columns
    )  # fmt: skip
    cursor = connection.execute(f"SELECT {taken} FROM read_parquet('{parquet}')")
    with sqlite3.connect(file) as plain:
        marks = ", ".join("?" * len(columns))
        while rows := cursor.fetchmany(20000):
            plain.executemany(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", rows)


# ---------------------------------------------------------------- the run


def on_spark(place: Path, master: str) -> bool:
    """Whether the judge says the same on that Spark, byte for byte."""
    other = alone("judge", place / "inputs", place / "spark", MINGCHA_SPARK=master)
    ours, theirs = place / "out" / "results", place / "spark" / "results"
    same = all(file.read_bytes() == (theirs / file.name).read_bytes() for file in ours.iterdir())
    print(f"  spark  {other['stages']['all']:.2f} s, results {'the same bytes' if same else 'DIFFER'}", flush=True)
    return same


def run(folder: Path, records: int, rounds: int) -> dict[str, Any]:
    place = folder / str(records)
    inputs = place / "inputs"
    if not inputs.is_dir():
        inputs = plant(place, records)
    rows = [
        duckdb.sql(f"SELECT count(*) FROM read_parquet('{inputs / f'{name}.parquet'}')").fetchall()[0][0]
        for name in ("publications", "submissions")
    ]
    print(f"\n{rows[0]:,} publications x {rows[1]:,} submissions, {UNITS} units")
    scripts, ours = [], []
    for _ in range(rounds):  # in turn, so that a slower machine shows in both
        scripts.append(alone("script", inputs, place / "out"))
        ours.append(alone("judge", inputs, place / "out"))
    bare = min(scripts, key=lambda one: one["stages"]["all"])
    best = min(ours, key=lambda one: one["stages"]["all"])
    for stage, seconds in best["stages"].items():
        print(f"    {stage:<12} {seconds:8.2f} s")
    ratio = best["stages"]["all"] / bare["stages"]["all"]
    found = quality(place, place / "out")
    print(f"  script {bare['stages']['all']:.2f} s, {bare['gb']:.2f} GB, cpu {bare['cpu']:.1f} s")
    print(
        f"  judge  {best['stages']['all']:.2f} s, {best['gb']:.2f} GB, cpu {best['cpu']:.1f} s -> {ratio:.2f} x the script"
    )
    print(f"  {found['pairs']:,} pairs, precision {found['precision']:.5f}, recall {found['recall']:.5f}", flush=True)
    return {"seconds": best["stages"]["all"], "ratio": ratio, "gb": best["gb"], **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--growth", action="store_true", help="also a tenth of N, and the exponent between the two")
    parser.add_argument("--five", action="store_true", help="also five times N")
    parser.add_argument("--freeze", action="store_true", help="also freezing from SQLite")
    parser.add_argument("--spark", metavar="MASTER", help="also the judge on that Spark (docs/spark.md)")
    parser.add_argument("--folder", type=Path, help="keep the planted data here and use it again")
    parser.add_argument("--measure", choices=("script", "judge"), help=argparse.SUPPRESS)
    parser.add_argument("--inputs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.inputs, options.out)
        return 0
    folder = options.folder or Path(tempfile.mkdtemp(prefix="bench-judge-"))
    try:
        bars = _bars(folder, options)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    print()
    for name, value, bar, good in bars:
        print(f"  {'ok  ' if good else 'MISS'} {name}: {value} (bar {bar})")
    return 0 if all(good for *_, good in bars) else 1


def _bars(folder: Path, options: argparse.Namespace) -> list[tuple[str, str, str, bool]]:
    n = options.records
    made = run(folder, n, options.rounds)
    bars = [
        ("judge beside the script", f"{made['ratio']:.2f} x", "<= 2.5 x", made["ratio"] <= 2.5),
        ("peak memory", f"{made['gb']:.2f} GB", "<= 3 GB", made["gb"] <= 3),
        ("pairing precision", f"{made['precision']:.5f}", ">= 0.999", made["precision"] >= 0.999),
        ("pairing recall", f"{made['recall']:.5f}", ">= 0.99", made["recall"] >= 0.99),
    ]
    for wanted, size in ((options.growth, n // 10), (options.five, n * 5)):
        if wanted:
            other = run(folder, size, options.rounds)
            exponent = math.log(other["seconds"] / made["seconds"]) / math.log(size / n)
            bars.append((f"growth between {size:,} and {n:,}", f"n^{exponent:.2f}", "<= n^1.15", exponent <= 1.15))
    if options.spark:
        same = on_spark(folder / str(n), options.spark)
        bars.append(("results on Spark", "the same" if same else "other ones", "the same bytes", same))
    if options.freeze:
        bare, ours = freezing_speed(folder / str(n), folder / str(n) / "inputs")
        print(f"\nfreeze: plain cursor {bare:.1f} s, freeze {ours:.1f} s")
        bars.append(("freezing beside a plain cursor", f"{ours / bare:.2f} x", "<= 3 x", ours <= 3 * bare))
    return bars


if __name__ == "__main__":
    os.environ.setdefault("MINGCHA_NOW", f"{AS_OF}T18:00:00+08:00")
    sys.exit(main())
