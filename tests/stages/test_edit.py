"""Corrections reach their drawing, whatever became of numbers, names, thresholds and models."""

import hashlib
from pathlib import Path

import pytest

from stages import edit
from stages.edit import main
from stages.library.dataset.edits import Edit
from stages.library.dataset.edits_text import write_edits
from stages.library.dataset.manifest import SKIPPED, USED, Row, write_manifest
from tests.support.meanwhile import meanwhile, write

HERO, FRIEND = "hero.png", "friend.png"


def digest(drawing: str) -> str:
    return hashlib.sha256(drawing.encode()).hexdigest()


def key(drawing: str) -> str:
    return digest(drawing)[:12]


class Project:
    """Drawings (name and content), the tags of each, and edits.yaml, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.edits = folder / "edits.yaml"
        self.edits.write_text("{}\n", encoding="utf-8")

    def run(self, *drawings: tuple[str, str, str]) -> dict[str, str]:
        """Run the stage on drawings given as name, content and caption; return new captions."""
        captions = self.folder / "captions"
        captions.mkdir(exist_ok=True)
        for path in captions.iterdir():
            path.unlink()
        rows = []
        for number, (name, content, caption) in enumerate(drawings, 1):
            (captions / f"img{number:03}.txt").write_text(f"{caption}\n", encoding="utf-8")
            row = Row(f"img{number:03}.png", name, digest(content), 9, 9, USED, "")
            rows.append(row)
        write_manifest(self.folder / "manifest.csv", rows)
        assert main(self.flags()) == 0
        texts = sorted((self.folder / "edited").iterdir())
        return {
            name: path.read_text(encoding="utf-8").strip()
            for (name, _, _), path in zip(drawings, texts, strict=True)
        }

    def flags(self) -> list[str]:
        pairs = {
            "input": "captions",
            "edits": "edits.yaml",
            "manifest": "manifest.csv",
            "output": "edited",
            "written": "written.json",
        }
        return [
            word for flag, name in pairs.items() for word in (f"--{flag}", str(self.folder / name))
        ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose hero, first drawn as `old`, lost 1girl and gained eggplant."""
    made = Project(tmp_path)
    write_edits(made.edits, {key("old"): Edit(HERO, ["eggplant"], ["1girl"])})
    return made


def test_added_removed_and_the_others_untouched(project: Project) -> None:
    assert project.run((HERO, "old", "1girl, solo"), (FRIEND, "x", "1girl, solo")) == {
        HERO: "eggplant, solo",
        FRIEND: "1girl, solo",
    }


@pytest.mark.parametrize(
    ("retagged", "corrected"),
    [
        ("1girl, solo, hat", "eggplant, solo, hat"),  # a lower threshold
        ("solo", "eggplant, solo"),  # a higher one
        ("1girl, eggplant, solo", "eggplant, solo"),  # a model that sees it
        ("food, 1GIRL, no humans", "eggplant, food, no humans"),  # another model
        ("", "eggplant"),
    ],
)
def test_corrections_outlive_a_retag(project: Project, retagged: str, corrected: str) -> None:
    assert project.run((HERO, "old", retagged))[HERO] == corrected


def test_corrections_outlive_a_renamed_drawing(project: Project) -> None:
    new_name = "nasu_final_2.png"
    assert project.run((new_name, "old", "1girl, solo"))[new_name] == "eggplant, solo"


def test_corrections_outlive_an_inserted_drawing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = project.run(("a.png", "x", "1girl"), ("b.png", "y", "1girl"), (HERO, "old", "1girl"))
    assert texts == {"a.png": "1girl", "b.png": "1girl", HERO: "eggplant"}
    assert capsys.readouterr().out == "edit: corrections to 1 of 3 pictures applied\n"


def test_a_redrawn_picture_keeps_its_corrections_and_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run((HERO, "new", "1girl, solo"))[HERO] == "eggplant, solo"
    out = capsys.readouterr().out
    assert f"hero.png has changed since it was corrected ({key('old')}, now {key('new')})" in out
    assert "please look at img001.png" in out


def test_the_content_decides_before_the_name(project: Project) -> None:
    """The hero was renamed, and another drawing took its name."""
    texts = project.run((HERO, "other", "1girl"), ("renamed.png", "old", "1girl"))
    assert texts == {HERO: "1girl", "renamed.png": "eggplant"}


def test_a_mac_and_a_pc_spell_a_name_alike(project: Project) -> None:
    write_edits(project.edits, {key("old"): Edit("か\u3099.png", add=["x"])})
    assert project.run(("が.png", "new", "solo"))["が.png"] == "x, solo"


def test_a_drawing_that_is_gone_is_named_and_its_corrections_stay(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before = project.edits.read_bytes()
    assert project.run((FRIEND, "x", "1girl"))[FRIEND] == "1girl"
    assert f"hero.png ({key('old')}) is not among the drawings; kept, not applied" in (
        capsys.readouterr().out
    )
    assert project.edits.read_bytes() == before


def test_a_skipped_drawing_has_no_corrections(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.run((FRIEND, "x", "1girl"))
    rows = [
        Row("img001.png", FRIEND, digest("x"), 9, 9, USED, ""),
        Row("", HERO, digest("old"), 0, 0, SKIPPED, "is damaged"),
    ]
    write_manifest(project.folder / "manifest.csv", rows)
    assert main(project.flags()) == 0
    assert "is not among the drawings" in capsys.readouterr().out


def test_of_two_corrections_of_a_redrawn_picture_the_newer_holds(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    both = {key("old"): Edit(HERO, ["eggplant"]), key("new"): Edit(HERO, ["tomato"])}
    write_edits(project.edits, both)
    assert project.run((HERO, "new", "solo"))[HERO] == "tomato, solo"
    assert f"hero.png ({key('old')}) has newer corrections ({key('new')})" in (
        capsys.readouterr().out
    )
    assert project.run((HERO, "newest", "solo"))[HERO] == "tomato, solo"
    out = capsys.readouterr().out
    assert f"hero.png ({key('old')}) has newer corrections ({key('new')})" in out
    assert f"has changed since it was corrected ({key('new')}, now {key('newest')})" in out


def test_corrections_without_effect_are_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.run((HERO, "old", "eggplant, solo"))
    out = capsys.readouterr().out
    assert "img001: no 1girl to remove" in out
    assert "img001: eggplant is there already" in out


def test_added_tags_out_of_style_are_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_edits(project.edits, {key("old"): Edit(HERO, ["blue_eyes", "^_^"])})
    assert project.run((HERO, "old", "long hair"))[HERO] == "blue_eyes, ^_^, long hair"
    assert "captions have spaces, added tags have underscores: blue_eyes\n" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("edits.yaml", "oops", "holds no corrections"),
        ("edits.yaml", None, "no such file; get it back with: git checkout"),
        ("manifest.csv", "oops\n1\n", "is no manifest; run the prepare stage again"),
        ("manifest.csv", None, "no such file; run the prepare stage first"),
    ],
)
def test_bad_files_are_one_line_and_nothing_is_written(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str | None,
    message: str,
) -> None:
    project.run((HERO, "old", "1girl"))
    before = (project.folder / "edited" / "img001.txt").read_bytes()
    capsys.readouterr()
    path = project.folder / file
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    assert main(project.flags()) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"edit: error: {path}: {message}")
    assert error.count("\n") == 1
    assert (project.folder / "edited" / "img001.txt").read_bytes() == before


def test_corrections_saved_while_they_are_applied_are_not_passed_over(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run((HERO, "old", "1girl, solo"))
    before = (project.folder / "edited" / "img001.txt").read_bytes()
    later = f"{key('old')}:\n  source: {HERO}\n  add: [miso]\n"
    with monkeypatch.context() as patch:
        meanwhile(patch, edit, "corrected", write(project.edits, later))
        assert main(project.flags()) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"edit: error: {project.edits}: changed while this was running; run")
    assert error.count("\n") == 1
    assert (project.folder / "edited" / "img001.txt").read_bytes() == before

    assert project.run((HERO, "old", "1girl, solo")) == {HERO: "miso, 1girl, solo"}


def test_an_empty_file_stops_the_stage_and_a_pair_of_braces_means_none(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run((HERO, "old", "1girl, solo")) == {HERO: "eggplant, solo"}
    project.edits.write_bytes(b"")
    assert main(project.flags()) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        f"edit: error: {project.edits}: is empty; get your corrections back wit"
    )
    assert (
        f"git checkout {project.edits}; if there are to be none, write {{}} into it / 空です"
        in error
    )
    assert error.count("\n") == 1
    assert (project.folder / "edited" / "img001.txt").read_text() == "eggplant, solo\n"

    project.edits.write_text("{}\n")
    assert project.run((HERO, "old", "1girl, solo")) == {HERO: "1girl, solo"}
