"""Archives of every kind, opened in memory and bounded: ground that both inlets stand on. It knows nothing of ours.

Nothing is ever written where a name says; what is too much, locked or broken is a `Fault`, and whoever asked says it in words.
"""

from __future__ import annotations

PASSWORD, PART, DAMAGED, TOO_LARGE, TOO_MANY, ABSENT = "password", "part", "damaged", "too large", "too many", "absent"


class Fault(Exception):
    """Why an archive, or one file in it, cannot be read: one of the words above. `detail` is what the library said."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind, self.detail = kind, detail
