"""docs/benchmarks.md: tables, and one plot a curve."""

from __future__ import annotations

import datetime
from pathlib import Path

TRIED = Path(__file__).with_name("tried.md")


class Report:
    """Collects sections of Markdown; the plots are drawn when it is written."""

    def __init__(self, machine: str):
        about = f"Measured on {datetime.date.today()} by `npm run bench` on {machine}."
        how = "Sources in the page cache; whole processes, start-up included; runs of one section take turns; medians."
        self._sections = ["# Benchmarks\n", f"{about} {how}\n"]
        self._curves: list[tuple[str, str, list[tuple[float, float, float]]]] = []

    def table(self, title: str, text: str, head: list[str], rows: list[list[str]]) -> None:
        lines = [f"## {title}\n", f"{text}\n", row(head), row(["---"] * len(head)), *(row(cells) for cells in rows), ""]
        self._sections.append("\n".join(lines))

    def curve(self, title: str, text: str, axis: str, points: list[tuple[float, float, float]]) -> None:
        """Points are (x, seconds, peak MiB)."""
        rows = [[f"{x:g}", f"{seconds:.2f}", f"{memory:.0f}"] for x, seconds, memory in points]
        self.table(title, f"{text}\n\n![{title}](benchmarks-{slug(title)}.svg)", [axis, "seconds", "peak MiB"], rows)
        self._curves.append((title, axis, points))

    def text(self) -> str:
        return "\n".join([*self._sections, TRIED.read_text()])

    def write(self, folder: Path) -> None:
        import matplotlib

        matplotlib.use("svg")
        matplotlib.rcParams["svg.hashsalt"] = "microct-io-vis"
        from matplotlib import pyplot

        folder.mkdir(exist_ok=True)
        (folder / "benchmarks.md").write_text(self.text())
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
