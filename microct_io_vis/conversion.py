"""The helper as a child process that tells of itself in JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Container
from typing import Any

from .arguments import option_words, source_words
from .errors import ConversionError
from .node import HelperMissing, command

Progress = dict[str, Any]


class Helper:
    """One run of the helper. `run` may be called once; `cancel` at any time, from any thread.

    ``names`` says how its messages call the options: as ``"python"`` does, or by the labels of the ``"form"``.
    """

    def __init__(self, *words: str, given: str | None = None, names: str = "python") -> None:
        self._words = words
        self._names = names
        self._given = given
        self._process: subprocess.Popen[str] | None = None
        self._guard = threading.Lock()
        self._cancelled = False

    def run(self, on_event: Callable[[dict[str, Any]], None] | None = None, answers: Container[int] = (0,)) -> str:
        """Waits for the end and returns what the helper wrote on standard output.

        ``answers`` are the exit statuses of a helper that has done what it was asked for.

        Raises `ConversionError`, also for what is wrong with this installation. KeyboardInterrupt cancels the helper
        first; whatever else ends this, or Python itself, leaves what is done to be resumed.
        """
        process = self._start()
        failure: dict[str, Any] | None = None
        other: deque[str] = deque(maxlen=20)
        output: list[str] = []
        # Standard output has its own reader, so that neither pipe fills up.
        reader = threading.Thread(target=lambda: output.append(process.stdout.read()), daemon=True)
        reader.start()
        try:
            self._feed(process)
            for line in process.stderr:
                event = _event(line)
                if event is None:
                    other.append(line.rstrip())
                elif event["event"] == "error":
                    failure = event
                elif on_event is not None:
                    on_event(event)
            status = process.wait()
        except KeyboardInterrupt:
            self.cancel()
            self._reap(process)
            raise
        except BaseException:
            self._end(process)
            self._reap(process)
            raise
        finally:
            reader.join()
            process.stdout.close()
            process.stderr.close()
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
                self._process.send_signal(signal.SIGINT if os.name != "nt" else signal.CTRL_BREAK_EVENT)

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        """Has the helper end without removing what it has written."""
        if os.name != "nt":
            process.terminate()
        else:
            # It ends when nobody follows its progress; its standard output is read to the end elsewhere.
            process.stderr.close()

    def _start(self) -> subprocess.Popen[str]:
        with self._guard:
            if self._process is not None:
                raise RuntimeError("this conversion has been started before")
            if self._cancelled:
                raise ConversionError("cancelled", "cancelled")
            try:
                line = command(*self._words)
            except HelperMissing as reason:
                raise ConversionError("internal", str(reason)) from None
            # A group of its own: an interrupt meant for Python (Ctrl-C, the notebook's stop button) is passed on by
            # `cancel` alone, and once; a second one would end the helper before it has tidied up.
            windows = os.name == "nt"
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if windows else {"start_new_session": True}
            # Windows can send no SIGINT to a group.
            cancel = {"MICROCT_IO_VIS_CANCEL": "SIGBREAK"} if windows else {}
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL if self._given is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, **cancel, "MICROCT_IO_VIS_WORDS": self._names},
                **group,
            )
            return self._process

    def _feed(self, process: subprocess.Popen[str]) -> None:
        if self._given is not None:
            try:
                process.stdin.write(self._given)
                process.stdin.close()
            except BrokenPipeError:
                pass  # It has ended already, and says why.

    @staticmethod
    def _reap(process: subprocess.Popen[str]) -> None:
        """Waits for a cancelled helper without leaving it behind."""
        try:
            process.wait(20)
        except BaseException:
            process.kill()
            process.wait()
            raise


class Conversion(Helper):
    """A conversion to OME-Zarr in a process of its own. Paths and options are those of `microct_io_vis.convert`.

    >>> conversion = Conversion("scan.tif", compression="blosc-lz4")
    >>> conversion.run(print)  # doctest: +SKIP
    """

    def __init__(
        self, source: Any, output: str | os.PathLike[str] | None = None, *, names: str = "python", **options: Any
    ) -> None:
        word, given = source_words(source)
        words = option_words(options)
        outputs = [] if output is None else [os.fspath(output)]
        super().__init__("convert", "--progress", "json", *words, "--", word, *outputs, given=given, names=names)

    def run(self, on_progress: Callable[[Progress], None] | None = None) -> dict[str, Any]:  # type: ignore[override]
        """Converts, and returns what the conversion says of itself.

        Keys of the result: ``output`` (absolute path), ``seconds``, ``bytes_written``, ``levels``, ``nan_voxels``,
        ``value_range``, ``statistics``, ``warnings``. The statistics are of the stored values, one for each channel:
        ``min``, ``max``, ``counted`` (voxels), ``histogram`` with ``start``, ``end`` and 256 ``counts``, and
        ``percentiles`` by percent; None where no voxel is a finite number. ``on_progress`` is called in this thread,
        at most five times a second, with ``done_bytes``, ``total_bytes``, ``bytes_per_second`` and ``seconds_left``
        (None at first).
        """
        result: dict[str, Any] = {}

        def on_event(event: dict[str, Any]) -> None:
            kind = event.pop("event")
            if kind == "done":
                result.update(snake_case(event))
            elif kind == "progress" and on_progress is not None:
                on_progress(snake_case(event))

        super().run(on_event)
        return result


def ask(
    name: str, source: Any, output: str | os.PathLike[str] | None, options: dict[str, Any], names: str = "python"
) -> dict[str, Any]:
    """The JSON of ``info`` or ``estimate``, in snake case."""
    word, given = source_words(source)
    outputs = [] if output is None else [os.fspath(output)]
    words = option_words(options)
    helper = Helper(name, "--json", "--progress", "json", *words, "--", word, *outputs, given=given, names=names)
    return snake_case(json.loads(helper.run()))


def check(
    output: str | os.PathLike[str],
    against: Any,
    options: dict[str, Any],
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """The JSON of ``verify``, in snake case."""
    word, given = (None, None) if against is None else source_words(against)
    words = option_words(options) + ([] if word is None else [f"--against={word}"])
    helper = Helper("verify", "--json", "--progress", "json", *words, "--", os.fspath(output), given=given)

    def on_event(event: dict[str, Any]) -> None:
        if event.pop("event") == "progress" and on_progress is not None:
            on_progress(snake_case(event))

    # 1: there are differences.
    return snake_case(json.loads(helper.run(on_event, answers=(0, 1))))


def snake_case(value: Any) -> Any:
    """The value with all keys of its dictionaries as Python writes names: ``voxelSize`` as ``voxel_size``."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", key): snake_case(item) for key, item in value.items()}
    return [snake_case(item) for item in value] if isinstance(value, list) else value


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
