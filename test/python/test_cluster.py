"""Conversions by a Dask cluster: real workers, each in a process, of which one is killed in mid-run."""

import csv
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import dask
import numpy as np
import psutil
import pytest
import tifffile
from command_line import PATIENCE, preloaded
from distributed import Client, LocalCluster
from jupyter_client.manager import start_new_kernel
from oracle import files
from range_server import serving

import microct_io_vis
from microct_io_vis import ConversionError, ConversionWarning, ConverterWidget, convert, convert_many, verify
from microct_io_vis.batch import Batch
from microct_io_vis.cluster import client as cluster_client
from microct_io_vis.cluster import tasks as cluster_tasks
from microct_io_vis.cluster.verification import piece_count

OPTIONS = {"chunk_size": 16, "dtype": "uint8", "value_range": ("1%", "99%"), "compression": "blosc-lz4"}


def contents(output: Path) -> dict[str, bytes]:
    return {name: (output / name).read_bytes() for name in files(output)}


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scan.tif"
    array = np.random.default_rng(2).normal(0, 9, (64, 160, 160)).astype("float32")
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None)
    return path


@contextmanager
def client_of(count: int, **more):
    """A client of so many processes with a thread each."""
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None, **more) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with client_of(2, resources={"microct": 1}) as client:
        yield client


INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from distributed import Client, LocalCluster
from microct_io_vis import convert
source, output = sys.argv[1:]
def interrupt():
    while not Path(output + ".partial", ".microct-io-vis.plan").exists():
        time.sleep(0.0005)
    os.kill(os.getpid(), signal.SIGINT)
with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster, Client(cluster) as client:
    threading.Thread(target=interrupt).start()
    try:
        convert(source, output, client=client, progress=False)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_an_interrupt_while_it_is_planned_leaves_nothing(scan, tmp_path):
    words = [sys.executable, "-c", INTERRUPTED, str(scan), str(tmp_path / "out.ome.zarr")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ended.stdout == "interrupted\n" and not list(tmp_path.iterdir())


def test_a_cluster_makes_what_one_machine_makes_though_a_worker_is_killed(client, scan, tmp_path):
    alone, output = tmp_path / "alone" / "out.ome.zarr", tmp_path / "out.ome.zarr"
    alone.parent.mkdir()
    convert(scan, alone, progress=False, **OPTIONS)
    killed, progress = [], []

    def on_progress(told):
        progress.append(told)
        if told["done_bytes"] > told["total_bytes"] / 3 and not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    found = convert(scan, output, progress=on_progress, client=client, parts=3, resources={"microct": 1}, **OPTIONS)
    assert found == output and killed
    assert contents(output) == contents(alone)
    done = [told["done_bytes"] for told in progress]
    assert progress[-1]["done_bytes"] == progress[-1]["total_bytes"] == 2 * 64 * 160 * 160 * 4 and len(done) > 2
    for damage in ([], ["0/c/1/2/3", "1/c/1/1/1", "3/c/0/0/0"]):
        for chunk in damage:
            (output / chunk).write_bytes((output / "0/c/0/0/0").read_bytes())
        told: list = []
        together, by_one = (
            verify(output, os.path.relpath(scan), progress=told.append, client=client),
            verify(output, os.path.relpath(scan), progress=False),
        )
        assert replace(together, seconds=0) == replace(by_one, seconds=0)
        assert bool(together) == (not damage) and together.voxels_compared > 64 * 160 * 160
        assert told[-1]["done_bytes"] == told[-1]["total_bytes"] > 64 * 160 * 160
    with pytest.raises(ConversionError, match="exists already"):
        convert(scan, output, progress=False, client=client, **OPTIONS)


@pytest.mark.parametrize("name", ["parts", "resources"])
def test_what_is_for_a_cluster_is_refused_without_one(scan, name):
    given = {name: 2 if name == "parts" else {"microct": 1}}
    for made in (ConverterWidget, convert, *([convert_many] if name == "resources" else [])):
        with pytest.raises(ValueError, match=f"^{name}: only for a Dask cluster: give its client, too$"):
            made(scan, **given)


def test_a_cluster_that_is_closed_at_once_logs_no_error(scan, tmp_path):
    """Where a task waited for a cancel, Dask would tell of it in its log."""
    script = tmp_path / "script.py"
    script.write_text(
        f"""
from distributed import Client, LocalCluster
from microct_io_vis import convert, convert_many

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        words = {{"client": client, "chunk_size": 16, "progress": False}}
        convert_many([{str(scan)!r}], {str(tmp_path)!r}, **words)
        convert({str(scan)!r}, {str(tmp_path / "out.ome.zarr")!r}, **words)
""",
        encoding="utf-8",
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert ended.returncode == 0 and "ERROR" not in ended.stderr, ended.stderr


@pytest.mark.parametrize(
    "slots, size, pieces",
    [(2, 9 * 2**30, 2), (64, 2**41, 128), (64, 2**44, 256), (0, 2**20, 8)],
    ids=["small", "large", "vast", "nobody yet"],
)
def test_pieces_are_worth_their_start(slots, size, pieces):
    assert piece_count(slots, size) == pieces


def test_a_cluster_converts_many(client, scan, tmp_path):
    for name in ("a", "b"):
        shutil.copy(scan, tmp_path / f"{name}.tif")
    (tmp_path / "c.tif").write_bytes(b"no TIFF")
    words = {"report": tmp_path / "report", "client": client, "resources": {"microct": 1}, "progress": False}
    result = convert_many(tmp_path, tmp_path / "out", **words, **OPTIONS)
    assert [entry.state for entry in result] == ["done", "done", "failed"]
    alone = convert(tmp_path / "a.tif", progress=False, **OPTIONS)
    assert contents(alone) == contents(result[0].output)
    told = json.loads((tmp_path / "report.json").read_text())
    table = list(csv.DictReader((tmp_path / "report.csv").open(newline="")))
    assert [row["state"] for row in told] == [row["state"] for row in table] == ["done", "done", "failed"]
    assert set(told[0]) == set(table[0])
    # Keys in addresses are nobody else's.
    away = convert_many(["http://me:secret@127.0.0.1:9/scan.tif?token=secret"], tmp_path / "out", **words)
    assert [entry.state for entry in away] == ["failed"]
    assert json.loads((tmp_path / "report.json").read_text())[0]["source"] == "http://127.0.0.1:9/scan.tif"
    with serving(tmp_path) as web:
        address = f"{web.address.replace('//', '//me:secret@')}/a.tif?token=secret"
        apart = convert(address, tmp_path / "web.ome.zarr", parts=2, client=client, progress=False, **OPTIONS)
    with pytest.raises(ConversionError, match="nothing answers"):
        convert(address, tmp_path / "no.ome.zarr", parts=2, client=client, progress=False, **OPTIONS)
    assert (microct_io_vis.open(apart)[:] == microct_io_vis.open(alone)[:]).all()
    assert "secret" not in str(client.get_worker_logs()) + repr(away)
    # The widget's are tasks, too.
    (tmp_path / "each").mkdir()
    sources = [tmp_path / f"{name}.tif" for name in ("a", "b", "c")]
    widget = ConverterWidget(sources, target=tmp_path / "each", each=True, client=client, **OPTIONS)
    widget.start()
    with pytest.warns(ConversionWarning, match="not a TIFF"):
        assert [path.name for path in widget.wait(60)] == ["a.ome.zarr", "b.ome.zarr"]
    assert contents(tmp_path / "each" / "b.ome.zarr") == contents(result[1].output)
    assert widget.progress["done_bytes"] == widget.progress["total_bytes"] == 2 * 64 * 160 * 160


def test_what_ends_it_is_said_once_with_what_to_do(client, scan, tmp_path):
    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    output = tmp_path / "out.ome.zarr"
    words = {"client": client, "parts": 2, "progress": False, "chunk_size": 64, "compression": "none"}
    client.run(limit, 100_000)
    try:
        with pytest.raises(ConversionError, match=r"\(EFBIG\): ") as full:
            convert(scan, output, **words)
    finally:
        client.run(limit, resource.RLIM_INFINITY)
    assert full.value.code == "disk-full" and str(full.value).count("kept") == 1
    assert str(full.value).endswith(f"); what is done is kept as {output}.partial: go on with it (resume=True)")
    assert "(on the worker tcp://" in str(full.value)
    with pytest.raises(ConversionError, match=r"as somebody has planned.* or go on with it \(resume=True\)"):
        convert(scan, output, **words)
    assert contents(convert(scan, output, resume=True, **words))
    closed = Client(client.cluster)
    closed.close()
    for mistaken, said in (
        ({"client": closed}, "client: it is closed"),
        ({"parts": "many"}, "parts: 'many', where"),
        ({"parts": True}, "parts: True, where"),
        ({"resources": "microct"}, "resources: 'microct', where"),
        ({"resources": {"microct": "1"}}, "resources: {'microct': '1'}, where"),
        ({"client": None}, "parts: only for a Dask cluster"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            convert(scan, tmp_path / "other.ome.zarr", **{**words, **mistaken})


def until(condition, future) -> None:
    """Waits until a condition holds while a future is not done."""
    while not condition():
        assert not future.done(), f"ended early: {future.exception() or future.result()}"
        time.sleep(0.01)


@contextmanager
def falling_asleep(client, sleeper: str = "sleeper.cjs"):
    """Has helpers on the workers stop, usually when each has written a block; gives those that have."""

    def tell(words: dict[str, str]) -> int:
        os.environ.pop("NODE_OPTIONS", None)
        os.environ.update(words)
        return os.getpid()

    workers = client.run(tell, preloaded(sleeper)).values()

    def asleep() -> list[psutil.Process]:
        found = []
        alive = [psutil.Process(pid) for pid in workers if psutil.pid_exists(pid)]
        for helper in [each for worker in alive for each in worker.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                if helper.status() == psutil.STATUS_STOPPED:
                    found.append(helper)
        return found

    try:
        yield asleep
    finally:
        client.run(tell, {})
        for helper in asleep():
            helper.resume()


def test_what_somebody_discards_in_mid_run_is_not_said_to_be_kept(cli, client, scan, tmp_path):
    output = tmp_path / "out.ome.zarr"
    with ThreadPoolExecutor() as threads:
        with falling_asleep(client) as asleep:
            ended = threads.submit(convert, scan, output, client=client, parts=2, progress=False, **OPTIONS)
            until(lambda: len(asleep()) == 2, ended)
            cli("finish", output, "--discard").succeeded()
        error = ended.exception(60)
    assert isinstance(error, ConversionError) and error.code == "not-found"
    assert str(error).endswith(
        f"; nothing is left of what was done, since {output}.partial was removed: convert it anew"
    )
    assert "kept" not in str(error) and os.listdir(tmp_path) == []


@pytest.mark.parametrize("many", [False, True])
def test_a_notebooks_kernel_that_ends_takes_nothing_away(client, scan, tmp_path, many):
    output = tmp_path / "scan.ome.zarr"
    what = f"convert_many([{str(scan)!r}], {str(tmp_path)!r}" if many else f"convert({str(scan)!r}, {str(output)!r}"
    address = client.scheduler.address
    manager, kernel = start_new_kernel(kernel_name="python3")
    with falling_asleep(client) as asleep, ThreadPoolExecutor() as threads:
        try:
            kernel.execute(
                "from distributed import Client\nfrom microct_io_vis import convert, convert_many\n"
                f"{what}, client=Client({address!r}), progress=False, chunk_size=16)"
            )
            until(asleep, threads.submit(manager.provisioner.process.wait))
        finally:
            kernel.stop_channels()
            manager.shutdown_kernel()
        partial = Path(f"{output}.partial")
        assert partial.exists()
        deadline = time.monotonic() + PATIENCE
        while partial.exists() if many else asleep():
            assert time.monotonic() < deadline
            for helper in asleep():
                helper.resume()
            time.sleep(0.1)
    if not many:
        assert (partial / ".microct-io-vis.plan").exists()
        convert(scan, output, resume=True, client=client, progress=False, chunk_size=16)
    assert verify(output, scan, progress=False)


def test_what_is_done_of_a_part_is_kept_where_its_source_is_damaged(client, tmp_path):
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    array = np.random.default_rng(2).normal(0, 9, (64, 160, 160)).astype("float32")
    tifffile.imwrite(source, array, photometric="minisblack", compression="zlib", rowsperstrip=16, metadata=None)
    sound, times = source.read_bytes(), source.stat()
    with tifffile.TiffFile(source) as file:
        places = [file.pages[n].dataoffsets[-1 if n else 0] for n in (0, 63)]
    words: dict = {"client": client, "progress": False, "chunk_size": 16}

    def write(contents: bytes) -> None:
        source.write_bytes(contents)
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))

    first, last = (sound[:place] + bytes(64) + sound[place + 64 :] for place in places)
    write(first)
    with pytest.raises(ConversionError, match=r"scan\.tif") as damaged:
        convert(source, output, parts=1, **words)
    assert "kept" not in str(damaged.value) and os.listdir(tmp_path) == ["scan.tif"]
    write(last)
    with falling_asleep(client) as asleep, ThreadPoolExecutor() as threads:
        ended = threads.submit(convert, source, output, parts=2, **words)
        until(lambda: len(asleep()) == 2, ended)
        # Longer than from one report of progress to the next.
        time.sleep(0.5)
        while not ended.done():
            for helper in asleep():
                if "2" in helper.cmdline():
                    helper.resume()
            time.sleep(0.05)
        error = ended.exception()
    assert isinstance(error, ConversionError) and error.field == "source"
    assert str(error).endswith(f"; what is done is kept as {output}.partial: go on with it (resume=True)")
    write(sound)
    assert (microct_io_vis.open(convert(source, output, resume=True, **words))[:] == array).all()


def test_what_a_cluster_converts_can_be_cancelled(client, scan, tmp_path):
    shutil.copy(scan, tmp_path / "scan.tif")
    widget = ConverterWidget(tmp_path / "scan.tif", client=client, parts=4, **OPTIONS)
    widget.start()
    deadline = time.monotonic() + 60
    while not widget.progress.get("done_bytes") and time.monotonic() < deadline:
        time.sleep(0.02)
    threading.Thread(target=widget.cancel).start()
    with pytest.raises(ConversionError, match="cancelled"):
        widget.wait(60)
    assert widget.state == "cancelled"
    assert os.listdir(tmp_path) == ["scan.tif"]
    for name in "abcdef":
        shutil.copy(scan, tmp_path / f"{name}.tif")
    many = ConverterWidget([tmp_path / f"{name}.tif" for name in "abcdef"], each=True, client=client, ome_zarr="0.4")
    many.start()
    while not list(tmp_path.glob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.005)
    many.cancel()
    with pytest.raises(ConversionError, match="cancelled"):
        many.wait(60)
    assert not list(tmp_path.glob("*.partial")) and len(list(tmp_path.glob("*.ome.zarr"))) < 6


def cancelled_too_late(client, run, cancel, count: int) -> BaseException | None:
    """The error of what is cancelled when so many helpers are about to give their outputs their names."""
    with falling_asleep(client, "late_sleeper.cjs") as asleep, ThreadPoolExecutor() as threads:
        ended = threads.submit(run)
        until(lambda: len(asleep()) == count, ended)
        cancel()
        # Longer than it takes to ask them to stop, and to find that nothing can be removed now.
        time.sleep(3)
        for helper in asleep():
            helper.resume()
        return ended.exception()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_cancel_while_it_gets_its_name_says_that_it_is_there(client, scan, tmp_path, overwrite):
    output = tmp_path / "out.ome.zarr"
    if overwrite:
        convert(scan, output, progress=False, chunk_size=64)
    widget = ConverterWidget(scan, target=output, client=client, parts=2, overwrite=overwrite, **OPTIONS)

    def run() -> None:
        widget.start()
        widget.wait(60)

    error = cancelled_too_late(client, run, widget.cancel, 1)
    assert isinstance(error, ConversionError) and error.code == "cancelled"
    assert str(error) == f"cancelled; {output} is there: it was finished before that"
    assert microct_io_vis.open(output).dtype == "uint8" and verify(output, progress=False)
    assert not list(tmp_path.glob("*.partial"))


def test_volumes_that_end_while_a_batch_is_cancelled_are_told_of(client, scan, tmp_path):
    sources = [tmp_path / f"{name}.tif" for name in "abcd"]
    for source in sources:
        shutil.copy(scan, source)
    batch, told = Batch(sources, None, OPTIONS, report=tmp_path / "report", client=client), []
    error = cancelled_too_late(client, lambda: batch.run(told.append), batch.cancel, 2)
    assert isinstance(error, ConversionError) and error.code == "cancelled"
    outputs = sorted(tmp_path.glob("*.ome.zarr"))
    assert len(outputs) == 2 and not list(tmp_path.glob("*.partial"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert [Path(row["output"]) for row in report if row["state"] == "done"] == outputs
    assert [entry.output for entry in told] == [entry.output for entry in batch.ended] == outputs


def test_a_worker_that_is_frozen_is_named_and_the_others_go_on(scan, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_client, "ANSWER", 3)
    with (
        client_of(2) as client,
    ):
        frozen, pid = next(iter(client.run(os.getpid).items()))
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.warns(ConversionWarning, match=f"the worker {frozen} does not answer: .* restart it"):
                Batch([scan], tmp_path, OPTIONS, client=client)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert convert(scan, tmp_path / "out.ome.zarr", client=client, progress=False, **OPTIONS).exists()


def test_a_volume_is_told_as_done_though_its_worker_is_lost_when_it_has_made_it(scan, tmp_path):
    shutil.copy(scan, tmp_path / "a.tif")
    with (
        client_of(1) as client,
        ThreadPoolExecutor() as threads,
    ):
        [pid] = client.run(os.getpid).values()
        ended = threads.submit(convert_many, tmp_path, client=client, progress=False, report=tmp_path / "report")
        while not (tmp_path / "a.ome.zarr").exists() and not ended.done():
            time.sleep(0.0005)
        os.kill(pid, signal.SIGKILL)
        [entry] = ended.result(60)
    assert (entry.state, entry.error) == ("done", None)
    assert [row["state"] for row in csv.DictReader((tmp_path / "report.csv").open(newline=""))] == ["done"]
    assert verify(entry.output, scan, progress=False)


def test_a_volume_that_loses_its_workers_fails_alone(scan, tmp_path):
    for name in ("a", "b", "c"):
        shutil.copy(scan, tmp_path / f"{name}.tif")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        client_of(1) as client,
        ThreadPoolExecutor() as threads,
    ):
        # Dask takes what waits on the worker for lost with it, too: the second may fail.
        [pid] = client.run(os.getpid).values()
        words = {"client": client, "progress": False, "report": tmp_path / "report"}
        ended = threads.submit(convert_many, tmp_path, tmp_path / "out", **words, **OPTIONS)
        until(lambda: (tmp_path / "out" / "a.ome.zarr.partial").exists(), ended)
        os.kill(pid, signal.SIGKILL)
        lost, _, other = ended.result(60)
    assert (lost.state, other.state) == ("failed", "done")
    assert "workers were lost in turn" in str(lost.error) and lost.error.code == "interrupted"
    told = json.loads((tmp_path / "report.json").read_text())
    assert (told[0]["state"], told[2]["state"]) == ("failed", "done") and told[0]["error"]["message"] == str(lost.error)


@pytest.mark.parametrize("disturb", ["restart", "close"])
@pytest.mark.parametrize("what", ["many", "verify"])
def test_what_the_cluster_drops_is_told_so(scan, tmp_path, what, disturb):
    shutil.copy(scan, tmp_path / "a.tif")
    output = convert(scan, tmp_path / "whole.ome.zarr", progress=False, chunk_size=16)
    runs = {
        "many": lambda client: convert_many(tmp_path, client=client, progress=False, report=tmp_path / "report"),
        "verify": lambda client: verify(output, scan, progress=False, client=client),
    }
    with (
        client_of(1) as client,
        Client(client.cluster) as other,
        ThreadPoolExecutor() as threads,
        falling_asleep(other, "early_sleeper.cjs") as asleep,
    ):
        ended = threads.submit(runs[what], client)
        until(lambda: len(asleep()) == 1, ended)
        [helper] = asleep()
        try:
            getattr(client, disturb)()
            error = ended.exception(60)
        finally:
            with suppress(psutil.NoSuchProcess):
                helper.kill()
    assert isinstance(error, ConversionError) and error.code == "interrupted"
    said = "; volumes that are whole stay: go on with it (resume=True)" if what == "many" else ""
    assert str(error) == f"the cluster has dropped it, or is gone{said}"
    if what == "many":
        table = list(csv.DictReader((tmp_path / "report.csv").open(newline="")))
        assert [row["state"] for row in table] == ["waiting"]


def test_a_worker_with_another_version_is_named_before_anything_is_begun(scan, tmp_path):
    (other := tmp_path / "other" / "microct_io_vis-0.0.1.dist-info").mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: microct-io-vis\nVersion: 0.0.1\n")
    with client_of(2) as client:
        worker = next(iter(client.scheduler_info()["workers"]))
        client.run(lambda: sys.path.insert(0, str(other.parent)), workers=[worker])
        for run in (
            lambda: convert(scan, tmp_path / "a.ome.zarr", client=client),
            lambda: convert_many(scan, client=client),
        ):
            with pytest.raises(
                ConversionError, match=f"^{worker} has microct-io-vis 0.0.1, where {microct_io_vis.__version__} was"
            ):
                run()
    assert os.listdir(tmp_path) == ["other"]


def test_a_report_that_cannot_be_written_is_told_before_anything_is_begun(client, scan, tmp_path):
    report = tmp_path / "nowhere" / "report"
    said = f"{report}.json: there is no folder {report.parent}: make it, or write the report elsewhere (report)"
    for words in ({}, {"client": client}):
        with pytest.raises(ConversionError) as error:
            convert_many(scan, tmp_path, progress=False, report=report, **words)
        assert str(error.value) == said and error.value.code == "output-unwritable"
        assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told_in_words(client, scan, tmp_path):
    (tmp_path / "file").touch()
    nowhere = [tmp_path / "file" / "out", *([Path("/proc/nowhere/out")] if sys.platform == "linux" else [])]
    for folder in nowhere:
        for words in ({}, {"client": client}):
            with pytest.raises(ConversionError, match=f"^{folder.parent}.*: .*: choose another") as error:
                convert_many([scan], folder, progress=False, **words)
            assert error.value.code == "output-unwritable"


def test_a_cluster_reports_as_one_machine(client, scan, tmp_path):
    sources = [tmp_path / name for name in ('a "quoted", ü.tif', os.fsdecode(b"b\xff.tif"), "c.tif")]
    for source in sources[:2]:
        shutil.copy(scan, source)
    sources[2].write_bytes(b"no TIFF")
    reports = {}
    for name, words in (("alone", {}), ("together", {"client": client})):
        out, report = tmp_path / "out", tmp_path / name
        convert_many(sources, out, report=report, progress=False, **words, **OPTIONS)
        shutil.rmtree(out)
        # All is the same, to the byte, but the seconds that it took.
        reports[name] = [
            re.sub(rb'("seconds": |"done",")[\d.]+', rb"\1", Path(f"{report}.{kind}").read_bytes())
            for kind in ("json", "csv")
        ]
    assert reports["together"] == reports["alone"]
    told, table = reports["alone"]
    assert [row["state"] for row in json.loads(told.replace(b'"seconds": ,', b""))] == ["done", "done", "failed"]
    assert b'b\\udcff.tif"' in told and b'""quoted""' in table and table.count(b"\r\n") == 4


def test_where_no_worker_is_left_a_warning_says_what_waits(scan, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_tasks, "LONELY", 0.1)
    output = convert(scan, tmp_path / "whole.ome.zarr", progress=False, **OPTIONS)
    runs = {
        "conversions wait": lambda client: convert_many([scan], tmp_path, client=client, progress=False, **OPTIONS),
        "verification waits": lambda client: verify(output, scan, client=client, progress=False),
    }
    with (
        client_of(0) as client,
        ThreadPoolExecutor() as threads,
    ):
        for waits, run in runs.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                ended = threads.submit(run, client)
                until(lambda caught=caught: caught, ended)
                client.cluster.scale(1)
                assert ended.result(60)
            [told] = caught
            assert issubclass(told.category, ConversionWarning)
            assert str(told.message).endswith(f": there are no workers: the {waits} for one")
            client.cluster.scale(0)
            while client.scheduler_info()["workers"]:
                time.sleep(0.05)
