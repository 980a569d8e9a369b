"""Conversions that do not come to their end: nothing stays that looks whole, and what was there is still there."""

import os
import shlex
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import PATIENCE, Run, finish, small_files, until
from jupyter_client.manager import start_new_kernel
from oracle import Expected, check, files

SHAPE = (96, 512, 512)
SLOW = ["-c", 16, 64, 64, "--compression", "gzip", "-j", 1]
"""Long enough to be met in the middle."""
BLOCKS = [*SLOW, "-m", "160M"]
"""As long, in many blocks."""


@pytest.fixture(scope="module")
def array():
    return np.random.default_rng(5).integers(0, 65535, SHAPE, np.uint16)


@pytest.fixture(scope="module")
def scan(array, tmp_path_factory):
    source = tmp_path_factory.mktemp("scan") / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    return source


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.ome.zarr"


def begun(output: Path):
    """Whether chunks are there, under the unfinished name."""
    partial = output.with_name(output.name + ".partial")
    return lambda: any(path.is_file() for path in partial.glob("0/c/*/*/*"))


def noted(output: Path):
    """Whether a block is done."""
    journal = output.with_name(output.name + ".partial") / ".microct-io-vis.journal"
    return lambda: journal.exists() and b'"level":0' in journal.read_bytes()


def heeding() -> None:
    """For ``preexec_fn``: whatever started the tests, signals do what they do."""
    for stop in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.SIG_DFL)


def beside(output: Path) -> list[str]:
    return sorted(path.name for path in output.parent.iterdir())


def test_cancelled(cli, scan, output):
    process = cli.start("convert", scan, output, *SLOW, "--progress", "json")
    until(begun(output), process)
    assert not output.exists()
    run = finish(process, signal.SIGINT)
    assert run.status == 130
    assert run.stdout == ""
    assert run.events[-1]["code"] == "cancelled"
    assert beside(output) == []


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
def test_ended(cli, scan, output, array, stop):
    """A signal that is no person's wish leaves what is done, and a second one as well; it is said how to go on."""
    process = cli.start("convert", scan, output, *BLOCKS, "--progress", "json", preexec_fn=heeding)
    until(noted(output), process)
    process.send_signal(stop)
    time.sleep(0.2)  # two that wait at once come in any order
    run = finish(process, signal.SIGTERM)
    assert run.status == 128 + stop
    assert run.stdout == ""
    [*_, error] = run.events
    assert error["code"] == "interrupted" and stop.name in error["message"] and "--resume" in error["message"]
    assert f"{output}.partial" in error["message"]
    assert beside(output) == [f"{output.name}.partial"]
    left = cli.estimate(scan, output, *BLOCKS, "--resume")["unfinished"]
    assert left["refusal"] is None and left["doneBytes"] > 0
    cli.convert(scan, output, *BLOCKS, "--resume")
    check(output, Expected(array, chunk=(16, 64, 64), compression="gzip"))
    assert beside(output) == [output.name]


def test_ended_before_anything_is_done(cli, scan, output, array):
    process = cli.start("convert", scan, output, *SLOW, "-q", preexec_fn=heeding)
    until(lambda: any(output.parent.iterdir()), process)
    assert finish(process, signal.SIGTERM).status == 143
    assert beside(output) in ([], [f"{output.name}.partial"])
    cli.convert(scan, output, *SLOW, "--resume")
    check(output, Expected(array, chunk=(16, 64, 64), compression="gzip"))
    assert beside(output) == [output.name]


def test_ignored_signals(cli, scan, output, array):
    """As ``nohup`` has it: Node by itself would forget it."""
    process = cli.start(
        *("convert", scan, output, *BLOCKS, "-q"), preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    until(begun(output), process)
    assert finish(process, signal.SIGHUP).status == 0
    check(output, Expected(array, chunk=(16, 64, 64), compression="gzip"))


def test_cancelled_twice(cli, scan, output):
    """Who sends a signal to a process and to its group sends two; and what is half removed is in nobody's way."""
    process = cli.start("convert", scan, output, *SLOW, "-q")
    until(begun(output), process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert finish(process).status == 130
    assert beside(output) == []


def test_cancelled_by_the_keyboard(cli, scan, output):
    """Ctrl-C goes to every process of the group, and one line says what happened."""
    process = cli.start("convert", scan, output, *SLOW, "-q", start_new_session=True)
    until(begun(output), process)
    os.killpg(process.pid, signal.SIGINT)
    run = finish(process)
    assert run.status == 130
    assert run.stderr.count("\n") == 1 and run.stderr.startswith("microct-io-vis: ")
    assert beside(output) == []


@pytest.mark.parametrize("way", ["convert", "wait"])
def test_notebooks_kernel_ended(cli, scan, output, array, way):
    """Jupyter interrupts a kernel before it shuts it down, which is nobody's cancel."""
    options = "compression='gzip', chunk_size=(16, 64, 64), max_memory='160M'"
    code = {
        "convert": f"microct_io_vis.convert({str(scan)!r}, {str(output)!r}, {options})",
        "wait": f"c = microct_io_vis.ConverterWidget({str(scan)!r}, target={str(output)!r}, {options})\n"
        "c.start()\nc.wait()",
    }[way]
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute(f"import microct_io_vis\n{code}")
        until(noted(output), manager.provisioner.process)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    words = ["--compression", "gzip", "-c", 16, 64, 64, "-m", "160M", "--resume"]
    end = time.monotonic() + PATIENCE
    # Its helper goes on to end by itself.
    while (left := cli.estimate(scan, output, *words)["unfinished"]) is None:
        assert time.monotonic() < end, beside(output)
    assert left["refusal"] is None
    assert left["doneBytes"] > 0
    cli.convert(scan, output, *words)
    check(output, Expected(array, chunk=(16, 64, 64), compression="gzip"))
    assert beside(output) == [output.name]


@pytest.mark.parametrize("words", [["-d", "uint8"], []], ids=["while scanning", "while converting"])
def test_cancelled_at_any_time(cli, scan, output, words):
    """As soon as the unfinished output has its name."""
    process = cli.start("convert", scan, output, *SLOW, *words, "-q")
    until(lambda: any(output.parent.iterdir()), process)
    assert finish(process, signal.SIGINT).status == 130
    assert beside(output) == []


def test_cancelled_overwriting(cli, scan, output):
    cli.convert(scan, output, "--roi", 0, 2, 0, 8, 0, 8)
    before = {name: (output / name).read_bytes() for name in files(output)}
    process = cli.start("convert", scan, output, *SLOW, "--overwrite", "-q")
    until(begun(output), process)
    assert finish(process, signal.SIGINT).status == 130
    assert {name: (output / name).read_bytes() for name in files(output)} == before
    assert beside(output) == [output.name]


def test_killed_while_overwriting(cli, scan, output, array):
    """Killed in the middle, the old output is whole; the next conversion clears up and replaces it."""
    small = array[:2, :8, :8]
    cli.convert(scan, output, "--roi", 0, 2, 0, 8, 0, 8)
    process = cli.start("convert", scan, output, *SLOW, "--overwrite", "-q")
    until(begun(output), process)
    assert finish(process, signal.SIGKILL).status == -signal.SIGKILL
    assert beside(output) == [output.name, f"{output.name}.partial"]
    os.rename(f"{output}.partial", f"{output.parent}/left")
    check(output, Expected(small))
    os.rename(f"{output.parent}/left", f"{output}.partial")
    assert cli("convert", scan, output).status == 1
    cli.convert(scan, output, "--overwrite", "--roi", 0, 3, 0, 9, 0, 10)
    check(output, Expected(array[:3, :9, :10]))
    assert beside(output) == [output.name]


def test_killed(cli, scan, output, array):
    """Leftovers of a killed conversion do not have the output's name, are no OME-Zarr, and are in nobody's way."""
    process = cli.start("convert", scan, output, *SLOW, "-q")
    until(begun(output), process)
    assert finish(process, signal.SIGKILL).status == -signal.SIGKILL
    assert beside(output) == [f"{output.name}.partial"]
    assert not Path(f"{output}.partial", "zarr.json").exists()
    cli.convert(scan, output, "-c", 64, 256, 256)
    check(output, Expected(array, chunk=(64, 256, 256)))


def test_overwriting(cli, scan, output, array):
    """The new output is whole, without a file of the old one; across versions too."""
    cli.convert(scan, output, "--ome-zarr", "0.4", "-c", 4, 8, 8, "--roi", 0, 9, 0, 33, 0, 8)
    cli.convert(scan, output, "--overwrite", "--roi", 0, 2, 0, 8, 0, 8)
    check(output, Expected(array[:2, :8, :8]))


def test_overwriting_what_is_not_there(cli, scan, output, array):
    cli.convert(scan, output, "--overwrite", "--roi", 0, 2, 0, 8, 0, 8)
    check(output, Expected(array[:2, :8, :8]))


def test_two_at_once(cli, scan, output, array):
    """The second of two conversions to one output is refused, and does not harm the first."""
    process = cli.start("convert", scan, output, *SLOW, "-q")
    until(begun(output), process)
    process.send_signal(signal.SIGSTOP)
    try:
        for words in ([], ["--overwrite"]):
            second = cli("convert", scan, output, "--roi", 0, 1, 0, 1, 0, 1, *words, "--progress", "json")
            assert second.status == 1
            assert second.events[-1]["code"] in ("output-exists", "output-unwritable")
            assert output.name in second.events[-1]["message"]
    finally:
        process.send_signal(signal.SIGCONT)
    assert finish(process).status == 0
    check(output, Expected(array, chunk=(16, 64, 64), compression="gzip"))


def test_started_together(cli, scan, output, array):
    """Of conversions that start in the same moment one wins, and its output is whole."""
    regions = [(0, 40, 0, 200, 0, 200), (10, 50, 100, 300, 50, 250), (20, 60, 0, 200, 100, 300)]
    running = [cli.start("convert", scan, output, "-q", "-c", 16, 32, 32, "--roi", *roi) for roi in regions]
    runs = [finish(process) for process in running]
    winners = [roi for run, roi in zip(runs, regions, strict=True) if run.status == 0]
    assert len(winners) == 1, runs
    assert all(run.stderr.count("\n") == 1 for run in runs if run.status != 0)
    z0, z1, y0, y1, x0, x1 = winners[0]
    check(output, Expected(array[z0:z1, y0:y1, x0:x1], chunk=(16, 32, 32), start=(z0, y0, x0)))


def test_file_size_limit(cli, scan, output):
    """The system refuses a write in the middle."""
    run = cli(
        *("convert", scan, output, "--compression", "none", "--progress", "json"), preexec_fn=small_files(100_000)
    )
    assert run.status == 1
    assert run.events[-1]["code"] == "disk-full"
    assert output.name in run.events[-1]["message"]
    assert beside(output) == []


def on_small_disk(folder: Path, options: str, command: str) -> Run:
    """Runs a shell command in a mount namespace of its own, where ``folder`` is a small file system."""
    script = f"mount -t tmpfs -o {options} none {shlex.quote(str(folder))} || exit 99; {command}"
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    ended = subprocess.run([*unshare, "sh", "-c", script], capture_output=True, text=True)
    return Run(ended.returncode, ended.stdout, ended.stderr)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return on_small_disk(Path(folder), "size=1m", "true").status == 0
        except FileNotFoundError:
            return False


SMALL_DISKS = {"size=1m": "needed", "size=60m,nr_inodes=250": "full"} if can_mount() else {}
"""Mount options, and a word of the refusal: no room from the start, and no room after some chunks."""


@pytest.mark.parametrize("shard", [[], ["--shard", 16, 64, 64]], ids=["chunks", "shards"])
@pytest.mark.parametrize("disk", ["the limit of a process", *SMALL_DISKS])
def test_disk_full(cli, scan, tmp_path, disk, shard):
    """Where a small file system can be mounted it is one; a limit on files' size is always there."""
    folder = tmp_path / "small"
    folder.mkdir()
    output = folder / "out.ome.zarr"
    words = ["convert", scan, output, "-c", 16, 64, 64, "-n", 1, "--roi", 0, 96, 0, 512, 0, 500, "--progress", "json"]
    words += shard
    if disk in SMALL_DISKS:
        command, place = " ".join(shlex.quote(str(word)) for word in [cli.path, *words]), shlex.quote(str(folder))
        # Finished work stays, and is resumed where there is room.
        more = (
            f"mount -o remount,nr_inodes=9999 {place}; {command} --resume 2>/dev/null" if "inodes" in disk else "ls -A"
        )
        run = on_small_disk(folder, disk, f"{command}; status=$?; cd {place}; {more} >/dev/null; ls -A; exit $status")
        word = SMALL_DISKS[disk]
    else:
        run = cli(*words, preexec_fn=small_files(3000))
        word = "out.ome.zarr"
    assert run.status == 1, run.stderr
    assert run.events[-1]["code"] == "disk-full"
    assert output.name in run.events[-1]["message"] and word in run.events[-1]["message"]
    # Nothing on standard output, and what `ls` found.
    kept = "inodes" in disk
    assert ("--resume" in run.events[-1]["message"]) == kept
    assert run.stdout == (f"{output.name}\n" if kept else "")
    assert beside(output) == []


def test_source_that_shrinks(cli, array, tmp_path):
    """A file that loses its end while it is read is an error, not a volume with a black end."""
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack")
    process = cli.start("convert", source, output, *SLOW, "-m", "200M", "--progress", "json")
    until(begun(output), process)
    process.send_signal(signal.SIGSTOP)
    os.truncate(source, array.nbytes // 2)
    process.send_signal(signal.SIGCONT)
    run = finish(process)
    assert run.status == 1
    assert run.events[-1]["code"] == "truncated"
    assert "scan.tif" in run.events[-1]["message"]
    assert beside(output) == ["scan.tif"]


def test_reader_of_progress_goes_away(cli, scan, output):
    """Who follows the progress through a pipe and dies, as Python does, leaves no process behind, but what is done."""
    process = cli.start("convert", scan, output, *BLOCKS, "--progress", "json")
    until(noted(output), process)
    process.stderr.close()
    status = process.wait(timeout=120)
    process.stdout.close()
    assert status == 141
    assert beside(output) == [f"{output.name}.partial"]
    cli.convert(scan, output, *BLOCKS, "--resume")
