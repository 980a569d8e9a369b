"""Runs commands whole, in turn, and takes what the system says of each: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Figures:
    """Time and memory of each run of one command."""

    #: seconds
    wall: list[float] = field(default_factory=list)
    #: seconds of all processors together
    cpu: list[float] = field(default_factory=list)
    #: peak resident bytes of the largest of its processes; this process must be smaller, for a child begins as its copy
    memory: list[int] = field(default_factory=list)
    #: bytes on disk
    output: int = 0

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall)

    @property
    def busy(self) -> float:
        """Part of all processors that worked, in the median run."""
        return statistics.median(cpu / wall for cpu, wall in zip(self.cpu, self.wall, strict=True)) / os.cpu_count()

    @property
    def peak_mib(self) -> float:
        return max(self.memory) / 2**20


def size(path: Path) -> int:
    """Bytes of a file or of all files of a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def put_aside(path: Path) -> None:
    """Empties what was written, and gives it another name, beside it, for whoever removes their folder at the end.

    Files that are made soon after others were removed cost more: ext4 looks at each inode that has become free within
    the last minutes, and passes it over.
    """
    if not path.exists():
        return
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            os.truncate(file, 0)
    path.rename(path.with_name(f"{uuid.uuid4()}"))


def warm(path: Path) -> None:
    """Brings a file into the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def forget(path: Path) -> None:
    """Has the system forget what it has of a file, or of a folder's files, in its page cache."""
    os.sync()
    for file in [path] if path.is_file() else filter(Path.is_file, path.rglob("*")):
        with open(file, "rb", buffering=0) as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def once(command: list[str], target: Path, figures: Figures) -> None:
    """Runs a command that writes `target`, which is put aside after it."""
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}: {said.decode()[-2000:]}")
    figures.wall.append(wall)
    figures.cpu.append(usage.ru_utime + usage.ru_stime)
    figures.memory.append(usage.ru_maxrss * 1024)
    figures.output = size(target) if target.exists() else 0
    put_aside(target)


def interleave(
    commands: dict[str, list[str]], target: Path, runs: int, before: Callable[[], object] = lambda: None
) -> dict[str, Figures]:
    """Each command once, then each again, so that drift treats them alike. `{target}` is put into the commands."""
    figures = {name: Figures() for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            before()
            once([part.replace("{target}", str(target)) for part in command], target, figures[name])
    return figures
