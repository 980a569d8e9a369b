"""One volume by many processes: `plan`, `part` and `finish`. The output is that of one process, to the bit."""

import json
import os
import re
import shutil
import signal
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import preloaded
from oracle import files
from power import calls_of


def contents(output: Path) -> dict[str, bytes]:
    return {name: (output / name).read_bytes() for name in files(output)}


def write(path: Path, array: np.ndarray, **options) -> Path:
    tifffile.imwrite(path, array, **{"photometric": "minisblack", "metadata": None, **options})
    return path


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    random = np.random.default_rng(5)
    float32 = random.normal(0, 100, (70, 90, 80)).astype("float32")
    float32[3, 4, 5], float32[60, 1, 1] = np.nan, np.inf
    labels = (np.indices((70, 90, 80)).sum(0) // 9).astype("uint16")
    channels = random.integers(0, 9000, (40, 2, 50, 60)).astype("uint16")
    return {
        "float32": write(folder / "float32.tif", float32),
        "labels": write(folder / "labels.tif", labels, compression="zlib", rowsperstrip=90),
        "two channels": write(
            folder / "channels.tif", channels, imagej=True, metadata={"axes": "ZCYX"}, photometric=None
        ),
        "longer": write(folder / "longer.tif", random.normal(0, 9, (64, 160, 160)).astype("float32")),
    }


CHUNKS = ["-c", 16, 16, 16]
CASES = {
    "uint8 by a scan of all parts": ("float32", [*CHUNKS, "-d", "uint8", "--value-range", "1%", "99%"]),
    "labels, decoded first, 0.4": ("labels", [*CHUNKS, "--labels", "--ome-zarr", "0.4"]),
    "two channels, shards": ("two channels", [*CHUNKS, "--shard", 32, 32, 32, "--checksum", "crc32c"]),
}


@pytest.mark.parametrize("case", CASES)
def test_parts_make_what_one_process_makes(case, cli, scans, tmp_path):
    name, options = CASES[case]
    alone, output = tmp_path / "alone" / "out.ome.zarr", tmp_path / "out.ome.zarr"
    alone.parent.mkdir()
    plan = cli("plan", scans[name], output, *options, "--parts", 3, "--distributed-scan", "--json").succeeded().json
    assert [part["part"] for part in plan["parts"]] == [1, 2, 3] and plan["scan"] == ("scan" in case)
    early = cli("part", 1, output)
    assert (early.status, "not scanned" in early.stderr) == ((1, True) if plan["scan"] else (0, False))
    with ThreadPoolExecutor() as pool:
        one = pool.submit(cli, "convert", scans[name], alone, *options, "-q")
        if plan["scan"]:
            [run.succeeded() for run in pool.map(lambda part: cli("part", part, output, "--scan"), (2, 3, 1))]
        done = [run.succeeded().json for run in pool.map(lambda part: cli("part", part, output, "--json"), (3, 1, 2))]
        one.result().succeeded()
    made = sum(part["files"] for part in plan["parts"]) + plan["finish"]["files"]
    assert cli("finish", output, "-q").succeeded().stdout == f"{output}\n"
    assert contents(output) == contents(alone)
    chunks = [path for path in output.rglob("*") if path.is_file() and path.name.isdigit()]
    assert len(chunks) == made and all(part["parts"] == 3 for part in done)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == ["out.ome.zarr"]


def test_parts_that_are_killed_and_run_twice_do_no_harm(cli, scans, tmp_path):
    output, alone = tmp_path / "out.ome.zarr", tmp_path / "alone" / "out.ome.zarr"
    alone.parent.mkdir()
    options = [*CHUNKS, "--compression", "blosc-lz4", "-j", 1]
    cli("convert", scans["longer"], alone, *options, "-q").succeeded()
    level = cli("plan", scans["longer"], output, *options, "--parts", 2, "--json").succeeded().json["partLevel"]
    # Two at once, of which one is killed when it has begun to write, and one is ended as schedulers do.
    first, second = (cli.fall_asleep("part", 1, output) for _ in range(2))
    first.kill()
    second.send_signal(signal.SIGTERM)
    second.send_signal(signal.SIGCONT)
    _, told = second.communicate()
    first.communicate()
    assert second.returncode == 128 + signal.SIGTERM and "what is done of it is kept" in told
    left = cli("finish", output)
    assert (left.status, "parts 1 and 2 of 2 are not converted" in left.stderr) == (1, True)
    with ThreadPoolExecutor() as pool:
        for run in pool.map(lambda part: cli("part", part, output), (1, 2, 1)):
            run.succeeded()
    again = cli("part", 1, output, "--json").succeeded().json
    assert again["already"]
    shutil.copytree(alone, output)
    in_the_way = cli("finish", output)
    assert in_the_way.status == 1 and "has come to be since it was planned: move it" in in_the_way.stderr
    shutil.rmtree(output)
    chunk = next(path for path in sorted(Path(f"{output}.partial", "0").rglob("*")) if path.is_file())
    chunk.unlink()
    found = cli("finish", output)
    assert found.status == 1 and "Run all parts again" in found.stderr
    for part in (1, 2):
        cli("part", part, output).succeeded()
    # As many bytes, but others, of what is read back: found as it is.
    for chunk in [path for path in Path(f"{output}.partial", str(level)).rglob("*") if path.name.isdigit()]:
        if chunk.is_file():
            chunk.write_bytes(bytes(chunk.stat().st_size))
    found = cli("finish", output)
    assert found.status == 1 and "chunks of parts 1 and 2 are not as they were written" in found.stderr
    for part in (1, 2):
        cli("part", part, output).succeeded()
    cli("finish", output, "-q").succeeded()
    assert contents(output) == contents(alone)


def test_what_is_finished_may_be_finished_again(cli, scans, tmp_path):
    output, planned = tmp_path / "out.ome.zarr", ["plan", scans["float32"], tmp_path / "out.ome.zarr", *CHUNKS]
    cli(*planned, "--parts", 2).succeeded()
    for part in (1, 2):
        cli("part", part, output).succeeded()
    first = cli("finish", output, "--progress", "json").succeeded().events[-1]
    again = cli("finish", output, "--progress", "json").succeeded().events[-1]
    assert (first["already"], again["already"]) == (False, True)
    assert {**again, "already": False, "seconds": 0} == {**first, "seconds": 0}
    done = cli("part", 2, output, "--json").succeeded().json
    assert (done["already"], done["parts"]) == (True, 2) and done["bytesWritten"] > 0
    told = cli(*planned, "--parts", 2, "--resume", "--json").succeeded().json
    assert (told["finished"], told["converted"]) == (True, [1, 2])
    # Otherwise it would be another one, which takes nothing from this.
    other = cli("plan", scans["float32"], output, *CHUNKS[:-1], 24, "--parts", 2, "--resume")
    assert other.status == 1 and "was finished as it was planned before" in other.stderr
    assert f"--chunk-size was {' '.join(map(str, CHUNKS[1:]))} and is" in other.stderr
    # What may pass changes nothing of that; a copy is as good, unless it lacks a chunk.
    note = tmp_path / ".out.ome.zarr.finished"
    kept = note.read_bytes()
    moved = scans["float32"].rename(scans["float32"].with_name("moved.tif"))
    assert cli(*planned, "--parts", 2, "--resume").status == 1
    moved.rename(scans["float32"])
    copy = shutil.copytree(output, tmp_path / "copy" / output.name)
    shutil.copy(note, copy.parent)
    assert cli("finish", copy, "-q").succeeded().stdout == f"{copy}\n"
    shutil.rmtree(copy / "1" / "c" / "0")
    assert "level 1 lacks files of chunks that were there" in cli("finish", copy).stderr
    # Parts of another plan, which is refused, are not done by these; nor are those of an output that is another now.
    assert "exists already" in cli(*planned, "--parts", 3).stderr
    for way in ("refused", "another"):
        if way == "another":
            note.write_bytes(kept)
            cli("convert", scans["labels"], output, "--overwrite", "-q").succeeded()
            assert not note.exists()
        for words in (["part", 1], ["finish"]):
            run = cli(*words, output)
            assert (run.status, "nothing is planned for it" in run.stderr) == (1, True)


def test_finish_waits_for_whoever_is_at_it(cli, scans, tmp_path):
    """A part that sleeps, and is done by another; and another finish. All of what two have written is synced."""
    output = tmp_path / "out.ome.zarr"
    cli("plan", scans["longer"], output, *CHUNKS, "-j", 1, "--parts", 2).succeeded()
    asleep = cli.fall_asleep("part", 1, output)
    for part in (1, 2):
        cli("part", part, output).succeeded()
    first = cli.start("finish", output, env=os.environ | recorded(tmp_path, "first"))
    said = first.stderr.readline()
    assert f"waiting for process {asleep.pid} on " in said and "which is still at part 1" in said
    second = cli.start("finish", output, env=os.environ | recorded(tmp_path, "second"))
    asleep.send_signal(signal.SIGCONT)
    told = [process.communicate(timeout=60) for process in (asleep, first, second)]
    assert [process.returncode for process in (asleep, first, second)] == [0, 0, 0]
    assert "is converted already" in told[0][0]
    assert sorted("finished before" in err for _, err in told[1:]) == [False, True]
    chunks = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file() and path.name.isdigit()}
    assert synced(tmp_path / ("second" if "finished before" in told[1][1] else "first")) >= chunks
    # What one process alone has written, its part has synced.
    shutil.rmtree(output)
    cli("plan", scans["longer"], output, *CHUNKS, "--parts", 1).succeeded()
    cli("part", 1, output).succeeded()
    cli("finish", output, env=os.environ | recorded(tmp_path, "alone")).succeeded()
    assert not any(name.startswith("0/") for name in synced(tmp_path / "alone") & chunks)


def recorded(folder: Path, log: str) -> dict[str, str]:
    """Environment of a process whose changes to files are noted."""
    return {
        **preloaded("recorder.cjs"),
        "MICROCT_RECORD_ROOT": str(folder),
        "MICROCT_RECORD_LOG": str(folder / log),
    }


def synced(log: Path) -> set[str]:
    """Files of the unfinished output that it has put on the disk."""
    calls = calls_of(log)
    opened = {call["id"]: call["path"] for call in calls if call["call"] == "open"}
    return {opened[call["id"]].split(".partial/")[-1] for call in calls if call["call"] == "synced"}


def test_what_is_planned_is_nobody_elses(cli, scans, tmp_path):
    output = tmp_path / "out.ome.zarr"
    scan = tmp_path / "scan.tif"
    scan.write_bytes(scans["float32"].read_bytes())
    assert "nothing is planned for it" in cli("part", 1, output).stderr
    planned = cli("plan", scan, output, "--parts", 1000, "-c", 64, 64, 64)
    assert planned.status == 0 and "1000 parts were asked for, and there are 8" in planned.stdout
    for command in (["convert", scan, output], ["plan", scan, output, "--parts", 2]):
        refused = cli(*command)
        assert refused.status == 1 and "is converted in parts" in refused.stderr
    assert "has parts from 1 to 8, and no part 9" in cli("part", 9, output).stderr
    assert cli("part", 2, output, "--jobs", 0).stderr.count("\n") == 1
    planned = cli("plan", scan, output, "--parts", 5, "--resume", "-c", 64, 64, 64, "--json").json
    assert planned["converted"] == [] and "was planned in 8 parts before, which are kept" in planned["warnings"][-1]
    assert f"give the name that it will have, {output}" in cli("part", 1, f"{output}.partial").stderr
    assert "is converted in parts, which are not finished" in cli("info", f"{output}.partial").stderr
    os.utime(scan, (1, 1))
    changed = cli("part", 1, output)
    assert changed.status == 1 and "scan.tif has been written to since: discard what is planned" in changed.stderr
    assert cli("finish", output, "--discard").status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


def test_clocks_may_differ(cli, scans, tmp_path, monkeypatch):
    """Who writes on another machine is believed for two minutes, by the clock of the disk that both share."""
    output = tmp_path / "out.ome.zarr"
    marker = tmp_path / "out.ome.zarr.partial" / ".microct-io-vis.json"
    marker.parent.mkdir()
    marker.write_text(json.dumps({"tool": "microct-io-vis", "host": "another", "pid": 1, "started": None, "id": "1"}))
    monkeypatch.setenv("NODE_OPTIONS", f"--require={Path(__file__).with_name('other_clock.cjs')}")
    refused = cli("convert", scans["float32"], output)
    assert refused.status == 1 and "is being written by another conversion (process 1 on another)" in refused.stderr
    seconds = time.time() - 200
    os.utime(marker, (seconds, seconds))
    cli("convert", scans["float32"], output).succeeded()


def test_what_is_lost_or_damaged_is_made_anew_or_told(cli, scans, tmp_path):
    output = tmp_path / "out.ome.zarr"
    partial = tmp_path / "out.ome.zarr.partial"
    planned = ["plan", scans["float32"], output, *CHUNKS, "--parts", 2]
    cli(*planned).succeeded()
    cli("part", 1, output).succeeded()
    shutil.rmtree(partial / ".microct-io-vis.parts")
    for part in (1, 2):
        cli("part", part, output).succeeded()
    cli("finish", output).succeeded()
    # What a finish that was killed was about to remove, and numbers that no process has.
    shutil.copytree(output, tmp_path / "out.ome.zarr.previous-99999999")
    (tmp_path / "out.ome.zarr.partial-99999999-a-gone").mkdir()
    assert "finished before" in cli("finish", output).stderr
    assert sorted(os.listdir(tmp_path)) == [".out.ome.zarr.finished", "out.ome.zarr"]
    cli(*planned, "--overwrite").succeeded()
    plan = partial / ".microct-io-vis.plan"
    text = plan.read_text()
    other = text[9:-1].replace('"version":"', '"version":"9.')
    for written, said in (
        (text[:99], "its plan is damaged: discard"),
        (f"{zlib.crc32(other.encode()):08x} {other}\n", "was planned by version 9."),
    ):
        plan.write_text(written)
        assert said in cli("part", 1, output).stderr
    (partial / "thesis.txt").write_text("somebody's")
    assert "out.ome.zarr.partial: has a plan that cannot be read" in cli("finish", output, "--discard").stderr
    (partial / "thesis.txt").unlink()
    assert cli("finish", output, "--discard").succeeded() and os.listdir(tmp_path) == ["out.ome.zarr"]


def test_there_are_as_many_parts_as_are_worth_their_start(cli, tmp_path):
    scan = tmp_path / "scan.tif"
    # 64 GiB of which the disk has next to nothing.
    tifffile.memmap(scan, shape=(128, 32768, 16384), dtype="uint8", bigtiff=True, photometric="minisblack")

    def planned(parts: str):
        return cli("plan", scan, tmp_path / "out.ome.zarr", "--parts", parts, "--dry-run", "--json")

    found = {parts: len(planned(parts).succeeded().json["parts"]) for parts in ("2-8", "2-3", "6-8", "4-4")}
    assert found == {"2-8": 4, "2-3": 3, "6-8": 6, "4-4": 4}
    assert "at least 8 parts, and at most 2" in planned("8-2").stderr
    assert planned("2-").status == 2 and os.listdir(tmp_path) == ["scan.tif"]


def test_parts_of_a_source_larger_than_the_memory_end_well(cli, tmp_path):
    scan, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    # Of its 1 TiB the disk has next to nothing; what is read of such a source is forgotten by the page cache.
    tifffile.memmap(scan, shape=(1024, 32768, 32768), dtype="uint8", bigtiff=True, photometric="minisblack")
    cli("plan", scan, output, "--parts", 1, "--roi", 0, 32, 0, 64, 0, 64).succeeded()
    part = cli("part", 1, output)
    assert (part.status, part.stderr.count("await")) == (0, 0)
    cli("finish", output).succeeded()


def test_a_part_that_its_job_has_too_little_memory_for_says_what_the_job_must_have(cli, scans, tmp_path):
    output = tmp_path / "out.ome.zarr"
    cli("plan", scans["longer"], output, "-c", 128, 128, 128, "--parts", 2).succeeded()

    def part(*words: object, memory: str):
        return cli("part", 1, output, *words, env=os.environ | {"SLURM_MEM_PER_NODE": memory})

    needed = set()
    for words in ([], ["--max-memory", "1G"]):
        run = part(*words, memory="100")
        assert run.status == 1
        assert "budget of 90.0 MiB (nine tenths of the 100 MiB of SLURM_MEM_PER_NODE=100) is too" in run.stderr
        needed.add(re.search(r": have its job be given at least (\d+) MiB, of which", run.stderr)[1])
    [memory] = needed
    part(memory=memory).succeeded()


def test_too_little_memory_is_the_jobs_where_nobody_has_given_another(cli, volume, tmp_path):
    output = tmp_path / "out.ome.zarr"
    cli("convert", volume, output).succeeded()

    def said(*words: object, memory: str) -> str:
        run = cli(*words, env=os.environ | {"SLURM_MEM_PER_NODE": memory})
        assert run.status == 1 and "too small" in run.stderr
        return run.stderr

    for words in (("convert", volume, tmp_path / "b.ome.zarr"), ("verify", output)):
        for memory, of in (
            ("1", "922 KiB (nine tenths of the 1.00 MiB"),
            ("60", "54.0 MiB (nine tenths of the 60.0 MiB"),
        ):
            message = said(*words, memory=memory)
            assert f"a memory budget of {of} of SLURM_MEM_PER_NODE={memory})" in message
            assert "have its job be given at least" in message and "--max-memory" not in message
        assert "give at least" in said(*words, "-m", "50M", memory="1000")
