"""Results as notebooks show them: small tables, in HTML and in Markdown."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

#: least length of a thumbnail's longer edge, in voxels, and most
THUMBNAIL = (160, 400)

_LEFT = ' style="text-align: left"'


@dataclass(frozen=True)
class Table:
    """Rows of text; ``heads``: None where the first cell of each says what the second is."""

    rows: Sequence[Sequence[str]]
    heads: Sequence[str] | None = None

    def html(self) -> str:
        if self.heads is None:
            cells = "".join(f"<tr><th{_LEFT}>{escape(a)}</th><td{_LEFT}>{escape(b)}</td></tr>" for a, b in self.rows)
            return f"<table>{cells}</table>"
        head = "".join(f"<th>{escape(each)}</th>" for each in self.heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def markdown(self) -> str:
        rows = [[_plain(cell) for cell in row] for row in [self.heads or ("", ""), *self.rows]]
        # Of long lines the dashes say how the page's width is shared.
        dashes = ["-" * min(60, max(10, 3 + max(len(row[n]) for row in rows))) for n in range(len(rows[0]))]
        return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], dashes, *rows[1:]]) + "\n"


@dataclass(frozen=True)
class Remarks:
    """Sentences."""

    messages: Sequence[str]

    def html(self) -> str:
        return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in self.messages)}</ul>" if self.messages else ""

    def markdown(self) -> str:
        return "".join(f"- {_plain(each)}\n" for each in self.messages)


@dataclass(frozen=True)
class Picture:
    """A PNG, which Markdown has no place for."""

    png: bytes

    def html(self) -> str:
        return f'<img alt="the slice in the middle" src="data:image/png;base64,{b64encode(self.png).decode()}">'

    def markdown(self) -> str:
        return ""


Parts = Sequence[Table | Remarks | Picture]


class Tabled:
    """Shown by notebooks as tables; those in Markdown are what nbconvert makes PDFs of."""

    def _tables(self) -> Parts:
        """Parts to show; none where there is nothing to show."""
        raise NotImplementedError

    def _repr_html_(self) -> str | None:
        return "".join(part.html() for part in self._tables()) or None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Both of what is looked up once.
        if not (parts := self._tables()):
            return {}
        markdown = "\n".join(filter(None, (part.markdown() for part in parts)))
        return {"text/html": "".join(part.html() for part in parts), "text/markdown": markdown}


def _plain(text: str) -> str:
    """The text as Markdown, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#$~^|!@])", r"\\\1", " ".join(text.split()))


def picture(plane: numpy.ndarray[Any, Any]) -> list[Picture]:
    """A plane (Y, X) in grey, between its percentiles 0.1 and 99.9; none where Pillow is not there."""
    import numpy as np

    try:
        from PIL import Image
    except ImportError:
        return []
    values = np.nan_to_num(plane.astype(np.float64))
    low, high = np.percentile(values, (0.1, 99.9))
    grey = np.clip((values - low) / ((high - low) or 1), 0, 1) * 255
    step = max(1, -(-max(grey.shape) // THUMBNAIL[1]))
    file = BytesIO()
    Image.fromarray(grey[::step, ::step].astype(np.uint8)).save(file, "png")
    return [Picture(file.getvalue())]


def lengths(values: Sequence[float] | None) -> str:
    """Lengths along the axes; a question mark where they are not known."""
    return "?" if values is None else " × ".join(f"{n:g}" if isinstance(n, float) else str(n) for n in values)


def voxel_size(sizes: Sequence[float] | None, unit: str | None) -> str:
    """Lengths of a voxel along (Z, Y, X)."""
    return f"{lengths(sizes)} {unit or '(unit unknown)'}" if sizes else "unknown"
