"""Pixels of several samples, in every type, layout and compression: each sample as tifffile reads it."""

import numpy as np
import pytest
import sources
import tifffile
from oracle import Expected, check
from pairwise import pairwise
from sources import DTYPES, Encoding
from test_oracle import region

PARAMETERS = {
    "dtype": DTYPES,
    "byteorder": ("little", "big"),
    "layout": ("page", "rows", "row", "tiles"),
    "compression": ("none", "lzw", "deflate", "packbits", "zstd", "lerc"),
    "predictor": (1, 2, 3),
    "container": ("classic", "bigtiff"),
    "samples": (2, 3, 4, 7),
    "planar": (False, True),
    "shape": ((1, 1, 1), (3, 7, 5), (2, 33, 130), (5, 64, 48)),
    "channel": ("0", "1", "1,0", "all"),
    "region": ("all", "inner", "edge", "line"),
    "memory": ("4G", "300M"),
}


def encoding(row: dict) -> Encoding:
    return Encoding(row["dtype"], row["byteorder"], row["layout"], row["compression"], row["predictor"])


def possible(row: dict) -> bool:
    # Of several samples side by side, LERC is refused.
    return encoding(row).possible() and (row["compression"] != "lerc" or row["planar"])


CASES = pairwise(PARAMETERS, possible)


def write(folder, row: dict) -> tuple:
    """A source, and its voxels as (sample, Z, Y, X)."""
    how, count = encoding(row), row["samples"]
    pixels = np.stack([sources.volume(row["shape"], how, seed) for seed in range(count)])
    settings = {"planarconfig": "separate" if row["planar"] else "contig", "metadata": None}
    settings |= {"photometric": "rgb" if count in (3, 4) else "minisblack", "bigtiff": row["container"] == "bigtiff"}
    settings["byteorder"] = {"little": "<", "big": ">"}[how.byteorder]
    height = row["shape"][1]
    if how.layout == "tiles":
        settings["tile"] = (32, 48)
    else:
        settings["rowsperstrip"] = {"page": height, "rows": min(3, height), "row": 1}[how.layout]
    if how.compression != "none":
        settings["compression"] = how.compression
    if how.predictor != 1:
        settings["predictor"] = how.predictor
    if count in (2, 4):
        settings["extrasamples"] = ["unassalpha"]
    source = folder / "scan.tif"
    with tifffile.TiffWriter(source, bigtiff=settings.pop("bigtiff"), byteorder=settings.pop("byteorder")) as file:
        for z in range(row["shape"][0]):
            page = pixels[:, z] if row["planar"] else np.ascontiguousarray(np.moveaxis(pixels[:, z], 0, -1))
            file.write(page, **settings)
    with tifffile.TiffFile(source) as file:
        read = np.stack([page.asarray() for page in file.pages], axis=1 if row["planar"] else 0)
    read = read.reshape(pixels.shape if row["planar"] else (*row["shape"], count))
    read = read if row["planar"] else np.moveaxis(read, -1, 0)
    np.testing.assert_array_equal(read, pixels)
    return source, read


def name(number: int) -> str:
    row = CASES[number]
    kinds = (row["samples"], "planar" if row["planar"] else "chunky", row["dtype"], row["byteorder"], row["layout"])
    return "-".join(map(str, (number, *kinds, row["compression"], row["predictor"])))


@pytest.mark.parametrize("number", range(len(CASES)), ids=name)
def test_samples(cli, tmp_path, number):
    row = CASES[number]
    source, pixels = write(tmp_path, row)
    chosen = range(row["samples"]) if row["channel"] == "all" else [int(n) for n in row["channel"].split(",")]
    stored, kept = sources.as_stored(row["dtype"])
    cut = region(row["region"], row["shape"])
    words = ["-c", 2, 20, 33, "-n", 2, "-m", row["memory"], "--channel", row["channel"], *kept]
    if row["region"] != "all":
        words += ["--roi", *(bound for bounds in cut for bound in bounds)]
    output = tmp_path / "out.ome.zarr"
    cli.convert(source, output, *words)
    level0 = pixels[list(chosen)][(slice(None), *(slice(*bounds) for bounds in cut))].astype(stored)
    several = len(level0) > 1
    expected = Expected(
        level0 if several else level0[0],
        chunk=(2, 20, 33),
        levels=2,
        start=tuple(start for start, _ in cut),
        axes="czyx" if several else "zyx",
    )
    check(output, expected)
    if row["region"] == "inner":
        assert cli("verify", output, "--against", source).succeeded().stdout.startswith("OK")
