"""A portal whose family is not named: look at its page, recognise the family, and let that family walk."""

from __future__ import annotations

import logging
from typing import Any

from crawler import detect
from crawler.spiders import class_of, dated_list, families_with
from crawler.spiders.base import Outputs, Page, PortalSpider
from standard.strict_yaml import build_or_refuse

log = logging.getLogger(__name__)
_GENERIC = "json_grid"  # whose options others share
_LAST = "dated_list"  # what reads any list; whoever comes after it is no change of make


class Auto(PortalSpider):
    """Recognises the family of the column's page by two marks, then hands the page to it.

    1. The column's page is fetched once; every family says which marks it sees, and the one whose marks weigh most (two
       independent ones at least) reads that same page and walks on.
    2. It must come to life: entries with dates, a second page that is not the first, no more entries than announced. A
       family whose list stays dead gives way to the next; at the end stands `dated_list`, and then a person.
    3. What was recognised, with its marks and its proof, is written to the look's notes and the portal's row.
    4. A page that no longer bears the marks of the family that was recognised before is read by the family that now fits,
       but the change is told and the look counts as incomplete: it proves no absence until the next one confirms it.
    """

    never: frozenset[str] = frozenset()  # families that are not tried

    def __init__(self, *args: Any, recognised: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recognised = recognised
        self.delegate: PortalSpider | None = None
        self.tried: list[str] = []
        self.found: detect.Recognised | None = None

    def first(self, page: Page) -> Outputs:
        fits = self._by_options()
        glance = detect.Glance(page.text, page.tree, page.url)
        before = detect.still(glance, self.recognised)
        if before is not None and before.family not in self.never and (not fits or before.family in fits):
            self.queue, self.others_known = [before], False
        else:
            self.queue, self.others_known = self._candidates(glance, fits), True
        self.page_of_column = page
        yield from self._try_next("")

    def _candidates(self, glance: detect.Glance, fits: list[str]) -> list[detect.Recognised]:
        """The families that may read this page, the best first; any list's reader last."""
        queue = [
            each
            for each in detect.candidates(glance, self.recognised)
            if each.family not in (*self.never, *self.tried) and (not fits or each.family in fits)
        ]
        if fits and (len(fits) == 1 or not queue):
            usual = _GENERIC if _GENERIC in fits else fits[0]
            return [detect.Recognised(usual, ("登记的 options 是此站型的",))] if usual not in self.tried else []
        if not fits and (dated := dated_list.entries_of(glance.tree, glance.text, glance.base)):
            queue.append(detect.Recognised(_LAST, (f"{len(dated)} 行有链接和日期",)))
        return queue

    def _try_next(self, reason: str) -> Outputs:
        """Hand the page to the next family that fits; at the end, tell what the page is."""
        if reason:
            log.info("portal %s is not %s: %s", self.portal.id, self.tried[-1], reason)
            self.look.notes.add(f"{self.tried[-1]} 未能读出列表（{reason}）")
        if not self.queue and not self.others_known:
            page = self.page_of_column
            self.others_known = True
            self.queue = self._candidates(detect.Glance(page.text, page.tree, page.url), self._by_options())
        if not self.queue:
            yield from self._unknown(self.page_of_column, reason)
            return
        found = self.queue.pop(0)
        self.tried.append(found.family)
        self._forget()
        family = class_of(found.family)
        own = self.portal.options if set(self.portal.options) <= set(family.Options.__dataclass_fields__) else {}
        options = build_or_refuse(family.Options, own, f"{self.portal.id}：options")
        arguments: dict[str, Any] = {"fetcher": self.fetcher}
        if issubclass(family, Auto):
            arguments["recognised"] = self.recognised
        delegate: PortalSpider = family(self.portal, self.walk, options, **arguments)
        self.delegate, self.found, self.look.family = delegate, found, found.family
        delegate.instead = self._try_next
        before = self.walk.asked
        yield from delegate.first(self.page_of_column)
        look = self.look
        told = look.entry is not None and look.entry[0] != "script_list"
        alive = look.items or look.linked_out or look.said_empty or told or self.walk.asked > before
        if not alive and self.queue and self.delegate is delegate:
            yield from self._try_next("页面上没有它的列表")

    def _forget(self) -> None:
        """A family that found nothing leaves no trace."""
        look, walk = self.look, self.walk
        look.entry, look.pages_announced, look.items_announced, look.list_pages, look.cut = None, None, None, 0, ""
        look.lost_pages.clear()
        look.unread.clear()
        walk.shown.clear()
        walk.repeated = 0

    def _unknown(self, page: Page, reason: str) -> Outputs:
        self.look.family = None
        self.found = None
        self._forget()
        yield from self.nothing(page)
        if self.unsaid(page):
            self.look.entry = ("script_list", reason or "没有认出站型，也没有读到列表，请在登记中写明 family")

    def _by_options(self) -> list[str]:
        """The families that have these options."""
        return families_with(self.portal.options) if self.portal.options and self.portal.family == "auto" else []

    def closed(self, reason: str) -> None:
        """At the walk's end: what was recognised, by what, and how it proved to be right."""
        deepest: PortalSpider = self
        while isinstance(deepest, Auto) and deepest.delegate is not None and deepest.found is not None:
            deepest, found = deepest.delegate, deepest.found
        if deepest is self:
            return
        self.look.notes.add(f"站型 {found.family}：{'、'.join(found.marks)}；{self.proof()}")
        before = self.recognised
        if before is not None and found.family != before and _LAST not in (before, found.family):
            told = (
                f"站型由 {before} 变为 {found.family}（{'、'.join(found.marks)}），请核对登记；本次所见不用来证明缺失"
            )
            self.look.notes.add(told)
            self.look.cut = self.look.cut or told
