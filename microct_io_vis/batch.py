"""Many volumes in one go, each converted on its own: by this machine, or by a Dask cluster."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from . import tables
from .arguments import (
    chosen,
    is_address,
    naming_its_options,
    option_words,
    path_of,
    paths_of,
    refuse_without_client,
    source_name,
    source_words,
)
from .conversion import ConvertedPath, Report
from .errors import ConversionError
from .meter import Meter
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
from .process import Event, Helper, Names, snake_case
from .progress import show_count, size
from .results import Plan, to_plan
from .stand_ins import Address
from .types import (
    Bounds,
    ByteCount,
    Channels,
    ConversionResult,
    Image,
    Integer,
    Lengths,
    Levels,
    NumPyType,
    Progress,
    Ranges,
    Sizes,
    Slices,
    StrPath,
    Voxel,
)

if TYPE_CHECKING:
    from distributed import Client

    from .cluster.batch import ClusterBatch


@dataclass(frozen=True)
class BatchEntry(tables.Tabled):
    """Outcome of one of many volumes.

    Attributes
    ----------
    source : pathlib.Path or str
        The TIFF, or the folder of slices; as text where it is an address.
    output : pathlib.Path or None
        Path of the OME-Zarr; None where it is not known.
    state : str
        ``done``, ``there`` (it was whole before, and was left as it is), ``failed`` or ``cancelled``; ``waiting`` while
        it is planned.
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
    plan : Plan or None
        What would be written, where one was asked for.
    result : ConversionResult or None
        What the conversion has said of itself. None, as ``seconds``, ``bytes_written`` and ``levels`` are, also where
        it is ``done`` and a cluster's worker was lost before it could say so.

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
    plan: Plan | None = field(default=None, repr=False)
    result: ConversionResult | None = field(default=None, repr=False)

    def left_out(self) -> ConversionError | None:
        """Says why it is not converted, where it is not."""
        if self.state == "there":
            return ConversionError("output-exists", f"{self.output}: is whole already, and stays as it is")
        return self.error

    def _tables(self) -> tables.Parts:
        return _table([self])


@dataclass(frozen=True)
class BatchResult(tables.Tabled):
    """Outcome of many volumes: a sequence of `BatchEntry`, true where none has failed. Notebooks show a table.

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

    def _tables(self) -> tables.Parts:
        return _table(self.entries)


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
    ValueError
        ``resources`` without a ``client``.

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
    refuse_without_client(client, resources=resources)
    batch = Batch(sources, folder, options, report=report, client=client, resources=resources)
    if callable(progress):
        return batch.run(progress)
    with show_count(len(batch.listed()), "volumes", progress) as ended:
        return batch.run(lambda entry: ended(source_name(entry.source), entry.error is None))


class Batch:
    """Many volumes that are converted with the same options, each by itself: planned, run and cancelled as one.

    By one helper's process, or by a cluster, a volume a task. What there is to convert, what the outputs are called,
    and what is said of those that are not converted is the helper's. ``names``: how its messages call the options.
    """

    def __init__(
        self,
        sources: StrPath | Iterable[StrPath],
        folder: StrPath | None,
        options: Mapping[str, Any],
        *,
        report: StrPath | None = None,
        client: Client | None = None,
        resources: Mapping[str, float] | None = None,
        names: Names = "python",
    ) -> None:
        read = path_of if isinstance(sources, (str, os.PathLike)) else paths_of
        self._sources = read(sources, "sources", "a path, a pattern of paths, or a list of paths", "source")
        self._folder = None if folder is None else path_of(folder, "folder")
        self._options = dict(options)
        self._report = None if report is None else path_of(report, "report")
        self._names: Names = names
        self._cluster: ClusterBatch | None = None
        if client is not None:
            from .cluster.batch import ClusterBatch

            self._cluster = ClusterBatch(client, resources, names)
        self._guard = threading.Lock()
        self._present: Helper | ClusterBatch | None = None
        self._cancelled = False
        #: outcome of those that have ended, also where it was cancelled
        self.ended: list[BatchEntry] = []

    def listed(self) -> list[Event]:
        """Sources that would be converted, and to where, by names alone."""
        return self._listed(self._sources)

    def plans(self) -> tuple[BatchEntry, ...]:
        """Expected outcome of each, with the plan of those that are ``waiting``. Writes nothing."""
        found = self._run(self._helper("estimate", self._sources, "--json"), answers=(0, 1))
        return tuple(to_entry(entry) for entry in json.loads(found))

    def run(
        self,
        on_entry: Callable[[BatchEntry], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> BatchResult:
        """Converts them.

        With ``on_progress`` all are planned before, so that it is known how far all are; only those that can be
        converted are begun.
        """
        entries: dict[int, BatchEntry] = {}
        sources, numbers, meter = self._sources, None, None
        if on_progress is not None:
            planned = self.plans()
            entries = {number: entry for number, entry in enumerate(planned) if entry.plan is None}
            for entry in entries.values():
                self._end(entry, on_entry)
            wanted = {number: entry for number, entry in enumerate(planned) if entry.plan is not None}
            sources, numbers = [str(entry.source) for entry in wanted.values()], list(wanted)
            meter = _Together(list(wanted.values()), on_progress)
        if sources:
            for number, entry in self._convert(sources, on_entry, meter):
                entries[number if numbers is None else numbers[number]] = entry
        return BatchResult(tuple(entries[number] for number in sorted(entries)))

    def cancel(self) -> None:
        """Stops those that are being converted, and what comes after; what is written stays."""
        with self._guard:
            self._cancelled = True
            if self._present is not None:
                self._present.cancel()

    def _convert(
        self, sources: StrPath | list[str], on_entry: Callable[[BatchEntry], object] | None, meter: _Together | None
    ) -> list[tuple[int, BatchEntry]]:
        ended: list[tuple[int, BatchEntry]] = []

        def hear(event: Event) -> None:
            if event["event"] == "progress" and meter is not None:
                meter.told(snake_case(event))
            elif event["event"] == "entry":
                number, entry = int(event["place"].split()[0]) - 1, to_entry(event)
                if entry.state != "waiting":
                    ended.append((number, entry))
                    self._end(entry, on_entry)
                if meter is not None:
                    meter.at(number, entry.state != "waiting")

        if self._cluster is None:
            report = [] if self._report is None else [f"--report={self._report}"]
            self._run(self._helper("convert", sources, *report), hear, answers=(0, 1))
        else:
            tasks, listed = self._cluster, self._listed(sources)
            self._begin(tasks)
            tasks.run(listed, self._folder, self._report, self._options, hear)
        return ended

    def _listed(self, sources: StrPath | list[str]) -> list[Event]:
        entries: list[Event] = []

        def hear(event: Event) -> None:
            if event["event"] == "entry":
                entries.append(event)

        self._run(self._helper("convert", sources, "--dry-run"), hear)
        return entries

    def _end(self, entry: BatchEntry, on_entry: Callable[[BatchEntry], object] | None) -> None:
        self.ended.append(entry)
        if on_entry is not None:
            on_entry(entry)

    def _helper(self, command: str, sources: StrPath | list[str], *words: str) -> Helper:
        word, given = source_words(sources)
        options = option_words(self._options)
        outputs = [] if self._folder is None else ["--", self._folder]
        return Helper(
            command, *options, f"--batch={word}", "--progress", "json", *words, *outputs, given=given, names=self._names
        )

    def _run(
        self, helper: Helper, on_event: Callable[[Event], object] | None = None, answers: Container[int] = (0,)
    ) -> str:
        self._begin(helper)
        return helper.run(on_event, answers)

    def _begin(self, present: Helper | ClusterBatch) -> None:
        with self._guard:
            if self._cancelled:
                raise ConversionError("cancelled", "cancelled")
            self._present = present


def _name(entry: BatchEntry) -> str:
    """The source as text, of which ``repr`` shows no key."""
    return entry.source if isinstance(entry.source, str) else str(entry.source)


class Plans(tables.Tabled, dict[str, Any]):
    """Plans of several sources, by their paths: a `Plan` each, or the `ConversionError` that says why there is none.

    Examples
    --------
    >>> from microct_io_vis import ConverterWidget
    >>> plans = ConverterWidget(["scan.tif", "nothing.tif"], each=True).plan
    >>> [type(plan).__name__ for plan in plans.values()]
    ['Plan', 'ConversionError']
    """

    def __init__(self, entries: Iterable[BatchEntry]) -> None:
        self._entries = tuple(entries)
        super().__init__({_name(entry): entry.plan or entry.left_out() for entry in self._entries})

    def _tables(self) -> tables.Parts:
        return _table(self._entries)


class BatchReport(tables.Tabled, dict[str, Any]):
    """Outcome of several sources, as `ConverterWidget` has it; notebooks show a line of each."""

    def __init__(self, entries: Iterable[BatchEntry], folder: str | None, seconds: float) -> None:
        entries = tuple(entries)
        left_out = [(entry, reason) for entry in entries if (reason := entry.left_out())]
        super().__init__(
            output=folder,
            seconds=seconds,
            bytes_written=sum(entry.bytes_written or 0 for entry in entries),
            results=[
                {"source": _name(entry), "output": str(entry.output), **(entry.result or {})}
                for entry in entries
                if entry.state == "done"
            ],
            left_out=[
                {"source": _name(entry), "code": reason.code, "message": str(reason)} for entry, reason in left_out
            ],
            warnings=[f"{source_name(entry.source)}: {warning}" for entry in entries for warning in entry.warnings],
        )
        self.entries = entries

    def _tables(self) -> tables.Parts:
        return _table(self.entries)


class _Together:
    """Progress of one of many, told as that of all together."""

    def __init__(self, planned: list[BatchEntry], on_progress: Callable[[Progress], object]) -> None:
        self._planned = planned
        self._sizes = [entry.plan.levels[0].bytes if entry.plan else 0 for entry in planned]
        self._meter = Meter(sum(self._sizes), on_progress)
        self._number = 0

    def at(self, number: int, has_ended: bool) -> None:
        """One begins, or has ended."""
        self._number = number
        if has_ended:
            self._tell(1)

    def told(self, progress: Progress) -> None:
        """How far the one is that has begun last."""
        self._tell(progress["done_bytes"] / max(1, progress["total_bytes"]))

    def _tell(self, share: float) -> None:
        self._meter.note(self._number, round(self._sizes[self._number] * share))
        self._meter.tell(source=_name(self._planned[self._number]), number=self._number + 1, count=len(self._planned))


def to_entry(event: Event) -> BatchEntry:
    """The entry that an event of the helper tells."""
    told = snake_case(event)
    error, plan, result = told["error"], told.get("plan"), told.get("result")
    return BatchEntry(
        source=Address(told["source"]) if is_address(told["source"]) else Path(told["source"]),
        output=None if told["output"] is None else ConvertedPath(told["output"]),
        state=told["state"],
        seconds=told["seconds"],
        bytes_written=told["bytes_written"],
        levels=told["levels"],
        warnings=tuple(told["warnings"]),
        error=None if error is None else ConversionError(error["code"], error["message"]),
        plan=None if plan is None else to_plan(plan),
        result=None if result is None else cast(ConversionResult, Report(result)),
    )


def _table(entries: Iterable[BatchEntry]) -> tables.Parts:
    """A row for each; what is known of none is left out."""
    heads = ("source", "state", "shape", "voxel size", "OME-Zarr", "levels", "size", "time", "reason, or warnings")
    rows = [_row(entry) for entry in entries]
    known = [n for n in range(len(heads)) if n == 0 or any(row[n] for row in rows)]
    return [tables.Table([[row[n] for n in known] for row in rows], [heads[n] for n in known])]


def _row(entry: BatchEntry) -> tuple[str, ...]:
    plan, levels, reason = entry.plan, entry.levels, entry.left_out()
    if plan is not None:
        levels = len(plan.levels)
    written = "" if entry.bytes_written is None else size(entry.bytes_written)
    return (
        source_name(entry.source),
        "to be converted" if entry.state == "waiting" else entry.state,
        "" if plan is None else f"{tables.lengths(plan.levels[0].shape)} ({plan.axes})",
        "" if plan is None else tables.voxel_size(plan.voxel_size, plan.unit),
        "" if entry.output is None else str(entry.output),
        "" if levels is None else str(levels),
        written if plan is None else f"at most {size(plan.disk_bytes)}",
        "" if entry.seconds is None else f"{entry.seconds:.1f} s",
        f"left out: {reason}" if reason else " ".join((*entry.warnings, *(plan.warnings if plan else ()))),
    )
