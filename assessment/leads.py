"""Leads: what a person may want to look into. They are no findings, cost nothing, and stand in the period's summary.

batch_dump   most of what a unit reported came on one day, though its decisions lie weeks apart: saved up, perhaps for a check
number_gap   a series of document numbers lacks some between its first and its last of the period: neither shown, nor reported,
             nor refused, nor registered. There may be good reasons (void, not public, simple procedure); a person asks for the
             ledger
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assessment.engine import Column, Engine, F, Frame, Window, join, yes
from assessment.facts import Facts
from assessment.settled import all_cases

ORDER = ("unit_id", "kind", "day")
GAP_ORDER = ("unit_id", "kind", "series", "nth")
_LEAST = 20  # records on one day
_APART = 14  # days between the first and the last of their decisions
_SERIES = 5  # numbers from which on a series is one
_WIDEST = (
    8  # numbers a series may span for each decision of the unit's own: beyond it the rest is other units' or a slip
)
_NAMED = 5  # gaps of a series that are named


def leads(engine: Engine, facts: Facts) -> Frame:
    """unit_id, kind, day -> how many of the period's reports came on that day, of how many, over which decisions."""
    names = ("judged", "has_s", "decision", "unit_id", "kind", "decision_date", "report_agreed", "received_on")
    cases = all_cases(engine, facts, *names).where(
        F.col("judged") & F.col("has_s") & F.col("decision_date").isNotNull() & ~yes(F.col("report_agreed"))
    )
    cases = cases.withColumnRenamed("received_on", "day")
    of_day = cases.groupBy(*ORDER).agg(
        F.count("decision").alias("n"),
        F.min("decision_date").alias("earliest"),
        F.max("decision_date").alias("latest"),
    )
    in_all = cases.groupBy("unit_id", "kind").agg(F.count("decision").alias("in_all"))
    found = join(of_day, in_all, ["unit_id", "kind"], "inner")
    return found.where(
        (F.col("n") >= _LEAST)
        & (F.col("n") * 2 >= F.col("in_all"))
        & (F.datediff(F.col("latest"), F.col("earliest")) >= _APART)
    )


def gaps(engine: Engine, facts: Facts) -> Frame:
    """unit_id, kind, series, nth -> the first gaps of each series of the period's numbers, and how many are lacking in all.

    A series reaches from the first to the last of its decisions that had to be shown and reported by now. What is known of it
    counts whoever showed or reported it, of whatever kind and month: units may share a series.
    """
    units = engine.table("units").where(F.col("active") & F.col("assessed")).select("unit_id")
    today = F.lit(facts.as_of)
    due = F.col("judged") & yes(F.col("publish_due") < today) & yes(F.col("report_due_moved") < today)
    names = ("judged", "publish_due", "report_due_moved", "unit_id", "kind", "document_number_key")
    mine = _serials(all_cases(engine, facts, *names).where(due).select(*names[3:]), "document_number_key")
    # Grouped by the head as it is written, of which there are few, before the heads are compared.
    mine = mine.groupBy("unit_id", "kind", "head").agg(*_ends("serial", "serial"), F.count("serial").alias("own"))
    mine = join(_compared(mine), units, ["unit_id"], "inner")
    spans = mine.groupBy("unit_id", "kind", "series").agg(
        *_ends("first", "last"), F.max("head").alias("head"), F.sum("own").alias("own")
    )
    reach = F.col("last") - F.col("first")
    spans = spans.where((F.col("own") >= _SERIES) & (reach >= _SERIES) & (reach < F.col("own") * _WIDEST))
    spans = engine.keep("number_spans", spans)
    keys = ("unit_id", "kind", "series")
    known = engine.keep("known_numbers", _known(engine, spans))
    within = join(spans, known, ["series"], "inner").where(
        (F.col("serial") >= F.col("first")) & (F.col("serial") <= F.col("last"))
    )
    counted = within.groupBy(*keys).agg(F.count("serial").alias("n"))
    counted = join(spans, counted, keys, "inner").withColumn("lacking", F.col("last") - F.col("first") + 1 - F.col("n"))
    # Where more is lacking than known, the numbers are no series of this unit's (one of many, or a slip of the pen).
    counted = counted.where((F.col("lacking") > 0) & (F.col("lacking") <= F.col("n")))
    counted = engine.keep("number_series", counted)
    before = F.lag("serial").over(Window.partitionBy(*keys).orderBy("serial"))
    steps = join(counted.select(*keys, "first", "last"), known, ["series"], "inner").where(
        (F.col("serial") >= F.col("first")) & (F.col("serial") <= F.col("last"))
    )
    steps = steps.withColumns({"from": before + 1, "to": F.col("serial") - 1})
    holes = steps.where(yes(F.col("from") <= F.col("to"))).select(*keys, "from", "to")
    nth = F.row_number().over(Window.partitionBy(*keys).orderBy("from"))
    return join(holes.withColumn("nth", nth), counted, keys, "inner").where(F.col("nth") <= _NAMED)


def _known(engine: Engine, spans: Frame) -> Frame:
    """series, serial: every number of these series that was shown, reported, refused or registered, once."""
    # Each series gets a number of its own: millions of numbers are compared, and two numbers compare faster than a text.
    place = F.row_number().over(Window.partitionBy("one").orderBy("series"))
    wanted = spans.select("series").distinct().withColumn("one", F.lit(1)).withColumn("place", place).drop("one")
    wanted = engine.keep("number_places", wanted)
    made: Frame | None = None
    for table, column in (
        ("publications", "document_number_weak"),
        ("submissions", "document_number_weak"),
        ("refused", "document_number_key"),
        ("registers", "document_number_key"),
    ):
        numbers = _serials(engine.table(table).select(column), column)
        if column == "document_number_key":
            numbers = _compared(numbers)
        else:
            numbers = numbers.withColumnRenamed("head", "series")
        part = join(numbers, wanted, ["series"], "inner").select("place", "serial")
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return join(made.distinct(), wanted, ["place"], "inner").select("series", "serial")


def _serials(frame: Frame, number: str) -> Frame:
    """With head and serial of each number that has them: 示市监罚字〔2026〕12号 is number 12 of 示市监罚字〔2026."""
    tail = F.replace(F.split_part(F.col(number), F.lit("〕"), F.lit(2)), F.lit("号"), F.lit(""))
    parts = frame.withColumns({"head": F.split_part(F.col(number), F.lit("〕"), F.lit(1)), "tail": tail})
    serial = F.when(F.regexp_like("tail", F.lit("^[0-9]{1,6}$")), F.col("tail")).cast("bigint")
    return parts.withColumn("serial", serial).where(F.col("serial").isNotNull())


def _compared(frame: Frame) -> Frame:
    """With the series: its head without the letters that document_number_weak leaves out."""
    return frame.withColumn("series", F.regexp_replace("head", "[字第号]", ""))


def _ends(first: str, last: str) -> tuple[Column, Column]:
    return F.min(first).alias("first"), F.max(last).alias("last")


def told(batches: Iterable[Mapping[str, Any]], holes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The leads as the summary keeps them: unit, kind, lead, n, message."""
    return [*map(_batch_dump, batches), *_number_gaps(holes)]


def _batch_dump(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "unit": row["unit_id"],
        "kind": row["kind"],
        "lead": "batch_dump",
        "day": row["day"].isoformat(),
        "n": row["n"],
        "message": f"{row['day']} 一天报送 {row['n']} 条，占本期 {row['in_all']} 条的 {row['n'] / row['in_all']:.0%}，所涉决定自 {row['earliest']} 至 "
        f"{row['latest']}，请核实是否平时积压、检查前集中补报",
    }


def _number_gaps(holes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One lead a series, from its gaps in order."""
    made: dict[tuple[str, str, str], dict[str, Any]] = {}
    named: dict[tuple[str, str, str], list[str]] = {}
    for row in holes:
        key = (row["unit_id"], row["kind"], row["series"])
        one = row["from"] == row["to"]
        named.setdefault(key, []).append(f"{row['from']}" if one else f"{row['from']}–{row['to']}")
        made[key] = dict(row)
    return [
        {
            "unit": row["unit_id"],
            "kind": row["kind"],
            "lead": "number_gap",
            "series": f"{row['head']}〕",
            "n": row["lacking"],
            "message": f"文号“{row['head']}〕”{row['first']}–{row['last']} 号之间，已知 {row['n']} 号，缺 {row['lacking']} 号："
            f"{'、'.join(named[key])}{'' if _all_named(row, named[key]) else ' 等'}；既未见公示，也未见报送、退回或登记，"
            "请调阅文号登记簿，核对是否漏报、作废，或者属于不公示、不报送的决定",
        }
        for key, row in made.items()
    ]


def _all_named(row: Mapping[str, Any], gaps: list[str]) -> bool:
    ends = [[int(number) for number in gap.split("–")] for gap in gaps]
    return sum(pair[-1] - pair[0] + 1 for pair in ends) == int(row["lacking"])
