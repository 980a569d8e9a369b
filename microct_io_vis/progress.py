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

        self._bar = tqdm(desc=name, unit="B", unit_scale=True)

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
    """``42 %, 812 MB/s, 3 s left``"""
    parts = [f"{int(100 * fraction(progress))} %"]
    if progress["bytes_per_second"] > 0:
        parts.append(f"{progress['bytes_per_second'] / 1e6:.0f} MB/s")
    if progress["seconds_left"] is not None:
        seconds = round(progress["seconds_left"])
        parts.append(f"{seconds // 60} min {seconds % 60} s left" if seconds >= 60 else f"{seconds} s left")
    return ", ".join(parts)


def summarise(result: dict[str, Any]) -> str:
    """``4 levels, 1234.5 MB in 3.2 s``, and warnings."""
    text = f"{result['levels']} levels, {result['bytes_written'] / 1e6:.1f} MB in {result['seconds']:.1f} s"
    return "; ".join([text, *result["warnings"]])
