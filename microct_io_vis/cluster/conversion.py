"""One volume by a cluster: each part is a task, and one more that finishes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

from ..arguments import is_address, option_words, path_of, shown_address, source_words
from ..conversion import run_conversion
from ..errors import ConversionError, shown_as_message
from ..meter import Meter
from ..options import MOST_PARTS, Options
from ..process import Event, Helper, Names, kernel_ends, snake_case
from ..stand_ins import known_of
from ..types import ConversionResult, Progress, Source, StrPath
from .client import check_client
from .slots import PARTS_A_SLOT, USUAL_SLOTS, Resources, memory_of, slots_of
from .tasks import PATIENCE, ends, has_workers, new_topic, resumed, submit
from .worker import cancelled_by, own_slot, telling_where

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed import Event as SharedEvent

#: Errors of a source that may not come again, or after which another version of the program may go on.
PASSING = ("not-found", "unreadable", "resume-refused")
#: Errors that say themselves what to do about what is planned.
SAID = ("resume-refused",)


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
        check_client(client)
        if isinstance(parts, bool) or not (parts is None or isinstance(parts, SupportsIndex)):
            raise shown_as_message(TypeError(f"parts: {parts!r}, where a whole number was expected"))
        self._client = client
        slots, memory = slots_of(client, resources)
        self._resources = dict(resources) if resources else None
        self._names = names
        self._cancelled = threading.Event()
        self._some_done = False
        given: dict[str, Any] = dict(options)
        if memory is not None:
            given["max_memory"] = memory_of(given.get("max_memory"), memory)
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
        self._goes_on = bool(given.get("resume"))
        self._output: str | None = None

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> ConversionResult:
        """As `Conversion.run`."""
        began = time.monotonic()
        try:
            plan = cast("dict[str, Any]", snake_case(json.loads(self._planner.run())))
            self._output = plan["output"]
            result = self._convert(plan, plan["output"], on_progress)
        except KeyboardInterrupt as interrupt:
            self.cancel()
            if (output := self._planned()) is not None and not kernel_ends():
                interrupt.args = (*interrupt.args, *self._discard(output))
            shown_as_message(interrupt)
            raise
        except ConversionError as error:
            if self._output is None:
                raise
            if self._cancelled.is_set():
                left = self._discard(self._output)
                said = "; ".join(["cancelled", *left])
                raise ConversionError("cancelled", said, "output" if left else None) from None
            raise self._ended(error, self._output) from None
        result["seconds"] = time.monotonic() - began
        return result

    def cancel(self) -> None:
        """As `Conversion.cancel`."""
        self._cancelled.set()
        if self._output is None:
            self._planner.cancel()

    def _planned(self) -> str | None:
        """The output of which the name is taken by now, also where the planner was interrupted in its last moment."""
        if self._output is None and self._planner.done and not self._goes_on:
            return cast(str, json.loads(self._planner.done)["output"])
        return self._output

    def _convert(
        self, plan: dict[str, Any], output: str, on_progress: Callable[[Progress], object] | None
    ) -> ConversionResult:
        from distributed import Event as SharedEvent

        total = sum(part["bytes"] for part in plan["parts"]) * (2 if plan["scan"] else 1)
        meter = Meter(total, on_progress)
        topic = new_topic()

        def hear(event: tuple[float, dict[str, Any]]) -> None:
            told = event[1]
            meter.note((told["part"], told["scan"]), told["done_bytes"])

        self._client.subscribe_topic(topic, hear)
        sizes = {part["part"]: part["bytes"] for part in plan["parts"]}
        try:
            for scan in (True, False) if plan["scan"] else (False,):
                done = plan["scanned" if scan else "converted"]
                self._some_done = self._some_done or bool(done)
                for part in sizes.keys() & done:
                    meter.note((part, scan), sizes[part], is_from_before=True)
                left = [part for part in sizes if part not in done]
                self._tasks(left, output, scan, topic, meter, sizes)
            stop = SharedEvent(topic, client=self._client)
            given = (output, self._names, self._known, topic)
            finish = submit(self._client, run_finish, *given, name="finish", resources=self._resources)
            [finished] = self._wait([finish], meter, stop)
        finally:
            # What is scanned of a part cannot be gone on with, what is converted can.
            self._some_done = self._some_done or any(meter.done.get((part, False)) for part in sizes)
            with suppress(Exception):
                self._client.unsubscribe_topic(topic)
        meter.end()
        return cast(ConversionResult, finished)

    def _tasks(
        self, parts: list[int], output: str, scan: bool, topic: str, meter: Meter, sizes: dict[int, int]
    ) -> None:
        name = "scan" if scan else "part"
        given = (output, scan, topic, self._resources, self._names, self._known)
        futures = [
            submit(self._client, run_part, part, *given, name=f"{name}-{part}", resources=self._resources)
            for part in parts
        ]
        for part in self._wait(futures, meter):
            meter.note((part["part"], scan), sizes[part["part"]])

    def _wait(self, futures: Iterable[Future], meter: Meter, stop: SharedEvent | None = None) -> list[Any]:
        """The results, in their order. Where it is cancelled, ``stop`` is set for them, and their end waited for."""
        from distributed import wait

        waiting = {future: number for number, future in enumerate(futures)}
        results: dict[int, Any] = {}
        try:
            about = shown_address(self._output or "")
            for number, result in ends(
                self._client, waiting, self._cancelled, about, "the conversion waits", meter.report
            ):
                results[number] = result
            return [results[number] for number in sorted(results)]
        except BaseException as error:
            is_cancelled = self._cancelled.is_set() or isinstance(error, KeyboardInterrupt)
            if stop is not None and is_cancelled and has_workers(self._client):
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
            return f"what is done is kept as {partial}: go on with it ({resumed(self._names)})"
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
    jobs, memory = own_slot(resources)
    words = [f"--jobs={jobs}", *(["--scan"] if scan else [])]
    if memory is not None:
        words.append(f"--max-memory={memory}")

    def on_event(event: Event) -> None:
        if event["event"] == "progress":
            worker.log_event(topic, {"part": part, "scan": scan, "done_bytes": event["doneBytes"]})

    helper = Helper("part", str(part), output, "--json", "--progress", "json", *words, names=names, known=known)
    with telling_where():
        done: dict[str, Any] = snake_case(json.loads(helper.run(on_event)))
    return done


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
        with telling_where(), cancelled_by(stop, helper):
            result = run_conversion(helper, None)
    except ConversionError:
        # As an error it would be tried again.
        if stop.is_set():
            return None
        raise
    return {name: said for name, said in result.items() if name != "already"}
