"""Power cuts at any call of a conversion: nothing looks whole that is not, and the next run finishes what was begun.

A dozen by default; ``MICROCT_POWER_CUTS=200`` in the environment makes as many, ``MICROCT_POWER_SEED=7`` others.
"""

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import CommandLine
from power import Disk, calls_of
from test_resume import contents, kill

RECORDER = Path(__file__).with_name("recorder.cjs")
CUTS = int(os.environ.get("MICROCT_POWER_CUTS", 12))
SEED = int(os.environ.get("MICROCT_POWER_SEED", 1))
SHAPE = (64, 256, 384)
SMALL = ["-c", 16, 64, 64, "--compression", "gzip", "-m", "160M", "-j", 2]
LABELS = ["-c", 16, 64, 64, "--compression", "gzip", "-m", "160M", "-j", 2, "--labels"]
NAME = "out.ome.zarr"


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scans")
    z, y, x = np.indices(SHAPE, dtype=np.uint16)
    volumes = {"new": z * 7 + y // 3 * 5 + x // 11, "old": y + x, "cells": (z // 9 + y // 50 + x // 70).astype("uint8")}
    for name, volume in volumes.items():
        tifffile.imwrite(folder / f"{name}.tif", volume, photometric="minisblack", metadata=None)
    return {name: folder / f"{name}.tif" for name in volumes}


def record(cli: CommandLine, root: Path, *words: object) -> list[dict]:
    """Converts, and returns the calls that changed files under ``root``."""
    log = root.with_name("log")
    log.unlink(missing_ok=True)
    settings = {
        "NODE_OPTIONS": f"--require={RECORDER}",
        "MICROCT_RECORD_ROOT": str(root),
        "MICROCT_RECORD_LOG": str(log),
    }
    run = cli("convert", *words, "-q", env=os.environ | settings)
    assert run.status == 0, run.stderr
    return calls_of(log)


class Story:
    """A conversion into a folder, from a state before it, and what is to be there in the end."""

    def __init__(self, cli: CommandLine, root: Path, name: str, words: list) -> None:
        self.cli, self.root, self.output, self.words = cli, root, root / name, words
        self.before = root.with_name("before")
        shutil.copytree(root, self.before)
        self.old = contents(self.output) if self.output.exists() else None
        self.calls = record(cli, root, *words)
        self.new = contents(self.output)
        self.all = contents(root)
        # The recorder sees all: what it noted, replayed, is what is there.
        disk = self._disk()
        for call in self.calls:
            disk.perform(call)
        disk.cut(random.Random(0), 0)
        assert contents(root) == self.all

    def _disk(self) -> Disk:
        shutil.rmtree(self.root)
        shutil.copytree(self.before, self.root)
        return Disk(self.root)

    def cut(self, at: int, seed: int, lost: float, resume: bool) -> None:
        disk = self._disk()
        for call in self.calls[:at]:
            disk.perform(call)
        disk.cut(random.Random(seed), lost)
        where = f"cut after {at} of {len(self.calls)} calls ({self.calls[at - 1]}), seed {seed}, lost {lost}"
        found = public(self.output)
        assert found in (None, self.old, self.new), f"half an output: {where}"
        if self.old is not None and found is None:
            whole = [path for path in self.root.glob(f"{self.output.name}.previous-*") if public(path) == self.old]
            assert whole, f"the old output is lost: {where}"
        words = ["convert", *self.words, *(["--resume"] if resume else []), "--progress", "json"]
        run = self.cli(*words)
        there = found == self.new and "--overwrite" not in self.words
        assert run.status == (1 if there else 0), f"{run.stderr}; {where}"
        if there:
            assert run.events[-1]["code"] == "output-exists", where
        if "nothing in it can be gone on with" in run.stderr:
            # Its journal never got there, which is said in the output, too.
            assert resume and self.cli("verify", self.output, "--against", self.words[0]).status == 0, where
            return
        # An output that was whole before its own notes were removed may keep them.
        assert public(self.root) == self.all, where


def public(folder: Path) -> dict[str, bytes] | None:
    """The files of a folder without those that an unfinished output is known by; None where there is none."""
    if not folder.exists():
        return None
    return {name: data for name, data in contents(folder).items() if ".microct-io-vis." not in name}


def cuts_of(story: Story, count: int, seed: int):
    """Where to cut: at calls of each kind alike, most of which would else be writes."""
    chance = random.Random(seed)
    kinds: dict[str, list[int]] = {}
    for at, call in enumerate(story.calls, 1):
        kinds.setdefault(call["call"], []).append(at)
    for n in range(count):
        at = len(story.calls) if n == 0 else chance.choice(kinds[chance.choice(sorted(kinds))])
        yield at, chance.randrange(2**31), chance.choice((1, 1, 0.5, 0.1)), n % 2 == 1


def story_of(kind: str, cli: CommandLine, scans: dict[str, Path], root: Path) -> Story:
    words = [scans["new"], root / NAME, *SMALL]
    if kind == "one file":
        cli.convert(scans["old"], root / "out.ozx", "-c", 32, 128, 128, "--compression", "blosc-lz4")
        return Story(cli, root, "out.ozx", [scans["new"], root / "out.ozx", *SMALL, "--overwrite"])
    if kind == "overwritten":
        cli.convert(scans["old"], root / NAME, "-c", 32, 128, 128, "--compression", "blosc-lz4")
        return Story(cli, root, NAME, [*words, "--overwrite"])
    if kind == "resumed":
        assert kill(cli, 2, *words)
        return Story(cli, root, NAME, [*words, "--resume"])
    if kind == "labels":
        cli.convert(scans["new"], root / NAME, *SMALL)
        labels = [scans["cells"], root / NAME / "labels" / "cells", *LABELS, "--parent", root / NAME]
        return Story(cli, root, f"{NAME}/labels/cells", labels)
    return Story(cli, root, NAME, words)


@pytest.mark.parametrize("kind", ["new", "overwritten", "resumed", "labels", "one file"])
def test_power_cuts(cli, scans, tmp_path, kind):
    root = tmp_path / "disk"
    root.mkdir()
    story = story_of(kind, cli, scans, root)
    for cut in cuts_of(story, max(1, CUTS // 5), SEED):
        story.cut(*cut)


def test_labels_are_listed_after_a_cut(cli, scans, tmp_path):
    """Between a label image's name and the list of labels."""
    root = tmp_path / "disk"
    root.mkdir()
    story = story_of("labels", cli, scans, root)
    at = next(
        n for n, call in enumerate(story.calls, 1) if call["call"] == "rename" and call["to"] == str(story.output)
    )
    disk = story._disk()
    for call in story.calls[:at]:
        disk.perform(call)
    disk.cut(random.Random(1), 0)
    notes = cli("verify", root / NAME, "--against", scans["new"], "--json").succeeded().json["notes"]
    assert any("labels/cells" in note for note in notes)
    story.cut(at, 1, 0, resume=False)
    listed = json.loads((root / NAME / "labels" / "zarr.json").read_text())["attributes"]["ome"]["labels"]
    assert listed == ["cells"]


@pytest.mark.parametrize("kind", ["new", "labels"])
def test_cuts_around_the_name(cli, scans, tmp_path, kind):
    """With nothing kept but what was synced: from when it gets its name to when what tells whose it is has gone."""
    root = tmp_path / "disk"
    root.mkdir()
    story = story_of(kind, cli, scans, root)
    calls = list(enumerate(story.calls, 1))
    named = next(at for at, call in calls if call["call"] == "rename" and call["to"] == str(story.output))
    removed = [at for at, call in calls if call["call"] == "remove" and ".microct-io-vis." in call["path"]]
    opened = {call["id"] for _, call in calls if call["call"] == "open" and call["path"] == str(story.output.parent)}
    synced = [at for at, call in calls if call["call"] == "synced" and call["id"] in opened and at > named]
    gone = [at for at in removed if at > named]
    assert synced[0] < gone[0]
    story.cut(gone[-1], 1, 1, resume=True)
