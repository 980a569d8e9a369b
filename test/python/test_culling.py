"""A Jupyter server that ends idle kernels: the helper is spared while it works, and ended when it does not."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
import zarr
from helper_client import PATIENCE, Client
from jupyter_client import KernelManager

TOKEN = "culling"


@pytest.fixture
def server(tmp_path):
    """Asks a server that ends kernels after a second without work: path, method and data to its answer.

    Helpers stop themselves where they have written a block.
    """
    runtime = tmp_path / "runtime"
    settings = ["--MappingKernelManager.cull_idle_timeout=1", "--MappingKernelManager.cull_interval=1"]
    words = [
        f"--ServerApp.root_dir={tmp_path}",
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.port=0",
        "--allow-root",
    ]
    sleeper = Path(__file__).with_name("sleeper.cjs")
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "NODE_OPTIONS": f"--require={sleeper}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *words, *settings], env=env, stderr=subprocess.DEVNULL
    )

    def ask(path, method="GET", data=None):
        [file] = runtime.glob("jpserver-*.json")
        request = urllib.request.Request(
            f"{json.loads(file.read_text())['url']}api/{path}",
            json.dumps(data).encode() if data else None,
            {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def answers():
        assert process.poll() is None
        try:
            return ask("status")
        # The file with its address is there before it is whole, and before the server listens.
        except (ValueError, OSError):
            return None

    wait_until(answers)
    yield ask
    process.terminate()
    process.wait(PATIENCE)


def test_a_helper_at_work_is_spared(server, tmp_path):
    source = tmp_path / "scan.tif"
    array = np.random.default_rng(6).integers(0, 4096, (40, 50, 60), np.uint16)
    tifffile.imwrite(source, array, metadata=None)
    kernel = server("kernels", "POST", {"name": "microct-io-vis"})["id"]
    manager = KernelManager()
    manager.load_connection_file(str(tmp_path / "runtime" / f"kernel-{kernel}.json"))
    client = Client(manager)
    client.ask("start", source=str(source), options={"levels": 1})
    # Nobody is left to tell of progress, which a server would take for activity.
    client.leave()
    children = psutil.Process().children(recursive=True)
    [helper] = [child for child in children if any(kernel in word for word in child.cmdline())]
    # At its first block it stops, so that it takes as long as this does.
    wait_until(lambda: helper.status() == psutil.STATUS_STOPPED)
    # Those that have come after it and have nothing to do go before it.
    for _ in range(2):
        server("kernels", "POST", {"name": "microct-io-vis"})
        wait_until(lambda: len(server("kernels")) < 2)
        assert [one["id"] for one in server("kernels")] == [kernel]
    helper.resume()
    wait_until(lambda: not server("kernels"))
    assert np.array_equal(zarr.open(tmp_path / "scan.ome.zarr" / "0")[:], array)


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
