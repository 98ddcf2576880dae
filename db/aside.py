"""What a look keeps until its end: the first things as they are, the rest in a temporary file, so that memory stays flat."""

from __future__ import annotations

import pickle
import tempfile
from typing import Any

_HELD = 500  # things kept as they are; most looks have fewer


class Aside:
    """Puts things away. `put` answers the place by which `get` finds them again."""

    def __init__(self) -> None:
        self._held: list[Any] = []
        self._file: Any = None
        self._end = 0  # of the file
        self._at_end = True

    def put(self, thing: Any) -> int:
        """Keep a thing: below zero its place among those held, else its place in the file."""
        if len(self._held) < _HELD:
            self._held.append(thing)
            return -len(self._held)
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        data = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
        if not self._at_end:
            self._file.seek(self._end)
        self._at_end = False  # until all of it is written
        self._file.write(data)
        place, self._end, self._at_end = self._end, self._end + len(data), True
        return place

    def get(self, place: int) -> Any:
        """The thing at a place."""
        if place < 0:
            return self._held[-place - 1]
        self._at_end = False
        self._file.seek(place)
        return pickle.load(self._file)  # noqa: S301 - our own temporary file, written above

    def close(self) -> None:
        """Forget everything."""
        self._held.clear()
        if self._file is not None:
            self._file.close()
