"""Many sources in one go: `convert --batch`, its report, and what it leaves to be gone on with."""

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from microct_io_vis import ConversionError, ConversionWarning, ConverterWidget, convert_many


def test_a_batch_converts_what_it_can_and_reports_all(cli, tmp_path):
    # The outputs' folder is made, and is not to be there before.
    scans, out = tmp_path / "scans", tmp_path / "all" / "out"
    (scans / "slices").mkdir(parents=True)
    volume = np.arange(8 * 9 * 10, dtype="uint16").reshape(8, 9, 10)
    tifffile.imwrite(scans / "a.tif", volume)
    tifffile.imwrite(scans / "b10.tf2", volume + 1)
    (scans / "b9.tif").write_bytes(b"no TIFF")
    for z, plane in enumerate(volume):
        tifffile.imwrite(scans / "slices" / f"rec_{z}.tif", plane)
    # Of a disk's root.
    (scans / "lost+found").mkdir(mode=0o700)
    (scans / "lost+found" / "lost.tif").write_bytes(b"")
    report = tmp_path / "report"
    words = ["convert", "--batch", scans, out, "--report", f"{report}.json", "-q"]
    estimated = cli("estimate", "--batch", scans, out)
    assert estimated.stdout.count(f" → {out}/") == 3 and not out.parent.exists()
    first = cli(*words)
    names = ["a", "b10", "slices"]
    assert first.status == 1 and "b9.tif" in first.stderr
    assert first.stdout.split() == [str(out / f"{name}.ome.zarr") for name in names]
    told = json.loads(report.with_suffix(".json").read_text())
    assert [Path(row["source"]).name for row in told] == ["a.tif", "b9.tif", "b10.tf2", "slices"]
    assert [row["state"] for row in told] == ["done", "failed", "done", "done"]
    assert told[1]["error"]["code"] == "not-tiff"
    with report.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["done", "failed", "done", "done"] and "no TIFF" not in rows[0]["error"]
    assert all((zarr.open_array(out / f"{name}.ome.zarr" / "0")[:] == volume + (name == "b10")).all() for name in names)

    # A list of what is left; those that are whole stay as they are.
    tifffile.imwrite(scans / "b9.tif", volume)
    (tmp_path / "list.txt").write_text("# names, from where the list is\nscans/b9.tif\nscans/a.tif\n")
    before = (out / "a.ome.zarr" / "zarr.json").stat().st_mtime_ns
    second = cli("convert", "--batch", tmp_path / "list.txt", out, "--report", report, "--resume", "--progress", "json")
    assert second.status == 0 and (out / "a.ome.zarr" / "zarr.json").stat().st_mtime_ns == before
    assert [row["state"] for row in json.loads(report.with_suffix(".json").read_text())] == ["done", "there"]
    assert [event["state"] for event in second.events if event["event"] == "entry"] == [
        "waiting",
        "done",
        "waiting",
        "there",
    ]
    (tmp_path / "names").write_text(f"{scans / 'a.tif'}\n{scans / 'b9.tif'}\n")
    planned = cli("convert", "--batch", f"@{tmp_path / 'names'}", out, "--dry-run", "-q")
    assert planned.stdout.split() == [str(out / "a.ome.zarr"), str(out / "b9.ome.zarr")]
    # As an editor of Windows writes it, with one that is there twice.
    (tmp_path / "windows.txt").write_text("scans/a.tif\n\n  scans/b9.tif \nscans/a.tif\n", "utf-16", newline="\r\n")
    planned = cli("convert", "--batch", tmp_path / "windows.txt", out, "--dry-run", "-q")
    assert planned.stdout.split() == [str(out / "a.ome.zarr"), str(out / "b9.ome.zarr")]
    # What is not there is named as it would be found.
    (scans / "lacking.txt").write_text("a.tif\nnone.tif\n")
    planned = cli("convert", "--batch", scans / "lacking.txt", "--dry-run", "-q")
    assert planned.stdout.split() == [str(scans / "a.ome.zarr"), str(scans / "none.ome.zarr")]
    (tmp_path / "binary").write_bytes(b"a\0b\n")
    with (tmp_path / "raw").open("wb") as file:
        file.truncate(3 << 30)
    for name, says in (
        ("binary", "is no text that names"),
        ("raw", "is no text that names"),
        ("no.txt", "no.txt: there is no such file or folder"),
    ):
        refused = cli("convert", "--batch", tmp_path / name, out)
        assert refused.status == 1 and says in refused.stderr
    nothing = cli("convert", "--batch", f"{tmp_path}/*.png")
    assert nothing.status == 1 and "there is nothing to convert" in nothing.stderr
    # An address is one source, of which keys are nobody else's.
    away = cli("convert", "--batch", "http://me:secret@127.0.0.1:9/scan.tif?token=secret", out, "--progress", "bar")
    assert away.status == 1 and "http://127.0.0.1:9/scan.tif: it cannot be read" in away.stderr
    assert "secret" not in away.stderr


def test_a_report_is_written_of_what_others_have_converted(cli, tmp_path):
    """As Python's is, of what a cluster converts."""

    def report_of(told: str) -> subprocess.CompletedProcess:
        return subprocess.run([cli.path, "report"], input=told, capture_output=True, text=True)

    entry = {"source": "http://me:secret@127.0.0.1:9/scan.tif?token=secret", "output": None, "state": "failed"}
    entry |= {"seconds": None, "bytesWritten": None, "levels": None, "warnings": ["ä", '"b"']}
    entry |= {"error": {"code": "not-tiff", "message": "no TIFF"}}
    other = {**entry, "source": os.fsdecode(b"/b\xff.tif"), "error": None, "state": "done", "seconds": 1.0}
    told = {"report": os.fsdecode(b"%s/r\xff.CSV" % os.fsencode(tmp_path)), "entries": [{**entry, "event": "x"}, other]}
    assert report_of(json.dumps(told)).returncode == 0
    report = tmp_path / os.fsdecode(b"r\xff")
    assert set(tmp_path.iterdir()) == {report.with_suffix(".json"), report.with_suffix(".csv")}
    entry["source"] = "http://127.0.0.1:9/scan.tif"
    assert json.loads(report.with_suffix(".json").read_text(encoding="utf-8")) == [entry, other]
    assert report.with_suffix(".csv").read_text(encoding="utf-8").splitlines() == [
        "source,output,state,seconds,bytesWritten,levels,warnings,error",
        '"http://127.0.0.1:9/scan.tif",,"failed",,,,"ä ""b""","no TIFF"',
        '"/b\ufffd.tif",,"done","1",,,"ä ""b""",',
    ]
    # Who writes one by hand hears what it is for.
    for sent in ("", "[]", '{"report": "r"}', '{"report": "r", "entries": [1]}'):
        refused = report_of(sent)
        assert refused.returncode == 1 and "standard input: expected JSON of a report" in refused.stderr
    assert "report" not in cli("--help").stdout


def test_python_converts_many(tmp_path):
    volume = np.arange(8 * 9 * 10, dtype="uint16").reshape(8, 9, 10)
    tifffile.imwrite(tmp_path / "a.tif", volume)
    (tmp_path / "b.tif").write_bytes(b"no TIFF")
    heard = []
    report = tmp_path / "report"
    result = convert_many(f"{tmp_path}/*.tif", tmp_path / "out", report=report, progress=heard.append, num_levels=1)
    assert not result and [entry.state for entry in result] == ["done", "failed"] and heard == list(result)
    assert result[0].output == tmp_path / "out" / "a.ome.zarr" and result[0].levels == 1
    assert result[1].error.code == "not-tiff" and "b.tif" in result._repr_html_()
    again = convert_many([tmp_path / "a.tif"], tmp_path / "out", progress=False)
    assert "overwrite=True" in str(again[0].error)
    with pytest.raises(ConversionError, match="would both be written"):
        convert_many([tmp_path / "a.tif", tmp_path / "a.ome.tif"], progress=False)


def test_the_widget_and_convert_many_say_the_same_of_each(tmp_path):
    volume = np.arange(8 * 9 * 10, dtype="uint16").reshape(8, 9, 10)
    names = ["a.tif", "b.tif", "there.tif", "a.ome.tif"]
    for name in names:
        tifffile.imwrite(tmp_path / name, volume)
    (tmp_path / "b.tif").write_bytes(b"no TIFF")
    for out in ("one", "other"):
        convert_many([tmp_path / "there.tif"], tmp_path / out, progress=False)
    converter = ConverterWidget([tmp_path / name for name in names], target=tmp_path / "other", each=True, resume=True)
    converter.start()
    with pytest.warns(ConversionWarning, match="left out"):
        converter.wait(60)
    by_widget, left_out = converter.result.entries, converter.result["left_out"]
    assert "a.tif would both be written to" in left_out[-1]["message"] and converter.plan._repr_html_().count(
        "left out"
    )
    # Two of one output are too many where nobody sees a plan.
    result = convert_many([tmp_path / name for name in names[:3]], tmp_path / "one", progress=False, resume=True)
    same = [(each.source, each.output.name, each.state, each.levels, str(each.error)) for each in result]
    assert same == [(each.source, each.output.name, each.state, each.levels, str(each.error)) for each in by_widget[:3]]
    assert [each["message"].replace("other", "one") for each in left_out[:2]] == [
        str(each.left_out()) for each in result if each.left_out()
    ]
