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
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, cast

from .arguments import option_words, path_of, source_words
from .errors import ConversionError, shown_as_message
from .node import PYTHON, HelperMissing, command
from .stand_ins import as_words
from .types import Failure, Progress, Source, StrPath

if sys.platform == "win32":
    CANCEL, NEW_GROUP = signal.CTRL_BREAK_EVENT, subprocess.CREATE_NEW_PROCESS_GROUP
else:
    CANCEL, NEW_GROUP = signal.SIGINT, 0

#: Names of the options in messages: arguments of Python's, or labels of the form.
Names = Literal["python", "form"]
#: bytes that are written in one go
PIECE = 1 << 20
#: seconds in which a shutdown follows the interrupt that Jupyter sends before each
BEFORE_SHUTDOWN = 1.5
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
        #: What it wrote on standard output, where it ended well, though it may have been interrupted.
        self.done: str | None = None

    def run(self, on_event: Callable[[Event], object] | None = None, answers: Container[int] = (0,)) -> str:
        """Waits for the end and returns what the helper wrote on standard output.

        ``answers`` are the exit statuses of a helper that has done what it was asked for.

        Raises `ConversionError`, also for what is wrong with this installation. KeyboardInterrupt cancels the helper
        first, unless it is the end of a notebook's kernel; that, whatever else ends this, or Python itself, leaves what
        is done to be resumed.
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
            if kernel_ends():
                self._end(process)
            else:
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
            self.done = output[0] if output and process.returncode == 0 else None
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
            given = self._given is not None or self._sent is not None
            # Windows can send no SIGINT to a group.
            cancel = {"MICROCT_IO_VIS_CANCEL": "SIGBREAK"} if sys.platform == "win32" else {}
            try:
                self._process = started(
                    self._words,
                    {**cancel, PYTHON: sys.executable, "MICROCT_IO_VIS_WORDS": self._names},
                    known=self._known,
                    stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                )
            except HelperMissing as reason:
                raise ConversionError("internal", str(reason)) from None
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


def kernel_ends() -> bool:
    """Whether the KeyboardInterrupt that was just raised is no person's, but the end of the notebook's kernel.

    Jupyter interrupts each kernel before it shuts it down, also where a server stops; the shutdown follows at once.
    """
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    end = time.monotonic() + BEFORE_SHUTDOWN
    try:
        while not shell.exit_now and time.monotonic() < end:
            time.sleep(0.02)
    except KeyboardInterrupt:
        pass  # Somebody insists.
    return bool(shell.exit_now)


def started(
    words: Iterable[str],
    environment: Mapping[str, str],
    *,
    known: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[str]:
    """The helper as a child whose output is text. Raises `HelperMissing`.

    A group of its own: an interrupt meant for Python (Ctrl-C, the notebook's stop button) is passed on by who has
    started it alone, and once; a second one would end the helper before it has tidied up.
    """
    shown, keys = as_words(words, known or {})
    return subprocess.Popen(
        command(*shown),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **keys, **environment},
        creationflags=NEW_GROUP,
        start_new_session=sys.platform != "win32",
    )


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
