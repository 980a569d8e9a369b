"""Sources on a server of the web: read by parts, never wrongly, whatever the server does."""

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import flavours
import numpy as np
import pytest
import tifffile
import zarr
from range_server import RangeServer, serving

import microct_io_vis
from microct_io_vis import ConverterWidget, convert_many, view
from microct_io_vis.stand_ins import hidden

SMALL = ("-c", "32", "32", "32", "-j", "2")
FLAVOURS = (
    "BigTIFF, a page for each slice",
    "ImageJ stack with one directory, the planes after it",
    "OME-TIFF of channels and time points, DimensionOrder",
    "OME-TIFF pyramid (smaller levels in SubIFDs)",
    "pages with smaller copies (NewSubfileType 1) between them",
)


@pytest.fixture
def web(tmp_path) -> Iterator[RangeServer]:
    folder = tmp_path / "web"
    folder.mkdir()
    with serving(folder) as server:
        yield server


@pytest.fixture
def scan(web) -> np.ndarray:
    """A BigTIFF in tiles, compressed: many small parts."""
    voxels = np.random.default_rng(1).integers(0, 5000, (40, 120, 150), dtype=np.uint16)
    tifffile.imwrite(web.folder / "scan.tif", voxels, bigtiff=True, compression="zlib", tile=(64, 64))
    return voxels


def level0(output: Path) -> np.ndarray:
    return zarr.open_group(output, mode="r")["0"][...]


@pytest.mark.parametrize("name", FLAVOURS)
def test_flavours(cli, web, tmp_path, name):
    flavour = next(each for each in flavours.containers() if each.name == name)
    source, array = flavour.write(web.folder, flavour.variants[0])
    done = cli.convert(f"{web.address}/{source.name}", tmp_path / "out.ome.zarr", *SMALL, *flavour.options)
    assert np.array_equal(level0(tmp_path / "out.ome.zarr"), flavour.meaning(array))
    assert len(done["warnings"]) == len(flavour.warns)


@pytest.mark.parametrize("options", [{"compression": "zstd", "predictor": 2, "rowsperstrip": 17}, {"byteorder": ">"}])
def test_large_strips(cli, web, tmp_path, options):
    """More than is brought at a time; and blocks that are narrower than what is read."""
    voxels = np.random.default_rng(2).integers(0, 5000, (6, 1500, 1300), dtype=np.uint16)
    tifffile.imwrite(web.folder / "scan.tif", voxels, **options)
    output = tmp_path / "out.ome.zarr"
    cli.convert(f"{web.address}/scan.tif", output, "-n", 1, "-m", "256M", "--roi", 1, 6, 11, 1480, 7, 1290)
    assert np.array_equal(level0(output), voxels[1:, 11:1480, 7:1290])
    assert web.sent < 1.5 * voxels.nbytes


def test_what_passes_is_asked_again(cli, web, scan, tmp_path):
    faults = {2: 503, 3: 503, 30: 429, 31: "reset", 32: "half", 33: "short"}
    web.fault = lambda number, first: faults.get(number)
    output = tmp_path / "out.ome.zarr"
    cli.convert(f"{web.address}/scan.tif", output, *SMALL)
    assert np.array_equal(level0(output), scan)
    found = cli("verify", output, "--against", f"{web.address}/scan.tif", "--json").succeeded().json
    assert found["ok"] and found["compared"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (200, "sends all of it (200)"),
        ("login", "sent a web page in its place: it asks for a login"),
        ("redirect", "leads to a web page in its place"),
        (401, "refuses to send it (401"),
        (403, "refuses to send it (403"),
        (404, "there is no such file (404"),
        ("shifted", "sent another part (bytes "),
    ],
)
def test_refusals(cli, web, scan, tmp_path, fault, says):
    """At the first request, and in mid-run: said in words, and nothing is left that looks whole."""
    for healthy in (0, 20):
        web.requests = 0
        web.fault = lambda number, first, healthy=healthy: fault if number > healthy else None
        run = cli("convert", f"{web.address}/scan.tif?key=SECRET", tmp_path / "out.ome.zarr", *SMALL, "-q")
        assert run.status == 1
        assert run.stderr.startswith(f"microct-io-vis: {web.address}/scan.tif: ")
        assert says in run.stderr and "SECRET" not in run.stderr
        assert not (tmp_path / "out.ome.zarr").exists()


@pytest.mark.parametrize(("fault", "says"), [("etag", 'it is "other", and was "'), ("longer", "bytes, and had ")])
def test_another_file_in_mid_run(cli, web, scan, tmp_path, fault, says):
    web.fault = lambda number, first: fault if number > 20 else None
    run = cli("convert", f"{web.address}/scan.tif", tmp_path / "out.ome.zarr", *SMALL, "-q")
    assert run.status == 1 and "written anew since it was opened" in run.stderr and says in run.stderr
    assert not (tmp_path / "out.ome.zarr").exists()


def test_resume(cli, web, scan, tmp_path):
    """A conversion that broke off is resumed, if the file is still the same."""
    output = tmp_path / "out.ome.zarr"
    source = web.folder / "scan.tif"
    words = ("convert", f"{web.address}/scan.tif", output, "-c", "8", "64", "64", "-j", "1", "-q")
    web.fault = lambda number, first: 404 if number > 40 else None
    assert cli(*words).status == 1
    web.fault = lambda number, first: None
    before = source.stat()
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    refused = cli(*words, "--resume")
    assert refused.status == 1 and "the source scan.tif has been written to since" in refused.stderr
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    cli(*words, "--resume").succeeded()
    assert np.array_equal(level0(output), scan)


def test_secrets(cli, web, scan, tmp_path):
    """A name, a password and a query go to the server, and nowhere else."""
    address = web.address.replace("http://", "http://me:PASSWORD@") + "/scan.tif?key=SECRET"
    here = tmp_path / "here"
    here.mkdir()
    cli("convert", address, *SMALL, "--progress", "json", cwd=here).succeeded()
    assert {line["Authorization"] for line in web.headers} == {"Basic bWU6UEFTU1dPUkQ="}
    written = (here / "scan.ome.zarr" / "zarr.json").read_text()
    assert f'"name": "{web.address}/scan.tif"' in written or f'"name":"{web.address}/scan.tif"' in written
    assert "SECRET" not in written and "PASSWORD" not in written
    cli.convert(web.folder / "scan.tif", web.folder / "scan.ozx", *SMALL)
    archive, folder = (address.replace("scan.tif", name) for name in ("scan.ozx", "scan.ome.zarr"))
    said = [cli("info", archive).stdout]
    for volume in (microct_io_vis.open(address), microct_io_vis.open(archive)):
        said += [repr(volume), repr(volume.levels[0]), volume._repr_html_()]
    labels = ("convert", address, "cells", "--labels", "--parent", folder)
    said += [cli("estimate", "--batch", address, here, "--json").stdout]
    assert json.loads(said[-1])[0]["source"] == f"{web.address}/scan.tif"
    said += [cli(*words).stderr for words in (("verify", folder), ("convert", address, folder), labels)]
    assert all("/scan." in text and "SECRET" not in text and "PASSWORD" not in text for text in said)


def test_what_is_kept_holds_no_keys(cli, web, scan, tmp_path):
    """Neither plans, notebooks, nor the list of processes; who was told a key knows it as long as it runs."""
    address = web.address.replace("http://", "http://me:PASSWORD@") + "/scan.tif?key=SECRET"
    running: list[bytes] = []

    def look(number: int, first: int) -> None:
        running.extend(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))

    web.fault = look
    widget = ConverterWidget(address, target=tmp_path / "out.ome.zarr", chunk_size=32)
    said: list[object] = []
    widget.send = lambda content, buffers=None: said.append(hidden(content))
    stands = widget.get_state()["source"]
    assert microct_io_vis.info(stands).source == f"{web.address}/scan.tif"
    assert stands.startswith(f"{web.address}/scan.tif#") and address == widget.source
    widget._handle_custom_msg(
        {"method": "read", "id": "1", "params": {"source": stands, "options": {}, "key": "zarr.json"}}, []
    )
    widget.set_state({"source": stands})
    widget.start()
    assert np.array_equal(level0(widget.wait(60)), scan) and widget.source == address
    viewer = view(address)
    [entry] = convert_many([address], tmp_path / "many", progress=False)
    assert entry.source == address and entry.state == "done"
    web.fault = lambda number, first: None
    output = tmp_path / "parts.ome.zarr"
    planned = cli("plan", address, output, *SMALL, "--parts", 2).succeeded()
    assert f"MICROCT_IO_VIS_ADDRESSES set to the whole address of {web.address}/scan.tif" in planned.stdout
    said.append(planned.stdout)
    refused = cli("part", 1, output)
    assert refused.status == 1 and f"{web.address}/scan.tif: its login, or the key" in refused.stderr
    # As what is not found, viewers would take it for removed.
    assert '"code":"unreadable"' in cli("part", 1, output, "--progress", "json").stderr
    told = {**os.environ, "MICROCT_IO_VIS_ADDRESSES": address}
    for words in (("part", 1), ("part", 2), ("finish",)):
        partial = output.with_name("parts.ome.zarr.partial")
        said += [path.read_bytes() for path in partial.rglob("*") if path.is_file() and "/c/" not in str(path)]
        cli(*words, output, env=told).succeeded()
    assert np.array_equal(level0(output), scan)
    said += [repr(each) for each in (widget, viewer, entry)] + [widget.get_state(), viewer.get_state(), running]
    assert all("SECRET" not in str(each) and "PASSWORD" not in str(each) for each in said)


def test_addresses_with_spaces(web, scan):
    """As people paste them, and with a key."""
    (web.folder / "scan.tif").rename(web.folder / "my%20scan.tif")
    address = f"{web.address}/my scan.tif?key=SECRET"
    assert microct_io_vis.info(address).shape == scan.shape
    assert np.array_equal(microct_io_vis.open(address)[:], scan)


def test_addresses_name_no_other_file(cli, web, scan):
    """What parsers of addresses leave out, or take for something else."""
    for name in ("scan.tif", "a"):
        (web.folder / name).exists() or (web.folder / name).mkdir()
    (web.folder / "a/scan.tif").hardlink_to(web.folder / "scan.tif")
    for name in ("sc\nan.tif", "sc\tan.tif", "a\\scan.tif"):
        said = cli("info", f"{web.address}/{name}")
        assert said.status == 1 and "write those of a name as %0A, %09 and %5C" in said.stderr
    (web.folder / "a%5Cb+c%2Bd%252Fe%23%3F.tif").hardlink_to(web.folder / "scan.tif")
    assert microct_io_vis.info(f"{web.address}/a%5Cb+c%2Bd%252Fe%23%3F.tif").shape == scan.shape


def test_python(web, scan, tmp_path):
    address = f"{web.address}/scan.tif"
    assert microct_io_vis.info(address).shape == (40, 120, 150)
    assert microct_io_vis.estimate(address, tmp_path / "out.ome.zarr").output_refusal is None
    with pytest.raises(microct_io_vis.ConversionError, match="of files with an address one is read by itself"):
        microct_io_vis.info([address, address])
    with pytest.raises(microct_io_vis.ConversionError, match="it names a folder or a pattern"):
        microct_io_vis.estimate(f"{web.address}/slices/")
    with pytest.raises(microct_io_vis.ConversionError, match="no OME-Zarr is there"):
        microct_io_vis.info(f"{web.address}/slices/")
    [entry] = microct_io_vis.convert_many([address], tmp_path / "out", progress=False)
    assert entry.state == "done" and entry.source == address and entry.output == tmp_path / "out" / "scan.ome.zarr"


def test_proxy(cli, web, scan):
    """A proxy is asked for whole addresses, here of a host that nobody else knows."""
    folder = web.folder / "http:" / "scans.invalid"
    folder.mkdir(parents=True)
    (web.folder / "scan.tif").rename(folder / "scan.tif")
    by = {**os.environ, "HTTP_PROXY": web.address, "NO_PROXY": "*.other.invalid"}
    assert cli("info", "http://scans.invalid/scan.tif", "--json", env=by).succeeded().json["shape"] == [40, 120, 150]
    said = cli("info", "http://a.other.invalid/scan.tif", env=by)
    assert said.status == 1 and "no server of this name is known" in said.stderr


def test_looked_at(web, scan):
    volume = microct_io_vis.open(f"{web.address}/scan.tif?key=SECRET")
    assert np.array_equal(volume[5:7, 10:70, 20:90], scan[5:7, 10:70, 20:90])
    coarse = volume.levels[-1]
    step = 40 // coarse.shape[0]
    assert np.array_equal(coarse[...], scan[::step, ::step, ::step][: coarse.shape[0]])
    source = web.folder / "scan.tif"
    os.utime(source, ns=(0, source.stat().st_mtime_ns + 10**9))
    with pytest.raises(OSError, match="written") as raised:
        volume[30:32]
    assert "SECRET" not in str(raised.value)


def test_addresses_of_repositories(cli, web, scan, tmp_path):
    """The name stands before the end of the address, or nowhere."""
    (web.folder / "files").mkdir()
    (web.folder / "scan.tif").rename(web.folder / "files/12345")
    (web.folder / "files/shell.tif").mkdir()
    (web.folder / "files/shell.tif/content").hardlink_to(web.folder / "files/12345")
    for address, name in (("files/12345", "12345"), ("files/shell.tif/content?key=1", "shell.tif")):
        assert cli("info", f"{web.address}/{address}", "--json").succeeded().json["shape"] == [40, 120, 150]
        assert np.array_equal(microct_io_vis.open(f"{web.address}/{address}")[20:22], scan[20:22])
        done = cli("convert", f"{web.address}/{address}", *SMALL, cwd=tmp_path).succeeded()
        assert (tmp_path / f"{name.removesuffix('.tif')}.ome.zarr/zarr.json").is_file(), done
    missing = cli("info", f"{web.address}/files/12346")
    assert missing.status == 1 and "no OME-Zarr is there" in missing.stderr


def test_files_elsewhere(cli, web):
    flavour = next(each for each in flavours.containers() if each.name == "OME-TIFF of several files")
    source, _ = flavour.write(web.folder, "")
    run = cli("info", f"{web.address}/{source.name}")
    assert run.status == 1 and "its OME-XML says that planes of its image are in t0c1.ome.tif" in run.stderr


def interleaved(path: Path, pages: int, side: int) -> None:
    """A sparse BigTIFF whose pages are described between their voxels, as most writers have it."""
    entries = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 32),
        (259, 3, 1),
        (262, 3, 1),
        (273, 16, 0),
        (277, 3, 1),
        (278, 4, side),
        (279, 16, 4 * side * side),
        (339, 3, 3),
    ]
    length = 16 + 20 * len(entries)
    step = length + 4 * side * side
    with path.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16))
        for page in range(pages):
            at = 16 + page * step
            tags = [(tag, kind, at + length if tag == 273 else value) for tag, kind, value in entries]
            file.seek(at)
            file.write(struct.pack("<Q", len(tags)))
            file.write(b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags))
            file.write(struct.pack("<Q", at + step if page + 1 < pages else 0))
        file.truncate(16 + pages * step)


def test_many_pages(cli, web):
    """Of 50 GB, the directories and hardly more."""
    interleaved(web.folder / "scan.tif", 3000, 2048)
    found = cli("info", f"{web.address}/scan.tif", "--json").succeeded().json
    assert found["pages"] == 3000
    assert web.requests < 3100 and web.sent < 1_500_000


def test_parts_know_the_directories(cli, web, tmp_path):
    scan, output = web.folder / "scan.tif", tmp_path / "out.ome.zarr"
    interleaved(scan, 1500, 256)
    region = ["--roi", 0, 64, 0, 64, 0, 64]
    cli("plan", f"{web.address}/scan.tif", output, "--parts", 2, "-c", 32, 32, 32, *region).succeeded()
    for words in (["part", 1], ["part", 2], ["finish"]):
        web.requests = 0
        cli(*words, output).succeeded()
        assert web.requests < 100
    assert cli("verify", output, "--against", f"{web.address}/scan.tif", "--json").succeeded().json["ok"]
    cli("plan", f"{web.address}/scan.tif", f"{output}2", "--parts", 1, "-c", 32, 32, 32, *region).succeeded()
    os.utime(scan, (1, 1))
    run = cli("part", 1, f"{output}2")
    assert (run.status, "has been written to since: discard what is planned" in run.stderr) == (1, True)
