import pytest
from command_line import CommandLine


@pytest.fixture(scope="session")
def cli() -> CommandLine:
    command_line = CommandLine()
    assert command_line.path.exists(), "The package is not installed: run npm test."
    return command_line
