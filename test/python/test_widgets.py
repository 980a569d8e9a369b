"""ConverterWidget and view() without a browser, on the real helper."""

import _thread
import io
import json
import os
import sys
import threading
from pathlib import Path

import h5py
import numpy
import pytest
import tifffile
import traitlets
import zarr
from jupyter_client.manager import start_new_kernel
from PIL import Image

from microct_io_vis import ConversionError, ConversionWarning, ConverterWidget, Layer, convert, open, view
from microct_io_vis.look import looked_at

VOXELS = numpy.random.default_rng(3).integers(0, 60000, (40, 50, 60), dtype="uint16")


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite(tmp_path / "scan.tif", VOXELS, imagej=True, metadata={"axes": "ZYX"})
    return tmp_path / "scan.tif"


@pytest.fixture
def long_scan(scan):
    """Takes a while, because random bytes are slow to compress."""
    voxels = numpy.random.default_rng(4).integers(0, 2**32, (64, 512, 512), dtype="uint32")
    tifffile.imwrite(scan.parent / "long.tif", voxels)
    return scan.parent / "long.tif"


def pixels(path, level=0):
    return zarr.open_group(path, mode="r")[str(level)][:]


def test_converts_and_says_how_it_went(scan):
    converter = ConverterWidget("scan.tif", chunk_size=(32, 32, 32))
    seen = []
    converter.observe(lambda change: seen.append((change.name, change.new)), ["state", "progress"])
    assert converter.state == "idle"
    converter.start()
    output = converter.wait(60)
    assert output == scan.parent / "scan.ome.zarr" and isinstance(output, Path)
    assert (pixels(output) == VOXELS).all()
    states = [value for name, value in seen if name == "state"]
    assert states == ["running", "done"]
    assert converter.progress["done_bytes"] == converter.progress["total_bytes"] == VOXELS.nbytes
    assert set(converter.progress) == {"done_bytes", "total_bytes", "bytes_per_second", "seconds_left"}
    assert converter.error is None
    assert converter.result["output"] == str(output) and converter.result["bytes_written"] > 0
    assert converter.viewer.source == str(output)
    assert converter.wait() == output


def test_options_are_those_of_the_command_line(scan):
    converter = ConverterWidget(
        scan,
        target=scan.parent / "other.ome.zarr",
        chunk_size=[16, 16, 16],
        num_levels=2,
        compression="zstd",
        max_memory="2G",
        dtype="uint8",
        value_range=(0, 60000),
        roi=[4, 36, 0, 50, 0, 60],
        voxel_size=(2, 1, 1),
        unit="micrometer",
        ome_zarr="0.4",
        jobs=1,
        overwrite=True,
    )
    assert converter.max_memory == 2 * 2**30
    assert converter.options()["roi"] == (4, 36, 0, 50, 0, 60)
    converter.start()
    output = converter.wait(60)
    assert output.name == "other.ome.zarr"
    group = zarr.open_group(output, mode="r")
    assert group.metadata.zarr_format == 2 and len(list(group.array_keys())) == 2
    assert group["0"].shape == (32, 50, 60) and group["0"].chunks == (16, 16, 16) and group["0"].dtype == "uint8"
    image = group.attrs["multiscales"][0]
    assert image["datasets"][0]["coordinateTransformations"][0]["scale"] == [2, 1, 1]
    expected = numpy.rint(VOXELS[4:36] / 60000 * 255)
    assert abs(group["0"][:] - expected).max() <= 1


def test_shards_and_resuming_are_options(scan):
    converter = ConverterWidget("scan.tif", chunk_size=(16, 16, 16), shard=(32, 32, 32))
    assert converter.resume is None and converter.estimate().unfinished is None
    converter.resume = True  # begins where there is nothing to resume
    assert converter.options() == {"chunk_size": (16, 16, 16), "shard": (32, 32, 32), "resume": True}
    converter.start()
    level = zarr.open_group(converter.wait(60), mode="r")["0"]
    assert level.shards == (32, 32, 32) and (level[:] == VOXELS).all()


def test_a_value_range_in_percent(scan):
    converter = ConverterWidget("scan.tif", dtype="uint8", value_range=("0.1%", 60000))
    assert converter.options()["value_range"] == ("0.1%", 60000)
    converter.start()
    assert zarr.open_group(converter.wait(60), mode="r")["0"].dtype == "uint8"
    low, high = converter.result["value_range"]
    assert numpy.percentile(VOXELS, 0.05) <= low <= numpy.percentile(VOXELS, 0.2) and high == 60000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chunk_size", (1, 2)),
        ("shard", (1, 2)),
        ("resume", "perhaps"),
        ("num_levels", "many"),
        ("compression", "zip"),
        ("max_memory", "lots"),
        ("dtype", "float16"),
        ("value_range", ("1", "99 percent")),
        ("ome_zarr", "0.3"),
        ("source", 5),
    ],
)
def test_what_is_no_option_is_refused_when_it_is_set(scan, name, value):
    converter = ConverterWidget("scan.tif")
    before = getattr(converter, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(converter, name, value)
    assert getattr(converter, name) == before
    with pytest.raises(TypeError, match="has no option chunks: did you mean chunk_size\\?"):
        ConverterWidget("scan.tif", chunks=(1, 2, 3))


def test_what_the_conversion_says_cannot_be_set(scan):
    converter = ConverterWidget("scan.tif")
    for name, value in {"state": "done", "progress": {}, "error": None, "result": {}, "viewer": None}.items():
        with pytest.raises(traitlets.TraitError, match="read-only"):
            setattr(converter, name, value)


def test_plans_without_writing(scan):
    converter = ConverterWidget("scan.tif", chunk_size=(32, 32, 32))
    assert converter.info().shape == (40, 50, 60)
    plan = converter.estimate()
    assert [tuple(level.shape) for level in plan.levels] == [(40, 50, 60), (20, 25, 30)]
    assert not (scan.parent / "scan.ome.zarr").exists()
    converter.roi = (0, 400, 0, 50, 0, 60)
    with pytest.raises(ConversionError) as caught:
        converter.estimate()
    assert caught.value.code == "bad-option"


@pytest.mark.parametrize(("source", "code"), [("nothing.tif", "not-found"), ("text.tif", "not-tiff")])
def test_says_what_went_wrong(scan, source, code):
    (scan.parent / "text.tif").write_text("no picture")
    converter = ConverterWidget(source)
    converter.start()
    with pytest.raises(ConversionError, match=source) as caught:
        converter.wait(60)
    assert caught.value.code == code == converter.error["code"]
    assert converter.state == "failed" and source in converter.error["message"]
    assert converter.result is None and converter.viewer is None
    converter.source = "scan.tif"
    assert converter.state == "idle" and converter.error is None
    converter.start()
    assert converter.wait(60).exists()


def test_an_output_that_exists_is_kept_unless_told(scan):
    converter = ConverterWidget("scan.tif")
    converter.start()
    output = converter.wait(60)
    tifffile.imwrite(scan, VOXELS[:10])
    converter.start()
    with pytest.raises(ConversionError) as caught:
        converter.wait(60)
    assert (caught.value.code, caught.value.field) == ("output-exists", "output") and pixels(output).shape[0] == 40
    # Paths are said as they are typed, here and in the form.
    assert converter.error["message"].startswith("scan.ome.zarr: exists already")
    answers = []
    heard = threading.Event()
    converter.send = lambda content, buffers=None: (answers.append(content), heard.set())
    converter._handle_custom_msg({"method": "estimate", "id": "1", "params": {"source": str(scan), "options": {}}}, [])
    assert heard.wait(60)
    plan = answers[0]["result"]
    assert plan["output"] == str(output) and plan["output_refusal"]["message"].startswith("scan.ome.zarr: exists")
    assert str(scan.parent) not in str((plan["output_refusal"], plan["warnings"]))
    converter.overwrite = True
    converter.start()
    assert pixels(converter.wait(60)).shape[0] == 10


def test_several_sources_are_converted_each_by_itself(scan):
    (scan.parent / "text.tif").write_text("no picture")
    (scan.parent / "out").mkdir()
    converter = ConverterWidget(["scan.tif", "text.tif"], target="out", chunk_size=(32, 32, 32))
    with pytest.raises(ConversionError, match=r"volume of its own, set each=True"):
        converter.plan  # noqa: B018
    converter.each = True
    plans = converter.plan
    plan, reason = plans.values()
    assert plan.output == str(scan.parent / "out/scan.ome.zarr") and reason.code == "not-tiff"
    assert "left out" in plans._repr_html_()
    progress = []
    converter.observe(lambda change: change.new and progress.append(change.new), "progress")
    converter.start()
    with pytest.warns(ConversionWarning, match=r"^left out: \S*text\.tif: .*not a TIFF"):
        assert converter.wait(60) == [scan.parent / "out/scan.ome.zarr"]
    assert converter.state == "done" and converter.viewer is None
    [volume] = converter.open()
    assert (volume[:] == VOXELS).all() and [each["source"] for each in converter.result["left_out"]] == ["text.tif"]
    assert progress[-1]["done_bytes"] == progress[-1]["total_bytes"] == VOXELS.nbytes and progress[-1]["count"] == 1
    converter.start()
    converter.cancel()
    with pytest.raises(ConversionError, match="cancelled"):
        converter.wait(60)
    assert converter.state == "cancelled" and converter.result is None


def test_each_of_a_list_of_one_goes_into_the_folder_too(scan):
    for source in (["scan.tif"], "scan.tif"):
        converter = ConverterWidget(source, target="out", each=True, overwrite=True)
        assert [plan.output for plan in converter.plan.values()] == [str(scan.parent / "out/scan.ome.zarr")]
        converter.start()
        assert converter.wait(60) == [scan.parent / "out/scan.ome.zarr"]


def test_cancel_leaves_nothing(long_scan):
    converter = ConverterWidget("long.tif", compression="gzip", jobs=1)
    converter.cancel()
    assert converter.state == "idle"
    moving = threading.Event()
    converter.observe(lambda change: change.new and moving.set(), "progress")
    converter.start()
    assert moving.wait(60)
    converter.cancel()
    with pytest.raises(ConversionError) as caught:
        converter.wait(60)
    assert caught.value.code == "cancelled" and converter.state == "cancelled"
    assert [path.name for path in long_scan.parent.glob("long.*")] == ["long.tif"]
    # At once, before the helper has begun to read.
    converter.start()
    converter.cancel()
    with pytest.raises(ConversionError):
        converter.wait(60)
    assert converter.state == "cancelled"
    assert [path.name for path in long_scan.parent.glob("long.*")] == ["long.tif"]


def test_an_interrupt_of_wait_cancels(long_scan):
    converter = ConverterWidget("long.tif", compression="gzip", jobs=1)
    moving = threading.Event()

    def interrupt(change):
        if change.new and not moving.is_set():
            moving.set()
            _thread.interrupt_main()

    converter.observe(interrupt, "progress")
    converter.start()
    with pytest.raises(KeyboardInterrupt):
        converter.wait(60)
    assert moving.is_set() and converter.state == "cancelled"
    assert [path.name for path in long_scan.parent.glob("long.*")] == ["long.tif"]


def test_while_it_runs_nothing_can_be_changed(long_scan):
    converter = ConverterWidget("long.tif", compression="gzip", jobs=1)
    with pytest.raises(RuntimeError, match="start"):
        converter.wait()
    converter.start()
    with pytest.raises(traitlets.TraitError, match=r"chunk_size cannot be changed while long\.tif"):
        converter.chunk_size = (8, 8, 8)
    converter.compression = "gzip"
    with pytest.raises(RuntimeError, match="being converted"):
        converter.start()
    with pytest.raises(TimeoutError):
        converter.wait(0.01)
    assert converter.state == "running"
    converter.close()
    assert converter.state == "running"
    converter.cancel()
    with pytest.raises(ConversionError):
        converter.wait(60)
    converter.chunk_size = (8, 8, 8)


def test_paths_mean_what_they_meant_when_they_were_set(scan, tmp_path_factory, monkeypatch):
    converter = ConverterWidget("scan.tif")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    converter.start()
    assert converter.wait(60) == scan.parent / "scan.ome.zarr"


def test_a_source_is_needed_to_start():
    converter = ConverterWidget()
    with pytest.raises(ValueError, match="no source"):
        converter.start()
    assert converter.state == "idle"


def test_view_looks_at_a_tiff_as_it_is(scan):
    viewer = view(scan)
    [files] = viewer._volumes
    assert looked_at(scan) is files and [axis["name"] for axis in files.axes] == ["z", "y", "x"]
    [multiscale] = json.loads(files.read("zarr.json")[2])["attributes"]["ome"]["multiscales"]
    level = multiscale["datasets"][0]["path"]
    voxels = tifffile.imread(scan)
    size, start, data, _ = files.read(f"{level}/c/0/0/0", -6)
    array = json.loads(files.read(f"{level}/zarr.json")[2])
    chunk = array["chunk_grid"]["configuration"]["chunk_shape"]
    first = voxels[tuple(slice(n) for n in chunk)]
    assert (size, start) == (first.nbytes, first.nbytes - 6) and data == first.tobytes()[-6:]
    assert files.read(f"{level}/c/9/9/9")[0] is None
    os.utime(scan, (1, 1))
    with pytest.raises(OSError, match="written to since"):
        files.read(f"{level}/c/0/0/0")
    with pytest.raises(FileNotFoundError, match=r"nothing\.tif"):
        view("nothing.tif")
    files._process.kill()
    files._process.wait()
    with pytest.raises(OSError, match="has ended"):
        files.read("zarr.json")
    viewer.reload()
    assert viewer._volumes[0].runs and viewer._volumes[0] is not files


def test_what_a_page_sends_while_a_cell_plots_does_not_have_it_drawn_half_made(scan):
    manager, client = start_new_kernel(cwd=str(scan.parent))
    try:

        def run(code, meanwhile=lambda: None):
            shown = []

            def hear(message):
                kind, content = message["header"]["msg_type"], message["content"]
                if kind in ("stream", "display_data"):
                    shown.append(content.get("text") or content["data"]["text/plain"])
                if shown == ["begun"]:
                    meanwhile()

            assert client.execute_interactive(code, output_hook=hear, timeout=60)["content"]["status"] == "ok"
            return shown

        run("%matplotlib inline\nimport time\nfrom matplotlib import pyplot as plt")
        [comm] = run(
            'from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("scan.tif")\n'
            'print(converter.comm.comm_id, end="")'
        )
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        subshell = client.get_control_msg(timeout=60)["content"]["subshell_id"]

        def send():
            data = {"method": "update", "state": {"num_levels": 2}, "buffer_paths": []}
            message = client.session.msg("comm_msg", {"comm_id": comm, "data": data})
            message["header"]["subshell_id"] = subshell
            client.shell_channel.send(message)

        begun, whole, figure = run(
            'figure, axis = plt.subplots()\naxis.plot([1, 2])\nprint("begun", end="", flush=True)\n'
            "end = time.time() + 30\nwhile converter.num_levels != 2 and time.time() < end:\n    time.sleep(0.1)\n"
            'time.sleep(1)\nprint(converter.num_levels, end="")',
            send,
        )
        assert (begun, whole) == ("begun", "2") and "Figure" in figure
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_view_shows_an_ome_zarr_and_nothing_else(scan):
    converter = ConverterWidget("scan.tif")
    converter.start()
    output = converter.wait(60)
    viewer = view(output, layout="xy", height=300)
    assert viewer.source == str(output) and viewer.height == "300px" and viewer.state == {"layout": "xy"}
    other = Path(scan).with_suffix(".txt")
    other.write_text("no volume")
    with pytest.raises(ValueError, match=r"scan\.txt: .*convert it first"):
        viewer.source = other
    assert viewer.source == str(output)
    with pytest.raises(FileNotFoundError, match=r"nothing\.ome\.zarr"):
        view("nothing.ome.zarr")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("position", "abc", "'abc', and must be a list of numbers"),
        ("position", [1, 2], "has 2 coordinates, and needs 3"),
        ("position", [1, 2, float("nan")], "nan"),
        ("positon", [1, 2, 3], "is no key .*'position' is"),
        ("layout", "5panel", "'5panel', and must be one of 4panel"),
        ("layers", {"scan": {}}, "must be a list"),
        ("layers", [{"type": "image"}], "with a 'name'"),
        ("layers", [{"name": "scan", "type": "imag"}], "'imag', and must be one of image"),
        ("layers", [{"name": "a"}, {"name": "a"}], "two layers"),
        ("dimensions", {"x": [-1, "m"]}, "must be a dictionary"),
        ("crossSectionScale", 0, "greater than 0"),
        ("projectionOrientation", [0, 0, 0, 0], "quaternion"),
        ("showSlices", "yes", "True or False"),
        ("selectedLayer", open, "cannot be written as JSON"),
    ],
)
def test_a_state_that_neuroglancer_cannot_take_is_refused_by_its_key(scan, key, value, said):
    viewer = view(convert("scan.tif", progress=False), layout="xy")
    with pytest.raises(traitlets.TraitError, match=f"{key}.*{said}"):
        viewer.state = {"showSlices": True, key: value}
    assert viewer.state == {"layout": "xy"}


def test_a_state_may_hold_what_numpy_users_have(scan):
    viewer = view(convert("scan.tif", progress=False))
    viewer.state = {
        "position": numpy.array([1.5, 2, 3]),
        "crossSectionScale": numpy.float32(2),
        "layout": {"type": "xy"},
    }
    assert viewer.state == {"position": [1.5, 2.0, 3.0], "crossSectionScale": 2.0, "layout": {"type": "xy"}}
    # Four dimensions of its own: one more than the volume has.
    dimensions = {name: [1e-6, "m"] for name in "xyz"} | {"t": [1, "s"]}
    viewer.state = {"dimensions": dimensions, "position": [1, 2, 3, 0]}
    viewer.state = {"position": [1, 2, 3, 1]}
    # A state that a page sends has been Neuroglancer's already.
    viewer.set_state({"state": {"somethingNew": 1}, "_asked": viewer._asked})
    assert viewer.state == {"somethingNew": 1}


@pytest.mark.parametrize("kind", ["h5py", "zarr"])
def test_arrays_in_files_are_layers_that_are_read_by_chunks(tmp_path, kind):
    voxels = numpy.random.default_rng(5).integers(0, 60000, (20, 150, 140), dtype="uint16")
    if kind == "h5py":
        array = h5py.File(tmp_path / "in.h5", "w").create_dataset(
            "volume", data=voxels, dtype=">u2", chunks=(8, 50, 70)
        )
    else:
        array = zarr.create_array(tmp_path / "in.zarr", shape=voxels.shape, dtype="uint16", chunks=(8, 50, 70))
        array[:] = voxels
    [files] = view(Layer(array, name="stored"))._volumes
    for key, expected in (("0/c/0/1/2", voxels[:, 64:128, 128:]), ("1/c/0/1/0", voxels[:, 128::2, ::2][..., :64])):
        shape = json.loads(files.read(key.split("/")[0] + "/zarr.json")[2])["chunk_grid"]["configuration"][
            "chunk_shape"
        ]
        chunk = numpy.frombuffer(files.read(key)[2], "<u2").reshape(shape)
        assert (chunk[tuple(slice(n) for n in expected.shape)] == expected).all()


def test_several_volumes_are_shown_together(scan):
    a = convert("scan.tif", progress=False)
    b = convert("scan.tif", "b.ome.zarr", progress=False)
    viewer = view([a, str(b)], layout="xy")
    assert viewer.source == [str(a), str(b)] and viewer.state == {"layout": "xy"}
    assert [place["paths"][0] for place in viewer._places] == [a.as_posix(), b.as_posix()]
    over = view(a, labels=b)
    assert [place.get("asLabels", False) for place in over._places] == [False, True] and over.labels == [str(b)]
    sent = []
    viewer.send = lambda content, buffers=None: sent.append((content, buffers))
    (b / "note").write_bytes(b"b only")
    (b.parent / "notes.txt").touch()
    for volume in (0, 1):
        viewer._answer(viewer._volumes, f"q{volume}", {"volume": volume, "key": "note"})
    assert sent[0][0]["result"]["size"] is None and sent[1][1] == [b"b only"]
    with pytest.raises(FileNotFoundError, match=r"give s3://bucket/a\.zarr, with AWS_ENDPOINT_URL"):
        view("gs://bucket/a.zarr")
    with pytest.raises(FileNotFoundError, match=r"^nothing\.ome\.zarr: no such folder$"):
        view([a, "nothing.ome.zarr"])
    with pytest.raises(
        FileNotFoundError, match=r"^bb: no such folder; beside it would be b\.ome\.zarr\nnotes\.txt: a file"
    ):
        view(["bb", a, "notes.txt"])
    with pytest.raises(ValueError, match="an empty path"):
        view("")
    for nothing in (None, []):
        with pytest.raises(ValueError, match="a path, a Volume, an array, or a list of these was expected"):
            view(nothing)
    with pytest.raises(ValueError, match=r"^source: 3, where a path, a Volume or an array was expected"):
        view(3)
    with pytest.raises(traitlets.TraitError, match="given an array: write_image"):
        ConverterWidget(numpy.zeros((2, 3, 4)))


def test_a_state_from_a_page_does_not_undo_what_python_asked_meanwhile(scan):
    viewer = view(convert("scan.tif", progress=False))
    page = {"_asked": viewer._asked}
    viewer.set_state({"state": {"position": [1, 2, 3]}, **page})
    assert viewer.state == {"position": [1, 2, 3]}
    viewer.state = {"position": [4, 5, 6]}
    viewer.set_state({"state": {"position": [1, 2, 4]}, **page})
    assert viewer.state == {"position": [4, 5, 6]}
    page = {"_asked": viewer._asked}
    viewer.set_state({"state": {"position": [4, 5, 7]}, **page})
    viewer.set_state({"state": {"position": [4, 5, 8]}, **page})
    assert viewer.state == {"position": [4, 5, 8]}


def test_labels_of_an_image(scan):
    image = convert(scan, scan.parent / "image.ome.zarr", progress=False)
    cells = scan.parent / "cells.tif"
    tifffile.imwrite(cells, (VOXELS > 30000).astype("uint8"), photometric="minisblack")
    converter = ConverterWidget("cells.tif", labels=True, parent="image.ome.zarr")
    assert converter.estimate().output == str(image / "labels" / "cells")
    converter.target = "bright"
    converter.start()
    assert converter.wait(60) == image / "labels" / "bright"
    assert converter.options() == {"labels": True, "parent": str(image)}
    group = zarr.open_group(image, mode="r")
    assert group["labels"].attrs["ome"]["labels"] == ["bright"]
    assert (group["labels/bright/0"][:] == (VOXELS > 30000)).all()


def test_what_a_page_tells_is_python_s_and_what_python_asks_the_page_s(scan, monkeypatch):
    viewer = view(convert("scan.tif", progress=False))
    heard = []
    viewer.observe(lambda change: heard.append(change.name), ["position", "selection", "annotations", "pick"])
    viewer.position = numpy.array([1, 2, 3])
    viewer.selection = numpy.s_[3:9, 10:30, 20:50]
    assert viewer._wishes == {"position": [1, 2, 3], "selection": [3, 9, 10, 30, 20, 50]}
    assert (viewer.position, viewer.selection) == ((1, 2, 3), (3, 9, 10, 30, 20, 50))
    line = {"id": "a", "kind": "line", "name": "strut", "axes": ["x", "y", "z"], "voxels": [[1, 2, 3], [4, 5, 6]]}
    told = {**line, "unit": "micrometer", "length": 3.5, "area": None, "volume": None, "angle": None}
    # One that crossed what Python asks for says nothing of it.
    viewer.set_state({"position": [9, 9, 9], "_asked": 0})
    assert viewer.position == (1, 2, 3)
    picked = {"voxel": [7, 8, 9], "layers": [{"name": "scan", "isLabels": False, "value": "251", "level": 1}]}
    viewer.set_state({"position": [4, 5, 6], "_measurements": [told], "_asked": viewer._asked, "pick": picked})
    assert viewer._wishes == {} and viewer.position == (4, 5, 6)
    assert (viewer.pick.position, viewer.pick.value, viewer.pick.level) == ((7, 8, 9), 251, 1)
    assert set(heard) == {"position", "selection", "annotations", "pick"}
    row = viewer.annotations.iloc[0]
    assert (row.points, row.length, row.length_unit) == ([(3, 2, 1), (6, 5, 4)], 3.5, "micrometer")
    csv = [
        {"id": "a", "kind": "line", "name": "strut", "point": n, "x_voxel": p[0], "y_voxel": p[1], "z_voxel": p[2]}
        for n, p in enumerate(line["voxels"])
    ]
    for given in (viewer.annotations, {"measurements": [line]}, [line], csv):
        viewer.annotations = given
        assert viewer._wishes == {"measurements": [line]}
    for wrong, said in (
        ([{"kind": "lin"}], "row 0: 'kind' is 'lin'"),
        ([{"kind": "point", "points": [(1, 2)]}], "1 point of 3"),
    ):
        with pytest.raises(traitlets.TraitError, match=said):
            viewer.annotations = wrong
    with pytest.raises(traitlets.TraitError, match="3 numbers"):
        viewer.position = (1, 2)
    with pytest.raises(traitlets.TraitError, match="a range of voxels along each of z, y, x"):
        viewer.selection = numpy.s_[3:9, 10:30, 20:]
    # How long the volume is has been read once.
    monkeypatch.setattr(viewer._volumes[0], "read", lambda *_: pytest.fail("it is read"))
    with pytest.raises(traitlets.TraitError, match=f"ends at 99 along y, where at most {VOXELS.shape[1]} was expected"):
        viewer.selection = numpy.s_[3:9, 10:99, 20:50]
    # Of what is far away it is not.
    viewer._lengths = {}
    monkeypatch.setattr(viewer._volumes[0], "root", "https://127.0.0.1/scan.ome.zarr")
    viewer.selection = numpy.s_[3:9, 10:99, 20:50]
    assert viewer.selection == (3, 9, 10, 99, 20, 50)


def test_a_selection_is_checked_against_a_source_as_it_was_written_anew(scan):
    viewer = view("scan.tif")
    tifffile.imwrite(scan, VOXELS[:20], imagej=True, metadata={"axes": "ZYX"})
    viewer.reload()
    with pytest.raises(traitlets.TraitError, match="ends at 30 along z, where at most 20 was expected"):
        viewer.selection = numpy.s_[3:30, 10:30, 20:50]


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"],
)
def test_an_array_is_served_as_an_ome_zarr(dtype, scan):
    voxels = numpy.random.default_rng(5).integers(0, 100, (3, 290, 70)).astype(dtype)
    viewer = view(Layer(voxels, voxel_size=(2, 1, 1), unit="micrometer", translation=(3, 4, 5)))
    files = viewer._volumes[0]
    document = json.loads(files.read("zarr.json")[2])["attributes"]["ome"]["multiscales"][0]
    assert [axis.get("unit") for axis in document["axes"]] == ["micrometer"] * 3
    for level, dataset in enumerate(document["datasets"]):
        keys = [f"{level}/zarr.json"]
        array = json.loads(files.read(keys[0])[2])
        counts = [
            -(-n // c) for n, c in zip(array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"], strict=True)
        ]
        keys += [f"{level}/c/{'/'.join(map(str, cell))}" for cell in numpy.ndindex(*counts)]
        store = {key: zarr.core.buffer.cpu.Buffer.from_bytes(files.read(key)[2]) for key in keys}
        assert max(len(value) for value in store.values()) <= 2 * 2**20
        found = zarr.open_array(zarr.storage.MemoryStore(store), path=str(level), mode="r")[...]
        steps = [round(a / b) for a, b in zip(dataset["coordinateTransformations"][0]["scale"], (2, 1, 1), strict=True)]
        assert (found == voxels[tuple(slice(None, None, step) for step in steps)]).all()
        assert dataset["coordinateTransformations"][1]["translation"] == [3, 4, 5]
    assert len(document["datasets"]) == 3


def test_layers_lie_where_their_voxels_were_read(scan):
    volume = open(
        convert("scan.tif", num_levels=2, chunk_size=16, voxel_size=(2, 2, 4), unit="micrometer", progress=False)
    )
    region = (9, 20, 31, 45, 30, 50)
    part = volume.region(region, level=1)
    viewer = view(volume, layers=[Layer(part, at=region, level=1, opacity=0.4), part])
    places = [files.geometry()[:2] for files in viewer._volumes[1:]]
    # From voxel (4, 15, 30) of level 1 on: half as many as of level 0 along z and y, the first centre half a voxel on.
    assert places[0] == ({"z": 4, "y": 4, "x": 4}, {"z": 17, "y": 61, "x": 120})
    assert places[1] == ({"z": 2, "y": 2, "x": 4}, {"z": 0, "y": 0, "x": 0})
    viewer.layers[0].color = "#FF8000"
    looks = {"1": {"opacity": 0.4}, "0": {"colour": "#ff8000"}}
    assert viewer._wishes == {"looks": looks}
    with pytest.raises(traitlets.TraitError, match="not be greater than 1") as mistaken:
        viewer.layers[1].opacity = 7
    # All that a notebook shows.
    assert mistaken.value._render_traceback_() == [f"TraitError: {mistaken.value}"]
    viewer.set_state({"_asked": viewer._asked, "_looks": [{"visible": False, "contrast": [1, 2]}, {"opacity": 0.5}]})
    assert (viewer.layers[0].visible, viewer.layers[0].value_range, viewer.layers[1].opacity) == (False, (1, 2), 0.5)
    assert viewer._wishes == {}
    assert viewer.add(part > 3).name == "array" and viewer._wishes == {"fresh": [3]} and len(viewer._places) == 4
    # xarray says it by its coordinates, also of a plane.
    said = volume.xarray()
    lying = view(volume, layers=[said[5:9, ::2] > 3, volume.level(1).xarray()[2]])
    places = [files.geometry()[:2] for files in lying._volumes[1:]]
    assert places[0] == ({"z": 2, "y": 4, "x": 4}, {"z": 10, "y": 0, "x": 0})
    assert places[1] == ({"z": 2, "y": 4, "x": 4}, {"z": 9, "y": 1, "x": 0})
    alone = view(said[5])._volumes[0].geometry()[:2]
    assert alone == ({"z": 2, "y": 2, "x": 4}, {"z": 10, "y": 0, "x": 0})
    for odd, words in (
        (said[:, ::-1], "along y fall"),
        (said[:, 3], "axes is 'zx'"),
        (said[[0, 1, 5]], "z are uneven"),
    ):
        with pytest.raises(ValueError, match=words):
            lying.add(odd)
    level = view(volume.level(1))._volumes[0]
    assert len(json.loads(level.read("zarr.json")[2])["attributes"]["ome"]["multiscales"][0]["datasets"]) == 1


def test_a_volume_is_aligned_by_points(scan):
    volume = open(
        convert("scan.tif", num_levels=1, chunk_size=16, voxel_size=(4, 2, 2), unit="micrometer", progress=False)
    )
    small = Layer(VOXELS, name="small", voxel_size=(1, 1, 1), unit="micrometer", translation=(0, 0, 7))
    viewer = view(volume, layers=[small])
    # A quarter turn about z, then 10 µm along z: of (z, y, x) in µm, z + 10, x, -y.
    voxels = numpy.array([[0, 0, 0], [8, 0, 0], [0, 6, 2], [4, 4, 10.0]])
    places = voxels + numpy.array([0, 0, 7])
    fixed = numpy.column_stack([places[:, 0] + 10, places[:, 2], -places[:, 1]])
    found = viewer.align("small", fixed / [4, 2, 2], voxels)
    quarter = [[1, 0, 0, 10], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]
    assert numpy.allclose(found.matrix, quarter) and found.rms < 1e-12 and found.unit == "micrometer"
    wish = viewer._wishes["alignments"]["1"]
    assert numpy.allclose(wish["matrix"], [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 10]])
    assert wish["moving"][2] == [2, 6, 0] and wish["unit"] == "micrometer"
    larger = viewer.align(1, 3 * fixed / [4, 2, 2], voxels, kind="similarity").matrix
    assert numpy.allclose(larger[:3, :3], 3 * numpy.array(quarter)[:3, :3])
    sheared = numpy.column_stack([places[:, 0], places[:, 1] + 0.5 * places[:, 0], places[:, 2]])
    found = viewer.align(viewer.layers[1], sheared / [4, 2, 2], voxels, kind="affine")
    assert numpy.allclose(found.matrix[1], [0.5, 1, 0, 0])
    assert viewer.align(1, sheared / [4, 2, 2], voxels).rms > 0.3  # and no rigid one does
    for arguments, said in [
        ((0, fixed, voxels), "what can be moved here is 'small'"),
        ((1, fixed[:2], voxels[:2]), "needs 3 pairs of points or more, and there are 2"),
        ((1, fixed[:3], voxels), "3 fixed, and 4 moving"),
        ((1, [[0, 0, n] for n in range(4)], voxels), "points_fixed: they lie on one line"),
        ((1, fixed, voxels * [1, 1, 0], "affine"), "points_moving: they lie in one plane"),
        ((1, fixed, voxels, "rigit"), "must be one of rigid, similarity, affine"),
    ]:
        with pytest.raises(ValueError, match=said):
            viewer.align(*arguments)
    viewer.remove_alignment("small")
    assert viewer._wishes["alignments"] == {"1": {"matrix": None}}


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (VOXELS.astype(complex), {}, "complex128 voxels"),
        (VOXELS.astype(float), {"labels": True}, "labels are whole numbers"),
        (VOXELS.astype("int64") - 2**40, {}, "as int32"),
        (VOXELS[None], {}, "axes is None"),
        (VOXELS, {"voxel_size": (1, 2)}, "3 numbers"),
        (VOXELS, {"voxel_size": 0}, "positive"),
        ("scan.tif", {"at": (1, 2, 3)}, "of arrays only"),
        (VOXELS, {"colour": "red"}, "six hexadecimal digits"),
        (VOXELS, {"contrast": (1, 1)}, "two numbers"),
        (VOXELS, {"contrast": (1, numpy.nan)}, "two numbers"),
    ],
)
def test_a_layer_that_cannot_be_shown_is_refused(scan, source, options, said):
    with pytest.raises((ValueError, traitlets.TraitError), match=said):
        view(Layer(source, **options))


def test_a_view_goes_on_where_its_volume_is_now(scan):
    convert("scan.tif", "a.ome.zarr")
    viewer = view(["a.ome.zarr", "scan.tif"], layout="xy")
    viewer.layers[0].contrast = (5, 9)
    viewer.position = (1, 2, 3)
    os.rename("a.ome.zarr", "b.ome.zarr")
    viewer.source = ["b.ome.zarr", "scan.tif"]
    assert viewer.state == {"layout": "xy"} and viewer.position == (1, 2, 3)
    assert [(layer.name, layer.contrast) for layer in viewer.layers] == [("b.ome.zarr", (5, 9)), ("scan.tif", None)]
    # A page finds the layers of the state by the names that they had, until it has told their new ones.
    told = {"state": viewer.state, "_asked": viewer._asked - 1}
    os.rename("b.ome.zarr", "c.ome.zarr")
    viewer.source = ["c.ome.zarr", "scan.tif"]
    viewer.reload()
    viewer.set_state(told)
    assert [os.path.basename(place["before"][1]) for place in viewer._places] == ["a.ome.zarr", "scan.tif"]
    viewer.set_state({"state": viewer.state, "_asked": viewer._asked})
    assert not any("before" in place for place in viewer._places)
    convert("scan.tif", "a.ome.zarr")
    viewer.add("a.ome.zarr")
    assert not any("before" in place for place in viewer._places)
    # Another volume has a view of its own, of which a layer of before is no more.
    held = viewer.layers[0]
    viewer.source = "scan.tif"
    assert viewer.state == {} and viewer.position is None
    held.contrast = (6, 9)


def test_volumes_that_were_moved_together_are_found_in_either_order(scan):
    os.mkdir("0")
    for name in ("a", "b"):
        convert("scan.tif", f"0/{name}.ome.zarr")
    viewer = view("0/a.ome.zarr", labels="0/b.ome.zarr", layers=[VOXELS])
    image = viewer.layers[0]
    labels = viewer.layers[1]
    segments = [{"name": "b.ome.zarr", "type": "segmentation", "segments": ["3"], "segmentColors": {"3": "#ff0000"}}]
    viewer.set_state({"state": {"layout": "xy", "layers": segments}, "_asked": viewer._asked})
    os.rename("0", "1")
    viewer.source = "1/a.ome.zarr"
    viewer.labels = "1/b.ome.zarr"
    os.rename("1", "2")
    viewer.labels = "2/b.ome.zarr"
    viewer.source = "2/a.ome.zarr"
    assert [layer.path for layer in viewer.layers] == ["2/a.ome.zarr", "2/b.ome.zarr", ""]
    assert viewer.layers[0] is image and viewer.layers[1] is labels
    # The segments that were chosen, and their colours, are a state's.
    assert viewer.state["layers"] == segments
    assert [place["before"][1] for place in viewer._places][1].endswith("0/b.ome.zarr")
    os.rename("2", "3")
    viewer.layers = ["3/a.ome.zarr", "3/b.ome.zarr", viewer.layers[2]]
    assert (viewer.source, viewer.labels, viewer.layers[1]) == ("3/a.ome.zarr", ["3/b.ome.zarr"], labels)
    assert viewer.state["layers"] == segments
    os.rename("3", "2")
    viewer.layers = ["2/a.ome.zarr", "2/b.ome.zarr", viewer.layers[2]]
    # Others come between, or go, and those that stay are known to the state as before; nothing is told twice.
    viewer.labels = ["2/a.ome.zarr", "2/b.ome.zarr"]
    assert viewer.state["layers"] == segments and viewer.layers[2] is labels
    assert viewer._wishes["fresh"] == [1] and viewer._wishes["removed"] == []
    before = [place.get("before") for place in viewer._places]
    assert [each and (each[0], os.path.basename(each[1])) for each in before] == [
        (0, "a.ome.zarr"),
        None,
        (1, "b.ome.zarr"),
        (2, "array"),
    ]
    viewer.labels = "2/b.ome.zarr"
    assert viewer._wishes["fresh"] == [] and viewer._wishes["removed"] == []
    viewer.set_state({"state": viewer.state, "_asked": viewer._asked})
    viewer.labels = []
    assert [os.path.basename(path) for _, path in viewer._wishes["removed"]] == ["b.ome.zarr"]
    viewer.labels = "2/b.ome.zarr"
    assert viewer._wishes["fresh"] == [1] and viewer.layers[1] is not labels
    viewer.set_state({"state": {}, "_asked": viewer._asked})
    image.contrast = (5, 9)
    assert viewer._wishes["looks"]["0"] == {"contrast": (5, 9)}
    # What cannot be shown is not what is said to be shown, and can be set again.
    os.rename("2/a.ome.zarr", "2/c.ome.zarr")
    os.rename("2/b.ome.zarr/zarr.json", "2/b.json")
    for path in ("2/c.ome.zarr", "scan.tif"):
        with pytest.raises(ValueError, match="not an OME-Zarr"):
            viewer.source = path
        assert viewer.source == image.path == "2/a.ome.zarr" and viewer.layers[0] is image
    with pytest.raises(FileNotFoundError, match="2/a"):
        viewer.reload()
    os.rename("2/b.json", "2/b.ome.zarr/zarr.json")
    viewer.source = "2/c.ome.zarr"
    assert image.name == "c.ome.zarr"


def test_a_view_goes_on_with_the_ome_zarr_of_its_tiff(scan):
    tifffile.imwrite("two.tif", numpy.stack([VOXELS, VOXELS], 1), imagej=True, metadata={"axes": "ZCYX"})
    viewer = view("two.tif", channel=1)
    os.rename("two.tif", "moved.tif")
    viewer.source = "moved.tif"
    convert("moved.tif", "moved.ome.zarr", channel=1)
    os.remove("moved.tif")
    viewer.source = "moved.ome.zarr"
    assert viewer.layers[0].name == "moved.ome.zarr"


def test_pictures_need_a_page_and_films_even_lengths(scan, monkeypatch):
    viewer = view("scan.tif")
    with pytest.raises(RuntimeError, match="no page shows it"):
        viewer.screenshot("figure.png")
    with pytest.raises(ValueError, match="width and height"):
        viewer.screenshot("figure.png", size=(0, 10))
    with pytest.raises(ValueError, match="even lengths"):
        viewer.movie("turn.mp4", size=(321, 240))
    # What cannot be written is said before pictures are taken; what goes wrong leaves the file that was there.
    for write, what in ((viewer.screenshot, "picture"), (viewer.movie, "film")):
        with pytest.raises(FileNotFoundError, match=f"the {what} is not written: .*figure"):
            write("no-folder/figure.png")
        (scan.parent / "figure.png").write_bytes(b"old")
        with pytest.raises(RuntimeError, match="no page shows it"):
            write("figure.png")
        assert (scan.parent / "figure.png").read_bytes() == b"old"
    # A page that answers.
    asked = []

    def answer(content, buffers=None):
        asked.append(content["params"])
        png = io.BytesIO()
        Image.new("RGB", tuple(content["params"]["size"]), (len(asked) * 20, 0, 0)).save(png, "png")
        viewer._handle_custom_msg({"method": "answer", "id": content["id"]}, [memoryview(png.getvalue())])

    viewer.send = answer
    viewer._view_count = 1
    frames = [{"position": [0, 0, 0], "crossSectionScale": 1}, {"position": [8, 4, 0], "crossSectionScale": 4}]
    path = viewer.movie("way.mp4", key_frames=frames, seconds=1, rate=5, size=(64, 48))
    assert path.read_bytes()[4:8] == b"ftyp" and not list(scan.parent.glob("*.partial"))
    middle = asked[2]["state"]
    assert (middle["position"], middle["crossSectionScale"]) == ([4, 2, 0], 2) and len(asked) == 5
    viewer.movie("turn.mp4", seconds=1, rate=4, size=(64, 48))
    assert asked[-2]["state"]["projectionOrientation"] == pytest.approx([0, 1, 0, 0])
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match="pip install"):
        viewer.movie("turn.mp4", size=(64, 48))


def test_what_is_chosen_in_a_viewer_is_converted(scan):
    viewer = view("scan.tif")
    viewer.selection = numpy.s_[3:9, 10:30, 20:50]
    viewer.set_state({"_looks": [{"contrast": [1000, 50000]}], "_asked": viewer._asked})
    converter = ConverterWidget("scan.tif", dtype="uint8", num_levels=1)
    converter.roi = viewer.selection
    converter.value_range = viewer.layers[0].contrast
    assert converter.plan.levels[0].shape == (6, 20, 30)
    with pytest.raises(RuntimeError, match="nothing to open"):
        converter.open()
    converter.start()
    converter.wait(60)
    part = VOXELS[3:9, 10:30, 20:50]
    assert (converter.open()[...] == numpy.round(numpy.clip((part - 1000.0) / 49000, 0, 1) * 255)).all()
