"""Conversions that are killed and gone on with: the end is that of an undisturbed one, to the bit."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import CommandLine, finish
from oracle import Expected, check, files

SHAPE = (96, 512, 512)
BUDGET = ["-c", 16, 64, 64, "-m", "200M", "-j", 2]
"""Small blocks, so that many are done before the end."""


def volume(path: Path, dtype: str, **options) -> Path:
    values = np.random.default_rng(11).normal(0.5, 0.1, SHAPE)
    array = values.astype("float32") if dtype == "float32" else (values * 200).clip(0, 250).astype(dtype)
    if dtype == "float32":
        array[3, :5, 7] = np.nan
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None, **options)
    return path


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    return {
        "float32": volume(folder / "float32.tif", "float32"),
        "uint8": volume(folder / "uint8.tif", "uint8"),
        "one strip a page, deflate": volume(folder / "deflate.tif", "float32", compression="zlib", rowsperstrip=512),
    }


def kill(cli: CommandLine, blocks: int, *words: object) -> bool:
    """Converts, and kills the process when so many blocks more are done; False when it came to its end before."""
    output = Path(words[1])
    journal = Path(f"{output}.partial", ".microct-io-vis.journal")

    def done() -> int:
        try:
            return journal.read_bytes().count(b'"level":0')
        except FileNotFoundError:
            return 0

    before = done()
    process = cli.start("convert", *words, "-q")
    while process.poll() is None and done() < before + blocks:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    return not output.exists()


def test_a_source_that_is_written_to_meanwhile(cli, scans, tmp_path):
    scan, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    shutil.copy(scans["float32"], scan)
    process = cli.fall_asleep("convert", scan, output, *BUDGET, "-q")
    with open(scan, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    ended = finish(process, signal.SIGCONT)
    assert ended.status == 1 and "scan.tif: it was written to while it was read" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


def contents(output: Path) -> dict[str, bytes]:
    if output.is_file():
        return {"": output.read_bytes()}
    return {name: (output / name).read_bytes() for name in files(output)}


@pytest.fixture
def killed(cli, scans, tmp_path):
    """An unfinished output of the float32 volume."""
    output = tmp_path / "out.ome.zarr"
    assert kill(cli, 12, scans["float32"], output, *BUDGET)
    return output


CASES = {
    "blosc-lz4": ("float32", ["--compression", "blosc-lz4"]),
    "uint8 from a scan, zstd": ("float32", ["-d", "uint8", "--compression", "zstd"]),
    "uint8 of most values": ("float32", ["-d", "uint8", "--value-range", "1%", "99%", "--compression", "blosc-lz4"]),
    "decoded first, blosc-zstd": ("one strip a page, deflate", []),
    "shards, gzip": ("uint8", ["--shard", 32, 128, 64, "--compression", "gzip"]),
    "z five times as coarse": ("uint8", ["--voxel-size", 5, 1, 1, "--compression", "blosc-lz4"]),
    "shards, blosc-zstd, checksums": ("float32", ["--shard", 16, 128, 128, "--checksum", "crc32c"]),
    "0.4, uncompressed": ("uint8", ["--ome-zarr", "0.4", "--compression", "none"]),
}


@pytest.mark.parametrize("case", CASES)
def test_killed_again_and_again(cli, scans, tmp_path, case):
    """Whenever it is killed, and whatever is compressed how, the end is the same."""
    scan, words = CASES[case]
    source, undisturbed, output = scans[scan], tmp_path / "undisturbed.ome.zarr", tmp_path / "out.ome.zarr"
    cli.convert(source, undisturbed, *BUDGET, *words)
    kills = 0
    while kill(cli, 1 + 3 * kills, source, output, *BUDGET, *words, "--resume"):
        kills += 1
    assert kills >= 2
    expected, found = contents(undisturbed), contents(output)
    # The name is in the metadata.
    for documents in (expected, found):
        for name in ("zarr.json", ".zattrs"):
            if name in documents:
                documents[name] = documents[name].replace(b"undisturbed", b"out")
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.ome.zarr", "undisturbed.ome.zarr"]


@pytest.mark.parametrize("shard", [None, (16, 128, 128)])
def test_progress_counts_from_what_is_there(cli, scans, tmp_path, shard):
    killed = tmp_path / "out.ome.zarr"
    words = [*BUDGET, *(["--shard", *shard] if shard else [])]
    assert kill(cli, 12, scans["float32"], killed, *words)
    plan = cli.estimate(scans["float32"], killed, *words, "--resume")
    left = plan["unfinished"]
    assert left["refusal"] is None
    assert 0 < left["doneBytes"] < left["totalBytes"] == np.prod(SHAPE) * 4
    assert abs(left["written"] - Path(f"{killed}.partial").stat().st_mtime * 1000) < 3.6e6
    run = cli("convert", scans["float32"], killed, *words, "--resume", "--progress", "json").succeeded()
    first = next(event for event in run.events if event["event"] == "progress" and event["doneBytes"] > 0)
    # Of each thread's last block, a file may still have been being written.
    assert first["doneBytes"] >= left["doneBytes"] - 2 * np.prod((16, 512, 512)) * 4
    check(killed, Expected(tifffile.imread(scans["float32"]), chunk=(16, 64, 64), shard=shard))


def test_nothing_to_resume(cli, scans, tmp_path):
    """``--resume`` may be said always; with nothing to go on with it begins."""
    output = tmp_path / "out.ome.zarr"
    assert cli.estimate(scans["uint8"], output, "--resume")["unfinished"] is None
    cli.convert(scans["uint8"], output, "--resume", "-c", 64, 64, 64)
    check(output, Expected(tifffile.imread(scans["uint8"]), chunk=(64, 64, 64)))
    assert cli("convert", scans["uint8"], output, "--resume").status == 1


def test_starting_over(cli, scans, killed):
    plan = cli.estimate(scans["uint8"], killed)
    assert "float32.tif" in plan["unfinished"]["refusal"]
    cli.convert(scans["uint8"], killed, "-c", 64, 128, 128)
    check(killed, Expected(tifffile.imread(scans["uint8"]), chunk=(64, 128, 128)))


@pytest.mark.parametrize(
    "words, named",
    [
        (["--compression", "gzip"], "--compression"),
        (["-c", 16, 64, 32], "--chunk-size"),
        (["-n", 2], "--num-levels"),
        (["--downsample", "max"], "--downsample"),
        (["-d", "uint8", "--value-range", "1%", 9], "--dtype"),
        (["-d", "uint8"], "--dtype"),
        (["--roi", 0, 96, 0, 512, 0, 511], "--roi"),
        (["--voxel-size", 1, 1, 1.5, "--unit", "mm"], "--voxel-size"),
        (["--ome-zarr", "0.4"], "--ome-zarr"),
        (["--shard", 32, 64, 64], "--shard"),
        (["--checksum", "crc32c"], "--checksum"),
    ],
)
def test_changed_settings(cli, scans, killed, words, named):
    before = contents(Path(f"{killed}.partial"))
    given = BUDGET[4:] if "-c" in words else BUDGET
    run = cli("convert", scans["float32"], killed, *given, *words, "--resume", "--progress", "json")
    assert run.status == 1
    error = run.events[-1]
    assert error["code"] == "resume-refused" and error["field"] == "resume"
    assert f"{killed.name}.partial" in error["message"] and named in error["message"]
    assert contents(Path(f"{killed}.partial")) == before


def test_changed_source(cli, scans, tmp_path):
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    shutil.copy(scans["float32"], source)
    assert kill(cli, 12, source, output, *BUDGET)
    with source.open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"other")
    run = cli("convert", source, output, *BUDGET, "--resume", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "resume-refused"
    assert "scan.tif has been written to" in run.events[-1]["message"]
    cli.convert(source, output, *BUDGET)
    check(output, Expected(tifffile.imread(source), chunk=(16, 64, 64)))


def test_other_memory_and_workers(cli, scans, killed):
    """How much memory there is, and how many work, does not decide what is written."""
    cli.convert(scans["float32"], killed, *BUDGET[:4], "-m", "1G", "-j", 1, "--resume")
    check(killed, Expected(tifffile.imread(scans["float32"]), chunk=(16, 64, 64)))


def test_one_chunk_lost(cli, tmp_path):
    """Chunks read back must not come between a chunk and its file, which is written later than it is encoded."""
    source, output, undisturbed = tmp_path / "scan.tif", tmp_path / "out.ome.zarr", tmp_path / "undisturbed.ome.zarr"
    noise = np.random.default_rng(5).integers(0, 256, (320, 330, 330), dtype="uint16")
    ramp = np.add.outer(np.arange(320, dtype="uint16") * 64, np.arange(330, dtype="uint16") * 8)
    tifffile.imwrite(source, noise + ramp[..., None], photometric="minisblack", metadata=None)
    words = ["-c", 64, 64, 64, "--compression", "blosc-lz4", "-m", "400M"]
    cli.convert(source, undisturbed, *words)
    expected = contents(undisturbed)
    for _ in range(4):
        assert kill(cli, 5, source, output, *words)
        min(Path(f"{output}.partial/0/c").glob("*/*/*")).unlink()
        cli.convert(source, output, *words, "-j", 1, "--resume")
        found = contents(output)
        assert [name for name in expected if name != "zarr.json" and found[name] != expected[name]] == []
        shutil.rmtree(output)


def lose(partial: Path) -> None:
    for path in list(partial.glob("*/c/*/*/*"))[::3]:
        path.unlink()


def flip(partial: Path) -> None:
    for path in list(partial.glob("*/c/*/*/*"))[::3]:
        # A chunk that was being written when the process was killed may have no byte yet.
        data = bytearray(path.read_bytes() or b"?")
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def shorten(partial: Path) -> None:
    for path in list(partial.glob("*/c/*/*/*"))[::3]:
        os.truncate(path, path.stat().st_size // 2)


def cut_journal(partial: Path) -> None:
    journal = partial / ".microct-io-vis.journal"
    os.truncate(journal, journal.stat().st_size - 17)


def garble_journal(partial: Path) -> None:
    journal = partial / ".microct-io-vis.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:2]) + b"\0" * 4096 + b"".join(lines[3:]))


def no_journal(partial: Path) -> None:
    (partial / ".microct-io-vis.journal").unlink()


@pytest.mark.parametrize("damage", [lose, flip, shorten, cut_journal, garble_journal, no_journal])
def test_what_did_not_reach_the_disk(cli, scans, killed, damage):
    """As after a power failure: what is not as it was written is done again."""
    damage(Path(f"{killed}.partial"))
    cli.convert(scans["float32"], killed, *BUDGET, "--resume")
    check(killed, Expected(tifffile.imread(scans["float32"]), chunk=(16, 64, 64)))


def test_two_at_once(cli, scans, killed):
    """Of two that go on with the same, one does."""
    words = ["convert", scans["float32"], killed, *BUDGET, "--resume", "-q"]
    running = [cli.start(*words) for _ in range(3)]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert sorted(status for _, status in ends) == [0, 1, 1], ends
    check(killed, Expected(tifffile.imread(scans["float32"]), chunk=(16, 64, 64)))


def test_cancelled_after_resuming(cli, scans, killed):
    process = cli.start("convert", scans["float32"], killed, *BUDGET, "--resume", "--progress", "json")
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert list(killed.parent.iterdir()) == []
