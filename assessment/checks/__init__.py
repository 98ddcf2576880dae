"""The checks: one file per dimension, one function per finding code.

    @check("submitted_late", dimension="timeliness", title="信息报送到平台晚于时限", basis=DEADLINE, version=1, cure="…", limit="report")
    def submitted_late(case):
        \"\"\"报送超过时限。 …the explanation for the unit concerned…\"\"\"
        yield fail(case.report_late, "应于 {due_date} 前报送…", days_late=case.report_days_late)

A check yields outcomes in order; the first whose condition holds makes the finding, none means all is well. Conditions are
expressions over one of the case tables (assessment/cases.py). A new check is one function here; docs list it by `all_checks`.
"""

from __future__ import annotations

from assessment.checks import catalogue, completeness, consistency, content, portals, timeliness
from assessment.checks.base import Check, registered

__all__ = ["NOT_JUDGED", "Check", "all_checks"]

_MODULES = (timeliness, completeness, content, consistency, catalogue, portals)
# Codes of the contract that no check yields yet, and why.
NOT_JUDGED: dict[str, str] = {}


def all_checks() -> list[Check]:
    """Every check, by dimension and code."""
    return sorted(
        (check for module in _MODULES for check in registered(module.__name__)), key=lambda c: (c.dimension, c.id)
    )
