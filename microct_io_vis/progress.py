"""The bar that `convert` and `verify` show: a widget in notebooks, tqdm where it is installed, one line otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

Progress = dict[str, Any]


class Bar(Protocol):
    def __call__(self, progress: Progress) -> None: ...

    def end(self, text: str, good: bool = True) -> None: ...

    def close(self) -> None: ...


@contextmanager
def show_progress(name: str) -> Iterator[Bar]:
    """A bar for one conversion, gone or at its end when the block is left."""
    bar = _choose(name)
    try:
        yield bar
    finally:
        bar.close()


def _choose(name: str) -> Bar:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is not None:
        return WidgetBar(name)
    try:
        return TqdmBar(name)
    except ImportError:
        return LineBar(name)


class WidgetBar:
    """A bar and a text below the cell."""

    def __init__(self, name: str) -> None:
        from IPython.display import display
        from ipywidgets import FloatProgress, HBox, Label

        self._bar = FloatProgress(min=0, max=1, description=name, style={"description_width": "initial"})
        self._label = Label("starting")
        display(HBox([self._bar, self._label]))

    def __call__(self, progress: Progress) -> None:
        self._bar.value = fraction(progress)
        self._label.value = describe(progress)

    def end(self, text: str, good: bool = True) -> None:
        self._bar.value = 1
        self._bar.bar_style = "success" if good else "danger"
        self._label.value = text

    def close(self) -> None:
        if self._bar.bar_style != "success":
            self._bar.bar_style = "danger"


class TqdmBar:
    """A bar of tqdm's."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        # In powers of 1024, as sizes are written everywhere.
        self._bar = tqdm(desc=name, unit="iB", unit_scale=True, unit_divisor=1024)

    def __call__(self, progress: Progress) -> None:
        self._bar.total = progress["total_bytes"]
        self._bar.update(progress["done_bytes"] - self._bar.n)

    def end(self, text: str, good: bool = True) -> None:
        if self._bar.total:
            self._bar.update(self._bar.total - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class LineBar:
    """One line of standard error that is written over; nothing where that is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        self._write(f"{self._name}  {describe(progress)}")

    def end(self, text: str, good: bool = True) -> None:
        self._write(f"{self._name}  {text}")

    def close(self) -> None:
        if self._width and sys.stderr.isatty():
            sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"\r{text.ljust(self._width)}")
            sys.stderr.flush()
            self._width = len(text)


def fraction(progress: Progress) -> float:
    """How much is done, from 0 to 1."""
    return min(1.0, progress["done_bytes"] / max(1, progress["total_bytes"]))


def describe(progress: Progress) -> str:
    """``42 %, 812 MiB/s, 3 s left``"""
    parts = [f"{int(100 * fraction(progress))} %"]
    if progress["bytes_per_second"] > 0:
        parts.append(f"{size(progress['bytes_per_second'])}/s")
    if progress["seconds_left"] is not None:
        seconds = round(progress["seconds_left"])
        parts.append(f"{seconds // 60} min {seconds % 60} s left" if seconds >= 60 else f"{seconds} s left")
    return ", ".join(parts)


def summarise(result: dict[str, Any]) -> str:
    """``4 levels, 1.15 GiB in 3.2 s``"""
    levels, seconds = result["levels"], result["seconds"]
    return f"{levels} level{'' if levels == 1 else 's'}, {size(result['bytes_written'])} in {seconds:.1f} s"


def size(count: float) -> str:
    """A number of bytes as the helper writes it: ``812 B``, ``4.00 GiB``, ``56.1 GiB``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while abs(count) >= 1000 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{count:.{0 if units[0] == 'B' or count >= 100 else 1 if count >= 10 else 2}f} {units[0]}"
