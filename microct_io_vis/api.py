"""The functions for scripts and notebooks: `info`, `estimate`, `convert`, `verify`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import tables
from .arguments import chosen, naming_its_options, path_of, source_name
from .conversion import Conversion, ask, check
from .errors import ConversionError, ConversionWarning, warn_of
from .options import (
    Checksum,
    Compression,
    DescribedBy,
    Downsample,
    DtypeName,
    OmeZarr,
    Orientation,
    Palette,
    ZAxis,
)
from .progress import show_progress, summarise
from .types import (
    Bounds,
    ByteCount,
    Channels,
    Image,
    Integer,
    Lengths,
    Levels,
    NumPyType,
    Progress,
    Ranges,
    Sizes,
    Slices,
    Source,
    StrPath,
    Voxel,
)

if TYPE_CHECKING:
    from distributed import Client

    from .cluster import ClusterConversion

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path

__all__ = [
    "Axis",
    "CalibrationFunction",
    "Channel",
    "ConversionError",
    "ConversionWarning",
    "Difference",
    "Level",
    "OmeZarrChannel",
    "OmeZarrInfo",
    "OmeZarrLevel",
    "Plan",
    "Unfinished",
    "VerifyResult",
    "VolumeInfo",
    "convert",
    "estimate",
    "info",
    "verify",
]

T = TypeVar("T")


class ConvertedPath(tables.Tabled, _Path):
    """Path of an OME-Zarr that was written, of which notebooks show more than the name."""

    def __str__(self) -> str:
        # The address of an output in a bucket has two slashes, of which paths keep one; other outputs are absolute.
        path = super().__str__()
        return "s3://" + path[4:] if path.startswith("s3:/") else path

    def __repr__(self) -> str:
        return repr(Path(self))

    def _tables(self) -> tables.Parts:
        return shown(self)


def shown(path: StrPath) -> tables.Parts:
    """Tables that notebooks show of an OME-Zarr; none where there is none, or none any more."""
    from .volume import open as open_volume

    try:
        return open_volume(path)._tables()
    except ImportError:
        return info(path)._tables()
    except (OSError, ValueError, ConversionError):
        return []


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
        return tables.of_source(self)


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
        return tables.of_ome_zarr(self)


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
        return tables.of_plan(self)


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
        return tables.of_verification(self)


@naming_its_options
def info(
    source: Source,
    *,
    # The options of `info`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    # End of the options.
) -> VolumeInfo | OmeZarrInfo:
    """Says what a TIFF, a folder or a list of slices holds, by its headers, or what an OME-Zarr is, by its metadata.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices; or an OME-Zarr, of which nothing else is chosen. A
        TIFF and an OME-Zarr also by an address (``https://...``, ``s3://...``).
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.

    Returns
    -------
    VolumeInfo or OmeZarrInfo
        Shape along ``axes``, type, voxel size along (Z, Y, X) and its unit, channels, and what one should know of them.

    Raises
    ------
    ConversionError
        There is no such file, or it is none that can be read; ``code`` and the message say why.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> volume = info("scan.tif")
    >>> volume.axes, volume.shape, volume.dtype
    ('zyx', (12, 30, 20), 'float32')
    >>> volume.voxel_size, volume.unit
    ((2, 1, 1), 'micrometer')
    """
    return to_info(ask("info", source, None, chosen(locals())))


@naming_its_options
def estimate(
    source: Source,
    output: StrPath | None = None,
    *,
    # The options of `estimate`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    chunk_size: Lengths | None = None,
    num_levels: Levels | None = None,
    shard: Lengths | None = None,
    downsample: Downsample | None = None,
    labels: bool | None = None,
    parent: StrPath | None = None,
    at: Voxel | None = None,
    compression: Compression | None = None,
    checksum: Checksum | None = None,
    max_memory: ByteCount | None = None,
    dtype: DtypeName | NumPyType | None = None,
    channel: Channels | None = None,
    value_range: Bounds | None = None,
    roi: Ranges | None = None,
    voxel_size: Sizes | None = None,
    unit: str | None = None,
    ome_zarr: OmeZarr | float | None = None,
    jobs: Integer | None = None,
    overwrite: bool | None = None,
    resume: bool | None = None,
    # End of the options.
) -> Plan:
    """Says what `convert` would do and need with the same arguments. Writes nothing.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices.
    output : path-like, optional
        Path of the OME-Zarr. None: ``<stem>.ome.zarr`` beside the source.
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.
    chunk_size : int or (int, int, int), optional
        Chunk lengths in voxels. Along (Z, Y, X), or one for all axes. None: 128 128 128; as many voxels in another
        shape where the volume is shorter.
    num_levels : int or 'auto', optional
        Levels, the full resolution included, or auto: halve until the coarsest fits one chunk. None: auto.
    shard : int or (int, int, int), optional
        Shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on.
        Along (Z, Y, X), or one for all axes. None: no shards.
    downsample : {'mean', 'mode', 'max', 'nearest'}, optional
        What a window of voxels becomes on the next level: mean, mode, max, nearest. None: mean, or mode for labels.
    labels : bool, optional
        Voxels are labels: whole numbers, kept as they are, reduced by mode.
    parent : path-like, optional
        The OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT.
    at : (int, int, int), optional
        Of labels that fill a part of the image: the voxel of its full resolution at which theirs begin. Along (Z, Y,
        X), from 0. None: labels fill it.
    compression : {'blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'}, optional
        How the chunks are compressed. None: blosc-zstd.
    checksum : {'none', 'crc32c'}, optional
        crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    dtype : {'source', 'float32', 'uint16', 'uint8', 'float64'} or NumPy type, optional
        Number type of the stored voxels. None: source.
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    value_range : (float or str, float or str), optional
        Source values that become the least and the greatest uint16 or uint8, or percentages of them. A percentage is
        text, such as ``'99.9%'``. None: ('0%', '100%').
    roi : (int, int, int, int, int, int) or (slice, slice, slice), optional
        Half-open voxel ranges to convert. (z0, z1, y0, y1, x0, x1), or three slices with ends, such as
        ``numpy.s_[0:100, 0:50, 0:80]``. None: everything.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.
    ome_zarr : {'0.6', '0.5', '0.4'} or float, optional
        Version of OME-Zarr. None: 0.5.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.
    overwrite : bool, optional
        Replace an OME-Zarr of that name, once the new one is whole.
    resume : bool, optional
        Go on with what an interrupted conversion has left; without it, that is removed.

    Returns
    -------
    Plan
        What the source holds, the levels with their shapes and chunks, and the bytes of disk and memory needed.

    Raises
    ------
    ConversionError
        `convert` cannot work with these arguments; ``code``, ``field`` and the message say why.

    Warns
    -----
    ConversionWarning
        Of each of the plan's ``warnings``.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> plan = estimate("scan.tif", chunk_size=16, num_levels=2)
    >>> [level.shape for level in plan.levels]
    [(12, 30, 20), (12, 15, 10)]
    >>> plan.levels[0].bytes, plan.unfinished
    (28800, None)
    """
    options = chosen(locals())
    source = _listed(source)
    plan = to_plan(ask("estimate", source, output, options))
    warn_of(_name(source), plan.warnings)
    return plan


@naming_its_options
def convert(
    source: Source,
    output: StrPath | None = None,
    *,
    progress: bool | Callable[[Progress], object] = True,
    client: Client | None = None,
    parts: int | None = None,
    resources: Mapping[str, float] | None = None,
    # The options of `convert`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    chunk_size: Lengths | None = None,
    num_levels: Levels | None = None,
    shard: Lengths | None = None,
    downsample: Downsample | None = None,
    labels: bool | None = None,
    parent: StrPath | None = None,
    at: Voxel | None = None,
    compression: Compression | None = None,
    checksum: Checksum | None = None,
    max_memory: ByteCount | None = None,
    dtype: DtypeName | NumPyType | None = None,
    channel: Channels | None = None,
    value_range: Bounds | None = None,
    roi: Ranges | None = None,
    voxel_size: Sizes | None = None,
    unit: str | None = None,
    ome_zarr: OmeZarr | float | None = None,
    jobs: Integer | None = None,
    overwrite: bool | None = None,
    resume: bool | None = None,
    # End of the options.
) -> Path:
    """Converts a volume to an OME-Zarr pyramid.

    The output takes its name when it is whole; until then it is ``<output>.partial``.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, its path or its address (``https://...``, ``s3://...``), folder of slices, or the files of a stack of
        slices.
    output : path-like, optional
        Path of the OME-Zarr, or its place in a bucket, ``"s3://bucket/name.ome.zarr"``. None: ``<stem>.ome.zarr``
        beside the source, of an address in the current folder. With ``labels=True, parent="scan.ome.zarr"`` a name in
        ``scan.ome.zarr/labels``, which None makes ``<stem>``.
    progress : bool or callable, default True
        True shows a bar; a function is called, at most five times a second, with a dictionary of ``done_bytes``,
        ``total_bytes``, ``bytes_per_second`` and ``seconds_left`` (None at first).
    client : distributed.Client, optional
        The Dask cluster whose workers convert it, in parts: they must have this package, and see source and output
        under the same paths. The output is the same, to the bit. None: this machine.
    parts : int, optional
        How many parts, each a task. None: as many as the cluster does at once, and up to four times as many where each
        has 16 GiB. Fewer where it cannot be cut.
    resources : mapping, optional
        What a part takes of a worker's resources, such as ``{"microct": 1}``: workers that have them get parts. A part
        has its share of the worker's threads and memory.
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.
    chunk_size : int or (int, int, int), optional
        Chunk lengths in voxels. Along (Z, Y, X), or one for all axes. None: 128 128 128; as many voxels in another
        shape where the volume is shorter.
    num_levels : int or 'auto', optional
        Levels, the full resolution included, or auto: halve until the coarsest fits one chunk. None: auto.
    shard : int or (int, int, int), optional
        Shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on.
        Along (Z, Y, X), or one for all axes. None: no shards.
    downsample : {'mean', 'mode', 'max', 'nearest'}, optional
        What a window of voxels becomes on the next level: mean, mode, max, nearest. None: mean, or mode for labels.
    labels : bool, optional
        Voxels are labels: whole numbers, kept as they are, reduced by mode.
    parent : path-like, optional
        The OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT.
    at : (int, int, int), optional
        Of labels that fill a part of the image: the voxel of its full resolution at which theirs begin. Along (Z, Y,
        X), from 0. None: labels fill it.
    compression : {'blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'}, optional
        How the chunks are compressed. None: blosc-zstd.
    checksum : {'none', 'crc32c'}, optional
        crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    dtype : {'source', 'float32', 'uint16', 'uint8', 'float64'} or NumPy type, optional
        Number type of the stored voxels. None: source.
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    value_range : (float or str, float or str), optional
        Source values that become the least and the greatest uint16 or uint8, or percentages of them. A percentage is
        text, such as ``'99.9%'``. None: ('0%', '100%').
    roi : (int, int, int, int, int, int) or (slice, slice, slice), optional
        Half-open voxel ranges to convert. (z0, z1, y0, y1, x0, x1), or three slices with ends, such as
        ``numpy.s_[0:100, 0:50, 0:80]``. None: everything.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.
    ome_zarr : {'0.6', '0.5', '0.4'} or float, optional
        Version of OME-Zarr. None: 0.5.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.
    overwrite : bool, optional
        Replace an OME-Zarr of that name, once the new one is whole.
    resume : bool, optional
        Go on with what an interrupted conversion has left; without it, that is removed.

    Returns
    -------
    pathlib.Path
        Absolute path of the OME-Zarr, or its address: ``str(path)`` is ``"s3://..."`` then. A notebook shows it as a
        table of what was written, with the slice in the middle.

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

    See Also
    --------
    estimate : Says what this would do and need.
    verify : Reads the output back.

    Examples
    --------
    >>> from microct_io_vis import convert
    >>> path = convert("scan.tif", dtype="uint16", value_range=("0.1%", "99.9%"), chunk_size=(8, 16, 16))
    >>> path.name
    'scan.ome.zarr'

    Any reader of OME-Zarr shows it, with level 0 of the source's shape (Z, Y, X):

    >>> import zarr
    >>> zarr.open_array(path / "0").shape
    (12, 30, 20)
    """
    options = chosen(locals())
    source = _listed(source)
    conversion: Conversion | ClusterConversion
    if client is None:
        conversion = Conversion(source, output, **options)
    else:
        from .cluster import ClusterConversion

        conversion = ClusterConversion(source, output, options, client, parts, resources)
    if progress is True:
        with show_progress(_name(source)) as show:
            result = conversion.run(show)
            show.end(summarise(result))
    else:
        result = conversion.run(progress or None)
    warn_of(_name(source), result["warnings"])
    return ConvertedPath(result["output"])


@naming_its_options
def verify(
    output: StrPath,
    against: Source | None = None,
    *,
    progress: bool | Callable[[Progress], object] = True,
    client: Client | None = None,
    # The options of `verify`; src/build/options.mjs writes them.
    max_memory: ByteCount | None = None,
    jobs: Integer | None = None,
    # End of the options.
) -> VerifyResult:
    """Reads an OME-Zarr back and says where it differs from its source, or from itself. Writes nothing.

    Every chunk is read. Level 0 is compared with the source, every further level with what the stored one above
    gives, the metadata with itself and with the source. An OME-Zarr of another program is compared with the source
    alone.

    Parameters
    ----------
    output : path-like
        Path of the OME-Zarr.
    against : path-like or sequence of path-like, optional
        The source: what `convert` takes. None: the one that the output names, if it lies beside it.
    progress : bool or callable, default True
        As in `convert`.
    client : distributed.Client, optional
        The Dask cluster whose workers share it: they must have this package, and see output and source under the same
        paths. None: this machine.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.

    Returns
    -------
    VerifyResult
        True where nothing differs; ``differences`` are (level, voxel) with what was expected and found.

    Raises
    ------
    ConversionError
        It cannot be found out, because something is missing or cannot be read.

    Examples
    --------
    >>> from microct_io_vis import verify
    >>> result = verify("bone.ome.zarr", "bone.tif")
    >>> bool(result), result.voxels_compared, result.differences
    (True, 7200, ())
    """
    options = chosen(locals())

    def checked(on_progress: Callable[[Progress], object] | None) -> dict[str, Any]:
        if client is None:
            return check(output, against, options, on_progress)
        from .cluster import ClusterVerification

        return ClusterVerification(output, against, options, client).run(on_progress)

    output = path_of(output, "output")
    if progress is True:
        with show_progress(_name(output)) as show:
            found = checked(show)
            show.end(("OK" if found["compared"] else "readable") if found["ok"] else "different", good=found["ok"])
    else:
        found = checked(progress or None)
    found["differences"] = tuple(_build(Difference, _numbers(each)) for each in found["differences"])
    return _build(VerifyResult, found)


def to_info(found: dict[str, Any]) -> VolumeInfo | OmeZarrInfo:
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


def _numbers(difference: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinities, so that they come as words."""
    values = {name: difference[name] for name in ("expected", "found")}
    return difference | {name: float(value) if isinstance(value, str) else value for name, value in values.items()}


def _listed(source: Source) -> StrPath | Sequence[StrPath]:
    """The source in a form that can be iterated more than once, unlike `Path.glob`."""
    if isinstance(source, (str, os.PathLike)) or not isinstance(source, Iterator):
        return cast("StrPath | Sequence[StrPath]", source)
    return list(source)


def _name(source: StrPath | Sequence[StrPath]) -> str:
    if not isinstance(source, (str, os.PathLike)):
        return f"{len(source)} slices"
    return source_name(source)


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
