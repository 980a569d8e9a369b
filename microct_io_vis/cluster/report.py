"""The report of many volumes, which the helper writes."""

from __future__ import annotations

import json
import time

from ..process import Event, Helper, Names

#: Seconds at least between two writings of a report.
SELDOM = 0.5


class Report:
    """What has become of many volumes, by the events that tell of them, in two files.

    It is written at once, so that it shows before anything is begun whether it can be: raises `ConversionError`.
    """

    def __init__(self, report: str, entries: list[Event], names: Names) -> None:
        self._report = report
        self._entries = list(entries)
        self._names: Names = names
        self._is_written, self._next = False, 0.0
        self.write()

    def note(self, number: int, entry: Event) -> None:
        """Hears of one that has ended."""
        self._entries[number] = entry
        self._is_written = False

    def write_seldom(self) -> None:
        """As `write`, and not each time that one has ended: it takes a process, and of thousands its time."""
        if time.monotonic() > self._next:
            self.write()

    def write(self) -> None:
        """Both files, each whole at any time, where there is something new. Raises `ConversionError`."""
        if self._is_written:
            return
        began = time.monotonic()
        told = json.dumps({"report": self._report, "entries": self._entries})
        Helper("report", "--progress", "json", given=told, names=self._names).run()
        self._is_written = True
        now = time.monotonic()
        self._next = now + max(SELDOM, 10 * (now - began))
