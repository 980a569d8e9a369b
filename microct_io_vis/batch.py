"""Many volumes in one go, each converted on its own: by this machine, or by a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tables
from .arguments import chosen, is_address, naming_its_options, option_words, source_name, source_words
from .conversion import Event, Helper, snake_case
from .errors import ConversionError
from .options import (
    Checksum,
    Compression,
    DescribedBy,
    Downsample,
    DtypeName,
    OmeZarr,
    Options,
    Orientation,
    Palette,
    ZAxis,
)
from .progress import show_count
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

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class BatchEntry:
    """What has become of one of many volumes.

    Attributes
    ----------
    source : pathlib.Path or str
        The TIFF, or the folder of slices; as text where it is an address.
    output : pathlib.Path or None
        Path of the OME-Zarr; None where it is not known.
    state : str
        ``done``, ``there`` (it was whole before, and was left as it is), ``failed`` or ``cancelled``.
    seconds : float or None
        What it took; None where nothing was converted.
    bytes_written : int or None
        Of chunks and metadata, as written.
    levels : int or None
        How many were written.
    warnings : tuple of str
        What is to be said of it.
    error : ConversionError or None
        Why it has failed.

    Examples
    --------
    >>> from microct_io_vis import convert_many
    >>> [entry] = convert_many(["scan.tif"], "entries")
    >>> entry.source.name, entry.levels, entry.error
    ('scan.tif', 1, None)
    """

    source: Path | str
    output: Path | None
    state: str
    seconds: float | None
    bytes_written: int | None
    levels: int | None
    warnings: tuple[str, ...]
    error: ConversionError | None


@dataclass(frozen=True)
class BatchResult:
    """What has become of many volumes: a sequence of `BatchEntry`, true where none has failed. Notebooks show a table.

    Attributes
    ----------
    entries : tuple of BatchEntry
        In the order of the sources.

    Examples
    --------
    >>> from microct_io_vis import convert_many
    >>> result = convert_many(["scan.tif"], "results")
    >>> bool(result), len(result), result[0].state
    (True, 1, 'done')
    """

    entries: tuple[BatchEntry, ...]

    def __bool__(self) -> bool:
        return all(entry.error is None for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[BatchEntry]:
        return iter(self.entries)

    def __getitem__(self, index: int) -> BatchEntry:
        return self.entries[index]

    def _repr_html_(self) -> str:
        return tables.of_batch(self.entries)


@naming_its_options
def convert_many(
    sources: StrPath | Iterable[StrPath],
    folder: StrPath | None = None,
    *,
    report: StrPath | None = None,
    progress: bool | Callable[[BatchEntry], object] = True,
    client: Client | None = None,
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
) -> BatchResult:
    """Converts many volumes, each to an OME-Zarr pyramid of its own, with the same options.

    What is wrong with one is told of it, and the others go on.

    Parameters
    ----------
    sources : path-like or sequence of path-like
        A text file that names one volume a line, a pattern such as ``"scans/*.tif"``, a folder of TIFFs and of folders
        of slices, or the paths of the volumes.
    folder : path-like, optional
        Where the outputs go, ``<stem>.ome.zarr`` each. None: beside each source.
    report : path-like, optional
        Name of two files, ``.json`` and ``.csv``, that say what has become of each, while it goes on. None: no files.
    progress : bool or callable, default True
        True shows a bar; a function is called with each `BatchEntry` that has ended.
    client : distributed.Client, optional
        The Dask cluster, of which each task converts one volume: its workers must have this package, and see sources
        and outputs under the same paths. None: this machine, one after another.
    resources : mapping, optional
        What a task takes of a worker's resources, as Dask has them. Only with ``client``.
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
    BatchResult
        A `BatchEntry` for each; true where none has failed.

    Raises
    ------
    ConversionError
        There is nothing to convert, two sources would have one output, or it was cancelled.

    See Also
    --------
    convert : Converts one volume; with ``client`` also one in parts.

    Examples
    --------
    >>> from microct_io_vis import convert_many
    >>> result = convert_many(["scan.tif"], "converted", chunk_size=16)
    >>> bool(result), result[0].state, result[0].output.name
    (True, 'done', 'scan.ome.zarr')
    """
    options = chosen(locals())
    if client is None and resources is not None:
        raise ConversionError("bad-option", "resources: is for the workers of a cluster: give a client, too", None)
    given = sources if isinstance(sources, (str, os.PathLike)) else [os.fspath(source) for source in sources]
    if folder is not None and not is_address(folder):
        os.makedirs(folder, exist_ok=True)
    if client is None:
        batch = _Batch(given, folder, report, options)
        total, run = len(batch.planned()), batch.run
    else:
        from .cluster import ClusterBatch

        planned = _Batch(given, folder, None, options).planned()
        total, run = len(planned), ClusterBatch(planned, folder, report, options, client, resources).run
    if callable(progress):
        return BatchResult(tuple(run(progress)))
    with show_count(total, "volumes", progress) as ended:
        return BatchResult(tuple(run(lambda entry: ended(source_name(entry.source), entry.error is None))))


class _Batch:
    """A batch on this machine, by a helper of its own."""

    def __init__(
        self, sources: StrPath | list[str], folder: StrPath | None, report: StrPath | None, options: Options
    ) -> None:
        word, self._given = source_words(sources)
        self._words = [*option_words(options), f"--batch={word}", "--progress", "json"]
        self._report = [] if report is None else [f"--report={os.fspath(report)}"]
        self._folder = [] if folder is None else ["--", os.fspath(folder)]

    def planned(self) -> list[Event]:
        """What would be converted, and to where."""
        entries: list[Event] = []
        self._helper("--dry-run").run(_entries_to(entries.append))
        return entries

    def run(self, on_entry: Callable[[BatchEntry], object]) -> list[BatchEntry]:
        """Converts them; what has become of each."""
        ended: list[BatchEntry] = []

        def on_event(event: Event) -> None:
            if event["state"] != "waiting":
                ended.append(to_entry(event))
                on_entry(ended[-1])

        self._helper(*self._report).run(_entries_to(on_event), answers=(0, 1))
        return ended

    def _helper(self, *words: str) -> Helper:
        return Helper("convert", *self._words, *words, *self._folder, given=self._given)


def convert_one(source: str, folder: str | None, options: Mapping[str, Any], report: str) -> Event:
    """One of many, with a report of its own; what has become of it."""
    ended: list[Event] = []
    words = [*option_words(options), "--batch=@-", f"--report={report}", "--progress", "json"]
    outputs = [] if folder is None else ["--", folder]
    Helper("convert", *words, *outputs, given=f"{source}\n").run(_entries_to(ended.append), answers=(0, 1))
    return ended[-1]


def to_entry(event: Event) -> BatchEntry:
    """What the helper has said of one."""
    told = snake_case(event)
    error = told["error"]
    return BatchEntry(
        source=told["source"] if is_address(told["source"]) else Path(told["source"]),
        output=None if told["output"] is None else Path(told["output"]),
        state=told["state"],
        seconds=told["seconds"],
        bytes_written=told["bytes_written"],
        levels=told["levels"],
        warnings=tuple(told["warnings"]),
        error=None if error is None else ConversionError(error["code"], error["message"]),
    )


def _entries_to(on_entry: Callable[[Event], object]) -> Callable[[Event], None]:
    def on_event(event: Event) -> None:
        if event["event"] == "entry":
            on_entry(event)

    return on_event
