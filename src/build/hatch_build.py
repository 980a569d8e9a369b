"""Stops a package from being made without what `npm run build` makes."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = (
    "microct_io_vis/helper/main.mjs",
    "microct_io_vis/helper/worker.cjs",
    "microct_io_vis/helper/zeromq",
    "microct_io_vis/helper/viewer/index.html",
    "microct_io_vis/labextension/package.json",
)


class RequireBuild(BuildHookInterface):
    """A wheel without the helper or the labextension would install, and do nothing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        missing = [path for path in BUILT if not (Path(self.root) / path).exists()]
        if missing:
            raise FileNotFoundError(f"{', '.join(missing)} not found in {self.root}: run `npm run build` first")
