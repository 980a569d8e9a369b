from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import CommandLine


@pytest.fixture(scope="session", autouse=True)
def runtime(tmp_path_factory) -> Iterator[None]:
    """Helpers know of jobs of earlier ones by the path of their folder, which runs of these tests may share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture(scope="session")
def cli() -> CommandLine:
    command_line = CommandLine()
    assert command_line.path.exists(), "The package is not installed: run npm test."
    return command_line


@pytest.fixture
def volume(tmp_path) -> Path:
    """A small TIFF that says nothing of itself."""
    return noise(tmp_path / "scan.tif", 4, (12, 30, 20))


@pytest.fixture
def large(tmp_path) -> Path:
    """One whose conversion can be met while it runs."""
    return noise(tmp_path / "large.tif", 5, (160, 640, 640))


def noise(path: Path, seed: int, shape: tuple[int, int, int]) -> Path:
    tifffile.imwrite(path, np.random.default_rng(seed).integers(0, 2**16, shape, np.uint16), metadata=None)
    return path
