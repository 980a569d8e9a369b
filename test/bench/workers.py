"""Time of `convert` by workers of Dask: `workers.py SOURCE TARGET WORKERS THREADS` prints seconds."""

from __future__ import annotations

import sys
import time

from distributed import Client, LocalCluster

from microct_io_vis import convert


def main() -> None:
    source, target, workers, threads = sys.argv[1:]
    options = {"compression": "blosc-lz4", "progress": False}
    cluster = LocalCluster(
        n_workers=int(workers), threads_per_worker=int(threads), processes=True, dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        start = time.perf_counter()
        convert(source, target, client=client, **options)
        print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
