from collections.abc import Iterator

import pytest
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
