"""`npm run bench -- viewer`: what opening a volume in the viewer takes; writes its section of docs/benchmarks.md."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

from report import publish, row

HEAD = ["", "GB", "first picture, s", "least to greatest", "times the OME-Zarr's", "last chunk, s"]


def measure(folder: Path, program: str, machine: str, smoke: bool) -> None:
    runs, shrink = (1, 8) if smoke else (3, 1)
    load = os.getloadavg()[0]
    command = ["node", str(Path(__file__).with_name("viewer.mjs")), str(folder.resolve()), str(runs), str(shrink)]
    tools = [sys.executable, program, os.environ["MICROCT_CHROMIUM"]]
    found = subprocess.run([*command, *tools], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = json.loads(found)
    section = write(rows, f"Medians of {runs}", machine, load)
    if smoke:
        print(section)
        return
    publish(Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md", {"Opening a volume": section})


def write(rows: list[list[str]], medians: str, machine: str, load: float) -> str:
    text = " ".join(
        [
            "From opening the page of `microct-io-vis view` to voxels in all four panels, and to the last change",
            "of the picture: Chromium without a graphics card, its window open and at rest, an empty cache, the server",
            f"newly started, 1200 × 800 pixels. {medians}; runs take turns;",
            f"other work kept the machine at a load of {load:.0f}.",
            f"Measured on {datetime.date.today()} by",
            f"`npm run bench -- viewer` on {machine}. Stock Neuroglancer shows the same view of the same OME-Zarr from",
            "`python -m http.server`. The script of the Python predecessor, `visualize_zarr.py`, is not here.",
            "In JupyterLab it is from the click that opens a volume, on which the mouse has rested for half a second;",
            "the first TIFF waits for the helper, too.",
            "The sparse TIFF has directories and no voxels: of its 3-D panel nothing is waited for.",
        ]
    )
    return "\n".join(["## Opening a volume", "", text, "", row(HEAD), row(["---"] * len(HEAD)), *map(row, rows), ""])
