"""A verification by a cluster: pieces of it are tasks."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..arguments import SLICES, absolute, path_of, paths_of, shown_address
from ..errors import ConversionError
from ..meter import Meter
from ..options import MOST_TOLD, WORTH_A_PART
from ..process import ask, check
from ..stand_ins import Address
from ..types import Progress, Source, StrPath
from .client import check_client
from .slots import PARTS_A_SLOT, USUAL_SLOTS, memory_of, slots_of
from .tasks import ends, new_topic, submit
from .worker import telling_where

if TYPE_CHECKING:
    from distributed import Client


class ClusterVerification:
    """A verification by a cluster, of which each piece is a task."""

    def __init__(self, output: StrPath, against: Source | None, options: Mapping[str, Any], client: Client) -> None:
        check_client(client)
        slots, memory = slots_of(client, None)
        self._client = client
        self._output = absolute(output)
        # Workers have folders of their own.
        self._against: Source | None = None
        self._given: str | None = None
        if isinstance(against, (str, os.PathLike)):
            self._given = path_of(against, "against", SLICES)
            self._against = Address(absolute(self._given))
        elif against is not None:
            self._against = [*map(absolute, paths_of(against, "against", SLICES))]
        # All must cut the levels alike, whatever their workers have.
        self._options = {
            "jobs": options.get("jobs") or 1,
            "max_memory": memory_of(options.get("max_memory"), memory),
        }
        self._slots = slots

    def run(self, on_progress: Callable[[Progress], object] | None) -> dict[str, Any]:
        """Findings, as one process would have them."""
        began = time.monotonic()
        topic = new_topic()
        meter = Meter(0, on_progress)

        def hear(event: tuple[float, dict[str, Any]]) -> None:
            told = event[1]
            if told["piece"] not in meter.done:
                meter.total += told["total_bytes"]
            meter.note(told["piece"], told["done_bytes"])

        self._client.subscribe_topic(topic, hear)
        pieces = piece_count(self._slots, self._bytes())
        given = (self._output, self._against, self._options)
        waiting = {
            submit(self._client, run_verify, *given, f"{number}/{pieces}", topic, name=f"verify-{number}"): number
            for number in range(pieces + 1)
        }
        found: dict[int, dict[str, Any]] = {}
        try:
            about = shown_address(self._output)
            never = threading.Event()
            for number, piece in ends(self._client, waiting, never, about, "the verification waits", meter.report):
                found[number] = piece
        finally:
            with suppress(Exception):
                self._client.cancel(list(waiting))
                self._client.unsubscribe_topic(topic)
        meter.end()
        whole = _together([found[number] for number in sorted(found)])
        if whole["against"] == self._against:
            whole["against"] = self._given
        return {**whole, "seconds": time.monotonic() - began}

    def _bytes(self) -> int:
        """Of the voxels of level 0; what is wrong with it, the pieces say."""
        try:
            found = ask("info", self._output, None, {}, "--no-files")
        except ConversionError:
            return 0
        shape, dtype = found["shape"] or (0,), found["dtype"] or ""
        bits = re.search(r"\d+$", dtype)
        return int(math.prod(shape)) * int(bits[0] if bits else 8) // 8


def piece_count(slots: int, size: int) -> int:
    """How many pieces of a verification there should be of so many bytes of voxels."""
    slots = slots or USUAL_SLOTS
    return max(slots, min(PARTS_A_SLOT * slots, size // WORTH_A_PART))


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


def run_verify(output: str, against: Source | None, options: dict[str, Any], piece: str, topic: str) -> dict[str, Any]:
    """The task of a piece of a verification, on its worker."""
    from distributed import get_worker

    worker = get_worker()

    def on_progress(progress: Progress) -> None:
        worker.log_event(topic, {"piece": piece, **progress})

    with telling_where():
        return check(output, against, options, on_progress, piece)
