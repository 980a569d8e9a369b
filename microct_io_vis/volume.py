"""The voxels of an OME-Zarr or a TIFF: levels and boxes of them as NumPy, dask and xarray have them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from . import tables
from .arguments import byte_count, is_address, naming_its_options, path_of, reading_in, shown_address, source_name
from .collection import image_path
from .errors import ConversionError, shown_as_message
from .extras import imported
from .options import READING_OPTIONS, DescribedBy, Orientation, Palette, ZAxis
from .progress import counted
from .results import Channel, OmeZarrChannel, OmeZarrInfo, OmeZarrLevel, VolumeInfo, info_of
from .types import ByteCount, Channels, Image, Integer, Ranges, Sizes, Slices, StrPath

if TYPE_CHECKING:
    import dask.array
    import numpy
    import xarray
    import zarr

SPACE = "zyx"

_NUMPYS = (
    *("all", "any", "argmax", "argmin", "max", "mean", "min", "std", "sum", "var"),
    *("T", "astype", "flatten", "ravel", "reshape", "squeeze", "transpose"),
)


class _Readable:
    """Says how arrays are computed with, to those who look for NumPy's methods."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in _NUMPYS:
                what = f"{type(self).__name__} has no {name}: its voxels are where they are stored"
                called = name if name == "T" else f"{name}(...)"
                whole, pieces = f"volume.levels[-1][:].{called}", f"volume.dask().{called}.compute()"
                said = f"{what}. Read some first, as the coarsest level, {whole}, or go through all of them, {pieces}"
                raise AttributeError(said, name=name, obj=self)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


class _ReadFile:
    """A file that says how voxels are read: an array's metadata, or the one file that a whole OME-Zarr is."""

    def __init__(self, path: str, is_metadata: bool) -> None:
        self._path = path
        self._state = _state(path)
        self._text = _text(path) if is_metadata else None

    def change(self, array: zarr.Array[Any]) -> str | None:
        """What has become of it; None where what it says of the array's voxels is as it was."""
        now = _state(self._path)
        if now == self._state:
            return None
        if now is None:
            return "has been moved or removed"
        # Attributes of an array may be written at any time.
        is_another = self._text is None or self._text == _text(self._path) or not _is_read_alike(array)
        return "has been written anew" if is_another else None


def _state(path: str) -> tuple[int, ...] | None:
    """What tells a file from one that takes its place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _text(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _is_read_alike(array: zarr.Array[Any]) -> bool:
    """Whether voxels of an array are read as its metadata say by now."""
    try:
        now = imported("zarr").open_array(array.store, path=array.path, mode="r")
    except Exception:
        return False
    was, is_now = ({**each.metadata.to_dict(), "attributes": None} for each in (array, now))
    return bool(was == is_now)


@dataclass(frozen=True, eq=False, repr=False)
class VolumeLevel(_Readable):
    """One resolution of an OME-Zarr or a TIFF. Nothing is read before voxels are asked for.

    ``level[z0:z1, y0:y1, x0:x1]`` reads what the index says, as NumPy has it, in the order of ``axes``.

    Attributes
    ----------
    source : str
        Path of the OME-Zarr or the TIFF, or its address.
    number : int
        0 is the full resolution.
    array : zarr.Array
        Its array, opened by zarr-python.
    axes : str
        Names of the axes in the order of the array, such as ``"zyx"`` or ``"tczyx"``.
    units : tuple[str | None, ...]
        UDUNITS names along ``axes``; None where there is none.
    scale : tuple[float, ...] or None
        From one voxel to the next along ``axes``, in ``units``; None where it is not known.
    translation : tuple[float, ...] or None
        Where the centre of voxel 0 is, along ``axes``, in ``units``; None where ``scale`` is.
    channels : tuple[str, ...] or None
        Names of the channels; None where the OME-Zarr says nothing of them.
    full : VolumeLevel or None
        The full resolution; None where this is it.

    Raises
    ------
    RuntimeError
        Where voxels are read of an OME-Zarr on a disk that has been written anew, moved or removed since.

    Examples
    --------
    >>> import microct_io_vis
    >>> level = microct_io_vis.open("bone.ome.zarr").level(0)
    >>> level.shape, level[0, 10:12, :3].shape
    ((12, 30, 20), (2, 3))
    """

    source: str
    number: int
    array: zarr.Array[Any]
    axes: str
    units: tuple[str | None, ...]
    scale: tuple[float, ...] | None
    translation: tuple[float, ...] | None
    channels: tuple[str, ...] | None
    full: VolumeLevel | None
    #: The file that says how its voxels are read, as it was when it was opened; None where its store knows better.
    _opened: _ReadFile | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths along ``axes``."""
        return self.array.shape

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """Type of a voxel."""
        return self.array.dtype

    @property
    def voxel_size(self) -> tuple[float, ...] | None:
        """The scale along the axes of space alone, (Z, Y, X); None where it is not known."""
        return self.scale and tuple(self.scale[self.axes.index(name)] for name in self._space)

    @property
    def unit(self) -> str | None:
        """Of ``voxel_size``; None where it is not known, or where the axes have several."""
        units = {self.units[self.axes.index(name)] for name in self._space}
        return units.pop() if len(units) == 1 else None

    @property
    def ndim(self) -> int:
        """How many ``axes`` there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many voxels there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all its voxels in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        """Reads what the index says, as NumPy has it, in the order of ``axes``."""
        try:
            return self._read(index)
        except IndexError as error:
            what = (
                f"{error}; level {self.number} of {self._shown} has {tables.lengths(self.shape)} voxels ({self.axes})"
            )
            raise shown_as_message(IndexError(f"{index!r}: {what}")) from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray[Any, Any]:
        import numpy as np

        return np.asarray(self._read(...), dtype=dtype)

    def __repr__(self) -> str:
        return f"<level {self.number} of {self._shown}: {tables.lengths(self.shape)} {self.dtype} ({self.axes})>"

    def slices(self, region: Ranges) -> tuple[slice, ...]:
        """Where a box of level 0 is in this level, as an index along all its ``axes``.

        Every voxel of this level that the box touches is in it.

        Parameters
        ----------
        region : sequence of int, slice or (int, int)
            Half-open ranges along (Z, Y, X) in voxels of level 0, as `convert`'s ``roi``: (z0, z1, y0, y1, x0, x1), or
            a slice or a pair for each axis.

        Returns
        -------
        tuple of slice
            One for each of ``axes``; the whole of those that are not of space.

        Raises
        ------
        ValueError
            The ranges are not those of a box in level 0, or the level's place is not known.
        """
        full = self.full or self
        found = [slice(None)] * len(self.axes)
        names = self._space
        for name, (start, stop) in zip(names, _ranges(region, [full._length(name) for name in names]), strict=True):
            axis = self.axes.index(name)
            if full is self:
                found[axis] = slice(start, stop)
                continue
            if self.scale is None or self.translation is None or full.scale is None or full.translation is None:
                _refuse(f"{self._shown}: where level {self.number} lies in level 0 is not known: take level 0")
            # Coordinates name centres of voxels: a voxel reaches half its length to either side.
            edges = [full.translation[axis] + (at - 0.5) * full.scale[axis] for at in (start, stop)]
            own = [(edge - self.translation[axis]) / self.scale[axis] + 0.5 for edge in edges]
            tolerance = 1e-6
            found[axis] = slice(
                max(0, math.floor(own[0] + tolerance)), min(self.shape[axis], math.ceil(own[1] - tolerance))
            )
        return tuple(found)

    def region(self, region: Ranges) -> numpy.ndarray[Any, Any]:
        """The voxels of a box of level 0, at the resolution of this level.

        Parameters
        ----------
        region : sequence of int, slice or (int, int)
            As for `slices`.

        Returns
        -------
        numpy.ndarray
            In the order of ``axes``.

        Raises
        ------
        ValueError
            As for `slices`.
        """
        return cast("numpy.ndarray[Any, Any]", self._read(self.slices(region)))

    def dask(self) -> dask.array.Array:
        """All of it as a dask array, of which nothing is read before it is computed.

        Returns
        -------
        dask.array.Array
            In the order of ``axes``, in chunks as long as those of the files.

        Raises
        ------
        ImportError
            dask is not there.
        """
        from_array = imported("dask.array").from_array
        return cast("dask.array.Array", from_array(self, chunks=self.array.shards or self.array.chunks))

    def xarray(self) -> xarray.DataArray:
        """All of it with its coordinates, lazily.

        Returns
        -------
        xarray.DataArray
            Dimensions are named as ``axes``; the coordinates of those of space and time are in the units of their
            ``units`` attribute, those of channels are their names.

        Raises
        ------
        ImportError
            xarray or dask is not there.
        """
        data_array = imported("xarray").DataArray
        coordinates: dict[str, tuple[str, Sequence[float | str], dict[str, str]]] = {}
        for axis, (name, unit, length) in enumerate(zip(self.axes, self.units, self.shape, strict=True)):
            if name == "c":
                if self.channels and len(self.channels) == length:
                    coordinates[name] = (name, list(self.channels), {})
                continue
            scale = self.scale[axis] if self.scale else 1
            start = self.translation[axis] if self.translation else 0
            coordinates[name] = (name, [start + scale * n for n in range(length)], {"units": unit} if unit else {})
        name = source_name(self.source)
        return cast("xarray.DataArray", data_array(self.dask(), coords=coordinates, dims=list(self.axes), name=name))

    def _read(self, index: Any) -> Any:
        """Voxels; of another array that is there by now, zarr-python would read what it takes for them."""
        try:
            voxels = self.array[index]
        except Exception:
            self._check()
            raise
        self._check()
        return voxels

    def _check(self) -> None:
        if self._opened and (what := self._opened.change(self.array)):
            error = RuntimeError(f"{self._shown}: {what} since it was opened: open it again")
            raise shown_as_message(error) from None

    @property
    def _shown(self) -> str:
        """The source, as others may see it."""
        return shown_address(self.source)

    @property
    def _space(self) -> list[str]:
        return [name for name in SPACE if name in self.axes]

    def _length(self, name: str) -> int:
        return self.shape[self.axes.index(name)]


@dataclass(frozen=True, eq=False, repr=False)
class Volume(tables.Tabled, _Readable):
    """An OME-Zarr, a TIFF or a folder of slices that is opened for reading; made by `open`.

    ``volume[z0:z1, y0:y1, x0:x1]`` reads voxels of level 0, in the order of ``axes``.

    Attributes
    ----------
    source : str
        Path or address as it was given.
    info : OmeZarrInfo or VolumeInfo
        All that its metadata or its headers say.
    levels : tuple[VolumeLevel, ...]
        The full resolution first. Coarser ones of a TIFF are sampled: every 2nd, 4th, ... voxel of it.

    Examples
    --------
    >>> import microct_io_vis
    >>> volume = microct_io_vis.open("bone.ome.zarr")
    >>> volume.shape, volume.voxel_size, volume.unit
    ((12, 30, 20), (2.0, 1.0, 1.0), 'micrometer')
    >>> volume[0:2].shape
    (2, 30, 20)
    """

    source: str
    info: OmeZarrInfo | VolumeInfo
    levels: tuple[VolumeLevel, ...]

    @property
    def axes(self) -> str:
        """Names of the axes in the order of the arrays."""
        return self.levels[0].axes

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of level 0 along ``axes``."""
        return self.levels[0].shape

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """Type of a voxel."""
        return self.levels[0].dtype

    @property
    def voxel_size(self) -> tuple[float, ...] | None:
        """Edge lengths of a voxel of level 0 along (Z, Y, X); None where they are not known."""
        return self.levels[0].voxel_size

    @property
    def unit(self) -> str | None:
        """Of ``voxel_size``: a UDUNITS name."""
        return self.levels[0].unit

    @property
    def ndim(self) -> int:
        """How many ``axes`` there are."""
        return self.levels[0].ndim

    @property
    def size(self) -> int:
        """How many voxels level 0 has."""
        return self.levels[0].size

    @property
    def nbytes(self) -> int:
        """Bytes of the voxels of level 0 in memory."""
        return self.levels[0].nbytes

    def __len__(self) -> int:
        return len(self.levels[0])

    def __getitem__(self, index: Any) -> Any:
        """Reads voxels of level 0 as NumPy's index says, in the order of ``axes``."""
        return self.levels[0][index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray[Any, Any]:
        return self.levels[0].__array__(dtype)

    def __repr__(self) -> str:
        size = self.voxel_size
        edges = f", voxels of {tables.lengths(size)} {self.unit or '(no unit)'}" if size else ""
        levels = counted(len(self.levels), "level")
        return f"<{self._shown}: {tables.lengths(self.shape)} {self.dtype} ({self.axes}), {levels}{edges}>"

    @property
    def _shown(self) -> str:
        """The source, as others may see it."""
        return shown_address(self.source)

    def _tables(self) -> tables.Parts:
        least, _ = tables.THUMBNAIL
        names = [name for name in "yx" if name in self.axes]
        large = [level for level in self.levels if max(level._length(name) for name in names) >= least]
        level = (large or self.levels)[-1 if large else 0]
        middle = tuple(slice(None) if name in names else level._length(name) // 2 for name in self.axes)
        plane = level[middle]
        return [*self.info._tables(), *tables.picture(plane if self.axes[-1] == "x" else plane.T)]

    def level(self, number: Integer | None = None, *, max_memory: ByteCount | None = None) -> VolumeLevel:
        """One of its levels.

        Parameters
        ----------
        number : int, optional
            0 is the full resolution.
        max_memory : int or str, optional
            In place of a number: the finest level of which all voxels together take no more, such as ``"2G"``.

        Returns
        -------
        VolumeLevel
            Of which nothing is read yet.

        Raises
        ------
        ValueError
            There is no such level, or none so small.
        """
        if (number is None) == (max_memory is None):
            _refuse("level: give the number of a level, or max_memory, such as level(1) or level(max_memory='2G')")
        if max_memory is not None:
            most = byte_count(max_memory)
            if most is None:
                _refuse(f"max_memory: {max_memory!r}, where a number of bytes was expected, such as '2G'")
            for level in self.levels:
                if level.nbytes <= most:
                    return level
            least = self.levels[-1].nbytes
            _refuse(f"max_memory: {max_memory!r}, and the coarsest level of {self._shown} takes {least:,} bytes")
        if not hasattr(number, "__index__"):
            _refuse(f"level: {number!r}, where the number of a level was expected, 0 to {len(self.levels) - 1}")
        wanted = cast(Integer, number).__index__()
        if not 0 <= wanted < len(self.levels):
            _refuse(f"level: {wanted}, and {self._shown} has the levels 0 to {len(self.levels) - 1}")
        return self.levels[wanted]

    def region(self, region: Ranges, level: Integer = 0) -> numpy.ndarray[Any, Any]:
        """The voxels of a box of level 0, at the resolution of a level.

        Parameters
        ----------
        region : sequence of int, slice or (int, int)
            Half-open ranges along (Z, Y, X) in voxels of level 0: (z0, z1, y0, y1, x0, x1), or a slice or a pair for
            each axis.
        level : int, optional
            0 is the full resolution.

        Returns
        -------
        numpy.ndarray
            Every voxel of the level that the box touches, in the order of ``axes``.

        Raises
        ------
        ValueError
            There is no such box, or no such level.
        """
        return self.level(level).region(region)

    def dask(self) -> dask.array.Array:
        """Level 0 as a dask array; see `VolumeLevel.dask`.

        Returns
        -------
        dask.array.Array
            In the order of ``axes``.
        """
        return self.levels[0].dask()

    def xarray(self) -> xarray.DataArray:
        """Level 0 with its coordinates; see `VolumeLevel.xarray`.

        Returns
        -------
        xarray.DataArray
            With dimensions named as ``axes``.
        """
        return self.levels[0].xarray()


@naming_its_options
def open(
    source: StrPath,
    *,
    # The options of `view`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    channel: Channels | None = None,
    voxel_size: Sizes | None = None,
    unit: str | None = None,
    # End of the options.
) -> Volume:
    """Opens an OME-Zarr for reading, by whomever it was written; or a TIFF or a folder of slices as it lies there.

    Chunks are read by zarr-python. Those of a TIFF are made by a helper process when they are asked for: full
    resolution is exact, coarser levels are sampled, and nothing is written. Those of an OME-Zarr at an address it
    fetches, with credentials as AWS's tools find them; what a server does not send is an error, and never a fill value.

    Parameters
    ----------
    source : path-like
        An OME-Zarr of 0.1 to 0.6, in a folder, in one file (``.ozx``), or by its address on a server of the web or in a
        bucket (``https://...``, ``s3://...``); a TIFF, also by its address, or a folder of slices. How the last two are
        read is chosen as `convert` has it; of an OME-Zarr nothing, but of a collection of images, as bioformats2raw
        makes it, the ``image``: by its number or its name. Without it the error names them all.
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
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.

    Returns
    -------
    Volume
        Of which nothing is read yet.

    Raises
    ------
    ConversionError
        There is no such file, or its metadata cannot be read.
    ValueError
        A level of it is not there, or it is a collection, and no image of it is chosen.
    ImportError
        zarr is not there.

    Examples
    --------
    >>> import microct_io_vis
    >>> coarse = microct_io_vis.open("bone.ome.zarr").level(max_memory="1M")
    >>> coarse[...].mean().dtype
    dtype('float32')
    """
    reading = reading_in(locals())
    if isinstance(source, (list, tuple)):
        what = "source must be one path or address, and was given several"
        folder = "of a list of slices give their folder, with slices='rec_*.tif' or (100, 899) where some are meant"
        raise ConversionError("bad-option", f"{what}: {folder}", "source")
    source = _chosen_image(path_of(source, "source"), reading)
    wanted = {name: value for name, value in reading.items() if name in READING_OPTIONS}
    found = info_of(source, wanted)
    zarr = imported("zarr")
    path = os.fspath(source)
    # The working directory may change, and those of a cluster's workers are others.
    place = path if is_address(path) else os.path.abspath(path)
    if not isinstance(found, OmeZarrInfo):
        return _look(path, found, reading)
    if reading:
        _refuse(nothing_is_chosen(path, reading))
    file, inside = ("", "") if is_address(path) else _in_archive(place)
    store = _store(file or place, zarr)
    archive = _ReadFile(file, is_metadata=False) if file else None
    axes = "".join(axis.name for axis in found.axes)
    units = tuple(axis.unit for axis in found.axes)
    channels = _names(found.channels)
    levels: list[VolumeLevel] = []
    for number, level in enumerate(found.levels):
        if level.shape is None:
            _refuse(
                f"{shown_address(path)}: its level {number} ({level.path}) is not there, or its metadata are damaged: "
                "run verify()"
            )
        folder = os.path.join(place, level.path)
        where = {"store": store, "path": inside + level.path} if store else {"store": folder}
        array = zarr.open_array(**where, mode="r")
        document = os.path.join(folder, "zarr.json" if found.zarr_format == 3 else ".zarray")
        opened = archive if store else _ReadFile(document, is_metadata=True)
        full = levels[0] if levels else None
        levels.append(VolumeLevel(path, number, array, axes, units, *_place(level), channels, full, opened))
    return Volume(path, found, tuple(levels))


def _store(path: str, zarr: Any) -> Any:
    """Store of the files of an OME-Zarr; None of a folder, which zarr-python reads by its path."""
    if is_address(path):
        from .look_store import LookStore

        try:
            return LookStore(path, whole=False)
        except ValueError as error:
            _refuse(str(error))
    return zarr.storage.ZipStore(path, mode="r") if os.path.isfile(path) else None


def _in_archive(path: str) -> tuple[str, str]:
    """The file that an OME-Zarr is, or lies in as labels do, and the prefix of its names there; empty for a folder."""
    at = path
    while not os.path.lexists(at) and os.path.dirname(at) != at:
        at = os.path.dirname(at)
    if not os.path.isfile(at):
        return "", ""
    names = os.path.relpath(path, at).split(os.sep)
    return at, "" if names == ["."] else "".join(f"{name}/" for name in names)


def _chosen_image(source: StrPath, reading: dict[str, Any]) -> StrPath:
    """The source, or of a collection the image that is meant, which is no option of how that is read then."""
    try:
        path = None if is_address(source) else image_path(source, reading.get("image"))
    except ValueError as error:
        _refuse(str(error))
    if path is None:
        return source
    reading.pop("image")
    return path


def nothing_is_chosen(path: str, reading: dict[str, Any]) -> str:
    """Why an OME-Zarr is not shown with options."""
    return f"{shown_address(path)}: is an OME-Zarr, of which nothing is chosen: leave {', '.join(reading)} out"


def _names(channels: Sequence[Channel | OmeZarrChannel] | None) -> tuple[str, ...] | None:
    return None if channels is None else tuple(channel.name or str(n) for n, channel in enumerate(channels))


def _look(path: str, found: VolumeInfo, reading: dict[str, Any]) -> Volume:
    """A TIFF or a folder of slices, by the helper."""
    import zarr

    from .look_store import LookStore, image_of

    try:
        store = LookStore(path, reading)
        image = image_of(store)
    except (FileNotFoundError, ValueError) as error:
        _refuse(str(error))
    axes = "".join(axis["name"] for axis in image["axes"])
    units = tuple(axis.get("unit") for axis in image["axes"])
    channels = _names(found.channels)
    levels: list[VolumeLevel] = []
    for number, level in enumerate(image["datasets"]):
        array = zarr.open_array(store, path=level["path"], mode="r")
        told = {each["type"]: tuple(map(float, each[each["type"]])) for each in level["coordinateTransformations"]}
        place = (told["scale"], told.get("translation", (0.0,) * len(axes)))
        levels.append(VolumeLevel(path, number, array, axes, units, *place, channels, levels[0] if levels else None))
    if "voxel_size" in reading or "unit" in reading:
        size = cast("tuple[float, float, float] | None", levels[0].voxel_size)
        told_by = "user" if "voxel_size" in reading else found.voxel_size_from
        found = replace(found, voxel_size=size, unit=levels[0].unit, voxel_size_from=told_by)
    return Volume(path, found, tuple(levels))


def reading_of(level: VolumeLevel) -> dict[str, Any]:
    """How the source of a level that is looked at is read: what was chosen for `open`."""
    return dict(getattr(level.array.store, "reading", {}))


def _place(level: OmeZarrLevel) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    if level.scale is None:
        return None, None
    scale = tuple(float(n) for n in level.scale)
    return scale, tuple(float(n) for n in level.translation) if level.translation else (0.0,) * len(scale)


def _ranges(region: Ranges, lengths: list[int]) -> list[tuple[int, int]]:
    """First and one past the last voxel along each axis of space."""
    if region is None:
        _refuse("region: None: a viewer has a selection when a page has shown it, in a cell before this one")
    parts: list[Any] = list(region) if isinstance(region, Iterable) else []
    if len(parts) == 2 * len(lengths) and all(hasattr(part, "__index__") for part in parts):
        parts = [parts[n : n + 2] for n in range(0, len(parts), 2)]
    if len(parts) != len(lengths):
        expected = f"a range for each of {len(lengths)} axes, such as {((0, 10),) * len(lengths)}"
        _refuse(f"region: {region!r}, where {expected} was expected")
    found = []
    for axis, part, length in zip("ZYX"[-len(lengths) :], parts, lengths, strict=True):
        if isinstance(part, slice):
            start, stop, step = part.indices(length)
            ends: tuple[Any, ...] = (start, stop) if step == 1 else ()
        else:
            ends = tuple(part) if isinstance(part, Iterable) else ()
        if len(ends) != 2 or not 0 <= ends[0] < ends[1] <= length:
            expected = f"a range of voxels from 0 to {length} was expected, such as (0, {length})"
            _refuse(f"region: {part!r} along {axis}, where {expected}")
        found.append((ends[0].__index__(), ends[1].__index__()))
    return found


def tables_of(path: StrPath) -> tables.Parts:
    """Tables that notebooks show of an OME-Zarr; none where there is none, or none any more."""
    try:
        return open(path)._tables()
    except ImportError:
        return info_of(path, {})._tables()
    except (OSError, ValueError, ConversionError):
        return []


def _refuse(message: str) -> NoReturn:
    raise shown_as_message(ValueError(message))
