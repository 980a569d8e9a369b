"""Tasks: how a cluster is given them, and how their ends are waited for."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConversionError, warn_of
from ..process import Names
from .slots import Resources

if TYPE_CHECKING:
    from distributed import Client, Future

#: How often a task that has failed is tried again; a lost worker's are in any case.
RETRIES = 2
#: Seconds between two looks at what has ended.
LOOK = 0.02
#: Seconds in which a result should come.
FETCHED = 5
#: Seconds between two looks whether there is a worker.
LONELY = 15
#: Seconds for which tasks that are cancelled are waited for.
PATIENCE = 20
#: What is said of tasks that will not end.
DROPPED = "the cluster has dropped it, or is gone"


def new_topic() -> str:
    """A name that tasks and who waits for them share, and nobody else."""
    return f"microct-io-vis-{uuid.uuid4().hex}"


def submit(
    client: Client, task: Callable[..., Any], *words: Any, name: str, resources: Resources | None = None
) -> Future:
    """Has a task done by the cluster, and again where it fails."""
    key = f"microct-io-vis-{name}-{uuid.uuid4().hex}"
    return cast("Future", client.submit(task, *words, key=key, pure=False, retries=RETRIES, resources=resources))


def ends(
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
            lonely = 0 if has_workers(client) else lonely + 1
            if lonely == 2:
                warn_of(about, [f"there are no workers: {waits} for one"])


def has_workers(client: Client) -> bool:
    try:
        return bool(client.scheduler_info(n_workers=1)["workers"])
    except Exception:
        # That the scheduler is gone shows by itself.
        return True


def resumed(names: Names) -> str:
    """How it is gone on with."""
    return "“Resume”" if names == "form" else "resume=True"


def _as_conversion_error(error: BaseException) -> ConversionError:
    from distributed import KilledWorker

    if isinstance(error, ConversionError):
        return error
    if isinstance(error, KilledWorker):
        lost = f"{error.allowed_failures + 1} workers were lost in turn, the last {error.last_worker.address}"
        return ConversionError("interrupted", f"{lost}: they may have too little memory; their logs say more")
    return ConversionError("interrupted", f"{type(error).__name__}: {error}")
