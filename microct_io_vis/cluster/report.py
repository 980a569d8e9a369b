"""The report of many volumes, as the helper writes one."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from ..arguments import shown_address
from ..errors import ConversionError
from ..process import Event

#: Seconds at least between two writings of a report.
SELDOM = 0.5
#: Of the report of many volumes, as the helper has them.
COLUMNS = ("source", "output", "state", "seconds", "bytesWritten", "levels", "warnings", "error")
#: What stands for a byte of a name that is no UTF-8.
LONE = re.compile("[\ud800-\udfff]")


class Report:
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
