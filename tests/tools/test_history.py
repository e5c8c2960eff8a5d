"""tools.history: what changed between two revisions."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from stages.library.common.errors import Problem
from stages.library.common.git import git as in_git
from stages.library.dataset.manifest import SKIPPED, USED, Row
from tests.support.clones import Clone
from tools.history import Dataset, changes, flat, main, param_changes, read_dataset, totals


def row(image: str, source: str, digest: str) -> Row:
    return Row(image, source, digest, 512, 512, USED, "")


def dataset(*pictures: tuple[str, str, str], **params: str) -> Dataset:
    """Return a dataset of (source, digest, caption)."""
    rows = {
        digest: row(f"img{number:03}.png", source, digest)
        for number, (source, digest, _) in enumerate(pictures, start=1)
    }
    return Dataset(rows, {digest: text.split() for _, digest, text in pictures}, params)


def test_each_kind_of_change_is_told_once() -> None:
    before = dataset(
        ("a.png", "aa", "cat"), ("b.png", "bb", "dog"), ("c.png", "cc", "x y"), ("d.png", "dd", "z")
    )
    after = dataset(
        ("a.png", "a2", "cat hat"),
        ("c.png", "cc", "y w"),
        ("d.png", "dd", "z"),
        ("e.png", "ee", ""),
    )
    found = {change.source: change for change in changes(before, after)}
    assert {source: change.kind for source, change in found.items()} == {
        "a.png": "changed",
        "b.png": "removed",
        "c.png": "retagged",
        "e.png": "added",
    }
    assert (found["a.png"].gained, found["a.png"].lost) == (["hat"], [])
    assert (found["c.png"].gained, found["c.png"].lost) == (["w"], ["x"])


def test_renamed_and_renumbered_drawing_has_not_changed() -> None:
    before = dataset(("b.png", "bb", "dog"))
    after = dataset(("0.png", "00", "new"), ("z.png", "bb", "dog"))
    assert [change.source for change in changes(before, after)] == ["0.png"]


def test_name_is_the_same_however_a_mac_writes_it() -> None:
    before, after = dataset(("が.png", "aa", "x")), dataset(("\u304b\u3099.png", "bb", "x"))
    assert [change.kind for change in changes(before, after)] == ["changed"]


class Pushed:
    """A revision as a stranger pushed it."""

    def __init__(self, **content: bytes) -> None:
        self.content = content

    def read_bytes(self, path: str) -> bytes:
        return self.content[Path(path).stem]

    def ls(self, path: str, detail: bool) -> list[Any]:
        return [] if path and not detail else [{}]


MANIFEST = b"image,source,sha256,width,height,status,reason\n"


@pytest.mark.parametrize(
    ("manifest", "params"),
    [
        (MANIFEST + b"../../x.png,a.png,ab,4,3,used,\n", b"a: 1"),
        (MANIFEST + b"x.png," + b"a" * 200_000 + b",ab,4,3,used,\n", b"a: 1"),
        (b"no manifest", b"a: 1"),
        (b"\xff", b"a: 1"),
        (MANIFEST, b"a: ["),
        (MANIFEST, b"a: &a [*a]"),
        (MANIFEST, b"\xff"),
    ],
    ids=range(7),
)
def test_what_a_stranger_pushed_is_one_line(manifest: bytes, params: bytes) -> None:
    with pytest.raises(Problem, match=r"^abc: its data/manifest\.csv or params\.yaml") as error:
        read_dataset(Pushed(manifest=manifest, params=params), "abc")
    assert "\n" not in str(error.value)


def test_what_a_revision_lacks_is_named_without_a_quote() -> None:
    class Nothing(Pushed):
        def read_bytes(self, path: str) -> bytes:
            raise FileNotFoundError(2, "No such file or directory", path)

    with pytest.raises(Problem) as error:
        read_dataset(Nothing(), "HEAD~1")
    assert str(error.value).startswith("HEAD~1 has no manifest.csv: commit data/manifest.csv, ")
    assert str(error.value).endswith(
        "; python -m tools.history lists the commits that have a dataset"
    )


@pytest.fixture
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a repository without a commit."""
    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Nasu")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "nasu@example.com")
        monkeypatch.setenv(f"GIT_{name}_DATE", "2026-01-31T12:00:00+00:00")
    in_git("init", "-q")


def committed_as(message: bytes, **captions: str) -> None:
    """Commit a dataset of these captions, by picture."""
    shutil.rmtree("data", ignore_errors=True)
    if captions:
        Path("data/tagged").mkdir(parents=True)
        rows = [f"{name}.png,{name}.jpg,{name},4,3,{USED},\n" for name in captions]
        skipped = f",broken.png,ff,0,0,{SKIPPED},damaged\n"
        Path("data/manifest.csv").write_text(MANIFEST.decode() + "".join(rows) + skipped)
    for name, caption in captions.items():
        Path(f"data/tagged/{name}.txt").write_text(caption + "\n", encoding="utf-8")
    in_git("add", "-A")
    Path("message").write_bytes(message)
    in_git("commit", "-q", "--allow-empty", "-F", "message")


@pytest.mark.usefixtures("_repository")
def test_datasets_that_git_has_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("history: error: no commit has a dataset yet; after")
    committed_as(b"Before")
    committed_as("最初のデータセット".encode(), img001="nasu, 1girl", img002="nasu, smile")
    Path("README.md").touch()
    committed_as(b"No other dataset", img001="nasu, 1girl", img002="nasu, smile")
    committed_as(b"\x1b[2Jsteers", img001="nasu, 1girl", img002="nasu", img003="nasu, hat, sun")
    assert main([]) == 0
    first, second, third, hint = capsys.readouterr().out.splitlines()
    assert first == "commit   date        pictures  tags  message"
    assert second[7:] == "  2026-01-31         3     4  \\x1b[2Jsteers"
    assert third[7:] == "  2026-01-31         2     3  最初のデータセット"
    assert hint.startswith(f"python -m tools.history {second[:7]} tells what changed since")


@pytest.mark.usefixtures("_repository")
def test_a_commit_whose_manifest_is_none_is_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    committed_as(b"Good", img001="nasu")
    Path("data/manifest.csv").write_text("<<<<<<< HEAD\n")
    in_git("commit", "-qam", "Bad")
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "Good" in out
    assert "Bad" not in out


def test_totals_count_pictures_and_put_the_most_changed_first() -> None:
    before = dataset(("a", "a", "x"), ("b", "b", "x"), ("c", "c", "y"))
    after = dataset(("a", "a", "z"), ("b", "b", "z"), ("c", "c", "y z"))
    assert totals(changes(before, after)) == [("z", 3, 0), ("x", 0, 2)]


def test_params_that_differ_came_or_went_are_told() -> None:
    before, after = dataset(a="1", b="2"), dataset(b="3", c="4")
    assert param_changes(before, after) == [("a", "1", ""), ("b", "2", "3"), ("c", "", "4")]
    assert flat({"train": {"max": {"x": 1}}}) == {"train.max.x": "1"}


def test_skipped_files_are_no_pictures_of_the_dataset() -> None:
    assert Row("", "x", "", 0, 0, SKIPPED, "is empty").status != USED


def git(clone: Clone, message: str) -> None:
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-q", "-m", message)


@pytest.fixture
def committed(clone: Clone) -> Clone:
    """Return a clone with two commits: other threshold, one drawing gone, one hostile name new."""
    drawings = clone.root / "data/raw"
    shutil.copytree(clone.root / "data/sample", drawings)
    clone.set_param("input: data/sample", "input: data/raw")
    clone.run("dvc", "repro")
    git(clone, "First")
    (drawings / "nasu_cry.png").unlink()
    hostile = (clone.root / "data/sample/miso_wink.png").read_bytes() + b"\0"
    (drawings / "<script>x &amp.png").write_bytes(hostile)
    (drawings / "tea_pencil.png").write_bytes((drawings / "なす.png").read_bytes() + b"\0")
    clone.set_param("  threshold: 0.35", "  threshold: 0.8")
    clone.run("dvc", "repro")
    git(clone, "Second")
    return clone


@pytest.mark.e2e
def test_history_works_from_git_and_the_cache_alone(committed: Clone, tmp_path: Path) -> None:
    for folder in ("raw", "prepared", "thumbnails", "dataset", "tagged"):
        shutil.rmtree(committed.root / "data" / folder)
    page = tmp_path / "history.html"
    text = committed.run("python", "-m", "tools.history", "HEAD~1", "HEAD", "--page", str(page))
    assert "HEAD~1 → HEAD: 15 → 15 pictures" in text
    assert "caption.threshold: 0.35 → 0.8" in text
    assert "removed nasu_cry.png" in text
    assert "simple_background: -" in text
    html = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;x &amp;amp.png" in html
    assert "<script" not in html
    assert html.count("data:image/webp;base64,") >= 2
    assert "src=http" not in html


@pytest.mark.e2e
def test_history_without_a_second_revision_tells_what_is_not_committed(committed: Clone) -> None:
    assert "HEAD → now: 15 → 15 pictures\n  no picture and no tag differs" in committed.run(
        "python", "-m", "tools.history", "HEAD"
    )
    committed.set_param("nasumiso_style", "misonasu")
    committed.run("dvc", "repro")
    text = committed.run("python", "-m", "tools.history", "HEAD")
    assert "common_tag.tag: nasumiso_style → misonasu" in text
    assert "misonasu: +15" in text


@pytest.mark.e2e
@pytest.mark.parametrize("revision", ["nonsense", "HEAD~1"])
def test_unknown_revision_or_one_without_a_dataset_is_one_line(clone: Clone, revision: str) -> None:
    git(clone, "First")
    output = clone.run("python", "-m", "tools.history", revision, "HEAD", ok=False)
    assert output.startswith(f"history: error: {revision}")
    assert len(output.strip().splitlines()) == 1
