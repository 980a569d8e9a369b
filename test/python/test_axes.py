"""Channels and time points: of ImageJ and OME-TIFF, in one file or several, to axes of the pyramid."""

import itertools
import re
import shutil
import uuid
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
import tifffile
import zarr
from oracle import Expected, check
from test_resume import contents, kill


def first_of(files: dict) -> str:
    return next(iter(files))


def voxels(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    """All planes differ, and channels have ranges of their own."""
    array = np.random.default_rng(shape).integers(0, 200, shape)
    if len(shape) == 5:
        array += 1000 * np.arange(shape[1]).reshape(1, -1, 1, 1, 1)
    return array.astype(dtype)


def convert(cli, source: Path, output: Path, *options: object) -> dict:
    return cli("convert", source, output, *options, "--progress", "json").succeeded().events[-1]


def test_imagej(cli, tmp_path):
    """T 3, C 2, Z 5, with colours, names and times; every level, both versions, shards."""
    source = tmp_path / "scan.tif"
    array = voxels((3, 2, 5, 40, 50))
    luts = [np.zeros((3, 256), np.uint8), np.zeros((3, 256), np.uint8)]
    luts[0][1] = np.arange(256)
    luts[1][0] = luts[1][2] = np.arange(256) // 2
    labels = [f"{name}" for _ in range(15) for name in ("Bone", "Marrow")]
    metadata = {"axes": "TZCYX", "spacing": 2.0, "unit": "um", "finterval": 500.0, "tunit": "ms"}
    metadata |= {"mode": "composite", "LUTs": luts, "Labels": labels}
    tifffile.imwrite(source, np.moveaxis(array, 1, 2), imagej=True, resolution=(2, 2), metadata=metadata)
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("tczyx", [3, 2, 5, 40, 50])
    assert info["channels"] == [{"name": "Bone", "color": "00FF00"}, {"name": "Marrow", "color": "7F007F"}]
    assert (info["timeStep"], info["timeUnit"], info["warnings"]) == (0.5, "second", [])
    expected = {"axes": "tczyx", "time_step": 0.5, "voxel_size": (2, 0.5, 0.5), "unit": "micrometer"}
    expected |= {"chunk": (2, 16, 16), "channels": (("Bone", "00FF00"), ("Marrow", "7F007F"))}
    options = ["-c", 2, 16, 16]
    plan = cli.estimate(source, tmp_path / "a.zarr", *options)
    assert plan["levels"][1]["shape"] == [3, 2, 5, 20, 25]
    assert plan["levels"][1]["chunks"] == [3, 2, 3, 2, 2]
    assert plan["uncompressedBytes"] == sum(2 * np.prod(level["shape"]) for level in plan["levels"])
    for number, more in enumerate(([], ["--ome-zarr", "0.4"], ["--shard", 4, 32, 32])):
        output = tmp_path / f"{number}.ome.zarr"
        done = convert(cli, source, output, *options, *more)
        assert done["bytesWritten"] == sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
        version, shard = "0.4" if "0.4" in more else "0.5", (4, 32, 32) if "--shard" in more else None
        own = check(output, Expected(array, version=version, shard=shard, **expected))
        assert own["source"]["axes"] == "tczyx"
        assert "OK" in cli("verify", output, "--against", source).succeeded().stdout


@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("axes", ["CYX", "TYX", "ZCYX", "TZYX", "TCYX", "TZCYX"])
def test_axes_of_imagej(cli, tmp_path, axes, single, byteorder):
    """Axes of length 1 are left out; one directory with all planes after it reads the same."""
    lengths = {"T": 3, "C": 2, "Z": 4}
    array = voxels((*(lengths[axis] if axis in axes else 1 for axis in "TCZ"), 20, 30), "float32")
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    written = np.moveaxis(array, 1, 2).squeeze()
    options = {"truncate": True} if single else {}
    tifffile.imwrite(source, written, imagej=True, byteorder=byteorder, metadata={"axes": axes}, **options)
    convert(cli, source, output, "-c", 4, 16, 16)
    named = "".join(axis.lower() for axis in "TC" if axis in axes) + "zyx"
    level0 = array.reshape([n for axis, n in zip("TCZYX", array.shape, strict=True) if axis in axes or axis == "Z"])
    check(output, Expected(level0, chunk=(4, 16, 16), axes=named))


def test_slices_taken_for_channels(cli, tmp_path):
    """Some programs write a stack's slices as channels: read as the file says, and said."""
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, voxels((9, 20, 30)), imagej=True, metadata={"axes": "CYX"})
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("czyx", [9, 1, 20, 30])
    [warning] = info["warnings"]
    assert "9 channels and only one slice" in warning and "--z-axis c" in warning
    assert warning in cli.estimate(source, tmp_path / "out.zarr")["warnings"]


def test_wrong_counts_of_imagej(cli, tmp_path):
    planes = voxels((6, 20, 30))
    source = tmp_path / "scan.tif"

    def write(description: str) -> None:
        options = {"metadata": None, "description": f"ImageJ=1.54f\n{description}", "photometric": "minisblack"}
        tifffile.imwrite(source, planes, **options)

    write("images=6\nchannels=4\nhyperstack=true\n")
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("zyx", [6, 20, 30])
    assert "4 channels" in info["warnings"][0]
    write("images=4\nchannels=2\nslices=2\nhyperstack=true\n")
    run = cli("info", source)
    assert run.status == 1 and "4 images" in run.stderr and "6 pages" in run.stderr
    write("images=12\nchannels=2\nslices=6\nhyperstack=true\n")
    run = cli("info", source)
    assert run.status == 1 and "12 pages" in run.stderr and "6" in run.stderr


@pytest.mark.parametrize(("axes", "along"), [("QZYX", "T"), ("ZQYX", "Z"), ("RZCYX", "T")])
def test_folded_axes_of_ome(cli, tmp_path, axes, along):
    """OME-XML has three axes beside y and x; a fourth is folded up in one of them, which is said."""
    array = voxels((3, 2, 2, 20, 30)[5 - len(axes) :])
    tifffile.imwrite(tmp_path / "scan.ome.tif", array, ome=True, metadata={"axes": axes})
    (warning,) = cli.info(tmp_path / "scan.ome.tif")["warnings"]
    assert f"ModuloAlong{along}" in warning


@pytest.mark.parametrize("axes", ["".join(order) for order in itertools.permutations("TCZ")])
def test_order_of_ome(cli, tmp_path, axes):
    """Planes in any DimensionOrder."""
    source, output = tmp_path / "scan.ome.tif", tmp_path / "out.ome.zarr"
    array = voxels((3, 2, 4, 20, 30))
    metadata = {"axes": f"{axes}YX", "TimeIncrement": 2.0, "TimeIncrementUnit": "min"}
    metadata |= {"Channel": {"Name": ["Red one", "B & C"], "Color": [-16776961, 16711935]}}
    metadata |= {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25, "PhysicalSizeZ": 1.0}
    order = ["TCZ".index(axis) for axis in axes]
    tifffile.imwrite(source, array.transpose(*order, 3, 4), ome=True, metadata=metadata)
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("tczyx", [3, 2, 4, 20, 30])
    convert(cli, source, output, "-c", 4, 16, 16)
    channels = (("Red one", "FF0000"), ("B & C", "00FF00"))
    calibrated = {"time_step": 120, "voxel_size": (1.0, 0.25, 0.5), "unit": "micrometer", "channels": channels}
    check(output, Expected(array, chunk=(4, 16, 16), axes="tczyx", **calibrated))


class Set:
    """An OME-TIFF of many files, each plane in one of them; their order in the files is not that of the planes."""

    def __init__(self, folder: Path, shape: tuple[int, int, int, int, int], order: str = "XYZCT") -> None:
        self.folder, self.shape, self.order = folder, shape, order
        self.array = voxels(shape)
        self.files: dict[str, list[tuple[int, int, int]]] = {}
        self.uuids: dict[str, str] = {}

    def add(self, name: str, planes: list[tuple[int, int, int]]) -> None:
        self.files[name] = planes
        self.uuids[name] = f"urn:uuid:{uuid.uuid4()}"

    def xml(self, own: str | None, blocks: str | None = None) -> str:
        t, c, z, y, x = self.shape
        if blocks is None:
            blocks = "".join(
                f'<TiffData IFD="{ifd}" FirstT="{t}" FirstC="{c}" FirstZ="{z}" PlaneCount="1">'
                f"<UUID FileName={quoteattr(name)}>{self.uuids[name]}</UUID></TiffData>"
                for name, planes in self.files.items()
                for ifd, (t, c, z) in enumerate(planes)
            )
        uuid = f' UUID="{self.uuids[own]}"' if own else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><!-- < Pixels > --><ome:OME{uuid} '
            'xmlns:ome="http://www.openmicroscopy.org/Schemas/OME/2016-06"><ome:Image ID="Image:0" Name="a &gt; b">'
            f'<ome:Pixels ID="Pixels:0" DimensionOrder="{self.order}" Type="uint16" SizeX="{x}" SizeY="{y}" '
            f'SizeZ="{z}" SizeC="{c}" SizeT="{t}">{blocks.replace("<", "<ome:").replace("<ome:/", "</ome:")}'
            "</ome:Pixels></ome:Image></ome:OME>"
        )

    def write(self, xml=None) -> None:
        for name, planes in self.files.items():
            description = (xml or self.xml)(name)
            with tifffile.TiffWriter(self.folder / name) as file:
                for n, (t, c, z) in enumerate(planes):
                    options = {"description": description} if n == 0 else {}
                    file.write(
                        self.array[t, c, z], photometric="minisblack", metadata=None, contiguous=False, **options
                    )

    def check(self, cli, source: str, companion: str | None = None) -> None:
        output = self.folder / "out.ome.zarr"
        info = cli.info(self.folder / source)
        assert (info["axes"], info["shape"]) == ("tczyx", list(self.shape))
        assert info["pages"] == np.prod(self.shape[:3])
        assert info["bytes"] == sum(
            (self.folder / name).stat().st_size for name in [*self.files, *([companion] if companion else [])]
        )
        cli.convert(self.folder / source, output, "-c", 4, 16, 16)
        check(output, Expected(self.array, chunk=(4, 16, 16), axes="tczyx"))
        shutil.rmtree(output)


@pytest.fixture
def one_a_channel(tmp_path):
    """A file for each time point and channel, with its slices backwards."""
    made = Set(tmp_path, (2, 3, 4, 18, 20))
    for t, c in np.ndindex(2, 3):
        made.add(f"scan t{t} & c{c}.ome.tif", [(t, c, z) for z in reversed(range(4))])
    return made


def test_ome_of_several_files(cli, one_a_channel):
    """Whichever file is opened, the whole image is read."""
    one_a_channel.write()
    for source in (first_of(one_a_channel.files), list(one_a_channel.files)[-1]):
        one_a_channel.check(cli, source)


def test_missing_file_is_named(cli, one_a_channel, tmp_path):
    one_a_channel.write()
    names = list(one_a_channel.files)
    (tmp_path / names[3]).unlink()
    run = cli("convert", tmp_path / names[0], tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "not-found"
    assert names[3] in run.events[-1]["message"] and names[0] in run.events[-1]["message"]


def test_cut_file_is_named(cli, one_a_channel, tmp_path):
    one_a_channel.write()
    name = list(one_a_channel.files)[2]
    tifffile.imwrite(tmp_path / name, one_a_channel.array[0, 0, 0], metadata=None)
    run = cli("convert", tmp_path / first_of(one_a_channel.files), tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "truncated"
    assert name in run.events[-1]["message"] and "1 page" in run.events[-1]["message"]


def test_renamed_file(cli, tmp_path):
    """A file that says its old name is itself by its UUID, even beside another that has that name now."""
    made = Set(tmp_path, (2, 2, 3, 18, 20))
    made.add("old.ome.tif", [(t, c, z) for t in (1, 0) for z in range(3) for c in (0, 1)])
    made.write()
    made.files["new.ome.tif"] = made.files.pop("old.ome.tif")
    (tmp_path / "old.ome.tif").rename(tmp_path / "new.ome.tif")
    made.check(cli, "new.ome.tif")
    tifffile.imwrite(tmp_path / "old.ome.tif", np.zeros((12, 18, 20), np.uint16), metadata=None)
    made.check(cli, "new.ome.tif")


def test_companion(cli, one_a_channel, tmp_path):
    """The description in a file of its own, which the TIFFs name and which may be opened too."""
    companion = "scan.companion.ome"
    empty = f'<?xml version="1.0"?><OME><BinaryOnly MetadataFile="{companion}" UUID="urn:uuid:0"/></OME>'
    one_a_channel.write(lambda name: empty)
    first = first_of(one_a_channel.files)
    run = cli("info", tmp_path / first)
    assert run.status == 1 and companion in run.stderr and "no such file" in run.stderr
    (tmp_path / companion).write_text(one_a_channel.xml(None), "utf-8")
    one_a_channel.check(cli, first, companion)
    one_a_channel.check(cli, companion, companion)


def test_blocks_of_planes(cli, tmp_path):
    """TiffData without IFD or PlaneCount means all pages of its file, in DimensionOrder."""
    made = Set(tmp_path, (2, 2, 3, 18, 20), "XYCZT")
    for t in (0, 1):
        made.add(f"t{t}.tif", [(t, c, z) for z in range(3) for c in range(2)])
    blocks = "".join(
        f'<TiffData FirstT="{t}"><UUID FileName="t{t}.tif">{made.uuids[f"t{t}.tif"]}</UUID></TiffData>' for t in (0, 1)
    )
    made.write(lambda name: made.xml(name, blocks))
    made.check(cli, "t1.tif")


def test_planes_that_are_nowhere(cli, tmp_path):
    made = Set(tmp_path, (2, 2, 3, 18, 20))
    made.add("scan.ome.tif", [(t, c, z) for t, c, z in np.ndindex(2, 2, 3) if (t, c, z) != (1, 0, 2)])
    made.write()
    run = cli("convert", tmp_path / "scan.ome.tif", tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "corrupt"
    assert "Z 2, C 0, T 1" in run.events[-1]["message"]


def test_pages_of_no_plane(cli, tmp_path):
    """Pages that the description leaves out are left out, with a warning."""
    made = Set(tmp_path, (1, 1, 3, 18, 20))
    made.add("scan.ome.tif", [(0, 0, z) for z in (0, 1, 2)])
    blocks = '<TiffData IFD="1"/>'
    made.write(lambda name: made.xml(name, blocks).replace('SizeZ="3"', 'SizeZ="1"'))
    info = cli.info(tmp_path / "scan.ome.tif")
    assert info["shape"] == [1, 18, 20]
    assert info["warnings"] == ["2 pages of its files belong to no plane of its OME-XML, and are left out."]


def test_several_images(cli, tmp_path):
    """None of them is lost silently: all are named, and one is read when it is chosen, by number or name."""
    source = tmp_path / "scan.ome.tif"
    arrays = [voxels((3, 20, 30)), voxels((4, 10, 12))]
    with tifffile.TiffWriter(source, ome=True) as file:
        for name, array in zip(("overview", "detail"), arrays, strict=True):
            file.write(array, metadata={"axes": "ZYX", "Name": name})
    run = cli("convert", source, tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "unsupported"
    assert "--image 0 (0 overview (T 1, C 1, Z 3), 1 detail (T 1, C 1, Z 4))" in run.events[-1]["message"]
    assert run.events[-1]["field"] == "image"
    for choice in ("1", "detail"):
        output = tmp_path / f"{choice}.ome.zarr"
        assert convert(cli, source, output, "--image", choice)["warnings"] == []
        np.testing.assert_array_equal(zarr.open_group(output, mode="r")["0"][...], arrays[1])
    assert cli("verify", tmp_path / "detail.ome.zarr").succeeded().stdout.startswith("OK")
    run = cli("info", source, "--image", "2")
    assert run.status == 1 and "image 2 is not there: it has 0 overview" in run.stderr


def ome_plane(name: str, planes: list[str], z: int) -> str:
    """OME-XML of one of several files that are a plane of a volume each."""
    blocks = "".join(
        f'<TiffData FirstZ="{n}" IFD="0" PlaneCount="1"><UUID FileName="{file}">urn:uuid:{file}</UUID></TiffData>'
        for n, file in enumerate(planes)
    )
    return (
        f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{name}">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="30" SizeY="20" '
        f'SizeZ="{z}" SizeC="1" SizeT="1">{blocks}</Pixels></Image></OME>'
    )


def test_folder_of_one_ome_tiff(cli, tmp_path):
    """Its planes are where its OME-XML puts them, not where the names of its files would."""
    array, folder = voxels((4, 20, 30)), tmp_path / "scan"
    folder.mkdir()
    names = [f"img_{9 - z}.ome.tif" for z in range(4)]
    for plane, name in zip(array, names, strict=True):
        description = ome_plane(name, names, 4)
        tifffile.imwrite(folder / name, plane, description=description, metadata=None, photometric="minisblack")
    np.testing.assert_array_equal(tifffile.imread(folder / names[1]), array)
    output = tmp_path / "out.ome.zarr"
    warnings = convert(cli, folder, output, "-n", 1)["warnings"]
    assert len(warnings) == 1 and "where the OME-XML of its files puts them" in warnings[0]
    np.testing.assert_array_equal(zarr.open_group(output, mode="r")["0"][...], array)
    assert cli("verify", output).succeeded().stdout.startswith("OK")
    run = cli("info", folder, "--slices", "img_[78]*")
    assert run.status == 1 and "is one of 4 planes of an image" in run.stderr
    listing = tmp_path / "slices.txt"
    listing.write_text("".join(f"{folder / name}\n" for name in sorted(names)))
    assert "puts them" in cli("info", f"@{listing}").succeeded().stdout
    # Those that say nothing of others are slices in the order of their names.
    for number, (plane, name) in enumerate(zip(array, sorted(names), strict=True)):
        description = ome_plane(name, [name], 1)
        tifffile.imwrite(folder / name, plane, description=description, metadata=None, photometric="minisblack")
        assert number or cli("info", folder).status == 1
    convert(cli, folder, output, "-n", 1, "--overwrite")
    np.testing.assert_array_equal(zarr.open_group(output, mode="r")["0"][...], array)


def test_grey_and_alpha(cli, tmp_path):
    """Grey is shown grey, and opacity not at all until somebody asks for it."""
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    array = voxels((3, 20, 30, 2), "uint8")
    tifffile.imwrite(source, array, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    convert(cli, source, output, "-n", 1, "--channel", "all")
    shown = zarr.open_group(output, mode="r").attrs["ome"]["omero"]["channels"]
    assert [(each["label"], each["color"], each["active"]) for each in shown] == [
        ("Grey", "FFFFFF", True),
        ("Alpha", "FFFFFF", False),
    ]


def test_several_stacks_of_tifffile(cli, tmp_path):
    """As `TiffWriter.write` puts them into one file, each with a description of its own."""
    source = tmp_path / "scan.tif"
    arrays = [voxels((3, 20, 30)), voxels((2, 4, 20, 30)), voxels((3, 10, 12))]
    with tifffile.TiffWriter(source) as file:
        for array, axes in zip(arrays, ("ZYX", "TZYX", "ZYX"), strict=True):
            file.write(array, metadata={"axes": axes}, photometric="minisblack")
    run = cli("info", source)
    assert run.status == 1 and "it holds 3 images" in run.stderr and "(TZYX)" in run.stderr
    with tifffile.TiffFile(source) as file:
        for number, series in enumerate(file.series):
            info = cli("info", source, "--image", number, "--json").succeeded().json
            assert info["axes"] == series.axes.lower() and tuple(info["shape"]) == series.shape
    # Slices that were written one by one have a description each.
    with tifffile.TiffWriter(source) as file:
        for plane in arrays[0]:
            file.write(plane, photometric="minisblack")
    assert cli.info(source)["shape"] == [3, 20, 30] and cli.info(source)["warnings"] == []


@pytest.mark.parametrize("axes", ["TCZYX", "ZTCYX", "CZTYX", "TYX", "ZYX", "IYX", "TZCYXS"])
def test_axes_of_tifffile(cli, tmp_path, axes):
    """Whatever their order, each is what it is called."""
    lengths = {"T": 3, "C": 2, "Z": 4, "I": 5, "Y": 20, "X": 30, "S": 3}
    array = voxels(tuple(lengths[axis] for axis in axes), "uint8")
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    photometric = "rgb" if "S" in axes else "minisblack"
    # tifffile puts its own description behind one that is given.
    description = "A scan" if axes == "TCZYX" else None
    tifffile.imwrite(source, array, photometric=photometric, metadata={"axes": axes}, description=description)
    with tifffile.TiffFile(source) as file:
        assert file.series[0].axes == axes
    convert(cli, source, output, "-n", 1, "--channel", "all")
    if "S" in axes:
        array = np.moveaxis(array, -1, 3).reshape(3, 4, 6, 20, 30)
    order = axes.replace("I", "Z").replace("S", "")
    found = zarr.open_group(output, mode="r")
    assert [axis["name"] for axis in found.attrs["ome"]["multiscales"][0]["axes"]] == [
        axis.lower() for axis in "TCZYX" if axis in order or axis == "Z"
    ]
    expected = array.transpose([order.index(axis) for axis in "TCZYX" if axis in order])
    np.testing.assert_array_equal(found["0"][...], expected if "Z" in order else expected[:, None])


@pytest.mark.parametrize(
    ("description", "code", "said"),
    [
        ('{"shape": [3, 5, 20, 30], "axes": "QZYX"}', "unsupported", "what these axes are is not understood"),
        ('{"shape": [15, 20, 30], "axes": "YXZ"}', "unsupported", "not its 15 pages of y and x"),
        ('{"shape": [3, 4, 20, 30], "axes": "TZYX"}', "mixed-pages", "12 pages, but it has 15"),
        ('{"shape": [3, 5, 20, 30]}', None, "not what these axes are: all 15 pages are read as slices"),
        ("shape=(3, 5, 20, 30)", None, "not what these axes are: all 15 pages are read as slices"),
        ('{"shape": [15, 20, 30], "axes": "AYX"}', None, "axis A, which is not understood, is read as slices"),
        ("SCIFIO=0.42\naxes=X,Y,Lifetime,Z\nlengths=30,20,3,5\n", "unsupported", "not understood"),
        ("ImageJ=1.53t\nimages=5\nslices=5\n", None, "5 images, but it has 15 pages"),
    ],
)
def test_axes_that_are_not_understood(cli, tmp_path, description, code, said):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, voxels((15, 20, 30)), photometric="minisblack", metadata=None, description=description)
    if code is None:
        info = cli.info(source)
        assert info["shape"] == [15, 20, 30] and len(info["warnings"]) == 1 and said in info["warnings"][0]
        return
    run = cli("info", source, "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == code and said in run.stderr


def test_slices_that_are_called_otherwise(cli, tmp_path):
    """Channels, time points or samples are the slices where somebody says so."""
    array = voxels((6, 20, 30), "uint8")
    files = {
        "c": {"imagej": True, "metadata": {"axes": "CYX"}},
        "t": {"metadata": {"axes": "TYX"}},
        "samples": {"planarconfig": "separate", "metadata": None},
    }
    for axis, settings in files.items():
        source, output = tmp_path / f"{axis}.tif", tmp_path / f"{axis}.ome.zarr"
        tifffile.imwrite(source, array, photometric="minisblack", **settings)
        assert convert(cli, source, output, "-n", 1, "--z-axis", axis)["warnings"] == []
        np.testing.assert_array_equal(zarr.open_group(output, mode="r")["0"][...], array)
        assert cli("verify", output).succeeded().stdout.startswith("OK")
    assert "--z-axis c" in cli.info(tmp_path / "c.tif")["warnings"][0]
    run = cli("info", tmp_path / "t.tif", "--z-axis", "c")
    assert run.status == 1 and "has only one" in run.stderr


@pytest.mark.parametrize(
    "blocks, code, said",
    [
        (
            '<TiffData FirstZ="0" IFD="0"/><TiffData FirstZ="1" IFD="0"/><TiffData FirstZ="2" IFD="1"/>',
            "corrupt",
            "2 pages",
        ),
        ('<TiffData IFD="999999" PlaneCount="3"/>', "truncated", "page 1000000"),
        ('<TiffData PlaneCount="3"/>' * 9, "corrupt", "again and again"),
        ('<TiffData IFD="0" PlaneCount="-3"/>', "corrupt", 'PlaneCount="-3"'),
        ('<TiffData FirstZ="7" IFD="0" PlaneCount="3"/>', "corrupt", "Z 0"),
    ],
)
def test_planes_that_cannot_be(cli, tmp_path, blocks, code, said):
    made = Set(tmp_path, (1, 1, 3, 18, 20))
    made.add("scan.ome.tif", [(0, 0, z) for z in range(3)])
    made.write(lambda name: made.xml(name, blocks))
    run = cli("convert", tmp_path / "scan.ome.tif", tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == code
    assert said in run.events[-1]["message"]


@pytest.mark.parametrize(
    "broken",
    [
        "<?xml version='1.0'?><OME><Image><Pixels SizeZ='3'",
        "<OME><Image><Pixels SizeZ='many'/></Image></OME>",
        "<OME>" + "<a>" * 100_000,
    ],
)
def test_broken_description(cli, tmp_path, broken):
    source = tmp_path / "scan.ome.tif"
    tifffile.imwrite(source, voxels((3, 20, 30)), metadata=None, description=broken, photometric="minisblack")
    run = cli("convert", source, tmp_path / "out.zarr", "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "corrupt"
    assert "scan.ome.tif" in run.events[-1]["message"] and "OME-XML" in run.events[-1]["message"]


def test_smaller_copies_are_no_slices(cli, tmp_path):
    """SubIFDs of an OME pyramid, and pages that say that they are reduced."""
    array = voxels((2, 2, 3, 64, 64))
    source, output = tmp_path / "scan.ome.tif", tmp_path / "out.ome.zarr"
    with tifffile.TiffWriter(source, ome=True) as file:
        file.write(array, subifds=1, metadata={"axes": "TCZYX"}, tile=(16, 16))
        file.write(array[..., ::2, ::2], subfiletype=1, tile=(16, 16))
    cli.convert(source, output, "-c", 4, 32, 32)
    check(output, Expected(array, chunk=(4, 32, 32), axes="tczyx"))
    source, output = tmp_path / "scan.tif", tmp_path / "plain.ome.zarr"
    with tifffile.TiffWriter(source) as file:
        for plane in array[0, 0]:
            file.write(plane, metadata=None)
            file.write(plane[::2, ::2], metadata=None, subfiletype=1)
    cli.convert(source, output, "-c", 4, 32, 32)
    check(output, Expected(array[0, 0], chunk=(4, 32, 32)))


def test_a_folder_of_a_set_is_the_image(cli, tmp_path):
    """A folder of the files of an image with channels is read as its OME-XML says, and is no stack of slices."""
    made = Set(tmp_path, (1, 2, 3, 18, 20))
    for number, (_, c, z) in enumerate(np.ndindex(1, 2, 3)):
        made.add(f"plane{number}.ome.tif", [(0, c, z)])
    made.write()
    info = cli.info(tmp_path)
    assert (info["axes"], info["shape"]) == ("czyx", [2, 3, 18, 20])


@pytest.mark.parametrize(
    "asked, channels, axes", [("2,0", [2, 0], "tczyx"), ("1", [1], "tzyx"), ("all", [0, 1, 2], "tczyx")]
)
def test_chosen_channels(cli, tmp_path, asked, channels, axes):
    """In the order given; of one there is no axis, but its name and colour."""
    source, output = tmp_path / "scan.ome.tif", tmp_path / "out.ome.zarr"
    array = voxels((2, 3, 4, 40, 50))
    names, colors = ["one", "two", "three"], [-16776961, 16711935, 65535]
    metadata = {"axes": "TCZYX", "Channel": {"Name": names, "Color": colors}}
    tifffile.imwrite(source, array, ome=True, metadata=metadata)
    plan = cli.estimate(source, output, "--channel", asked)
    level0 = array[:, channels] if len(channels) > 1 else array[:, channels[0]]
    assert (plan["axes"], plan["shape"]) == (axes, list(level0.shape))
    cli.convert(source, output, "-c", 4, 16, 16, "--channel", asked)
    hexadecimal = ["FF0000", "00FF00", "0000FF"]
    expected = tuple((names[n], hexadecimal[n]) for n in channels)
    check(output, Expected(level0, chunk=(4, 16, 16), axes=axes, channels=expected))
    assert "OK" in cli("verify", output).succeeded().stdout
    run = cli("convert", source, output, "--overwrite", "--channel", "3", "--progress", "json")
    assert run.status == 1 and run.events[-1]["field"] == "channel" and "one" in run.events[-1]["message"]


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_of_ome(cli, tmp_path, planar):
    """Pages with several samples each: they and the channels of the pages count through."""
    source, output = tmp_path / "scan.ome.tif", tmp_path / "out.ome.zarr"
    array = np.random.default_rng(8).integers(0, 255, (2, 3, 20, 30, 3), np.uint8)
    axes, written = ("CZYXS", array) if planar == "contig" else ("CZSYX", np.moveaxis(array, -1, 2))
    tifffile.imwrite(
        source, written, ome=True, photometric="rgb", planarconfig=planar, metadata={"axes": axes}, rowsperstrip=7
    )
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("czyx", [6, 3, 20, 30])
    run = cli("convert", source, output, "--progress", "json")
    assert run.status == 1 and "--channel" in run.events[-1]["message"]
    cli.convert(source, output, "-c", 4, 16, 16, "--channel", "all")
    check(output, Expected(np.moveaxis(array, -1, 1).reshape(6, 3, 20, 30), chunk=(4, 16, 16), axes="czyx"))
    colours = [channel["color"] for channel in info["channels"]]
    assert colours == 2 * ["FF0000", "00FF00", "0000FF"]


@pytest.fixture(scope="module")
def long_hyperstack(tmp_path_factory):
    """T 2, C 3, in pages that are compressed as one piece."""
    source = tmp_path_factory.mktemp("long") / "scan.ome.tif"
    array = np.random.default_rng(5).integers(0, 50, (2, 3, 16, 512, 512), np.uint16)
    array += 1000 * np.arange(3, dtype=np.uint16).reshape(1, 3, 1, 1, 1)
    tifffile.imwrite(source, array, ome=True, compression="zlib", rowsperstrip=512, metadata={"axes": "TCZYX"})
    return source, array


CASES = {
    "decoded first": [],
    "uint8 from a scan, shards": ["-d", "uint8", "--shard", 16, 64, 64],
    "0.4": ["--ome-zarr", "0.4", "--compression", "blosc-lz4"],
}


@pytest.mark.parametrize("case", CASES)
def test_killed_again_and_again(cli, long_hyperstack, tmp_path, case):
    """Whenever it is killed, in whichever volume, the end is the same."""
    source, array = long_hyperstack
    words = ["-c", 8, 64, 64, "-j", 2, *CASES[case]]
    undisturbed, output = tmp_path / "undisturbed.ome.zarr", tmp_path / "out.ome.zarr"
    # In as little memory as it says that it needs, so that blocks are small and many.
    told = cli("estimate", source, output, *words, "-m", "1M").stderr
    words += ["-m", re.search(r"--max-memory (\d+M)", told).group(1)]
    done = convert(cli, source, undisturbed, *words)
    kills = 0
    while kill(cli, 2 + 20 * kills, source, output, *words, "--resume"):
        left = cli.estimate(source, output, *words, "--resume")["unfinished"]
        assert left["refusal"] is None and 0 < left["doneBytes"] <= left["totalBytes"] == array.nbytes
        kills += 1
    assert kills >= 1
    expected, found = contents(undisturbed), contents(output)
    for documents in (expected, found):
        for name in {"zarr.json", ".zattrs"} & documents.keys():
            documents[name] = documents[name].replace(b"undisturbed", b"out")
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    level0 = array
    if done["valueRange"]:
        low, high = done["valueRange"]
        assert (low, high) == (array.min(), array.max())
        level0 = zarr.open_array(output / "0")[...]
        assert np.abs(level0 - (array - low) / (high - low) * 255).max() < 0.51
    shard = (16, 64, 64) if "--shard" in words else None
    options = {"version": "0.4" if case == "0.4" else "0.5", "shard": shard}
    compression = "blosc-lz4" if case == "0.4" else "blosc-zstd"
    check(output, Expected(level0, chunk=(8, 64, 64), axes="tczyx", compression=compression, **options))


def test_region_and_type(cli, long_hyperstack, tmp_path):
    source, array = long_hyperstack
    output = tmp_path / "out.ome.zarr"
    cli.convert(source, output, "-c", 8, 64, 64, "--roi", 3, 15, 10, 200, 0, 131)
    check(output, Expected(array[..., 3:15, 10:200, :131], chunk=(8, 64, 64), start=(3, 10, 0), axes="tczyx"))


def test_progress_counts_all_volumes(cli, long_hyperstack, tmp_path):
    source, array = long_hyperstack
    run = cli("convert", source, tmp_path / "out.zarr", "-c", 16, 512, 512, "--progress", "json").succeeded()
    events = [event for event in run.events if event["event"] == "progress"]
    assert events[-1]["doneBytes"] == events[-1]["totalBytes"] == array.nbytes
