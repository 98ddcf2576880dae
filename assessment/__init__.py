"""The judge: freeze a period's inputs, pair both sides, make one case per decision, check, score, write rows.

    run.assess(workspace, "2026-09")    freeze -> pairing -> cases -> checks -> counts -> scoring -> rows, in one transaction
    run.seal / run.verify               keep a period for good; recompute it from its frozen inputs and compare every byte

Three promises hold everywhere in here. Unknown is not missing: what we could not see never costs a unit a point.
Judgement reads only the frozen Parquet files of the period. Relational work is DataFrame expressions (engine.py), so that
ten rows of a test and a hundred million on a cluster run the same lines; Python only orchestrates, renders and scores.
"""
