"""Errors that speak to the person who can mend them."""

from __future__ import annotations


class MingchaError(Exception):
    """Base of every error that is shown to a user. The text is Chinese and says what, where and what to do."""


class Refused(MingchaError):
    """The call or a file is wrong; nothing was written (exit code 2). Carries every fault found, not only the first."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class NotYetAvailable(MingchaError):
    """A command of the contract that this version does not do yet (exit code 2)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"尚未提供：{what}。本版本不含此功能（not yet available）。")
