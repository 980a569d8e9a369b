"""Reading by the helper: a TIFF or a folder of slices as it would be, an OME-Zarr of the web or a bucket as it is."""

from __future__ import annotations

import http.client
import os
import subprocess
import urllib.parse
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .arguments import is_address, option_words, shown_address
from .image_files import NO_FILE, Files, Part, range_of
from .multiscale import multiscale_of
from .node import HelperMissing
from .process import started

#: Seconds that one answer may take.
PATIENCE = 170

_open: weakref.WeakValueDictionary[tuple[Path | str, bool, tuple[str, ...]], LookedAt] = weakref.WeakValueDictionary()


def looked_at(source: str, exact: bool = False, reading: Mapping[str, Any] | None = None) -> LookedAt:
    """The source as it is looked at already, or anew.

    ``exact``: in its own type, also where viewers cannot show it. ``reading``: options of how it is read.
    """
    root = source if is_address(source) else Path(os.path.realpath(os.path.expanduser(source)))
    key = (root, exact, tuple(option_words(reading or {})))
    files = _open.get(key)
    if files is None or not files.runs:
        _open[key] = files = LookedAt(source, *key)
    return files


class LookedAt(Files):
    """Files that the helper reads, or makes. Raises ``FileNotFoundError`` or ``ValueError`` where there is no such
    source."""

    def __init__(self, source: str, root: Path | str, exact: bool = False, words: tuple[str, ...] = ()) -> None:
        self.root = root
        # It ends with this Python, however that ends.
        environment = {
            "JPY_PARENT_PID": str(os.getpid()),
            "MICROCT_IO_VIS_CHILD": "1",
            "MICROCT_IO_VIS_WORDS": "python",
            "MICROCT_IO_VIS_EXACT": "1" if exact else "",
        }
        try:
            self._process = started(["view", *words, "--no-browser", "--", os.fspath(root)], environment)
        except HelperMissing as reason:
            raise ValueError(f"{shown_address(source)}: {reason}") from None
        assert self._process.stdout is not None and self._process.stderr is not None
        address = self._process.stdout.readline().strip()
        if not address:
            said = self._process.stderr.read().strip().removeprefix("microct-io-vis: ").removeprefix("error: ")
            _end(self._process)
            is_there = isinstance(root, str) or root.exists()
            raise (ValueError if is_there else FileNotFoundError)(said)
        self._finalizer = weakref.finalize(self, _end, self._process)
        parts = urllib.parse.urlsplit(address)
        self._port, self._path = parts.port, parts.path
        # Of what describes no image the page says what is wrong.
        self.multiscale = {}
        document = self._metadata() or b"{}"
        with suppress(LookupError, TypeError, ValueError):
            self.multiscale = multiscale_of(self.metadata_key, document)

    @property
    def runs(self) -> bool:
        """Whether its helper can be asked."""
        return self._process.poll() is None

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Part:
        """Bytes of the file ``key``; the version is the source's. Raises ``OSError`` where it cannot be read."""
        if not self.runs:
            raise OSError("the helper that reads it has ended: run the cell again")
        end = "" if length is None else offset + length - 1
        asked = f"bytes={offset}" if offset < 0 else f"bytes={offset}-{end}"
        is_part = length != 0 and (offset != 0 or length is not None)
        # Not by way of a proxy.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            method = "HEAD" if length == 0 else "GET"
            headers = {"Range": asked} if is_part else {}
            connection.request(method, f"{self._path}data/0/{urllib.parse.quote(key)}", headers=headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return NO_FILE
        part, _, whole = (answer.headers["Content-Range"] or "").removeprefix("bytes ").partition("/")
        if answer.status == 416:
            return int(whole), int(whole), b"", None
        if answer.status not in (200, 206):
            raise OSError(data.decode("utf-8", "replace").strip() or f"{key}: it cannot be read ({answer.status})")
        version = answer.headers["ETag"]
        if answer.status == 206:
            return int(whole), int(part.partition("-")[0]), data[:length], version
        size = int(answer.headers["Content-Length"])
        start, stop = range_of(size, offset, length)
        return size, start, data[start:stop], version


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
