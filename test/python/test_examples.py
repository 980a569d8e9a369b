"""The notebooks in examples/, run as a person would: from top to bottom, without an edit, and again."""

import importlib.util
import re
import shutil
from pathlib import Path

import nbformat
import numpy
import pytest
import tifffile
import zarr
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "examples").glob("*.ipynb"))
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The volume that `npm start` puts beside them where it cannot fetch the real one."""
    spec = importlib.util.spec_from_file_location("sample", ROOT / "src/build/sample.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    path = tmp_path_factory.mktemp("sample") / "shell.tif"
    made.phantom(path)
    return path


def run(folder, name):
    """The notebook's code outputs, after it has run; and what it printed."""
    notebook = nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    return outputs, "".join(output.get("text", "") for output in outputs)


def test_quickstart_runs_from_top_to_bottom_and_again(tmp_path, sample):
    shutil.copy(sample, tmp_path)
    for _ in range(2):
        outputs, text = run(tmp_path, "quickstart")
        assert "(225, 128, 128) voxels of uint8" in text
        assert "Most shell is in slice" in text
        assert sum(VIEW in output.get("data", {}) for output in outputs) >= 2, "the viewer and the converter are shown"
    voxels = tifffile.imread(tmp_path / "shell.tif")
    assert (zarr.open_group(tmp_path / "shell.ome.zarr", mode="r")["0"][:] == voxels).all()
    small = zarr.open_group(tmp_path / "shell-small.ome.zarr", mode="r")
    assert len(list(small.array_keys())) == 2 and (small["0"][:] == voxels).all()


def test_the_others_end_with_a_picture(tmp_path, sample):
    shutil.copy(sample, tmp_path)
    voxels = tifffile.imread(sample)
    printed = {}
    for name in NOTEBOOKS:
        if name == "quickstart":
            continue
        outputs, printed[name] = run(tmp_path, name)
        assert "image/png" in outputs[-1].get("data", {}), name
        assert any(VIEW in output.get("data", {}) for output in outputs), name

    # Statements about the volume are true.
    chambers = zarr.open_group(tmp_path / "shell-segment.ome.zarr/labels/chambers", mode="r")["0"][:]
    counts = numpy.sort(numpy.bincount(chambers.ravel())[1:])[::-1]
    sizes = [int(size.replace(",", "")) for size in re.findall(r": +([\d,]+) µm³", printed["segment"])]
    assert sizes == [count * 25**3 for count in counts[:8]]
    change = zarr.open_group(tmp_path / "before.ome.zarr/labels/change", mode="r")["0"][:]
    lost = (change == 1).sum()
    assert 0 < lost < (voxels > 65).sum() and not (change == 2).any()
    assert f"lost: {lost * 25**3 / 1e9:.3f} mm³ of {(voxels > 65).sum() * 25**3 / 1e9:.3f} mm³" in printed["compare"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_is_kept_clean(name):
    path = ROOT / "examples" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert path.stat().st_size < 20_000
