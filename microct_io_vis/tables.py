"""What notebooks show of results: small tables in HTML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .arguments import source_name
from .progress import size

if TYPE_CHECKING:
    import numpy

    from .api import OmeZarrInfo, Plan, VerifyResult, VolumeInfo
    from .batch import BatchEntry

#: most differences that are shown
MOST = 10
#: least length of a thumbnail's longer edge, in voxels, and most
THUMBNAIL = (160, 400)

_LEFT = ' style="text-align: left"'


def of_source(info: VolumeInfo) -> str:
    return _facts(_source_rows(info)) + _remarks(info.warnings)


def of_plan(plan: Plan) -> str:
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
    return (
        _facts([*_source_rows(plan), *planned])
        + of_rows(("level", f"shape ({plan.axes})", "chunks", "uncompressed"), levels)
        + _remarks((*refused, *plan.warnings))
    )


def of_ome_zarr(image: OmeZarrInfo) -> str:
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
    return _facts(rows) + of_rows(heads, levels) + _remarks(image.warnings)


def of_conversion(result: Mapping[str, Any]) -> str:
    """What is not in the OME-Zarr itself: how long it took, and what one was told."""
    rows = [
        ("Written", f"{size(result['bytes_written'])} in {result['seconds']:.1f} s, {result['levels']} levels"),
    ]
    if result["value_range"]:
        rows.append(("Scaled", "{:g} to {:g} became the ends of the type".format(*result["value_range"])))
    return _facts(rows) + _remarks(result["warnings"])


def of_batch(entries: Iterable[BatchEntry]) -> str:
    """A row for each; what is known of none is left out."""
    heads = ("source", "state", "shape", "voxel size", "OME-Zarr", "levels", "size", "time", "reason, or warnings")
    rows = [_batch_row(entry) for entry in entries]
    known = [n for n in range(len(heads)) if n == 0 or any(row[n] for row in rows)]
    return of_rows([heads[n] for n in known], [[row[n] for n in known] for row in rows])


def _batch_row(entry: BatchEntry) -> tuple[str, ...]:
    plan, levels, reason = entry.plan, entry.levels, entry.left_out()
    if plan is not None:
        levels = len(plan.levels)
    written = "" if entry.bytes_written is None else size(entry.bytes_written)
    return (
        source_name(entry.source),
        entry.state,
        "" if plan is None else f"{_lengths(plan.levels[0].shape)} ({plan.axes})",
        "" if plan is None else _voxel_size(plan.voxel_size, plan.unit),
        "" if entry.output is None else str(entry.output),
        "" if levels is None else str(levels),
        written if plan is None else f"at most {size(plan.disk_bytes)}",
        "" if entry.seconds is None else f"{entry.seconds:.1f} s",
        f"left out: {reason}" if reason else " ".join((*entry.warnings, *(plan.warnings if plan else ()))),
    )


def of_verification(result: VerifyResult) -> str:
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
    return _facts(rows) + _remarks((*shown, *result.notes))


def picture(plane: numpy.ndarray[Any, Any]) -> str:
    """A plane (Y, X) in grey, between its percentiles 0.1 and 99.9; empty where Pillow is not there."""
    import numpy as np

    try:
        from PIL import Image
    except ImportError:
        return ""
    values = np.nan_to_num(plane.astype(np.float64))
    low, high = np.percentile(values, (0.1, 99.9))
    grey = np.clip((values - low) / ((high - low) or 1), 0, 1) * 255
    step = max(1, -(-max(grey.shape) // THUMBNAIL[1]))
    file = BytesIO()
    Image.fromarray(grey[::step, ::step].astype(np.uint8)).save(file, "png")
    return f'<img alt="the slice in the middle" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


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


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th{_LEFT}>{escape(name)}</th><td{_LEFT}>{escape(said)}</td></tr>" for name, said in rows)
    return f"<table>{cells}</table>"


def of_rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _remarks(messages: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in messages)}</ul>" if messages else ""
