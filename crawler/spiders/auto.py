"""A portal whose family is not named: look at its page, recognise the family, and let that family walk."""

from __future__ import annotations

import logging
from typing import Any

from crawler import detect
from crawler.extract import classify
from crawler.listing import lines
from crawler.spiders import class_of, families_with
from crawler.spiders.base import Outputs, Page, PortalSpider
from standard.strict_yaml import build_or_refuse

log = logging.getLogger(__name__)


class Auto(PortalSpider):
    """Recognises the family of the column's page by two marks, then hands the page to it.

    1. The column's page is fetched once; `detect.recognise` collects the marks of every family.
    2. The family with most marks (two at least) reads that same page and walks on; a list that bears no family's marks is
       read by `dated_list`.
    3. What was recognised is written to the portal's row; when nothing is, the page is classified and people are told.
    """

    def __init__(self, *args: Any, recognised: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recognised = recognised
        self.delegate: PortalSpider | None = None

    def first(self, page: Page) -> Outputs:
        found = self._by_options() or detect.recognise(page.text, page.tree, page.url, self.recognised)
        if found is None and (dated := lines(page.tree, page.url)):
            found = detect.Recognised("dated_list", (f"{len(dated)} 行有链接和日期",))
        if found is None:
            yield from self.nothing(page)
            if self.look.entry is None and self.look.items == 0 and not self.look.said_empty and not self._walks(page):
                self.look.entry = ("script_list", "没有认出站型，也没有读到列表，请在登记中写明 family")
            return
        log.info("portal %s is %s: %s", self.portal.id, found.family, "、".join(found.marks))
        self.look.family = found.family
        family = class_of(found.family)
        options = build_or_refuse(family.Options, self.portal.options, f"{self.portal.id}：options")
        self.delegate = family(self.portal, self.walk, options)
        yield from self.delegate.first(page)

    def _by_options(self) -> detect.Recognised | None:
        """The one family that has these options."""
        fits = families_with(self.portal.options) if self.portal.options else []
        return detect.Recognised(fits[0], ("登记的 options 是此站型的",)) if len(fits) == 1 else None

    def _walks(self, page: Page) -> bool:
        return classify.shell_target(page.text) is not None
