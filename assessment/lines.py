"""The pair lines: every record of the period in exactly one, each with its class and why."""

from __future__ import annotations

import hashlib
from typing import Any

from assessment.engine import Engine, F, Frame, join, no_text
from assessment.facts import Facts
from assessment.pairing import RULE_TITLES
from standard.fields import FIELDS


def pair_lines(engine: Engine, facts: Facts) -> list[dict[str, Any]]:
    """Rows of table `pair`, ordered by id: one line per decision, and one more for each further record of it."""
    fields: dict[str, list[str]] = {}
    for row in engine.rows(engine.table("differences"), ["decision", "field"]):
        fields.setdefault(row["decision"], []).append(row["field"])
    made = [
        _line(row, fields.get(row["decision"], []), facts)
        for row in engine.rows(_all(engine), ["decision", "place", "published", "submitted"])
    ]
    return sorted(made, key=lambda line: line["pair_id"])


def _all(engine: Engine) -> Frame:
    about = engine.table("cases").select(
        "decision",
        "unit_id",
        "kind",
        "verdict",
        "judged",
        "decision_date",
        "publish_due",
        "report_due_moved",
        "proof_day",
        "has_p",
        "has_s",
        "publish_ground",
        "report_ground",
        "ground_note",
        "attempted",
        "twin",
        "p",
        "s",
        "score",
        "rule",
    )
    first = about.withColumns({"published": F.col("p"), "submitted": F.col("s"), "place": F.lit(0)})
    more_p = join(
        engine.table("pubs").select("decision", F.col("record_id").alias("published")), about, ["decision"], "inner"
    )
    more_s = join(
        engine.table("subs").select("decision", F.col("record_id").alias("submitted")), about, ["decision"], "inner"
    )
    extra_p = more_p.where(F.col("published") != F.col("p")).withColumns({"submitted": no_text(), "place": F.lit(1)})
    extra_s = more_s.where(F.col("submitted") != F.col("s")).withColumns({"published": no_text(), "place": F.lit(2)})
    columns = [*about.columns, "published", "submitted", "place"]
    return first.select(*columns).unionByName(extra_p.select(*columns)).unionByName(extra_s.select(*columns))


def _line(row: dict[str, Any], fields: list[str], facts: Facts) -> dict[str, Any]:
    further = row["place"] > 0
    rule = "same_decision" if further else row["rule"]
    identity = "|".join((facts.period, row["decision"], row["published"] or "", row["submitted"] or ""))
    return {
        "period": facts.period,
        "pair_id": hashlib.sha256(identity.encode()).hexdigest()[:32],
        "unit_id": row["unit_id"],
        "kind": row["kind"],
        "published": row["published"],
        "submitted": row["submitted"],
        "rule": rule,
        "score": None if further else row["score"],
        "verdict": row["verdict"],
        "differing_fields": [] if further else fields,
        "explanation": _explain(row, rule, fields, facts),
    }


def _explain(row: dict[str, Any], rule: str, fields: list[str], facts: Facts) -> str:
    words = _why(row, fields, facts)
    if rule == "same_decision":
        words = f"{RULE_TITLES[rule]}，与主记录同一结论：{words}"
    elif row["has_p"] and row["has_s"]:
        words = f"按“{RULE_TITLES[rule]}”配对：{words}"
    if not row["judged"]:
        words += "；决定日期不在本期，在其所属期评判"
    return words


def _why(row: dict[str, Any], fields: list[str], facts: Facts) -> str:
    ground = facts.grounds.get((row["publish_ground"] if row["has_s"] else row["report_ground"]) or "", "")
    note = row["ground_note"] or ""
    labels = "、".join(FIELDS[name].label_for(row["kind"]) if name in FIELDS else name for name in fields)
    due = row["publish_due"] if row["has_s"] else row["report_due_moved"]
    verdict = row["verdict"]
    if verdict == "question":
        if row["decision_date"] is None:
            return "没有可用的决定日期，需人工核实"
        if row["attempted"] and not row["has_s"]:
            return "平台有被退回的报送记录，需人工核实"
        if row["twin"]:
            return "另一方有同一相对人、同一天的记录，但文号不同或缺少文号，可能是同一决定，需人工核实"
        return (
            f"两条记录是否为同一决定尚不确定{f'（{labels}不同）' if labels else ''}，需人工核实"
            if row["has_p"] and row["has_s"]
            else "识别要素不足或时限为暂定，需人工核实"
        )
    return {
        "agreed": "两方均有，所比要素一致",
        "differs": f"两方均有，{labels}不同",
        "not_submitted": f"网上有、平台无，报送时限 {due} 已过",
        "not_published": f"平台有、网上无，公示时限 {due} 已过，全部窗口在其后均完整查看过",
        "not_due": f"时限 {due} 至 {facts.as_of} 尚未过",
        "exempt": f"仅一方有，属可不公示或不报送情形：{ground}{'　' + note if note else ''}",
        "unknown": "时限之后未能完整查看全部公示窗口，无法判定"
        if row["has_s"]
        else "平台数据未覆盖报送时限之后，无法判定",
    }[str(verdict)]
