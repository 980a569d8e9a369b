"""Many volumes by a cluster: each is a task."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..arguments import absolute, is_address, lines_of, option_words, path_of
from ..errors import ConversionError
from ..process import Event, Helper, Names, ask, kernel_ends
from ..stand_ins import Address
from .client import check_client
from .report import Report
from .slots import Resources, memory_of, slots_of
from .tasks import PATIENCE, ends, new_topic, resumed, submit
from .worker import cancelled_by, own_slot

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Event as SharedEvent


class ClusterBatch:
    """Many conversions by a cluster, each a task."""

    def __init__(self, client: Client, resources: Resources | None, names: Names) -> None:
        check_client(client)
        slots_of(client, resources)
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
        table = None if report is None else Report(report, entries, self._names)
        if where is not None and not is_address(where):
            _make(where)
        topic = new_topic()
        stop = SharedEvent(topic, client=self._client)
        given = (where, dict(options), self._resources, self._names, topic)
        waiting = {
            submit(
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
            for number, outcome in ends(
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
            if isinstance(error, KeyboardInterrupt) and kernel_ends():
                if table is not None:
                    with suppress(ConversionError):
                        table.write()
                raise
            if isinstance(error, ConversionError) and error.code == "interrupted":
                error.args = (f"{error}; volumes that are whole stay: go on with it ({resumed(self._names)})",)
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


def _make(folder: str) -> None:
    """Makes the folder of the outputs; where it cannot be made, no worker need try."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        what = f"this folder cannot be made ({error.strerror}): choose another one"
        raise ConversionError("output-unwritable", f"{folder}: {what}", "folder") from None


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

    jobs, memory = own_slot(resources)
    given = {**options, "jobs": min(jobs, int(options.get("jobs") or jobs))}
    if memory is not None:
        given["max_memory"] = memory_of(options.get("max_memory"), memory)
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
        with cancelled_by(stop, helper):
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
