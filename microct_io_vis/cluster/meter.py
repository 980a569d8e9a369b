"""How far work is that many tasks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..types import Progress


class Meter:
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
