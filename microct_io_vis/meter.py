"""How far work is that is done piece by piece."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, cast

from .types import Progress

#: Seconds between two reports at least, of those that are made now and then.
SELDOM = 0.2


class Meter:
    """Adds up what pieces of work say of themselves, and tells how far all are: in bytes of level 0 as read."""

    def __init__(self, total: int, on_progress: Callable[[Progress], object] | None) -> None:
        self.total = total
        self._on_progress = on_progress
        self._done: dict[Hashable, int] = {}
        self._before = 0
        self._began = time.monotonic()
        self._last = -1
        self._told = 0.0

    @property
    def done(self) -> dict[Hashable, int]:
        """Bytes that are done of each piece that has said so."""
        return dict(self._done)

    def note(self, piece: Hashable, done: int, is_from_before: bool = False) -> None:
        """Hears how much of a piece is done, from any thread; what was done before says nothing of the speed."""
        self._done[piece] = done
        if is_from_before:
            self._before += done

    def report(self) -> None:
        """Tells how far it is, if there is something new, and not too often."""
        if self._sum() != self._last and time.monotonic() - self._told > SELDOM:
            self.tell()

    def end(self) -> None:
        """Tells that all is done, if that is new."""
        if self._sum() != self._last:
            self.tell()

    def tell(self, **more: Any) -> None:
        """Tells how far it is, and what ``more`` is to be said."""
        if self._on_progress is None:
            return
        now, done = time.monotonic(), self._sum()
        self._last, self._told = done, now
        speed = (done - self._before) / max(now - self._began, 1e-6)
        progress: Progress = {
            "done_bytes": done,
            "total_bytes": self.total,
            "bytes_per_second": speed,
            "seconds_left": (self.total - done) / speed if speed > 0 else None,
        }
        self._on_progress(cast(Progress, {**progress, **more}))

    def _sum(self) -> int:
        return min(sum(self.done.values()), self.total)
