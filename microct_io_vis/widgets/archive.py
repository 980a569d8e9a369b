"""Where files lie in an OME-Zarr that is one file (``.ozx``)."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path


class Archive:
    """Places of the files in a ZIP archive whose files are stored as they are.

    The OME-Zarrs are those of NGFF's RFC-9. Raises ``ValueError`` for what is no such archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: tuple[int, ...] = ()
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._index()

    def place(self, key: str) -> tuple[int, int] | None:
        """The first byte and the length of a file; None when there is none."""
        if self._state != self._state_now():
            self._index()
        entry = self._entries.get(key)
        if entry is None:
            return None
        with open(self.path, "rb", buffering=0) as file:
            file.seek(entry.header_offset)
            header = file.read(30)
        if len(header) != 30 or header[:4] != b"PK\3\4":
            raise ValueError(f"{self.path}: {key} in it is not where its directory says: copy it again")
        name, extra = struct.unpack("<HH", header[26:])
        return entry.header_offset + 30 + name + extra, entry.file_size

    def _state_now(self) -> tuple[int, ...]:
        stat = self.path.stat()
        return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _index(self) -> None:
        state = self._state_now()
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        except zipfile.BadZipFile as reason:
            raise ValueError(f"{self.path}: no ZIP archive, or it was cut off ({reason}): copy it again") from None
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
                raise ValueError(
                    f"{self.path}: {entry.filename} in it is compressed or encrypted by ZIP, where files are expected "
                    'as they are: write it anew, stored ("zip -0")'
                )
        self._entries = {_name(entry): entry for entry in entries}
        self._state = state


def _name(entry: zipfile.ZipInfo) -> str:
    """Name of a file; Info-ZIP's zip writes UTF-8, and no flag that says so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename
