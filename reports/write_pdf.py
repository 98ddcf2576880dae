"""HTML to PDF: the only door to WeasyPrint.

One font configuration and one parsed style sheet serve all documents of a run. Nothing outside the run's own font
files is ever loaded: an address in a report is a link, not a picture to fetch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from reports import fonts
from reports.whole import whole
from standard.errors import MingchaError

# Tried in turn on a one-page document that runs over: first lesser rows go, then more of them, then the type shrinks.
_GIVING_WAY = (
    ".give-1 { display: none }",
    ".give-1, .give-2 { display: none }",
    ".give-1, .give-2 { display: none } .unit-card table { font-size: 7pt !important; line-height: 1.2 !important }"
    " .unit-card h2 { margin: 1.2mm 0 .4mm !important } .formula { font-size: 6.4pt !important; line-height: 1.2 !important }",
)


class NoPdf(MingchaError):
    """Raised when WeasyPrint's system libraries are missing. HTML and xlsx are made all the same."""

    def __init__(self, cause: object) -> None:
        self.cause = cause
        super().__init__(
            f"无法生成 PDF：缺少排版组件 pango（{cause}）。请运行 apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
            "libharfbuzz-subset0 后重试；HTML 与 Excel 不受影响，HTML 也可用浏览器打印为 PDF"
        )


def load() -> Any:
    """The WeasyPrint module. Raises NoPdf, which tells the cure, when pango is not installed."""
    try:
        import weasyprint
    except (OSError, ImportError) as error:
        raise NoPdf(error) from None
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it warns of every CSS property meant for screens
    return weasyprint


def write_pdfs(
    pages: Iterable[tuple[str, Path]], cache: Path, text: str = "", one_page: bool = False
) -> Iterator[Path]:
    """Print each (html, file) and yield the file when it stands. Equal arguments give equal bytes.

    The typeface is cut to the characters of `text` and of the pages; reports that share a `text` which has them all
    share one cut. With `one_page` a document that runs over gives up what its template marked as dispensable.
    """
    pages = list(pages)
    weasyprint = load()
    cut = fonts.cut(text + "".join(html for html, _ in pages), cache / "fonts")
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OnlyOurFonts(URLFetcher):  # type: ignore[misc, unused-ignore]
        """Answers the run's font files and `data:`; every other address is refused, so a report prints offline."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url not in (cut.regular.as_uri(), cut.bold.as_uri()) and not url.startswith("data:"):
                raise ValueError(f"a report loads nothing from outside: {url}")
            return super().fetch(url, headers)

    fetcher = OnlyOurFonts()
    config = FontConfiguration()
    face = weasyprint.CSS(string=cut.css, font_config=config, url_fetcher=fetcher)
    sheets: dict[str, Any] = {}
    for html, file in pages:
        bare, style = printable(html)
        if style not in sheets:  # 35 scorecards share one style: parse it once
            sheets[style] = weasyprint.CSS(string=style, font_config=config, url_fetcher=fetcher)
        source = weasyprint.HTML(string=bare, url_fetcher=fetcher, base_url="about:blank")
        document = source.render(stylesheets=[face, sheets[style]], font_config=config)
        for giving_way in _GIVING_WAY:
            if not one_page or len(document.pages) == 1:
                break
            less = weasyprint.CSS(string=giving_way, font_config=config, url_fetcher=fetcher)
            document = source.render(stylesheets=[face, sheets[style], less], font_config=config)
        data = document.write_pdf()
        with whole(file) as part:
            part.write_bytes(data)
        yield file


def printable(html: str) -> tuple[str, str]:
    """The page without what only Excel shows and without its style, and that style: half the work of styling is saved."""
    tree = LexborHTMLParser(html)
    style = "".join(node.text() for node in tree.css("style"))
    for node in tree.css("style, .x-only"):
        node.decompose()
    return tree.html or "", style
