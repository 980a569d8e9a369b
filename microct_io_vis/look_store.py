"""A source that the helper reads, as a Zarr store: a TIFF, a folder of slices, or an OME-Zarr by its address.

Zarr takes a chunk that is not there for one of its fill value. The helper says of none that it is not there where that
is not certain: a server's error, a login page or half an answer are errors here, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NoReturn

from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from .arguments import shown_address
from .look import LookedAt, looked_at
from .multiscale import multiscale_of


class LookStore(Store):
    """Zarr-python's store of a source that is looked at as it lies there, or of an OME-Zarr at an address.

    ``whole``: whether none of its chunks can be missing.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = False

    def __init__(self, source: str, reading: Mapping[str, Any] | None = None, whole: bool = True) -> None:
        super().__init__(read_only=True)
        self.source = source
        self.whole = whole
        self.reading = dict(reading or {})
        self.files: LookedAt = looked_at(source, True, self.reading)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LookStore) and (other.source, other.reading) == (self.source, self.reading)

    def __reduce__(self) -> tuple[type[LookStore], tuple[str, dict[str, Any], bool]]:
        return (LookStore, (self.source, self.reading, self.whole))

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        offset, length = 0, None
        if isinstance(byte_range, RangeByteRequest):
            offset, length = byte_range.start, byte_range.end - byte_range.start
        elif isinstance(byte_range, OffsetByteRequest):
            offset = byte_range.offset
        elif isinstance(byte_range, SuffixByteRequest):
            offset = -byte_range.suffix
        size, _, data, _ = await asyncio.to_thread(self.files.read, key, offset, length)
        if size is not None:
            return prototype.buffer.from_bytes(data)
        if self.whole and not key.endswith("zarr.json") and "/c/" in key:
            # Zarr takes a chunk that is not there for one of zeros.
            raise FileNotFoundError(f"{shown_address(self.source)}: it is there no more, or was put in another's place")
        return None

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        size, *_ = await asyncio.to_thread(self.files.read, key)
        return size is not None

    async def set(self, key: str, value: Buffer) -> None:
        self._refuse()

    async def delete(self, key: str) -> None:
        self._refuse()

    def list(self) -> AsyncIterator[str]:
        self._refuse()

    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        self._refuse()

    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotImplementedError(f"{shown_address(self.source)}: is read only, and a chunk at a time")


def image_of(store: LookStore) -> dict[str, Any]:
    """The image's metadata, as the source is now."""
    key = store.files.metadata_key
    return multiscale_of(key, store.files.read(key)[2])
