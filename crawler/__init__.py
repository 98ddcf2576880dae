"""Inlet 1: what portals show.

`registry` turns YAML into unit and portal rows, `launch` runs looks in child processes, `spiders` walk, `extract` reads,
`pipelines` clean, validate and store, `coverage` keeps the ledger of what each look was worth.
"""

import gc

gc.set_threshold(
    100_000, 10, 10
)  # loading and reading make many objects and hardly a cycle: 700 is searching all the time
