"""The package as those who build on it see it: signatures, and docstrings whose examples run."""

import doctest
import inspect
import re
import warnings
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile

import microct_io_vis
from microct_io_vis import Conversion, ConverterWidget, ViewerWidget, convert, estimate
from microct_io_vis.options import OPTIONS, Options

PUBLIC = {name: getattr(microct_io_vis, name) for name in [*microct_io_vis.__all__, "open"]}
CLASSES = (Conversion, ConverterWidget, ViewerWidget)
METHODS = {
    f"{kind.__name__}.{name}": method
    for kind in CLASSES
    for name, method in vars(kind).items()
    if inspect.isfunction(method) and not name.startswith("_") and name != "set_state"
}


def sections(text: str) -> dict[str, str]:
    """NumPy's: a title and a line below it."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(text), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section: str) -> list[str]:
    return re.findall(r"^(\w+)(?: : .+)?$", section, re.M)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """With what the examples begin with."""
    folder = tmp_path_factory.mktemp("examples")
    array = np.random.default_rng(11).normal(0, 1, (12, 30, 20)).astype(np.float32)
    for name in ("scan.tif", "bone.tif"):
        settings = {"axes": "ZYX", "spacing": 2, "unit": "um"}
        tifffile.imwrite(folder / name, array, imagej=True, metadata=settings, resolution=(1, 1))
    convert(folder / "bone.tif", num_levels=1, progress=False)
    return folder


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    examples = doctest.DocTestFinder(recurse=False).find(PUBLIC[name], name)
    assert examples[0].examples
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    said: list[str] = []
    with warnings.catch_warnings():
        runner.run(examples[0], out=said.append)
    for output in folder.glob("scan.ome.zarr"):
        output.rename(folder / f"{name}.ome.zarr")
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_docstrings_name_what_signatures_have(name):
    shown = {**PUBLIC, **METHODS}[name]
    said = sections(shown.__doc__)
    if is_dataclass(shown):
        assert named(said["Attributes"]) == [name for name in shown.__annotations__ if not name.startswith("_")]
        return
    if isinstance(shown, type) and issubclass(shown, Warning):
        return
    signature = inspect.signature(shown)
    parameters = [each for each in signature.parameters.values() if each.name != "self"]
    assert all(each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL) for each in parameters)
    assert all(each.annotation is not each.empty for each in parameters)
    assert named(said.get("Parameters", "")) == [each.name for each in parameters]
    if inspect.isfunction(shown):
        assert signature.return_annotation == "None" or said["Returns"]


@pytest.mark.parametrize("function", [convert, estimate, Conversion, ConverterWidget])
def test_every_option_is_a_keyword_argument(function):
    parameters = inspect.signature(function).parameters
    assert [name for name in parameters if name in OPTIONS] == list(OPTIONS) == list(Options.__annotations__)
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in OPTIONS)
