"""How to walk: one family a file. A family is found by its file's name; nothing is registered."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

_NOT_FAMILIES = frozenset(("base", "auto"))


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """The names of all families."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_FAMILIES and not m.ispkg))


def class_of(family: str) -> Any:
    """The spider class of a family (or of `auto`): the one class of its module that has the module's name."""
    module = import_module(f"crawler.spiders.{family}")
    return getattr(module, "".join(word.title() for word in family.split("_")))


def families_with(options: Mapping[str, Any]) -> list[str]:
    """The families whose own options include all of these: what they say of a portal whose family is not named."""
    return [family for family in families() if set(options) <= set(options_of(family).__dataclass_fields__)]


def options_of(family: str) -> type:
    """The dataclass of a family's options."""
    options: type = class_of(family).Options
    return options
