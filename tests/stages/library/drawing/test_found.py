"""What a tagger finds in test pictures; the generate stage's tests have the rest."""

from pathlib import Path

import pytest
from PIL import Image

from stages.library.drawing.found import known_tags, tags_in
from stages.library.tagging import looking
from stages.library.tagging.kept import Kept
from stages.library.tagging.tagger import Choice, find_tagger
from tests.support.taggers import write_tagger


def test_tags_are_those_that_reach_the_threshold_and_scores_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = find_tagger(Choice(str(write_tagger(tmp_path / "tagger", size=32)), "", "", "", "cpu"))
    paths = [tmp_path / "red.png", tmp_path / "again.png", tmp_path / "blue.png"]
    for path, colour in zip(paths, ("red", "red", "blue"), strict=True):
        Image.new("RGB", (32, 32), colour).save(path)
    found = tags_in(paths, tagger, 0.95, Kept("generate"))
    assert found == {paths[0]: {"red_theme"}, paths[1]: {"red_theme"}, paths[2]: {"blue_theme"}}
    looks: list[object] = []
    monkeypatch.setattr(looking, "scores_in", looks.append)
    assert "miku_(cosplay)" in tags_in(paths, tagger, 0.9, Kept("generate"))[paths[0]]
    assert looks == []


def test_ratings_are_not_what_a_prompt_is_judged_by(tmp_path: Path) -> None:
    tagger = find_tagger(Choice(str(write_tagger(tmp_path / "tagger")), "", "", "", "cpu"))
    assert known_tags(tagger) == {
        "blue_theme",
        "green_theme",
        "red_theme",
        "<o>_<o>",
        "miku_(cosplay)",
    }
