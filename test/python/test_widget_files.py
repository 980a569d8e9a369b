"""Files of an OME-Zarr that a viewer may read, and how it is told from others."""

import os
import shutil

import numpy
import pytest
import tifffile
import zarr
from range_server import serving

from microct_io_vis.look import looked_at
from microct_io_vis.widgets.arrays import ArrayFiles, LevelFiles
from microct_io_vis.widgets.files import OmeZarrFiles

VOXELS = numpy.arange(20 * 30 * 40, dtype="uint16").reshape(20, 30, 40)


def write(path, version="0.5", voxels=VOXELS):
    """A two-level OME-Zarr by zarr-python."""
    scale = [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]
    multiscales = {
        "axes": [{"name": name, "type": "space"} for name in "zyx"],
        "datasets": [{"path": str(level), "coordinateTransformations": scale} for level in range(2)],
    }
    v2 = version == "0.4"
    attributes = {"multiscales": [{**multiscales, "version": version}]}
    group = zarr.create_group(path, zarr_format=2 if v2 else 3)
    group.attrs.update(attributes if v2 else {"ome": {"version": version, "multiscales": [multiscales]}})
    for level in range(2):
        data = voxels[:: level + 1, :: level + 1, :: level + 1]
        separator = {"name": "v2", "separator": "/"} if v2 else None
        array = group.create_array(
            str(level), shape=data.shape, chunks=(16, 16, 16), dtype=data.dtype, chunk_key_encoding=separator
        )
        array[...] = data
    return path


@pytest.fixture
def volume(tmp_path):
    return write(tmp_path / "scan.ome.zarr")


def test_reads_whole_files_parts_ends_and_sizes(volume):
    whole = (volume / "0/c/0/0/0").read_bytes()
    files = OmeZarrFiles(volume)
    assert files.read("0/c/0/0/0")[:3] == (len(whole), 0, whole)
    assert files.read("0/c/0/0/0", 10, 20)[:3] == (len(whole), 10, whole[10:30])
    assert files.read("0/c/0/0/0", -7)[:3] == (len(whole), len(whole) - 7, whole[-7:])
    assert files.read("0/c/0/0/0", -(10**9), 5)[:3] == (len(whole), 0, whole[:5])
    assert files.read("0/c/0/0/0", 0, 0)[:3] == (len(whole), 0, b"")
    assert files.read("0/c/0/0/0", 10**9, 5)[:3] == (len(whole), len(whole), b"")


def array_files():
    place = {"scale": [1] * 3, "translation": [0] * 3, "units": [None] * 3}
    return ArrayFiles(VOXELS, "array", "zyx", **place, labels=False)


@pytest.mark.parametrize(
    "kind, version",
    [("folder", "0.5"), ("folder", "0.4"), ("level", "0.5"), ("array", "0.5"), ("tiff", "0.5"), ("web", "0.4")],
)
def test_parts_are_the_same_whoever_reads(tmp_path, kind, version):
    volume = write(tmp_path / "scan.ome.zarr", version)
    tifffile.imwrite(tmp_path / "scan.tif", VOXELS, photometric="minisblack")
    with serving(tmp_path) as web:
        files = {
            "folder": lambda: OmeZarrFiles(volume),
            "level": lambda: LevelFiles(volume, 1),
            "array": array_files,
            "tiff": lambda: looked_at(str(tmp_path / "scan.tif")),
            "web": lambda: looked_at(f"{web.address}/scan.ome.zarr"),
        }[kind]()
        assert [axis["name"] for axis in files.axes] == ["z", "y", "x"]
        assert files.metadata_key == ("zarr.json" if version == "0.5" else ".zattrs")
        chunk = f"{files.multiscale['datasets'][0]['path']}/{'c/' if version == '0.5' else ''}0/0/0"
        for key in (files.metadata_key, chunk):
            size, start, whole, _ = files.read(key)
            assert size == len(whole) > 99 and start == 0
            for offset in (0, 3, size, size + 9, -1, -7, -size - 9):
                begin = min(size, offset) if offset >= 0 else max(0, size + offset)
                # The server here knows no HEAD.
                for length in (None, 1, 20, size + 9, *([0] if kind != "web" else [])):
                    read = whole[begin:] if length is None else whole[begin : begin + length]
                    assert files.read(key, offset, length)[:3] == (size, begin, read), (key, offset, length)
        assert files.read("nothing/zarr.json") == (None, 0, b"", None)


def test_a_file_is_told_from_one_that_takes_its_name(volume):
    files = OmeZarrFiles(volume)
    before = files.read("zarr.json")
    assert before[3] == files.read("zarr.json", 3, 2)[3] is not None
    (volume / "next").write_bytes(before[2])
    os.replace(volume / "next", volume / "zarr.json")
    after = files.read("zarr.json")
    assert after[:3] == before[:3] and after[3] != before[3]
    assert files.read("nothing")[3] is None


@pytest.mark.parametrize("key", ["0/c/9/9/9", "nothing", "0", "0/c", "zarr.json/below"])
def test_only_what_is_not_there_is_missing(volume, key):
    assert OmeZarrFiles(volume).read(key)[0] is None


def test_what_cannot_be_read_is_not_missing(volume):
    if os.name == "posix" and os.geteuid() == 0:
        # Nothing is forbidden to root, but a link to itself cannot be opened by anybody.
        (volume / "loop").symlink_to("loop")
        with pytest.raises(OSError):
            OmeZarrFiles(volume).read("loop")
    else:
        (volume / "0/c/0/0/0").chmod(0)
        with pytest.raises(PermissionError):
            OmeZarrFiles(volume).read("0/c/0/0/0")


@pytest.mark.parametrize(
    "key", ["../secret", "0/../../secret", "/etc/hostname", "", ".", "0\\..\\x", "c:secret", "a\0b"]
)
def test_nothing_outside_is_read(volume, key):
    (volume.parent / "secret").write_bytes(b"no")
    with pytest.raises(ValueError, match="does not name a file"):
        OmeZarrFiles(volume).read(key)


def test_links_out_of_the_volume_are_not_followed(volume):
    (volume.parent / "secret").write_bytes(b"no")
    (volume / "link").symlink_to(volume.parent / "secret")
    (volume / "folder").symlink_to(volume.parent)
    for key in ("link", "folder/secret"):
        with pytest.raises(ValueError, match="does not name a file"):
            OmeZarrFiles(volume).read(key)


def test_dotfiles_of_0_4_are_read(tmp_path):
    files = OmeZarrFiles(write(tmp_path / "scan.ome.zarr", "0.4"))
    assert files.metadata_key == ".zattrs"
    assert files.read("0/.zarray")[2].startswith(b"{")
    assert files.fingerprint()


@pytest.mark.parametrize(
    ("made", "error", "says"),
    [
        (lambda path: None, FileNotFoundError, "no such folder"),
        (lambda path: path.write_bytes(b"II*\0"), ValueError, "convert it first"),
        (lambda path: path.mkdir(), ValueError, "not an OME-Zarr"),
        (lambda path: zarr.create_group(path), ValueError, "describes no OME-Zarr image"),
        (lambda path: zarr.create_array(path, data=VOXELS), ValueError, r"array by itself.*view\(zarr.open_array"),
        (lambda path: zarr.create_array(path, data=VOXELS, zarr_format=2), ValueError, "array by itself"),
        (lambda path: (path.mkdir(), (path / "zarr.json").write_text("{")), ValueError, "damaged"),
    ],
)
def test_what_is_no_ome_zarr_is_refused_by_name(tmp_path, made, error, says):
    path = tmp_path / "thing"
    made(path)
    with pytest.raises(error, match=f"thing: .*{says}"):
        OmeZarrFiles(path)


def test_the_fingerprint_tells_volumes_apart(volume, tmp_path):
    prints = OmeZarrFiles(volume).fingerprint()
    assert {sample["key"] for sample in prints} >= {"zarr.json"} and len({sample["key"] for sample in prints}) == 2
    other = write(tmp_path / "other" / "scan.ome.zarr", voxels=VOXELS + 1)
    shutil.copystat(volume / "zarr.json", other / "zarr.json")
    assert (other / "zarr.json").read_bytes() == (volume / "zarr.json").read_bytes()
    different = OmeZarrFiles(other).fingerprint()
    assert [sample["bytes"] for sample in different] != [sample["bytes"] for sample in prints]


def test_a_volume_without_chunks_has_no_fingerprint(volume):
    shutil.rmtree(volume / "1" / "c")
    assert OmeZarrFiles(volume).fingerprint() == []
