"""The options of a conversion: their names, choices, types and help.

Written by src/build/options.mjs from the table of options, src/model/option-table.ts.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, TypedDict, get_args

from .types import (
    Bounds,
    ByteCount,
    Channels,
    Image,
    Integer,
    Lengths,
    Levels,
    NumPyType,
    Ranges,
    Sizes,
    Slices,
    StrPath,
    Voxel,
)

DescribedBy: TypeAlias = Literal["auto", "ome", "imagej", "tifffile", "scifio", "none"]
ZAxis: TypeAlias = Literal["auto", "c", "t", "samples"]
Palette: TypeAlias = Literal["apply", "ignore"]
Orientation: TypeAlias = Literal["ignore", "apply"]
Downsample: TypeAlias = Literal["mean", "mode", "max", "nearest"]
Compression: TypeAlias = Literal["blosc-zstd", "blosc-lz4", "zstd", "gzip", "none"]
Checksum: TypeAlias = Literal["none", "crc32c"]
DtypeName: TypeAlias = Literal["source", "float32", "uint16", "uint8", "float64"]
OmeZarr: TypeAlias = Literal["0.6", "0.5", "0.4"]


class Options(TypedDict, total=False):
    """Keyword arguments of `convert` and `estimate`, given as ``**options``."""

    slices: Slices | None
    image: Image | None
    described_by: DescribedBy | None
    z_axis: ZAxis | None
    palette: Palette | None
    orientation: Orientation | None
    chunk_size: Lengths | None
    num_levels: Levels | None
    shard: Lengths | None
    downsample: Downsample | None
    labels: bool | None
    parent: StrPath | None
    at: Voxel | None
    compression: Compression | None
    checksum: Checksum | None
    max_memory: ByteCount | None
    dtype: DtypeName | NumPyType | None
    channel: Channels | None
    value_range: Bounds | None
    roi: Ranges | None
    voxel_size: Sizes | None
    unit: str | None
    ome_zarr: OmeZarr | float | None
    jobs: Integer | None
    overwrite: bool | None
    resume: bool | None


class Option(NamedTuple):
    """What is known of one option."""

    #: what its values are
    kind: str
    #: number of them on the command line; 0: a flag
    words: int
    choices: tuple[str, ...]
    help: str


#: What decides how a source is read: the options of `info`.
READING_OPTIONS = ("slices", "image", "described_by", "z_axis", "palette", "orientation")

#: What can be chosen of a source that is looked at as it is: the options of `view`.
LOOK_OPTIONS = ("slices", "image", "described_by", "z_axis", "palette", "orientation", "channel", "voxel_size", "unit")

#: Endings of files that are volumes or slices.
ENDINGS = (".tif", ".tiff", ".btf", ".tf2", ".tf8", ".bmp", ".png")

#: Names by which a query says which file of a repository is meant, and how it is sent.
NO_KEY = "files?|file_?name|path|version|format|download|dl|raw|inline|alt"

#: Most parts of a volume, and bytes of voxels for which one more is worth its start.
MOST_PARTS = 100000
WORTH_A_PART = 16 * 2**30

#: Bytes that a process takes where nobody says how many.
USUAL_MEMORY = 4 * 2**30

#: Differences that a verification tells of, at most.
MOST_TOLD = 100

OPTIONS: dict[str, Option] = {
    "slices": Option(
        "slices",
        1,
        (),
        "Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as "
        "100-899. Of (first, last) both are included. None: all.",
    ),
    "image": Option(
        "image",
        1,
        (),
        "Which of several images of a file, by its name or its number from 0. None: the only one.",
    ),
    "described_by": Option(
        "choice",
        1,
        get_args(DescribedBy),
        "Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.",
    ),
    "z_axis": Option(
        "choice",
        1,
        get_args(ZAxis),
        "What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. "
        "None: auto.",
    ),
    "palette": Option(
        "choice",
        1,
        get_args(Palette),
        "Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored. "
        "None: apply.",
    ),
    "orientation": Option(
        "choice",
        1,
        get_args(Orientation),
        "A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.",
    ),
    "chunk_size": Option(
        "lengths",
        3,
        (),
        "Chunk lengths in voxels. Along (Z, Y, X), or one for all axes. None: 128 128 128; as many voxels in another "
        "shape where the volume is shorter.",
    ),
    "num_levels": Option(
        "levels",
        1,
        (),
        "Levels, the full resolution included, or auto: halve until the coarsest fits one chunk. None: auto.",
    ),
    "shard": Option(
        "lengths",
        3,
        (),
        "Shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on. "
        "Along (Z, Y, X), or one for all axes. None: no shards.",
    ),
    "downsample": Option(
        "choice",
        1,
        get_args(Downsample),
        "What a window of voxels becomes on the next level: mean, mode, max, nearest. None: mean, or mode for labels.",
    ),
    "labels": Option(
        "flag",
        0,
        (),
        "Voxels are labels: whole numbers, kept as they are, reduced by mode.",
    ),
    "parent": Option(
        "path",
        1,
        (),
        "The OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT.",
    ),
    "at": Option(
        "voxel",
        3,
        (),
        "Of labels that fill a part of the image: the voxel of its full resolution at which theirs begin. Along (Z, "
        "Y, X), from 0. None: labels fill it.",
    ),
    "compression": Option(
        "choice",
        1,
        get_args(Compression),
        "How the chunks are compressed. None: blosc-zstd.",
    ),
    "checksum": Option(
        "choice",
        1,
        get_args(Checksum),
        "crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.",
    ),
    "max_memory": Option(
        "bytes",
        1,
        (),
        "Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.",
    ),
    "dtype": Option(
        "dtype",
        1,
        get_args(DtypeName),
        "Number type of the stored voxels. None: source.",
    ),
    "channel": Option(
        "channels",
        1,
        (),
        "Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the "
        "only one.",
    ),
    "value_range": Option(
        "bounds",
        2,
        (),
        "Source values that become the least and the greatest uint16 or uint8, or percentages of them. A percentage "
        "is text, such as ``'99.9%'``. None: ('0%', '100%').",
    ),
    "roi": Option(
        "ranges",
        6,
        (),
        "Half-open voxel ranges to convert. (z0, z1, y0, y1, x0, x1), or three slices with ends, such as "
        "``numpy.s_[0:100, 0:50, 0:80]``. None: everything.",
    ),
    "voxel_size": Option(
        "sizes",
        3,
        (),
        "Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.",
    ),
    "unit": Option(
        "text",
        1,
        (),
        "Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's "
        "lengths are brought to.",
    ),
    "ome_zarr": Option(
        "version",
        1,
        get_args(OmeZarr),
        "Version of OME-Zarr. None: 0.5.",
    ),
    "jobs": Option(
        "integer",
        1,
        (),
        "Worker threads at most. None: as many as there are processors.",
    ),
    "overwrite": Option(
        "flag",
        0,
        (),
        "Replace an OME-Zarr of that name, once the new one is whole.",
    ),
    "resume": Option(
        "decision",
        0,
        (),
        "Go on with what an interrupted conversion has left; without it, that is removed.",
    ),
}
