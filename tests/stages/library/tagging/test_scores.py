"""The file of scores: sparse, exact in ten-thousandths, the same bytes for the same scores."""

import errno
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.common.paths import is_plain_name
from stages.library.tagging import scores as scores_file
from stages.library.tagging.scores import (
    FLOOR,
    SCALE,
    Found,
    Scores,
    read_scores,
    sparse,
    write_scores,
)


def found(*pairs: tuple[int, int]) -> Found:
    indices, values = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(indices, np.int32), np.array(values, np.uint16)


def plain(found: Found) -> list[tuple[int, int]]:
    return [(int(index), int(value)) for index, value in zip(*found, strict=True)]


EXAMPLE = Scores(
    "fingerprint",
    ["smile", "<o>_<o>", 'say_"hi"', "なす"],
    [0, 0, 0, 4],
    ["img001", "img002", "img003"],
    ["a" * 64, "b" * 64, "c" * 64],
    [found((0, 500), (3, 10_000)), found(), found((1, 3501))],
    "owner/model@0123",
)


def test_scores_below_the_floor_are_dropped_and_the_rest_is_rounded_to_tenthousandths() -> None:
    scores = np.array([0.0499, 0.04996, 0.05, 0.35004, 0.35006, 1.0, 0.0], np.float32)
    assert plain(sparse(scores)) == [(1, 500), (2, 500), (3, 3500), (4, 3501), (5, 10_000)]


def test_floor_is_five_percent() -> None:
    assert FLOOR / SCALE == 0.05


def test_nothing_found() -> None:
    indices, values = sparse(np.zeros(5, np.float32))
    assert (str(indices.dtype), str(values.dtype)) == ("int32", "uint16")
    assert len(indices) == len(values) == 0


def test_rounding_noise_outside_0_to_1_is_clipped() -> None:
    assert plain(sparse(np.array([1.00001, -0.00001], np.float32))) == [(0, 10_000)]


@given(st.lists(st.floats(0, 1, width=32), max_size=50))
def test_sparse_keeps_every_score_to_half_a_tenthousandth(scores: list[float]) -> None:
    kept = dict(plain(sparse(np.array(scores, np.float32))))
    for index, score in enumerate(scores):
        if index in kept:
            assert abs(kept[index] / SCALE - score) <= 0.5 / SCALE + 1e-9
        else:
            assert score < 0.05


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scores.npz"
    write_scores(path, EXAMPLE)
    scores = read_scores(path)[0]
    assert [plain(one) for one in scores.found] == [plain(one) for one in EXAMPLE.found]
    for name in ("model", "tags", "categories", "names", "digests", "origin"):
        assert getattr(scores, name) == getattr(EXAMPLE, name)
    assert [path.name for path in path.parent.iterdir()] == ["scores.npz"]


pictures = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(is_plain_name),
        st.dictionaries(st.integers(0, 20), st.integers(FLOOR, SCALE), max_size=5),
    ),
    max_size=6,
)


@settings(max_examples=60)
@given(pictures)
def test_any_scores_make_the_round_trip_and_the_same_bytes_again(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, dict[int, int]]]
) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores.npz"
    names = [name for name, _ in given]
    kept = [found(*sorted(scores.items())) for _, scores in given]
    scores = Scores("model", ["tag"] * 21, [0] * 21, names, names, kept, "origin")
    write_scores(path, scores)
    first = path.read_bytes()
    again = read_scores(path)[0]
    assert [plain(one) for one in again.found] == [plain(one) for one in kept]
    assert again.names == names
    write_scores(path, again)
    assert path.read_bytes() == first


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no such file; run the score stage first"):
        read_scores(tmp_path / "scores.npz")


def write_foreign(path: Path) -> None:
    np.savez(path, something=np.zeros(3))


def write_single(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def write_lacking(path: Path) -> None:
    write_scores(path, EXAMPLE)
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != "values"}
    np.savez(path, **kept)


def write_uneven(path: Path) -> None:
    write_scores(path, EXAMPLE)
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    np.savez(path, **{**kept, "digests": kept["digests"][:2]})


def write_beyond(path: Path) -> None:
    write_scores(path, replace(EXAMPLE, found=[found((4, 500)), found(), found()]))


def write_below(path: Path) -> None:
    write_scores(path, replace(EXAMPLE, found=[found((-1, 500)), found(), found()]))


def write_tags_without_categories(path: Path) -> None:
    write_scores(path, replace(EXAMPLE, categories=[0]))


def write_pickled(path: Path) -> None:
    np.savez(path, model=np.array({"a": 1}, dtype=object))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not scores"),
        write_foreign,
        write_single,
        write_lacking,
        write_uneven,
        write_beyond,
        write_below,
        write_tags_without_categories,
        write_pickled,
    ],
    ids=[
        "empty",
        "text",
        "foreign",
        "npy",
        "lacking",
        "uneven",
        "beyond",
        "below",
        "tags",
        "pickled",
    ],
)
def test_what_holds_no_scores_is_told(tmp_path: Path, write: object) -> None:
    path = tmp_path / "scores.npz"
    write(path)  # type: ignore[operator]
    with pytest.raises(Problem, match=r"scores\.npz: holds no scores; delete it"):
        read_scores(path)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError()])
def test_scores_that_the_machine_cant_read_are_not_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    path = tmp_path / "scores.npz"
    path.write_bytes(b"scores")
    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(Problem) as told:
        read_scores(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "delete" not in str(told.value)


@pytest.mark.parametrize("name", ["../../../x", "/tmp/x", "a/b", "..", "", "a\nb", "\x1b[2J"])
def test_a_name_that_leads_elsewhere_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scores.npz"
    write_scores(path, replace(EXAMPLE, names=["img001", name, "img003"]))
    with pytest.raises(
        Problem, match=r"scores\.npz: holds .* for the name of a picture; delete it"
    ):
        read_scores(path)


def npy(values: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """Return a .npy file that says it has another shape."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": values.dtype.str, "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue() + values.tobytes()


def with_member(path: Path, name: str, data: bytes) -> None:
    """Put another array in place of one of the scores."""
    write_scores(path, EXAMPLE)
    with zipfile.ZipFile(path) as archive:
        members = {each.filename: archive.read(each) for each in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in (members | {name: data}).items():
            archive.writestr(each, content)


def test_what_unpacks_to_gigabytes_is_told_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scores.npz"
    monkeypatch.setattr(scores_file, "LARGEST", 1 << 20)
    monkeypatch.setattr(scores_file, "unpacked", None)  # no array may be read
    with_member(path, "indices.npy", npy(np.zeros(1 << 20, np.uint16), (1 << 20,)))
    assert path.stat().st_size < 10_000
    with pytest.raises(Problem, match=r"unpacks to more than 1 MB; delete it and run the score"):
        read_scores(path)
    path.write_bytes(bytes(1 + (1 << 20)))
    with pytest.raises(Problem, match=r"has more than 1 MB; delete it"):
        read_scores(path)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("lengths.npy", (10**12,), "says that it holds 1000000000000 lengths"),
        ("indices.npy", (10**12,), "says that it holds 1000000000000 indices"),
        ("indices.npy", (1 << 40, 1 << 40), "says that it holds .* indices"),
        ("indices.npy", (-(10**12),), "holds no scores"),
    ],
)
def test_a_header_of_more_than_there_is_is_told(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    path = tmp_path / "scores.npz"
    with_member(path, name, npy(np.zeros(3, np.int32), shape))
    with pytest.raises(Problem, match=message):
        read_scores(path)


def test_more_pictures_than_anybody_has_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_file, "MOST", 99)
    with_member(tmp_path / "scores.npz", "lengths.npy", npy(np.zeros(100, np.int32), (100,)))
    with pytest.raises(Problem, match="says that it holds 100 lengths"):
        read_scores(tmp_path / "scores.npz")


@pytest.mark.parametrize("real", [10, 1 << 24])
def test_a_member_that_is_longer_than_the_archive_says_is_told(tmp_path: Path, real: int) -> None:
    """Its place in the list says 16 bytes; what unpacks is not read beyond them."""
    path = tmp_path / "scores.npz"
    with_member(path, "indices.npy", bytes(real))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"indices.npy") - 46  # in the list at the end
    assert data[at : at + 4] == b"PK\1\2"
    data[at + 24 : at + 28] = (16).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(Problem, match="holds no scores"):
        read_scores(path)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_told_or_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores.npz"
    write_scores(path, EXAMPLE)
    damaged = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    else:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        scores = read_scores(path)[0]
    except ValueError as error:
        assert "delete it and run the score stage again" in str(error)  # noqa: PT017
    else:
        assert [plain(one) for one in scores.found] == [plain(one) for one in EXAMPLE.found]
        assert (scores.names, scores.tags) == (EXAMPLE.names, EXAMPLE.tags)


def as_ever(path: Path, scores: Scores) -> None:
    """Write scores as was done while a file held those of one model."""
    empty = found()
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        model=np.array(scores.model),
        origin=np.array(scores.origin),
        tags=np.array(scores.tags, dtype=np.str_),
        categories=np.array(scores.categories, dtype=np.int32),
        names=np.array(scores.names, dtype=np.str_),
        digests=np.array(scores.digests, dtype=np.str_),
        lengths=np.array([len(indices) for indices, _ in scores.found], dtype=np.int32),
        indices=np.concatenate([empty[0], *(indices for indices, _ in scores.found)]),
        values=np.concatenate([empty[1], *(values for _, values in scores.found)]),
    )
    path.write_bytes(buffer.getvalue())


ADVISED = {0: 3500, 4: 8500}


def test_a_file_of_one_model_has_the_bytes_that_it_always_had(tmp_path: Path) -> None:
    wd14 = replace(EXAMPLE, advised=[ADVISED.get(kind, 0) for kind in EXAMPLE.categories])
    as_ever(tmp_path / "ever.npz", EXAMPLE)
    for scores in (EXAMPLE, wd14):
        write_scores(tmp_path / "now.npz", scores)
        assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "ever.npz").read_bytes()
    assert [each.advised for each in read_scores(tmp_path / "ever.npz")] == [wd14.advised]


SECOND = Scores(
    model="another",
    tags=["solo", "艦これ"],
    categories=[0, 3],
    names=EXAMPLE.names,
    digests=EXAMPLE.digests,
    found=[found((0, 700)), found(), found((0, 800), (1, 900))],
    origin="owner/another@f00",
    advised=[4000, 0],
)


def test_several_models_make_the_round_trip_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    write_scores(path, SECOND, EXAMPLE, replace(SECOND, model="third"))
    models = read_scores(path)
    assert [each.model for each in models] == ["another", EXAMPLE.model, "third"]
    for scores, wanted in zip(models, (SECOND, EXAMPLE, SECOND), strict=True):
        assert [plain(one) for one in scores.found] == [plain(one) for one in wanted.found]
        for name in ("tags", "categories", "names", "digests", "origin"):
            assert getattr(scores, name) == getattr(wanted, name)
    assert models[0].advised == models[2].advised == SECOND.advised
    first = path.read_bytes()
    write_scores(path, *models)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"categories": [0]},
        {"advised": [1]},
        {"found": [found((2, 700)), found(), found()]},
        {"found": [found((0, 700))]},
    ],
    ids=str,
)
def test_what_is_wrong_with_the_second_model_is_told(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "scores.npz"
    write_scores(path, EXAMPLE, replace(SECOND, **wrong))
    with pytest.raises(Problem, match="holds no scores; delete it and run the score stage again"):
        read_scores(path)
