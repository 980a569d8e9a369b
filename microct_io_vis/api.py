"""The functions for scripts and notebooks: `info`, `estimate`, `convert`, `verify`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from .conversion import Conversion, Progress, ask, check
from .errors import ConversionError, ConversionWarning, warn_of
from .progress import show_progress, summarise

__all__ = [
    "CalibrationFunction",
    "Channel",
    "ConversionError",
    "ConversionWarning",
    "Difference",
    "Level",
    "Plan",
    "Unfinished",
    "VerifyResult",
    "VolumeInfo",
    "convert",
    "estimate",
    "info",
    "verify",
]

Source = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
T = TypeVar("T")


@dataclass(frozen=True)
class Channel:
    """A channel as its source describes it."""

    name: str
    #: red, green and blue in hexadecimal (``FF8000``); None when the source says none
    color: str | None


@dataclass(frozen=True)
class CalibrationFunction:
    """What ImageJ makes of a source's values v; voxels are written as they are."""

    #: ``straight line``, ``2nd degree polynomial``, ...; ``none``: only the unit is known
    name: str
    #: ImageJ's
    number: int
    #: of v and c0, c1, ..., the coefficients
    formula: str
    coefficients: tuple[float, ...]
    #: as the source has it
    unit: str
    #: whether negative results become 0
    zero_clip: bool


@dataclass(frozen=True)
class VolumeInfo:
    """What a source holds, found without reading a voxel."""

    source: str
    #: ``tiff``, ``bigtiff``, ``imagej`` or ``slices``
    format: str
    #: ``zyx``, with ``t`` and ``c`` before it where there are several time points or channels
    axes: str
    #: lengths along ``axes``
    shape: tuple[int, ...]
    dtype: str
    #: ``little`` or ``big``
    byte_order: str
    #: ``strips`` or ``tiles``
    layout: str
    compression: str
    pages: int
    #: size of the source's files together
    bytes: int
    #: edge lengths of a voxel along (Z, Y, X) in ``unit``; None when unknown
    voxel_size: tuple[float, float, float] | None
    #: UDUNITS name, such as ``micrometer``; None when unknown
    unit: str | None
    #: where the voxel size was found (``user``, ``ome-xml``, ``imagej``, ``bruker-log``, ...); None when unknown
    voxel_size_from: str | None
    #: None where the source says nothing of channels and has only one
    channels: tuple[Channel, ...] | None
    #: time between two time points in ``time_unit``; None when unknown
    time_step: float | None
    #: UDUNITS name, such as ``second``; None when unknown
    time_unit: str | None
    #: name of the file beside the volume that tells it; None when none does
    voxel_size_file: str | None
    #: what else was found about the voxel size, and why it was not taken
    voxel_size_notes: tuple[str, ...]
    #: None where the values mean what they are, as far as is known
    calibration_function: CalibrationFunction | None
    #: what one should know of the source
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """One resolution of a pyramid."""

    #: lengths along the plan's ``axes``
    shape: tuple[int, ...]
    #: number of chunks along them
    chunks: tuple[int, ...]
    #: size before compression; without compression, of chunks that reach beyond the end too
    bytes: int


@dataclass(frozen=True)
class Unfinished:
    """What an interrupted conversion to the same output has left."""

    #: when it was last written to, in milliseconds since 1970
    written: float
    #: bytes of level 0 as read that are done, and of how many
    done_bytes: int
    total_bytes: int
    #: why these options cannot go on with it; None where ``resume=True`` can
    refusal: str | None


@dataclass(frozen=True)
class Refusal:
    """Why `convert` would not write an output."""

    code: str
    message: str


@dataclass(frozen=True)
class Plan(VolumeInfo):
    """What a conversion will do and need, besides what its source holds."""

    #: absolute path of the OME-Zarr to be written
    output: str
    levels: tuple[Level, ...]
    #: all levels together, before compression
    uncompressed_bytes: int
    #: most that the output, and what lies beside it for a while, take of the disk
    disk_bytes: int
    free_disk_bytes: int
    #: the conversion's process stays under it
    peak_memory_bytes: int
    workers: int
    #: None where there is nothing to resume
    unfinished: Unfinished | None
    #: why `convert` would not write ``output``, which has something in its place; None where it would
    output_refusal: Refusal | None
    #: of the source and of the conversion
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One way in which an OME-Zarr is not what it should be."""

    #: None: the image as a whole
    level: int | None
    #: index along all axes of the first voxel of its chunk that differs; None where it is not about voxels
    voxel: tuple[int, ...] | None
    expected: float | None
    found: float | None
    #: how many voxels of the chunk differ
    voxels: int | None
    #: the file, relative to the OME-Zarr
    path: str
    #: all of it in one line
    message: str


@dataclass(frozen=True)
class VerifyResult:
    """What `verify` has found; true where nothing differs."""

    ok: bool
    #: False: there was nothing to compare with, and `ok` means that every chunk can be decoded
    compared: bool
    #: absolute path of the OME-Zarr
    output: str
    #: the source that level 0 was compared with; None: none
    against: str | None
    levels: int
    #: chunks that were read, and their bytes as stored
    chunks_read: int
    bytes_read: int
    #: voxels of all levels that were compared with the source or with the level above
    voxels_compared: int
    chunks_differing: int
    voxels_differing: int
    #: at most 100, by level, each the first of its chunk
    differences: tuple[Difference, ...]
    #: what could not be checked, and why
    notes: tuple[str, ...]
    seconds: float

    def __bool__(self) -> bool:
        return self.ok


def info(
    source: Source,
    *,
    slices: str | None = None,
    image: int | str | None = None,
    z_axis: str | None = None,
    palette: str | None = None,
    orientation: str | None = None,
) -> VolumeInfo:
    """What a TIFF, a folder of slices, or a list of slices holds; reads headers only.

    ``slices`` chooses files of a folder, ``image`` one of several images, ``z_axis`` says what slices are, ``palette``
    and ``orientation`` what is made of these tags, as in `convert`. Raises `ConversionError`.
    """
    chosen = {"slices": slices, "image": image, "z_axis": z_axis, "palette": palette, "orientation": orientation}
    return to_info(ask("info", source, None, chosen))


def estimate(source: Source, output: str | os.PathLike[str] | None = None, **options: Any) -> Plan:
    """What `convert` would do and need with the same arguments.

    Raises `ConversionError` where it cannot work; warns (`ConversionWarning`) of what it has in ``warnings``.
    """
    source = _listed(source)
    plan = to_plan(ask("estimate", source, output, options))
    warn_of(_name(source), plan.warnings)
    return plan


def convert(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    progress: bool | Callable[[Progress], None] = True,
    **options: Any,
) -> Path:
    """Converts a volume to an OME-Zarr pyramid and returns its path.

    Parameters
    ----------
    source
        Path of a TIFF or of a folder of slices, or a list of paths of slices.
    output
        Path of the OME-Zarr; None: ``<stem>.ome.zarr`` beside the source. With ``labels=True, parent="scan.ome.zarr"``
        a name in ``scan.ome.zarr/labels``, which None makes ``<stem>``.
    progress
        True shows a bar; a function is called with a dictionary of ``done_bytes``, ``total_bytes``,
        ``bytes_per_second`` and ``seconds_left``.
    **options
        slices, image, z_axis, palette, orientation, chunk_size, num_levels, shard, downsample, labels, parent,
        compression, checksum, max_memory, dtype, channel, value_range, roi, voxel_size, unit, ome_zarr, jobs, overwrite
        and resume:
        the command line's options (``microct-io-vis convert --help``) under their own names:
        ``chunk_size=(128, 128, 128)``, ``max_memory="8G"`` or a number of bytes, ``roi=(z0, z1, y0, y1, x0, x1)``,
        ``channel=0``, ``channel=[0, 2]`` or ``channel="all"``, ``value_range=("0.1%", "99.9%")`` or two numbers;
        None leaves an option to its default. ``resume=True`` goes on with what an interrupted conversion has left
        (``estimate(...).unfinished``); without it, that is removed.

    Raises
    ------
    ConversionError
        It failed; ``code`` and the message say why, and whether what is done was kept for ``resume=True``.
        KeyboardInterrupt cancels it, and nothing is left.

    Warns
    -----
    ConversionWarning
        Slices that are missing, values that were lost, and whatever else one should know. The output keeps them, in the
        attributes under ``microct-io-vis``.
    """
    source = _listed(source)
    conversion = Conversion(source, output, **options)
    if progress is True:
        with show_progress(_name(source)) as show:
            result = conversion.run(show)
            show.end(summarise(result))
    else:
        result = conversion.run(progress or None)
    warn_of(_name(source), result["warnings"])
    return Path(result["output"])


def verify(
    output: str | os.PathLike[str],
    against: Source | None = None,
    *,
    progress: bool | Callable[[Progress], None] = True,
    max_memory: int | str | None = None,
    jobs: int | None = None,
) -> VerifyResult:
    """Reads an OME-Zarr back and says where it differs from its source, or from itself. Writes nothing.

    Every chunk is read. Level 0 is compared with the source, every further level with what the stored one above
    gives, the metadata with itself and with the source. An OME-Zarr of another program is compared with the source
    alone.

    Parameters
    ----------
    output
        Path of the OME-Zarr.
    against
        The source: what `convert` takes; None: the one that the output names, if it lies beside it.
    progress, max_memory, jobs
        As in `convert`.

    Raises `ConversionError` where it cannot be found out; what differs is in the result.
    """
    options = {"max_memory": max_memory, "jobs": jobs}
    if progress is True:
        with show_progress(_name(output)) as show:
            found = check(output, against, options, show)
            show.end(("OK" if found["compared"] else "readable") if found["ok"] else "different", good=found["ok"])
    else:
        found = check(output, against, options, progress or None)
    found["differences"] = tuple(_build(Difference, _numbers(each)) for each in found["differences"])
    return _build(VerifyResult, found)


def to_info(found: dict[str, Any]) -> VolumeInfo:
    return _build(VolumeInfo, _with_parts(found))


def to_plan(found: dict[str, Any]) -> Plan:
    found["levels"] = tuple(_build(Level, level) for level in found["levels"])
    found["unfinished"] = found["unfinished"] and _build(Unfinished, found["unfinished"])
    found["output_refusal"] = found["output_refusal"] and _build(Refusal, found["output_refusal"])
    return _build(Plan, _with_parts(found))


def _numbers(difference: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinities, so that they come as words."""
    values = {name: difference[name] for name in ("expected", "found")}
    return difference | {name: float(value) if isinstance(value, str) else value for name, value in values.items()}


def _listed(source: Source) -> Source:
    """What can be gone through more than once: `Path.glob` cannot."""
    return source if isinstance(source, (str, os.PathLike)) or not isinstance(source, Iterator) else list(source)


def _name(source: Source) -> str:
    return os.path.basename(os.fspath(source)) if isinstance(source, (str, os.PathLike)) else f"{len(source)} slices"


def _with_parts(found: dict[str, Any]) -> dict[str, Any]:
    channels, function = found["channels"], found["calibration_function"]
    return {
        **found,
        "channels": channels and tuple(_build(Channel, channel) for channel in channels),
        "calibration_function": function and _build(CalibrationFunction, function),
    }


def _build(kind: type[T], found: dict[str, Any]) -> T:
    """A dataclass of what the helper said; lists become tuples, and what a newer helper may add is left out."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: tuple(item) if isinstance(item, list) else item for key, item in found.items() if key in known})
