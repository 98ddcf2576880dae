"""The meeting place: rows (`models`), engines and sessions (`session`), evidence bytes (`evidence`), settings and the clock.

Both inlets write here, the judge reads and writes here, both outlets read here; no stage imports another.
"""
