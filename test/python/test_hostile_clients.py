"""The helper as clumsy and hostile clients meet it: what they send harms nobody else, and its cost is bounded."""

import hashlib
import hmac
import json
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
import zarr
import zmq
from helper_client import PATIENCE, Client, HelperError, data_of, helper_manager

MIB = 2**20
SLOW = {"compression": "gzip", "chunkSize": [32, 64, 64]}


class Helper:
    """A helper, what it writes to its log, and sockets that send it whatever one likes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = open(root / "log", "w+b")  # noqa: SIM115
        self.manager = helper_manager()
        self.manager.start_kernel(cwd=str(root), stderr=self.log)
        self.process = psutil.Process(self.manager.provisioner.process.pid)
        self._sockets = {}
        self._clients = []

    def client(self) -> Client:
        self._clients.append(Client(self.manager))
        return self._clients[-1]

    def send(self, *frames: bytes, channel: str = "shell") -> None:
        self._socket(channel).send_multipart(frames)

    def ask(self, channel: str = "shell") -> None:
        """Whether it still answers on a channel, whatever it was sent before."""
        self.send(*self.signed("kernel_info_request"), channel=channel)
        while True:
            assert self._socket(channel).poll(PATIENCE * 1000)
            if b"kernel_info_reply" in b"".join(self._socket(channel).recv_multipart()):
                return

    def signed(
        self, kind: str | None = None, content: bytes = b"{}", head: bytes | None = None, key=None
    ) -> list[bytes]:
        named = json.dumps({"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "s", "username": "u"}).encode()
        parts = [named if head is None else head, b"{}", b"{}", content]
        signature = hmac.new(self.manager.session.key if key is None else key, b"".join(parts), hashlib.sha256)
        return [b"<IDS|MSG>", signature.hexdigest().encode(), *parts]

    def memory(self) -> int:
        return self.process.memory_info().rss

    def leave(self) -> None:
        for client in self._clients:
            client.close()
        self._clients = []

    def close(self) -> None:
        self.leave()
        for socket in self._sockets.values():
            socket.close(linger=0)
        self.manager.shutdown_kernel(now=True)
        self.log.close()

    def _socket(self, channel: str) -> zmq.Socket:
        if channel not in self._sockets:
            socket = zmq.Context.instance().socket(zmq.DEALER)
            info = self.manager.get_connection_info()
            socket.connect(f"tcp://{info['ip']}:{info[f'{channel}_port']}")
            self._sockets[channel] = socket
        return self._sockets[channel]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    random = np.random.default_rng(1)
    tifffile.imwrite(root / "small.tif", random.integers(0, 2**16, (9, 40, 33), np.uint16), metadata=None)
    tifffile.imwrite(root / "large.tif", random.integers(0, 2**16, (96, 640, 640), np.uint16), metadata=None)
    (root / "chunks.ome.zarr").mkdir()
    (root / "chunks.ome.zarr/zarr.json").write_text("{}")
    with open(root / "chunks.ome.zarr/large", "wb") as file:
        file.truncate(64 * MIB)
    return root


@pytest.fixture(scope="module")
def of_all(root):
    helper = Helper(root)
    yield helper
    helper.close()


@pytest.fixture
def helper(of_all):
    yield of_all
    of_all.leave()


def cell(client: Client, code: str) -> dict:
    return client.kernel.execute_interactive(code, output_hook=lambda _: None, timeout=PATIENCE)["content"]


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if "out" in path.name)


DEEP = b"[" * 30_000 + b"]" * 30_000


def test_what_is_no_message_harms_nobody(helper):
    client = helper.client()
    signed = helper.signed
    comm = client.comm.encode()
    for channel in ("shell", "control", "hb", "stdin"):
        for frames in (
            [b""],
            [b"", b""],
            [b"<IDS|MSG>"],
            signed("kernel_info_request")[:4],
            signed("kernel_info_request", key=b"wrong"),
            signed(head=b"null"),
            signed(head=b'{"msg_type": null}'),
            signed(head=b'{"msg_type": "execute_request"}', content=b"\xff{"),
            # Its answers would have all of its header in them.
            signed(head=b'{"msg_type": "execute_request", "x": ' + DEEP + b"}", content=b'{"code": "info small.tif"}'),
            signed(head=b'{"msg_type": "execute_request", "x": "' + b"x" * 10**6 + b'"}'),
            signed("execute_request", b'{"code": {"toString": 1}}'),
            signed("complete_request", b'{"code": {"toString": 1}, "cursor_pos": "x"}'),
            signed("inspect_request", b"{}"),
            signed("comm_open", b"{}"),
            signed("comm_open", b'{"comm_id": {"toString": 1}, "target_name": "microct-io-vis"}'),
            signed("comm_msg", b'{"comm_id": "unknown", "data": {}}'),
            signed("comm_msg", b'{"comm_id": "' + comm + b'", "data": null}'),
            signed("comm_msg", b'{"comm_id": "' + comm + b'", "data": {"id": ' + DEEP + b', "method": "jobs"}}'),
            signed("comm_msg", b'{"comm_id": "' + comm + b'", "data": {"id": 7, "method": ' + DEEP + b"}}"),
            signed("comm_close", b"{}"),
            signed("__proto__"),
        ):
            helper.send(*frames, channel=channel)
    for _ in range(500):
        helper.send(b"noise")
    helper.ask("shell")
    helper.ask("control")
    assert cell(client, "info small.tif")["status"] == "ok"
    assert client.ask("locate", path="small.tif")["exists"]
    assert client.kernel.hb_channel.is_beating()
    # A log that grows with every wrong message fills a disk.
    lines = Path(helper.log.name).read_text().splitlines()
    assert len(lines) == 1 and "ignored" in lines[0], lines


def test_what_is_too_long_is_refused_at_once(helper):
    client = helper.client()
    before = helper.memory()
    data = b"x" * (60 * MIB)
    for frames in (
        [data],
        [*helper.signed("comm_msg", key=b"wrong"), data, data],
        [*helper.signed("comm_msg"), data],
        helper.signed("comm_msg", b'{"comm_id": "' + data + b'"}'),
    ):
        helper.send(*frames)
        time.sleep(0.1)
        assert client.ask("locate", path="small.tif")["exists"]
    assert helper.memory() - before < 40 * MIB
    began = time.monotonic()
    for code in (" a" * 4 * 10**6, "?" * 10**5, "info " + "?" * 10**5 + "x"):
        helper.send(*helper.signed("complete_request", json.dumps({"code": code}).encode()))
        helper.send(*helper.signed("inspect_request", json.dumps({"code": code, "cursor_pos": 1}).encode()))
        assert cell(client, code)["status"] == ("ok" if code[0] == "?" else "error")
    for params in (
        {"source": "x/" * 10**6},
        {"source": ["x"] * 10**6},
        {"source": "small.tif", "options": {"x": [[[[[]]]]]}},
    ):
        with pytest.raises(HelperError) as refused:
            client.ask("inspect", **params)
        assert refused.value.code == "bad-option" and len(str(refused.value)) < 400
    assert time.monotonic() - began < 60, "work grows with the square of what was sent"


JUNK = [None, -1, 1e308, "", "é\0", "../..", [], [[]], {}, [1e9] * 3, [None] * 3, {"toString": 1}, "x" * 300]
OPTIONS = [
    "output",
    "parent",
    "slices",
    "image",
    "describedBy",
    "zAxis",
    "palette",
    "orientation",
    "chunkSize",
    "levels",
    "shard",
    "downsample",
    "labels",
    "compression",
    "checksum",
]
OPTIONS += [
    "maxMemory",
    "dtype",
    "channel",
    "valueRange",
    "roi",
    "voxelSize",
    "unit",
    "omeZarr",
    "jobs",
    "overwrite",
    "resume",
    "__proto__",
]


def test_junk_is_refused_in_words(helper, root):
    client = helper.client()
    good = {
        "source": "small.tif",
        "options": {},
        "path": "x",
        "output": "small.tif",
        "job": "x",
        "to": "up",
        "root": "chunks.ome.zarr",
    }
    good |= {"key": "large", "offset": 0, "length": 1}
    requests = [
        (method, {name: good[name] for name in names} | {wrong: junk})
        for method, names in {
            "inspect": ["source", "options"],
            "start": ["source", "options"],
            "unfinished": ["path"],
            "verify": ["output", "options"],
            "cancel": ["job"],
            "move": ["job", "to"],
            "locate": ["path"],
            "read": ["root", "key", "offset", "length"],
        }.items()
        for wrong in names
        for junk in JUNK
        if (method, wrong) != ("start", "options")
    ]
    requests += [
        ("estimate", {"source": source, "options": {name: junk}})
        for source in ("small.tif", ".")
        for name in (OPTIONS if source != "." else ["slices"])
        for junk in JUNK
    ]
    requests += [
        ("verify", {"output": "small.tif", "options": {name: junk}}) for name in ("maxMemory", "jobs") for junk in JUNK
    ]
    for number, (method, params) in enumerate(requests, start=1000):
        client._send("comm_msg", {"comm_id": client.comm, "data": {"id": number, "method": method, "params": params}})
    for number, request in enumerate(requests, start=1000):
        answer = client.until(lambda message, number=number: data_of(message, client.comm).get("id") == number)
        assert data_of(answer, client.comm).get("error", {}).get("code") != "internal", request
    for job in client.ask("jobs"):
        if job["kind"] == "convert":
            client.ask("cancel", job=job["id"])
        assert (client.until_job(job["id"], "done", "failed", "cancelled")["error"] or {}).get("code") != "internal"


def test_twenty_clients_are_each_given_their_own(helper, root):
    for n in range(20):
        tifffile.imwrite(root / f"of{n}.tif", np.full((5, 16 + n, 20), n, np.uint8), metadata=None)
        (root / f"chunks.ome.zarr/of{n}").write_bytes(bytes([n]) * (20_000 + n))
    clients = [helper.client() for _ in range(20)]
    wrong = []

    def work(n: int) -> None:
        try:
            for _ in range(2):
                assert clients[n].ask("inspect", source=f"of{n}.tif")["shape"] == [5, 16 + n, 20]
                _, data = clients[n].ask_for_bytes("read", root="chunks.ome.zarr", key=f"of{n}")
                assert data == bytes([n]) * (20_000 + n)
        except BaseException as error:
            wrong.append((n, error))

    threads = [threading.Thread(target=work, args=[n]) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_comms_of_one_name_and_one_that_is_closed_in_mid_read(helper):
    one, other = helper.client(), helper.client()
    for _ in range(3):
        other._send("comm_open", {"comm_id": one.comm, "target_name": "microct-io-vis", "data": {}})
    assert one.ask("locate", path="small.tif")["exists"]
    files = helper.process.num_fds()
    before = helper.memory()
    for n in range(40):
        read = {"id": 100 + n, "method": "read", "params": {"root": "chunks.ome.zarr", "key": "large"}}
        other._send("comm_msg", {"comm_id": other.comm, "data": read})
    other._send("comm_close", {"comm_id": other.comm, "data": {}})
    assert one.ask("locate", path="small.tif")["exists"]
    assert len(one.ask_for_bytes("read", root="chunks.ome.zarr", key="large", length=9)[1]) == 9
    assert helper.memory() - before < 200 * MIB
    assert helper.process.num_fds() <= files + 2
    # Not half of them were under way when it was closed.
    assert sum(len(message["buffers"]) for message in one.heard) < 20


@contextmanager
def stalled_beside(client: Client, helper: Helper) -> Iterator[subprocess.Popen]:
    """A page that takes nothing of what is published; it is sent all that others are."""
    info = helper.manager.get_connection_info()
    script = (
        "import sys, time, zmq\n"
        "socket = zmq.Context().socket(zmq.SUB)\n"
        "socket.subscribe(b'')\n"
        f"socket.connect('tcp://{info['ip']}:{info['iopub_port']}')\n"
        "socket.recv()\n"
        "print('there', flush=True)\n"
        "time.sleep(99)\n"
    )
    stalled = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        # It hears what is published now, and nothing of what was before.
        while not select.select([stalled.stdout], [], [], 0.05)[0]:
            client.ask("locate", path="small.tif")
        stalled.send_signal(signal.SIGSTOP)
        yield stalled
    finally:
        stalled.kill()
        stalled.communicate()


def ask_for_large(client: Client, asked: range) -> None:
    """Sends more requests for bytes than are answered at once."""
    for n in asked:
        read = {"id": n, "method": "read", "params": {"root": "chunks.ome.zarr", "key": "large"}}
        client._send("comm_msg", {"comm_id": client.comm, "data": read})


def test_who_takes_nothing_costs_no_memory_and_keeps_others_waiting_only_for_bytes(helper):
    client = helper.client()
    with stalled_beside(client, helper) as stalled:
        before = helper.memory()
        asked = range(900, 908)
        ask_for_large(client, asked)
        # They are answered in any order.
        client.until(lambda message: data_of(message, client.comm).get("id") in asked)
        client.listen(2)
        arrived = {data_of(message, client.comm).get("id") for message in client.heard}
        assert not arrived.issuperset(asked)
        assert helper.memory() - before < 250 * MIB
        assert client.ask("locate", path="small.tif")["exists"]
        stalled.kill()
        for n in asked:
            client.until(lambda message, n=n: data_of(message, client.comm).get("id") == n)
        assert helper.memory() - before < 250 * MIB


def test_reads_that_are_wanted_no_more_are_not_sent(helper):
    client = helper.client()
    with stalled_beside(client, helper):
        asked = range(700, 708)
        ask_for_large(client, asked)
        for n in asked:
            client.ask("abandon", request=n)
        answers = [client.until(lambda message, n=n: data_of(message, client.comm).get("id") == n) for n in asked]
    errors = [data_of(answer, client.comm).get("error") for answer in answers]
    assert {error["code"] for error in errors if error} == {"cancelled"}
    # Some may have been on their way.
    assert errors.count(None) < 4
    assert [len(answer["buffers"]) for answer in answers] == [int(error is None) for error in errors]


def test_a_storm_of_cancels_leaves_nothing_half(helper, root):
    client = helper.client()
    for job in ("unknown", ""):
        with pytest.raises(HelperError) as refused:
            client.ask("cancel", job=job)
        assert refused.value.code == "not-found"
    jobs = [
        client.ask(
            "start", source="small.tif" if n % 3 else "large.tif", options=SLOW | {"output": f"storm-out{n}.ome.zarr"}
        )["id"]
        for n in range(6)
    ]
    for n in range(300):
        cancel = {"id": 10_000 + n, "method": "cancel", "params": {"job": jobs[-1 - n % 6]}}
        client._send("comm_msg", {"comm_id": client.comm, "data": cancel})
    ended = [client.until_job(job, "done", "cancelled")["state"] for job in jobs]
    assert "cancelled" in ended
    for n, state in enumerate(ended):
        output = root / f"storm-out{n}.ome.zarr"
        assert client.ask("cancel", job=jobs[n])["state"] == state
        assert output.exists() == (state == "done")
        if state == "done":
            source = tifffile.imread(root / ("small.tif" if n % 3 else "large.tif"))
            assert np.array_equal(zarr.open(output / "0")[:], source)
    assert not [name for name in leftovers(root) if "partial" in name]
    assert client.status() == "idle"


def test_what_a_killed_helper_leaves_is_found_and_gone_on_with(tmp_path, root):
    (tmp_path / "large.tif").symlink_to(root / "large.tif")
    helper = Helper(tmp_path)
    try:
        options = SLOW | {"output": "out.ome.zarr", "maxMemory": 160 * MIB}
        client = helper.client()
        client.ask("start", source="large.tif", options=options)
        journal = tmp_path / "out.ome.zarr.partial/.microct-io-vis.journal"
        client.until(lambda _: journal.exists() and b'"level":0' in journal.read_bytes())
        helper.process.kill()
        helper.process.wait(PATIENCE)
        helper.close()
        helper = Helper(tmp_path)
        client = helper.client()
        [told] = client.ask("jobs")
        assert told["state"] == "failed" and "to be resumed" in told["error"]["message"], told
        assert client.ask("estimate", source="large.tif", options=options)["unfinished"]["doneBytes"] > 0
        found = client.ask("unfinished", path="out.ome.zarr.partial")
        assert found["source"] == "large.tif" and found["options"]["output"] == "out.ome.zarr"
        job = client.ask("start", source="large.tif", options=options | {"resume": True})
        client.until_job(job["id"], "done")
        assert leftovers(tmp_path) == ["out.ome.zarr"]
        assert np.array_equal(zarr.open(tmp_path / "out.ome.zarr/0")[:], tifffile.imread(root / "large.tif"))
    finally:
        helper.close()
