"""Reading times of other programs: `readers.py STORE READER` prints the seconds of each access, as JSON."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measure import forget, warm

READERS = ("zarr-python", "TensorStore", "dask")
STATES = ("warm", "cold")
ACCESSES = ("whole", "slab of 128", "8 chunks", "slice z", "slice y", "slice x")


def measure(stores: dict[str, Path], runs: int) -> list[list[str]]:
    """A row for each reader and access: milliseconds, warm and cold, of each store."""
    found: dict[tuple[str, str, str, str], list[float]] = {}
    for _ in range(runs):
        for reader in READERS:
            for name, path in stores.items():
                command = [sys.executable, __file__, str(path), reader]
                said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                for state, access, seconds in json.loads(said):
                    found.setdefault((reader, access, name, state), []).append(seconds)
    return [
        [
            reader,
            access,
            *(
                f"{1000 * statistics.median(found[reader, access, name, state]):.0f}"
                for state in STATES
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


def boxes_of(shape: tuple[int, ...]) -> dict[str, list[tuple[slice | int, ...]]]:
    depth, height, width = shape
    every = slice(None)
    return {
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


def all_accesses(path: Path, reader: str) -> list[tuple[str, str, float]]:
    """State, access and seconds of each."""
    array = opened(path, reader)
    # A reader's own preparations at its first read are not the store's.
    read(array, (slice(0, 1), slice(0, 1), slice(0, 1)))
    found = []
    for state in STATES:
        if state == "warm":
            for file in filter(Path.is_file, path.rglob("*")):
                warm(file)
        for access, boxes in boxes_of(array.shape).items():
            if state == "cold":
                forget(path)
            start = time.perf_counter()
            for box in boxes:
                read(array, box)
            found.append((state, access, time.perf_counter() - start))
    return found


if __name__ == "__main__":
    store, reader = sys.argv[1:]
    print(json.dumps(all_accesses(Path(store) / "0", reader)))
