"""The wheel, as a user of a release gets it: installed into an empty environment, run without Node or npm on PATH."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from command_line import PATIENCE
from jupyter_client import BlockingKernelClient, write_connection_file

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = os.name == "nt"


def build(tree: Path, out: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(tree)]
    return subprocess.run(words, env={**os.environ, **(env or {})}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    built = build(ROOT, out)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The programs' folder of an empty environment with the wheel in it, made by no other means than pip."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    programs = folder / ("Scripts" if WINDOWS else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    installed = subprocess.run(pip, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    return programs


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> dict[str, str]:
    """Variables of a shell that finds no program by itself."""
    nothing = tmp_path_factory.mktemp("nothing")
    kept = ("HOME", "LANG", "TMPDIR", "SYSTEMROOT", "TEMP")
    env = {**{name: os.environ[name] for name in kept if name in os.environ}, "PATH": str(nothing)}
    assert shutil.which("node", path=env["PATH"]) is None and shutil.which("npm", path=env["PATH"]) is None
    return env


def test_is_for_every_platform(wheel):
    version = json.loads((ROOT / "package.json").read_text())["version"]
    assert wheel.name == f"microct_io_vis-{version}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    for platform in ("linux-x64-glibc", "linux-arm64-musl", "darwin-arm64", "win32-x64"):
        assert f"microct_io_vis/helper/zeromq/{platform}.node" in names
    assert "microct_io_vis/helper/viewer/index.html" in names
    assert "microct_io_vis/py.typed" in names
    assert len(names) == len(set(names))
    strays = [name for name in names if not name.startswith(("microct_io_vis/", "microct_io_vis-"))]
    assert strays == []
    assert [name for name in names if name.startswith("microct_io_vis/labextension")] == []  # only where Jupyter looks


def test_has_the_licenses_of_what_others_wrote(wheel):
    with zipfile.ZipFile(wheel) as packed:
        texts = {
            name.split("/licenses/")[1]: packed.read(name).decode()
            for name in packed.namelist()
            if "/licenses/" in name
        }
    for part in ("zeromq", "libsodium", "Mozilla Public License", "Esri"):
        assert part in texts["microct_io_vis/helper/LICENSES.txt"]
    for part in ("neuroglancer", "Apache License", "codemirror", "gl-matrix", "numcodecs"):
        assert part in texts["microct_io_vis/helper/viewer/LICENSES.txt"]
    listed = json.loads(texts["microct_io_vis/labextension/static/third-party-licenses.json"])["packages"]
    assert {"neuroglancer", "gl-matrix", "@jupyter-widgets/base"} <= {entry["name"] for entry in listed}
    assert all(entry["extractedText"] for entry in listed)


def test_converts_by_the_command_line(environment, bare, volume, tmp_path):
    words = [str(environment / "microct-io-vis"), "convert", str(volume)]
    run = subprocess.run(words, env=bare, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    output = tmp_path / "scan.ome.zarr"
    assert run.stdout == f"{output}\n"
    assert np.array_equal(zarr.open(output / "0")[:], tifffile.imread(volume))


def test_converts_by_python(environment, bare, volume, tmp_path):
    script = "import microct_io_vis, sys; print(microct_io_vis.__version__, microct_io_vis.convert(sys.argv[1]))"
    words = [str(environment / "python"), "-c", script, str(volume)]
    run = subprocess.run(words, env=bare, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    version = json.loads((ROOT / "package.json").read_text())["version"]
    assert run.stdout == f"{version} {tmp_path / 'scan.ome.zarr'}\n"
    assert np.array_equal(zarr.open(tmp_path / "scan.ome.zarr" / "0")[:], tifffile.imread(volume))


def test_brings_what_jupyter_looks_for(environment):
    share = environment.parent / "share" / "jupyter"
    kernel = json.loads((share / "kernels" / "microct-io-vis" / "kernel.json").read_text())
    assert kernel["argv"] == ["python", "-m", "microct_io_vis.kernel", "{connection_file}"]
    assert kernel["interrupt_mode"] == "message"
    extension = share / "labextensions" / "microct-io-vis"
    package = json.loads((extension / "package.json").read_text())
    assert package["name"] == "microct-io-vis"
    assert (extension / package["jupyterlab"]["_build"]["load"]).exists()
    assert json.loads((extension / "install.json").read_text())["packageName"] == "microct-io-vis"


def test_starts_as_a_kernel(environment, bare, volume, tmp_path):
    file, _ = write_connection_file(str(tmp_path / "connection.json"))
    words = [str(environment / "python"), "-m", "microct_io_vis.kernel", file]
    with subprocess.Popen(words, env=bare, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        client = BlockingKernelClient(connection_file=file)
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=PATIENCE)
            reply = client.execute_interactive("info scan.tif", output_hook=lambda _: None, timeout=PATIENCE)
            assert reply["content"]["status"] == "ok"
            client.shutdown()
            assert process.wait(PATIENCE) == 0, process.stderr.read()
        finally:
            process.kill()
            client.stop_channels()


def test_is_not_made_of_half_a_build(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "package.json", "README.md", "LICENSE", "install.json"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "microct_io_vis", tree / "microct_io_vis", ignore=shutil.ignore_patterns("main.mjs"))
    built = build(tree, tmp_path / "out", {"HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"})
    assert built.returncode != 0
    assert '"microct_io_vis/helper/main.mjs" does not exist' in built.stdout + built.stderr
    assert not list((tmp_path / "out").glob("*"))
