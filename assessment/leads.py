"""Leads: what a person may want to look into. They are no findings, cost nothing, and stand in the period's summary.

batch_dump   most of what a unit reported came on one day, though its decisions lie weeks apart: saved up, perhaps for a check
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assessment.engine import Engine, F, Frame, join, yes
from assessment.facts import date_of

ORDER = ("unit_id", "kind", "day")
_LEAST = 20  # records on one day
_APART = 14  # days between the first and the last of their decisions


def leads(engine: Engine) -> Frame:
    """unit_id, kind, day -> how many of the period's reports came on that day, of how many, over which decisions."""
    cases = engine.table("cases").where(
        F.col("judged") & F.col("has_s") & F.col("decision_date").isNotNull() & ~yes(F.col("report_agreed"))
    )
    cases = cases.select("decision", "unit_id", "kind", "decision_date", date_of("received_at").alias("day"))
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


def told(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The leads as the summary keeps them: unit, kind, lead, count, message."""
    return [
        {
            "unit": row["unit_id"],
            "kind": row["kind"],
            "lead": "batch_dump",
            "day": row["day"].isoformat(),
            "n": row["n"],
            "message": f"{row['day']} 一天报送 {row['n']} 条，占本期 {row['in_all']} 条的 {row['n'] / row['in_all']:.0%}，所涉决定自 {row['earliest']} 至 "
            f"{row['latest']}，请核实是否平时积压、检查前集中补报",
        }
        for row in rows
    ]
