"""Conversions by the workers of a Dask cluster: each part, or each of many volumes, is a task, and a helper's process
on its worker."""

from __future__ import annotations

import asyncio
import json
import math
import os
import pkgutil
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

from .arguments import (
    SLICES,
    absolute,
    byte_count,
    is_address,
    lines_of,
    option_words,
    path_of,
    paths_of,
    shown_address,
    source_words,
)
from .conversion import run_conversion
from .errors import ConversionError, shown_as_message, warn_of
from .extras import imported
from .options import MOST_PARTS, WORTH_A_PART, Options
from .process import Event, Helper, Names, ask, check, snake_case
from .stand_ins import Address, known_of
from .types import ConversionResult, Progress, Source, StrPath

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed import Event as SharedEvent

#: Parts for each task that the cluster runs at once, at most, so that none waits long for the last, nor for one that is
#: tried again.
PARTS_A_SLOT = 4
#: Tasks that a cluster without workers is taken to run at once: some may yet come.
USUAL_SLOTS = 8
#: How often a part that has failed is tried again; a lost worker's are in any case.
RETRIES = 2
#: Part of a worker's memory that is left to the helpers: the rest is Python's own.
SHARE = 0.8
#: Differences of a verification that are told, as the helper has it.
MOST_TOLD = 100
#: Bytes that a conversion takes where nobody says how many, as the helper has it.
USUAL_MEMORY = 4 * 2**30
#: Errors of a source that may not come again, or after which another version of the program may go on.
PASSING = ("not-found", "unreadable", "resume-refused")
#: Errors that say themselves what to do about what is planned.
SAID = ("resume-refused",)
#: Seconds between two looks at what has ended.
LOOK = 0.02
#: Seconds in which a result should come.
FETCHED = 5
#: Seconds at least between two writings of a report.
SELDOM = 0.5
#: Seconds between two looks whether there is a worker.
LONELY = 15
#: Seconds for which tasks that are cancelled are waited for.
PATIENCE = 20
#: Seconds in which a worker should say whether it can import the package, from a slow disk too.
ANSWER = 20
#: What is said of tasks that will not end.
DROPPED = "the cluster has dropped it, or is gone"
#: Of the report of many volumes, as the helper has them.
COLUMNS = ("source", "output", "state", "seconds", "bytesWritten", "levels", "warnings", "error")
#: What stands for a byte of a name that is no UTF-8.
LONE = re.compile("[\ud800-\udfff]")
Resources = Mapping[str, float]


class ClusterConversion:
    """A conversion by a cluster, run and cancelled as `Conversion` is."""

    def __init__(
        self,
        source: Source,
        output: StrPath | None,
        options: Options,
        client: Client,
        parts: int | None = None,
        resources: Resources | None = None,
        names: Names = "python",
    ) -> None:
        _check(client)
        if isinstance(parts, bool) or not (parts is None or isinstance(parts, SupportsIndex)):
            raise shown_as_message(TypeError(f"parts: {parts!r}, where a whole number was expected"))
        self._client = client
        slots, memory = _slots(client, resources)
        self._resources = dict(resources) if resources else None
        self._names = names
        self._cancelled = threading.Event()
        self._some_done = False
        given: dict[str, Any] = dict(options)
        if memory is not None:
            given["max_memory"] = min(memory, byte_count(given.get("max_memory")) or USUAL_MEMORY)
        word, stdin = source_words(source)
        self._known = known_of([word])
        outputs = [] if output is None else [path_of(output, "output")]
        words = [*option_words(given), "--distributed-scan"]

        usual = slots or USUAL_SLOTS
        least, most = (min(MOST_PARTS, each) for each in (usual, PARTS_A_SLOT * usual))
        count = f"{least}-{most}" if parts is None else str(parts)
        said = [f"--parts={count}", "--", word, *outputs]

        def planner(*more: str) -> Helper:
            told = ("--json", "--progress", "json")
            return Helper("plan", *told, *words, *more, *said, given=stdin, names=names)

        self._planner_of = planner
        self._planner = planner()
        self._output: str | None = None

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> ConversionResult:
        """As `Conversion.run`."""
        began = time.monotonic()
        plan = cast("dict[str, Any]", snake_case(json.loads(self._planner.run())))
        output = self._output = plan["output"]
        try:
            result = self._convert(plan, output, on_progress)
        except KeyboardInterrupt as interrupt:
            self.cancel()
            interrupt.args = tuple(self._discard(output))
            shown_as_message(interrupt)
            raise
        except ConversionError as error:
            if self._cancelled.is_set():
                left = self._discard(output)
                said = "; ".join(["cancelled", *left])
                raise ConversionError("cancelled", said, "output" if left else None) from None
            raise self._ended(error, output) from None
        result["seconds"] = time.monotonic() - began
        return result

    def cancel(self) -> None:
        """As `Conversion.cancel`."""
        self._cancelled.set()
        if self._output is None:
            self._planner.cancel()

    def _convert(
        self, plan: dict[str, Any], output: str, on_progress: Callable[[Progress], object] | None
    ) -> ConversionResult:
        from distributed import Event as SharedEvent

        numbers = [part["part"] for part in plan["parts"]]
        total = sum(part["bytes"] for part in plan["parts"]) * (2 if plan["scan"] else 1)
        meter = _Meter(total, on_progress)
        topic = f"microct-io-vis-{uuid.uuid4().hex}"
        self._client.subscribe_topic(topic, lambda event: meter.told(event[1]))
        try:
            for scan in (True, False) if plan["scan"] else (False,):
                done = plan["scanned" if scan else "converted"]
                self._some_done = self._some_done or bool(done)
                for part in plan["parts"]:
                    if part["part"] in done:
                        meter.told({"part": part["part"], "scan": scan, "done_bytes": part["bytes"], "before": True})
                left = [number for number in numbers if number not in done]
                self._tasks(left, output, scan, topic, meter, {part["part"]: part["bytes"] for part in plan["parts"]})
            stop = SharedEvent(topic, client=self._client)
            finish = self._submit(run_finish, output, self._names, self._known, topic, name="finish")
            [finished] = self._wait([finish], meter, stop)
        finally:
            self._some_done = self._some_done or meter.is_converting()
            with suppress(Exception):
                self._client.unsubscribe_topic(topic)
        meter.end()
        return cast(ConversionResult, finished)

    def _tasks(
        self, parts: list[int], output: str, scan: bool, topic: str, meter: _Meter, sizes: dict[int, int]
    ) -> None:
        name = "scan" if scan else "part"
        futures = [
            self._submit(
                run_part, part, output, scan, topic, self._resources, self._names, self._known, name=f"{name}-{part}"
            )
            for part in parts
        ]
        for part in self._wait(futures, meter):
            meter.told({"part": part["part"], "scan": scan, "done_bytes": sizes[part["part"]]})

    def _submit(self, task: Callable[..., Any], *words: Any, name: str) -> Future:
        return _submit(self._client, task, *words, name=name, resources=self._resources)

    def _wait(self, futures: Iterable[Future], meter: _Meter, stop: SharedEvent | None = None) -> list[Any]:
        """The results, in their order. Where it is cancelled, ``stop`` is set for them, and their end waited for."""
        from distributed import wait

        waiting = {future: number for number, future in enumerate(futures)}
        results: dict[int, Any] = {}
        try:
            about = shown_address(self._output or "")
            for number, result in _ends(
                self._client, waiting, self._cancelled, about, "the conversion waits", meter.report
            ):
                results[number] = result
            return [results[number] for number in sorted(results)]
        except BaseException as error:
            is_cancelled = self._cancelled.is_set() or isinstance(error, KeyboardInterrupt)
            if stop is not None and is_cancelled and _has_workers(self._client):
                # What is nearly whole may be so in a moment: only after that it is known what is there.
                with suppress(Exception):
                    stop.set()
                    wait(list(waiting), timeout=PATIENCE)
            raise
        finally:
            self._some_done = self._some_done or bool(results) or any(future.status == "finished" for future in waiting)
            with suppress(Exception):
                self._client.cancel([future for future in waiting if future.status != "finished"])

    def _ended(self, error: ConversionError, output: str) -> ConversionError:
        """The error that has ended it, with what becomes of what is done."""
        if error.field == "source" and error.code not in PASSING and not self._some_done:
            # It would be the same once more. What is done otherwise may be of hours, and one worker's view the fault.
            return ConversionError(error.code, "; ".join([str(error), *self._discard(output)]), error.field)
        if error.code in SAID:
            return error
        return ConversionError(error.code, f"{error}; {self._left(error, output)}", error.field)

    def _left(self, error: ConversionError, output: str) -> str:
        """What is there after an error that has removed nothing: somebody else may have discarded or finished it."""
        partial = f"{output}.partial"
        # All see the same bucket, and may see other folders.
        is_gone = (error.code, error.field) == ("not-found", "output")
        is_kept = not is_gone if is_address(output) else os.path.exists(partial)
        if is_kept:
            return f"what is done is kept as {partial}: go on with it ({_resumed(self._names)})"
        if self._is_finished():
            return f"{output} is there: it was finished"
        return f"nothing is left of what was done, since {partial} was removed: convert it anew"

    def _is_finished(self) -> bool:
        """Whether the output is there, as it was planned, and not another one of that name."""
        with suppress(ConversionError):
            return bool(json.loads(self._planner_of("--resume", "--dry-run").run())["finished"])
        return False

    def _discard(self, output: str) -> list[str]:
        """Removes what is done; what stays, in words. Parts that are still under way find their plan gone, and end."""
        try:
            Helper("finish", output, "--discard", "--progress", "json").run()
        except ConversionError as error:
            if self._is_finished():
                return [f"{output} is there: it was finished before that"]
            if error.code != "not-found":
                return [f"what is done stays, since it could not be removed: {error}"]
        return []


class ClusterTasks:
    """Many conversions by a cluster: each is a task, and a helper's process on its worker."""

    def __init__(self, client: Client, resources: Resources | None, names: Names) -> None:
        _check(client)
        _slots(client, resources)
        self._client = client
        self._resources = dict(resources) if resources else None
        self._names = names
        self._cancelled = threading.Event()

    def run(
        self,
        entries: list[Event],
        folder: str | None,
        report: str | None,
        options: Mapping[str, Any],
        on_event: Callable[[Event], object],
    ) -> None:
        """Converts what is listed; tells of each that has ended."""
        from distributed import Event as SharedEvent
        from distributed import wait

        where = None if folder is None else absolute(folder)
        if (parent := options.get("parent")) is not None:
            options = {**options, "parent": absolute(path_of(parent, "parent"))}
        table = None if report is None else _Table(report, entries)
        topic = f"microct-io-vis-{uuid.uuid4().hex}"
        stop = SharedEvent(topic, client=self._client)
        given = (where, dict(options), self._resources, self._names, topic)
        waiting = {
            _submit(
                self._client,
                run_one,
                Address(entry["source"]),
                number,
                entry["output"],
                *given,
                name=f"batch-{number}",
                resources=self._resources,
            ): number
            for number, entry in enumerate(entries)
        }

        def end(number: int, entry: Event) -> None:
            if table is not None:
                table.note(number, entry)
            on_event({**entry, "place": f"{number + 1} of {len(entries)}"})

        def meanwhile() -> None:
            if table is not None:
                table.write_seldom()

        try:
            for number, outcome in _ends(
                self._client, waiting, self._cancelled, "client", "the conversions wait", meanwhile, raising=False
            ):
                if isinstance(outcome, ConversionError):
                    failure = {"code": outcome.code, "message": str(outcome)}
                    outcome = {**entries[number], "state": "failed", "error": failure}
                elif not isinstance(outcome, dict):
                    raise ConversionError("cancelled", "cancelled")
                with suppress(Exception):
                    _begun(topic, number, self._client).clear()
                end(number, outcome)
        except BaseException as error:
            if isinstance(error, ConversionError) and error.code == "interrupted":
                error.args = (f"{error}; volumes that are whole stay: go on with it ({_resumed(self._names)})",)
            # Those that are under way remove what they have written; those that wait begin nothing.
            with suppress(Exception):
                # Without the scheduler nobody hears of it.
                if self._client.status == "running":
                    stop.set()
                    wait(list(waiting), timeout=PATIENCE)
                else:
                    waiting.clear()
                results = {number: each.result() for each, number in waiting.items() if each.status == "finished"}
                for number, outcome in sorted(results.items()):
                    if isinstance(outcome, dict):
                        # Who fails to hear of one may hear of the next.
                        with suppress(Exception):
                            end(number, outcome)
                left = [said for said in results.values() if isinstance(said, str)]
                if left and isinstance(error, (ConversionError, KeyboardInterrupt)):
                    error.args = ("\n".join(filter(None, [str(error), *left])),)
                    if isinstance(error, ConversionError) and error.code == "cancelled":
                        error.field = "output"
            if table is not None:
                with suppress(ConversionError):
                    table.write()
            raise
        else:
            if table is not None:
                table.write()
        finally:
            with suppress(Exception):
                self._client.cancel(list(waiting))

    def cancel(self) -> None:
        """Has `run` end, from another thread."""
        self._cancelled.set()


class _Table:
    """A report of many conversions, as the helper writes one."""

    def __init__(self, report: str, entries: list[Event]) -> None:
        self._report = re.sub(r"\.(json|csv)$", "", report, flags=re.IGNORECASE)
        self._entries = list(entries)
        self._is_written, self._next = False, 0.0
        # Before anything is begun it shows whether it can be written.
        self.write()

    def note(self, number: int, entry: Event) -> None:
        """Hears of one that has ended."""
        self._entries[number] = entry
        self._is_written = False

    def write_seldom(self) -> None:
        """As `write`, and of thousands not each time that one has ended."""
        if time.monotonic() > self._next:
            self.write()

    def write(self) -> None:
        """Both files, each whole at any time, where there is something new. Raises `ConversionError`."""
        if self._is_written:
            return
        began = time.monotonic()
        entries = [
            {
                **{name: said for name, said in entry.items() if name in COLUMNS},
                "source": shown_address(entry["source"]),
            }
            for entry in self._entries
        ]
        told = json.dumps(entries, indent=2, ensure_ascii=False)
        rows = [",".join(COLUMNS), *(",".join(_cell(entry[name]) for name in COLUMNS) for entry in entries)]
        texts = {
            # Names that are no UTF-8: JSON can say what they are.
            "json": LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", told) + "\n",
            "csv": LONE.sub("\ufffd", "".join(f"{row}\r\n" for row in rows)),
        }
        for kind, text in texts.items():
            path = f"{self._report}.{kind}"
            try:
                with open(f"{path}.new-{os.getpid()}", "w", encoding="utf-8", newline="") as file:
                    file.write(text)
                os.replace(file.name, path)
            except OSError as error:
                what = "name a place where files can be made"
                raise ConversionError("output-unwritable", f"{path}: {error.strerror}: {what} (report)") from None
        self._is_written = True
        now = time.monotonic()
        self._next = now + max(SELDOM, 10 * (now - began))


def _cell(said: Any) -> str:
    """A field of the report's table."""
    if isinstance(said, Mapping):
        said = said["message"]
    elif isinstance(said, list):
        said = " ".join(said)
    text = str(said).replace('"', '""')
    return "" if said is None else f'"{text}"'


class ClusterVerification:
    """A verification by a cluster: pieces of it are tasks, each a helper's process on its worker."""

    def __init__(self, output: StrPath, against: Source | None, options: Mapping[str, Any], client: Client) -> None:
        _check(client)
        slots, memory = _slots(client, None)
        self._client = client
        self._output = absolute(output)
        # Workers have folders of their own.
        self._against: Source | None = None
        if isinstance(against, (str, os.PathLike)):
            self._against = Address(absolute(path_of(against, "against", SLICES)))
        elif against is not None:
            self._against = [*map(absolute, paths_of(against, "against", SLICES))]
        # All must cut the levels alike, whatever their workers have.
        self._options = {
            "jobs": options.get("jobs") or 1,
            "max_memory": min(memory or USUAL_MEMORY, byte_count(options.get("max_memory")) or USUAL_MEMORY),
        }
        self._slots = slots

    def run(self, on_progress: Callable[[Progress], object] | None) -> dict[str, Any]:
        """Findings, as one process would have them."""
        began = time.monotonic()
        topic = f"microct-io-vis-{uuid.uuid4().hex}"
        meter = _Meter(0, on_progress)
        self._client.subscribe_topic(topic, lambda event: meter.told(event[1]))
        pieces = piece_count(self._slots, self._bytes())
        given = (self._output, self._against, self._options)
        waiting = {
            _submit(self._client, run_verify, *given, f"{number}/{pieces}", topic, name=f"verify-{number}"): number
            for number in range(pieces + 1)
        }
        found: dict[int, dict[str, Any]] = {}
        try:
            about = shown_address(self._output)
            never = threading.Event()
            for number, piece in _ends(self._client, waiting, never, about, "the verification waits", meter.report):
                found[number] = piece
        finally:
            with suppress(Exception):
                self._client.cancel(list(waiting))
                self._client.unsubscribe_topic(topic)
        meter.end()
        return {**_together([found[number] for number in sorted(found)]), "seconds": time.monotonic() - began}

    def _bytes(self) -> int:
        """Of the voxels of level 0; what is wrong with it, the pieces say."""
        try:
            found = ask("info", self._output, None, {}, "--no-files")
        except ConversionError:
            return 0
        shape, dtype = found["shape"] or (0,), found["dtype"] or ""
        bits = re.search(r"\d+$", dtype)
        return int(math.prod(shape)) * int(bits[0] if bits else 8) // 8


def _together(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """Findings of all pieces of a verification; the first piece is of the metadata."""
    whole = dict(pieces[0])
    for counted in ("chunks_read", "bytes_read", "voxels_compared", "chunks_differing", "voxels_differing"):
        whole[counted] = sum(piece[counted] for piece in pieces)
    whole["ok"] = all(piece["ok"] for piece in pieces)
    whole["compared"] = any(piece["compared"] for piece in pieces)
    whole["notes"] = list(dict.fromkeys(note for piece in pieces for note in piece["notes"]))
    # The image's own first, then level by level in the order of their voxels, as one process tells them.
    told = [difference for piece in pieces for difference in piece["differences"]]
    told.sort(key=lambda each: (-1 if each["level"] is None else each["level"], each["voxel"] or []))
    whole["differences"] = told[:MOST_TOLD]
    return whole


def run_part(
    part: int,
    output: str,
    scan: bool,
    topic: str,
    resources: Resources | None,
    names: Names,
    known: Mapping[str, str],
) -> dict[str, Any]:
    """The task of a part, on its worker."""
    from distributed import get_worker

    worker = get_worker()
    jobs, memory = _own_slot(resources)
    words = [f"--jobs={jobs}", *(["--scan"] if scan else [])]
    if memory is not None:
        words.append(f"--max-memory={memory}")

    def on_event(event: Event) -> None:
        if event["event"] == "progress":
            worker.log_event(topic, {"part": part, "scan": scan, "done_bytes": event["doneBytes"]})

    helper = Helper("part", str(part), output, "--json", "--progress", "json", *words, names=names, known=known)
    with _telling_where():
        done: dict[str, Any] = snake_case(json.loads(helper.run(on_event)))
    return done


def run_one(
    source: str,
    number: int,
    output: str | None,
    folder: str | None,
    options: dict[str, Any],
    resources: Resources | None,
    names: Names,
    topic: str,
) -> Event | str | None:
    """The task of one volume, on its worker: what has become of it.

    Where all are cancelled, what of it could not be removed, in words; None: nothing is left.
    """
    from distributed import Event as SharedEvent
    from distributed import get_client

    jobs, memory = _own_slot(resources)
    given = {**options, "jobs": min(jobs, int(options.get("jobs") or jobs))}
    if memory is not None:
        given["max_memory"] = min(memory, byte_count(options.get("max_memory")) or USUAL_MEMORY)
    ended: list[Event] = []
    # A thread of ours could not find the client by itself.
    stop = SharedEvent(topic, client=get_client())
    if stop.is_set():
        return None
    begun = _begun(topic, number, get_client())
    is_again = begun.is_set()
    # What was there before is not of its making.
    if output is None or is_address(output) or not os.path.lexists(output):
        begun.set()
    helper = _helper_of_one(source, folder, given, names)
    try:
        with _cancelled_by(stop, helper):
            helper.run(lambda event: ended.append(event) if event["event"] == "entry" else None, answers=(0, 1))
    except ConversionError as reason:
        # As an error it would be tried again.
        if stop.is_set():
            return str(reason) if reason.field == "output" else None
        raise
    entry = ended[-1]
    error = entry["error"]
    if error is not None and is_again and error["code"] == "output-exists" and _is_ome_zarr(entry["output"]):
        # What is there is what a worker has made that was lost before it could say so.
        return {**entry, "state": "done", "error": None}
    if error is not None:
        begun.clear()
    return entry


def _is_ome_zarr(output: str) -> bool:
    """Whether it is there, and is not being written still."""
    with suppress(ConversionError):
        return bool(ask("info", output, None, {}, "--no-files")["format"] == "ome-zarr")
    return False


def _begun(topic: str, number: int, client: Client) -> SharedEvent:
    """Set from when one of many volumes is begun until it is known what has become of it."""
    from distributed import Event as SharedEvent

    return SharedEvent(f"{topic}-{number}", client=client)


def _helper_of_one(source: str, folder: str | None, options: Mapping[str, Any], names: Names) -> Helper:
    """Converts one of many; it tells of itself by events."""
    words = [*option_words(options), "--batch=@-", "--progress", "json"]
    outputs = [] if folder is None else ["--", folder]
    return Helper("convert", *words, *outputs, given=lines_of([source]), names=names)


def run_finish(output: str, names: Names, known: Mapping[str, str], topic: str) -> dict[str, Any] | None:
    """The task that comes last, on a worker; None: it was cancelled, and the parts are there."""
    from distributed import Event as SharedEvent
    from distributed import get_client

    stop = SharedEvent(topic, client=get_client())
    if stop.is_set():
        return None
    helper = Helper("finish", output, "--progress", "json", names=names, known=known)
    try:
        # Also where a worker was lost when it had finished it.
        with _telling_where(), _cancelled_by(stop, helper):
            result = run_conversion(helper, None)
    except ConversionError:
        # As an error it would be tried again.
        if stop.is_set():
            return None
        raise
    return {name: said for name, said in result.items() if name != "already"}


def run_verify(output: str, against: Source | None, options: dict[str, Any], piece: str, topic: str) -> dict[str, Any]:
    """The task of a piece of a verification, on its worker."""
    from distributed import get_worker

    worker = get_worker()

    def on_progress(progress: Progress) -> None:
        told = {"part": piece, "scan": False, "done_bytes": progress["done_bytes"], "bytes": progress["total_bytes"]}
        worker.log_event(topic, told)

    with _telling_where():
        return check(output, against, options, on_progress, piece)


class _Meter:
    """Adds up what the parts tell of themselves."""

    def __init__(self, total: int, on_progress: Callable[[Progress], object] | None) -> None:
        self._total = total
        self._on_progress = on_progress
        self._done: dict[tuple[int, bool], int] = {}
        self._before = 0
        self._began = time.monotonic()
        self._last = -1
        self._told = 0.0

    def told(self, event: dict[str, Any]) -> None:
        """Hears of a part, from any thread; of one that says how much it has to do, which counts then."""
        if "bytes" in event and (event["part"], event["scan"]) not in self._done:
            self._total += event["bytes"]
        self._done[event["part"], event["scan"]] = event["done_bytes"]
        if event.get("before"):
            self._before += event["done_bytes"]

    def is_converting(self) -> bool:
        """Whether any part has converted some of it, which it can go on with; what is scanned of one it cannot."""
        return any(done for (_, scan), done in list(self._done.items()) if not scan)

    def report(self) -> None:
        """Tells how far it is, if there is something new."""
        now = time.monotonic()
        done = min(sum(list(self._done.values())), self._total)
        if self._on_progress is None or done == self._last or now - self._told < 0.2:
            return
        self._last, self._told = done, now
        speed = (done - self._before) / max(now - self._began, 1e-6)
        left = (self._total - done) / speed if speed > 0 else None
        self._on_progress(
            {"done_bytes": done, "total_bytes": self._total, "bytes_per_second": speed, "seconds_left": left}
        )

    def end(self) -> None:
        """All is done."""
        self._told = 0.0
        self.report()


def _ends(
    client: Client,
    waiting: dict[Future, int],
    cancelled: threading.Event,
    about: str,
    waits: str,
    meanwhile: Callable[[], object],
    raising: bool = True,
) -> Iterator[tuple[int, Any]]:
    """What ends of what is ``waiting``, which it is no more then, so that its worker may go: number and result.

    Calls ``meanwhile`` now and then; warns ``about`` what ``waits`` where there are no workers. Raises
    `ConversionError` where it is ``cancelled`` or the cluster has dropped a task, and the error of a task, which is its
    result where that is not ``raising``.
    """
    looked, lonely, pause = time.monotonic(), 0, 0.0
    while waiting:
        if cancelled.wait(pause):
            raise ConversionError("cancelled", "cancelled")
        if client.status in ("closing", "closed"):
            raise ConversionError("interrupted", DROPPED)
        began = time.monotonic()
        ended = [future for future in waiting if future.done()]
        # Of thousands a look takes its time.
        pause = max(LOOK, 20 * (time.monotonic() - began))
        for future in ended:
            if cancelled.is_set():
                break
            try:
                result = future.result(timeout=FETCHED)
            except Exception as error:
                if future.status == "error":
                    result = _as_conversion_error(error)
                    if raising:
                        raise result from None
                elif isinstance(error, TimeoutError):
                    # It was lost with its worker, and is done again by another.
                    continue
                else:
                    raise ConversionError("interrupted", DROPPED) from None
            yield waiting.pop(future), result
        meanwhile()
        if time.monotonic() - looked > LONELY:
            looked = time.monotonic()
            lonely = 0 if _has_workers(client) else lonely + 1
            if lonely == 2:
                warn_of(about, [f"there are no workers: {waits} for one"])


def _has_workers(client: Client) -> bool:
    try:
        return bool(client.scheduler_info(n_workers=1)["workers"])
    except Exception:
        # That the scheduler is gone shows by itself.
        return True


def _resumed(names: Names) -> str:
    """How it is gone on with."""
    return "“Resume”" if names == "form" else "resume=True"


def _submit(
    client: Client, task: Callable[..., Any], *words: Any, name: str, resources: Resources | None = None
) -> Future:
    """Has a task done by the cluster, and again where it fails."""
    key = f"microct-io-vis-{name}-{uuid.uuid4().hex}"
    return cast("Future", client.submit(task, *words, key=key, pure=False, retries=RETRIES, resources=resources))


def _check(client: Client) -> None:
    if not isinstance(client, imported("distributed", "dask").Client):
        what = "where a distributed.Client was expected, such as Client(cluster)"
        raise shown_as_message(TypeError(f"client: {client!r}, {what}"))
    if client.asynchronous:
        raise shown_as_message(ValueError("client: an asynchronous Client cannot be waited for: give a usual one"))
    if client.status in ("closing", "closed"):
        raise shown_as_message(ValueError("client: it is closed: give one that is connected to a cluster"))
    # A worker ends that cannot import what it is to do, and so would each in turn.
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    found = client.sync(_answers, client, workers)
    silent = [address for address, said in found.items() if isinstance(said, OSError)]
    without = {address: said for address, said in found.items() if isinstance(said, ImportError)}
    if without:
        address, said = next(iter(without.items()))
        where = address if len(without) == 1 else f"{len(without)} workers, such as {address},"
        what = f"{where} cannot import {__package__} ({said}): install microct-io-vis where the workers run, too"
        raise ConversionError("bad-option", what)
    here = _version()
    others = {address: said for address, said in found.items() if isinstance(said, str) and said != here}
    if others:
        address, version = next(iter(others.items()))
        where = f"{address} has" if len(others) == 1 else f"{len(others)} workers, such as {address}, have"
        what = f"{where} microct-io-vis {version}, where {here} was expected, as it is here: install the same version"
        raise ConversionError("bad-option", what)
    if silent:
        # Dask goes on without it, if it does not wake up.
        many = f"{len(silent)} workers, such as {silent[0]}, do" if silent[1:] else f"the worker {silent[0]} does"
        what = (
            f"{many} not answer: what is given to such a worker waits until it does, or until Dask gives it to another"
        )
        warn_of("client", [f"{what}: look whether it has stopped, and restart it"])


def _version() -> str:
    return cast(str, pkgutil.resolve_name(f"{__package__}:__version__"))


async def _answers(client: Client, workers: Iterable[str]) -> dict[str, Any]:
    """The package's version of each worker, or why it has none; `TimeoutError` of those that do not say so in time."""
    asked = {
        address: asyncio.ensure_future(
            client.run(pkgutil.resolve_name, f"{__package__}:__version__", workers=[address], on_error="return")
        )
        for address in workers
    }
    if asked:
        await asyncio.wait(asked.values(), timeout=ANSWER)
    found: dict[str, Any] = {}
    for address, answer in asked.items():
        if answer.done():
            found[address] = answer.exception() or answer.result().get(address)
        else:
            answer.cancel()
            found[address] = TimeoutError()
    return found


def _slot_of(
    threads: int, has: Mapping[str, float], limit: int | None, needs: Resources | None
) -> tuple[int, int | None]:
    """Threads and bytes of one task on a worker."""
    slots = _at_once(threads, has, needs)
    return max(1, threads // max(1, slots)), int(SHARE * limit / max(1, slots)) if limit else None


def _own_slot(resources: Resources | None) -> tuple[int, int | None]:
    """Threads and bytes of one task on the worker that runs this."""
    from distributed import get_worker

    worker = get_worker()
    state = worker.state
    return _slot_of(state.nthreads, state.total_resources, worker.memory_manager.memory_limit, resources)


def _at_once(threads: int, has: Mapping[str, float], needs: Resources | None) -> int:
    """How many tasks a worker runs at once."""
    return min([threads, *(int(has.get(name, 0) // amount) for name, amount in (needs or {}).items() if amount > 0)])


def piece_count(slots: int, size: int) -> int:
    """How many pieces of a verification there should be of so many bytes of voxels."""
    slots = slots or USUAL_SLOTS
    return max(slots, min(PARTS_A_SLOT * slots, size // WORTH_A_PART))


def _slots(client: Client, resources: Resources | None) -> tuple[int, int | None]:
    """How many tasks the cluster runs at once, and the least bytes that one may take there."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    at_once = [_at_once(worker["nthreads"], worker.get("resources", {}), resources) for worker in workers]
    memory = [
        found
        for worker in workers
        if (found := _slot_of(worker["nthreads"], worker.get("resources", {}), worker["memory_limit"], resources)[1])
    ]
    if workers and resources and not any(at_once):
        raise shown_as_message(
            ValueError(f"resources: no worker has {dict(resources)}: start some with these, or ask for others")
        )
    return sum(at_once), min(memory, default=None)


@contextmanager
def _cancelled_by(stop: SharedEvent, helper: Helper) -> Iterator[None]:
    """Has a helper cancelled when what all tasks share is set."""
    is_over = threading.Event()

    def watch() -> None:
        # Without the scheduler nobody cancels it.
        with suppress(Exception):
            # A wait of the scheduler's would be an error in its log where the cluster is closed meanwhile.
            while not is_over.wait(0.5):
                if stop.is_set():
                    return helper.cancel()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join(2)


@contextmanager
def _telling_where() -> Iterator[None]:
    """Has errors name the worker, of which another one may be without fault."""
    from distributed import get_worker

    try:
        yield
    except ConversionError as error:
        where = f"on the worker {get_worker().address}"
        if error.code == "not-found":
            where += ", where source and output must have the same paths as here"
        raise ConversionError(error.code, f"{error} ({where})", error.field) from None


def _as_conversion_error(error: BaseException) -> ConversionError:
    from distributed import KilledWorker

    if isinstance(error, ConversionError):
        return error
    if isinstance(error, KilledWorker):
        lost = f"{error.allowed_failures + 1} workers were lost in turn, the last {error.last_worker.address}"
        return ConversionError("interrupted", f"{lost}: they may have too little memory; their logs say more")
    return ConversionError("interrupted", f"{type(error).__name__}: {error}")
