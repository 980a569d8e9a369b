"""Results as notebooks show them: small tables, in HTML and in Markdown."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .arguments import source_name
from .progress import size

if TYPE_CHECKING:
    import numpy

    from .batch import BatchEntry
    from .results import OmeZarrInfo, Plan, VerifyResult, VolumeInfo

#: most differences that are shown
MOST = 10
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


def of_source(info: VolumeInfo) -> Parts:
    return [Table(_source_rows(info)), Remarks(info.warnings)]


def of_plan(plan: Plan) -> Parts:
    planned = [
        ("Output", plan.output),
        ("Disk", f"at most {size(plan.disk_bytes)}, of {size(plan.free_disk_bytes)} that are free"),
        ("Memory", f"at most {size(plan.peak_memory_bytes)}, {plan.workers} workers"),
    ]
    levels = [
        (str(number), _lengths(level.shape), _lengths(level.chunks), size(level.bytes))
        for number, level in enumerate(plan.levels)
    ]
    refused = (plan.output_refusal.message,) if plan.output_refusal else ()
    heads = ("level", f"shape ({plan.axes})", "chunks", "uncompressed")
    return [Table([*_source_rows(plan), *planned]), Table(levels, heads), Remarks((*refused, *plan.warnings))]


def of_ome_zarr(image: OmeZarrInfo) -> Parts:
    axes = "".join(axis.name for axis in image.axes)
    rows = [
        ("OME-Zarr", f"{image.source} ({image.version or 'version unknown'}, Zarr v{image.zarr_format})"),
        ("Shape", f"{_lengths(image.shape)} ({axes}) {image.dtype or ''}"),
        ("Voxel size", _voxel_size(image.voxel_size, image.unit)),
    ]
    if image.bytes is not None:
        rows.append(("Size", f"{size(image.bytes)} in {image.files:,} files"))
    if image.labels:
        rows.append(("Labels", ", ".join(image.labels)))
    levels = [
        (
            level.path,
            _lengths(level.shape),
            _lengths(level.chunk),
            _lengths(level.shard) if level.shard else "none",
            level.compression or "?",
            "?" if level.bytes is None else size(level.bytes),
        )
        for level in image.levels
    ]
    heads = ("level", f"shape ({axes})", "chunk", "shard", "compression", "size")
    return [Table(rows), Table(levels, heads), Remarks(image.warnings)]


def of_conversion(result: Mapping[str, Any]) -> Parts:
    """Facts that are not in the OME-Zarr itself: how long it took, and what one was told."""
    rows = [
        ("Written", f"{size(result['bytes_written'])} in {result['seconds']:.1f} s, {result['levels']} levels"),
    ]
    if result["value_range"]:
        rows.append(("Scaled", "{:g} to {:g} became the ends of the type".format(*result["value_range"])))
    return [Table(rows), Remarks(result["warnings"])]


def of_batch(entries: Iterable[BatchEntry]) -> Parts:
    """A row for each; what is known of none is left out."""
    heads = ("source", "state", "shape", "voxel size", "OME-Zarr", "levels", "size", "time", "reason, or warnings")
    rows = [_batch_row(entry) for entry in entries]
    known = [n for n in range(len(heads)) if n == 0 or any(row[n] for row in rows)]
    return [Table([[row[n] for n in known] for row in rows], [heads[n] for n in known])]


def _batch_row(entry: BatchEntry) -> tuple[str, ...]:
    plan, levels, reason = entry.plan, entry.levels, entry.left_out()
    if plan is not None:
        levels = len(plan.levels)
    written = "" if entry.bytes_written is None else size(entry.bytes_written)
    return (
        source_name(entry.source),
        "to be converted" if entry.state == "waiting" else entry.state,
        "" if plan is None else f"{_lengths(plan.levels[0].shape)} ({plan.axes})",
        "" if plan is None else _voxel_size(plan.voxel_size, plan.unit),
        "" if entry.output is None else str(entry.output),
        "" if levels is None else str(levels),
        written if plan is None else f"at most {size(plan.disk_bytes)}",
        "" if entry.seconds is None else f"{entry.seconds:.1f} s",
        f"left out: {reason}" if reason else " ".join((*entry.warnings, *(plan.warnings if plan else ()))),
    )


def of_verification(result: VerifyResult) -> Parts:
    verdict = "nothing differs" if result.compared else "readable; there was nothing to compare with"
    if not result.ok:
        verdict = f"{result.chunks_differing:,} chunks and {result.voxels_differing:,} voxels differ"
    rows = [
        ("OME-Zarr", result.output),
        ("Verdict", verdict),
        ("Compared with", result.against or "no source"),
        ("Read", f"{result.levels} levels, {result.chunks_read:,} chunks, {size(result.bytes_read)}"),
        ("Compared", f"{result.voxels_compared:,} voxels in {result.seconds:.1f} s"),
    ]
    shown = [each.message for each in result.differences[:MOST]]
    if len(result.differences) > MOST:
        shown.append(f"… {len(result.differences) - MOST} more in differences")
    return [Table(rows), Remarks((*shown, *result.notes))]


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


def _source_rows(info: VolumeInfo) -> list[tuple[str, str]]:
    return [
        ("Source", f"{info.source} ({info.format}, {info.compression})"),
        ("Shape", f"{_lengths(info.shape)} ({info.axes}) {info.dtype}"),
        ("Voxel size", _voxel_size(info.voxel_size, info.unit)),
        ("Size", f"{size(info.bytes)}, {info.pages:,} pages"),
    ]


def _voxel_size(voxel_size: Sequence[float] | None, unit: str | None) -> str:
    return f"{_lengths(voxel_size)} {unit or '(unit unknown)'}" if voxel_size else "unknown"


def _lengths(lengths: Sequence[float] | None) -> str:
    return "?" if lengths is None else " × ".join(f"{n:g}" if isinstance(n, float) else str(n) for n in lengths)
