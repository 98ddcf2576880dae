"""The law as data, and the canonical form of every value.

Imports nothing of ours. Both inlets make their records through `standard.record.make`, so that both sides of a comparison speak
one language; the judge asks `standard.obligations` and `standard.workdays` what was due when.
"""
