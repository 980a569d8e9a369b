"""Pictures one after the other, as a film."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import shown_as_message
from ..extras import imported
from .whole_files import whole_file

Vector = Sequence[float]


def write_film(path: Path, frames: Iterable[bytes], rate: float) -> None:
    """Writes PNGs as H.264.

    Raises ``ImportError`` without ffmpeg, ``OSError`` where the file cannot be written, and ``RuntimeError`` with what
    ffmpeg says.
    """
    program = imported("imageio_ffmpeg", "movie", "imageio-ffmpeg", "films").get_ffmpeg_exe()
    with whole_file(path, "film") as unfinished:
        _encode(program, path, unfinished, frames, rate)


def _encode(program: str, path: Path, unfinished: Path, frames: Iterable[bytes], rate: float) -> None:
    line = [program, "-y", "-loglevel", "error", "-f", "image2pipe", "-c:v", "png", "-framerate", str(rate), "-i", "-"]
    line += ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", os.fspath(unfinished)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None
    try:
        for frame in frames:
            process.stdin.write(frame)
        process.stdin.close()
        said = process.stderr.read().decode("utf-8", "replace").strip()
        if process.wait() != 0:
            what = f"{path}: the film is not written: ffmpeg says: {said or process.returncode}"
            raise shown_as_message(RuntimeError(what))
    except BrokenPipeError:
        said = process.stderr.read().decode("utf-8", "replace").strip()
        raise shown_as_message(RuntimeError(f"{path}: the film is not written: ffmpeg says: {said}")) from None
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def turned(count: int, orientation: Vector) -> Iterator[dict[str, Any]]:
    """States of one turn about the volume's y axis, which is the vertical of slices, from an orientation on."""
    for n in range(count):
        angle = 2 * math.pi * n / count
        turn = (0.0, math.sin(angle / 2), 0.0, math.cos(angle / 2))
        yield {"projectionOrientation": list(_times(turn, orientation))}


def between(keys: Sequence[Mapping[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """States evenly spread from the first of some states to the last, by way of those between."""
    for n in range(count):
        at = n * (len(keys) - 1) / max(1, count - 1)
        k = min(int(at), len(keys) - 2)
        yield _mixed(keys[k], keys[k + 1], at - k)


def _mixed(a: Mapping[str, Any], b: Mapping[str, Any], share: float) -> dict[str, Any]:
    state = dict(a if share < 1 else b)
    mixes: dict[str, Callable[[Any, Any, float], Any]] = {
        "position": lambda p, q, s: [x + (y - x) * s for x, y in zip(p, q, strict=True)],
        "crossSectionScale": lambda p, q, s: p * (q / p) ** s,
        "projectionScale": lambda p, q, s: p * (q / p) ** s,
        "crossSectionOrientation": _slerp,
        "projectionOrientation": _slerp,
    }
    for key, mix in mixes.items():
        still = [0, 0, 0, 1] if key.endswith("Orientation") else None
        p, q = a.get(key, still), b.get(key, still)
        if p is not None and q is not None:
            state[key] = mix(p, q, share)
    return state


def _times(a: Vector, b: Vector) -> tuple[float, ...]:
    """The product of two quaternions (x, y, z, w)."""
    (ax, ay, az, aw), (bx, by, bz, bw) = a, b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def _slerp(a: Vector, b: Vector, share: float) -> list[float]:
    """Between two orientations, the shorter way."""
    cosine = sum(x * y for x, y in zip(a, b, strict=True))
    if cosine < 0:
        b, cosine = [-y for y in b], -cosine
    angle = math.acos(min(1.0, cosine))
    if angle < 1e-6:
        return list(b)
    p, q = math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
    return [x * p + y * q for x, y in zip(a, b, strict=True)]
