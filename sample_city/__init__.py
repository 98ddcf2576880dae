"""A made-up city: portals on loopback, a platform, registers, and the truth about every fault it was given.

`city.make(seed)` makes it, `server.Server(city)` shows its portals as they were at any moment, `exports` and `registers`
write what its units reported, `workspace` writes the settings that watch it, `measure` compares findings with the truth.
Everything follows from the seed. Persons, companies, codes and decisions are invented.
"""
