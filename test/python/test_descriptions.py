"""Several descriptions in one file: which is believed, that a difference is said, and how the other is had."""

import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from test_info import inspect_all

PLANES = np.random.default_rng(5).integers(0, 60000, (12, 20, 30), "uint16")
ORDERS = {"ome": "TCZ", "imagej": "TZC", "tifffile": "TCZ", "scifio": "TCZ"}
"""Of each program's descriptions below, the slowest axis first."""
RANK = {"ome": 0, "imagej": 1, "tifffile": 2, "scifio": 2}
"""In which order they are believed."""


def describe(by: str, t: int, c: int, z: int, more: str = "", **attributes: object) -> str:
    pages = t * c * z
    match by:
        case "ome":
            pixels = {"DimensionOrder": "XYZCT", "Type": "uint16", "SizeX": 30, "SizeY": 20}
            pixels |= {"SizeZ": z, "SizeC": c, "SizeT": t, **attributes}
            said = " ".join(f'{name}="{value}"' for name, value in pixels.items())
            return (
                f'<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels {said}>{more}<TiffData/></Pixels></Image></OME>'
            )
        case "imagej":
            return f"ImageJ=1.54f\nimages={pages}\nchannels={c}\nslices={z}\nframes={t}\nhyperstack=true\n{more}"
        case "scifio":
            return f"SCIFIO=0.42\naxes=X,Y,Z,Channel,Time\nlengths=30,20,{z},{c},{t}\nimages={pages}\n{more}"
        case _:
            return json.dumps({"shape": [t, c, z, 20, 30], "axes": "TCZYX", **attributes})


def write(path: Path, first: str, second: str | None, at: int = 0, **settings: object) -> Path:
    """Pages with one description, and another as a second tag of the first page, or that of a later one."""
    with tifffile.TiffWriter(path, byteorder="<") as file:
        for number, plane in enumerate(PLANES):
            text = {0: first, at or -1: second}.get(number)
            extra = [(65000, 2, 0, second.encode() + b"\0", True)] if number == at == 0 and second else []
            options = {"photometric": "minisblack", "metadata": None, "extratags": extra, **settings}
            file.write(plane, description=text and text.encode(), **options)
    if second and at == 0:
        # tifffile writes one of them only.
        content = bytearray(path.read_bytes())
        start = struct.unpack_from("<I", content, 4)[0] + 2
        entry = next(n for n in range(start, len(content), 12) if struct.unpack_from("<H", content, n)[0] == 65000)
        struct.pack_into("<H", content, entry, 270)
        path.write_bytes(content)
    return path


def reading(by: str, lengths: tuple[int, int, int]) -> np.ndarray:
    """The pages as a description orders them, as (T, C, Z, Y, X)."""
    order = ORDERS[by]
    counts = dict(zip("TCZ", lengths, strict=True))
    array = PLANES.reshape(*(counts[axis] for axis in order), 20, 30)
    return array.transpose(*(order.index(axis) for axis in "TCZ"), 3, 4)


def test_every_pair(tmp_path):
    """The first in the order of belief is read; the other is named wherever it differs, and nowhere else."""
    cases = []
    for one, other in itertools.product(ORDERS, ORDERS):
        for lengths in [
            ((1, 1, 12), (2, 3, 2)),
            ((2, 3, 2), (2, 3, 2)),
            ((2, 3, 2), (3, 2, 2)),
            ((2, 3, 2), (1, 2, 3)),
        ]:
            path = tmp_path / f"{len(cases)}.tif"
            write(path, describe(one, *lengths[0]), describe(other, *lengths[1]))
            cases.append((path, list(zip((one, other), lengths, strict=True))))
    for (path, told), found in zip(cases, inspect_all(tmp_path, [path for path, _ in cases]), strict=True):
        (by, lengths), (other, others) = sorted(told, key=lambda each: RANK[each[0]])
        if np.prod(lengths) != 12:
            text = (found.get("error") or "".join(found["warnings"])).replace("\x1f", " ")
            assert by == other or f"y {other}" in text, (told, text)
            continue
        own = [n for n, axis in zip(lengths, "tcz", strict=True) if n > 1 or axis == "z"]
        assert found["shape"] == [*own, 20, 30], told
        same = np.prod(others) == 12 and np.array_equal(reading(by, lengths), reading(other, others))
        assert len(found["warnings"]) == (not same), (told, found["warnings"])
        for warning in found["warnings"]:
            assert "T {}, C {}, Z {}".format(*lengths) in warning
            assert ("its other" if by == other else f"describedBy\x1f{other}") in warning
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            axes, shape = series.axes.replace("I", "Z"), series.shape
        theirs = {axis: n for axis, n in zip(axes, shape, strict=True) if n > 1}
        ours = {axis: n for axis, n in zip(found["axes"].upper(), found["shape"], strict=True) if n > 1}
        # SCIFIO's is ImageJ's for tifffile, which knows no names of its axes.
        assert ours == theirs or found["warnings"] or "scifio" in (by, other), (told, axes, shape)


@pytest.mark.parametrize("by", ["imagej", "tifffile", "none"])
def test_the_other_is_had(cli, tmp_path, by):
    """Voxel for voxel what it is alone, and `verify` knows it again."""
    texts = {"imagej": describe("imagej", 2, 3, 2), "tifffile": describe("tifffile", 3, 2, 2)}
    source = write(tmp_path / "scan.tif", describe("ome", 1, 2, 6), texts.get(by, "nothing"))
    done = cli.convert(source, tmp_path / "out.ome.zarr", "--described-by", by, "-n", 1)
    assert done["warnings"] == []
    found = zarr.open_group(tmp_path / "out.ome.zarr", mode="r")["0"][...]
    expected = {"imagej": reading("imagej", (2, 3, 2)), "tifffile": reading("tifffile", (3, 2, 2)), "none": PLANES}
    np.testing.assert_array_equal(found, expected[by])
    assert cli("verify", tmp_path / "out.ome.zarr").succeeded().stdout.startswith("OK")
    if by == "none":
        run = cli("info", source, "--described-by", "scifio")
        assert run.status == 1 and "no such description" in run.stderr
        run = cli("info", write(source, "<OME><Image>", None))
        assert run.status == 1 and "--described-by none" in run.stderr


UM = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", (2, 0.5, 0.5), strict=True)}
SIGNED = "cf=0\nc0=-32768.0\nc1=1.0\nvunit=gray value\n"
STACK = (1, 1, 12)


DIFFERENCES = [
    (describe("ome", *STACK), describe("imagej", *STACK), 0, ()),
    (describe("ome", *STACK, **UM), describe("imagej", *STACK, "unit=um\nspacing=2\n"), 0, ()),
    (
        describe("ome", *STACK, **UM),
        describe("imagej", *STACK, "unit=mm\nspacing=2\n"),
        0,
        ("OME-XML says 2 × 0.5 × 0.5 micrometer", "ImageJ says 2 × 0.5 × 0.5 millimeter", "unit\x1fmillimeter"),
    ),
    (
        describe("ome", *STACK, **UM),
        describe("imagej", *STACK, "spacing=3\n"),
        0,
        ("ImageJ says 3 × 0.5 × 0.5", "voxelSize\x1f3\x1f0.5\x1f0.5"),
    ),
    (
        describe("imagej", *STACK, "unit=um\nspacing=2\n"),
        describe("tifffile", *STACK, spacing=7, unit="um"),
        0,
        ("ImageJ says 2 ×", "says 7 × 0.5 × 0.5 micrometer"),
    ),
    (
        describe("ome", *STACK),
        describe("imagej", *STACK, SIGNED),
        0,
        ("its ImageJ description says that they are signed, with 32,768 added", "describedBy\x1fimagej"),
    ),
    (describe("imagej", 1, 1, 1), describe("imagej", 1, 1, 1, SIGNED), 7, ("a later page's", "signed")),
    (describe("ome", *STACK), describe("imagej", 1, 2, 6), 7, ("a later page's ImageJ description says T 1, C 2",)),
    (describe("imagej", *STACK), describe("ome", 1, 2, 6), 7, ("a later page's OME-XML says T 1, C 2, Z 6",)),
    ("A scan", describe("ome", 1, 2, 6), 7, ("without a description", "a later page's OME-XML says T 1, C 2, Z 6")),
    (describe("ome", *STACK), describe("imagej", *STACK, "cf=0\nc0=1\nc1=2\nvunit=HU\n"), 0, ("c0 + c1 * v (HU)",)),
    (describe("ome", *STACK, Type="int16"), None, 0, ("the type int16", "uint16")),
    (describe("ome", *STACK, SizeX=31), None, 0, ("31 × 20 pixels", "30 × 20")),
    (
        describe("ome", 1, 2, 6, '<Channel Name="Bone"/><Channel Name="Air"/>'),
        describe("tifffile", 1, 2, 6, Channel={"Name": ["Air", "Bone"]}),
        0,
        ("channels Bone, Air", "channels Air, Bone", "describedBy\x1ftifffile"),
    ),
    (
        describe("ome", 12, 1, 1, TimeIncrement=2, TimeIncrementUnit="s"),
        describe("imagej", 12, 1, 1, "finterval=3\n"),
        0,
        ("2 s between time points", "3 s"),
    ),
]


def test_what_they_differ_in(tmp_path):
    paths = [
        write(tmp_path / f"{n}.tif", first, second, at, resolution=(2, 2), resolutionunit="none")
        for n, (first, second, at, _) in enumerate(DIFFERENCES)
    ]
    for found, (first, second, _, said) in zip(inspect_all(tmp_path, paths), DIFFERENCES, strict=True):
        assert "error" not in found, (first, second, found)
        words = [*found["warnings"], *found["voxelSizeNotes"]]
        told = [each for each in words if "OME-XML" in each or "ImageJ" in each]
        if said:
            assert any(all(part in each for part in said) for each in told), (first, second, words)
        else:
            assert [each for each in words if " but " in each] == []
