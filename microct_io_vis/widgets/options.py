"""The options of a conversion as traits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from traitlets import Bool, CFloat, CInt, Enum, HasTraits, List, TraitType, Tuple, Unicode, Union

from ..arguments import OPTIONS, option_words
from ..errors import ConversionError
from .paths import Path

COMPRESSIONS = ("blosc-zstd", "blosc-lz4", "zstd", "gzip", "none")
CHECKSUMS = ("none", "crc32c")
Z_AXES = ("auto", "c", "t", "samples")
PALETTES = ("apply", "ignore")
ORIENTATIONS = ("ignore", "apply")
DOWNSAMPLINGS = ("mean", "mode", "max", "nearest")
DTYPES = ("source", "float32", "uint16", "uint8", "float64")
OME_ZARR_VERSIONS = ("0.5", "0.4")


class ByteSize(TraitType):
    """A number of bytes; takes ``"8G"`` or ``"512M"`` too, in powers of 1024."""

    default_value = 0
    info_text = 'a number of bytes, such as 2 * 2**30 or "8G"'

    def validate(self, obj: Any, value: Any) -> int:
        if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", value, re.I)):
            value = round(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            self.error(obj, value)
        return int(value)


class Percentage(TraitType):
    """A percentage, such as ``"99.9%"``."""

    default_value = "0%"
    info_text = 'a percentage, such as "99.9%"'

    def validate(self, obj: Any, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*%\s*", value):
            self.error(obj, value)
        return value.strip()


class ConversionOptions(HasTraits):
    """The command line's options under their own names. None leaves an option to its default."""

    slices = Unicode(
        None, allow_none=True, help="Of a folder: a pattern of names ('rec_*.tif') or a range of numbers ('100-899')."
    ).tag(sync=True)
    image = Union(
        [CInt(), Unicode()],
        default_value=None,
        allow_none=True,
        help="Which of several images of a file, by its number from 0 or its name.",
    ).tag(sync=True)
    z_axis = Enum(
        Z_AXES,
        default_value=None,
        allow_none=True,
        help="What the slices are: 'auto', or the source's channels 'c', time points 't' or 'samples' of pixels.",
    ).tag(sync=True)
    palette = Enum(
        PALETTES,
        default_value=None,
        allow_none=True,
        help="Of pixels that are indices into a palette: 'apply' it, or 'ignore' it and take what is stored.",
    ).tag(sync=True)
    orientation = Enum(
        ORIENTATIONS,
        default_value=None,
        allow_none=True,
        help="A TIFF's Orientation tag: 'ignore' it, or 'apply' it by flips of rows and columns.",
    ).tag(sync=True)
    chunk_size = Tuple(
        CInt(), CInt(), CInt(), default_value=None, allow_none=True, help="Chunk lengths along (Z, Y, X), in voxels."
    ).tag(sync=True)
    num_levels = Union(
        [CInt(), Enum(("auto",))],
        default_value=None,
        allow_none=True,
        help="Levels, the full resolution included, or 'auto'.",
    ).tag(sync=True)
    shard = Tuple(
        CInt(),
        CInt(),
        CInt(),
        default_value=None,
        allow_none=True,
        help="Shard lengths along (Z, Y, X), in voxels, multiples of the chunk's; None: a file a chunk.",
    ).tag(sync=True)
    downsample = Enum(
        DOWNSAMPLINGS, default_value=None, allow_none=True, help="What a window of voxels becomes on the next level."
    ).tag(sync=True)
    labels = Bool(False, help="Voxels are labels: whole numbers, kept as they are.").tag(sync=True)
    parent = Path(None, allow_none=True, help="The OME-Zarr image that the labels belong to.").tag(sync=True)
    compression = Enum(COMPRESSIONS, default_value=None, allow_none=True).tag(sync=True)
    checksum = Enum(
        CHECKSUMS, default_value=None, allow_none=True, help="What follows each chunk, for readers to check it by."
    ).tag(sync=True)
    max_memory = ByteSize(
        default_value=None, allow_none=True, help="Peak memory of the conversion: bytes, or text such as '8G'."
    ).tag(sync=True)
    dtype = Enum(DTYPES, default_value=None, allow_none=True).tag(sync=True)
    channel = Union(
        [List(CInt(), minlen=1), Enum(("all",))],
        default_value=None,
        allow_none=True,
        help="Channels to convert, from 0, or 'all'; the colours of a pixel are channels.",
    ).tag(sync=True)
    value_range = Tuple(
        Union([CFloat(), Percentage()]),
        Union([CFloat(), Percentage()]),
        default_value=None,
        allow_none=True,
        help="Source values that become the least and the greatest uint16 or uint8, or percentages: ('0.1%', '99.9%').",
    ).tag(sync=True)
    roi = Tuple(
        *[CInt() for _ in range(6)],
        default_value=None,
        allow_none=True,
        help="Half-open voxel ranges (z0, z1, y0, y1, x0, x1).",
    ).tag(sync=True)
    voxel_size = Tuple(
        CFloat(),
        CFloat(),
        CFloat(),
        default_value=None,
        allow_none=True,
        help="Voxel edge lengths along (Z, Y, X) in `unit`, in place of what the source says.",
    ).tag(sync=True)
    unit = Unicode(
        None,
        allow_none=True,
        help="Unit of `voxel_size`, such as 'micrometer', or 'none'; alone, what the source's lengths are brought to.",
    ).tag(sync=True)
    ome_zarr = Enum(OME_ZARR_VERSIONS, default_value=None, allow_none=True).tag(sync=True)
    jobs = CInt(None, allow_none=True, help="Worker threads.").tag(sync=True)
    overwrite = Bool(False, help="Replace an OME-Zarr of that name, once the new one is whole.").tag(sync=True)
    resume = Bool(
        None,
        allow_none=True,
        help="Go on with what an interrupted conversion has left. None: the form asks, `start()` starts over.",
    ).tag(sync=True)


OPTION_NAMES = tuple(ConversionOptions.class_own_traits())

# What a trait has of each of an option's words on the command line; the words themselves where it is not here.
_READ: dict[str, Callable[[str], Any]] = {
    "chunk_size": int,
    "shard": int,
    "roi": int,
    "voxel_size": float,
    "value_range": lambda word: word if word.endswith("%") else float(word),
    "num_levels": lambda word: int(word) if word.lstrip("-").isdigit() else word,
    "jobs": int,
    "image": lambda word: int(word) if word.isdigit() else word,
    "channel": lambda word: word if word == "all" else [int(number) for number in word.split(",")],
}


def as_trait(name: str, value: Any) -> Any:
    """An option's value as its trait has it, of all that `convert` takes; the trait refuses what cannot be meant."""
    try:
        words = option_words({name: value})
        values = [_READ.get(name, str)(word) for word in words[1:]]
    except (ConversionError, ValueError):
        return value
    count, _ = OPTIONS[name]
    if count == 0:
        return None if value is None else bool(words)
    return (values[0] if count == 1 else tuple(values)) if words else None
