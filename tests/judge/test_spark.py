"""The judge on a real Spark, one master and two workers, says byte for byte what it says on DuckDB."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assessment import run
from assessment.engine import open_engine
from assessment.spark import in_spark
from standard.errors import Refused
from tests.judge.test_checks import CASES

ROOT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------- how a query is said


def test_where_nulls_stand_and_how_words_are_written() -> None:
    said = in_spark(
        """SELECT "a", ROW_NUMBER() OVER (PARTITION BY "b" ORDER BY "c" DESC) FROM "t" ORDER BY "a" NULLS FIRST"""
    )
    assert said == "SELECT `a`, ROW_NUMBER() OVER (PARTITION BY `b` ORDER BY `c` DESC) FROM `t` ORDER BY `a`"
    assert in_spark("SELECT 'it''s \\'") == r"SELECT 'it\'s \\'"


def test_patterns_mean_the_same() -> None:
    assert r"'(?d)号?\\z'" in in_spark("SELECT REGEXP_MATCHES(\"a\", '号?$')")
    assert in_spark(r"SELECT REGEXP_REPLACE(a, '([$\s])\.0$', '\1$', 'g')").endswith(
        r"""'(?d)([$[\\t\\n\\f\\r ]])\\.0\\z', '$1\\$')"""
    )


def test_only_what_may_be_a_number_is_written_like_one() -> None:
    query = 'SELECT CAST("more" AS TEXT), CAST("day" AS TEXT) FROM (SELECT "fine" * 2 AS "more", "day" FROM "t")'
    assert "TYPEOF" not in in_spark(query)
    assert in_spark(query, {"fine"}).count("TYPEOF(`more`)") == 1 and "TYPEOF(`day`)" not in in_spark(query, {"fine"})


def test_without_pyspark_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_SPARK", "spark://nowhere:7077")
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "py4j.protocol", None)
    with pytest.raises(Refused, match=r"MINGCHA_SPARK=spark://nowhere:7077：没有安装 pyspark"):
        open_engine(tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- a cluster


@dataclass
class Cluster:
    """One master with two workers, each a process of its own with one core."""

    master: str
    folder: Path
    environment: dict[str, str]

    def python(self, code: str, *arguments: str | Path, **more: str) -> str:
        """What this Python prints that is run beside the cluster, as a user's command is."""
        environment = self.environment | {"MINGCHA_SPARK": self.master} | more
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=3400,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-8000:]
        return done.stdout

    def executors(self) -> dict[str, set[str]]:
        """application -> the workers that worked for it"""
        found: dict[str, set[str]] = {}
        for app, worker in re.findall(
            r"Launching executor (\S+)/\d+ on worker (\S+)", (self.folder / "master.log").read_text()
        ):
            found.setdefault(app, set()).add(worker)
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: pip install 'mingcha[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless")
    folder = tmp_path_factory.mktemp("spark")
    # Short lives: nothing is gained by compiling what runs for a minute twice.
    java = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "JAVA_TOOL_OPTIONS": java}
    home = Path(importlib.util.find_spec("pyspark").origin).parent  # type: ignore[union-attr, arg-type]
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, what: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        command = [
            home / "bin" / "spark-class",
            f"org.apache.spark.deploy.{what}",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
        ]
        with log.open("wb") as target:
            started.append(
                subprocess.Popen(
                    [*command, *arguments], env=environment | {"SPARK_HOME": str(home)}, stdout=target, stderr=target
                )
            )
        return log

    try:
        log = start("master", "master.Master", "--port", "0")
        master = _said(log, r"Starting Spark master at (spark://\S+)")[0]
        for number in (1, 2):
            start(
                f"worker{number}",
                "worker.Worker",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                str(folder / f"work{number}"),
                master,
            )
        _said(log, r"Registering worker (\S+)", 2)
        yield Cluster(master, folder, environment)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(300)


def _said(log: Path, pattern: str, times: int = 1) -> list[str]:
    """What the log says, as soon as it has said it so many times."""
    for _ in range(3000):
        found = re.findall(pattern, log.read_text())
        if len(found) >= times:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{log}: {log.read_text()[-4000:]}")


# ---------------------------------------------------------------- expressions that the two would take differently

_TELL = """
import sys
from pathlib import Path
from assessment.engine import F, json_text, open_engine
def asked(engine):
    a, b, n = F.col("a"), F.col("b"), F.col("n")
    return engine.table("things").select(
        "i", json_text(a).alias("json"), F.upper("a").alias("upper"), F.length("a").alias("length"), F.sha2("a", 256).alias("sha"),
        F.levenshtein("a", "b").alias("edits"), n.cast("string").alias("number"), F.col("at").cast("string").alias("moment"),
        F.col("on").cast("string").alias("day"), F.col("at").cast("date").alias("at_day"), F.substring("a", 2, 3).alias("part"),
        F.regexp_like(a, F.lit("[0-9]{3,}号?$")).alias("long"), F.regexp_like(a, F.lit("^.{0,4}$")).alias("short"),
        F.regexp_replace(a, "[\\\\s()（）\\\\[\\\\]—-]", "").alias("bare"), F.regexp_replace(n.cast("string"), "^([0-9]+)\\\\.0$", "\\\\1").alias("yuan"),
        F.concat_ws("、", a, b).alias("listed"), F.greatest("a", "b").alias("greatest"), F.datediff("on", "at").alias("days"),
        (a < b).alias("before"), a.contains(b).alias("holds"), a.eqNullSafe(b).alias("same"), F.rpad("a", 6, "0").alias("filled"),
    )
engine = open_engine(Path(sys.argv[1]))
engine.load("things", Path(sys.argv[1]) / "things.parquet")
for row in engine.rows(asked(engine), ["i"]):
    print(repr(row))
grouped = engine.table("things").groupBy("on").agg(
    F.array_join(F.sort_array(F.collect_list("a")), "、").alias("all"), F.count_distinct("a").alias("kinds"), F.max("n").alias("most"))
for row in engine.rows(grouped, ["on"]):
    print(repr(row))
engine.write_lines(engine.ask(engine.table("things").where(F.col("a").isNotNull()), ["i"]), json_text(F.col("a")), Path(sys.argv[1]) / sys.argv[2])
engine.close()
"""


def _things(folder: Path) -> None:
    chance = random.Random(7)
    letters = [chr(c) for c in (*range(1, 0x250), 0x2028, 0x2029, 0x3000, 0xFF21, 0xFF41, 0x1C8A, 0x20BB7, 0x10FFFD)]
    words: list[str | None] = [
        None,
        "",
        "null",
        '"\\/',
        "示罚〔2026〕123号\n",
        "示罚〔2026〕123号",
        "[a]",
        "示(a）",
        "straße",
        "1.0E7",
        *letters,
    ]
    words += ["".join(chance.choices([*letters, *"号〔〕0123456789"], k=chance.randrange(1, 9))) for _ in range(2000)]
    numbers: list[float | None] = [
        None,
        0.0,
        -0.0,
        1e7,
        1.5e7,
        12345678.9,
        1e15,
        9007199254740993.0,
        1e16,
        2e22,
        1e-3,
        1e-4,
        2.5e-7,
        -3e9,
    ]
    numbers += [chance.randrange(10 ** chance.randrange(1, 15)) / 100 for _ in range(2000)]
    count = len(words)
    days = [None, *(chance.randrange(14000, 21000) for _ in range(count - 1))]
    moments = [
        None if day is None else day * 86_400_000_000 + chance.choice((0, 9 * 3600 * 10**6, 123_450, 7)) for day in days
    ]
    columns: dict[str, Any] = {
        "i": list(range(count)),
        "a": words,
        "b": [chance.choice(words[:40]) if chance.random() < 0.5 else (word or "")[:-1] for word in words],
        "n": [numbers[i % len(numbers)] for i in range(count)],
        "on": pa.array([None if day is None else day // 500 * 500 for day in days], pa.int32()).cast(pa.date32()),
        "at": pa.array(moments, pa.timestamp("us")),
    }
    pq.write_table(pa.table(columns), folder / "things.parquet")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_expression_means_the_same(cluster: Cluster, tmp_path: Path) -> None:
    _things(tmp_path)
    here = cluster.python(_TELL, tmp_path, "duckdb.txt", MINGCHA_SPARK="").splitlines()
    there = cluster.python(_TELL, tmp_path, "spark.txt").splitlines()
    assert [(ours, theirs) for ours, theirs in zip(here, there, strict=True) if ours != theirs] == []
    assert len(here) > 2500
    assert (tmp_path / "spark.txt").read_bytes() == (tmp_path / "duckdb.txt").read_bytes() != b""


# ---------------------------------------------------------------- whole judgements


def _sample_city(folder: Path) -> Path:
    """The month of the sample city, crawled for real: its frozen inputs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MINGCHA_")}
    command = [sys.executable, ROOT / "cli.py", "demo", "--quick", "--json", "--keep", folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1700)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "var" / "periods" / "2026-09" / "inputs"


def _cases(city: Any) -> Path:
    """A unit for each case of test_checks: every check accuses and is silent."""
    for name, (build, _, portal, catalogue, unit) in CASES.items():
        city.unit(name, **unit)
        if portal:
            city.portal()
        if catalogue:
            city.entry("catalogue", item_name="违法经营案")
        build(city)
    city.judge()
    return Path(city.workspace.periods) / "2026-09" / "inputs"


def _planted(folder: Path) -> Path:
    """20,000 publications and submissions with typos, duplicates and gaps, as the benchmark plants them."""
    code = "import sys, pathlib; sys.path.insert(0, 'benchmarks'); import bench_judge; bench_judge.plant(pathlib.Path(sys.argv[1]), 20_000)"
    environment = {**os.environ, "MINGCHA_NOW": "2026-10-20T18:00:00+08:00"}
    subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, env=environment, check=True, timeout=900)
    return folder / "inputs"


_JUDGE = """
import shutil, sys
from pathlib import Path
from assessment.run import judge
for inputs in sys.argv[1:]:
    made = judge(Path(inputs))
    shutil.copytree(made.results, Path(inputs).parent / "by_spark")
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_results_are_the_same_bytes(cluster: Cluster, whole_city: Any, tmp_path: Path) -> None:
    before = set(cluster.executors())
    places = [_sample_city(tmp_path / "city"), _cases(whole_city), _planted(tmp_path / "planted")]
    cluster.python(_JUDGE, *places)
    for inputs in places:
        here, there = run.judge(inputs).files(), inputs.parent / "by_spark"
        assert {file.name for file in there.iterdir()} == here.keys() == {f"{name}.jsonl" for name in run.RESULTS}
        for name, content in here.items():
            assert (there / name).read_bytes() == content, f"{inputs}: {name}"
            assert content
        assert [left for left in inputs.parent.iterdir() if "-spark-" in left.name] == []
    workers = [workers for app, workers in cluster.executors().items() if app not in before]
    assert [len(each) for each in workers] == [2] * len(places)
