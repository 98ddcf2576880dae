"""The states of a finding and the steps between them: what people decide, as one table.

疑似 is what the machine says. A person settles it (已查实, 正常, 豁免); what is confirmed goes through rectification or an appeal
until it is closed. `costs` marks the states in which a fail or warn costs points. States: contract, "Data out"; the order
疑似 → 人工复核 → 通知 → 整改 / 申诉 → 销号 is that of the circulars on machine scanning with human review.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """One state: its key, its word, and whether a fail or warn in it costs points."""

    key: str
    label: str
    costs: bool


@dataclass(frozen=True)
class Step:
    """One decision: its key, its word on sheets, from which states it may be taken, and where it leads (None: back one)."""

    key: str
    label: str
    sources: tuple[str, ...]
    target: str | None
    reasoned: bool = False  # a reason in words is asked for
    founded: bool = False  # a legal basis or an approval document is asked for


STATES: dict[str, State] = {
    state.key: state
    for state in (
        State("suspected", "疑似", False),
        State("confirmed", "已查实", True),
        State("normal", "正常", False),
        State("exempt", "豁免", False),
        State("notified", "已通知", True),
        State("rectifying", "整改中", True),
        State("appealing", "申诉中", True),
        State("rechecking", "待复核", True),
        State("closed", "销号", True),
        State("returned", "退回", True),
        State("overdue", "逾期", True),
    )
}
COSTING: tuple[str, ...] = tuple(key for key, state in STATES.items() if state.costs)
_OPEN = ("confirmed", "notified", "returned", "overdue")
STEPS: dict[str, Step] = {
    step.key: step
    for step in (
        Step("confirm", "查实", ("suspected", "normal", "exempt"), "confirmed"),
        Step("normal", "正常", ("suspected", *COSTING, "exempt"), "normal", reasoned=True),
        Step("exempt", "豁免", ("suspected", *COSTING, "normal"), "exempt", reasoned=True, founded=True),
        Step("notify", "通知", ("confirmed",), "notified"),
        Step("rectify", "整改", _OPEN, "rectifying"),
        Step("appeal", "申诉", (*_OPEN, "rectifying"), "appealing", reasoned=True),
        Step("uphold", "维持", ("appealing",), "confirmed", reasoned=True),
        Step("submit", "报复核", (*_OPEN, "rectifying"), "rechecking"),
        Step("close", "销号", ("rechecking", "rectifying"), "closed"),
        Step("return", "退回", ("rechecking", "closed"), "returned", reasoned=True),
        Step("expire", "逾期", ("notified", "rectifying", "returned"), "overdue"),
        Step("withdraw", "撤回", tuple(key for key in STATES if key != "suspected"), None, reasoned=True),
    )
}


def step_of(text: str) -> Step | None:
    """The step of a key or of its Chinese word; None for what is neither."""
    word = text.strip()
    found = STEPS.get(word.lower())
    return found or next((step for step in STEPS.values() if step.label == word), None)
