"""The bar that `convert` and `verify` show: tqdm's, a widget in notebooks and a line in terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .types import ConversionResult, Progress


def _bar(shown: bool = True, **look: Any) -> Any:
    """One of tqdm's. Nothing is shown where standard error is no terminal."""
    from tqdm.auto import tqdm
    from tqdm.notebook import tqdm_notebook

    in_notebook = issubclass(tqdm, tqdm_notebook)
    # A terminal that does not know its size would be shown nothing.
    room = {"dynamic_ncols": True} if in_notebook or _has_size() else {"ncols": 80, "nrows": 24}
    # None: unless it is a terminal. A program without a console has no standard error.
    disable = False if in_notebook else True if sys.stderr is None else None
    return tqdm(disable=disable if shown else True, **look, **room)


class Bar:
    """A bar of one conversion, in bytes of level 0 as read."""

    def __init__(self, name: str) -> None:
        # Sizes are in powers of 1024, as they are written everywhere.
        self._bar = _bar(desc=name, unit="iB", unit_scale=True, unit_divisor=1024)
        self._good = False

    def __call__(self, progress: Progress) -> None:
        """Shows how far it is."""
        if self._bar.total is None:
            # Work that was done before an interruption tells nothing of how fast it is now.
            self._bar.initial = progress["done_bytes"]
            self._bar.reset(total=progress["total_bytes"])
        self._bar.update(progress["done_bytes"] - self._bar.n)

    def end(self, text: str, good: bool = True) -> None:
        """Shows what has come of it; without this, it has failed."""
        self._good = good
        if self._bar.total:
            self._bar.update(self._bar.total - self._bar.n)
        self._bar.set_postfix_str(text)

    def close(self) -> None:
        """Leaves it as it is, in red where it has failed, and nothing of what was refused before it began."""
        if not self._good:
            self._bar.colour = "red"
            self._bar.leave = self._bar.total is not None
        self._bar.close()


@contextmanager
def show_count(total: int, unit: str, shown: bool) -> Iterator[Callable[[str, bool], None]]:
    """A bar of many conversions; what hears of each that has ended, and whether it went well."""
    bar = _bar(shown, total=total, unit=f" {unit}")

    def ended(name: str, good: bool) -> None:
        if not good:
            bar.colour = "red"
        bar.set_postfix_str(name, refresh=False)
        bar.update()

    try:
        yield ended
    finally:
        bar.close()


def _has_size() -> bool:
    try:
        return os.get_terminal_size(sys.stderr.fileno()) != (0, 0)
    except (AttributeError, OSError, ValueError):  # no terminal
        return True


@contextmanager
def show_progress(name: str) -> Iterator[Bar]:
    """A bar for one conversion, at its end or where it failed when the block is left."""
    bar = Bar(name)
    try:
        yield bar
    finally:
        bar.close()


def summarise(result: ConversionResult) -> str:
    """``4 levels, 1.15 GiB in 3.2 s``"""
    levels, seconds = result["levels"], result["seconds"]
    return f"{counted(levels, 'level')}, {size(result['bytes_written'])} in {seconds:.1f} s"


def counted(count: int, name: str) -> str:
    """``1 level``, ``1,200 chunks``"""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """A number of bytes as the helper writes it: ``812 B``, ``4.00 GiB``, ``56.1 GiB``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while abs(count) >= 1000 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{count:.{0 if units[0] == 'B' or count >= 100 else 1 if count >= 10 else 2}f} {units[0]}"
