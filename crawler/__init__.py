"""Inlet 1: what portals show.

`registry` turns YAML into unit and portal rows, `launch` runs looks in child processes, `spiders` walk, `extract` reads,
`pipelines` clean, validate and store, `coverage` keeps the ledger of what each look was worth.
"""
