"""The quick-start notebook, run as a person would: from top to bottom, without an edit, and again."""

import shutil
from pathlib import Path

import nbformat
import numpy
import pytest
import tifffile
import zarr
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "quickstart.ipynb"


@pytest.fixture
def folder(tmp_path):
    """The notebook's folder, with the sample volume or, where it has not been fetched, one of its shape."""
    shutil.copy(NOTEBOOK, tmp_path)
    if (EXAMPLES / "shell.tif").exists():
        shutil.copy(EXAMPLES / "shell.tif", tmp_path)
    else:
        z, y, x = numpy.ogrid[-1:1:225j, -1:1:128j, -1:1:128j]
        radius = numpy.sqrt(z**2 + y**2 + x**2)
        voxels = (200 * ((radius > 0.6) & (radius < 0.8))).astype("uint8")
        tifffile.imwrite(tmp_path / "shell.tif", voxels, imagej=True, metadata={"axes": "ZYX"})
    return tmp_path


def run(folder):
    notebook = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    return notebook, "".join(output.get("text", "") for output in outputs)


def test_runs_from_top_to_bottom_and_again(folder):
    for _ in range(2):
        notebook, text = run(folder)
        assert "(225, 128, 128) voxels of uint8" in text
        assert "Most shell is in slice" in text
        shown = [
            output.data["application/vnd.jupyter.widget-view+json"]["model_id"]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {})
        ]
        assert len(shown) >= 2, "the viewer and the converter are shown"
    voxels = tifffile.imread(folder / "shell.tif")
    assert (zarr.open_group(folder / "shell.ome.zarr", mode="r")["0"][:] == voxels).all()
    small = zarr.open_group(folder / "shell-small.ome.zarr", mode="r")
    assert len(list(small.array_keys())) == 2 and (small["0"][:] == voxels).all()


def test_is_kept_clean():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert NOTEBOOK.stat().st_size < 20_000
