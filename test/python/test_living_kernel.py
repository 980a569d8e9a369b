"""A helper that lives for days: what it takes does not grow, whatever comes of its jobs; what the next one knows."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from helper_client import PATIENCE, Client, HelperError, helper_manager

MIB = 2**20
COUNT = int(os.environ.get("MICROCT_JOBS", "16"))
"""Jobs that one kernel does; 200 by hand."""


@pytest.fixture
def start(tmp_path):
    """Starts a helper for the folder."""
    managers, clients = [], []

    def start() -> tuple[psutil.Process, Client]:
        manager = helper_manager()
        (tmp_path / "tmp").mkdir(exist_ok=True)
        manager.start_kernel(cwd=str(tmp_path), env={**os.environ, "TMPDIR": str(tmp_path / "tmp")})
        managers.append(manager)
        clients.append(Client(manager))
        return psutil.Process(manager.provisioner.process.pid), clients[-1]

    yield start
    for client in clients:
        client.close()
    for manager in managers:
        manager.shutdown_kernel(now=True)


def write(path: Path, shape: tuple[int, int, int]) -> None:
    volume = np.random.default_rng(5).integers(0, 2**16, shape, np.uint16)
    tifffile.imwrite(path, volume, metadata=None)


def files_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def taken(process: psutil.Process) -> dict[str, int]:
    """Resources of a process that it may forget to give back."""
    return {"files": process.num_fds(), "threads": process.num_threads(), "memory": process.memory_info().rss // MIB}


def test_many_jobs_of_one_kernel(start, tmp_path):
    write(tmp_path / "scan.tif", (24, 96, 96))
    write(tmp_path / "larger.tif", (96, 512, 512))
    process, client = start()
    steps: list[dict[str, int]] = []
    known: set[str] = set()
    options = {"chunkSize": [16, 32, 32], "jobs": 2, "maxMemory": 2**28, "overwrite": True}
    for n in range(COUNT):
        kind = ("convert", "verify", "fail", "cancel")[n % 4]
        if kind == "verify":
            job = client.ask("verify", output="scan.ome.zarr", options={"jobs": 2, "maxMemory": 2**28})
        elif kind == "fail":
            with pytest.raises(HelperError):
                client.ask("start", source="nothing.tif", options=options)
            job = client.ask("verify", output="larger.tif", options={"jobs": 2, "maxMemory": 2**28})
        elif kind == "cancel":
            job = client.ask("start", source="larger.tif", options=options | {"compression": "gzip"})
            client.ask("cancel", job=job["id"])
        else:
            job = client.ask("start", source="scan.tif", options=options)
        expected = {"cancel": "cancelled", "fail": "failed"}.get(kind, "done")
        assert client.until_job(job["id"], "done", "failed", "cancelled")["state"] == expected, kind
        client.ask("seen", job=job["id"])
        client.heard.clear()
        if n == 7:
            known = files_below(tmp_path)
        if n % 4 == 3:
            time.sleep(0.05)
            steps.append(taken(process))
    assert files_below(tmp_path) == known
    print(steps[1], steps[len(steps) // 2], steps[-1])
    # A thread, with its files, may be about to come or go when it is looked.
    for what in ("files", "threads"):
        assert steps[-1][what] <= max(step[what] for step in steps[: len(steps) // 2]) + 2, steps
    assert steps[-1]["memory"] <= steps[len(steps) // 2]["memory"] + 80, steps


def test_the_next_helper_tells_what_the_last_one_did(start, tmp_path):
    """It was culled or killed, and nobody was there to be told."""
    write(tmp_path / "scan.tif", (24, 96, 96))
    write(tmp_path / "larger.tif", (96, 1024, 1024))
    process, client = start()
    options = {"chunkSize": [16, 32, 32]}
    done = client.ask("start", source="scan.tif", options=options)["id"]
    client.until_job(done, "done")
    slow = options | {"compression": "gzip", "maxMemory": 2**28}
    begun, waiting = (
        client.ask("start", source="larger.tif", options=slow | {"output": output})["id"]
        for output in ("begun.ome.zarr", "waiting.ome.zarr")
    )
    verified = client.ask("verify", output="scan.ome.zarr", options={"maxMemory": 2**28})["id"]
    client.until(lambda _: (tmp_path / "begun.ome.zarr.partial" / "0").exists())
    process.kill()
    process.wait(PATIENCE)
    _, client = start()
    told = {job["id"]: job for job in client.ask("jobs")}
    assert list(told) == [done, begun, waiting, verified]
    assert told[done]["state"] == "done" and told[done]["result"]["bytesWritten"] > 0
    assert (told[begun]["state"], told[begun]["error"]["code"]) == ("failed", "interrupted")
    assert "begun.ome.zarr: " in told[begun]["error"]["message"] and "resumed" in told[begun]["error"]["message"]
    for job in (waiting, verified):
        assert told[job]["state"] == "failed" and "Start it again" in told[job]["error"]["message"]
    assert not any(job["seen"] for job in told.values())
