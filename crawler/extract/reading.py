"""What one document says."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.items import Link, Seen


@dataclass
class Reading:
    """The decisions of a page or an attachment, or why there are none.

    A page that only names the decision it attaches has `rows` (what it names, hardly sure) and `attachments`: these go first.
    """

    form: str | None = None  # wide_table | key_value | decision_text | attachment | json | image
    rows: list[Seen] = field(default_factory=list)
    reason: str = ""  # Chinese; why there are no rows, or not all of them
    title: str = ""
    published: str | None = None  # the page's own date of publication
    attachments: list[Link] = field(default_factory=list)
    not_record: bool = False  # a notice, a catalogue: rightly without records
    unread: bool = False  # something is there that we cannot read, with or without rows beside it
    inside: list[str] = field(default_factory=list)  # of an archive: the member each row stands in
