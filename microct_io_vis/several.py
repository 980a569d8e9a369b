"""Several sources that are converted with the same options, one after another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from . import tables
from .arguments import is_address
from .errors import ConversionError
from .progress import size
from .types import ConversionResult, Progress

if TYPE_CHECKING:
    from .api import Plan


class Running(Protocol):
    """A conversion that can be run once."""

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> ConversionResult: ...

    def cancel(self) -> None: ...


class Plans(dict[str, Any]):
    """What would become of each of several sources, by its path: a `Plan`, or the `ConversionError` that says why none.

    Examples
    --------
    >>> from microct_io_vis import ConverterWidget
    >>> plans = ConverterWidget(["scan.tif", "nothing.tif"], each=True).plan
    >>> [type(plan).__name__ for plan in plans.values()]
    ['Plan', 'ConversionError']
    """

    def _repr_html_(self) -> str:
        rows = []
        for source, plan in self.items():
            if isinstance(plan, ConversionError):
                rows.append((source, f"left out: {plan}", ""))
            else:
                shape = " × ".join(map(str, plan.levels[0].shape))
                rows.append((source, shape, f"{plan.output}, at most {size(plan.disk_bytes)}"))
        return tables.of_rows(("source", "shape", "output"), rows)


class SeveralReport(dict[str, Any]):
    """What has become of several sources, of which notebooks show a line each."""

    def _repr_html_(self) -> str:
        written = [
            (each["source"], each["output"], f"{size(each['bytes_written'])} in {each['seconds']:.1f} s")
            for each in self["results"]
        ]
        left_out = [(each["source"], f"left out: {each['message']}", "") for each in self["left_out"]]
        return tables.of_rows(("source", "output", "written"), [*written, *left_out])


class SeveralConversion:
    """Run and cancelled as `Conversion` is. What cannot be converted is left out, with its reason.

    ``plan`` and ``convert`` take a source and its output.
    """

    def __init__(
        self,
        sources: Sequence[str],
        folder: str | None,
        plan: Callable[[str, str | None], Plan],
        convert: Callable[[str, str | None], Running],
    ) -> None:
        self._sources, self._folder = sources, folder
        self._plan, self._convert = plan, convert
        self._guard = threading.Lock()
        self._present: Running | None = None
        self._cancelled = False
        #: what has been written, and what was left out; also where it was cancelled
        self.report = SeveralReport(output=folder, seconds=0.0, bytes_written=0, results=[], left_out=[], warnings=[])

    def plans(self) -> Plans:
        """Plans each; of several that would get the same output only the first is converted."""
        plans = Plans()
        taken: dict[str, str] = {}
        for source in self._sources:
            if self._cancelled:
                raise ConversionError("cancelled", "cancelled")
            try:
                plans[source] = plan = self._planned(source)
            except ConversionError as reason:
                plans[source] = reason
                continue
            if (other := taken.setdefault(plan.output, source)) != source:
                what = f"would get the same output as {other}: convert it by itself, or to another folder"
                plans[source] = ConversionError("bad-option", f"{source}: {what}", "output")
        return plans

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> dict[str, Any]:
        """Converts those that can be. Raises `ConversionError` where it is cancelled, or there is none."""
        began = time.monotonic()
        report = self.report
        plans = self.plans()
        for source, plan in plans.items():
            if isinstance(plan, ConversionError):
                self._leave_out(source, plan)
        wanted = {source: plan for source, plan in plans.items() if not isinstance(plan, ConversionError)}
        sizes = {source: plan.levels[0].bytes for source, plan in wanted.items()}
        meter = _Meter(sum(sizes.values()), len(wanted), on_progress)
        for source, plan in wanted.items():
            conversion = self._begin(source, plan.output)
            try:
                result = conversion.run(meter.of(source, sizes[source]))
            except ConversionError as reason:
                if reason.code == "cancelled":
                    raise
                self._leave_out(source, reason)
            else:
                report["results"].append({"source": source, **result})
                report["warnings"] += [f"{os.path.basename(source)}: {warning}" for warning in result["warnings"]]
                report["bytes_written"] += result["bytes_written"]
            finally:
                report["seconds"] = time.monotonic() - began
                meter.done += sizes[source]
        if not report["results"]:
            said = "\n".join(each["message"] for each in report["left_out"])
            raise ConversionError("not-found" if len(plans) > len(wanted) else "internal", said, "source")
        return report

    def cancel(self) -> None:
        """Stops the one that is being converted, and those after it; those before it stay."""
        with self._guard:
            self._cancelled = True
            if self._present is not None:
                self._present.cancel()

    def _planned(self, source: str) -> Plan:
        output = None
        if self._folder is not None:
            # By its default name, wherever that is beside the source.
            name = os.path.basename(self._plan(source, None).output)
            output = f"{self._folder}/{name}" if is_address(self._folder) else os.path.join(self._folder, name)
        plan = self._plan(source, output)
        if plan.output_refusal is not None:
            raise ConversionError(plan.output_refusal.code, plan.output_refusal.message, "output")
        return plan

    def _begin(self, source: str, output: str) -> Running:
        with self._guard:
            if self._cancelled:
                raise ConversionError("cancelled", "cancelled")
            self._present = self._convert(source, output)
            return self._present

    def _leave_out(self, source: str, reason: ConversionError) -> None:
        self.report["left_out"].append({"source": source, "code": reason.code, "message": str(reason)})


class _Meter:
    """Progress of one of several, told as that of all together."""

    def __init__(self, total: int, count: int, on_progress: Callable[[Progress], object] | None) -> None:
        self._total, self._count, self._on_progress = total, count, on_progress
        self._began = time.monotonic()
        self._number = 0
        self.done = 0

    def of(self, source: str, size: int) -> Callable[[Progress], object] | None:
        self._number += 1
        return None if self._on_progress is None else lambda progress: self._told(source, size, progress)

    def _told(self, source: str, size: int, progress: Progress) -> None:
        done = self.done + round(size * progress["done_bytes"] / max(1, progress["total_bytes"]))
        speed = done / max(time.monotonic() - self._began, 1e-6)
        told: Mapping[str, Any] = {
            "done_bytes": done,
            "total_bytes": self._total,
            "bytes_per_second": speed,
            "seconds_left": (self._total - done) / speed if speed > 0 else None,
            "source": source,
            "number": self._number,
            "count": self._count,
        }
        if self._on_progress is not None:
            self._on_progress(cast(Progress, told))
