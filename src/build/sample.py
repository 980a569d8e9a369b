"""Puts examples/shell.tif beside the quick-start notebook: a real volume where it can be had, else a phantom."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "qim3d==1.5.3"
MEMBER = "qim3d/examples/shell_225x128x128.tif"
target = Path(__file__).resolve().parents[2] / "examples" / "shell.tif"


def download() -> bytes:
    """The volume out of the package's wheel, which is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        subprocess.run([*pip, "--dest", folder, PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


def phantom(path: Path) -> None:
    """A hollow shell with a spiral in it, (Z, Y, X) = (225, 128, 128), uint8, 25 micrometers a voxel."""
    import numpy
    import tifffile

    z, y, x = numpy.ogrid[-1:1:225j, -1:1:128j, -1:1:128j]
    radius = numpy.sqrt(z**2 + y**2 + x**2)
    turn = numpy.cos(6 * numpy.arctan2(y, x) + 12 * z)
    noise = numpy.random.default_rng(7).normal(0, 8, radius.shape)
    value = 40 + 140 * ((radius > 0.7) & (radius < 0.85)) + 60 * (turn > 0.6) * (radius < 0.6) + noise
    tifffile.imwrite(
        path,
        value.clip(0, 255).astype("uint8"),
        imagej=True,
        resolution=(1 / 25, 1 / 25),
        metadata={"spacing": 25, "unit": "um", "axes": "ZYX"},
    )


def main() -> None:
    if target.exists():
        return
    partial = target.with_suffix(".tmp")
    try:
        partial.write_bytes(download())
    except (subprocess.CalledProcessError, KeyError, ValueError) as reason:
        print(f"The sample volume cannot be had ({reason}); a generated phantom takes its place.", file=sys.stderr)
        phantom(partial)
    partial.replace(target)


if __name__ == "__main__":
    main()
