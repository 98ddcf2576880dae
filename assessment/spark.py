"""The same judgement on Spark: every plan of the engine, run on a cluster, with results that equal DuckDB's byte for byte.

Nothing above the engine knows of it. The SQL that `engine.py` writes for DuckDB is said in Spark's words by sqlglot; where the
two mean different things by the same words, the functions below say it so that Spark means what DuckDB means.

A kept table is Parquet in a folder beside the frozen inputs, which the workers must see under the same path as this process;
it goes when nobody reads it any more. Only SQL reaches the workers: they need no Python. How to run it: docs/spark.md.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow.parquet as pq
import sqlglot
from sqlglot import expressions
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from assessment.engine import Engine, Frame
from standard.errors import Refused

# Rows of the frozen inputs for one part of a shuffle; Spark puts small parts together by itself, but never divides one.
_ROWS_A_PART = 25_000
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # a value that does not fit stops the judgement, as it does on DuckDB
    "spark.sql.session.timeZone": "UTC",  # our times are of Asia/Shanghai and bear no zone: nothing may move them
    "spark.ui.showConsoleProgress": "false",
}


class SparkEngine(Engine):
    """An engine whose work is done by the Spark at `master`, and whose tables lie in a folder of their own in `folder`."""

    def __init__(self, master: str, folder: Path) -> None:
        super().__init__()
        self.session = _session(master)
        self.numbers: set[str] = set()  # names under which some column is a double
        # The name of what a killed run leaves: `assess` clears it away.
        self.folder = Path(tempfile.mkdtemp(prefix=f".results-{os.getpid()}-spark-", dir=folder))

    def close(self) -> None:
        try:
            self.session.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            super().close()

    def _open(self, name: str, file: Path) -> int:
        self._show(name, self.session.read.parquet(_address(file)))
        rows = int(pq.read_metadata(file).num_rows)
        parts = max(8, (sum(self._rows.values()) + rows) // _ROWS_A_PART)
        self.session.conf.set("spark.sql.shuffle.partitions", str(parts))
        return rows

    def values(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> Frame:
        schema = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
        self._show(name, self.session.createDataFrame([tuple(row) for row in rows], schema))
        return self.table(name)

    def _read(self, query: str) -> Sequence[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._ask(query).collect()
        return rows

    def _write(self, query: str, file: Path) -> None:
        parts = self.folder / file.name
        self._ask(query).write.text(_address(parts), compression="none", lineSep="\n")
        with file.open("wb") as target:
            for part in sorted(parts.glob("part-*")):  # numbered in the order of the rows
                with part.open("rb") as content:
                    shutil.copyfileobj(content, target)
        shutil.rmtree(parts)

    def _create(self, name: str, query: str) -> None:
        made = self._ask(query)
        place = _address(self.folder / name)
        made.write.parquet(place)
        self._show(name, self.session.read.schema(made.schema).parquet(place))

    def _drop(self, name: str) -> None:
        self.session.catalog.dropTempView(name)
        shutil.rmtree(self.folder / name)

    def _ask(self, query: str) -> Any:
        return self.session.sql(in_spark(query, self.numbers))

    def _show(self, name: str, frame: Any) -> None:
        frame.createOrReplaceTempView(name)
        self.columns.setdefault(name, list(frame.columns))
        self.numbers.update(field.name for field in frame.schema if field.dataType.typeName() == "double")


def _session(master: str) -> Any:
    """Raises Refused when there is no Spark to ask."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise Refused(
            f"环境变量 MINGCHA_SPARK={master}：没有安装 pyspark。请 pip install 'mingcha[spark]'，或去掉该变量改用 DuckDB"
        ) from None
    builder = SparkSession.builder.master(master).appName("mingcha")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkRuntimeError) as error:
        said = str(error).strip().splitlines()[0]
        raise Refused(
            f"环境变量 MINGCHA_SPARK={master}：连接不上 Spark（{said}）。请确认已安装 Java 17、master 已启动且地址正确，"
            "或去掉该变量改用 DuckDB；见 docs/spark.md"
        ) from error


def _address(place: Path) -> str:
    return place.resolve().as_uri()


# ---------------------------------------------------------------- DuckDB's SQL in Spark's words


def in_spark(query: str, numbers: Set[str] = frozenset()) -> str:
    """The query as Spark says it. `numbers`: names under which some column is a double.

    >>> in_spark('SELECT "a" FROM "t" ORDER BY "a"')
    'SELECT `a` FROM `t` ORDER BY `a` NULLS LAST'
    """
    tree = sqlglot.parse_one(query, dialect="duckdb")
    known = set(numbers)
    aliases = list(tree.find_all(expressions.Alias))
    while found := {alias.alias for alias in aliases if _number(alias.this, known)} - known:
        known |= found
    for cast in tree.find_all(expressions.Cast):
        cast.meta["number"] = cast.is_type("text") and _number(cast.this, known)
    return str(tree.sql(dialect=_Dialect))


def _number(expression: Any, numbers: Set[str]) -> bool:
    """Whether the value may be a double; Spark itself (TYPEOF) knows whether it is."""
    return any(
        node.name in numbers if isinstance(node, expressions.Column) else node.is_type("double")
        for node in expression.find_all(expressions.Column, expressions.Cast)
    )


def _cast(generator: Any, cast: expressions.Cast) -> str:
    """Java writes 1.2E7 and 1.0E16 where DuckDB writes 12000000.0 and 1e+16; no other kind differs."""
    said: str = generator.cast_sql(cast)
    if not cast.meta.get("number"):
        return said
    kind = f"TYPEOF({generator.sql(cast, 'this')})"
    power = f"CAST(SUBSTRING_INDEX({said}, 'E', -1) AS INT)"
    plain = f"REGEXP_REPLACE(CAST(CAST({said} AS DECIMAL(38, 22)) AS STRING), '^(-?[0-9]+[.][0-9]+?)0*$', '$1')"
    short = f"REGEXP_REPLACE(SUBSTRING_INDEX({said}, 'E', 1), '[.]0$', '')"
    sign = f"CASE WHEN {power} < 0 THEN 'e-' ELSE 'e+' END"
    return (
        f"CASE WHEN {kind} <> 'double' OR NOT CONTAINS({said}, 'E') THEN {said} "
        f"WHEN {power} BETWEEN -4 AND 15 THEN {plain} "
        f"ELSE CONCAT({short}, {sign}, LPAD(CAST(ABS({power}) AS STRING), 2, '0')) END"
    )


def _json(generator: Any, call: expressions.Anonymous) -> str:
    """Spark's TO_JSON takes no bare text: a list of one, without its brackets."""
    if call.name.upper() != "TO_JSON":
        return str(generator.anonymous_sql(call))
    value = generator.sql(call.expressions[0])
    return f"CASE WHEN {value} IS NOT NULL THEN TRIM(BOTH '[]' FROM TO_JSON(ARRAY({value}))) END"


def _edits(generator: Any, call: expressions.Levenshtein) -> str:
    """DuckDB counts bytes, Spark characters: of text in which each byte is a character, the same."""
    sides = [f"DECODE(ENCODE({generator.sql(call, name)}, 'UTF-8'), 'ISO-8859-1')" for name in ("this", "expression")]
    return f"LEVENSHTEIN({', '.join(sides)})"


def _upper(generator: Any, call: expressions.Upper) -> str:
    """Java makes SS of ß and follows another Unicode: letter for letter by DuckDB's own table."""
    small, large = (generator.sql(expressions.Literal.string(letters)) for letters in _letters())
    return f"TRANSLATE({generator.sql(call, 'this')}, {small}, {large})"


@cache
def _letters() -> tuple[str, str]:
    query = """
        SELECT string_agg(c, '' ORDER BY c), string_agg(upper(c), '' ORDER BY c)
        FROM (SELECT chr(i::INT) AS c FROM (FROM range(1, 55296) UNION ALL FROM range(57344, 131072)) t(i)) WHERE upper(c) <> c
    """
    with duckdb.connect(":memory:") as connection:
        small, large = connection.execute(query).fetchall()[0]
    return small, large


def _matches(generator: Any, call: expressions.RegexpLike) -> str:
    return f"REGEXP_LIKE({generator.sql(call, 'this')}, {_pattern(generator, call.expression)})"


def _replaced(generator: Any, call: expressions.RegexpReplace) -> str:
    """All of them (`F.regexp_replace` asks for no less); Java calls the groups $1 where RE2 calls them \\\\1."""
    words = re.sub(r"\\([0-9])", r"$\1", call.args["replacement"].this.replace("$", r"\$"))
    pattern = _pattern(generator, call.expression)
    return (
        f"REGEXP_REPLACE({generator.sql(call, 'this')}, {pattern}, {generator.sql(expressions.Literal.string(words))})"
    )


_SPACE = r"[\t\n\f\r ]"
_PARTS = re.compile(r"\\.|\$|\[(?:\\.|[^\]\\])*\]", re.DOTALL)


def _pattern(generator: Any, pattern: expressions.Literal) -> str:
    """RE2's pattern in Java's words: its `$` is the very end, its `.` all but a line feed, its white space five characters."""

    def said(part: re.Match[str]) -> str:
        if part[0].startswith("["):
            return part[0].replace(r"\s", _SPACE)  # a class within a class: both together
        return {"$": r"\z", r"\s": _SPACE}.get(part[0], part[0])

    return str(generator.sql(expressions.Literal.string("(?d)" + _PARTS.sub(said, pattern.this))))


class _Generator(SparkGenerator):
    TRANSFORMS: ClassVar = {
        **SparkGenerator.TRANSFORMS,
        expressions.Anonymous: _json,
        expressions.Cast: _cast,
        expressions.Levenshtein: _edits,
        expressions.RegexpLike: _matches,
        expressions.RegexpReplace: _replaced,
        expressions.Upper: _upper,
    }


class _Dialect(Spark):
    Generator = _Generator


__all__ = ["SparkEngine", "in_spark"]
