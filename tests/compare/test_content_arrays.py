"""Arrays and tensors: types, shapes and values; with NumPy and without; and what is hostile."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import numpy
import pytest

from git_dvc.compare.content import npy, numbers
from git_dvc.compare.content.report import Table
from tests.compare.contents import compared


def saved(values: Any) -> bytes:
    out = io.BytesIO()
    numpy.save(out, values)
    return out.getvalue()


def archive(**values: Any) -> bytes:
    out = io.BytesIO()
    numpy.savez_compressed(out, **values)
    return out.getvalue()


def tensors(metadata: dict[str, str] | None = None, **values: tuple[str, Any]) -> bytes:
    head: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (kind, array) in values.items():
        raw = array.tobytes()
        offsets = [len(data), len(data) + len(raw)]
        head[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.fixture(params=["numpy", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Compare with NumPy, and as it is where there is none."""
    if request.param == "plain":
        monkeypatch.setattr(numbers, "_numpy", lambda: None)
    return str(request.param)


@pytest.mark.parametrize(
    "kind", ["f2", "f4", "f8", ">f4", "i1", "i4", ">i8", "u1", "u2", "u8", "?", "c8", "S3"]
)
def test_values_of_every_type(kind: str, way: str) -> None:
    old = numpy.arange(24).reshape(4, 6).astype(kind)
    new = old.copy()
    new[1, 2] = 1 if kind == "?" else old[1, 3]
    new[0, 0] = 1
    found = compared("a.npy", saved(old), saved(new))
    changed = found.data["changed"]["values"]
    assert found.kind == "array"
    assert changed["changed"] == int((old != new).sum())
    if kind in ("c8", "S3"):
        assert changed["max_difference"] is None
    else:
        assert changed["max_difference"] == 1
        assert changed["mean_difference"] == changed["changed"] / 24
    assert compared("a.npy", saved(old), saved(old.copy())).summary == "the same values"


def test_what_is_no_number_is_like_itself(way: str) -> None:
    old = numpy.array([numpy.nan, numpy.inf, 1.0, numpy.nan, -0.0])
    new = numpy.array([numpy.nan, -numpy.inf, 1.0, 2.0, 0.0])
    found = compared("a.npy", saved(old), saved(new)).data["changed"]["values"]
    assert found["changed"] == 2
    assert found["max_difference"] == "inf"
    json.dumps(found, allow_nan=False)


def test_type_shape_and_order() -> None:
    old = numpy.arange(6, dtype="f8").reshape(2, 3)
    found = compared("a.npy", saved(old), saved(old.astype("f4")))
    assert ("type", "float64", "float32") in found.facts
    assert found.summary == "the same values"
    found = compared("a.npy", saved(old), saved(old.reshape(3, 2)))
    assert ("shape", "(2, 3)", "(3, 2)") in found.facts
    assert found.summary == "another shape"
    found = compared("a.npy", saved(old), saved(numpy.asfortranarray(old)))
    assert found.summary == "stored in another order of axes"
    assert compared("a.npy", None, saved(old)).summary == "float64 (2, 3)"
    records = numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    other = numpy.array([(2, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    assert compared("a.npy", saved(records), saved(other)).summary == "1 value changed (100 %)"


def test_archives(way: str) -> None:
    ones = numpy.ones((2, 2), "f4")
    old = archive(kept=ones, gone=ones, moved=ones)
    new = archive(kept=ones, moved=ones * 1.5, fresh=numpy.zeros(3))
    found = compared("a.npz", old, new)
    assert found.summary == "1 array added, 1 removed, 1 changed"
    assert found.data["added"] == {"fresh": {"dtype": "float64", "shape": [3]}}
    assert found.data["changed"]["moved"]["values"]["max_difference"] == 0.5
    block = found.blocks[0]
    assert isinstance(block, Table)
    assert block.rows[0].cells[-1] == "4 values changed (100 %), by up to 0.5, 0.5 on average"
    assert compared("a.npz", None, new).summary == "3 arrays, 11 values"


def test_without_numpy_it_stops_after_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_numpy", lambda: None)
    monkeypatch.setattr(numbers, "MOST_SLOW", 1000)
    monkeypatch.setattr(numbers, "_BLOCK_BYTES", 4000)
    old = numpy.zeros(10_000, "f4")
    found = compared("a.npy", saved(old), saved(old + 1))
    assert found.summary == "at least 1,000 values changed (100 %), by up to 1, 1 on average"


def test_tensors(way: str) -> None:
    half = numpy.array([1.0, 2.0], "f4").view("u4") >> 16
    more = numpy.array([1.0, 2.5], "f4").view("u4") >> 16
    ones = numpy.ones((2, 3), "f4")
    old = tensors({"format": "pt"}, a=("F32", ones), b=("BF16", half.astype("u2")), c=("I8", ones))
    assert compared("m.safetensors", old, old[:-1] + b"\1").kind == "binary"  # c is too long
    old = tensors({"format": "pt"}, a=("F32", ones), b=("BF16", half.astype("u2")))
    new = tensors({"format": "np"}, a=("F32", ones), b=("BF16", more.astype("u2")), d=("F32", ones))
    found = compared("m.safetensors", old, new)
    assert found.summary == "1 tensor added, 1 changed"
    assert found.data["changed"]["b"]["values"]["max_difference"] == 0.5
    assert ("metadata: format", "pt", "np") in found.facts
    assert compared("model", old, new).kind == "tensors"  # by what it is, not by its name
    young = tensors(a=("F4_NEW", numpy.ones(4, "u1")))
    other = tensors(a=("F4_NEW", numpy.zeros(4, "u1")))
    assert found.kind == compared("m.safetensors", young, other).kind


# -- files of which nothing is to be believed -------------------------------------------------


def with_head(head: str, data: bytes = b"") -> bytes:
    text = head.encode()
    return npy.MARK + b"\1\0" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    "data",
    [
        npy.MARK,
        npy.MARK + b"\2\0\xff\xff\xff\x7f",
        with_head("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999,)}"),
        with_head("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"pickle"),
        with_head("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
        with_head("{'descr': '<f8', 'fortran_order': False, 'shape': 3}"),
        with_head("{'descr': [('a', '<f8', 'x')], 'fortran_order': False, 'shape': (1,)}"),
        with_head("{'descr': '<x99999999999', 'fortran_order': False, 'shape': (1,)}"),
        with_head("__import__('os').system('touch /tmp/never')"),
        with_head("(" * 60_000),
    ],
)
def test_a_broken_array_is_bytes(data: bytes) -> None:
    found = compared("a.npy", data, saved(numpy.ones(3)))
    assert found.kind == "binary"
    assert found.notes


def test_an_archive_that_promises_more_than_there_is_memory() -> None:
    out = io.BytesIO()
    head = with_head("{'descr': '|u1', 'fortran_order': False, 'shape': (5000000000,)}")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a.npy", head + bytes(1000))
    found = compared("a.npz", out.getvalue(), archive(a=numpy.ones(1)))
    assert found.kind == "binary"
    assert found.notes == ["more than 4 GiB once unpacked"]
    good = archive(a=numpy.ones(100))
    assert compared("a.npz", good, good[:-30]).kind == "binary"
    for at in range(len(good) - 60, len(good), 3):  # the list of members
        broken = bytearray(good)
        broken[at] ^= 0xFF
        assert compared("a.npz", good, bytes(broken)).kind in ("arrays", "binary")
    assert compared("a.npz", good, good[:20] + b"\xff" * 60 + good[80:]).kind == "binary"


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 7,
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 4) + b"nope",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 13) + b'{"a": "what"}',
        struct.pack("<Q", 59) + b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}    ',
        struct.pack("<Q", 59) + b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}    ',
        struct.pack("<Q", 200_000) + b"[" * 200_000,
    ],
)
def test_a_broken_file_of_tensors_is_bytes(data: bytes) -> None:
    found = compared("m.safetensors", data, tensors(a=("F32", numpy.ones(1, "f4"))))
    assert found.kind == "binary"
    assert found.notes
