"""The command line beyond the engine: how it starts, stops, is fed, and serves."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest
import tifffile
import zarr
from command_line import PATIENCE, finish, until

import microct_io_vis


def zarrs(folder):
    return sorted(path.name for path in folder.iterdir() if "zarr" in path.name)


def test_runs_as_a_module_too(cli, volume):
    run = subprocess.run(
        [sys.executable, "-m", "microct_io_vis", "info", str(volume), "--json"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == cli.info(volume)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["help", "convert"], ["convert", "--help"]])
def test_tells_of_itself(cli, words):
    run = cli(*words).succeeded()
    assert run.stdout and not run.stderr


def test_wants_a_node_that_is_there(cli, volume):
    run = cli("info", volume, env={**os.environ, "MICROCT_IO_VIS_NODE": "/no/such/node"})
    assert run.status == 1
    assert run.stderr.startswith("microct-io-vis: MICROCT_IO_VIS_NODE names /no/such/node")
    assert run.stderr.count("\n") == 1


def test_takes_the_node_that_is_named(cli, volume, tmp_path):
    from microct_io_vis.node import node

    mark = tmp_path / "used"
    other = tmp_path / "other-node"
    other.write_text(f'#!/bin/sh\ntouch "{mark}"\nexec "{node()}" "$@"\n')
    other.chmod(other.stat().st_mode | stat.S_IEXEC)
    cli("info", volume, env={**os.environ, "MICROCT_IO_VIS_NODE": str(other)}).succeeded()
    assert mark.exists()


def test_refuses_an_old_node(cli, tmp_path):
    """Node is told that it is an older one, before the helper starts."""
    from microct_io_vis.node import node

    lie = tmp_path / "lie.cjs"
    lie.write_text("Object.defineProperty(process.versions, 'node', { value: '20.19.0' });")
    old = tmp_path / "old-node"
    old.write_text(f'#!/bin/sh\nexec "{node()}" --require "{lie}" "$@"\n')
    old.chmod(old.stat().st_mode | stat.S_IEXEC)
    run = cli("--version", env={**os.environ, "MICROCT_IO_VIS_NODE": str(old)})
    assert run.status == 1
    assert "this is Node 20.19.0" in run.stderr and "22.15 or newer is needed" in run.stderr


@pytest.mark.parametrize("by", ["file", "standard input"])
def test_takes_a_list_of_slices(cli, tmp_path, by):
    array = np.random.default_rng(6).integers(0, 255, (3, 20, 30), np.uint8)
    names = [tmp_path / f"slice {z}.tif" for z in (2, 0, 1)]  # the order given counts
    for name, page in zip(names, array, strict=True):
        tifffile.imwrite(name, page)
    listing = tmp_path / "slices.txt"
    listing.write_text("".join(f"{name}\n" for name in names))
    output = tmp_path / "out.ome.zarr"
    if by == "file":
        cli("convert", f"@{listing}", output).succeeded()
    else:
        with open(listing, "rb") as given:
            subprocess.run([str(cli.path), "convert", "@-", str(output)], stdin=given, check=True)
    assert np.array_equal(zarr.open(output / "0")[:], array)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_may_have_line_breaks(cli, tmp_path):
    """From Python, and as ``find -print0`` writes them; what each line of them names is there, too."""
    array = np.arange(3 * 20 * 30, dtype=np.uint8).reshape(3, 20, 30)
    names = [tmp_path / f"# a\nb {z}.tif" for z in range(3)]
    for name, page in zip(names, array, strict=True):
        tifffile.imwrite(name, page)
        for other in (name.name.replace("\n", ""), *name.name.split("\n")):
            tifffile.imwrite(tmp_path / other, page // 2)
    output = tmp_path / "out.ome.zarr"
    microct_io_vis.convert(names, output, progress=False)
    assert np.array_equal(zarr.open(output / "0")[:], array)
    given = b"".join(os.fsencode(name.name) + b"\0" for name in names)
    words = [str(cli.path), "convert", "@-", str(output), "--overwrite", "-q"]
    subprocess.run(words, input=given, cwd=tmp_path, check=True)
    assert np.array_equal(zarr.open(output / "0")[:], array)
    [entry] = microct_io_vis.convert_many(names[:1], tmp_path / "many", progress=False)
    assert entry.state == "done" and np.array_equal(microct_io_vis.open(entry.output)[...], array[:1])
    # Nor does a name that is not there stand for another one.
    with pytest.raises(microct_io_vis.ConversionError, match="there is no such file"):
        microct_io_vis.convert([f"{name} " for name in names], output, overwrite=True, progress=False)
    with pytest.raises(microct_io_vis.ConversionError, match="source has a NUL character, where a path"):
        microct_io_vis.convert([*names[:2], f"{names[2]}\0{names[1]}"], output, overwrite=True, progress=False)


def test_a_list_is_of_one_folder(cli, tmp_path):
    array = np.random.default_rng(6).integers(0, 255, (4, 20, 30), np.uint8)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, planes in ((here, array[:2] // 2), (there, array)):
        folder.mkdir()
        for z, plane in enumerate(planes):
            tifffile.imwrite(folder / f"rec_{z}.tif", plane)
    (there / "list.txt").write_text("".join(f"rec_{z}.tif\n" for z in range(4)))
    output = tmp_path / "out.ome.zarr"
    subprocess.run([str(cli.path), "convert", f"@{there / 'list.txt'}", str(output)], cwd=here, check=True)
    assert np.array_equal(zarr.open(output / "0")[:], array)


def test_takes_names_that_are_not_utf_8(cli, tmp_path):
    """As a file, a list, a folder, and in a folder; what is said and written of them is UTF-8."""
    name, lost = os.fsdecode(b"Sch\xe4del"), "Sch\N{REPLACEMENT CHARACTER}del"
    (folder := tmp_path / name).mkdir()
    array = np.random.default_rng(7).integers(0, 255, (3, 20, 30), np.uint8)
    slices = [folder / f"{name}_{z}.tif" for z in range(3)]
    for path, plane in zip(slices, array, strict=True):
        tifffile.imwrite(tmp_path / "plane.tif", plane)
        (tmp_path / "plane.tif").rename(path)
    tifffile.imwrite(tmp_path / "plane.tif", array, photometric="minisblack")
    (tmp_path / "plane.tif").rename(tmp_path / f"{name}.tif")
    elsewhere = tmp_path / "out.ome.zarr"
    for source, output in ((tmp_path / f"{name}.tif", None), (folder, None), (folder, elsewhere)):
        done = cli.convert(source, *filter(None, [output]), "--overwrite")
        assert done["output"] == str(output or tmp_path / f"{lost}.ome.zarr")
        assert np.array_equal(zarr.open(Path(done["output"]) / "0")[:], array)
        json.dumps(done).encode()
        run = cli("verify", done["output"], "--against", source).succeeded()
        assert run.stdout.startswith("OK") and "�" in run.stdout
    microct_io_vis.convert(slices, elsewhere, progress=False, overwrite=True)
    assert np.array_equal(zarr.open(elsewhere / "0")[:], array)
    run = cli("convert", slices[0])
    assert run.status == 1 and f"it lies in {tmp_path / lost}, whose name is not UTF-8" in run.stderr


@pytest.mark.parametrize("on_disk", ["latin-1", "utf-8"])
def test_takes_a_list_in_another_encoding(cli, tmp_path, on_disk):
    """Names are bytes; those of a list in a Windows code page may be UTF-8 on the disk."""
    array = np.random.default_rng(8).integers(0, 255, (3, 20, 30), np.uint8)
    names = ["ä_0.tif", "ö_0.tif", "ü_0.tif"]  # alike where they are read as UTF-8
    for name, page in zip(names, array, strict=True):
        tifffile.imwrite(tmp_path / "plane.tif", page)
        (tmp_path / "plane.tif").rename(tmp_path / os.fsdecode(name.encode(on_disk)))
    listing = tmp_path / "slices.txt"
    listing.write_bytes("\n".join(names).encode("latin-1"))
    done = cli.convert(f"@{listing}", tmp_path / "out.ome.zarr")
    assert np.array_equal(zarr.open(Path(done["output"]) / "0")[:], array)


@pytest.mark.parametrize("content", [None, "\n\n"])
def test_refuses_a_list_that_is_none(cli, tmp_path, content):
    if content is not None:
        (tmp_path / "list").write_text(content)
    run = cli("info", f"@{tmp_path / 'list'}")
    assert run.status == 1 and str(tmp_path / "list") in run.stderr and run.stderr.count("\n") == 1


def test_shows_lines_of_progress_in_a_log_and_none_when_quiet(cli, volume):
    run = cli("convert", volume).succeeded()
    assert "100 %" in run.stderr and "written in" in run.stderr
    for quiet in (["-q"], ["--progress", "none"]):
        assert cli("convert", volume, "--overwrite", *quiet).succeeded().stderr == ""


def test_draws_a_bar_on_a_terminal(cli, volume):
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen([str(cli.path), "convert", str(volume)], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        out = process.communicate(timeout=PATIENCE)[0]
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the terminal's other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0 and out.endswith(b"scan.ome.zarr\n")
    assert b"\r\x1b[2K" in shown and b"written in" in shown


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_can_be_resumed(cli, large, stop):
    process = cli.start("convert", large, "--compression", "gzip", "--progress", "json")
    until(lambda: zarrs(large.parent), process)
    run = finish(process, stop)
    assert run.status == 128 + stop
    assert run.events[-1]["code"] == "interrupted"
    assert run.stdout == ""
    assert (large.parent / "large.ome.zarr.partial").is_dir()
    assert not (large.parent / "large.ome.zarr").exists()


def test_ctrl_c_cancels_and_leaves_nothing(cli, large):
    process = cli.start("convert", large, "--compression", "gzip", "--progress", "json")
    until(lambda: zarrs(large.parent), process)
    run = finish(process, signal.SIGINT)
    assert run.status == 130
    assert run.events[-1]["code"] == "cancelled"
    assert run.stdout == ""
    assert zarrs(large.parent) == []


def test_tells_of_what_was_interrupted(cli, large):
    cli.crash(large, "--compression", "gzip", "-j", 1)
    text = cli("estimate", large, "--compression", "gzip").succeeded().stdout
    assert re.search(r"^unfinished +[1-9]\d* % done, last written .*; --resume goes on with it$", text, re.M)
    text = cli("estimate", large).succeeded().stdout
    assert re.search(r"^unfinished +[1-9]\d* % done, .*; cannot be resumed: .*gzip", text, re.M)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
def test_a_result_that_cannot_be_told_is_a_failure(volume):
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "microct_io_vis", "info", volume, "--json"]
        run = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 1 and "standard output cannot be written (ENOSPC)" in run.stderr


def test_ends_when_nobody_reads_its_progress_any_more(cli, large):
    """As when the Python that follows a conversion is killed."""
    process = cli.start("convert", large, "--compression", "gzip", "--progress", "json")
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
    process.stdout.close()
    assert not (large.parent / "large.ome.zarr").exists()


def test_serves_outputs_to_the_browser(cli, volume, tmp_path):
    cli("convert", volume).succeeded()
    output = tmp_path / "scan.ome.zarr"
    process = cli.start("view", output, "--no-browser")
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url) as page:
        assert "text/html" in page.headers["Content-Type"]
    with urllib.request.urlopen(f"{url}sources.json") as page:
        sources = json.load(page)["sources"]
    assert sources == [{"name": "scan.ome.zarr", "url": "data/0/"}]
    with urllib.request.urlopen(f"{url}data/0/0/zarr.json") as page:
        assert page.read() == (output / "0" / "zarr.json").read_bytes()
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(url.rsplit("/", 2)[0] + "/")
    run = finish(process, signal.SIGINT)
    assert run.status == 0, run.stderr


def test_serves_only_volumes(cli, volume, tmp_path):
    run = cli("view", tmp_path, "--no-browser")
    assert run.status == 1 and str(tmp_path) in run.stderr and run.stderr.count("\n") == 1
    (tmp_path / "bone.ome.zarr").mkdir()
    text = tmp_path / "scan.txt"
    text.write_text("no volume")
    run = cli("view", tmp_path / "bon.ome.zarr", text, "--no-browser")
    missing, other = run.stderr.splitlines()
    assert run.status == 1 and missing.endswith("no such folder; beside it would be bone.ome.zarr")
    assert str(text) in other and other.endswith("neither an OME-Zarr, which is a folder or an .ozx, nor a TIFF")
