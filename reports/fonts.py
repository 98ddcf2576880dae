"""The typeface: Noto Sans SC (OFL) from the `justmytype-intl-cjk` package, cut down to the characters a run uses.

The package's font is one variable file of 17 MB. Handing it to the PDF writer costs 1.3 s a document; a static cut of
the characters in use costs 2 s once and then 0.1 s a document. Cuts are kept in var/cache/fonts under the hash of
their characters, so the next run of the same period finds them.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
import io
import os
import string
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

PACKAGE = "justmytype_intl_cjk"
FAMILY = "Noto Sans SC"
# What a reader's own machine is asked for, in this order, when the page is not printed by us.
STACK = f"'{FAMILY}', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_ALWAYS = (
    string.ascii_letters
    + string.digits
    + string.punctuation
    + " \u00a0·—…“”‘’、。，；：？！（）〔〕《》〈〉【】％＜≥≤×÷±→↑↓■▲▼●○√"
)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")  # a family name with a digit after its blank is no CSS identifier
_WEIGHTS = {"regular": 400, "bold": 700}


@dataclass(frozen=True)
class Cut:
    """One static cut of the typeface. `family` is a name of its own, so that two cuts in a process never mix."""

    family: str
    regular: Path
    bold: Path

    @property
    def folder(self) -> Path:
        return self.regular.parent

    @property
    def css(self) -> str:
        """`@font-face` rules that give this cut the typeface's plain name inside one document."""
        face = "@font-face {{ font-family: '{}'; font-weight: {}; src: url('{}'); }}\n"
        return "".join(face.format(FAMILY, weight, getattr(self, name).as_uri()) for name, weight in _WEIGHTS.items())


@cache
def source() -> Path:
    """The variable font file inside the installed package."""
    folder = importlib.resources.files(PACKAGE) / "fonts" / "ofl" / "notosanssc"
    (font,) = (Path(str(entry)) for entry in folder.iterdir() if entry.name.endswith(".ttf"))
    return font


def cut(text: str, folder: Path) -> Cut:
    """A cut with every character of `text`; taken from `folder` when an equal one was made before."""
    characters = "".join(sorted(set(text + _ALWAYS) - set("\n\r\t")))
    edition = f"{importlib.metadata.version('justmytype-intl-cjk')}|{importlib.metadata.version('fonttools')}|2|"
    name = hashlib.sha256((edition + characters).encode()).hexdigest()[:16]
    home = folder / name
    made = Cut("Mingcha " + name[:8].translate(_LETTERS), home / "regular.ttf", home / "bold.ttf")
    if not (made.regular.exists() and made.bold.exists()):
        home.mkdir(parents=True, exist_ok=True)
        for weight, data in _make(characters, made.family).items():
            _write(home / f"{weight}.ttf", data)
    return made


def _make(characters: str, family: str) -> dict[str, bytes]:
    options = subset.Options()
    options.layout_features = ["kern", "liga", "locl", "tnum", "ccmp", "mark"]
    options.hinting = False
    options.notdef_outline = True
    options.recalc_timestamp = False  # equal characters give equal bytes
    small = io.BytesIO()
    with TTFont(str(source()), lazy=True, recalcTimestamp=False) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)
        font.save(small)
    made = {}
    for name, weight in _WEIGHTS.items():
        small.seek(0)
        static = instancer.instantiateVariableFont(TTFont(small, recalcTimestamp=False), {"wght": weight})
        _rename(static, family, name)
        out = io.BytesIO()
        static.save(out)
        made[name] = out.getvalue()
    return made


def _rename(font: TTFont, family: str, style: str) -> None:
    """Family and weight as a font list expects them; the variable file calls itself Thin."""
    names = font["name"]
    names.names = [record for record in names.names if record.nameID in (0, 13, 14)]  # copyright and licence stay
    for number, text in {
        1: family, 2: style.capitalize(), 3: f"{family} {style}", 4: f"{family} {style}",
        6: f"{family.replace(' ', '')}-{style.capitalize()}",
    }.items():  # fmt: skip
        names.setName(text, number, 3, 1, 0x409)
    bold = style == "bold"
    font["OS/2"].fsSelection = 0x20 if bold else 0x40
    font["head"].macStyle = 1 if bold else 0


def _write(file: Path, data: bytes) -> None:
    fresh = file.with_name(f".{file.name}-{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(file)  # atomic: a second process sees the whole file or none
