"""Outputs in buckets of S3: written, read by others, interrupted and gone on with, verified."""

import http.client
import json
import os
import pickle
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import numpy as np
import pytest
import tensorstore
import tifffile
from distributed import Client, LocalCluster
from moto.server import ThreadedMotoServer
from range_server import serving

import microct_io_vis

BUCKET = "scans"
SMALL = ("-c", "32", "32", "32", "-q")
Fault = Callable[[str, str, int], "int | str | None"]


class Proxy(ThreadingHTTPServer):
    """Stands before the server, counts requests, and spoils some: with a status, or by ending the connection."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.fault: Fault = lambda method, key, number: None
        self.grants: Callable[[str, str, Message], bool] = lambda method, path, headers: True
        self.knows_conditions = True
        # As some do that say nothing of it.
        self.heeds_conditions = True
        # As versitygw does not in a bucket with versions: what was removed is there for it.
        self.knows_new = True
        # As Ceph does, which finds no ETag that comes in quotes.
        self.wants_bare = False
        self.asked: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request, client_address) -> None:
        """Connections end when processes do."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.path.split("?")[0]
        with self.server.lock:
            self.server.asked.append((self.command, key))
            fault = self.server.fault(self.command, key, len(self.server.asked))
        if fault is None and not self.server.grants(self.command, self.path, self.headers):
            fault = 403
        conditions = {"if-none-match", "if-match"} & {name.lower() for name in self.headers}
        if not self.server.knows_conditions and self.command == "PUT" and conditions:
            fault = 501
        if not self.server.heeds_conditions and self.command == "PUT":
            del self.headers["If-None-Match"], self.headers["If-Match"]
        if not self.server.knows_new and self.command == "PUT" and "If-None-Match" in self.headers:
            fault = 412
        if self.server.wants_bare and self.command == "PUT" and (etag := self.headers["If-Match"]):
            fault = 412 if etag.startswith('"') else fault
            self.headers.replace_header("If-Match", f'"{etag}"')
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
            return
        if isinstance(fault, int):
            code = {
                403: "AccessDenied",
                412: "PreconditionFailed",
                500: "InternalError",
                501: "NotImplemented",
                503: "SlowDown",
            }[fault]
            content, status, headers = f"<Error><Code>{code}</Code></Error>".encode(), fault, {}
        else:
            behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)
            behind.request(self.command, self.path, body, dict(self.headers))
            response = behind.getresponse()
            content, status, headers = response.read(), response.status, dict(response.getheaders())
            behind.close()
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if fault == "half" else content)
        if fault == "half":
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, *_) -> None:
        pass


class Store:
    def __init__(self, server: int, proxy: Proxy) -> None:
        self.proxy = proxy
        self.client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{server}", region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)

    def files(self, prefix: str) -> dict[str, bytes]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return {key[len(prefix) :]: self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def asked(self) -> Counter[str]:
        """Requests for chunks since the last look, by method."""
        asked, self.proxy.asked = self.proxy.asked, []
        return Counter(method for method, key in asked if "/c/" in key)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        _, port = server.get_host_and_port()
        proxy = Proxy(port)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        patch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{proxy.server_port}")
        yield Store(port, proxy)
        proxy.shutdown()
        proxy.server_close()
    server.stop()


@pytest.fixture(autouse=True)
def honest(store: Store) -> Iterator[None]:
    yield
    store.proxy.fault = lambda method, key, number: None
    store.proxy.grants = lambda method, path, headers: True


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("source") / "scan.tif"
    array = np.random.default_rng(3).integers(0, 2**16, (40, 40, 50), np.uint16)
    tifffile.imwrite(path, array, imagej=True, metadata={"axes": "ZYX", "spacing": 2, "unit": "um"}, resolution=(1, 1))
    return path, array


@pytest.fixture(scope="module")
def expected(cli, scan) -> dict[str, bytes]:
    """The same on a disk."""
    return on_disk(cli, scan[0], *SMALL)


def on_disk(cli, source: Path, *options: object) -> dict[str, bytes]:
    # Its name is in the metadata.
    folder = source.with_name("a.ome.zarr")
    assert cli("convert", source, folder, "--overwrite", *options).succeeded()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def first(cli, scan, store) -> list[str]:
    """Keys of the requests that wrote an OME-Zarr, in their order."""
    output = f"s3://{BUCKET}/first/a.ome.zarr"
    store.proxy.asked = []
    assert cli("convert", scan[0], output, *SMALL).succeeded().stdout.strip() in ("", output)
    return [key for method, key in store.proxy.asked if method == "PUT" and "/first/a.ome.zarr/" in key]


def test_objects_are_the_files_and_the_root_comes_last(scan, store, expected, first):
    assert store.files("first/a.ome.zarr") == {f"/{name}": data for name, data in expected.items()}
    put = first
    documents = [name for name in expected if name.endswith("zarr.json")]
    assert put[-1].endswith("/a.ome.zarr/zarr.json")
    assert not any("zarr.json" in key for key in put[: -len(documents)])
    spec = {
        "driver": "zarr3",
        "kvstore": {
            "driver": "s3",
            "bucket": BUCKET,
            "path": "first/a.ome.zarr/0/",
            "endpoint": os.environ["AWS_ENDPOINT_URL"],
            "aws_region": "us-east-1",
        },
    }
    assert np.array_equal(tensorstore.open(spec).result().read().result(), scan[1])


def test_what_a_bucket_wants_to_hear(cli, scan, store, expected, monkeypatch):
    """How objects are to be encrypted, and who pays; in words where it is not said."""
    output = f"s3://{BUCKET}/told/a.ome.zarr"
    encryption = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "key"}

    def grants(method: str, path: str, headers: Message) -> bool:
        is_written = method == "PUT" and all(headers.get(name) == said for name, said in encryption.items())
        return headers.get("x-amz-request-payer") == "requester" and (is_written or method != "PUT")

    store.proxy.grants = grants
    for says, variables in {
        "where the requester pays set AWS_REQUEST_PAYER=requester": {"AWS_REQUEST_PAYER": "requester"},
        "set AWS_SERVER_SIDE_ENCRYPTION": {"AWS_SERVER_SIDE_ENCRYPTION": "aws:kms", "AWS_SSE_KMS_KEY_ID": "key"},
    }.items():
        run = cli("convert", scan[0], output, *SMALL)
        assert run.status == 1 and "403 AccessDenied" in run.stderr and says in run.stderr
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    for more in ([], ["--overwrite"]):
        cli("convert", scan[0], output, *SMALL, *more).succeeded()
        assert store.files("told/a.ome.zarr") == {f"/{name}": data for name, data in expected.items()}


def test_shards_are_sent_in_parts(cli, tmp_path, store):
    source = tmp_path / "large.tif"
    array = np.random.default_rng(5).integers(0, 2**16, (128, 256, 272), np.uint16)
    tifffile.imwrite(source, array)
    options = ("-c", "64", "64", "64", "--shard", "128", "256", "320", "--num-levels", "1", "--compression", "none")
    wanted = on_disk(cli, source, *options)
    assert max(map(len, wanted.values())) > 2**24
    store.proxy.asked = []
    cli("convert", source, f"s3://{BUCKET}/parts/a.ome.zarr", *options).succeeded()
    assert store.files("parts/a.ome.zarr/") == wanted
    assert store.asked()["POST"] == 2


def test_passing_faults_change_nothing(cli, scan, store):
    older = (*SMALL, "--ome-zarr", "0.4")
    faults = {3: 500, 7: "half", 11: 503, 13: "reset", 17: "half", 19: "reset", 23: 503}
    store.proxy.asked = []
    store.proxy.fault = lambda method, key, number: faults.get(number)
    cli("convert", scan[0], f"s3://{BUCKET}/faults/a.ome.zarr", *older).succeeded()
    put = [key for method, key in store.proxy.asked if method == "PUT" and "/faults/a.ome.zarr/" in key]
    assert put[-1].endswith("/a.ome.zarr/.zattrs")
    assert store.files("faults/a.ome.zarr") == {
        f"/{name}": data for name, data in on_disk(cli, scan[0], *older).items()
    }


@pytest.fixture(scope="module")
def blocks(cli, tmp_path_factory, store) -> tuple[Path, tuple[object, ...]]:
    """A volume, and options by which it is many blocks: there is memory for small ones only."""
    path = tmp_path_factory.mktemp("blocks") / "scan.tif"
    tifffile.imwrite(path, np.random.default_rng(7).integers(0, 2**12, (64, 192, 192), np.uint16))
    options = ("-c", 16, 64, 64, "--jobs", 1, "--max-memory")
    said = cli("convert", path, f"s3://{BUCKET}/any.ome.zarr", *options, "1M").stderr
    return path, (*options, re.search(r"at least \d+ MiB \((\d+) bytes", said)[1])


def test_what_was_sent_before_a_kill_is_not_sent_again(cli, blocks, store):
    source, options = blocks
    output = f"s3://{BUCKET}/killed/a.ome.zarr"
    wanted = on_disk(cli, source, *options)
    process = None

    def kill(method: str, key: str, number: int) -> str | None:
        if method != "PUT" or not key.endswith("zarr.json"):
            return None
        process.kill()
        return "reset"

    store.proxy.asked = []
    store.proxy.fault = kill
    process = cli.start("convert", source, output, *options, "-q")
    process.communicate(timeout=60)
    store.proxy.fault = lambda method, key, number: None
    left = store.files("killed/a.ome.zarr/")
    assert left == {name: data for name, data in wanted.items() if not name.endswith("zarr.json")}
    # One is damaged, and one is lost: their blocks are made again, and what was made of these.
    store.client.delete_object(Bucket=BUCKET, Key="killed/a.ome.zarr/0/c/0/0/0")
    damaged = bytes(len(left["0/c/3/2/2"]))
    store.client.put_object(Bucket=BUCKET, Key="killed/a.ome.zarr/0/c/3/2/2", Body=damaged)
    store.asked()
    cli("convert", source, output, *options, "-q", "--resume").succeeded()
    assert 2 < store.asked()["PUT"] < len(left) / 2
    assert store.files("killed/a.ome.zarr") == {f"/{name}": data for name, data in wanted.items()}


def test_clocks_may_differ(cli, scan, store, monkeypatch):
    """Who writes on another machine is believed for two minutes, by the server's clock."""
    owner = {"tool": "microct-io-vis", "host": "another", "pid": 1, "started": None, "id": "1", "staged": False}
    key = "clocks/a.ome.zarr.partial/.microct-io-vis.json"
    store.client.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(owner).encode())
    monkeypatch.setenv("NODE_OPTIONS", f"--require={Path(__file__).with_name('other_clock.cjs')}")
    refused = cli("convert", scan[0], f"s3://{BUCKET}/clocks/a.ome.zarr", *SMALL)
    assert refused.status == 1 and "is being written by another conversion (process 1 on another)" in refused.stderr


def test_who_may_not_delete_writes_a_whole_output(cli, scan, store, expected):
    output = f"s3://{BUCKET}/kept/a.ome.zarr"
    store.proxy.grants = lambda method, path, headers: method not in ("DELETE", "POST")
    written = cli("convert", scan[0], output, *SMALL).succeeded()
    assert "could not be removed" in written.stderr and store.files("kept/a.ome.zarr/") == expected
    assert cli("convert", scan[0], output, *SMALL, "--overwrite").status == 1
    # In parts, too, and what is finished is not done again.
    parts = f"s3://{BUCKET}/kept/b.ome.zarr"
    cli("plan", scan[0], parts, *SMALL, "--parts", 1).succeeded()
    cli("part", 1, parts).succeeded()
    assert "could not be removed" in cli("finish", parts).succeeded().stderr
    store.proxy.asked = []
    assert "finished before" in cli("finish", parts).succeeded().stderr
    assert not [key for _, key in store.proxy.asked if "/c/" in key]
    assert "exists already" in cli("convert", scan[0], parts, *SMALL).stderr
    assert store.files("kept/a.ome.zarr/") == expected
    # What is cancelled stays, and who has cancelled it is told so.
    process = cli.start("convert", scan[0], f"s3://{BUCKET}/kept/c.ome.zarr", *SMALL)
    store.proxy.fault = lambda method, key, number: process.send_signal(2) if key.endswith("/0/c/0/0/0") else None
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "cancelled; what it has written stays, since it could not be removed: " in told
    assert "0/c/0/0/0" in store.files("kept/c.ome.zarr/")


def test_an_output_stays_until_the_new_one_is_whole(cli, blocks, store):
    source, options = blocks
    output = f"s3://{BUCKET}/stays/a.ome.zarr"
    cli("convert", source, output, *options, "-q").succeeded()
    before = store.files("stays/a.ome.zarr/")
    assert f"{output}: exists already" in cli("convert", source, output, *options).stderr

    store.proxy.fault = lambda method, key, number: 403 if "zarr.partial/1/c/1" in key else None
    new = (*options, "--overwrite", "--roi", "0", "64", "0", "192", "0", "128")
    run = cli("convert", source, output, "-q", *new)
    assert run.status == 1 and "access is denied (403 AccessDenied)" in run.stderr
    assert store.files("stays/a.ome.zarr/") == before
    store.proxy.fault = lambda method, key, number: None
    # Nor where the store does not copy.
    store.proxy.grants = lambda method, path, headers: "x-amz-copy-source" not in headers
    assert cli("convert", source, output, "-q", *new, "--resume").status == 1
    assert store.files("stays/a.ome.zarr/") == before
    store.proxy.grants = lambda method, path, headers: True
    cli("convert", source, output, "-q", *new, "--resume").succeeded()
    assert store.files("stays/a.ome.zarr") == {f"/{name}": data for name, data in on_disk(cli, source, *new).items()}


def test_parts_share_nothing_but_the_bucket(cli, blocks, store, tmp_path):
    """One is killed, one is run twice at once; what is there already is not sent again."""
    source, options = blocks
    output, wanted = f"s3://{BUCKET}/cluster/a.ome.zarr", on_disk(cli, source, *options)
    plan = cli("plan", source, output, *options, "--parts", 3, "--json").succeeded().json
    assert (plan["partial"], len(plan["parts"])) == (f"{output}.partial", 3)
    again = cli("convert", source, output, *options)
    assert again.status == 1 and "is converted in parts, as somebody has planned" in again.stderr

    def part(number: int) -> list:
        # Each on a machine of its own.
        machine = tmp_path / f"machine {len(list(tmp_path.iterdir()))}"
        machine.mkdir()
        return [cli.start("part", number, output, "--json", env={**os.environ, "TMPDIR": str(machine)}), machine]

    def noted() -> int:
        pieces = store.files("cluster/a.ome.zarr.partial/.microct-io-vis.parts/1/journal-").values()
        lines = [json.loads(line[9:]) for piece in pieces for line in piece.splitlines()]
        done = [line["block"] for line in lines if "block" in line]
        return sum(len(block["etags"]) for block in done)

    def kill(method: str, key: str, number: int) -> "str | None":
        # Chunks of one row come through, of which some are all of a block.
        if method != "PUT" or "/c/" not in key or re.search(r"/0/c/\d/0/\d$", key):
            return None
        if noted() >= 4:
            killed.kill()
        return "reset"

    store.proxy.fault = kill
    killed, _ = part(1)
    assert killed.wait(60) == -9
    store.proxy.fault = lambda method, key, number: None
    missing = cli("finish", output)
    assert missing.status == 1 and f"{output}.partial: parts 1 to 3 of 3 are not converted" in missing.stderr
    twice = [part(2)[0], part(2)[0], part(3)[0]]
    assert [process.wait(60) for process in twice] == [0, 0, 0]
    store.proxy.asked = []
    process, machine = part(1)
    told, _ = process.communicate(timeout=60)
    assert not json.loads(told)["already"] and list(machine.iterdir()) == []
    assert 0 < store.asked()["PUT"] <= plan["parts"][0]["files"] - 4
    assert not any(name.endswith("/zarr.json") for name in store.files("cluster/a.ome.zarr/"))
    # Other bytes, as many; then one that is lost; then the same bytes with another ETag.
    coarse = f"{plan['partLevel']}/c/0/0/0"
    key = {"Bucket": BUCKET, "Key": f"cluster/a.ome.zarr/{coarse}"}
    store.client.put_object(**key, Body=bytes(len(wanted[coarse])))
    damaged = cli("finish", output)
    assert damaged.status == 1 and "chunks of part 1 are not as they were written" in damaged.stderr
    assert part(1)[0].wait(60) == 0
    store.client.delete_object(Bucket=BUCKET, Key="cluster/a.ome.zarr/0/c/3/2/2")
    lost = cli("finish", output)
    assert lost.status == 1 and "Run all parts again" in lost.stderr
    assert [part(number)[0].wait(60) for number in (1, 2, 3)] == [0, 0, 0]
    upload = {**key, "UploadId": store.client.create_multipart_upload(**key)["UploadId"]}
    etag = store.client.upload_part(**upload, PartNumber=1, Body=wanted[coarse])["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    assert store.client.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"] != etag
    store.proxy.asked = []
    assert cli("finish", output, "-q").succeeded().stdout == f"{output}\n"
    put = [key for method, key in store.proxy.asked if method == "PUT" and "/cluster/a.ome.zarr/" in key]
    assert put[-1].endswith("/a.ome.zarr/zarr.json")
    assert store.files("cluster/a.ome.zarr") == {f"/{name}": data for name, data in wanted.items()}
    assert "finished before" in cli("finish", output).succeeded().stderr
    assert part(2)[0].wait(60) == 0
    assert cli("plan", source, output, *options, "--parts", 3, "--resume", "--json").succeeded().json["finished"]
    assert "exists already" in cli("plan", source, output, *options, "--parts", 2).stderr
    assert f"{output}: is there, and nothing is planned for it" in cli("finish", output).stderr
    assert cli("verify", output, "--against", source, "--json").succeeded().json["ok"]


def test_parts_need_no_rights_beside_their_output(cli, blocks, store, monkeypatch):
    source, options = blocks
    output = f"s3://{BUCKET}/rights/a.ome.zarr"

    def grants(method: str, path: str, headers: Message) -> bool:
        return not re.search(r"\?.*\buploads\b|/rights/\.a\.ome", path)

    monkeypatch.setattr(store.proxy, "grants", grants)
    cli("plan", source, output, *options, "--parts", 1).succeeded()
    cli("part", 1, output).succeeded()
    # What keeps it from going on when it has just taken it over ends it.
    unable = cli("finish", output, env={**os.environ, "TMPDIR": "/nowhere"})
    assert unable.status == 1 and "/nowhere" in unable.stderr
    assert "finished before" not in cli("finish", output).succeeded().stderr
    assert f"{output}: is there, and nothing is planned for it" in cli("finish", output).stderr


def test_parts_replace_an_output_when_all_are_there(cli, blocks, store):
    source, options = blocks
    output = f"s3://{BUCKET}/again/a.ome.zarr"
    cli("convert", source, output, *options, "-q").succeeded()
    before = store.files("again/a.ome.zarr/")
    new = (*options, "--overwrite", "--roi", "0", "64", "0", "192", "0", "128")
    assert f"{output}: exists already" in cli("plan", source, output, *options, "--parts", 2).stderr
    cli("plan", source, output, *new, "--parts", 2).succeeded()
    cli("part", 1, output).succeeded()
    cli("finish", output, "--discard").succeeded()
    assert store.files("again/a.ome.zarr") == {f"/{name}": data for name, data in before.items()}
    cli("plan", source, output, *new, "--parts", 2).succeeded()
    for number in (1, 2):
        cli("part", number, output).succeeded()
    assert store.files("again/a.ome.zarr/") == before

    def kill(method: str, key: str, number: int) -> "str | None":
        # When it copies the new one to its place.
        if method != "PUT" or not key.endswith("/a.ome.zarr/1/c/0/0/0"):
            return None
        process.kill()
        return "reset"

    store.proxy.fault = kill
    process = cli.start("finish", output)
    process.communicate(timeout=60)
    store.proxy.fault = lambda method, key, number: None
    assert not any(name.endswith("zarr.json") for name in store.files("again/a.ome.zarr/"))
    assert f"{output}.partial: is all that there is" in cli("finish", output, "--discard").stderr
    cli("finish", output).succeeded()
    assert store.files("again/a.ome.zarr") == {f"/{name}": data for name, data in on_disk(cli, source, *new).items()}


@pytest.mark.parametrize("damage", [lambda text: text[: len(text) // 2], lambda text: b"{}", None])
def test_who_does_not_know_what_is_replaced_writes_over_nothing(cli, blocks, store, damage):
    """The marker says whether an older output stays until the new one is whole; parts are done, or are not."""
    for key in store.files("unknown/"):
        store.client.delete_object(Bucket=BUCKET, Key=f"unknown/{key}")
    output, mark = f"s3://{BUCKET}/unknown/a.ome.zarr", "unknown/a.ome.zarr.partial/.microct-io-vis.json"
    source, options = blocks
    cli("convert", source, output, *options, "-q").succeeded()
    before = store.files("unknown/a.ome.zarr/")
    cli("plan", source, output, *options, "--parts", 2, "--overwrite", "--compression", "none").succeeded()
    cli("part", 2, output).succeeded()
    if damage:
        marker = store.client.get_object(Bucket=BUCKET, Key=mark)["Body"].read()
        store.client.put_object(Bucket=BUCKET, Key=mark, Body=damage(marker))
    else:
        store.client.delete_object(Bucket=BUCKET, Key=mark)
    says = f"s3://{BUCKET}/{mark}: is damaged, or not this" if damage else "has just taken it over, or removed it"
    for words in (("part", 1, output), ("finish", output, "--discard")):
        said = cli(*words)
        assert said.status == 1 and says in said.stderr, words
        assert store.files("unknown/a.ome.zarr/") == before
    if damage:
        again = cli("convert", source, output, *options, "--overwrite")
        assert again.status == 1 and "remove all that is under" in again.stderr
    for key in store.files("unknown/a.ome.zarr.partial/"):
        store.client.delete_object(Bucket=BUCKET, Key=f"unknown/a.ome.zarr.partial/{key}")
    cli("plan", source, output, *options, "--parts", 2, "--overwrite").succeeded()
    cli("finish", output, "--discard").succeeded()


def test_a_cluster_writes_to_a_bucket(cli, blocks, store):
    source, _ = blocks
    output = f"s3://{BUCKET}/dask/a.ome.zarr"
    options: dict = {"chunk_size": 32, "dtype": "uint8", "value_range": ("1%", "99%")}
    wanted = on_disk(cli, source, "-c", 32, 32, 32, "-d", "uint8", "--value-range", "1%", "99%")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        cancelled: list[str] = []
        widget = microct_io_vis.ConverterWidget(source, target=output, client=client, parts=2, **options)

        def cancel(method: str, key: str, number: int) -> None:
            if method == "PUT" and "/c/" in key and not cancelled:
                cancelled.append(key)
                widget.cancel()

        store.proxy.fault = cancel
        widget.start()
        with pytest.raises(microct_io_vis.ConversionError, match="cancelled"):
            widget.wait(60)
        store.proxy.fault = lambda method, key, number: None
        assert store.files("dask/") == {}
        told: list = []
        path = microct_io_vis.convert(source, output, client=client, parts=2, progress=told.append, **options)
        assert str(path) == output and told[-1]["done_bytes"] == told[-1]["total_bytes"]
        assert store.files("dask/a.ome.zarr") == {f"/{name}": data for name, data in wanted.items()}
        assert microct_io_vis.verify(output, source, client=client, progress=False)
        # Cancelled when all but its name is there.
        late = f"s3://{BUCKET}/dask/late.ome.zarr"
        widget = microct_io_vis.ConverterWidget(source, target=late, client=client, parts=2, **options)
        named: list[str] = []

        def cancel_late(method: str, key: str, number: int) -> None:
            if method == "PUT" and key.endswith("/dask/late.ome.zarr/zarr.json"):
                named.append(key)
                widget.cancel()

        store.proxy.fault = cancel_late
        widget.start()
        with pytest.raises(microct_io_vis.ConversionError, match="cancelled") as error:
            widget.wait(60)
        store.proxy.fault = lambda method, key, number: None
        assert named and str(error.value) == f"cancelled; {late} is there: it was finished before that"
        assert microct_io_vis.verify(late, source, progress=False) and not store.files("dask/late.ome.zarr.partial")


def test_python_cancels_describes_and_verifies(cli, scan, store):
    output = f"s3://{BUCKET}/python/a.ome.zarr"
    conversion = microct_io_vis.Conversion(scan[0], output, chunk_size=32)
    cancelled: list[str] = []

    def cancel(method: str, key: str, number: int) -> None:
        # A second time would end it at once.
        if "/c/" in key and not cancelled:
            cancelled.append(key)
            conversion.cancel()

    store.proxy.fault = cancel
    with pytest.raises(microct_io_vis.ConversionError, match="cancelled"):
        conversion.run()
    store.proxy.fault = lambda method, key, number: None
    assert store.files("python/") == {}
    path = microct_io_vis.convert(scan[0], output, chunk_size=32, progress=False)
    assert str(path) == output and os.fspath(path / "0") == f"{output}/0"
    found = microct_io_vis.info(path)
    assert found.shape == (40, 40, 50) and found.files == len(store.files("python/"))
    store.proxy.asked = []
    quick = cli("info", output, "--no-files", "--json").succeeded().json
    assert (quick["shape"], quick["files"]) == ([40, 40, 50], None)
    assert not [key for _, key in store.proxy.asked if not key.startswith(f"/{BUCKET}/python/")]
    assert microct_io_vis.verify(path, scan[0], progress=False)
    key = "python/a.ome.zarr/0/c/1/1/1"
    store.client.put_object(Bucket=BUCKET, Key=key, Body=b"\0" * 100)
    store.client.delete_object(Bucket=BUCKET, Key="python/a.ome.zarr/0/c/0/0/0")
    run = cli("verify", output, "--against", scan[0], "--json")
    paths = [difference["path"] for difference in json.loads(run.stdout)["differences"]]
    assert run.status == 1 and {"0/c/1/1/1", "0/c/0/0/0"} <= set(paths)


def test_what_nobody_lists_is_verified(cli, scan, store, tmp_path):
    """In a bucket that may be read and not listed, which answers 403 for what is not there; and on a server."""
    key = "closed/a.ome.zarr/"
    for output in (f"s3://{BUCKET}/closed/a.ome.zarr", tmp_path / "a.ome.zarr"):
        cli("convert", scan[0], output, *SMALL).succeeded()
    there = set(store.files(key))

    def grants(method: str, path: str, headers: Message) -> bool:
        return path.removeprefix(f"/{BUCKET}/{key}").split("?")[0] in there

    store.proxy.grants = grants
    with serving(tmp_path) as web:
        for address in (f"s3://{BUCKET}/closed/a.ome.zarr", f"{web.address}/a.ome.zarr"):
            found = cli("verify", address, "--against", scan[0], "--json").succeeded().json
            assert found["voxelsCompared"] > scan[1].size and "Nobody lists its files" in found["notes"][0]
        there.discard("0/c/0/1/1")
        (tmp_path / "a.ome.zarr/0/c/0/1/1").unlink()
        for address in (f"s3://{BUCKET}/closed/a.ome.zarr", f"{web.address}/a.ome.zarr"):
            lost = cli("verify", address, "--json")
            assert lost.status == 1
            assert [each["path"] for each in json.loads(lost.stdout)["differences"]] == ["0/c/0/1/1"]
    # Who may read none of it finds nothing missing.
    there.clear()
    denied = cli("verify", f"s3://{BUCKET}/closed/a.ome.zarr")
    assert denied.status == 1 and "access is denied" in denied.stderr
    # Nor where a chunk may not be read, of a bucket that may be listed.
    store.proxy.grants = lambda method, path, headers: not path.endswith("/0/c/0/1/1?x-id=GetObject")
    assert "access is denied" in cli("verify", f"s3://{BUCKET}/closed/a.ome.zarr").stderr


def test_what_may_be_denied_is_not_verified_in_silence(cli, scan, store):
    """Who may not list a bucket is answered 403 for what is missing and for what is denied."""
    key, output = "doubt/a.ome.zarr/", f"s3://{BUCKET}/doubt/a.ome.zarr"
    cli("convert", scan[0], output, *SMALL).succeeded()
    there = set(store.files(key)) - {"0/c/0/1/1"}
    store.proxy.grants = lambda method, path, _: path.removeprefix(f"/{BUCKET}/{key}").split("?")[0] in there
    own = cli("verify", output, "--json")
    [lost] = json.loads(own.stdout)["differences"]
    assert own.status == 1 and lost["message"] == "level 0, 0/c/0/1/1: is missing, or denied"
    # Others need not write chunks of fill values.
    document = json.loads(store.files(key)["zarr.json"])
    document["attributes"] = {"ome": document["attributes"]["ome"]}
    store.client.put_object(Bucket=BUCKET, Key=f"{key}zarr.json", Body=json.dumps(document).encode())
    found = cli("verify", output, "--json").succeeded().json
    [note] = [note for note in found["notes"] if "403" in note]
    assert note.startswith("Access to 1 chunk is denied (403), 0/c/0/1/1 the first, ") and "s3:ListBucket" in note
    there -= {name for name in there if name.startswith("0/c/")}
    denied = cli("verify", output)
    assert denied.status == 1 and f"{output}/0: access to all of its 8 chunks is denied (403)" in denied.stderr


def test_many_go_to_a_folder_of_a_bucket_and_what_is_there_stays(scan, store):
    source, folder = f"s3://{BUCKET}/many/scan.tif", f"s3://{BUCKET}/many/out"
    store.client.put_object(Bucket=BUCKET, Key="many/scan.tif", Body=scan[0].read_bytes())
    for state in ("done", "there"):
        [entry] = microct_io_vis.convert_many([source], folder, progress=False, resume=True)
        said = (str(entry.source), str(entry.output), entry.state)
        assert said == (source, f"{folder}/scan.ome.zarr", state)
    assert (microct_io_vis.open(entry.output)[:] == scan[1]).all()


def test_an_empty_folder_of_a_bucket_is_nothing(cli, scan, store, expected):
    """As the consoles of buckets make it: an object of no bytes, whose key ends in a slash."""
    output = f"s3://{BUCKET}/folder/a.ome.zarr"
    store.client.put_object(Bucket=BUCKET, Key="folder/a.ome.zarr/", Body=b"")
    process = cli.start("convert", scan[0], output, *SMALL)

    def kill(method: str, key: str, number: int) -> "str | None":
        if method != "PUT" or "/c/1/1/1" not in key:
            return None
        process.kill()
        return "reset"

    store.proxy.fault = kill
    process.communicate(timeout=60)
    store.proxy.fault = lambda method, key, number: None
    cli("convert", scan[0], output, *SMALL, "--resume").succeeded()
    assert store.files("folder/a.ome.zarr/") == {"": b""} | expected
    assert "compared, level 0 with" in cli("verify", output, "--against", scan[0]).succeeded().stdout


def test_what_others_have_where_progress_is_noted_stays(cli, scan, store):
    """As on a disk: it was gone, without a word."""
    output, key = f"s3://{BUCKET}/noted/a.ome.zarr", "noted/a.ome.zarr.partial/segmentation.csv"
    store.client.put_object(Bucket=BUCKET, Key=key, Body=b"mine")
    for overwrite in ((), ("--overwrite",)):
        assert f"{output}.partial: is in the way" in cli("estimate", scan[0], output, *overwrite).stdout
        failed = cli("convert", scan[0], output, *SMALL, *overwrite)
        assert failed.status == 1 and f"{output}.partial: is in the way" in failed.stderr
    assert store.files("noted/") == {key.removeprefix("noted/"): b"mine"}
    # What is left of a conversion whose marker somebody has removed is gone, and never in the next output.
    store.client.delete_object(Bucket=BUCKET, Key=key)
    cli("convert", scan[0], output, *SMALL).succeeded()
    microct_io_vis.write_labels(scan[1] > 9, "pores", parent=output, progress=False)
    store.client.put_object(Bucket=BUCKET, Key="noted/a.ome.zarr.partial/0/c/9/9/9", Body=b"old")
    said = cli("convert", scan[0], output, *SMALL, "--overwrite").succeeded().stderr
    assert f"{output} is replaced with all that is under it, its labels too (pores)" in said
    assert not [name for name in store.files("noted/") if "9/9/9" in name or "partial" in name or "pores" in name]


def test_labels_go_into_their_image(cli, scan, store, tmp_path):
    """As on a disk. What others list at the same time stays; what was killed before it was listed is listed later."""
    image, other = tmp_path / "a.ome.zarr", f"s3://{BUCKET}/labels/a.ome.zarr"
    cells = tmp_path / "cells.tif"
    tifffile.imwrite(cells, (scan[1] // 2**12).astype("uint8"))
    for output in (image, other):
        cli("convert", scan[0], output, *SMALL).succeeded()
    words = ("--labels", *SMALL, "--parent", other)
    listing = "labels/a.ome.zarr/labels/zarr.json"
    cli("convert", cells, "nuclei", *words).succeeded()
    cli("convert", cells, "nuclei", "--labels", *SMALL, "--parent", image).succeeded()
    on_disk = tmp_path / listing.removeprefix("labels/")
    on_disk.write_text(on_disk.read_text().replace('"nuclei"', '"nuclei",\n        "elsewhere"'))
    tried = []

    def compete(method: str, key: str, number: int) -> None:
        if method == "PUT" and key.endswith(listing):
            tried.append(key)
            if len(tried) == 1:
                store.client.put_object(Bucket=BUCKET, Key=listing, Body=on_disk.read_bytes())

    store.proxy.fault = compete
    cli("convert", cells, *words).succeeded()
    assert len(tried) == 2

    def kill(method: str, key: str, number: int) -> "str | None":
        if method != "PUT" or not key.endswith(listing):
            return None
        process.kill()
        return "reset"

    store.proxy.fault = kill
    process = cli.start("convert", cells, "late", *words)
    process.communicate(timeout=60)
    store.proxy.fault = lambda method, key, number: None
    assert "late are not in the list" in cli("info", other).succeeded().stdout
    said = cli("convert", cells, "late", *words)
    assert said.status == 1 and "late: exists already" in said.stderr and "it is listed now" in said.stderr
    for name in ("cells", "late"):
        cli("convert", cells, name, "--labels", *SMALL, "--parent", image).succeeded()
    wanted = {path.relative_to(image).as_posix(): path.read_bytes() for path in image.rglob("*") if path.is_file()}
    stored = store.files("labels/a.ome.zarr/")
    assert {name: data for name, data in stored.items() if "late.partial" not in name} == wanted


@pytest.mark.parametrize("what", ["conditions", "new"])
def test_a_store_need_not_know(what, cli, scan, store, monkeypatch):
    monkeypatch.setattr(store.proxy, f"knows_{what}", False)
    image = f"s3://{BUCKET}/{what}/a.ome.zarr"
    cli("plan", scan[0], image, *SMALL, "--ome-zarr", "0.4", "--parts", 1).succeeded()
    for command in (["part", 1], ["finish"]):
        cli(*command, image).succeeded()
    cli("convert", scan[0], "cells", "--labels", "--parent", image, *SMALL).succeeded()
    assert json.loads(store.files(f"{what}/a.ome.zarr/labels/")[".zattrs"])["labels"] == ["cells"]
    assert cli("verify", image, "--against", scan[0], "--json").succeeded().json["ok"]


def two_at_once(name: str, patience: float):
    """For ``grants`` of the proxy: the first two PUTs of that go on together, or after so many seconds."""
    at_once, held = threading.Barrier(2), []

    def hold(method: str, path: str, headers: Message) -> bool:
        if method == "PUT" and name in path and len(held) < 2:
            held.append(path)
            with suppress(threading.BrokenBarrierError):
                at_once.wait(patience)
        return True

    return hold


@pytest.mark.parametrize("what", ["knows_new", "knows_conditions", "heeds_conditions"])
def test_one_of_two_writers_has_it_whatever_a_store_makes_of_conditions(what, cli, scan, store, tmp_path, monkeypatch):
    monkeypatch.setattr(store.proxy, what, False)
    output = f"s3://{BUCKET}/two/{what}/a.ome.zarr"
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, scan[1] // 2, photometric="minisblack")
    sources = [scan[0], other]
    # Both have seen that nobody has it when the first of them takes it.
    store.proxy.grants = two_at_once(".microct-io-vis.json", 20)
    writers = [cli.start("convert", source, output, *SMALL) for source in sources]
    told = [writer.communicate(timeout=120)[1] for writer in writers]
    [winner] = [n for n, writer in enumerate(writers) if writer.returncode == 0]
    assert f"{output}.partial: " in told[1 - winner] or f"{output}: exists already" in told[1 - winner]
    assert cli("verify", output, "--against", sources[winner], "--json").succeeded().json["ok"]


def test_a_fault_makes_no_store_one_without_conditions(cli, scan, store):
    """Nor is anybody waited for who could not try that."""
    marker = "/a.ome.zarr.partial/.microct-io-vis.json"
    put, told = [], []

    def fault(method: str, key: str, number: int) -> "int | None":
        if method != "PUT" or not key.endswith(marker):
            return None
        put.append(key)
        return 503 if len(put) == 2 else None

    def grants(method: str, path: str, headers: Message) -> bool:
        if method == "PUT" and "/a.ome.zarr/zarr.json" in path:
            told.append(headers.get("If-None-Match"))
        return True

    store.proxy.fault, store.proxy.grants = fault, grants
    cli("convert", scan[0], f"s3://{BUCKET}/probed/a.ome.zarr", *SMALL).succeeded()
    assert told == ["*"]
    put.clear()
    store.proxy.fault = lambda method, key, number: (fault(method, key, number), 403 if len(put) > 1 else None)[1]
    refused = cli("convert", scan[0], f"s3://{BUCKET}/unprobed/a.ome.zarr", *SMALL)
    assert refused.status == 1 and "403 AccessDenied" in refused.stderr and len(put) == 2


def test_labels_are_listed_whatever_a_store_makes_of_conditions(cli, scan, store, tmp_path, monkeypatch):
    monkeypatch.setattr(store.proxy, "heeds_conditions", False)
    image = f"s3://{BUCKET}/unheeded/a.ome.zarr"
    cells = tmp_path / "cells.tif"
    tifffile.imwrite(cells, (scan[1] // 2**12).astype("uint8"))
    cli("convert", scan[0], image, *SMALL).succeeded()
    store.proxy.grants = two_at_once("/a.ome.zarr/labels/zarr.json", 5)
    writers = [cli.start("convert", cells, name, "--labels", *SMALL, "--parent", image) for name in ("one", "two")]
    assert [(writer.communicate(timeout=120), writer.returncode)[1] for writer in writers] == [0, 0]
    assert cli("info", image, "--json").succeeded().json["labels"] == ["one", "two"]


def test_labels_keep_nobody_from_replacing_what_was_written_without_the_right_to_delete(cli, scan, store, expected):
    output = f"s3://{BUCKET}/labelled/a.ome.zarr"
    store.proxy.grants = lambda method, path, headers: method not in ("DELETE", "POST")
    cli("convert", scan[0], output, *SMALL).succeeded()
    cli("convert", scan[0], "cells", "--labels", "--parent", output, *SMALL).succeeded()
    store.proxy.grants = lambda method, path, headers: True
    cli("convert", scan[0], output, *SMALL, "--overwrite").succeeded()
    assert store.files("labelled/a.ome.zarr/") == expected


def test_a_store_may_compare_etags_without_their_quotes(cli, scan, store, monkeypatch):
    monkeypatch.setattr(store.proxy, "wants_bare", True)
    image = f"s3://{BUCKET}/bare/a.ome.zarr"
    for more in ((), ("--overwrite",)):
        cli("convert", scan[0], image, *SMALL, *more).succeeded()
    for name in ("one", "two"):
        cli("convert", scan[0], name, "--labels", "--parent", image, *SMALL).succeeded()
    assert cli("info", image, "--json").succeeded().json["labels"] == ["one", "two"]


def test_arrays_are_written_and_so_are_their_labels(scan, store):
    output = f"s3://{BUCKET}/arrays/a.ome.zarr"
    volume = microct_io_vis.write_image(scan[1], output, chunk_size=32, ome_zarr="0.4", progress=False)
    labels = microct_io_vis.write_labels(
        scan[1][:20, :, 10:] > 2**15, "bright", parent=volume, at=(0, 0, 10), chunk_size=32, progress=False
    )
    assert volume.source == output and labels.source == f"{output}/labels/bright"
    assert np.array_equal(labels[...], scan[1][:20, :, 10:] > 2**15) and volume.info.shape == (40, 40, 50)
    assert microct_io_vis.info(output).labels == ("bright",)
    with pytest.raises(microct_io_vis.ConversionError, match="has labels of that name"):
        microct_io_vis.write_labels(scan[1] > 9, "bright", parent=output, progress=False)


@pytest.mark.parametrize(
    ("output", "options", "said"),
    [
        ("s3://nowhere/a.ome.zarr", (), "s3://nowhere: there is no such bucket"),
        (f"s3://{BUCKET}/first", (), "are not an OME-Zarr"),
        (f"s3://{BUCKET}/a.ozx", (), "one file (.ozx) is written to a disk only"),
        (f"s3://{BUCKET}", (), "is a whole bucket"),
        (f"s3://{BUCKET}//a.ome.zarr", (), f"s3://{BUCKET}//a.ome.zarr: its key has nothing between two slashes"),
        (f"s3://{BUCKET}/first/../a.ome.zarr", (), "its key has only . or .. between two slashes"),
        ("cells", ("--labels", "--parent", f"s3://{BUCKET}/no.ome.zarr"), "no.ome.zarr: no OME-Zarr is there"),
        (f"s3://{BUCKET}/cells", ("--labels", "--parent", f"s3://{BUCKET}/first/a.ome.zarr"), "is not in s3://"),
    ],
)
def test_what_cannot_be_is_refused_in_words(cli, scan, store, first, output, options, said):
    run = cli("convert", scan[0], output, *SMALL, *options)
    assert run.status == 1 and said in run.stderr


def test_no_other_object_is_read_or_written_than_is_named(cli, store, tmp_path):
    """What means something else in addresses, in texts that are put in the place of others, and on disks."""
    keys = ["a b+%2F%20?#$$", "a b+%2F%20?#$", "e\u0301", "\u00e9"]
    voxels = {key: np.full((4, 8, 8), n, np.uint8) for n, key in enumerate(keys)}
    for key, array in voxels.items():
        tifffile.imwrite(tmp_path / "scan.tif", array, photometric="minisblack")
        store.client.put_object(Bucket=BUCKET, Key=f"named/{key}.tif", Body=(tmp_path / "scan.tif").read_bytes())
        store.client.put_object(Bucket=BUCKET, Key=f"named//{key}.tif", Body=b"another")
    for key, array in voxels.items():
        source, output = f"s3://{BUCKET}/named/{key}.tif", f"s3://{BUCKET}/named/{key}.ome.zarr"
        cli("convert", source, output, "-q").succeeded()
        cli("convert", source, "cells", "-q", "--labels", "--parent", f"{output}/").succeeded()
        written = microct_io_vis.write_labels(array, "more", parent=output, progress=False)
        assert str(written.source) == f"{output}/labels/more"
    for key, array in voxels.items():
        image = f"s3://{BUCKET}/named/{key}.ome.zarr/"
        assert np.array_equal(microct_io_vis.open(image)[...], array), key
        assert sorted(microct_io_vis.info(image).labels) == ["cells", "more"], key
    for source in (f"s3://{BUCKET}/named//{keys[0]}.tif", f"s3://{BUCKET}/named/{keys[0]}.tif/"):
        with pytest.raises(microct_io_vis.ConversionError, match=r"between two slashes|names a folder"):
            microct_io_vis.convert(source, tmp_path / "other.ome.zarr", progress=False)


def test_what_others_call_their_objects_gets_nowhere_on_the_disk(cli, scan, store, tmp_path):
    """Keys may have .. in them, and are brought into a folder."""
    image, mine = f"s3://{BUCKET}/climbing/a.ome.zarr", tmp_path / "mine.ome.zarr"
    for output in (image, mine):
        cli("convert", scan[0], output, *SMALL).succeeded()
    before = (mine / "zarr.json").read_bytes()
    behind = http.client.HTTPConnection("127.0.0.1", store.proxy.behind)
    for way in ("../" * 20 + str(mine).removeprefix("/"), "/"):
        # Not by boto3, which takes them for addresses of the web.
        headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request"}
        behind.request("PUT", f"/{BUCKET}/climbing/a.ome.zarr/{way}/zarr.json", b"{}", headers)
        assert behind.getresponse().read() == b""
    assert sum(".." in name or "//" in name for name in store.files("climbing/a.ome.zarr/")) == 2
    for command in ("info", "verify"):
        cli(command, image).succeeded()
    assert np.array_equal(microct_io_vis.open(image)[...], scan[1])
    assert (mine / "zarr.json").read_bytes() == before


def test_names_that_no_disk_takes(cli, scan, store, expected):
    """Each part of a key may be as long as a key, and 255 bytes are the most for a name on a disk."""
    output = f"s3://{BUCKET}/long/{'ü' * 200}.ome.zarr"
    cli("convert", scan[0], output, *SMALL).succeeded()
    assert json.loads(cli("info", output, "--json").succeeded().stdout)["source"] == output
    assert f"OK: {output}:" in cli("verify", output, "--against", scan[0]).succeeded().stdout
    assert np.array_equal(microct_io_vis.open(output)[...], scan[1])


def test_a_source_in_a_bucket(cli, scan, store, tmp_path):
    """Read by parts, also after faults; one that was written anew in mid-run is refused."""
    key = "in/my scan.tif"
    tifffile.imwrite(tmp_path / "scan.tif", scan[1], compression="zlib", tile=(16, 32))
    put = (tmp_path / "scan.tif").read_bytes()
    store.client.put_object(Bucket=BUCKET, Key=key, Body=put)
    source = f"s3://{BUCKET}/{key}"
    faults = {2: 503, 5: "reset", 7: "half"}
    store.proxy.asked = []
    store.proxy.fault = lambda method, key, number: faults.get(number)
    cli("convert", source, *SMALL, cwd=tmp_path).succeeded()
    output = tmp_path / "my scan.ome.zarr"
    assert np.array_equal(tensorstore.open({"driver": "auto", "kvstore": f"file://{output}/0/"}).result(), scan[1])
    assert f'"{source}"' in (output / "zarr.json").read_text()
    found = cli("verify", output, "--against", source, "--json").succeeded().json
    assert found["ok"] and found["compared"]
    store.proxy.asked = []

    def write_anew(method: str, key: str, number: int) -> None:
        if number == 6:
            store.client.put_object(Bucket=BUCKET, Key="in/my scan.tif", Body=put[:-1] + b"x")

    store.proxy.fault = write_anew
    run = cli("convert", source, tmp_path / "other.ome.zarr", *SMALL)
    assert run.status == 1 and f"{source}: it has been written anew since it was first read" in run.stderr
    assert not (tmp_path / "other.ome.zarr").exists()
    missing = cli("info", f"s3://{BUCKET}/in/nothing.tif")
    assert missing.status == 1 and "there is no such object: check the address" in missing.stderr


class Web(SimpleHTTPRequestHandler):
    """Files of a folder, all of one as a server without ranges sends it."""

    fault: "int | str | None" = None

    def copyfile(self, source, outputfile) -> None:
        data = source.read()
        outputfile.write(data[: len(data) // 2] if Web.fault == "half" and "/c/1/0/0" in self.path else data)

    def do_GET(self) -> None:
        if isinstance(Web.fault, int) and "/c/1/0/0" in self.path:
            return self.send_error(Web.fault)
        return super().do_GET()

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def web(tmp_path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Web, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_volume_is_opened_by_its_address(cli, scan, store, web, tmp_path):
    path, array = scan
    options = (*SMALL, "--shard", 32, 64, 64)
    cli("convert", path, f"s3://{BUCKET}/opened/a.ome.zarr", *options).succeeded()
    cli("convert", path, tmp_path / "a.ome.zarr", *options, "--ome-zarr", "0.6").succeeded()
    for root in (f"s3://{BUCKET}/opened", web):
        volume = microct_io_vis.open(f"{root}/a.ome.zarr")
        assert (volume.shape, volume.voxel_size, volume.unit) == (array.shape, (2, 1, 1), "micrometer")
        assert np.array_equal(volume[:], array)
        assert np.array_equal(volume.xarray()[5:35, 3, 2].compute(), array[5:35, 3, 2])
        # As Dask's workers get it.
        assert np.array_equal(pickle.loads(pickle.dumps(volume.levels[0].array))[5], array[5])
        for fault in (403, "half"):
            store.proxy.fault = lambda method, key, number, fault=fault: fault if "/c/1/0/0" in key else None
            Web.fault = fault
            with pytest.raises(OSError, match=r"a.ome.zarr/0/c/1/0/0: "):
                volume[35]
            assert np.array_equal(volume[3], array[3])
        store.proxy.fault = lambda method, key, number: None
        Web.fault = None
    # A chunk that is not there has fill values, as Zarr has it; an OME-Zarr that is not there has no chunks.
    (tmp_path / "a.ome.zarr/0/c/1/0/0").unlink()
    assert not volume[35].any()
    (tmp_path / "a.ome.zarr/zarr.json").unlink()
    with pytest.raises(OSError, match="it is there no more"):
        volume[35]
    with pytest.raises(microct_io_vis.ConversionError, match="no OME-Zarr is there"):
        microct_io_vis.open(f"{web}/a.ome.zarr")


def test_an_archive_is_read_by_its_address(cli, scan, store, tmp_path):
    path, array = scan
    here = tmp_path / "a.ozx"
    cli("convert", path, here, *SMALL, "--shard", 32, 64, 64).succeeded()
    store.client.put_object(Bucket=BUCKET, Key="archive/a.ozx", Body=here.read_bytes())
    local = cli("info", here, "--json").succeeded().json
    with serving(tmp_path) as server:
        for address in (f"s3://{BUCKET}/archive/a.ozx", f"{server.address}/a.ozx"):
            told = cli("info", address, "--json").succeeded().json
            assert told == {**local, "source": address}
            assert np.array_equal(microct_io_vis.open(address)[5:35, 3], array[5:35, 3])
            assert cli("verify", address, "--against", path, "--json").succeeded().json["voxelsCompared"] > array.size
        volume = microct_io_vis.open(address)
        damaged = bytearray(here.read_bytes())
        damaged[len(damaged) // 3] ^= 255
        here.write_bytes(damaged)
        os.utime(here, ns=(0, here.stat().st_mtime_ns + 10**9))
        with pytest.raises(OSError, match=r"a\.ozx: it has been written anew since it was last read"):
            volume[:]
        found = cli("verify", address, "--json")
        assert found.status == 1 and json.loads(found.stdout)["differences"]
        here.write_bytes(damaged[:-100])
        assert "is no ZIP archive, or was cut off" in cli("info", address).stderr
    missing = cli("verify", f"s3://{BUCKET}/archive/no.ozx")
    assert missing.status == 1 and "there is no such object" in missing.stderr
