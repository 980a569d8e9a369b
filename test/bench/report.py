"""docs/benchmarks.md: tables, and one plot a curve."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from pathlib import Path

#: sections that `bench -- NAME` measures by themselves, or another machine has
ALONE = (
    *("Opening a volume", "Cold", "Reading back", "Many threads, on paper", "One volume in parts", "Workers of Dask"),
    "Against others, on another processor",
)
SECTION = re.compile(r"^## (.*?)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
TRIED = Path(__file__).with_name("tried.md")


def publish(page: Path, sections: dict[str, str]) -> None:
    """Puts sections in the places of those before that have their titles, or behind them, and what was tried last."""
    tried = TRIED.read_text()
    text = page.read_text()
    found = {section[1]: section[0].rstrip("\n") + "\n" for section in SECTION.finditer(text)}
    found.pop(tried.splitlines()[0].removeprefix("## "), None)
    head = text[: text.index("## ")]
    page.write_text("\n".join([head.rstrip("\n") + "\n", *{**found, **sections}.values(), tried]))


class Report:
    """Collects sections of Markdown; the plots are drawn when it is written."""

    def __init__(self, machine: str):
        about = f"Measured on {datetime.date.today()} by `npm run bench` on {machine}."
        how = "Sources in the page cache; whole processes, start-up included; runs of one section take turns; medians."
        self._head = ["# Benchmarks\n", f"{about} {how}\n"]
        #: by title
        self.sections: dict[str, str] = {}
        self._curves: list[tuple[str, str, list[tuple[float, float, float]]]] = []

    def table(self, title: str, text: str, head: list[str], rows: list[list[str]]) -> None:
        lines = [f"## {title}\n", f"{text}\n", row(head), row(["---"] * len(head)), *(row(cells) for cells in rows), ""]
        self.sections[title] = "\n".join(lines)

    def curve(self, title: str, text: str, axis: str, points: list[tuple[float, float, float]]) -> None:
        """Points are (x, seconds, peak MiB)."""
        rows = [[f"{x:g}", f"{seconds:.2f}", f"{memory:.0f}"] for x, seconds, memory in points]
        self.table(title, f"{text}\n\n![{title}](benchmarks-{slug(title)}.svg)", [axis, "seconds", "peak MiB"], rows)
        self._curves.append((title, axis, points))

    def text(self, kept: Iterable[str] = ()) -> str:
        return "\n".join([*self._head, *self.sections.values(), *kept, TRIED.read_text()])

    def write(self, folder: Path) -> None:
        import matplotlib

        matplotlib.use("svg")
        matplotlib.rcParams["svg.hashsalt"] = "microct-io-vis"
        from matplotlib import pyplot

        folder.mkdir(exist_ok=True)
        page = folder / "benchmarks.md"
        # Sections that were measured by themselves.
        old = SECTION.finditer(page.read_text()) if page.exists() else ()
        page.write_text(self.text(found[0].rstrip("\n") + "\n" for found in old if found[1] in ALONE))
        for title, axis, points in self._curves:
            x, seconds, memory = zip(*points, strict=True)
            figure, left = pyplot.subplots(figsize=(5, 3), layout="constrained")
            left.plot(x, seconds, "o-", label="seconds")
            left.set(xlabel=f"{title} ({axis})", ylabel="seconds", ylim=(0, None))
            right = left.twinx()
            right.plot(x, memory, "s--", color="tab:orange", label="peak MiB")
            right.set(ylabel="peak MiB", ylim=(0, None))
            figure.legend(loc="outside upper center", ncols=2)
            figure.savefig(folder / f"benchmarks-{slug(title)}.svg", metadata={"Date": None})
            pyplot.close(figure)


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")
