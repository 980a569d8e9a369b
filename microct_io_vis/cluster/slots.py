"""Slots: how many tasks a cluster runs at once, and what threads and memory each has there."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from ..arguments import byte_count
from ..errors import shown_as_message
from ..options import USUAL_MEMORY

if TYPE_CHECKING:
    from distributed import Client

#: Parts for each task that the cluster runs at once, at most, so that none waits long for the last, nor for one that is
#: tried again.
PARTS_A_SLOT = 4
#: Tasks that a cluster without workers is taken to run at once: some may yet come.
USUAL_SLOTS = 8
#: Part of a worker's memory that is left to the helpers: the rest is Python's own.
SHARE = 0.8
Resources = Mapping[str, float]


def slots_of(client: Client, resources: Resources | None) -> tuple[int, int | None]:
    """How many tasks the cluster runs at once, and the least bytes that one may take there."""
    if resources and not (isinstance(resources, Mapping) and all(isinstance(n, Real) for n in resources.values())):
        wanted = "names of workers' resources and how many of each, such as {'memory': 8e9}, were expected"
        raise shown_as_message(TypeError(f"resources: {resources!r}, where {wanted}"))
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    at_once = [_at_once(worker["nthreads"], worker.get("resources", {}), resources) for worker in workers]
    memory = [
        found
        for worker in workers
        if (found := slot_of(worker["nthreads"], worker.get("resources", {}), worker["memory_limit"], resources)[1])
    ]
    if workers and resources and not any(at_once):
        raise shown_as_message(
            ValueError(f"resources: no worker has {dict(resources)}: start some with these, or ask for others")
        )
    return sum(at_once), min(memory, default=None)


def slot_of(
    threads: int, has: Mapping[str, float], limit: int | None, needs: Resources | None
) -> tuple[int, int | None]:
    """Threads and bytes of one task on a worker."""
    slots = _at_once(threads, has, needs)
    return max(1, threads // max(1, slots)), int(SHARE * limit / max(1, slots)) if limit else None


def _at_once(threads: int, has: Mapping[str, float], needs: Resources | None) -> int:
    """How many tasks a worker runs at once."""
    return min([threads, *(int(has.get(name, 0) // amount) for name, amount in (needs or {}).items() if amount > 0)])


def memory_of(given: Any, most: int | None) -> int:
    """Bytes that a task takes: those that it was ``given``, or usual ones, and at most as many, where that is known."""
    wanted = byte_count(given) or USUAL_MEMORY
    return wanted if most is None else min(most, wanted)
