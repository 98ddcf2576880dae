"""Pictures and scanned pages, read by character recognition when the extra `ocr` is installed."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from crawler.documents.lines import Word, block
from crawler.documents.parts import Document, Limits, Unreadable

_MAX_PIXELS = 40_000_000
_DPI = 150
_SCORE = 0.6


def read_scan(content: bytes, limits: Limits) -> Document:
    """The words of a picture, or of a PDF's first pages, as lines."""
    engine = _engine()
    document = Document("text", certain=False)
    for number, picture in enumerate(_pictures(content, limits, document), start=1):
        answer = engine(picture)
        if answer.boxes is None:
            continue
        words = [
            Word(
                float(min(p[0] for p in box)), float(min(p[1] for p in box)), float(max(p[0] for p in box)),
                float(max(p[1] for p in box) - min(p[1] for p in box)), text,
            )
            for box, text, score in zip(answer.boxes, answer.txts, answer.scores, strict=True)
            if score >= _SCORE
        ]  # fmt: skip
        found = block(words, number)
        if found is not None:
            document.blocks.append(found)
    if not document.blocks:
        raise Unreadable("扫描图片，没有识别出文字")
    return document


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The recogniser; loading its models takes seconds, so a child does it once."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise Unreadable("扫描图片；未安装文字识别组件（mingcha[ocr]），未读") from None
    return RapidOCR(params={"Global.log_level": "critical"})


def _pictures(content: bytes, limits: Limits, document: Document) -> list[Any]:
    import numpy
    from PIL import Image, UnidentifiedImageError

    if b"%PDF-" in content[:1024]:
        import pypdfium2

        pdf = pypdfium2.PdfDocument(content)
        pages = min(len(pdf), 10)
        if len(pdf) > pages:
            document.cut = f"共 {len(pdf)} 页，只识别了前 {pages} 页"
        return [numpy.asarray(pdf[n].render(scale=_DPI / 72).to_pil().convert("RGB")) for n in range(pages)]
    try:
        picture = Image.open(io.BytesIO(content))
        if picture.width * picture.height > _MAX_PIXELS:
            raise Unreadable("图片过大，未识别")
        return [numpy.asarray(picture.convert("RGB"))]
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Unreadable(f"图片损坏，无法识别（{type(error).__name__}）") from None
