"""Truncated and damaged files: refused in words, or read as they now are; no crash, no hang, no half output."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sources
import tifffile
from sources import Encoding

from microct_io_vis.node import node

SCRIPT = Path(__file__).with_name("damage.ts")
ROOT = Path(__file__).parents[2]
SHAPE = (5, 20, 30)
BUDGET = 300 * 2**20
PATIENCE = 10
"""Seconds in which each conversion must have ended; undamaged ones take less than a tenth of one."""
FLAVOURS = [
    Encoding("uint16"),
    Encoding("uint16", "big", "rows"),
    Encoding("float32", layout="tiles", container="bigtiff"),
    Encoding("uint8", "big", container="imagej"),
    Encoding("int16", "big", container="imagej-single"),
    Encoding("uint16", layout="rows", compression="deflate", predictor=2, container="ome"),
    Encoding("uint16", compression="lzw", predictor=2),
    Encoding("float32", "big", "tiles", "deflate", 3),
    Encoding("int32", layout="rows", compression="zstd", container="bigtiff"),
    Encoding("uint8", compression="packbits"),
    Encoding("uint8", layout="tiles", compression="jpeg"),
    Encoding("float32", compression="lerc"),
    Encoding("uint16", container="slices"),
    Encoding("uint8", compression="lzw", container="slices"),
]


def headers(path: Path) -> list[int]:
    """Positions of the bytes that say how a TIFF is to be read: its header, directories, and what their tags hold."""
    with tifffile.TiffFile(path) as file:
        found = list(range(16 if file.is_bigtiff else 8))
        for page in file.pages:
            entry = file.tiff.tagsize
            found += range(
                page.offset, page.offset + file.tiff.tagnosize + entry * len(page.tags) + file.tiff.offsetsize
            )
            for tag in page.tags:
                if tag.valuebytecount > file.tiff.tagoffsetthreshold:
                    found += range(tag.valueoffset, tag.valueoffset + tag.valuebytecount)
    return found


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """A source of each flavour and the file of it that is damaged."""
    found = []
    for encoding in FLAVOURS:
        folder = tmp_path_factory.mktemp("flavour")
        source = sources.write(folder, sources.volume(SHAPE, encoding), encoding)
        found.append((source, sorted(source.iterdir())[2] if source.is_dir() else source))
    array = np.random.default_rng(1).integers(0, 255, (2, 3, 2, 20, 30), np.uint8)
    for name, kind in {"scan.tif": {"imagej": True}, "scan.ome.tif": {"ome": True, "bigtiff": True}}.items():
        source = tmp_path_factory.mktemp("axes") / name
        tifffile.imwrite(source, array, metadata={"axes": "TZCYX"}, **kind)
        found.append((source, source))
    return found


def outcomes(tmp_path: Path, cases: list[dict]) -> list[dict]:
    """Outcome of each case; in two processes, each of which lives through half of them within its budget."""

    def run(part: int) -> list[dict]:
        folder = tmp_path / f"part-{part}"
        folder.mkdir()
        listing = folder / "cases.json"
        listing.write_text(json.dumps({"folder": str(folder), "budget": BUDGET, "cases": cases[part::2]}))
        ended = subprocess.run([node(), SCRIPT, listing], cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert told["peak"] < BUDGET
        return told["outcomes"]

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(run, range(2)))
    found = [parts[n % 2][n // 2] for n in range(len(cases))]
    for case, one in zip(cases, found, strict=True):
        assert one["code"] not in ("internal", "cancelled", "not a ConvertError"), (case, one)
        assert one["seconds"] < PATIENCE, (case, one)
        assert one["left"] == [], (case, one)
        assert one["whole"] is not False, (case, one)
        assert "\n" not in one["message"], (case, one)
    return found


def test_truncated_files(tmp_path, volumes):
    """Cut at 200 random places: refused, unless what is gone holds nothing of the volume."""
    chance = np.random.default_rng(21)
    cases = []
    for n in range(200):
        source, file = volumes[n % len(volumes)]
        cut = int(chance.integers(file.stat().st_size))
        cases.append({"source": str(source), "file": str(file), "cut": cut, "verify": "original"})
    found = outcomes(tmp_path, cases)
    for case, one in zip(cases, found, strict=True):
        assert one["code"] or one["whole"], (case, one)
    assert sum(one["code"] is not None for one in found) > 180


def test_damaged_headers(tmp_path, volumes):
    """Bytes changed in 300 headers, one or several at once: of what is converted all the same, some is read back."""
    chance = np.random.default_rng(22)
    positions = [headers(file) for _, file in volumes]
    cases = []
    for n in range(300):
        source, file = volumes[n % len(volumes)]
        at = chance.choice(positions[n % len(volumes)], 1 if n % 3 else int(chance.integers(2, 6)), replace=False)
        flips = [(int(position), int(chance.integers(1, 256))) for position in at]
        cases.append(
            {"source": str(source), "file": str(file), "flips": flips, "verify": "copy" if n % 8 == 0 else None}
        )
    found = outcomes(tmp_path, cases)
    refused = sum(one["code"] is not None for one in found)
    assert 75 < refused < 285
    assert sum(one["whole"] is True for one in found) > 2
