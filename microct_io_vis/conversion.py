"""The helper as a child process that tells of itself in JSON."""

from __future__ import annotations

import io
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, cast

from . import tables
from .arguments import chosen, naming_its_options, option_words, path_of, source_words
from .errors import ConversionError, shown_as_message
from .node import PYTHON, HelperMissing, command
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
from .stand_ins import as_words
from .types import (
    Bounds,
    ByteCount,
    Channels,
    ConversionResult,
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
    Source,
    StrPath,
    Voxel,
)

if sys.platform == "win32":
    CANCEL, NEW_GROUP = signal.CTRL_BREAK_EVENT, subprocess.CREATE_NEW_PROCESS_GROUP
else:
    CANCEL, NEW_GROUP = signal.SIGINT, 0

#: Names of the options in messages: arguments of Python's, or labels of the form.
Names = Literal["python", "form"]
#: bytes that are written in one go
PIECE = 1 << 20
Event = dict[str, Any]


class Helper:
    """One run of the helper. `run` may be called once; `cancel` at any time, from any thread.

    ``names`` says how its messages call the options: as ``"python"`` does, or by the labels of the ``"form"``. It reads
    ``given`` or ``sent`` from standard input: a text, or what is made while it is sent. What is raised where that is
    made ends the helper, and is raised here. ``known``: addresses by what stands for them, where it may meet these.
    """

    def __init__(
        self,
        *words: str,
        given: str | None = None,
        sent: Iterable[memoryview] | None = None,
        names: Names = "python",
        known: Mapping[str, str] | None = None,
    ) -> None:
        self._words = words
        self._known = known or {}
        self._sent = sent
        self._names = names
        self._given = given
        self._process: subprocess.Popen[str] | None = None
        self._guard = threading.Lock()
        self._cancelled = False

    def run(self, on_event: Callable[[Event], object] | None = None, answers: Container[int] = (0,)) -> str:
        """Waits for the end and returns what the helper wrote on standard output.

        ``answers`` are the exit statuses of a helper that has done what it was asked for.

        Raises `ConversionError`, also for what is wrong with this installation. KeyboardInterrupt cancels the helper
        first; whatever else ends this, or Python itself, leaves what is done to be resumed.
        """
        process = self._start()
        stdout, stderr = process.stdout, process.stderr
        assert stdout is not None and stderr is not None
        failure: Failure | None = None
        other: deque[str] = deque(maxlen=20)
        output: list[str] = []
        # Standard output has its own reader, so that neither pipe fills up.
        reader = threading.Thread(target=lambda: output.append(stdout.read()), daemon=True)
        reader.start()
        try:
            self._feed(process)
            for line in stderr if self._sent is None else self._sending(process, stderr):
                event = _event(line)
                if event is None:
                    other.append(line.rstrip())
                elif event["event"] == "error":
                    failure = cast(Failure, {name: value for name, value in event.items() if name != "event"})
                elif on_event is not None:
                    on_event(event)
            status = process.wait()
        except KeyboardInterrupt as interrupt:
            self.cancel()
            self._reap(process)
            if self._sent is None:
                # Who has interrupted it hears of what could not be removed.
                told = [event for line in stderr if (event := _event(line)) and event["event"] == "error"]
                interrupt.args = tuple(event["message"] for event in told if event["field"] == "output")
            shown_as_message(interrupt)
            raise
        except BaseException:
            self._end(process)
            self._reap(process)
            raise
        finally:
            reader.join()
            stdout.close()
            stderr.close()
        if status in answers and failure is None:
            return output[0]
        if failure is None:
            said = " ".join(filter(None, other)) or "it said nothing"
            code = "cancelled" if self._cancelled else "internal"
            raise ConversionError(code, "cancelled" if self._cancelled else f"the helper ended with {status}: {said}")
        raise ConversionError.told(failure)

    def cancel(self) -> None:
        """Asks the helper to stop and remove what it has written; `run` then raises `ConversionError` ``cancelled``."""
        with self._guard:
            self._cancelled = True
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(CANCEL)

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        """Has the helper end without removing what it has written."""
        if os.name != "nt":
            process.terminate()
        elif process.stderr is not None:
            # It ends when nobody follows its progress; its standard output is read to the end elsewhere.
            process.stderr.close()

    def _start(self) -> subprocess.Popen[str]:
        with self._guard:
            if self._process is not None:
                raise RuntimeError("this conversion has been started before")
            if self._cancelled:
                raise ConversionError("cancelled", "cancelled")
            try:
                words, environment = as_words(self._words, self._known)
                line = command(*words)
            except HelperMissing as reason:
                raise ConversionError("internal", str(reason)) from None
            # A group of its own: an interrupt meant for Python (Ctrl-C, the notebook's stop button) is passed on by
            # `cancel` alone, and once; a second one would end the helper before it has tidied up.
            windows = sys.platform == "win32"
            # Windows can send no SIGINT to a group.
            cancel = {"MICROCT_IO_VIS_CANCEL": "SIGBREAK"} if windows else {}
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE if self._given is not None or self._sent is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={
                    **os.environ,
                    **environment,
                    **cancel,
                    PYTHON: sys.executable,
                    "MICROCT_IO_VIS_WORDS": self._names,
                },
                creationflags=NEW_GROUP,
                start_new_session=not windows,
            )
            return self._process

    def _feed(self, process: subprocess.Popen[str]) -> None:
        if self._given is not None and isinstance(process.stdin, io.TextIOWrapper):
            try:
                # Names of files that are no UTF-8 keep their bytes.
                process.stdin.buffer.write(os.fsencode(self._given))
                process.stdin.close()
            except BrokenPipeError:
                pass  # It has ended already, and says why.

    def _sending(self, process: subprocess.Popen[str], stderr: Iterable[str]) -> Iterator[str]:
        """Sends what is to be sent, in this thread, so that an interrupt ends it, and yields what the helper says."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

        def read() -> None:
            try:
                for line in stderr:
                    lines.put(line)
            except ValueError:
                pass  # It was closed: nobody waits for more.
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        stdin, sent = process.stdin, self._sent
        assert stdin is not None and sent is not None
        pipe = stdin.fileno()
        _widen(pipe)
        try:
            for number, block in enumerate(sent):
                # Blocks after the first may take long to make, and are made when the helper has begun.
                if number == 1:
                    if (line := lines.get()) is None:
                        return
                    yield line
                for at in range(0, len(block), PIECE):
                    piece = block[at : at + PIECE]
                    while piece:
                        piece = piece[os.write(pipe, piece) :]
                    while not lines.empty():
                        if (line := lines.get()) is None:
                            return
                        yield line
        except BrokenPipeError:
            pass  # It has ended already, and says why.
        stdin.close()
        while (line := lines.get()) is not None:
            yield line

    @staticmethod
    def _reap(process: subprocess.Popen[str]) -> None:
        """Waits for a cancelled helper without leaving it behind."""
        if process.stdin is not None:
            # It may be waiting for more.
            process.stdin.close()
        try:
            process.wait(20)
        except BaseException:
            process.kill()
            process.wait()
            raise


class Conversion:
    """A conversion to OME-Zarr in a process of its own, which can be cancelled from another thread.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices.
    output : path-like, optional
        Path of the OME-Zarr. None: ``<stem>.ome.zarr`` beside the source.
    names : {'python', 'form'}, optional
        What messages call the options: by their names here, or by the labels of the form.
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

    Raises
    ------
    ConversionError
        An option has a value that cannot be meant.

    See Also
    --------
    convert : Converts and waits, with a bar.

    Examples
    --------
    >>> from microct_io_vis import Conversion
    >>> conversion = Conversion("scan.tif", compression="blosc-lz4")
    >>> result = conversion.run(lambda progress: None)
    >>> result["levels"], result["nan_voxels"]
    (1, 0)
    """

    @naming_its_options
    def __init__(
        self,
        source: Source,
        output: StrPath | None = None,
        *,
        names: Names = "python",
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
    ) -> None:
        options = chosen(locals())
        word, given = source_words(source)
        words = option_words(options)
        outputs = [] if output is None else [path_of(output, "output")]
        self._helper = Helper("convert", "--progress", "json", *words, "--", word, *outputs, given=given, names=names)

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> ConversionResult:
        """Converts, waits for the end, and returns what the conversion says of itself. It may be called once.

        Parameters
        ----------
        on_progress : callable, optional
            Called in this thread, at most five times a second, with a dictionary of ``done_bytes``, ``total_bytes``,
            ``bytes_per_second`` and ``seconds_left`` (None at first).

        Returns
        -------
        ConversionResult
            Dictionary of ``output`` (absolute path), ``seconds``, ``bytes_written``, ``levels``, ``nan_voxels``,
            ``value_range``, ``statistics`` and ``warnings``. A notebook shows it as a table with the slice in the
            middle. The statistics are of the stored values, one for each channel: ``min``, ``max``, ``counted``
            (voxels), ``histogram`` with ``start``, ``end`` and 256 ``counts``, and ``percentiles`` by percent; None
            where no voxel is a finite number.

        Raises
        ------
        ConversionError
            It failed or was cancelled; ``code`` and the message say why. KeyboardInterrupt cancels it.
        """
        return run_conversion(self._helper, on_progress)

    def cancel(self) -> None:
        """Has the conversion stop and remove what it has written; `run` then raises ``cancelled``.

        Before `run`, it keeps the conversion from starting; after its end, it does nothing.
        """
        self._helper.cancel()


class Report(tables.Tabled, dict[str, Any]):
    """Report of a conversion, of which notebooks show what was written."""

    def _tables(self) -> tables.Parts:
        from .volume import tables_of

        return [*tables.of_conversion(self), *tables_of(self["output"])]


def run_conversion(helper: Helper, on_progress: Callable[[Progress], object] | None) -> ConversionResult:
    """Runs a helper that converts, and returns what the conversion says of itself."""
    result = Report()

    def on_event(event: Event) -> None:
        kind = event.pop("event")
        if kind == "done":
            result.update(snake_case(event))
        elif kind == "progress" and on_progress is not None:
            on_progress(snake_case(event))

    helper.run(on_event)
    return cast(ConversionResult, result)


def ask(
    name: str, source: Source, output: StrPath | None, options: Mapping[str, Any], *more: str, names: Names = "python"
) -> dict[str, Any]:
    """The JSON of ``info`` or ``estimate``, in snake case."""
    word, given = source_words(source)
    outputs = [] if output is None else [path_of(output, "output")]
    words = [*option_words(options), *more]
    helper = Helper(name, "--json", "--progress", "json", *words, "--", word, *outputs, given=given, names=names)
    found: dict[str, Any] = snake_case(json.loads(helper.run()))
    return found


def check(
    output: StrPath,
    against: Source | None,
    options: Mapping[str, Any],
    on_progress: Callable[[Progress], object] | None = None,
    piece: str | None = None,
) -> dict[str, Any]:
    """The JSON of ``verify``, in snake case; of ``piece``, where several processes share it."""
    words, given = [*option_words(options), *([] if piece is None else [f"--piece={piece}"])], None
    if against is not None:
        word, given = source_words(against)
        words.append(f"--against={word}")
    helper = Helper("verify", "--json", "--progress", "json", *words, "--", path_of(output, "output"), given=given)

    def on_event(event: Event) -> None:
        if event.pop("event") == "progress" and on_progress is not None:
            on_progress(snake_case(event))

    # 1: there are differences.
    found: dict[str, Any] = snake_case(json.loads(helper.run(on_event, answers=(0, 1))))
    return found


def snake_case(value: Any) -> Any:
    """The value with all keys of its dictionaries as Python writes names: ``voxelSize`` as ``voxel_size``."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", key): snake_case(item) for key, item in value.items()}
    return [snake_case(item) for item in value] if isinstance(value, list) else value


def _widen(pipe: int) -> None:
    """Has a pipe hold as much as is written in one go, where that can be said."""
    if sys.platform == "linux":
        import fcntl

        # It may not be as wide.
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIECE)


def _event(line: str) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
