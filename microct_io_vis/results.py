"""What the functions give: facts of sources and outputs, plans, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from . import tables
from .process import Names, ask
from .progress import counted, size
from .types import Source

T = TypeVar("T")
#: most differences that notebooks show
MOST_SHOWN = 10


@dataclass(frozen=True)
class Channel:
    """A channel as its source describes it.

    Attributes
    ----------
    name : str
        As the source has it.
    color : str or None
        Red, green and blue in hexadecimal (``FF8000``); None when the source says none.

    Examples
    --------
    Of a volume without channels there are none:

    >>> from microct_io_vis import info
    >>> info("scan.tif").channels is None
    True
    """

    name: str
    color: str | None


@dataclass(frozen=True)
class CalibrationFunction:
    """ImageJ's calibration of a source's values v; voxels are written as they are.

    Attributes
    ----------
    name : str
        ``straight line``, ``2nd degree polynomial``, ...; ``none``: only the unit is known.
    number : int
        ImageJ's.
    formula : str
        Of v and c0, c1, ..., the coefficients.
    coefficients : tuple[float, ...]
        As many as the formula has.
    unit : str
        As the source has it.
    zero_clip : bool
        Whether negative results become 0.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> info("scan.tif").calibration_function is None
    True
    """

    name: str
    number: int
    formula: str
    coefficients: tuple[float, ...]
    unit: str
    zero_clip: bool


@dataclass(frozen=True)
class VolumeInfo(tables.Tabled):
    """Description of a source, found without reading a voxel.

    Attributes
    ----------
    source : str
        Path as it was given; of a list of slices the first.
    format : str
        ``tiff``, ``bigtiff``, ``imagej`` or ``slices``.
    axes : str
        ``zyx``, with ``t`` and ``c`` before it where there are several time points or channels.
    shape : tuple[int, ...]
        Lengths along ``axes``.
    dtype : str
        NumPy's name of it.
    byte_order : str
        ``little`` or ``big``.
    layout : str
        ``strips`` or ``tiles``.
    compression : str
        ``none``, ``lzw``, ``deflate``, ``zstd``, ``jpeg``, ...
    pages : int
        Of all files together.
    bytes : int
        Size of the source's files together.
    voxel_size : tuple[float, float, float] or None
        Edge lengths of a voxel along (Z, Y, X) in ``unit``; None when unknown.
    unit : str or None
        UDUNITS name, such as ``micrometer``; None when unknown.
    voxel_size_from : str or None
        Where the voxel size was found (``user``, ``ome-xml``, ``imagej``, ``bruker-log``, ...); None when unknown.
    channels : tuple[Channel, ...] or None
        None where the source says nothing of channels and has only one.
    time_step : float or None
        Time between two time points in ``time_unit``; None when unknown.
    time_unit : str or None
        UDUNITS name, such as ``second``; None when unknown.
    voxel_size_file : str or None
        Name of the file beside the volume that tells it; None when none does.
    voxel_size_notes : tuple[str, ...]
        What else was found about the voxel size, and why it was not taken.
    calibration_function : CalibrationFunction or None
        None where the values mean what they are, as far as is known.
    warnings : tuple[str, ...]
        What one should know of the source.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> volume = info("scan.tif")
    >>> volume.format, volume.dtype, volume.bytes > 28800
    ('imagej', 'float32', True)
    """

    source: str
    format: str
    axes: str
    shape: tuple[int, ...]
    dtype: str
    byte_order: str
    layout: str
    compression: str
    pages: int
    bytes: int
    voxel_size: tuple[float, float, float] | None
    unit: str | None
    voxel_size_from: str | None
    channels: tuple[Channel, ...] | None
    time_step: float | None
    time_unit: str | None
    voxel_size_file: str | None
    voxel_size_notes: tuple[str, ...]
    calibration_function: CalibrationFunction | None
    warnings: tuple[str, ...]

    def _tables(self) -> tables.Parts:
        return [tables.Table(self._rows()), tables.Remarks(self.warnings)]

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("Source", f"{self.source} ({self.format}, {self.compression})"),
            ("Shape", f"{tables.lengths(self.shape)} ({self.axes}) {self.dtype}"),
            ("Voxel size", tables.voxel_size(self.voxel_size, self.unit)),
            ("Size", f"{size(self.bytes)}, {counted(self.pages, 'page')}"),
        ]


@dataclass(frozen=True)
class Axis:
    """An axis of an OME-Zarr.

    Attributes
    ----------
    name : str
        Such as ``z``.
    type : str or None
        ``space``, ``time``, ``channel``, ...; None where the OME-Zarr says none.
    unit : str or None
        UDUNITS name, such as ``micrometer``; None when unknown.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> [axis.name for axis in info("bone.ome.zarr").axes]
    ['z', 'y', 'x']
    """

    name: str
    type: str | None
    unit: str | None


@dataclass(frozen=True)
class OmeZarrChannel:
    """A channel of an OME-Zarr, and how it is to be shown. None stands for what is not said.

    Attributes
    ----------
    name : str or None
        Its label.
    color : str or None
        Red, green and blue in hexadecimal.
    active : bool or None
        Whether it is shown at first.
    window : dict or None
        ``start`` and ``end``: values shown black and white; ``min`` and ``max``: the limits of the control.
    inverted : bool
        Whether the least value is to be shown brightest.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> [channel.color for channel in info("bone.ome.zarr").channels]
    ['FFFFFF']
    """

    name: str | None
    color: str | None
    active: bool | None
    window: dict[str, float | None] | None
    inverted: bool


@dataclass(frozen=True)
class OmeZarrLevel:
    """One resolution of an OME-Zarr. Lengths are along its ``axes``.

    Attributes
    ----------
    path : str
        Folder, relative to the OME-Zarr.
    shape : tuple[int, ...] or None
        None where the array's metadata cannot be read; so are those that follow, also where its chunks are not read
        here.
    dtype : str or None
        NumPy's name of it.
    chunk : tuple[int, ...] or None
        Lengths of a chunk.
    shard : tuple[int, ...] or None
        Lengths of a shard; None: no shards.
    compression : str or None
        ``blosc-zstd``, ``blosc-lz4``, ``blosc``, ``zstd``, ``gzip``, ``zlib``, ``lz4``, ``bz2`` or ``none``.
    checksum : str or None
        ``crc32c`` or ``none``.
    scale : tuple[float, ...] or None
        Of all transformations together; None where there is none.
    translation : tuple[float, ...] or None
        The same.
    chunk_files : int or None
        Files of chunks, or of shards, that a whole level has.
    missing_files : int or None
        How many of these are not there, and are read as the fill value; None where nobody lists them.
    bytes : int or None
        Size of its files together; None where nobody lists them.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> level = info("bone.ome.zarr").levels[0]
    >>> level.shape, level.compression, level.missing_files
    ((12, 30, 20), 'blosc-zstd', 0)
    """

    path: str
    shape: tuple[int, ...] | None
    dtype: str | None
    chunk: tuple[int, ...] | None
    shard: tuple[int, ...] | None
    compression: str | None
    checksum: str | None
    scale: tuple[float, ...] | None
    translation: tuple[float, ...] | None
    chunk_files: int | None
    missing_files: int | None
    bytes: int | None


@dataclass(frozen=True)
class OmeZarrInfo(tables.Tabled):
    """Description of an OME-Zarr, by its metadata and the names and sizes of its files.

    Attributes
    ----------
    source : str
        Path as it was given.
    format : str
        ``ome-zarr``.
    version : str or None
        Of OME-Zarr, such as ``0.5``; None where it says none.
    zarr_format : int
        2 or 3.
    name : str or None
        Of the image.
    axes : tuple[Axis, ...]
        In the order of the arrays.
    shape : tuple[int, ...] or None
        Lengths of level 0 along ``axes``; None where its metadata cannot be read.
    dtype : str or None
        NumPy's name of it.
    bytes : int or None
        Size of all its files together, those of its labels too; None where nobody lists them, as of a server of the
        web.
    files : int or None
        How many they are; None where nobody lists them.
    voxel_size : tuple[float, ...] or None
        Edge lengths of a voxel of level 0 along the axes of space, in their order, in ``unit``; None when unknown.
    unit : str or None
        UDUNITS name; None when unknown, or where the axes have several.
    voxel_size_from : str or None
        Where this program found the voxel size; None when unknown, or where another program wrote the OME-Zarr.
    channels : tuple[OmeZarrChannel, ...] or None
        None where the OME-Zarr says nothing of them.
    is_labels : bool
        Whether voxels are labels.
    labels : tuple[str, ...]
        Names of its images of labels.
    levels : tuple[OmeZarrLevel, ...]
        The full resolution first.
    writer : str or None
        The program that wrote it, where it says so.
    provenance : dict or None
        What this program has written of the source, the options and its warnings; None where another program wrote it.
    warnings : tuple[str, ...]
        What one should know of it.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> image = info("bone.ome.zarr")
    >>> image.version, image.shape, image.provenance["source"]["name"]
    ('0.5', (12, 30, 20), 'bone.tif')
    """

    source: str
    format: str
    version: str | None
    zarr_format: int
    name: str | None
    axes: tuple[Axis, ...]
    shape: tuple[int, ...] | None
    dtype: str | None
    bytes: int | None
    files: int | None
    voxel_size: tuple[float, ...] | None
    unit: str | None
    voxel_size_from: str | None
    channels: tuple[OmeZarrChannel, ...] | None
    is_labels: bool
    labels: tuple[str, ...]
    levels: tuple[OmeZarrLevel, ...]
    writer: str | None
    provenance: dict[str, Any] | None
    warnings: tuple[str, ...]

    def _tables(self) -> tables.Parts:
        axes = "".join(axis.name for axis in self.axes)
        rows = [
            ("OME-Zarr", f"{self.source} ({self.version or 'version unknown'}, Zarr v{self.zarr_format})"),
            ("Shape", f"{tables.lengths(self.shape)} ({axes}) {self.dtype or ''}"),
            ("Voxel size", tables.voxel_size(self.voxel_size, self.unit)),
        ]
        if self.bytes is not None:
            rows.append(("Size", f"{size(self.bytes)} in {self.files:,} files"))
        if self.labels:
            rows.append(("Labels", ", ".join(self.labels)))
        levels = [
            (
                level.path,
                tables.lengths(level.shape),
                tables.lengths(level.chunk),
                tables.lengths(level.shard) if level.shard else "none",
                level.compression or "?",
                "?" if level.bytes is None else size(level.bytes),
            )
            for level in self.levels
        ]
        heads = ("level", f"shape ({axes})", "chunk", "shard", "compression", "size")
        return [tables.Table(rows), tables.Table(levels, heads), tables.Remarks(self.warnings)]


@dataclass(frozen=True)
class Level:
    """One resolution of a pyramid.

    Attributes
    ----------
    shape : tuple[int, ...]
        Lengths along the plan's ``axes``.
    chunks : tuple[int, ...]
        Number of chunks along them.
    bytes : int
        Size before compression; without compression, of chunks that reach beyond the end too.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> estimate("scan.tif", chunk_size=16, num_levels=2).levels[1]
    Level(shape=(12, 15, 10), chunks=(1, 1, 1), bytes=7200)
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Unfinished:
    """Remains of an interrupted conversion to the same output.

    Attributes
    ----------
    written : float
        When it was last written to, in milliseconds since 1970.
    done_bytes : int
        Bytes of level 0 as read that are done.
    total_bytes : int
        Bytes of level 0 as read, all together.
    refusal : str or None
        Why these options cannot go on with it; None where ``resume=True`` can.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> unfinished = estimate("scan.tif").unfinished
    >>> resume = unfinished is not None and unfinished.refusal is None
    >>> resume
    False
    """

    written: float
    done_bytes: int
    total_bytes: int
    refusal: str | None


@dataclass(frozen=True)
class Refusal:
    """Why `convert` would not write an output.

    Attributes
    ----------
    code : str
        As of `ConversionError`.
    message : str
        What is there, and what to do.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> refusal = estimate("scan.tif").output_refusal
    >>> why = None if refusal is None else refusal.message
    >>> why is None
    True
    """

    code: str
    message: str


@dataclass(frozen=True)
class Plan(VolumeInfo):
    """Plan of a conversion: what it will do and need. It has the attributes of `VolumeInfo`, of its source, too.

    Attributes
    ----------
    output : str
        Absolute path of the OME-Zarr to be written.
    levels : tuple[Level, ...]
        Finest first.
    uncompressed_bytes : int
        All levels together, before compression.
    disk_bytes : int
        Most that the output, and what lies beside it for a while, take of the disk.
    free_disk_bytes : int
        What the disk of the output has left.
    peak_memory_bytes : int
        The conversion's process stays under it.
    workers : int
        Worker threads.
    unfinished : Unfinished or None
        None where there is nothing to resume.
    output_refusal : Refusal or None
        Why `convert` would not write ``output``, which has something in its place, no folder to be in, or too small a
        disk; None where it would.
    warnings : tuple[str, ...]
        Of the source and of the conversion.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> plan = estimate("scan.tif", max_memory="1G")
    >>> plan.peak_memory_bytes <= 2**30, plan.disk_bytes < plan.free_disk_bytes
    (True, True)
    """

    output: str
    levels: tuple[Level, ...]
    uncompressed_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    peak_memory_bytes: int
    workers: int
    unfinished: Unfinished | None
    output_refusal: Refusal | None
    warnings: tuple[str, ...]

    def _tables(self) -> tables.Parts:
        planned = [
            ("Output", self.output),
            ("Disk", f"at most {size(self.disk_bytes)}, of {size(self.free_disk_bytes)} that are free"),
            ("Memory", f"at most {size(self.peak_memory_bytes)}, {counted(self.workers, 'worker')}"),
        ]
        levels = [
            (str(number), tables.lengths(level.shape), tables.lengths(level.chunks), size(level.bytes))
            for number, level in enumerate(self.levels)
        ]
        refused = (self.output_refusal.message,) if self.output_refusal else ()
        heads = ("level", f"shape ({self.axes})", "chunks", "uncompressed")
        return [
            tables.Table([*self._rows(), *planned]),
            tables.Table(levels, heads),
            # It is one of the warnings, too.
            tables.Remarks(tuple(dict.fromkeys((*refused, *self.warnings)))),
        ]


@dataclass(frozen=True)
class Difference:
    """One way in which an OME-Zarr is not what it should be.

    Attributes
    ----------
    level : int or None
        None: the image as a whole.
    voxel : tuple[int, ...] or None
        Index along all axes of the first voxel of its chunk that differs; None where it is not about voxels.
    expected : float or None
        What should be there; None where it is not about voxels.
    found : float or None
        What is there.
    voxels : int or None
        How many voxels of the chunk differ.
    path : str
        The file, relative to the OME-Zarr.
    message : str
        All of it in one line.

    Examples
    --------
    >>> from microct_io_vis import verify
    >>> for difference in verify("bone.ome.zarr", progress=False).differences:
    ...     print(difference.level, difference.voxel, difference.message)
    """

    level: int | None
    voxel: tuple[int, ...] | None
    expected: float | None
    found: float | None
    voxels: int | None
    path: str
    message: str


@dataclass(frozen=True)
class VerifyResult(tables.Tabled):
    """Findings of `verify`; true where nothing differs.

    Attributes
    ----------
    ok : bool
        Whether nothing differs.
    compared : bool
        False: there was nothing to compare with, and `ok` means that every chunk can be decoded.
    output : str
        Absolute path of the OME-Zarr.
    against : str or None
        The source that level 0 was compared with; None: none.
    levels : int
        How many were read.
    chunks_read : int
        Chunks that were read.
    bytes_read : int
        As stored.
    voxels_compared : int
        Voxels of all levels that were compared with the source or with the level above.
    chunks_differing : int
        Chunks with at least one difference.
    voxels_differing : int
        Voxels that are not what they should be.
    differences : tuple[Difference, ...]
        At most 100, by level, each the first of its chunk.
    notes : tuple[str, ...]
        What could not be checked, and why.
    seconds : float
        How long it took.

    Examples
    --------
    >>> from microct_io_vis import verify
    >>> result = verify("bone.ome.zarr", progress=False)
    >>> result.ok, result.levels, result.chunks_differing
    (True, 1, 0)
    """

    ok: bool
    compared: bool
    output: str
    against: str | None
    levels: int
    chunks_read: int
    bytes_read: int
    voxels_compared: int
    chunks_differing: int
    voxels_differing: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    seconds: float

    def __bool__(self) -> bool:
        return self.ok

    def _tables(self) -> tables.Parts:
        verdict = "nothing differs" if self.compared else "readable; there was nothing to compare with"
        if not self.ok:
            verdict = f"{counted(self.chunks_differing, 'chunk')} and {counted(self.voxels_differing, 'voxel')} differ"
        rows = [
            ("OME-Zarr", self.output),
            ("Verdict", verdict),
            ("Compared with", self.against or "no source"),
            ("Read", f"{counted(self.levels, 'level')}, {counted(self.chunks_read, 'chunk')}, {size(self.bytes_read)}"),
            ("Compared", f"{self.voxels_compared:,} voxels in {self.seconds:.1f} s"),
        ]
        shown = [each.message for each in self.differences[:MOST_SHOWN]]
        if len(self.differences) > MOST_SHOWN:
            shown.append(f"… {len(self.differences) - MOST_SHOWN} more in differences")
        return [tables.Table(rows), tables.Remarks((*shown, *self.notes))]


def info_of(source: Source, options: Mapping[str, Any], names: Names = "python") -> VolumeInfo | OmeZarrInfo:
    """What the helper says of a source, or of an OME-Zarr. ``names``: how its messages call the options."""
    return _to_info(ask("info", source, None, options, names=names))


def _to_info(found: dict[str, Any]) -> VolumeInfo | OmeZarrInfo:
    if found["format"] == "ome-zarr":
        for name, kind in (("axes", Axis), ("levels", OmeZarrLevel), ("channels", OmeZarrChannel)):
            found[name] = found[name] and tuple(_build(kind, part) for part in found[name])
        return _build(OmeZarrInfo, found)
    return _build(VolumeInfo, _with_parts(found))


def to_plan(found: dict[str, Any]) -> Plan:
    found["levels"] = tuple(_build(Level, level) for level in found["levels"])
    found["unfinished"] = found["unfinished"] and _build(Unfinished, found["unfinished"])
    found["output_refusal"] = found["output_refusal"] and _build(Refusal, found["output_refusal"])
    return _build(Plan, _with_parts(found))


def to_verdict(found: dict[str, Any]) -> VerifyResult:
    found["differences"] = tuple(_build(Difference, _numbers(each)) for each in found["differences"])
    return _build(VerifyResult, found)


def _numbers(difference: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinities, so that they come as words."""
    values = {name: difference[name] for name in ("expected", "found")}
    return difference | {name: float(value) if isinstance(value, str) else value for name, value in values.items()}


def _with_parts(found: dict[str, Any]) -> dict[str, Any]:
    channels, function = found["channels"], found["calibration_function"]
    return {
        **found,
        "channels": channels and tuple(_build(Channel, channel) for channel in channels),
        "calibration_function": function and _build(CalibrationFunction, function),
    }


def _build(kind: type[T], found: dict[str, Any]) -> T:
    """A dataclass of what the helper said; lists become tuples, and what a newer helper may add is left out."""
    known = {field.name for field in fields(cast(Any, kind))}
    return kind(**{key: tuple(item) if isinstance(item, list) else item for key, item in found.items() if key in known})
