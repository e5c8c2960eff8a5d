"""What a node checks before it works; tests/stages/library/common/test_cluster.py has real ones."""

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from stages.library.common.cluster_node import Post, code_digest
from stages.library.common.errors import Problem
from stages.library.common.workers import Place
from tests.support.clones import PROJECT


def inverses(place: Place) -> Callable[[Iterable[int]], Iterator[tuple[Place, float]]]:
    def work(item: int) -> tuple[Place, float]:
        if item < 0:
            raise Problem("less than nothing")
        return place, 1 / item

    return partial(map, work)


def lacking(_: Place) -> Callable[[Iterable[int]], Iterator[int]]:
    raise Problem("holds another tagger here")


def gone(_: Place) -> Callable[[Iterable[int]], Iterator[int]]:
    raise FileNotFoundError(2, "No such file or directory", "model.onnx")


def begin(post: Post, start: object, folder: Path, code: str = "") -> str:
    project = str(PROJECT)
    return post.begin(str(folder), project, code or code_digest(project), 3, pickle.dumps(start))


@pytest.fixture(autouse=True)
def back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back from where a node goes."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_work_is_made_ready_in_the_folder_of_the_one_that_asked(tmp_path: Path) -> None:
    post = Post()
    assert begin(post, inverses, tmp_path) == ""
    assert Path.cwd() == tmp_path
    place = Place(3, away=True)
    assert post.do([2, 4]) == ([(place, 0.5), (place, 0.25)], None)
    results, error = post.do([2, -1, 4])
    assert results == [(place, 0.5)]
    assert str(error) == "less than nothing"
    with pytest.raises(ZeroDivisionError):
        post.do([0])


def test_what_is_wrong_on_a_node_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert begin(Post(), inverses, missing) == (
        f"{missing}: No such file or directory; share the project's folder, at the same path"
    )
    assert "holds another version of the project" in begin(Post(), inverses, tmp_path, "another")
    assert begin(Post(), lacking, tmp_path) == "holds another tagger here"
    assert begin(Post(), gone, tmp_path) == "model.onnx: No such file or directory"
    nowhere = b"cnowhere\nstart\n."
    code = code_digest(str(PROJECT))
    said = Post().begin(str(tmp_path), str(PROJECT), code, 1, nowhere)
    assert said == "No module named 'nowhere'; type pip install -r requirements.lock there"


def test_a_changed_or_renamed_module_is_another_version(tmp_path: Path) -> None:
    module = tmp_path / "stages" / "score.py"
    module.parent.mkdir()
    digests = []
    for name, text in (("score.py", ""), ("score.py", "pass"), ("other.py", "pass")):
        for path in module.parent.iterdir():
            path.unlink()
        module.with_name(name).write_text(text)
        digests.append(code_digest(str(tmp_path)))
    assert len({*digests, code_digest(str(PROJECT))}) == 4
