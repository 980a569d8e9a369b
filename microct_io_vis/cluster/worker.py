"""What tasks do on their worker beside their work: they hear of a cancel, and say where they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import ConversionError
from ..process import Helper
from .slots import Resources, slot_of

if TYPE_CHECKING:
    from distributed import Event as SharedEvent


def own_slot(resources: Resources | None) -> tuple[int, int | None]:
    """Threads and bytes of one task on the worker that runs this."""
    from distributed import get_worker

    worker = get_worker()
    state = worker.state
    return slot_of(state.nthreads, state.total_resources, worker.memory_manager.memory_limit, resources)


@contextmanager
def cancelled_by(stop: SharedEvent, helper: Helper) -> Iterator[None]:
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
def telling_where() -> Iterator[None]:
    """Has errors name the worker, of which another one may be without fault."""
    from distributed import get_worker

    try:
        yield
    except ConversionError as error:
        where = f"on the worker {get_worker().address}"
        if error.code == "not-found":
            where += ", where source and output must have the same paths as here"
        raise ConversionError(error.code, f"{error} ({where})", error.field) from None
