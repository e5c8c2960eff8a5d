"""Of an archive that a stranger may have changed, nothing is left that runs."""

import io
import pickle
import pickletools
import shutil
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.training.pickles import NAMES, check_pickle, rewrite
from tests.support import states

REAL = Path(states.__file__).parent / "nasu-000001-state"
NAMED = ("optimizer.bin", "scheduler.bin", "scaler.pt", "random_states_0.pkl")

ATTACKS = {
    "system": b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00true\x85R.",
    "posix": b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
    "builtins": b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    "python 2": b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.",
    "by the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93X\x04\x00\x00\x00true\x85R.",
    "an instance": b"(S'true'\nios\nsystem\n.",
    "an object": b"(cos\nsystem\nS'true'\no.",
    "a new object": b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85\x81.",
    "a number of a name": b"\x80\x02\x82\x01.",
    "deeper": b"\x80\x02ccollections\nOrderedDict.__init__.__globals__\n.",
    "torch's own": b"\x80\x02ctorch\nload\nX\x01\x00\x00\x00x\x85R.",
    "torch's hub": b"\x80\x02ctorch.hub\nload\n.",
    "numpy's own": b"\x80\x02cnumpy\nload\n.",
    "with a space": b"\x80\x02ctorch FloatStorage\n\n.",
    "with a line's end": b"\x80\x02ctorch\nFloatStorage\r\n.",
    "behind the end": b"\x80\x02",
    "text": b"S'x'\n.",
    "nothing": b"",
}


def archive(data: bytes, others: dict[str, bytes] | None = None, top: str = "archive") -> bytes:
    """Return an archive as torch writes it, of a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in {"data.pkl": data, "version": b"3\n", **(others or {})}.items():
            made.writestr(f"{top}/{name}" if top else name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", NAMED)
def test_what_torch_wrote_is_let_through_as_it_is(tmp_path: Path, name: str) -> None:
    shutil.copyfile(REAL / name, tmp_path / name)
    rewrite(tmp_path / name)
    with zipfile.ZipFile(REAL / name) as before, zipfile.ZipFile(tmp_path / name) as after:
        assert after.namelist() == before.namelist()
        assert all(after.read(each) == before.read(each) for each in before.namelist())
    assert [path.name for path in tmp_path.iterdir()] == [name]
    once = (tmp_path / name).read_bytes()
    rewrite(tmp_path / name)
    assert (tmp_path / name).read_bytes() == once


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_may_run_is_named_and_never_read(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "optimizer.bin"
    path.write_bytes(archive(ATTACKS[attack]))
    before = path.read_bytes()
    with pytest.raises(Problem, match=r"^optimizer\.bin (holds|names) ") as error:
        rewrite(path)
    assert str(error.value).isprintable()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_is_told() -> None:
    with pytest.raises(Problem, match="names os system, which no state of an optimizer holds"):
        check_pickle(ATTACKS["system"])
    with pytest.raises(Problem, match="holds SHORT_BINUNICODE, which torch writes into no state"):
        check_pickle(ATTACKS["by the stack"])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (archive(pickle.dumps(1, 2), {"constants.pkl": b""}), "holds archive/constants.pkl"),
        (archive(pickle.dumps(1, 2), {"code/x.py": b"import os"}), "holds archive/code/x.py"),
        (archive(pickle.dumps(1, 2), {"data/../x": b""}), r"holds archive/data/\.\./x"),
        (archive(pickle.dumps(1, 2), top=""), "is no archive of one thing"),
        (archive(pickle.dumps(1, 2), top="a/b"), "holds a/b/data.pkl"),
        (archive(pickle.dumps(1, 2)).replace(b"version", b"byteord"), "holds archive/byteord"),
        (archive(pickle.dumps(1, 2)).replace(b"data.pkl", b"data/123"), "holds no pickle"),
        (archive(pickle.dumps(1, 2)).replace(b"3\n", b"4\n"), "is no archive of torch.s"),
        (b"PK\x03\x04", "is no archive of torch.s"),
        (pickle.dumps(1, 2), "is no archive of torch.s"),
    ],
)
def test_what_is_no_archive_of_torch_s_is_told(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "optimizer.bin"
    path.write_bytes(data)
    with pytest.raises(Problem, match=f"^optimizer.bin {told}"):
        rewrite(path)


def test_of_two_things_in_one_file_only_the_one_that_was_looked_at_is_left(tmp_path: Path) -> None:
    """torch takes a file that begins as a pickle for one, whatever it ends with."""
    path, harmless = tmp_path / "optimizer.bin", archive(pickle.dumps(OrderedDict(a=1), 2))
    path.write_bytes(ATTACKS["system"] + harmless)
    rewrite(path)
    assert b"system" not in path.read_bytes()
    assert path.read_bytes().startswith(b"PK\x03\x04")
    with zipfile.ZipFile(path) as found:
        assert pickle.loads(found.read("archive/data.pkl")) == {"a": 1}


def test_of_two_entries_of_one_name_none_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "optimizer.bin"
    both = archive(pickle.dumps(1, 2), {"DATA.PKL": ATTACKS["system"]})
    path.write_bytes(both.replace(b"DATA.PKL", b"data.pkl"))
    with pytest.raises(Problem, match="is no archive of one thing"):
        rewrite(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "optimizer.bin"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/data.pkl", b"\0" * 100_000_000)
    with pytest.raises(Problem, match=r"packs archive/data\.pkl"):
        rewrite(path)
    path.write_bytes(archive(b"\x80\x02" + b"N0" * (9 << 20) + b"N."))
    with pytest.raises(Problem, match=r"holds too long a archive/data\.pkl"):
        rewrite(path)


def names_in(data: bytes) -> Iterator[str]:
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            yield str(argument)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(NAMED),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_whatever_is_changed_nothing_but_known_names_is_left(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[float, int]]
) -> None:
    data = bytearray((REAL / name).read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    path = tmp_path_factory.mktemp("changed") / name
    path.write_bytes(data)
    try:
        rewrite(path)
    except Problem:
        return
    with zipfile.ZipFile(path) as found:
        pickled = found.read(next(each for each in found.namelist() if each.endswith(".pkl")))
    assert all(NAMES.fullmatch(each) for each in names_in(pickled))
