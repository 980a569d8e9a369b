"""`npm run bench`: measures conversions against their peers on this machine; writes docs/benchmarks.md.

`npm run bench -- --smoke` runs everything once on a small volume and writes nothing: it shows that the benchmark works.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from inputs import volume
from measure import Figures, interleave
from report import Report

ROOT = Path(__file__).resolve().parents[2]
CONVERT = [str(Path(sys.executable).with_name("microct-io-vis")), "convert", "--quiet"]
PEERS = [sys.executable, str(Path(__file__).with_name("peers.py"))]
CODECS = ["blosc-lz4", "blosc-zstd", "none"]


def ours(source: Path, *options: str) -> list[str]:
    return [*CONVERT, str(source), "{target}", *options]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    name = next(
        (line.split(":")[1].strip() for line in facts if line.startswith("model name")),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB of memory, {platform.system()} {platform.release()}"


def table(report: Report, source: Path, target: Path, levels: list[int], runs: int) -> None:
    """The original's table: levels by codec; write time, throughput of the source's bytes, output size, ratio."""
    commands = {
        f"{codec} {level}": ours(source, "--compression", codec, "--num-levels", str(level))
        for codec in CODECS
        for level in levels
    }
    figures = interleave(commands, target, runs)
    size = source.stat().st_size
    rows = []
    for name, found in figures.items():
        codec, level = name.split()
        throughput = size / found.seconds / 1e6
        rows.append(
            [
                codec,
                level,
                f"{found.seconds:.2f}",
                f"{throughput:.0f}",
                f"{found.output / 1e9:.2f}",
                f"{size / found.output:.3f}",
            ]
        )
    report.table(
        "Levels and codecs",
        "Median write time in seconds, source bytes per second in MB/s, output in GB, source bytes for one of output.",
        ["codec", "levels", "seconds", "MB/s", "output GB", "ratio"],
        rows,
    )


def peers(report: Report, source: Path, target: Path, runs: int) -> None:
    commands = {
        "dd bs=4M oflag=direct": [
            "dd",
            f"if={source}",
            "of={target}",
            "bs=4M",
            "oflag=direct",
        ],
        "cp and sync": [
            "sh",
            "-c",
            'cp "$1" "$2" && sync "$2"',
            "sh",
            str(source),
            "{target}",
        ],
    }
    for codec in CODECS:
        for levels in (1, 4):
            commands[f"microct-io-vis, {codec}, {levels} levels"] = ours(
                source, "--compression", codec, "--num-levels", str(levels)
            )
        commands[f"tifffile + zarr + scikit-image, {codec}, 4 levels"] = [
            *PEERS,
            "original",
            str(source),
            "{target}",
            "4",
            codec,
        ]
        commands[f"TensorStore, {codec}, 1 level"] = [
            *PEERS,
            "tensorstore",
            str(source),
            "{target}",
            "1",
            codec,
        ]
    figures = interleave(commands, target, runs)
    report.table(
        "Against others",
        "The same source in the page cache, in turn on one machine. Memory is the peak of the largest process.",
        [
            "",
            "seconds, median",
            "least to greatest",
            "processor seconds",
            "memory GB",
            "output GB",
        ],
        [described(name, found) for name, found in figures.items()],
    )


def described(name: str, found: Figures) -> list[str]:
    spread = f"{min(found.wall):.2f} to {max(found.wall):.2f}"
    cpu = sorted(found.cpu)[len(found.cpu) // 2]
    return [
        name,
        f"{found.seconds:.2f}",
        spread,
        f"{cpu:.1f}",
        f"{max(found.memory) / 1e9:.2f}",
        f"{found.output / 1e9:.2f}",
    ]


def curve(
    report: Report,
    title: str,
    axis: str,
    commands: dict[float, list[str]],
    target: Path,
    runs: int,
) -> None:
    figures = interleave({str(key): command for key, command in commands.items()}, target, runs)
    points = [(float(key), found.seconds, max(found.memory) / 2**20) for key, found in figures.items()]
    report.curve(title, axis, points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small volume, once; nothing is written")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".bench",
        help="where inputs are kept and outputs written",
    )
    options = parser.parse_args()
    runs = 1 if options.smoke else options.runs
    large, sizes = (0.05, [0.02, 0.05]) if options.smoke else (2.15, [0.25, 0.5, 1, 2, 4, 8])
    options.folder.mkdir(parents=True, exist_ok=True)
    source = volume(options.folder, large)
    report = Report(machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        target = Path(work) / "out.ome.zarr"
        table(report, source, target, [1, 3] if options.smoke else [1, 3, 5, 7], runs)
        peers(report, source, target, runs)
        curve(
            report,
            "Size of the volume",
            "GB",
            {size: ours(volume(options.folder, size)) for size in sizes},
            target,
            runs,
        )
        budgets = [256, 4096] if options.smoke else [256, 512, 1024, 2048, 4096, 8192]
        curve(
            report,
            "Memory budget",
            "MiB",
            {budget: ours(source, "-m", f"{budget}M") for budget in budgets},
            target,
            runs,
        )
        workers = range(1, 2 * (os.cpu_count() or 1) + 1)
        curve(
            report,
            "Workers",
            "-j",
            {count: ours(source, "-j", str(count)) for count in workers},
            target,
            runs,
        )
    print(report.text()) if options.smoke else report.write(ROOT / "docs")


if __name__ == "__main__":
    main()
