"""Arrays become OME-Zarrs: `write_image` and `write_labels`.

The voxels go to the helper by a pipe, in C order and slab by slab, and the helper makes of them what it makes of a
TIFF's.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, product
from typing import TYPE_CHECKING, Any, NoReturn, cast

from . import tables
from .arguments import chosen, naming_its_options, option_words, path_of
from .conversion import run_conversion, shown
from .errors import ConversionError
from .extras import imported
from .geometry import Geometry, geometry_of
from .options import Checksum, Compression, Downsample, DtypeName, OmeZarr
from .process import Helper
from .results import OmeZarrInfo
from .types import (
    Bounds,
    ByteCount,
    Integer,
    Lengths,
    Levels,
    NumPyType,
    Progress,
    Sizes,
    StrPath,
    Voxel,
)
from .volume import Volume, VolumeLevel
from .volume import open as open_volume

if TYPE_CHECKING:
    import numpy

#: bytes of an array that are taken in one go, where it is in memory or is read row by row
SLAB = 16 << 20
#: bytes that chunks are decoded or computed for together, where they do not have to be more
MOST = 256 << 20

AXES = {3: ("zyx",), 4: ("czyx", "tzyx"), 5: ("tczyx",)}


@naming_its_options
def write_image(
    array: Any,
    output: StrPath,
    *,
    axes: str | None = None,
    shape: Sequence[Integer] | None = None,
    progress: bool | Callable[[Progress], object] = True,
    # The options of `write_image`; src/build/options.mjs writes them.
    chunk_size: Lengths | None = None,
    num_levels: Levels | None = None,
    shard: Lengths | None = None,
    downsample: Downsample | None = None,
    compression: Compression | None = None,
    checksum: Checksum | None = None,
    max_memory: ByteCount | None = None,
    dtype: DtypeName | NumPyType | None = None,
    value_range: Bounds | None = None,
    voxel_size: Sizes | None = None,
    unit: str | None = None,
    ome_zarr: OmeZarr | float | None = None,
    jobs: Integer | None = None,
    overwrite: bool | None = None,
    # End of the options.
) -> Volume:
    """Writes an array as an OME-Zarr pyramid.

    Voxels are taken slab by slab, so that an array may be larger than memory. The output takes its name when it is
    whole; whatever goes wrong, also in the array's own code, leaves nothing.

    Parameters
    ----------
    array : array-like or iterable of array-like
        NumPy, dask, Zarr, h5py or any other array with ``shape`` and ``dtype``, of which slabs are taken; or slabs
        along Z, one after another: planes (Y, X), or several together (Z, Y, X). A `Volume`, one of its levels, and an
        ``xarray.DataArray`` with coordinates say themselves what their axes are, and how long their voxels.
    output : path-like
        Path of the OME-Zarr.
    axes : {'zyx', 'czyx', 'tzyx', 'tczyx'}, optional
        What the array's axes are. None: what it says itself, or 'zyx' of three, 'tczyx' of five.
    shape : (int, int, int), optional
        Of slabs: lengths of all together along (Z, Y, X).
    progress : bool or callable, default True
        As in `convert`.
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
    compression : {'blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'}, optional
        How the chunks are compressed. None: blosc-zstd.
    checksum : {'none', 'crc32c'}, optional
        crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    dtype : {'source', 'float32', 'uint16', 'uint8', 'float64'} or NumPy type, optional
        Number type of the stored voxels. None: source.
    value_range : (float or str, float or str), optional
        Source values that become the least and the greatest uint16 or uint8, or percentages of them. A percentage is
        text, such as ``'99.9%'``. None: ('0%', '100%').
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

    Returns
    -------
    Volume
        What was written, opened for reading.

    Raises
    ------
    ConversionError
        The array is none that can be written, or the writing failed; the message says why. What the array or its slabs
        raise themselves is raised as it is.

    Warns
    -----
    ConversionWarning
        As in `convert`.

    See Also
    --------
    write_labels : Writes labels over an image.
    convert : Converts files.

    Examples
    --------
    >>> import numpy as np
    >>> from microct_io_vis import write_image
    >>> array = np.arange(8 * 40 * 30, dtype=np.uint16).reshape(8, 40, 30)
    >>> volume = write_image(array, "ramp.ome.zarr", voxel_size=5, unit="micrometer", overwrite=True, progress=False)
    >>> volume.shape, volume.voxel_size, volume.unit
    ((8, 40, 30), (5.0, 5.0, 5.0), 'micrometer')

    Slabs that are made one after another:

    >>> slabs = (array[z : z + 2] // 2 for z in range(0, 8, 2))
    >>> half = write_image(slabs, "half.ome.zarr", shape=(8, 40, 30), overwrite=True, progress=False)
    >>> bool((half[:] == array // 2).all())
    True
    """
    options = chosen(locals())
    voxels = _Voxels.of(array, axes, shape, is_label=False)
    return _write(voxels, path_of(output, "output"), options, progress)


@naming_its_options
def write_labels(
    array: Any,
    name: str,
    *,
    parent: Volume | StrPath,
    at: Voxel | None = None,
    level: Integer = 0,
    shape: Sequence[Integer] | None = None,
    progress: bool | Callable[[Progress], object] = True,
    # The options of `write_labels`; src/build/options.mjs writes them.
    chunk_size: Lengths | None = None,
    shard: Lengths | None = None,
    downsample: Downsample | None = None,
    compression: Compression | None = None,
    checksum: Checksum | None = None,
    max_memory: ByteCount | None = None,
    jobs: Integer | None = None,
    overwrite: bool | None = None,
    # End of the options.
) -> Volume:
    """Writes an array as labels of an image, where viewers find them and lay them over it.

    They are listed among the image's labels, have its voxel size and as many levels, and are reduced by mode: no label
    is there that was not in the array. Values stay as they are; of bool they become 0 and 1.

    Parameters
    ----------
    array : array-like or iterable of array-like
        As in `write_image`, of bool, integers, or floats that are whole. Signed 64-bit integers, which viewers cannot
        show, are stored as unsigned ones, and must not be negative.
    name : str
        Name of the labels in the image.
    parent : Volume or path-like
        The image that they are labels of, as `open` gives it, by its path or by its address (``s3://...``).
    at : (int, int, int), optional
        Of labels of a part of the image: the voxel (Z, Y, X) of its ``level`` at which theirs begin. None: they are as
        long as it.
    level : int, default 0
        The level of the image that the array was computed from, whose voxels its own are.
    shape : (int, int, int), optional
        Of slabs: lengths of all together along (Z, Y, X). None: those of the image's level.
    progress : bool or callable, default True
        As in `convert`.
    chunk_size : int or (int, int, int), optional
        Chunk lengths in voxels. Along (Z, Y, X), or one for all axes. None: 128 128 128; as many voxels in another
        shape where the volume is shorter.
    shard : int or (int, int, int), optional
        Shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on.
        Along (Z, Y, X), or one for all axes. None: no shards.
    downsample : {'mean', 'mode', 'max', 'nearest'}, optional
        What a window of voxels becomes on the next level: mean, mode, max, nearest. None: mean, or mode for labels.
    compression : {'blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'}, optional
        How the chunks are compressed. None: blosc-zstd.
    checksum : {'none', 'crc32c'}, optional
        crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.
    overwrite : bool, optional
        Replace an OME-Zarr of that name, once the new one is whole.

    Returns
    -------
    Volume
        What was written, opened for reading.

    Raises
    ------
    ConversionError
        The array is none that can be labels, or lies beyond the image, or the writing failed; the message says why.
        What the array or its slabs raise themselves is raised as it is.

    Warns
    -----
    ConversionWarning
        As in `convert`.

    See Also
    --------
    write_image : Writes an image.

    Examples
    --------
    >>> import microct_io_vis
    >>> volume = microct_io_vis.open("bone.ome.zarr")
    >>> bright = volume[4:8, 10:30, :] > 0
    >>> labels = microct_io_vis.write_labels(
    ...     bright, "bright", parent=volume, at=(4, 10, 0), overwrite=True, progress=False
    ... )
    >>> labels.shape, labels.dtype, labels.levels[0].translation
    ((4, 20, 20), dtype('uint8'), (8.0, 10.0, 0.0))
    """
    options = chosen({**locals(), "parent": None, "at": None})
    expected = "a Volume, a path or an address"
    image = parent if isinstance(parent, Volume) else open_volume(path_of(parent, "parent", expected))
    if not isinstance(name, str) or not name or name != os.path.basename(name):
        _refuse("name", f"is {name!r}, where a name alone was expected, such as 'cells': it goes to the image's labels")
    if not isinstance(image.info, OmeZarrInfo):
        _refuse("parent", f"is {image.source}, which is no OME-Zarr, and labels go into one: convert it first")
    number = image.level(level).number
    lengths = _space(image, number)
    count = len(getattr(array, "shape", lengths))
    if count > 3 and count != len(image.axes):
        _refuse("array", f"has {count} axes, where 3 (Z, Y, X) or those of the image ({image.axes}) were expected")
    axes = image.axes if count > 3 else None
    voxels = _Voxels.of(array, axes, shape if shape is not None or at is not None else lengths, is_label=True)
    where = _place(voxels.shape[-3:], image, number, at)
    options["labels"] = True
    options["parent"] = image.source
    options["at"] = where
    try:
        return _write(voxels, name, options, progress, level=number)
    except ConversionError as error:
        if error.code != "output-exists":
            raise
        message = f"name is {name!r}, and {image.source} has labels of that name: choose another, or overwrite=True"
        raise ConversionError(error.code, message, "name") from None


def _space(image: Volume, number: int) -> tuple[int, ...]:
    level = image.levels[number]
    return tuple(level.shape[level.axes.index(axis)] for axis in "zyx" if axis in level.axes)


def _place(shape: tuple[int, ...], image: Volume, number: int, at: Voxel | None) -> tuple[int, ...] | None:
    """The voxel of the level at which labels begin; None where they fill the full resolution."""
    lengths = _space(image, number)
    level = f"level {number} of {image.source} has {tables.lengths(lengths)}"
    if at is None:
        if shape != lengths:
            _refuse(
                "array",
                f"has {tables.lengths(shape)} voxels, and {level}: say where it begins (at), "
                "or which level it is of (level)",
            )
        return None if number == 0 else (0, 0, 0)
    try:
        start = tuple(each.__index__() for each in at)
    except (AttributeError, TypeError):
        start = ()
    if len(start) != 3 or min(start) < 0:
        _refuse("at", f"is {at!r}, where three whole numbers from 0 were expected (Z, Y, X)")
    if any(from_ + n > length for from_, n, length in zip(start, shape, lengths, strict=True)):
        _refuse(
            "at", f"is {start}, from where the array's {tables.lengths(shape)} voxels reach beyond the image: {level}"
        )
    return start


@dataclass(frozen=True)
class _Voxels:
    """An array to be sent, in the helper's types, and its pieces in C order."""

    axes: str
    shape: tuple[int, ...]
    #: as it is sent: native, and known to the helper
    dtype: numpy.dtype[Any]
    #: the array's parts as they come, each of some planes or of some rows of one
    parts: Iterable[numpy.ndarray[Any, Any]]
    #: whether its numbers must not be negative, because they are sent as unsigned
    is_unsigned: bool
    #: what it says of its voxels' lengths
    geometry: Geometry

    @classmethod
    def of(cls, array: Any, axes: str | None, shape: Sequence[Integer] | None, is_label: bool) -> _Voxels:
        np = imported("numpy")
        if isinstance(array, np.ma.MaskedArray):
            _refuse("array", "is a masked array, and voxels cannot be masked: fill it, as by array.filled(0)")
        if isinstance(array, Volume):
            array = array.levels[0]
        geometry = geometry_of(array, axes)
        if isinstance(array, VolumeLevel):
            array = array.array
        is_array = all(hasattr(array, name) for name in ("shape", "dtype", "__getitem__"))
        if not is_array:
            if isinstance(array, (str, bytes, Mapping)) or not isinstance(array, Iterable):
                expected = "an array with shape and dtype, or slabs of one along Z"
                _refuse("array", f"is {type(array).__name__}, where {expected} were expected")
            if axes not in (None, "zyx"):
                _refuse("axes", f"is {axes!r}, and slabs along Z have the axes zyx: leave it out")
            if shape is None:
                stack = ", or numpy.stack() of what is in memory" if isinstance(array, Sequence) else ""
                _refuse("shape", f"must be given where the array comes in slabs: (Z, Y, X) of all together{stack}")
            lengths = _checked_shape(shape, "shape", axes)
            slabs = iter(array)
            first = next(slabs, None)
            if first is None:
                _refuse("array", f"has no slab, where {lengths[0]} planes were expected")
            head = np.asarray(first)
            dtype, is_unsigned = _sent_dtype(head.dtype, is_label)
            return cls(
                "zyx",
                lengths,
                dtype,
                _checked_slabs(chain([head], slabs), lengths, head.dtype),
                is_unsigned,
                Geometry(),
            )
        if shape is not None and tuple(shape) != tuple(array.shape) and not is_label:
            _refuse("shape", f"is {tuple(shape)}, and the array has {tuple(array.shape)}: leave it out")
        known = AXES.get(len(array.shape), ())
        if axes is None and known and geometry.axes is not None and geometry.axes not in known:
            expected = " or ".join(map(", ".join, known))
            _refuse(
                "array",
                f"has the axes {', '.join(geometry.axes)}, where {expected} were expected: bring them into that order, "
                "or say what they are (axes)",
            )
        named = axes or (geometry.axes if isinstance(geometry.axes, str) else None)
        lengths = _checked_shape(array.shape, "array", named)
        try:
            own = np.dtype(array.dtype)
        except TypeError:
            _refuse("array", f"has the type {array.dtype}, which is none of NumPy's: give it as a NumPy array")
        dtype, is_unsigned = _sent_dtype(own, is_label)
        axes = _axes(len(lengths), named)
        return cls(axes, lengths, dtype, _parts(array, lengths), is_unsigned, geometry)

    def head(self, level: int) -> bytes:
        """The line that tells the helper what comes."""
        told = {"name": "array", "axes": self.axes, "shape": self.shape, "dtype": self.dtype.name, "level": level}
        said = [self.geometry.lengths.get(axis) for axis in "zyx"]
        if any(said):
            # Voxels are written as they come, whichever way the coordinates go.
            told["lengths"] = [
                abs(each.step) if each and isinstance(each.step, float) else each and each.step for each in said
            ]
            told["units"] = [each.unit if each else "" for each in said]
        return json.dumps(told).encode() + b"\n"

    def pieces(self, level: int) -> Iterator[memoryview]:
        """All that is sent. The last byte goes when it is known that the array has no more."""
        import numpy as np

        yield memoryview(self.head(level))
        last = memoryview(b"")
        done = 0
        for part in self.parts:
            if self.is_unsigned and part.size and part.min() < 0:
                index = np.unravel_index(done + int((part < 0).argmax()), self.shape)
                where = ", ".join(f"{axis.upper()} {n}" for axis, n in zip(self.axes, index, strict=True))
                _refuse(
                    "array",
                    f": voxel {where} is {part.reshape(-1)[(part < 0).argmax()]}, and labels of 64 bits are stored "
                    "unsigned, since viewers show no others: give labels from 0, or in int32",
                )
            done += part.size
            plain = np.ascontiguousarray(part, self.dtype.newbyteorder("<"))
            data = memoryview(cast(Any, plain.reshape(-1).view(np.uint8)))
            if not data:
                continue
            yield last
            yield data[:-1]
            last = data[-1:]
        yield last


def _write(
    voxels: _Voxels,
    output: str,
    options: Mapping[str, Any],
    progress: bool | Callable[[Progress], object],
    level: int = 0,
) -> Volume:
    words = option_words(options)
    helper = Helper("convert", "--progress", "json", *words, "--", "-", output, sent=voxels.pieces(level))
    result = shown(partial(run_conversion, helper), os.path.basename(output), progress)
    return open_volume(result["output"])


def _axes(count: int, axes: str | None) -> str:
    known = AXES[count]
    if axes is None and len(known) > 1:
        _refuse("axes", f"must be given for an array of {count} axes: {' or '.join(map(repr, known))}")
    if axes is not None and axes not in known:
        _refuse("axes", f"is {axes!r}, where {' or '.join(map(repr, known))} was expected of {count} axes")
    return axes or known[0]


def _checked_shape(shape: Sequence[Any], argument: str, axes: str | None) -> tuple[int, ...]:
    try:
        lengths = tuple(length.__index__() for length in shape)
    except (AttributeError, TypeError):
        # dask does not know the lengths of what was selected by its values.
        _refuse(argument, f"has the shape {tuple(shape)}, where whole numbers were expected: compute its lengths first")
    if len(lengths) not in AXES:
        hint = ": array[None] is the volume of one plane" if len(lengths) == 2 else ""
        _refuse(argument, f"has {len(lengths)} axes, where 3 to 5 were expected, the last of them Z, Y and X{hint}")
    if min(lengths) < 1:
        _refuse(argument, f"has the shape {lengths}, in which there is no voxel")
    _axes(len(lengths), axes)
    return lengths


def _sent_dtype(dtype: numpy.dtype[Any], is_label: bool) -> tuple[numpy.dtype[Any], bool]:
    """The type that voxels are sent in, which holds all of their values, and whether they must not be negative."""
    import numpy as np

    kind, size = dtype.kind, dtype.itemsize
    if kind == "b":
        return np.dtype(np.uint8), False
    if is_label and kind == "i" and size == 8:
        return np.dtype(np.uint64), True
    if (kind in "ui" and size in (1, 2, 4, 8)) or (kind == "f" and size in (4, 8)):
        return _native(dtype), False
    if kind == "f" and size == 2:
        return np.dtype(np.float32), False
    wanted = "bool, integers, or floats that are whole" if is_label else "bool, integers, or floats up to float64"
    _refuse("array", f"has the type {dtype}, where {wanted} were expected: convert it, as by array.astype('float32')")


def _checked_slabs(
    slabs: Iterable[Any], shape: tuple[int, ...], dtype: numpy.dtype[Any]
) -> Iterator[numpy.ndarray[Any, Any]]:
    """Slabs along Z that are together what was said of them."""
    import numpy as np

    depth, *plane = shape
    done = 0
    for number, each in enumerate(slabs):
        slab = np.asarray(each)
        if slab.ndim == 2:
            slab = slab[None]
        if slab.ndim != 3 or list(slab.shape[1:]) != plane:
            _refuse(
                "array",
                f": slab {number} has the shape {np.shape(each)}, where (n, {plane[0]}, {plane[1]}) was expected",
            )
        if _native(slab.dtype) != _native(dtype):
            _refuse(
                "array", f": slab {number} has the type {slab.dtype}, and those before it {dtype}: give all in one type"
            )
        done += len(slab)
        if done > depth:
            _refuse("array", f": its slabs have {done} planes or more, where {depth} were expected by shape")
        yield from _in_memory(slab)
    if done < depth:
        _refuse("array", f": its slabs ended after {done} planes, where {depth} were expected by shape")


def _parts(array: Any, shape: tuple[int, ...]) -> Iterator[numpy.ndarray[Any, Any]]:
    """The parts of an array in C order, as many planes at a time as are to be taken together."""
    import numpy as np

    *outer, depth, height, width = shape
    dtype = np.dtype(array.dtype)
    ends = list(_ends(array, depth, height * width * dtype.itemsize))
    for index in product(*map(range, outer)):
        for start, stop in zip([0, *ends], ends, strict=False):
            part = array[(*index, slice(start, stop))]
            part = part.compute() if hasattr(part, "compute") else part
            slab = np.asarray(part)
            if slab.shape != (stop - start, height, width) or _native(slab.dtype) != _native(dtype):
                _refuse(
                    "array",
                    f"gave voxels of the shape {slab.shape} and the type {slab.dtype} from plane {start} on, where "
                    f"{(stop - start, height, width)} and {dtype} were expected",
                )
            yield from _in_memory(slab)


def _in_memory(slab: numpy.ndarray[Any, Any]) -> Iterator[numpy.ndarray[Any, Any]]:
    """Parts small enough that a copy of one is nothing: some planes, or some rows of one."""
    plane = slab.itemsize * slab.shape[1] * slab.shape[2]
    if plane <= SLAB:
        step = SLAB // plane
        for z in range(0, len(slab), step):
            yield slab[z : z + step]
        return
    step = max(1, SLAB // (slab.itemsize * slab.shape[2]))
    for z in range(len(slab)):
        for y in range(0, slab.shape[1], step):
            yield slab[z : z + 1, y : y + step]


def _ends(array: Any, depth: int, plane: int) -> Iterator[int]:
    """Where slabs end that are taken in one go: whole chunks of the array, where these fit."""
    chunks = getattr(array, "shards", None) or getattr(array, "chunks", None)
    along = chunks[-3] if chunks and len(chunks) >= 3 else max(1, SLAB // plane)
    # dask has all their lengths; those along one axis may differ.
    lengths = list(along) if isinstance(along, Sequence) else [along] * math.ceil(depth / along)
    is_one = chunks is not None and isinstance(along, Sequence) and all(len(each) == 1 for each in chunks[-2:])
    end = 0
    for length in lengths:
        stop = min(depth, end + length)
        # A chunk of dask's that spans the plane is computed whole in any case.
        step = length if is_one else max(1, min(length, MOST // plane))
        yield from range(end + step, stop, step)
        yield stop
        end = stop


def _native(dtype: numpy.dtype[Any]) -> numpy.dtype[Any]:
    return dtype.newbyteorder("=")


def _refuse(argument: str, message: str) -> NoReturn:
    raise ConversionError(
        "bad-option", f"{argument} {message}" if message[0].isalpha() else argument + message, argument
    )
