"""The conversion form, its progress and its result in a notebook."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, cast

import traitlets
from ipywidgets import widget_serialization
from traitlets import Bool, Dict, Enum, Instance, TraitError

from ..api import estimate, info
from ..arguments import chosen, is_address, naming_its_options, reading_in, refuse_without_client, shown_source
from ..batch import Batch, BatchEntry, BatchReport, Plans
from ..conversion import Conversion, ConvertedPath, Report
from ..errors import ConversionError, shown_as_message, warn_of
from ..look import LookedAt, looked_at
from ..options import (
    ENDINGS,
    READING_OPTIONS,
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
from ..process import Names, ask, kernel_ends
from ..results import OmeZarrInfo, Plan, VolumeInfo, info_of, to_plan
from ..stand_ins import whole
from ..types import (
    Bounds,
    ByteCount,
    Channels,
    Failure,
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
from ..volume import Volume
from ..volume import open as open_volume
from .module import BrowserWidget
from .options import OPTION_NAMES, ConversionOptions, as_trait
from .paths import Path, Source
from .viewer import ViewerWidget

if TYPE_CHECKING:
    from distributed import Client

    from ..cluster.conversion import ClusterConversion

Sources = StrPath | Sequence[StrPath]
SETTABLE = ("source", "target", "each", *OPTION_NAMES)
#: Fields of an answer that are words for a person.
SAID = ("warnings", "output_refusal", "unfinished")
_planners = ThreadPoolExecutor(max_workers=2, thread_name_prefix="microct-io-vis-plan")
_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="microct-io-vis-picture")


class ConverterWidget(BrowserWidget, ConversionOptions):
    """Converts a TIFF volume to an OME-Zarr pyramid: the form with its plan, the progress, and at the end the viewer.

    The conversion runs in a process of its own on the kernel's machine. It goes on when the page is closed or reloaded,
    or when the widget is closed; it ends with the kernel, and can then be resumed.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices; or several of these, see ``each``.
    target : path-like, optional
        Path of the OME-Zarr to write, or its place in a bucket, ``"s3://bucket/name.ome.zarr"``; of several sources of
        the folder for their outputs. None: ``<stem>.ome.zarr`` beside the source.
    each : bool, optional
        Of several paths: whether each is a volume of its own, converted by itself, where those that cannot be are left
        out with their reason; ``target`` is a folder then, of one path too. None: it is where one of several is a
        folder; files are the slices of one volume.
    client : distributed.Client, optional
        The Dask cluster whose workers convert it, as in `convert`. None: the kernel's machine.
    parts : int, optional
        How many parts, each a task. None: as `convert` has it. Of several sources each is a task.
    resources : mapping, optional
        What a part takes of a worker's resources, such as ``{"microct": 1}``.
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

    layout : ipywidgets.Layout or dict, optional
        As of every widget, and so are the next two.
    tooltip : str, optional
        Text that is shown over the widget.
    tabbable : bool, optional
        Whether the keyboard reaches the widget.

    Attributes
    ----------
    state : {'idle', 'running', 'done', 'failed', 'cancelled'}
        What it is doing.
    progress : Progress or {}
        ``done_bytes``, ``total_bytes``, ``bytes_per_second`` and ``seconds_left`` (None at first); empty before.
    error : Failure or None
        ``code``, ``message`` and ``field`` of what went wrong.
    result : ConversionResult or None
        ``output`` (a path), ``seconds``, ``bytes_written``, ``levels``, ``warnings``, ...; of several sources
        ``results``, one for each that is written, and ``left_out``: ``source``, ``code`` and ``message`` of the others.
    viewer : ViewerWidget or None
        The viewer of the output, when it is done; None of several.
    plan : Plan or Plans
        What it would do and need, as `estimate` says.

    Raises
    ------
    traitlets.TraitError
        An option has a value that cannot be meant.
    ValueError
        ``parts`` or ``resources`` without a ``client``.

    Notes
    -----
    All parameters are traits: set them and the form shows it, change the form and they follow. While a conversion runs
    they cannot be set. What is chosen in a viewer of the source can be converted: ``converter.roi = viewer.selection``,
    ``converter.value_range = viewer.layers[0].contrast``. With ``resume=None`` the form offers to go on with what an
    interrupted conversion has left; `start` without the form starts over. The attributes can be observed, but not set;
    observers of these are called from another thread than the cells.

    Examples
    --------
    As the last line of a cell it shows the form; this is what its button does:

    >>> from microct_io_vis import ConverterWidget
    >>> converter = ConverterWidget("scan.tif", chunk_size=16, compression="blosc-lz4")
    >>> converter.start()
    >>> converter.wait().name, converter.state
    ('scan.ome.zarr', 'done')
    """

    _model_name = traitlets.Unicode("ConverterModel", read_only=True).tag(sync=True)
    _view_name = traitlets.Unicode("ConverterView", read_only=True).tag(sync=True)
    _from_browser = BrowserWidget._from_browser | set(SETTABLE)

    source = Source(help="Path or address of a TIFF, path of a folder of slices, or paths of slices.").tag(sync=True)
    target = Path(None, allow_none=True, help="Path of the OME-Zarr to write, or of a folder for several.").tag(
        sync=True
    )
    each = Bool(None, allow_none=True, help="Whether each of several paths is a volume of its own.").tag(sync=True)
    state = Enum(("idle", "running", "done", "failed", "cancelled"), "idle", read_only=True).tag(sync=True)
    progress = Dict(read_only=True).tag(sync=True)
    error = Dict(None, allow_none=True, read_only=True).tag(sync=True)
    result = Dict(None, allow_none=True, read_only=True).tag(sync=True)
    #: The folder that relative paths start from, and the one that ~ stands for, with / between segments.
    _folders = Dict(read_only=True).tag(sync=True)
    viewer = Instance(ViewerWidget, allow_none=True, read_only=True).tag(sync=True, **widget_serialization)

    @naming_its_options
    def __init__(
        self,
        source: Sources = "",
        *,
        target: StrPath | None = None,
        each: bool | None = None,
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
        layout: Any = None,
        tooltip: str | None = None,
        tabbable: bool | None = None,
    ) -> None:
        refuse_without_client(client, parts=parts, resources=resources)
        options = chosen(locals())
        others = {"target": target, "each": each, "layout": layout, "tooltip": tooltip, "tabbable": tabbable}
        given = {**options, **{name: value for name, value in others.items() if value is not None}}
        # For the step from one state to another, and for changes by the browser and by the conversion's thread.
        self._guard = threading.RLock()
        self._conversion: Conversion | ClusterConversion | Batch | None = None
        self._cluster = (client, parts, resources)
        self._ended = threading.Event()
        # While the form shows its source: another helper makes what is seen.
        self._looked: LookedAt | None = None
        self._looking = threading.Lock()
        self.set_trait("_folders", _folders())
        super().__init__(source=source, **{name: _as_trait(name, value) for name, value in given.items()})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _as_trait(name, value))

    def __repr__(self) -> str:
        return f"ConverterWidget({shown_source(self.source)!r}, state={self.state!r})"

    def options(self) -> Options:
        """Gives the options that are set, as keyword arguments of `convert` and `estimate`.

        Returns
        -------
        Options
            Dictionary without those that are left to their defaults.
        """
        options = _given({name: getattr(self, name) for name in OPTION_NAMES})
        if self.parent is not None:
            options["parent"] = self._absolute(self.parent)
        return options

    def info(self) -> VolumeInfo | OmeZarrInfo:
        """Says what the source holds, or the first of several. Reads its headers only.

        Returns
        -------
        VolumeInfo or OmeZarrInfo
            As `microct_io_vis.info` has it.

        Raises
        ------
        ConversionError
            The source cannot be read.
        ValueError
            There is no source.
        """
        return info(self._sources()[0] if self._is_several() else self._source())

    def estimate(self) -> Plan | Any:
        """Says what the conversion would do and need.

        Returns
        -------
        Plan or Plans
            As `microct_io_vis.estimate` has it; of several sources a dictionary with the plan of each by its path, or
            with the `ConversionError` that says why it is left out.

        Raises
        ------
        ConversionError
            It cannot work; ``code``, ``field`` and the message say why.
        ValueError
            There is no source.
        """
        if self._is_several():
            return Plans(self._several("python").plans())
        try:
            return estimate(self._source(), self._target(), **self.options())
        except ConversionError as reason:
            raise self._hinted(reason) from None

    @property
    def plan(self) -> Plan | Any:
        """Plan of the conversion, as `estimate` gives it."""
        return self.estimate()

    def open(self) -> Volume | Any:
        """Opens what has been written, for reading.

        Returns
        -------
        Volume or list of Volume
            As `microct_io_vis.open` has it; of several sources those that are written.

        Raises
        ------
        RuntimeError
            Nothing has been written yet.
        """
        if self.comm is None:
            # By this name ipywidgets connects a widget with the page, once, when it is made.
            return cast(Volume, super().open())
        if self.result is None:
            raise shown_as_message(RuntimeError("there is nothing to open: start() the conversion, and wait() for it"))
        if "results" in self.result:
            return [open_volume(each["output"]) for each in self.result["results"]]
        return open_volume(self.result["output"])

    def start(self) -> None:
        """Starts the conversion and returns at once; `wait` waits for it.

        Raises
        ------
        RuntimeError
            One is running.
        ValueError
            There is no source.
        """
        self._start("python")

    def _start(self, names: Names) -> None:
        """``names``: how messages call the options."""
        with self._guard:
            if self.state == "running":
                what = f"{shown_source(self.source)} is being converted: cancel() it or wait() for it first"
                raise shown_as_message(RuntimeError(what))
            conversion = self._conversion_of(names)
            self._conversion = conversion
            self._ended.clear()
            with self.hold_sync():
                for name, value in (("progress", {}), ("error", None), ("result", None), ("viewer", None)):
                    self.set_trait(name, value)
                self.set_trait("state", "running")
        threading.Thread(target=self._run, args=(conversion,), name="microct-io-vis-convert", daemon=True).start()

    def _conversion_of(self, names: Names) -> Conversion | ClusterConversion | Batch:
        if self._is_several():
            return self._several(names)
        source, target, options = self._source(), self._target(), self.options()
        client, parts, resources = self._cluster
        if client is None:
            return Conversion(source, target, names=names, **options)
        from ..cluster.conversion import ClusterConversion

        return ClusterConversion(source, target, options, client, parts, resources, names=names)

    def _several(self, names: Names) -> Batch:
        options = self.options()
        if names == "form":
            # As it says there, what is unfinished is gone on with.
            options.setdefault("resume", True)
        client, parts, resources = self._cluster
        if parts is not None:
            raise shown_as_message(ValueError("parts: are of one volume; of several sources each is a task"))
        return Batch(self._sources(), self._target(), options, client=client, resources=resources, names=names)

    def _hinted(self, reason: ConversionError) -> ConversionError:
        """The same, of files that are no slices of one volume with what else they may be."""
        if isinstance(self.source, list) and len(self.source) > 1 and self.each is None and reason.field == "source":
            hint = "if each of these files is a volume of its own, set each=True"
            reason.args = (f"{reason}; {hint}",)
        return reason

    def _is_several(self) -> bool:
        """Whether there are several sources, each a volume of its own; with ``each`` one may be all of them."""
        if self.each is not None:
            return self.each and self.source != ""
        if not isinstance(self.source, list) or len(self.source) < 2:
            return False
        return not all(path.lower().endswith(ENDINGS) for path in self.source)

    def cancel(self) -> None:
        """Stops a running conversion and removes what it had written; without one, does nothing."""
        with self._guard:
            if self.state == "running" and self._conversion:
                self._conversion.cancel()

    def wait(self, timeout: float | None = None) -> FilePath | Any:
        """Waits until the conversion has ended and returns the path of the output.

        The kernel's interrupt cancels the conversion, and so does the form's Cancel where the kernel takes messages
        while a cell runs (ipykernel 7).

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. None: without end.

        Returns
        -------
        pathlib.Path or list of pathlib.Path
            Absolute path of the OME-Zarr, or its address as `convert` has it; of several sources those of all that are
            written.

        Raises
        ------
        ConversionError
            It failed or was cancelled; ``code``, ``field`` and the message say why.
        TimeoutError
            It has not ended after ``timeout`` seconds, and goes on.
        RuntimeError
            It was never started.

        Warns
        -----
        ConversionWarning
            Some of several sources are left out.
        """
        if self.state == "idle":
            raise shown_as_message(RuntimeError("there is nothing to wait for: start() the conversion first"))
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            # In short waits, because Windows interrupts no long one.
            while not self._ended.wait(0.2 if deadline is None else min(0.2, max(0, deadline - time.monotonic()))):
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"{shown_source(self.source)} is still being converted after {timeout} s")
        except KeyboardInterrupt as interrupt:
            # A kernel that ends leaves what is done to be resumed.
            if not kernel_ends():
                self.cancel()
                self._ended.wait(10)
            shown_as_message(interrupt)
            raise
        if self.error is not None:
            raise ConversionError.told(cast(Failure, self.error))
        if "results" in self.result:
            for each in self.result["left_out"]:
                warn_of("left out", [each["message"]])
            return [ConvertedPath(each["output"]) for each in self.result["results"]]
        return ConvertedPath(self.result["output"])

    def _source(self) -> Any:
        if not self.source:
            raise shown_as_message(ValueError("ConverterWidget has no source: set it to the path of a TIFF"))
        if isinstance(self.source, list):
            return [self._absolute(path) for path in self.source]
        return self._absolute(self.source)

    def _sources(self) -> list[str]:
        source = self._source()
        return source if isinstance(source, list) else [source]

    def _target(self) -> str | None:
        # A name alone is one in the parent's folder of labels.
        if self.target is None or (self.parent is not None and not re.search(r"[\\/]", self.target)):
            return self.target
        return self._absolute(self.target)

    def _absolute(self, path: str) -> str:
        """The path that was meant when it was set: a change of the working folder since then changes nothing."""
        if is_address(path):
            return path
        return os.path.normpath(os.path.join(self._folders["cwd"], os.path.expanduser(path)))

    def _run(self, conversion: Conversion | ClusterConversion | Batch) -> None:
        began = time.monotonic()
        try:
            if isinstance(conversion, Batch):
                entries = conversion.run(on_progress=self._progressed)
                result: Mapping[str, Any] = self._of_each(entries, began)
                if all(entry.error for entry in entries):
                    said = "\n".join(str(entry.error) for entry in entries)
                    raise ConversionError(result["left_out"][0]["code"], said, "source")
            else:
                result = conversion.run(self._progressed)
        except ConversionError as reason:
            # Those of several that were written before it was cancelled are there.
            report = self._of_each(conversion.ended, began) if isinstance(conversion, Batch) else None
            written = report if report and report["results"] else None
            reason = self._hinted(reason)
            told = {**_failure(reason), "message": str(reason)}
            self._end("cancelled" if reason.code == "cancelled" else "failed", cast(Failure, told), written)
        except Exception as reason:
            self._end(
                "failed", error={"code": "internal", "message": f"{shown_source(self.source)}: {reason}", "field": None}
            )
        else:
            self._end("done", result=result)

    def _of_each(self, entries: Iterable[BatchEntry], began: float) -> BatchReport:
        return BatchReport(entries, self._target(), time.monotonic() - began)

    def _progressed(self, progress: Progress) -> None:
        with self._guard:
            self.set_trait("progress", progress)

    def _end(self, state: str, error: Failure | None = None, result: Mapping[str, Any] | None = None) -> None:
        said = ("warnings", "left_out")
        try:
            with self._guard, self.hold_sync():
                self.set_trait("error", self._as_typed(error))
                if result:
                    told = result if isinstance(result, BatchReport) else Report(result)
                    told.update({name: self._as_typed(result[name]) for name in said if name in result})
                    self.set_trait("result", told)
                if result and "results" not in result and self.comm is not None:
                    self.set_trait("viewer", ViewerWidget(result["output"]))
                self.set_trait("state", state)
        finally:
            self._ended.set()

    @traitlets.validate(*SETTABLE)
    def _refuse_while_running(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if self.state == "running" and value != getattr(self, name):
            raise TraitError(
                f"{name} cannot be changed while {shown_source(self.source)} is converted: cancel() or wait() first"
            )
        return value

    @traitlets.observe("source")
    def _other_source(self, change: dict[str, Any]) -> None:
        """Forgets the last conversion, which is not of the new source."""
        with self._guard, self.hold_sync():
            self.set_trait("_folders", _folders())
            for name, value in (("progress", {}), ("error", None), ("result", None), ("viewer", None)):
                self.set_trait(name, value)
            self.set_trait("state", "idle")

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a browser has set; what cannot be, it is told back."""
        with self._guard:
            try:
                super().set_state(sync_data)
            except TraitError:
                self.send_state([name for name in sync_data if name in SETTABLE])

    def _handle_custom_msg(self, content: dict[str, Any], buffers: list[Any]) -> None:
        content = whole(content)
        super()._handle_custom_msg(content, buffers)
        method, params = content.get("method"), content.get("params") or {}
        if method == "start":
            self._start_as_asked(params)
        elif method == "cancel":
            self.cancel()
        elif method == "inspect":
            _planners.submit(
                self._answer,
                content["id"],
                lambda: info_of(params["source"], {name: getattr(self, name) for name in READING_OPTIONS}, "form"),
            )
        elif method == "estimate":
            target, asked = params["options"].get("target"), _given(params["options"])
            _planners.submit(
                self._answer,
                content["id"],
                lambda: to_plan(ask("estimate", params["source"], target, asked, names="form")),
            )

        elif method == "read":
            _readers.submit(self._read, content["id"], params)
        elif method == "close-picture":
            self._looked = None

    def _read(self, request: str, params: dict[str, Any]) -> None:
        """Answers with bytes of the OME-Zarr that the source would be, as a viewer does."""
        try:
            reading = reading_in(params["options"])
            with self._looking:
                files = self._looked = looked_at(params["source"], reading=reading)
            self._send_part(request, files, params)
        except Exception as reason:  # whatever it is, somebody waits for an answer
            failure = {"code": "unreadable", "message": self._as_typed(str(reason)), "field": None}
            self.send({"id": request, "error": failure})

    def _start_as_asked(self, params: dict[str, Any]) -> None:
        """Starts with what stood in the form when its button was pressed: traits may change later than that is told."""
        with self._guard:
            if self.state == "running":  # pressed twice, or in two places
                return
            try:
                with self.hold_trait_notifications():
                    for name in ("target", "each", *OPTION_NAMES):
                        if name in params:
                            setattr(self, name, params[name])
                self._start("form")
            except Exception as reason:
                self._end("failed", error=_failure(reason))

    def _answer(self, request: str, question: Callable[[], VolumeInfo | OmeZarrInfo | Plan]) -> None:
        try:
            found = asdict(question())
            said = {name: self._as_typed(found[name]) for name in SAID if name in found}
            self.send({"id": request, "result": found | said})
        except Exception as reason:  # whatever it is, the form waits for an answer
            self.send({"id": request, "error": self._as_typed(_failure(reason))})

    def _as_typed(self, said: Any) -> Any:
        """The same text, or all texts in it, with paths below Python's working folder as they are typed there."""
        if isinstance(said, str):
            folder = os.path.normpath(self._folders["cwd"])
            return said if os.path.dirname(folder) == folder else said.replace(folder + os.sep, "")
        if isinstance(said, dict):
            return {key: self._as_typed(each) for key, each in said.items()}
        return [self._as_typed(each) for each in said] if isinstance(said, (list, tuple)) else said


def _as_trait(name: str, value: Any) -> Any:
    return as_trait(name, value) if name in OPTION_NAMES else value


def _failure(reason: Exception) -> Failure:
    told: Failure | None = getattr(reason, "failure", None)
    if told:
        return told
    code, field = getattr(reason, "code", "internal"), getattr(reason, "field", None)
    return {"code": code, "message": str(reason), "field": field}


def _given(values: Mapping[str, Any]) -> Options:
    """The options among the values that are not left to their defaults."""
    return cast(Options, {name: values[name] for name in OPTION_NAMES if values.get(name) not in (None, False)})


def _folders() -> dict[str, str]:
    return {"cwd": FilePath.cwd().as_posix(), "home": FilePath.home().as_posix()}
