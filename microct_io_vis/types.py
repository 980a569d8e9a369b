"""Types of what the functions take and return, for annotations."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Literal, NotRequired, Protocol, SupportsFloat, SupportsIndex, TypeAlias, TypedDict

StrPath: TypeAlias = str | os.PathLike[str]
#: a TIFF (its path or its address), a folder of slices, or the files of a stack of slices
Source: TypeAlias = StrPath | Iterable[StrPath]

#: also NumPy's
Integer: TypeAlias = SupportsIndex
#: pattern of file names, range of numbers as text, as (first, last), or as Python has it
Slices: TypeAlias = StrPath | range | slice | tuple[Integer, Integer]
#: its name, or its number from 0
Image: TypeAlias = str | Integer
Levels: TypeAlias = Integer | Literal["auto"]
Channels: TypeAlias = Integer | Iterable[Integer] | Literal["all"]
#: bytes, or text such as ``"8G"``
ByteCount: TypeAlias = Integer | float | str
#: voxels along (Z, Y, X); one number: along all three
Lengths: TypeAlias = Integer | Iterable[Integer]
#: along (Z, Y, X), from 0
Voxel: TypeAlias = Iterable[Integer]
#: (z0, z1, y0, y1, x0, x1), or three slices or pairs
Ranges: TypeAlias = Iterable[Integer | slice | Iterable[Integer]]
#: lengths along (Z, Y, X); one number: along all three
Sizes: TypeAlias = SupportsFloat | Iterable[SupportsFloat]
#: least and greatest, each a number or a percentage
Bounds: TypeAlias = Iterable[SupportsFloat | str]


class HasName(Protocol):
    """NumPy's dtypes, as far as needed here: something with a name."""

    @property
    def name(self) -> str: ...


#: such as ``numpy.uint16``, ``numpy.dtype("uint16")`` or ``float``
NumPyType: TypeAlias = type[Any] | HasName


class Progress(TypedDict):
    """How far a conversion or a verification is, in bytes of level 0 as read."""

    done_bytes: int
    total_bytes: int
    bytes_per_second: float
    #: None until there is something to reckon it from
    seconds_left: float | None


class Histogram(TypedDict):
    """Counts in bins of equal width from ``start`` to ``end``."""

    start: float
    end: float
    counts: list[int]


class Statistics(TypedDict):
    """Statistics of the stored values of a channel, at full resolution."""

    min: float
    max: float
    #: voxels that the histogram and the percentiles are of
    counted: int
    histogram: Histogram
    #: values by percent: ``"0.1"``, ``"1"``, ``"50"``, ``"99"``, ``"99.9"``
    percentiles: dict[str, float]


class ConversionResult(TypedDict):
    """Report of a finished conversion."""

    #: absolute path of the OME-Zarr
    output: str
    seconds: float
    #: of chunks and metadata, as written
    bytes_written: int
    levels: int
    #: voxels that were NaN and became 0
    nan_voxels: int
    #: source values that became the least and the greatest integer; None where values were not scaled
    value_range: list[float] | None
    #: by channel; None where no voxel is a finite number
    statistics: list[Statistics | None]
    warnings: list[str]


class Failure(TypedDict):
    """Why something was not done."""

    #: ``not-found``, ``bad-option``, ``cancelled``, ...
    code: str
    message: str
    #: the option at fault, as the helper calls it; ``source``: the input
    field: str | None
    #: which element of the option's list, from 0
    at: NotRequired[int]
    #: options that the message speaks of
    options: NotRequired[list[str]]
    #: where several things are wrong at once: all of them, this one first
    problems: NotRequired[list[Failure]]
