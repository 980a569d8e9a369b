"""Links the built labextension and the kernelspec into this environment, so that no rebuild needs an install."""

import os
import shutil
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
share = Path(sys.prefix) / "share" / "jupyter"
for built, place in {
    root / "microct_io_vis" / "labextension": share / "labextensions" / "microct-io-vis",
    root / "microct_io_vis" / "kernelspec": share / "kernels" / "microct-io-vis",
}.items():
    if place.is_symlink() and place.resolve() == built and built.is_dir():
        continue
    if place.is_symlink():
        place.unlink()
    if not built.is_dir():
        print(f"{built}: is not built yet, and so not linked: build it (npm run build), then run this again.")
        continue
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(built, place, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(built, place)
# An install that comes after the first link writes through it what belongs beside a copy.
(root / "microct_io_vis" / "labextension" / "install.json").unlink(missing_ok=True)
