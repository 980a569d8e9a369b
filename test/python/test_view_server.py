"""``microct-io-vis view`` under attack: raw sockets against the running program."""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command_line import CommandLine

BIG = 2**24
SECRET = "not for the browser"


class View:
    """The running program."""

    def __init__(self, cli: CommandLine, *words: object, **settings) -> None:
        self.program = cli.start("view", *words, **settings)
        self.url = self.program.stdout.readline().strip()
        port, self.path = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/[\w-]{32}/)", self.url).groups()
        self.port = int(port)
        self.process = psutil.Process(self.program.pid)

    def connect(self, target: str | None = None) -> socket.socket:
        """A connection, and on it what a request for a target needs."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        if target is not None:
            connection.sendall(self.request(target, "Connection: close"))
        return connection

    def request(self, target: str, *headers: str, method: str = "GET", host: str | None = None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def send(self, data: bytes) -> bytes:
        """Bytes that come back until the server closes."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):  # it need not hear all
                connection.sendall(data)
            return read(connection)

    def ask(self, target: str, *headers: str, **how: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (in lower case) and body of a request."""
        return parse(self.send(self.request(target, "Connection: close", *headers, **how)))

    def data(self, key: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.ask(f"{self.path}data/0/{key}", *headers)

    def works(self) -> bool:
        """Whether somebody else is served, and soon."""
        start = time.monotonic()
        return self.data("0/chunk")[2] == b"chunk" and time.monotonic() - start < 3

    def files(self) -> list[str]:
        """The volume's files that it holds open."""
        return [file.path for file in self.process.open_files() if ".ome.zarr" in file.path]

    def end(self, name: signal.Signals = signal.SIGTERM) -> float:
        """The seconds that it takes to end."""
        start = time.monotonic()
        self.program.send_signal(name)
        self.program.communicate(timeout=10)
        return time.monotonic() - start


def read(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    try:
        while part := connection.recv(2**20):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def parse(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]) if first else 0, headers, body


def reset(connection: socket.socket) -> None:
    """Leaves without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def eventually(condition) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("view")
    (folder / "secret").write_text(SECRET)
    root = folder / "a.ome.zarr"
    (root / "0").mkdir(parents=True)
    (root / "zarr.json").write_text('{"zarr_format": 3}')
    (root / "0/chunk").write_bytes(b"chunk")
    (root / "0/empty").write_bytes(b"")
    (root / "0/big").write_bytes(os.urandom(BIG))
    (root / "link").symlink_to(folder / "secret")
    (root / "folder").symlink_to(folder)
    os.mkfifo(root / "0/pipe")
    return root


@pytest.fixture(scope="module")
def view(cli: CommandLine, volume: Path) -> Iterator[View]:
    server = View(cli, "--no-browser", volume)
    yield server
    server.end()


def test_who_does_not_know_the_whole_token_is_refused(view: View) -> None:
    path = view.path
    for target in (
        "/",
        path[:-2] + "/",
        path[:-1],
        path[:-1] + "x/",
        path.swapcase(),
        f"/{path}",
        f"/x/..{path}",
        f"http://evil.example{path}",
    ):
        status, headers, body = view.ask(target)
        assert (status, headers["connection"]) == (403, "close"), target
        assert path[1:-1].encode() not in body


def test_other_names_and_other_sites_are_refused(view: View) -> None:
    port = view.port
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        f"127.0.0.1:{port}.evil.example",
        f"x@127.0.0.1:{port}",
    ):
        assert view.ask(view.path, host=host)[0] == 403, host
    site = "Sec-Fetch-Site: cross-site"
    assert view.data("0/chunk", site, "Sec-Fetch-Dest: image")[0] == 403
    assert view.ask(view.path, site, "Sec-Fetch-Dest: iframe")[0] == 403
    assert view.data("0/chunk", "Sec-Fetch-Site: same-site", "Sec-Fetch-Dest: empty")[0] == 403
    # A link that a person follows, and the page itself.
    assert view.ask(view.path, site, "Sec-Fetch-Dest: document")[0] == 200
    status, headers, _ = view.data("0/chunk", "Sec-Fetch-Site: same-origin", "Origin: http://evil.example")
    assert status == 200 and not [name for name in headers if name.startswith("access-control")]


def test_nothing_outside_of_the_volume_is_served(view: View) -> None:
    up = ("../secret", "%2e%2e/secret", "..%2fsecret", "%252e%252e/secret", "..%5csecret", "..\\secret", "....//secret")
    odd = (
        "link",
        "folder/secret",
        "/etc/hostname",
        "%2fetc/hostname",
        "zarr.json%00",
        "zarr.json/",
        "%c0%ae%c0%ae/secret",
        "0/pipe",
    )
    for key in up + odd:
        status, _, body = view.data(key)
        assert status in (400, 403, 404) and SECRET.encode() not in body, key
    for name in ("../main.mjs", "..%2fmain.mjs", "data/-1/zarr.json", "data/9/zarr.json", "index.html%00"):
        assert view.ask(view.path + name)[0] in (400, 403, 404), name


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=1-2", 206, b"hu"),
        ("bytes=-2", 206, b"nk"),
        ("bytes=0-99999999999999999999999", 206, b"chunk"),
        ("bytes=-99999999999999999999999", 206, b"chunk"),
        ("bytes=99999999999999999999999-", 416, None),
        ("bytes=5-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=2-1", 200, b"chunk"),
        ("bytes=--1", 200, b"chunk"),
        ("bytes=0-0,3-4", 200, b"chunk"),
        ("bytes=0x1-0x2", 200, b"chunk"),
        ("lines=0-1", 200, b"chunk"),
    ],
)
def test_a_range_is_answered_exactly_or_not_at_all(view: View, asked: str, status: int, body: bytes | None) -> None:
    found, headers, content = view.data("0/chunk", f"Range: {asked}")
    assert found == status
    assert body in (None, content)
    assert int(headers["content-length"]) == len(content)
    assert view.data("0/empty", f"Range: {asked}")[2] in (b"", b"The file has 0 bytes.\n")


def test_what_is_no_question_is_refused_and_harms_nobody(view: View) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        status, headers, _ = view.ask(view.path, method=method)
        assert (status, headers["allow"]) == (405, "get, head")
    # The body that it announces is not waited for.
    assert parse(view.send(view.request(view.path, "Content-Length: 1000000000", method="POST")))[0] == 405
    for garbage in (
        b"\x16\x03\x01\x02\x00",
        b"FOO / HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 2**20,
        view.request(view.path, f"X: {'a' * 2**20}"),
    ):
        assert parse(view.send(garbage + b"\r\n\r\n"))[0] in (0, 400, 431)
    assert view.works()


def test_five_hundred_connections_at_once(view: View) -> None:
    connections = [view.connect() for _ in range(500)]
    for connection in connections:
        connection.sendall(view.request(f"{view.path}data/0/0/chunk", "Connection: close"))
    assert all(parse(read(connection))[2] == b"chunk" for connection in connections)
    for connection in connections:
        connection.close()


def test_clients_that_leave_in_the_middle_leave_nothing_open(view: View) -> None:
    for count in range(200):
        connection = view.connect(f"{view.path}data/0/0/big")
        if count % 2:
            connection.recv(1000)
        reset(connection)
    assert view.works()
    assert eventually(lambda: view.files() == [])


def test_who_asks_ahead_and_reads_nothing_costs_little(view: View) -> None:
    before = view.process.memory_info().rss
    with view.connect() as connection:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            connection.sendall(view.request(f"{view.path}data/0/0/big") * 20_000)
        assert view.works()
        # The file of the connection's own first question is open, and no more.
        assert eventually(lambda: len(view.files()) == 1)
        assert view.process.memory_info().rss < before + 200 * 2**20
        reset(connection)
    assert eventually(lambda: view.files() == [])
    # One after another on one connection is another thing.
    with view.connect() as connection:
        for _ in range(50):
            connection.sendall(view.request(f"{view.path}data/0/0/chunk"))
            assert connection.recv(2**16).endswith(b"chunk")


@pytest.mark.parametrize("what", ["shortened", "written anew", "removed", "replaced"])
def test_a_file_that_changes_while_it_is_sent_is_whole_or_cut(view: View, volume: Path, what: str) -> None:
    path = volume / "0/changing"
    path.write_bytes(b"a" * BIG)
    with view.connect(f"{view.path}data/0/0/changing") as connection:
        start = connection.recv(2**12)
        match what:
            case "shortened":
                os.truncate(path, 1000)
            case "written anew":
                with path.open("r+b") as file:
                    file.write(b"b" * BIG)
            case "removed":
                path.unlink()
            case "replaced":
                shutil.copy(volume / "0/chunk", volume / "0/other")
                (volume / "0/other").replace(path)
        body = parse(start + read(connection))[2]
    if what in ("shortened", "written anew"):
        assert len(body) < BIG
    else:
        assert body == b"a" * BIG
    assert view.data("0/changing")[0] == (404 if what == "removed" else 200)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_whatever_is_connected(cli: CommandLine, volume: Path, name: signal.Signals) -> None:
    view = View(cli, "--no-browser", volume)
    connections = [view.connect(f"{view.path}data/0/0/big" if count % 2 else None) for count in range(40)]
    connections[0].sendall(b"GET /")
    assert view.end(name) < 2
    for connection in connections:
        connection.close()


def test_the_browser_is_told_by_a_file_that_nobody_else_can_read(
    cli: CommandLine, volume: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    opener = tmp_path / "bin/xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$@" > "{told}.part"\nmv "{told}.part" "{told}"\n')
    opener.chmod(0o755)
    environment = os.environ | {"PATH": f"{opener.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    view = View(cli, volume, env=environment)
    assert eventually(told.exists)
    address = told.read_text().strip()
    # Anybody may see it, in a list of the processes.
    assert view.path.strip("/") not in address
    file = Path(address.removeprefix("file://"))
    assert view.url in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    view.end()
    assert not file.parent.exists()
