"""A server of the web on a loopback port that serves parts of files, and spoils answers where it is told to."""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOGIN_PAGE = b"<!DOCTYPE html><title>Sign in</title>"

#: Fault of a request, by its number from 1 and its first byte: a status, or the name of a fault; None: none.
Fault = Callable[[int, int], "int | str | None"]


@dataclass
class RangeServer:
    """Serves the files of a folder."""

    folder: Path
    #: seconds before each answer
    latency: float = 0.0
    fault: Fault = lambda number, first: None
    requests: int = 0
    sent: int = 0
    #: of requests, one each
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    told: RangeServer

    def handle_error(self, request, client_address) -> None:
        """Connections end when processes do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format, *args) -> None:
        pass

    def _head(self, status: int, length: int, **headers: str) -> None:
        lines = {"Content-Length": str(length), **{name.replace("_", "-"): text for name, text in headers.items()}}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.wfile.write(f"HTTP/1.1 {status} Said\r\n{text}\r\n".encode())

    def do_GET(self) -> None:
        told = self.server.told
        if told.latency:
            time.sleep(told.latency)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first = int(found[1]) if found else 0
        with told.lock:
            told.requests += 1
            told.headers.append(dict(self.headers))
            fault = told.fault(told.requests, first)
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
            return
        if fault == "login":
            self._head(200, len(LOGIN_PAGE), Content_Type="text/html; charset=utf-8")
            self.wfile.write(LOGIN_PAGE)
            return
        path = told.folder / self.path.split("?")[0].lstrip("/")
        if path.name == "login.html":
            self._head(200, len(LOGIN_PAGE), Content_Type="text/html")
            self.wfile.write(LOGIN_PAGE)
            return
        if fault == "redirect":
            self._head(302, 0, Location="/login.html")
            return
        if isinstance(fault, int) and fault != 200:
            self._head(fault, 0)
            return
        if not path.is_file():
            self._head(404, 0)
            return
        status = path.stat()
        size = status.st_size
        version = {"ETag": '"other"' if fault == "etag" else f'"{status.st_mtime_ns:x}-{size:x}"'}
        version |= {"Last_Modified": formatdate(status.st_mtime, usegmt=True)}
        if not found or fault == 200:
            self._head(200, size, **version)
            with contextlib.suppress(OSError):
                self.wfile.write(path.read_bytes()[: 1 << 20])
            self.close_connection = True
            return
        last = min(int(found[2]), size - 1)
        if first >= size:
            self._head(416, 0, Content_Range=f"bytes */{size}")
            return
        if fault == "shifted":
            first, last = first + 1, last + 1
        length = last + 1 - first
        said = size + 4096 if fault == "longer" else size
        told_length = length // 2 if fault == "short" else length
        self._head(206, told_length, Content_Range=f"bytes {first}-{last}/{said}", **version)
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(length)
        if fault == "half":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body[:told_length])
        with told.lock:
            told.sent += len(body)


@contextlib.contextmanager
def serving(folder: Path | os.PathLike[str]) -> Iterator[RangeServer]:
    """A server of a folder's files, while it is in use."""
    told = RangeServer(Path(folder))
    server = _Server(("127.0.0.1", 0), _Handler)
    server.told = told
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
