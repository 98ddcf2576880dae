"""A portal whose family is not named: look at its page, recognise the family, and let that family walk."""

from __future__ import annotations

import logging
from typing import Any

from crawler import detect
from crawler.extract import classify
from crawler.spiders import class_of
from crawler.spiders.base import Outputs, Page, PortalSpider

log = logging.getLogger(__name__)


class Auto(PortalSpider):
    """Recognises the family of the column's page by two marks, then hands the page to it.

    1. The column's page is fetched once; `detect.recognise` collects the marks of every family.
    2. The family with most marks (two at least) reads that same page and walks on.
    3. What was recognised is written to the portal's row; when nothing is, the page is classified and people are told.
    """

    def __init__(self, *args: Any, recognised: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recognised = recognised
        self.delegate: PortalSpider | None = None

    def first(self, page: Page) -> Outputs:
        found = detect.recognise(page.text, page.tree, page.url, self.recognised)
        if found is None:
            yield from self.nothing(page)
            if self.look.entry is None and self.look.items == 0 and not self.look.said_empty and not self._walks(page):
                self.look.entry = ("script_list", "没有认出站型，也没有读到列表，请在登记中写明 family")
            return
        log.info("portal %s is %s: %s", self.portal.id, found.family, "、".join(found.marks))
        self.look.family = found.family
        self.delegate = class_of(found.family)(self.portal, self.walk)
        yield from self.delegate.first(page)

    def _walks(self, page: Page) -> bool:
        return classify.shell_target(page.text) is not None
