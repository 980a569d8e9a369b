"""OME-Zarr in one file (``.ozx``, RFC-9 of NGFF): written, read by others, read back, and damaged."""

import json
import os
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorstore
import tifffile
import zarr

import microct_io_vis
from microct_io_vis.widgets.files import OmeZarrFiles

SMALL = ("-c", "16", "16", "16", "-q")


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("Größe #1") / "scan.tif"
    array = np.random.default_rng(3).integers(0, 2**16, (30, 40, 50), np.uint16)
    tifffile.imwrite(path, array, imagej=True, metadata={"axes": "ZYX", "spacing": 2, "unit": "um"}, resolution=(1, 1))
    return path, array


@pytest.fixture(scope="module")
def one(cli, scan) -> Path:
    path = scan[0].with_name("one.ozx")
    assert cli("convert", scan[0], path, *SMALL).status == 0
    return path


def zipped(folder: Path, path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    """The same by Python's zipfile, in the order of names."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


@pytest.mark.parametrize("options", [(), ("--shard", "32", "32", "32"), ("--ome-zarr", "0.6", "--checksum", "crc32c")])
def test_is_the_folder_in_one_file(cli, scan, tmp_path, options):
    source, array = scan
    folder, path = tmp_path / "same.ome.zarr", tmp_path / "same.ozx"
    for output in (folder, path):
        assert cli("convert", source, output, *SMALL, *options).status == 0
    assert sorted(os.listdir(tmp_path)) == ["same.ome.zarr", "same.ozx"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        documents = [name for name in names if name.endswith("zarr.json")]
        assert names[: len(documents)] == documents == ["zarr.json", "0/zarr.json", "1/zarr.json", "2/zarr.json"]
        files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
        assert set(names) == files and len(names) == len(files)
        for name in names:
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED
            if name != "zarr.json":
                assert archive.read(name) == (folder / name).read_bytes()
        version = options[1] if "--ome-zarr" in options else "0.5"
        ome = json.loads(archive.comment)["ome"]
        assert ome == {"version": version, "zipFile": {"centralDirectory": {"jsonFirst": True}}}
    # ZIP64 in any archive, as the recommendation has it.
    assert b"PK\6\6" in path.read_bytes()[-200 - len(archive.comment) :]
    group = zarr.open_group(zarr.storage.ZipStore(path, mode="r"), mode="r")
    assert np.array_equal(group["0"][:], array)
    kvstore = {"driver": "zip", "base": {"driver": "file", "path": str(path)}, "path": "0/"}
    read = tensorstore.open({"driver": "zarr3", "kvstore": kvstore}).result().read().result()
    assert np.array_equal(read, array)
    found = cli("verify", path, "--against", source, "--json").succeeded().json
    assert found["ok"] and found["voxelsCompared"] == array.size + 30 * 20 * 25 + 15 * 10 * 13


def test_the_same_volume_is_the_same_file(cli, scan, one, tmp_path):
    again = tmp_path / "one.ozx"
    shutil.copy(scan[0], tmp_path / "scan.tif")
    assert cli("convert", tmp_path / "scan.tif", again, *SMALL).status == 0
    assert again.read_bytes() == one.read_bytes()


def test_is_read_by_what_reads_folders(cli, scan, one):
    _, array = scan
    found = json.loads(cli("info", one, "--json").stdout)
    assert (found["version"], found["shape"], found["voxelSize"]) == ("0.5", list(array.shape), [2, 1, 1])
    with zipfile.ZipFile(one) as archive:
        sizes = [entry.file_size for entry in archive.infolist()]
    assert (found["files"], found["bytes"], found["warnings"]) == (len(sizes), sum(sizes), [])
    volume = microct_io_vis.open(one)
    assert np.array_equal(volume[3:9, 10:12, -4:], array[3:9, 10:12, -4:])
    files = OmeZarrFiles(one)
    assert [axis["name"] for axis in files.axes] == ["z", "y", "x"]
    with zipfile.ZipFile(one) as archive:
        chunk = archive.read("0/c/0/1/1")
    assert files.read("0/c/0/1/1", 5, 20)[:3] == (len(chunk), 5, chunk[5:25])
    assert files.read("0/c/0/1/1", -7)[:3] == (len(chunk), len(chunk) - 7, chunk[-7:])
    assert files.read("0/c/9/9/9")[0] is None


def test_takes_the_name_of_another_only_when_it_is_whole(cli, scan, tmp_path):
    path = tmp_path / "again.ozx"
    assert cli("convert", scan[0], path, *SMALL).status == 0
    before = path.read_bytes()
    refused = cli("convert", scan[0], path, *SMALL)
    assert refused.status == 1 and "exists already" in refused.stderr
    assert path.read_bytes() == before
    assert cli("convert", scan[0], path, *SMALL, "--overwrite", "--compression", "none").status == 0
    assert path.stat().st_size > len(before)
    assert os.listdir(tmp_path) == ["again.ozx"]
    letter = tmp_path / "letter.ozx"
    letter.write_text("Dear Sir")
    twice = tmp_path / "twice.ozx"
    shutil.copy(path, twice)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("zarr.json", "{}")
    for other, why in ((letter, "is no ZIP archive"), (twice, "zarr.json is in it twice")):
        before = other.read_bytes()
        for options in ((), ("--overwrite",)):
            refused = cli("convert", scan[0], other, *SMALL, *options)
            assert refused.status == 1 and f"{other}: exists already, and is not overwritten" in refused.stderr
            assert why in refused.stderr
        assert other.read_bytes() == before


def test_what_goes_with_one_that_is_replaced_is_said(cli, scan, tmp_path):
    """As of a folder: archives of others have labels, and what is no part of the image."""
    folder, path = tmp_path / "a.ome.zarr", tmp_path / "a.ozx"
    cli("convert", scan[0], folder, *SMALL).succeeded()
    microct_io_vis.write_labels(scan[1] > 9, "pores", parent=folder, progress=False)
    (folder / "notes.txt").write_text("mine")
    zipped(folder, path)
    for output in (folder, path):
        said = cli("estimate", scan[0], output, "--overwrite").succeeded().stdout
        begins = f"{output} is replaced with all that is in it"
        assert f"{begins}, its labels too: pores." in said
        assert f"{begins}, also with what is no part of its image: notes.txt." in said


def test_what_one_file_cannot_be_is_said(cli, scan, one, tmp_path):
    refused = cli("convert", scan[0], tmp_path / "old.ozx", *SMALL, "--ome-zarr", "0.4")
    assert refused.status == 1 and "is there from 0.5 on, not in 0.4" in refused.stderr
    refused = cli("convert", scan[0], *SMALL, "--labels", "--parent", one)
    assert refused.status == 1 and "to which nothing can be added" in refused.stderr
    assert os.listdir(tmp_path) == []


def test_those_of_others_and_damaged_ones(cli, scan, one, tmp_path):
    with zipfile.ZipFile(one) as archive:
        archive.extractall(tmp_path / "folder")
    source = scan[0]
    other = zipped(tmp_path / "folder", tmp_path / "other.ozx")
    good = cli("verify", other, "--against", source)
    assert good.status == 0, good.stderr

    def fails(path: Path, words: str) -> None:
        for command in ("verify", "info"):
            failed = cli(command, path)
            assert failed.status == 1 and words in failed.stderr, (command, failed.stderr)
        with pytest.raises(ValueError, match=r"ZIP"):
            OmeZarrFiles(path)

    deflated = zipped(tmp_path / "folder", tmp_path / "deflated.ozx", zipfile.ZIP_DEFLATED)
    fails(deflated, "is compressed by ZIP")
    cut = tmp_path / "cut.ozx"
    cut.write_bytes(one.read_bytes()[:-100])
    fails(cut, "no ZIP archive, or was cut off")
    nested = tmp_path / "nested.ozx"
    with zipfile.ZipFile(nested, "w") as archive:
        archive.write(tmp_path / "folder" / "zarr.json", "scan.ome.zarr/zarr.json")
    failed = cli("verify", nested)
    assert failed.status == 1 and "is not an OME-Zarr" in failed.stderr
    flipped = tmp_path / "flipped.ozx"
    shutil.copy(one, flipped)
    with zipfile.ZipFile(flipped) as archive:
        at = archive.getinfo("0/c/0/1/1").header_offset + 30 + len("0/c/0/1/1") + 20 + 200
    with open(flipped, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x40]))
    failed = cli("verify", flipped, "--against", source)
    assert failed.status == 1 and "0/c/0/1/1" in failed.stdout + failed.stderr


def test_labels_in_it_are_opened_by_their_path(cli, scan, tmp_path, monkeypatch):
    folder, path = tmp_path / "a.ome.zarr", tmp_path / "a.ozx"
    cli("convert", scan[0], folder, *SMALL).succeeded()
    microct_io_vis.write_labels(scan[1] > 2**15, "bright", parent=folder, progress=False)
    zipped(folder, path)
    monkeypatch.chdir(tmp_path)
    for given in (path / "labels" / "bright", "a.ozx/labels/bright"):
        labels = microct_io_vis.open(given)
        assert np.array_equal(labels[...], scan[1] > 2**15)
        assert len(labels.levels) == len(microct_io_vis.open(folder / "labels" / "bright").levels) > 1
        assert np.array_equal(labels.levels[1][...], microct_io_vis.open(folder / "labels" / "bright").levels[1][...])
    with pytest.raises(microct_io_vis.ConversionError, match="there is no such file"):
        microct_io_vis.open(path / "labels" / "dark")


@pytest.mark.parametrize("name", ["0//zarr.json", "/zarr.json", "0/./zarr.json", "../a.ozx/zarr.json"])
def test_no_file_in_it_takes_the_place_of_another(cli, one, tmp_path, name):
    """As it would on a disk, where it is brought to from an address."""
    path = shutil.copy(one, tmp_path / "a.ozx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "{}")
    said = cli("info", path)
    assert said.status == 1 and f'the name "{name}" in it is none of a file below its root' in said.stderr


def test_a_directory_that_says_less_than_it_has_loses_nothing(cli, scan, one, tmp_path):
    """Of more than 65,535 files without ZIP64, some programs write what is left of their number; others are damaged."""
    with zipfile.ZipFile(one) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "many.ozx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for n in range(2**16):
            archive.writestr(f"notes/{n}", b"")
    data = bytearray(path.read_bytes())
    at, locator = data.rfind(b"PK\6\6"), data.rfind(b"PK\6\7")
    start = int.from_bytes(data[at + 48 : at + 56], "little")
    length = int.from_bytes(data[at + 40 : at + 48], "little")
    del data[at : locator + 20]
    path.write_bytes(data[:at] + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(files), len(files), length, start, 0))
    cli("verify", path, "--against", scan[0]).succeeded()
    assert json.loads(cli("info", path, "--json").stdout)["files"] == len(files) + 2**16
    # Chunks that are in no list would be shown as the fill value.
    fewer = tmp_path / "fewer.ozx"
    data = bytearray(one.read_bytes())
    struct.pack_into("<2Q", data, data.rfind(b"PK\6\6") + 24, len(files) - 9, len(files) - 9)
    fewer.write_bytes(data)
    for command in ("verify", "info"):
        failed = cli(command, fewer)
        words = f"its directory has {len(files)} files, and says {len(files) - 9}"
        assert failed.status == 1 and words in failed.stderr, failed.stderr
    with pytest.raises(microct_io_vis.ConversionError, match="its directory has"):
        microct_io_vis.open(fewer)


class Unmarked(zipfile.ZipInfo):
    """A file whose name is UTF-8 without a mark that says so, as Info-ZIP's `zip` writes it."""

    def _encodeFilenameFlags(self):
        return self.filename.encode(), 0


def test_names_in_utf_8_need_no_mark(cli, scan, one, tmp_path):
    path = tmp_path / "unmarked.ozx"
    with zipfile.ZipFile(one) as archive, zipfile.ZipFile(path, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "zarr.json":
                data = data.replace(b'"path": "0"', '"path": "größte"'.encode())
            other.writestr(Unmarked(name.replace("0/", "größte/", 1) if name.startswith("0/") else name), data)
    cli("verify", path, "--against", scan[0]).succeeded()
    assert OmeZarrFiles(path).read("größte/zarr.json")[0] is not None


def test_archives_beyond_4_gib(cli, one, scan, tmp_path):
    """All of it lies behind a hole: places of files and of the directory have no room in 32 bits."""
    path = tmp_path / "far.ozx"
    with zipfile.ZipFile(one) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with open(path, "w+b") as file:
        file.seek(5 * 2**30)
        with zipfile.ZipFile(file, "w") as archive:
            archive.start_dir = file.tell()
            for name, data in files.items():
                archive.writestr(name, data)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("0/zarr.json").header_offset > 2**32
    good = cli("verify", path, "--against", scan[0])
    assert good.status == 0, good.stderr
    files = OmeZarrFiles(path)
    assert files.read("zarr.json")[0] == len(files.read("zarr.json")[2])
