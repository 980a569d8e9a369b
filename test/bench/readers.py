"""What other programs take to read a store: `readers.py STORE READER ACCESS COLD` prints seconds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measure import forget, warm

READERS = ("zarr-python", "TensorStore", "dask")
ACCESSES = ("whole", "slab of 128", "8 chunks", "slice z", "slice y", "slice x")


def measure(stores: dict[str, Path], runs: int) -> list[list[str]]:
    """A row for each reader and access: milliseconds, warm and cold, of each store."""
    found: dict[tuple[str, str, str, bool], list[float]] = {}
    for _ in range(runs):
        for reader in READERS:
            for access in ACCESSES:
                for cold in (False, True):
                    for name, path in stores.items():
                        command = [sys.executable, __file__, str(path), reader, access, "cold" if cold else "warm"]
                        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                        found.setdefault((reader, access, name, cold), []).append(float(said))
    return [
        [
            reader,
            access,
            *(
                f"{1000 * statistics.median(found[reader, access, name, cold]):.0f}"
                for cold in (False, True)
                for name in stores
            ),
        ]
        for reader in READERS
        for access in ACCESSES
    ]


def opened(path: Path, reader: str) -> Any:
    """Something of which slices are read by `read`."""
    if reader == "TensorStore":
        import tensorstore

        store = {"driver": "file", "path": str(path)}
        return tensorstore.open({"driver": "zarr3", "kvstore": store}).result()
    if reader == "dask":
        import dask.array

        return dask.array.from_zarr(str(path))
    import zarr

    return zarr.open_array(path, mode="r")


def read(array: Any, box: tuple[slice | int, ...]) -> None:
    found = array[box]
    if hasattr(found, "compute"):
        found.compute()
    elif hasattr(found, "read"):
        found.read().result()


def once(path: Path, reader: str, access: str, cold: bool) -> float:
    array = opened(path, reader)
    depth, height, width = array.shape
    every = slice(None)
    boxes: dict[str, list[tuple[slice | int, ...]]] = {
        "whole": [(every, every, every)],
        "slab of 128": [(slice(0, min(128, depth)), every, every)],
        "8 chunks": [
            (slice(128 * z, min(128 * z + 128, depth)), slice(128 * y, 128 * y + 128), slice(128 * x, 128 * x + 128))
            for z, y, x in [(0, 1, 2), (0, 3, 0), (0, 5, 6), (0, 7, 1), (0, 2, 4), (0, 6, 3), (0, 0, 5), (0, 4, 7)]
        ],
        "slice z": [(depth // 2, every, every)],
        "slice y": [(every, height // 2, every)],
        "slice x": [(every, every, width // 2)],
    }
    # What a reader makes at its first read is not the store's.
    read(array, (slice(0, 1), slice(0, 1), slice(0, 1)))
    if cold:
        forget(path)
    else:
        for file in filter(Path.is_file, path.rglob("*")):
            warm(file)
    start = time.perf_counter()
    for box in boxes[access]:
        read(array, box)
    return time.perf_counter() - start


if __name__ == "__main__":
    store, reader, access, state = sys.argv[1:]
    print(once(Path(store) / "0", reader, access, state == "cold"))
