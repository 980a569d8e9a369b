"""A TIFF or a folder of slices, as the OME-Zarr that it would be: the helper makes what a viewer asks for."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.parse
import weakref
from pathlib import Path
from typing import Any

from ..conversion import NEW_GROUP
from ..node import HelperMissing, command

#: Seconds that one answer may take.
PATIENCE = 170

_open: weakref.WeakValueDictionary[Path, LookedAt] = weakref.WeakValueDictionary()


def looked_at(source: str) -> LookedAt:
    """The source as it is looked at already, or anew."""
    root = Path(os.path.realpath(os.path.expanduser(source)))
    files = _open.get(root)
    if files is None or not files.runs:
        _open[root] = files = LookedAt(source, root)
    return files


class LookedAt:
    """Reads as ``OmeZarrFiles`` does; raises ``FileNotFoundError`` or ``ValueError`` where there is no such source."""

    metadata_key = "zarr.json"

    def __init__(self, source: str, root: Path) -> None:
        self.root = root
        try:
            line = command("view", os.fspath(root), "--no-browser")
        except HelperMissing as reason:
            raise ValueError(f"{source}: {reason}") from None
        self._process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # It ends with this Python, however that ends; Ctrl-C is not meant for it.
            env={**os.environ, "JPY_PARENT_PID": str(os.getpid()), "MICROCT_IO_VIS_CHILD": "1"},
            creationflags=NEW_GROUP,
            start_new_session=sys.platform != "win32",
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        address = self._process.stdout.readline().strip()
        if not address:
            said = self._process.stderr.read().strip().removeprefix("microct-io-vis: ").removeprefix("error: ")
            self._process.wait()
            raise (ValueError if root.exists() else FileNotFoundError)(said)
        self._finalizer = weakref.finalize(self, _end, self._process)
        parts = urllib.parse.urlsplit(address)
        self._port, self._path = parts.port, parts.path
        _, _, data, _ = self.read(self.metadata_key)
        self.axes: list[dict[str, Any]] = json.loads(data)["attributes"]["ome"]["multiscales"][0]["axes"]

    @property
    def runs(self) -> bool:
        """Whether its helper can be asked."""
        return self._process.poll() is None

    def read(self, key: str, offset: int = 0, length: int | None = None) -> tuple[int | None, int, bytes, str | None]:
        """The size of the file ``key``, where the bytes begin, the bytes, and the version of the source."""
        if not self.runs:
            raise OSError("the helper that reads it has ended: run the cell again")
        # Not by way of a proxy.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request("GET", f"{self._path}data/0/{urllib.parse.quote(key)}")
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return None, 0, b"", None
        if answer.status != 200:
            raise OSError(data.decode("utf-8", "replace").strip())
        size = len(data)
        start = min(size, max(0, size + offset) if offset < 0 else offset)
        return size, start, data[start : size if length is None else start + length], answer.headers["ETag"]

    def fingerprint(self) -> list[dict[str, Any]]:
        """Nothing: no server has it."""
        return []


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
