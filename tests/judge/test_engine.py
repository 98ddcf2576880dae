"""The engine: plans run once, no wider than needed, and refuse what can only be a mistake."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assessment.engine import Engine, F, Window, join, json_text, mapped, text, yes


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine()
    rows = {"id": ["a", "b", "c"], "unit": ["x", "x", "y"], "n": [3, None, 1], "wide": ["w"] * 3}
    pq.write_table(pa.table(rows), tmp_path / "things.parquet")
    made.load("things", tmp_path / "things.parquet")
    yield made
    made.close()


def made_tables(engine: Engine) -> dict[str, list[str]]:
    found = engine.connection.execute("SELECT table_name, column_name FROM duckdb_columns() ORDER BY ALL").fetchall()
    tables: dict[str, list[str]] = {}
    for table, column in found:
        tables.setdefault(table, []).append(column)
    return tables


def test_a_kept_table_has_the_columns_that_are_read(engine: Engine) -> None:
    kept = engine.keep("kept", engine.table("things").withColumn("twice", F.col("n") * 2))
    one = engine.ask(kept.select("id", "twice"), ["id"])
    other = engine.ask(kept.groupBy("unit").agg(F.count("id").alias("many")), ["unit"])
    assert [row["twice"] for row in one] == [6, None, 2]
    assert made_tables(engine)["kept"] == ["id", "twice", "unit"]
    assert [row["many"] for row in other] == [2, 1]
    assert [row["wide"] for row in engine.rows(kept, ["id"])] == ["w"] * 3  # asked for later than planned


def test_what_is_read_once_is_not_made(engine: Engine) -> None:
    kept = engine.keep("kept", engine.table("things").where(F.col("n").isNotNull()))
    assert [row["id"] for row in engine.rows(kept, ["id"])] == ["a", "c"]
    assert "kept" not in made_tables(engine)


def test_joins_and_windows(engine: Engine) -> None:
    things = engine.table("things")
    nth = F.row_number().over(Window.partitionBy("unit").orderBy(F.col("id").desc()))
    last = things.withColumn("nth", nth).where(F.col("nth") == 1).select("unit", F.col("id").alias("last"))
    rows = engine.rows(join(things.select("id", "unit"), last, ["unit"], "left"), ["id"])
    assert [(row["id"], row["last"]) for row in rows] == [("a", "b"), ("b", "b"), ("c", "c")]
    without = engine.rows(join(things, last.select(F.col("last").alias("id")), ["id"], "left_anti"), ["id"])
    assert [row["id"] for row in without] == ["a"]


def test_values_are_taken_as_they_are(engine: Engine) -> None:
    day = datetime.date(2026, 9, 1)
    made = engine.table("things").select(
        "id",
        json_text(F.lit('a"\\\n')).alias("json"),
        mapped(F.col("unit"), {"x": "it's"}, F.lit("else")).alias("mapped"),
        text(F.lit("on "), F.lit(day).cast("string")).alias("text"),
        yes(F.col("n") > 1).alias("more"),
    )
    rows = list(engine.rows(made, ["id"]))
    assert rows[0] == {"id": "a", "json": '"a\\"\\\\\\n"', "mapped": "it's", "text": "on 2026-09-01", "more": True}  # fmt: skip
    assert [row["more"] for row in rows] == [True, False, False]


def test_mistakes_stop_where_they_are_made(engine: Engine) -> None:
    things = engine.table("things")
    with pytest.raises(ValueError, match="no columns \\['nothing'\\]"):
        things.where(F.col("nothing") == 1)
    with pytest.raises(ValueError, match="twice"):
        join(things, things, ["id"], "inner")
    with pytest.raises(TypeError, match=r"& \| ~"):
        _ = F.col("n") == 1 and F.col("id") == "a"
