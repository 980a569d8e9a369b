"""`npm run bench`: measures conversions against their peers on this machine; writes docs/benchmarks.md.

`npm run bench -- --smoke` runs everything once on small volumes and writes nothing: it shows that the benchmark works.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import readers
import viewer
from inputs import Volume, prepare
from measure import Figures, forget, interleave, put_aside, warm
from report import Report, publish

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(sys.executable).with_name("microct-io-vis"))
PEERS = [sys.executable, str(Path(__file__).with_name("peers.py"))]
CODECS = ["blosc-lz4", "blosc-zstd", "none"]
GB = 1e9


@dataclass
class Bench:
    """Settings that all sections share."""

    folder: Path
    target: Path
    report: Report
    runs: int
    #: divides the numbers of pages and the lengths of slices
    shrink: int

    def volume(self, pages: int, dtype: str = "float32", side: int = 1024, **options: object) -> Path:
        """A volume of cubes' noise, made where it is not there, in the page cache."""
        side = side // self.shrink if side > 1024 else side
        volume = Volume(max(2, pages // self.shrink), dtype, (side, side), options)
        prepare(self.folder, [volume])
        path = volume.path(self.folder)
        warm(path)
        return path

    def when(self) -> str:
        """Of a section that is measured by itself."""
        load = f"other work kept the machine at a load of {os.getloadavg()[0]:.0f}"
        return f"Medians of {self.runs}; {load}. Measured on {datetime.date.today()} on {machine()}."

    def take_once(self, command: list[str]) -> Figures:
        return interleave({"": command}, self.target, 1)[""]

    def take(self, commands: dict[str, list[str]]) -> dict[str, Figures]:
        return interleave(commands, self.target, self.runs)


def convert(source: Path, *options: object) -> list[str]:
    return [PROGRAM, "convert", "--quiet", str(source), "{target}", *map(str, options)]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in facts if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB of memory, {platform.system()} {platform.release()}"


def levels_and_codecs(bench: Bench) -> None:
    """The original's table."""
    source = bench.volume(512)
    counts = (1, 3, 5, 7)
    size = source.stat().st_size
    found = bench.take(
        {
            f"{codec} {count}": convert(source, "--compression", codec, "--num-levels", count)
            for codec in CODECS
            for count in counts
        }
    )
    bench.report.table(
        "Levels and codecs",
        f"{size / GB:.2f} GB of float32. Write time, source bytes a second, output, source bytes for one of output.",
        ["codec", "levels", "seconds", "MB/s", "output GB", "ratio"],
        [
            [
                *name.split(),
                f"{figures.seconds:.2f}",
                f"{size / figures.seconds / 1e6:.0f}",
                f"{figures.output / GB:.2f}",
                f"{size / figures.output:.3f}",
            ]
            for name, figures in found.items()
        ],
    )


def against_others(bench: Bench) -> None:
    source = bench.volume(512)
    copy = 'cp "$1" "$2" && sync "$2"'
    commands = {
        "`dd bs=4M oflag=direct`": ["dd", f"if={source}", "of={target}", "bs=4M", "oflag=direct"],
        "`cp`, then `sync`": ["sh", "-c", copy, "sh", str(source), "{target}"],
    }
    for codec in CODECS:
        for levels in (1, 4):
            commands[f"microct-io-vis, {codec}, {levels} levels"] = convert(
                source, "--compression", codec, "--num-levels", levels
            )
        commands[f"tifffile + zarr + scikit-image, {codec}, 4 levels"] = [
            *PEERS,
            *("original", str(source), "{target}", "4", codec),
        ]
        commands[f"TensorStore, {codec}, 1 level"] = [*PEERS, *("tensorstore", str(source), "{target}", "1", codec)]
    found = bench.take(commands)
    copied = next(iter(found.values())).seconds
    bench.report.table(
        "Against others",
        f"{source.stat().st_size / GB:.2f} GB of float32. "
        "All that microct-io-vis and dd write is on the disk when they end.",
        ["", "seconds", "least to greatest", "times dd", "processor seconds", "peak MiB", "output GB"],
        [
            [
                name,
                f"{figures.seconds:.2f}",
                f"{min(figures.wall):.2f} to {max(figures.wall):.2f}",
                f"{figures.seconds / copied:.2f}",
                f"{sorted(figures.cpu)[len(figures.cpu) // 2]:.1f}",
                f"{figures.peak_mib:.0f}",
                f"{figures.output / GB:.2f}",
            ]
            for name, figures in found.items()
        ],
    )
    ours = {codec: found[f"microct-io-vis, {codec}, 4 levels"].seconds for codec in CODECS}
    bench.report.table(
        "How many times as long others take",
        "As microct-io-vis for four levels: medians of the table above, one divided by the other.",
        ["codec", "tifffile + zarr + scikit-image, 4 levels", "TensorStore, first level only"],
        [
            [
                codec,
                f"{found[f'tifffile + zarr + scikit-image, {codec}, 4 levels'].seconds / ours[codec]:.1f}",
                f"{found[f'TensorStore, {codec}, 1 level'].seconds / ours[codec]:.2f}",
            ]
            for codec in CODECS
        ],
    )


def sources(bench: Bench) -> None:
    """Voxel types, byte orders and compressions, about 2 GB of voxels each, half of that where they are compressed."""
    pages = 512
    segments = {"predictor": 2, "rowsperstrip": 64}
    volumes = {
        "float32": bench.volume(pages),
        "float32, big-endian": bench.volume(pages, byteorder=">"),
        "uint16": bench.volume(2 * pages, "uint16"),
        "uint16, big-endian": bench.volume(2 * pages, "uint16", byteorder=">"),
        "uint8": bench.volume(4 * pages, "uint8"),
        "uint16, LZW": bench.volume(pages, "uint16", compression="lzw", **segments),
        "uint16, deflate": bench.volume(pages, "uint16", compression="zlib", **segments),
    }
    commands = {name: convert(path, "--compression", "blosc-lz4") for name, path in volumes.items()}
    z = max(2, pages // bench.shrink)
    part = ["--roi", 0, z, 256, 768, 256, 768]
    commands["float32, a quarter (--roi)"] = convert(volumes["float32"], *part, "--compression", "blosc-lz4")
    bytes_of = {"float32": 4, "uint16": 2, "uint8": 1}

    def voxel_bytes(name: str) -> float:
        dtype = name.split(",")[0]
        count = {"uint8": 4 * pages, "uint16": 2 * pages}.get(dtype, pages)
        if "LZW" in name or "deflate" in name:
            count = pages
        share = 0.25 if "roi" in name else 1
        return max(2, count // bench.shrink) * 2**20 * bytes_of[dtype] * share

    bench.report.table(
        "Kinds of sources",
        "All levels with blosc-lz4. Bytes are those of the voxels, uncompressed.",
        ["source", "GB", "seconds", "MB/s", "processors busy"],
        [
            [
                name,
                f"{voxel_bytes(name) / GB:.2f}",
                f"{figures.seconds:.2f}",
                f"{voxel_bytes(name) / figures.seconds / 1e6:.0f}",
                f"{100 * figures.busy:.0f} %",
            ]
            for name, figures in bench.take(commands).items()
        ],
    )


def large_slices(bench: Bench) -> None:
    volumes = {
        "4,000 × 4,000 float32": bench.volume(32, side=4000),
        "20,000 × 20,000 uint16": bench.volume(3, "uint16", side=20000),
    }
    rows = []
    for name, source in volumes.items():
        found = bench.take({budget: convert(source, "-m", budget) for budget in ("256M", "512M", "8G")})
        rows += [
            [name, budget, f"{figures.seconds:.2f}", f"{figures.peak_mib:.0f}"] for budget, figures in found.items()
        ]
    bench.report.table(
        "Large slices",
        "2.0 and 2.4 GB in 32 and 3 slices, all levels, blosc-zstd. Chunks are 32 × 128 × 128 and 3 × 512 × 512.",
        ["slices", "budget", "seconds", "peak MiB"],
        rows,
    )


def curve(bench: Bench, title: str, text: str, axis: str, commands: dict[float, list[str]]) -> None:
    found = bench.take({str(key): command for key, command in commands.items()})
    points = [(float(key), figures.seconds, figures.peak_mib) for key, figures in found.items()]
    bench.report.curve(title, text, axis, points)


def curves(bench: Bench) -> None:
    codec = "All levels, blosc-zstd"
    pages = (64, 128, 256, 512, 1024, 2048)
    by_size = {path.stat().st_size / GB: convert(path) for path in map(bench.volume, pages)}
    curve(bench, "Size of the volume", f"{codec}; float32.", "GB", by_size)
    source = bench.volume(512)
    budgets = (256, 384, 512, 1024, 4096, 8192)
    by_budget = {budget: convert(source, "-m", f"{budget}M") for budget in budgets}
    curve(bench, "Memory budget", f"{codec}; {source.stat().st_size / GB:.2f} GB of float32.", "MiB", by_budget)
    workers = range(1, 2 * (os.cpu_count() or 1) + 1)
    by_workers = {count: convert(source, "-j", count) for count in workers}
    curve(bench, "Workers", f"{codec}; {source.stat().st_size / GB:.2f} GB of float32.", "-j", by_workers)


def headers(bench: Bench) -> None:
    """How long it takes until something is known of a file."""
    volumes = {}
    for pages in (3000, 20000):
        volume = Volume(pages // bench.shrink, "uint8", (64, 64), {"rowsperstrip": 64})
        prepare(bench.folder, [volume])
        volumes[pages] = volume.path(bench.folder)
    commands = {f"`info`, {pages:,} pages": [PROGRAM, "info", str(path)] for pages, path in volumes.items()}
    commands["`estimate`, 2 GB"] = [PROGRAM, "estimate", str(bench.volume(512))]
    commands["`--version`"] = [PROGRAM, "--version"]
    bench.report.table(
        "Start",
        "From the command's start to its end.",
        ["", "seconds"],
        [[name, f"{figures.seconds:.2f}"] for name, figures in bench.take(commands).items()],
    )


def cold(bench: Bench) -> None:
    """A source that is in no cache."""
    source = bench.volume(512)
    read = f"`dd iflag=direct` of {source.stat().st_size / GB:.2f} GB to nothing"
    copied = "`dd iflag=direct oflag=direct`"
    commands = {
        read: ["dd", f"if={source}", "of=/dev/null", "bs=4M", "iflag=direct"],
        copied: ["dd", f"if={source}", "of={target}", "bs=4M", "iflag=direct", "oflag=direct"],
        **{f"microct-io-vis, {codec}": convert(source, "--compression", codec) for codec in CODECS},
        "TensorStore, blosc-lz4, 1 level": [*PEERS, "tensorstore", str(source), "{target}", "1", "blosc-lz4"],
        "tifffile + zarr + scikit-image, blosc-lz4": [*PEERS, "original", str(source), "{target}", "4", "blosc-lz4"],
    }
    found = interleave(commands, bench.target, bench.runs, lambda: forget(source))
    bench.report.table(
        "Cold",
        f"{source.stat().st_size / GB:.2f} GB of float32 that the page cache has nothing of, all levels. TensorStore "
        "and the script leave what they write to the page cache. "
        f"{bench.when()}",
        ["", "seconds", "least to greatest", "times dd both ways", "processor seconds"],
        [
            [
                name,
                f"{figures.seconds:.2f}",
                f"{min(figures.wall):.2f} to {max(figures.wall):.2f}",
                f"{figures.seconds / found[copied].seconds:.2f}",
                f"{sorted(figures.cpu)[len(figures.cpu) // 2]:.1f}",
            ]
            for name, figures in found.items()
        ],
    )


def reading(bench: Bench) -> None:
    """Reading by others of what was written."""
    source = bench.volume(256)
    stores = {
        "ours": convert(source, "--num-levels", "1"),
        "ours, shards of 512": convert(source, "--num-levels", "1", "--shard", *(("512",) * 3)),
        "original's": [*PEERS, "original", str(source), "{target}", "1", "blosc-zstd"],
    }
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        paths = {}
        for name, command in stores.items():
            paths[name] = Path(folder) / f"{len(paths)}.zarr"
            words = [word.replace("{target}", str(paths[name])) for word in command]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows = readers.measure(paths, bench.runs)
    bench.report.table(
        "Reading back",
        f"Level 0 of {source.stat().st_size / GB:.2f} GB of float32 in blosc-zstd, chunks of 128³, by other programs: "
        f"milliseconds; stores take turns. Cold: the page cache has nothing of the store. {bench.when()}",
        ["reader", "what", *(f"{name}, {state}" for state in ("warm", "cold") for name in stores)],
        rows,
    )


def parts(bench: Bench) -> None:
    """One volume by several processes, of as many threads together as there are processors."""
    script = (
        'set -e; "$0" plan --quiet "$1" "$2" --compression blosc-lz4 --parts $3; '
        'seq $3 | xargs -P $4 -I I "$0" part I "$2" --quiet --jobs $5; "$0" finish --quiet "$2"'
    )
    processors = os.cpu_count() or 1
    rows = []
    for pages in (512, 2048):
        source = bench.volume(pages)
        commands = {"`convert`": convert(source, "--compression", "blosc-lz4")}
        for count in (1, 2, 4):
            at_once = min(count, processors)
            numbers = map(str, (count, at_once, max(1, processors // at_once)))
            commands[f"`plan`, {count} × `part`, `finish`"] = [
                *("sh", "-c", script, PROGRAM, str(source), "{target}", *numbers)
            ]
        found = bench.take(commands)
        alone = statistics.median(found["`convert`"].cpu)
        rows += [
            [
                f"{source.stat().st_size / GB:.2f}",
                name,
                f"{statistics.median(figures.cpu):.2f}",
                f"{statistics.median(figures.cpu) / alone:.2f}",
                f"{min(figures.wall):.1f} to {max(figures.wall):.1f}",
            ]
            for name, figures in found.items()
        ]
    bench.report.table(
        "One volume in parts",
        "float32, blosc-lz4, all levels; each part has a thread a processor, shared by those that run at a time. "
        "What is added is the start of processes and their warming up: it does not grow with the volume. "
        f"`convert` of Dask runs the same processes. {bench.when()}",
        ["GB", "", "processor seconds", "beside `convert`", "wall seconds, least to greatest"],
        rows,
    )


def workers(bench: Bench) -> None:
    """One volume by workers of Dask, which are there when it begins."""
    processors = os.cpu_count() or 1
    script = str(Path(__file__).with_name("workers.py"))
    rows = []
    for pages, cold in ((512, False), (2048, False), (6144, True)):
        source = bench.volume(pages)
        found: dict[int, list[float]] = {0: [], 1: [], 2: [], 4: []}
        for _ in range(bench.runs):
            for count, seconds in found.items():
                if cold:
                    forget(source)
                if count == 0:
                    seconds += bench.take_once(convert(source, "--compression", "blosc-lz4")).wall
                    continue
                words = [str(source), str(bench.target), str(count), str(max(1, processors // count))]
                said = subprocess.run([sys.executable, script, *words], check=True, stdout=subprocess.PIPE, text=True)
                seconds.append(float(said.stdout))
                put_aside(bench.target)
        alone = statistics.median(found[0])
        rows += [
            [
                f"{source.stat().st_size / GB:.2f}" + ", cold" * cold,
                f"{count} × {max(1, processors // count)}" if count else "`convert` without Dask",
                f"{statistics.median(seconds):.2f}",
                f"{min(seconds):.2f} to {max(seconds):.2f}",
                f"{statistics.median(seconds) / alone:.2f}",
            ]
            for count, seconds in found.items()
        ]
    bench.report.table(
        "Workers of Dask",
        f"float32, blosc-lz4, all levels, by `convert(client=)` on one machine, whose {processors} processors the "
        "workers share: more of them cannot be faster, and what they are slower is what the start of "
        "their parts costs, of which there are as many as the cluster runs at once. Cold: the page cache has nothing "
        f"of the source, as of volumes that are worth a cluster. {bench.when()}",
        ["GB", "workers × threads", "seconds", "least to greatest", "beside `convert`"],
        rows,
    )


def threads(bench: Bench) -> None:
    """Effect of more threads than this machine has."""
    script = Path(__file__).with_name("schedule.ts")
    found = json.loads(subprocess.run(["node", "--no-warnings", script], check=True, stdout=subprocess.PIPE).stdout)
    bench.report.table(
        "Many threads, on paper",
        "50 GB of uint16 (2,930³ voxels), all levels, as the plan and the schedule of blocks have it, no thread "
        "started: a block takes what its voxels take, 1.1 s for 10⁹ to read and reduce and 1.5 s to encode and write, "
        "and disks are never waited for. By `npm run bench -- threads`.",
        ["-j", "-m", "threads", "blocks of", "blocks in memory, by level", "peak", "busy", "seconds"],
        [
            [
                str(row["asked"]),
                f"{row['budget']}G",
                str(row["workers"]),
                " × ".join(map(str, row["leaf"])),
                ", ".join(map(str, row["slots"])),
                f"{row['peakBytes'] / 2**30:.1f} GiB",
                f"{100 * row['busy']:.0f} %",
                f"{row['seconds']:.1f}",
            ]
            for row in found
        ],
    )


TOGETHER = {
    "codecs": levels_and_codecs,
    "others": against_others,
    "sources": sources,
    "slices": large_slices,
    "curves": curves,
    "start": headers,
}
ALONE = {"cold": cold, "parts": parts, "reading": reading, "threads": threads, "workers": workers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=["viewer", *ALONE, *TOGETHER],
        help=f"only this; viewer, {', '.join(ALONE)}: not in the rest",
    )
    parser.add_argument("--smoke", action="store_true", help="small volumes, once; nothing is written")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".bench", help="where inputs are kept and outputs written"
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.what == "viewer":
        viewer.measure(options.folder / "viewer", PROGRAM, machine(), options.smoke)
        return
    report = Report(machine())
    sections = TOGETHER if options.what is None else {options.what: {**TOGETHER, **ALONE}[options.what]}
    runs, shrink = (1, 64) if options.smoke else (options.runs, 1)
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        bench = Bench(options.folder, Path(work) / "out.ome.zarr", report, runs, shrink)
        for name, section in sections.items():
            print(name, file=sys.stderr, flush=True)
            section(bench)
    if options.smoke:
        print(report.text())
    elif options.what:
        publish(ROOT / "docs" / "benchmarks.md", report.sections)
    else:
        report.write(ROOT / "docs")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"bench: {error}")
