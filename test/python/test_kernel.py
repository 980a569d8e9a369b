"""The helper as a Jupyter kernel, driven by jupyter_client as Jupyter's server drives it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
import zarr
from helper_client import PATIENCE, Client, HelperError, helper_manager


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A volume that takes seconds to compress."""
    path = tmp_path_factory.mktemp("large") / "large.tif"
    volume = np.random.default_rng(1).integers(0, 2**16, (160, 640, 640), np.uint16)
    tifffile.imwrite(path, volume, metadata=None)
    return path


@pytest.fixture
def root(tmp_path, large) -> Path:
    """The folder that the kernel starts in: two small volumes and a large one."""
    for name, seed in (("small", 2), ("a b", 3)):
        volume = np.random.default_rng(seed).integers(0, 2**16, (9, 40, 33), np.uint16)
        tifffile.imwrite(tmp_path / f"{name}.tif", volume, imagej=True, metadata={"axes": "ZYX"})
    (tmp_path / "large.tif").symlink_to(large)
    return tmp_path


@pytest.fixture
def manager(root):
    manager = helper_manager()
    manager.start_kernel(cwd=str(root))
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture
def connect(manager):
    clients = []

    def connect(target="microct-io-vis") -> Client:
        clients.append(Client(manager, target))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def execute(client: Client, code: str) -> tuple[dict, list[dict]]:
    """The reply to a cell, and what it showed."""
    shown = []
    reply = client.kernel.execute_interactive(code, output_hook=shown.append, timeout=PATIENCE)
    return reply["content"], [message for message in shown if message["msg_type"] not in ("status", "execute_input")]


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if "zarr" in path.name)


SLOW = {"compression": "gzip", "chunkSize": [32, 64, 64]}


def test_introduces_itself(connect):
    kernel = connect().kernel
    info = kernel.kernel_info(reply=True, timeout=PATIENCE)["content"]
    assert info["status"] == "ok"
    assert info["implementation"] == "microct-io-vis"
    assert info["language_info"]["name"] == "microct-io-vis"
    assert "info scan.tif" in info["banner"]


def test_a_cell_is_a_command_line(connect, root):
    client = connect()
    reply, shown = execute(client, "info 'a b.tif'")
    assert reply["status"] == "ok"
    assert [message["msg_type"] for message in shown] == ["execute_result"]
    assert "9 × 40 × 33 voxels" in shown[0]["content"]["data"]["text/plain"]
    assert "<table>" in shown[0]["content"]["data"]["text/html"]

    reply, shown = execute(client, "# two lines\nestimate small.tif -n 2\nmicroct-io-vis --version")
    assert [message["msg_type"] for message in shown] == ["execute_result", "stream"]
    assert f"{root / 'small.ome.zarr'}" in shown[0]["content"]["data"]["text/plain"]


def test_a_cell_converts_and_shows_its_progress(connect, root):
    reply, shown = execute(connect(), "convert small.tif --chunk-size 8 16 16")
    assert reply["status"] == "ok"
    kinds = [message["msg_type"] for message in shown]
    assert kinds[0] == "display_data" and kinds[-2:] == ["update_display_data", "execute_result"]
    displays = {message["content"]["transient"]["display_id"] for message in shown[:-1]}
    assert len(displays) == 1
    output = root / "small.ome.zarr"
    assert shown[-1]["content"]["data"] == {"text/plain": str(output)}
    assert np.array_equal(zarr.open(output / "0")[:], tifffile.imread(root / "small.tif"))


def test_a_cell_verifies_and_fails_where_something_differs(connect, root):
    client = connect()
    execute(client, "convert small.tif checked.ome.zarr --chunk-size 8 16 16 --quiet")
    reply, shown = execute(client, "verify checked.ome.zarr --against small.tif")
    assert reply["status"] == "ok"
    assert {message["msg_type"] for message in shown[:-1]} <= {"display_data", "update_display_data"}
    assert shown[-1]["content"]["data"]["text/plain"].startswith("OK: ")
    (root / "checked.ome.zarr/0/c/0/0/0").unlink()
    reply, shown = execute(client, "verify checked.ome.zarr --against small.tif --quiet --json")
    assert (reply["status"], reply["ename"]) == ("error", "corrupt") and "1 chunk" in reply["evalue"]
    assert json.loads(shown[0]["content"]["data"]["text/plain"])["chunksDiffering"] == 1


def test_a_verification_is_a_job(connect, root):
    client = connect()
    start = client.ask("start", source="small.tif", options={"output": "sub.ome.zarr", "chunkSize": [8, 16, 16]})
    queued = client.ask("verify", output="sub.ome.zarr", options={"maxMemory": 2**29, "jobs": 1})
    assert (queued["kind"], queued["output"]) == ("verify", "sub.ome.zarr") and start["kind"] == "convert"
    done = client.until_job(queued["id"], "done")
    assert done["result"] is None and done["progress"]["doneBytes"] > 0
    verdict = done["verdict"]
    assert verdict["ok"] and verdict["output"] == "sub.ome.zarr" and verdict["against"] == "small.tif"
    (root / "sub.ome.zarr/0/c/0/0/0").unlink()
    verdict = client.until_job(client.ask("verify", output=str(root / "sub.ome.zarr"))["id"], "done")["verdict"]
    assert not verdict["ok"] and verdict["chunksDiffering"] == 1
    failed = client.until_job(client.ask("verify", output="small.tif")["id"], "failed")
    assert "small.tif" in failed["error"]["message"] and failed["verdict"] is None


def test_a_folder_is_made_for_a_job_that_is_accepted(connect, root):
    client, made = connect(), {"source": "small.tif", "makeFolder": True}
    output = {"output": "made/here/small.ome.zarr"}
    with pytest.raises(HelperError, match="Chunk size"):
        client.ask("start", **made, options={**output, "chunkSize": [0, 8, 8]})
    assert not (root / "made").exists()
    job = client.ask("start", **made, options=output)
    assert client.until_job(job["id"], "done", "failed")["state"] == "done"
    assert (root / "made/here/small.ome.zarr/zarr.json").exists()


@pytest.mark.parametrize("asked", ["?", "help", "--help", "convert?", "?convert", "convert --help"])
def test_a_cell_shows_help(connect, asked):
    reply, shown = execute(connect(), asked)
    assert reply["status"] == "ok"
    assert "usage: microct-io-vis" in shown[0]["content"]["text"]
    assert ("--chunk-size" in shown[0]["content"]["text"]) == ("convert" in asked)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("info nothing.tif", "not-found", "nothing.tif"),
        ("convert small.tif --chunks 3", "bad-option", "no option --chunks"),
        ("info 'small.tif", "bad-option", "quote"),
        ("view small.tif", "bad-option", "Open in Neuroglancer"),
    ],
)
def test_a_cell_that_fails_says_so_in_one_line(connect, line, code, said):
    client = connect()
    reply, shown = execute(client, f"{line}\nconvert small.tif")
    assert reply["status"] == "error"
    assert [message["msg_type"] for message in shown] == ["error"]  # the second line does not run
    error = shown[0]["content"]
    assert error["ename"] == code
    assert said in error["evalue"] and "\n" not in error["evalue"]
    assert error["traceback"] == [f"microct-io-vis: {error['evalue']}"]
    assert execute(client, "info small.tif")[0]["status"] == "ok"


def test_a_failing_cell_stops_those_that_wait(manager, connect):
    client = connect()
    first = client.kernel.execute("convert large.tif --compression gzip --chunk-size 32 64 64")
    client.until(lambda message: message["msg_type"] == "update_display_data")
    second = client.kernel.execute("info small.tif")
    other = client.kernel.complete("in")  # answered while a cell runs; what was sent before it has then arrived
    replies = {}
    while len(replies) < 3:
        message = client.kernel.get_shell_msg(timeout=PATIENCE)
        replies[message["parent_header"]["msg_id"]] = message["content"]["status"]
        if set(replies) == {other}:
            manager.interrupt_kernel()
    assert replies == {other: "ok", first: "error", second: "aborted"}


def test_interrupt_cancels_the_cell(manager, connect, root):
    client = connect()
    request = client.kernel.execute("convert large.tif --compression gzip --chunk-size 32 64 64")
    client.until(lambda message: message["msg_type"] == "update_display_data")
    manager.interrupt_kernel()
    error = client.until(lambda message: message["msg_type"] == "error")
    assert error["parent_header"]["msg_id"] == request
    assert error["content"]["ename"] == "cancelled"
    assert leftovers(root) == []
    assert execute(client, "info small.tif")[0]["status"] == "ok"


def test_completes_commands_options_and_paths(connect):
    kernel = connect().kernel

    def matches(code: str) -> list[str]:
        content = kernel.complete(code, len(code), reply=True, timeout=PATIENCE)["content"]
        start, end = content["cursor_start"], content["cursor_end"]
        return [code[:start] + match + code[end:] for match in content["matches"]]

    assert matches("es") == ["estimate"]
    assert matches("convert small.tif --ov") == ["convert small.tif --overwrite"]
    assert matches("convert small.tif --compression b") == [
        "convert small.tif --compression blosc-zstd",
        "convert small.tif --compression blosc-lz4",
    ]
    assert matches("help\ninfo sm") == ["help\ninfo small.tif"]
    assert matches("info a") == ['info "a b.tif"']
    assert matches('info "a ') == ['info "a b.tif"']
    assert matches("info nothing") == []

    found = kernel.inspect("convert -c 1 2 3", 9, reply=True, timeout=PATIENCE)["content"]
    assert found["found"] and "--chunk-size Z Y X" in found["data"]["text/plain"]


def test_all_clients_hear_of_all_jobs(connect, root):
    one, other = connect(), connect()
    first = one.ask("start", source="large.tif", options=SLOW)
    assert first["state"] == "running" and first["output"] == "large.ome.zarr"
    second = other.ask("start", source="small.tif", options={"output": "sub.ome.zarr"})
    assert second["state"] == "running"  # a small one beside the other

    late = connect()  # a page that is loaded now
    assert [job["id"] for job in late.ask("jobs")] == [first["id"], second["id"]]
    assert {job["id"] for job in late.jobs_heard()} == {first["id"], second["id"]}

    with pytest.raises(HelperError, match="another conversion") as rival:
        late.ask("start", source="a b.tif", options={"output": str(root / "large.ome.zarr"), "overwrite": True})
    assert rival.value.code == "output-exists" and rival.value.field == "output"

    assert late.until_job(first["id"], "running")["id"] == first["id"]
    late.ask("cancel", job=first["id"])
    for client in (one, other, late):
        assert client.until_job(first["id"], "cancelled")["error"] is None
        done = client.until_job(second["id"], "done")
        assert done["result"]["output"] == "sub.ome.zarr" and done["progress"]["doneBytes"] > 0
    assert leftovers(root) == ["sub.ome.zarr"]

    late.ask("dismiss", job=first["id"])
    assert [job["id"] for job in one.ask("jobs")] == [second["id"]]
    assert any(message["content"].get("data") == {"event": "dismissed", "job": first["id"]} for message in one.heard)


def test_cancels_a_job_that_waits(connect):
    client = connect()
    running = [
        client.ask("start", source="large.tif", options={**SLOW, "output": f"{name}.ome.zarr"})
        for name in ("first", "beside")
    ]
    waiting = client.ask("start", source="small.tif", options={})
    assert (waiting["state"], waiting["waiting"]["behind"]) == ("queued", running[1]["id"])
    assert client.ask("cancel", job=waiting["id"])["state"] == "cancelled"
    for job in running:
        client.ask("cancel", job=job["id"])
        client.until_job(job["id"], "cancelled")


def test_what_cannot_work_makes_no_job(connect):
    client = connect()
    with pytest.raises(HelperError) as failure:
        client.ask("start", source="small.tif", options={"roi": [0, 99, 0, 1, 0, 1]})
    assert (failure.value.code, failure.value.field) == ("bad-option", "roi")
    with pytest.raises(HelperError) as failure:
        client.ask("estimate", source="nothing.tif", options={})
    assert (failure.value.code, failure.value.field) == ("not-found", "source")
    assert client.ask("jobs") == []


def test_paths_are_those_of_the_file_browser(connect, root):
    client = connect()
    assert client.ask("inspect", source="a b.tif")["source"] == "a b.tif"
    assert client.ask("inspect", source=str(root / "a b.tif"))["source"] == "a b.tif"
    assert client.ask("estimate", source="a b.tif", options={})["output"] == "a b.ome.zarr"
    outside = str(root.parent / "elsewhere.ome.zarr")
    assert client.ask("estimate", source="a b.tif", options={"output": outside})["output"] == outside
    located = client.ask("locate", path="a b.tif")
    assert located == {"absolute": str(root / "a b.tif"), "path": "a b.tif", "exists": True}
    assert client.ask("locate", path=outside) == {"absolute": outside, "path": None, "exists": False}


def test_reads_bytes_of_an_ome_zarr(connect, root):
    client = connect()
    client.until_job(client.ask("start", source="small.tif", options={"omeZarr": "0.4"})["id"], "done")
    found = client.ask("inspect", source="small.ome.zarr")
    assert (found["source"], found["version"], found["warnings"]) == ("small.ome.zarr", "0.4", [])
    whole = (root / "small.ome.zarr/.zattrs").read_bytes()
    read = {"root": "small.ome.zarr", "key": ".zattrs"}
    size = len(whole)
    first, data = client.ask_for_bytes("read", **read)
    # Tells the file from another of its name.
    version = first["version"]
    assert (first, data) == ({"size": size, "offset": 0, "version": version}, whole)
    assert client.ask_for_bytes("read", **read, offset=3, length=5) == (
        {"size": size, "offset": 3, "version": version},
        whole[3:8],
    )
    assert client.ask_for_bytes("read", **read, offset=-4) == (
        {"size": size, "offset": size - 4, "version": version},
        whole[-4:],
    )
    assert client.ask_for_bytes("read", **read, offset=-size - 9, length=2)[1] == whole[:2]
    assert client.ask_for_bytes("read", **read, length=0) == ({"size": size, "offset": 0, "version": version}, b"")
    assert client.ask_for_bytes("read", **read, offset=size + 9)[1] == b""
    assert client.ask_for_bytes("read", root="small.ome.zarr", key="0/9/9/9") == (
        {"size": None, "offset": 0, "version": None},
        b"",
    )


def test_reads_nothing_else(connect, root):
    client = connect()
    client.until_job(client.ask("start", source="small.tif", options={})["id"], "done")
    (root / "secret").write_text("secret")
    (root / "small.ome.zarr/link").symlink_to(root / "secret")
    for key in ("../secret", "0/../../secret", "/etc/passwd", "link", "", "0//c", "a\0b"):
        with pytest.raises(HelperError) as failure:
            client.ask("read", root="small.ome.zarr", key=key)
        assert failure.value.code == "bad-option", key
    for folder, code in (("", "output-not-ome-zarr"), ("nothing.zarr", "not-found")):
        with pytest.raises(HelperError) as failure:
            client.ask("read", root=folder, key="secret")
        assert failure.value.code == code
    with open(root / "small.ome.zarr/huge", "wb") as file:
        file.truncate(2**27)
    with pytest.raises(HelperError, match="too many"):
        client.ask("read", root="small.ome.zarr", key="huge")
    assert len(client.ask_for_bytes("read", root="small.ome.zarr", key="huge", length=2**26)[1]) == 2**26


def test_an_ome_zarr_that_has_gone_is_no_missing_chunk(connect, root):
    client = connect()
    client.until_job(client.ask("start", source="small.tif", options={})["id"], "done")
    read = {"root": "small.ome.zarr", "key": "0/c/0/0/0"}
    assert client.ask("read", **read, length=0)["size"] > 0
    (root / "small.ome.zarr").rename(root / "moved.ome.zarr")
    with pytest.raises(HelperError) as failure:
        client.ask("read", **read)
    assert failure.value.code == "not-found"


def test_answers_with_an_error_what_it_does_not_know(connect):
    client = connect()
    for method in ("nothing", "constructor", "__proto__"):
        with pytest.raises(HelperError, match="no method"):
            client.ask(method)
    stranger = connect(target="something-else")
    stranger.until(lambda message: message["msg_type"] == "comm_close")


def test_is_busy_while_a_job_runs(connect):
    client = connect()
    client.ask("jobs")
    assert client.status() == "idle"
    job = client.ask("start", source="large.tif", options=SLOW)
    client.ask("locate", path="small.tif")
    client.kernel.kernel_info(reply=True, timeout=PATIENCE)
    assert client.status() == "busy"
    client.ask("cancel", job=job["id"])
    client.until_job(job["id"], "cancelled")
    assert client.status() == "idle"


def test_progress_comes_five_times_a_second_at_most(connect):
    client = connect()
    job = client.ask("start", source="large.tif", options={"compression": "gzip"})
    client.until_job(job["id"], "running")
    done = client.until_job(job["id"], "done")
    told = [heard for heard in client.jobs_heard() if heard["state"] == "running" and heard["progress"]]
    assert told, "no progress was told"
    seconds = (done["ended"] - done["created"]) / 1000
    assert len(told) <= 5.6 * seconds + 2
    steps = [heard["progress"]["doneBytes"] for heard in told]
    assert steps == sorted(steps)


@pytest.mark.parametrize("way", ["shutdown", "signal", "cell"])
def test_what_runs_when_the_kernel_ends_can_be_resumed(manager, connect, root, cli, way):
    """A shutdown is no person's Cancel: it comes from servers that stop and from culling as well."""
    client = connect()
    words = ["--compression", "gzip", "-c", 32, 64, 64, "-m", "160M"]
    job = None
    if way == "cell":
        client.kernel.execute(f"convert large.tif {' '.join(map(str, words))}")
    else:
        job = client.ask("start", source="large.tif", options=SLOW | {"maxMemory": 160 * 2**20})
    journal = root / "large.ome.zarr.partial" / ".microct-io-vis.journal"
    client.until(lambda _: journal.exists() and b'"level":0' in journal.read_bytes())
    process = psutil.Process(manager.provisioner.process.pid)
    if way == "signal":
        process.terminate()
    else:
        # As a server does it, which interrupts the kernel before.
        manager.shutdown_kernel()
    # psutil cannot see the status of who is not its child.
    assert process.wait(PATIENCE) in (143 if way == "signal" else 0, None)
    assert leftovers(root) == ["large.ome.zarr.partial"]
    if job:
        error = client.until_job(job["id"], "failed")["error"]
        assert error["code"] == "interrupted" and "resume" in error["message"].lower()
    assert cli.estimate(root / "large.tif", *words, "--resume")["unfinished"]["doneBytes"] > 0
    cli.convert(root / "large.tif", *words, "--resume")
    assert leftovers(root) == ["large.ome.zarr"]


def test_ignores_messages_that_are_not_signed(connect):
    client = connect()
    right = client.kernel.session.key
    client.kernel.session.key = b"wrong"
    client.kernel.execute("convert small.tif")
    client.kernel.session.key = right
    assert execute(client, "info small.tif")[0]["execution_count"] == 1


def test_a_client_that_connects_anew_is_answered(manager):
    # Both have the manager's session, and with it one identity, like a websocket that was dropped and is made again.
    first, again = manager.client(), manager.client()
    for client in (first, again):
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
    first.stop_channels()
    assert again.execute_interactive("info small.tif", output_hook=lambda _: None, timeout=PATIENCE)
    again.stop_channels()


def test_ends_with_the_process_that_started_it(root):
    script = (
        "import os, sys\n"
        "from jupyter_client import KernelManager\n"
        "manager = KernelManager(kernel_name='microct-io-vis')\n"
        "manager.start_kernel()\n"
        "client = manager.client(); client.start_channels(); client.wait_for_ready(60)\n"
        "print(manager.provisioner.process.pid, flush=True)\n"
        "os._exit(0)\n"  # as if it had been killed
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    kernel = int(run.stdout)
    end = time.monotonic() + 30
    while running(kernel) and time.monotonic() < end:
        time.sleep(0.1)
    assert not running(kernel)


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
