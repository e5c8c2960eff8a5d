"""Hand edits to the pipeline's texts: the pipeline stops, save keeps them, discard drops them."""

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from stages import common_tag, edit, organize
from stages.library.common import outputs
from stages.library.common.outputs import sha256
from stages.library.dataset.captions import split, underscored
from stages.library.dataset.edits import Edit
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.manifest import USED, Row, write_manifest
from stages.library.dataset.written import Written, read_written, write_written
from tests.support.meanwhile import meanwhile, write
from tests.support.params import write_params
from tools.corrections import __main__ as corrections
from tools.corrections import save

TRIGGER = "nasu"


class Project:
    """The text stages and the tool, run by their commands in a project folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.name = "10_x"
        self.trigger = TRIGGER
        self.drawings = {"img001": "hero.png", "img002": "friend.png", "img003": "なす.png"}
        self.contents = {stem: stem for stem in self.drawings}
        for folder in ("captions", "prepared"):
            Path("data", folder).mkdir(parents=True)
        for number, stem in enumerate(self.drawings):
            Image.new("RGB", (64, 64), (number, 0, 0)).save(f"data/prepared/{stem}.png")
        Path("data/edits.yaml").write_text("# mine\n", encoding="utf-8")
        Path("data/drawings.yaml").write_text("# none\n", encoding="utf-8")
        self.tag(img001="1girl, solo, hat", img002="1girl, smile", img003="no_humans")

    def tag(self, **captions: str) -> None:
        """Let the tagger say something else."""
        for stem, text in captions.items():
            Path("data/captions", f"{stem}.txt").write_text(f"{text}\n", encoding="utf-8")

    def key(self, stem: str) -> str:
        return hashlib.sha256(self.contents[stem].encode()).hexdigest()[:12]

    def repro(self) -> str:
        """Run the stages after caption, in order, until one fails; return the error, or ''."""
        rows = [
            Row(f"{stem}.png", source, hashlib.sha256(self.contents[stem].encode()).hexdigest(),
                64, 64, USED, "")
            for stem, source in self.drawings.items()
        ]  # fmt: skip
        write_manifest(Path("data/manifest.csv"), rows)
        edits = (
            "--input data/captions --edits data/edits.yaml --output data/edited "
            "--written data/written/edited.json"
        )
        tagged = "--input data/edited --output data/tagged --written data/written/tagged.json"
        dataset = (
            "--pictures data/prepared --captions data/tagged --output data/dataset "
            "--written data/written/dataset.json --drawings data/drawings.yaml "
            "--prepared data/written/prepared.json --held-out data/held_out "
            "--held-out-written data/written/held_out.json"
        )
        repeats, _, name = self.name.partition("_")
        train: dict[str, object] = dict.fromkeys(
            ("train_batch_size", "gradient_accumulation_steps"), 1
        )
        params: dict[str, dict[str, object]] = {
            "common_tag": {"tag": self.trigger},
            "organize": {"name": name, "repeats": int(repeats), "hold_out": 0.0},
            "train": train | {"max_train_epochs": 100, "max_token_length": 225},
        }
        write_params(Path("params.yaml"), params)
        steps: list[tuple[Callable[[list[str]], int], str]] = [
            (edit.main, edits),
            (common_tag.main, tagged),
            (organize.main, dataset),
        ]
        for main, flags in steps:
            if main([*flags.split(), "--manifest", "data/manifest.csv"]):
                return self.capsys.readouterr().err
        self.capsys.readouterr()
        return ""

    def corrections(self, words: str, code: int = 0) -> tuple[str, str]:
        """Run the tool and return what it printed and its error."""
        assert corrections.main(shlex.split(words)) == code
        return self.capsys.readouterr()

    def path(self, place: str, stem: str) -> Path:
        folder = "data/tagged" if place == "tagged" else f"data/dataset/{self.name}"
        return Path(folder, f"{stem}.txt")

    def text(self, stem: str = "img001") -> str:
        """Return the tags that stand, alike, in both places."""
        tagged = self.path("tagged", stem).read_text(encoding="utf-8")
        assert self.path("dataset", stem).read_text(encoding="utf-8") == tagged
        return tagged.strip()

    def type(self, place: str, stem: str, text: str | bytes) -> None:
        """Change a caption by hand."""
        data = text if isinstance(text, bytes) else text.encode()
        self.path(place, stem).write_bytes(data)


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(capsys)
    assert made.repro() == ""
    return made


PLACES = pytest.mark.parametrize("place", ["tagged", "dataset"])


# stop


@PLACES
@pytest.mark.parametrize("changed", [False, True], ids=["same params", "tagged otherwise"])
def test_an_empty_file_is_damage_and_made_again(
    project: Project, place: str, changed: bool
) -> None:
    before, edits = project.text(), Path("data/edits.yaml").read_bytes()
    project.type(place, "img001", "")
    Path("data/dataset/10_x/img002.png").write_bytes(b"")
    printed, error = project.corrections("save")
    assert "nothing was changed by hand" in printed
    assert f"{project.path(place, 'img001')}" in error
    assert "dvc repro makes it again" in error
    assert Path("data/edits.yaml").read_bytes() == edits
    if changed:
        project.tag(img001="solo, cat")
    assert project.repro() == ""
    assert project.text() == ("nasu, solo, cat" if changed else before)
    assert sha256(Path("data/dataset/10_x/img002.png")) == sha256(Path("data/prepared/img002.png"))


@PLACES
def test_an_empty_line_takes_all_tags_away(project: Project, place: str) -> None:
    project.type(place, "img001", "\n")
    assert "changed by hand" in project.repro()
    _, error = project.corrections("save", 1)
    assert f"{project.path(place, 'img001')} holds no tag any more; if that is meant:" in error
    assert read_edits(Path("data/edits.yaml")) == {}
    project.corrections("save --emptied")
    assert project.repro() == ""
    assert project.text() == "nasu"


@PLACES
def test_the_pipeline_stops_before_it_overwrites(project: Project, place: str) -> None:
    project.type(place, "img001", "nasu, mine\n")
    error = project.repro()
    assert f"{project.path(place, 'img001')} (hero.png)" in error
    assert "img002" not in error
    assert "python -m tools.corrections save" in error
    assert project.path(place, "img001").read_text() == "nasu, mine\n"


@PLACES
def test_it_stops_too_when_the_tags_changed_meanwhile(project: Project, place: str) -> None:
    project.type(place, "img001", "nasu, mine\n")
    project.tag(img001="solo, cat")
    assert "changed by hand" in project.repro()
    assert project.path(place, "img001").read_text() == "nasu, mine\n"


def test_a_new_name_does_not_hide_a_hand_edit(project: Project) -> None:
    project.type("dataset", "img001", "nasu, mine\n")
    old = project.path("dataset", "img001")
    project.name = "20_y"
    assert str(old) in project.repro()
    assert old.read_text() == "nasu, mine\n"


def test_a_new_name_alone_stops_nothing(project: Project) -> None:
    project.name = "20_y"
    assert project.repro() == ""
    assert [path.name for path in Path("data/dataset").iterdir()] == ["20_y"]


def test_a_new_trigger_alone_stops_nothing(project: Project) -> None:
    project.trigger = "miso"
    assert project.repro() == ""
    assert project.text() == "miso, 1girl, solo, hat"


def test_a_drawing_that_is_gone_stops_nothing(project: Project) -> None:
    for path in (Path("data/captions/img003.txt"), Path("data/prepared/img003.png")):
        path.unlink()
    del project.drawings["img003"]
    assert project.repro() == ""
    assert not project.path("dataset", "img003").exists()


def test_what_is_held_back_can_be_corrected_too(project: Project) -> None:
    wish = f"{project.key('img002')}: {{source: friend.png, use: test}}\n"
    Path("data/drawings.yaml").write_text(wish)
    pictures = {
        path.stem: {"stem": path.stem, "hash": "0", "sha256": sha256(path)}
        for path in Path("data/prepared").iterdir()
    }
    Path("data/written/prepared.json").write_text(json.dumps({"pictures": pictures}))
    assert project.repro() == ""
    path = Path("data/held_out/1_x/img002.txt")
    path.write_text("nasu, 1girl, smile, mine\n")
    assert f"{path} (friend.png)" in project.repro()
    printed, _ = project.corrections("save")
    assert f"{path} (friend.png): +mine" in printed
    assert project.repro() == ""
    assert path.read_text() == "nasu, mine, 1girl, smile\n"
    path.write_text("nasu\n")
    project.corrections("discard")
    assert path.read_text() == "nasu, mine, 1girl, smile\n"


def test_files_deleted_by_hand_come_back(project: Project) -> None:
    project.path("tagged", "img001").unlink()
    project.path("dataset", "img002").unlink()
    assert project.repro() == ""
    assert project.text("img001") == "nasu, 1girl, solo, hat"
    assert project.text("img002") == "nasu, 1girl, smile"


def test_latents_of_the_trainer_and_litter_stop_nothing(project: Project) -> None:
    for name in ("img001.npz", ".DS_Store"):
        (Path("data/dataset") / project.name / name).write_bytes(b"\xff")
    Path("data/tagged/.DS_Store").write_bytes(b"\xff")
    project.tag(img001="solo")
    assert project.repro() == ""


def test_a_clone_without_the_dataset_stops_nothing(project: Project) -> None:
    """data/tagged and its record are in Git; data/dataset and its record come with dvc pull."""
    for path in (*Path("data/dataset").glob("*/*"), Path("data/written/dataset.json")):
        path.unlink()
    project.tag(img001="solo")
    assert project.repro() == ""
    assert project.text() == "nasu, solo"


@PLACES
def test_a_lost_record_stops_nothing_while_nothing_changes(project: Project, place: str) -> None:
    Path(f"data/written/{place}.json").unlink()
    assert project.repro() == ""
    assert read_written(Path(f"data/written/{place}.json")) != {}


@PLACES
@pytest.mark.parametrize("content", [None, "{"])
def test_a_lost_record_is_told_from_a_hand_edit(
    project: Project, place: str, content: str | None
) -> None:
    record = Path(f"data/written/{place}.json")
    record.unlink() if content is None else record.write_text(content)
    project.tag(img001="solo")
    error = project.repro()
    assert "there is no record that could tell" in error
    assert str(project.path(place, "img001")) in error
    if place == "tagged":
        _, error = project.corrections("save", code=1)
        assert f"has no record to compare with; get {record} back from Git or DVC" in error


@PLACES
def test_killed_between_the_folder_and_its_record(
    project: Project, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is swapped first; a rerun of the same inputs finds what it would write."""
    stage = common_tag if place == "tagged" else organize
    project.tag(img001="solo")

    def killed_at(record: Path, written: dict[str, Written]) -> None:
        if record.stem == place:  # that of what is held back has its folder already
            raise Killed
        write_written(record, written)

    with monkeypatch.context() as patch:
        patch.setattr(stage, "write_written", killed_at)
        with pytest.raises(Killed):
            project.repro()
    assert project.path(place, "img001").read_text() == "nasu, solo\n"
    assert project.repro() == ""
    assert project.text() == "nasu, solo"


class Killed(BaseException):
    """What SIGKILL would be, were it an exception."""


def killed(*_: object) -> None:
    raise Killed


# save


@PLACES
@pytest.mark.parametrize(
    "tags",
    [
        "eggplant, 1girl, solo, hat",
        "1girl, eggplant, solo, hat",
        "solo, hat",
        "hat, solo, 1girl",
        "eggplant, 1girl, hat",
        "long hair, 1 girl, hat",
        "",
        "no, null, 1e5, 12, '#x', \"q\", ;), <o>_<o>, {a, 味噌, 🍆, : d, - x",
    ],
    ids=[
        "add",
        "add within",
        "remove",
        "order",
        "all three",
        "spelling",
        "nothing left",
        "odd tags",
    ],
)
def test_what_was_typed_is_what_the_pipeline_writes(
    project: Project, place: str, tags: str
) -> None:
    typed = f"nasu, {tags}" if tags else "nasu"
    project.type(place, "img001", f"{typed}\n")
    assert "changed by hand" in project.repro()
    out, _ = project.corrections("save --as-written" if tags else "save --emptied")
    assert f"{project.path(place, 'img001')} (hero.png): " in out
    assert out.endswith("corrections: 1 captions kept in data/edits.yaml\nnow run: dvc repro\n")
    assert project.repro() == ""
    assert project.text() == typed
    assert project.text("img002") == "nasu, 1girl, smile"
    assert list(read_edits(Path("data/edits.yaml"))) == [project.key("img001")]
    assert Path("data/edits.yaml").read_text(encoding="utf-8").startswith("# mine\n")


def test_tags_typed_at_the_end_come_first_and_stay_there(project: Project) -> None:
    """The end is where training cuts; save, repro, save is a fixed point all the same."""
    project.type("tagged", "img001", "nasu, 1girl, solo, hat, eggplant, miso\n")
    out, _ = project.corrections("save")
    assert "tags added at the end go to the front, where training cuts none off\n" in out
    saved = Path("data/edits.yaml").read_bytes()
    for _ in range(2):
        assert project.repro() == ""
        assert project.text() == "nasu, eggplant, miso, 1girl, solo, hat"
        assert project.corrections("save")[0] == "corrections: nothing was changed by hand\n"
        assert Path("data/edits.yaml").read_bytes() == saved


def test_the_corrections_are_small_and_readable(project: Project) -> None:
    project.type("dataset", "img001", "nasu, solo, hat, eggplant\n")
    out, _ = project.corrections("save")
    assert "(hero.png): -1girl +eggplant\n" in out
    assert Path("data/edits.yaml").read_text(encoding="utf-8") == (
        f"# mine\n{project.key('img001')}:\n  source: hero.png\n"
        "  add: [eggplant]\n  remove: [1girl]\n"
    )


def test_saved_corrections_outlive_a_retag(project: Project) -> None:
    project.type("tagged", "img001", "nasu, solo, hat, eggplant\n")
    project.corrections("save")
    project.tag(img001="food, 1girl, solo")
    assert project.repro() == ""
    assert project.text() == "nasu, eggplant, food, solo"


def test_several_files_in_both_places(project: Project) -> None:
    project.type("tagged", "img001", "nasu, 1girl, solo, hat, x\n")
    project.type("dataset", "img001", "nasu, 1girl, hat, y\n")
    project.type("dataset", "img002", "nasu, 1girl\n")
    project.type("tagged", "img003", "nasu, no_humans, eggplant\n")
    out, error = project.corrections("save", 1)
    assert "corrections: 2 captions kept" in out
    tagged, dataset = (project.path(place, "img001") for place in ("tagged", "dataset"))
    assert f"{tagged} (+x) is changed in another way than {dataset}; make them alike" in error
    assert f"{dataset} (-solo +y) is changed in another way than {tagged}; make them" in error
    assert set(read_edits(Path("data/edits.yaml"))) == {
        project.key("img002"),
        project.key("img003"),
    }
    assert "changed by hand" in project.repro()

    dataset.write_bytes(tagged.read_bytes())
    project.corrections("save")
    assert project.repro() == ""
    assert project.text("img001") == "nasu, x, 1girl, solo, hat"
    assert project.text("img002") == "nasu, 1girl"
    assert project.text("img003") == "nasu, eggplant, no_humans"


def test_the_same_change_in_both_places(project: Project) -> None:
    for place in ("tagged", "dataset"):
        project.type(place, "img001", "nasu, hat, 1girl, x\n")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, hat, 1girl, x"


def test_saving_again_before_the_next_run(project: Project) -> None:
    for text in ("nasu, hat, 1girl, x\n", "nasu, hat, x\n", "nasu, x, solo, hat\n"):
        project.type("dataset", "img001", text)
        project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, x, solo, hat"


def test_saving_and_running_again_and_again(project: Project) -> None:
    for text in ("nasu, hat, 1girl, x", "nasu, hat, x", "nasu, x, 1girl, solo, hat", "nasu"):
        project.type("tagged", "img001", text)
        project.corrections("save --emptied")
        assert project.repro() == ""
        assert project.text() == text


def test_nothing_to_save(project: Project) -> None:
    before = Path("data/edits.yaml").read_bytes()
    out, _ = project.corrections("save")
    assert out == "corrections: nothing was changed by hand\n"
    assert Path("data/edits.yaml").read_bytes() == before


def test_corrections_made_on_the_old_drawing_go_with_the_new_one(project: Project) -> None:
    project.type("tagged", "img001", "nasu, 1girl, solo, hat, eggplant\n")
    project.corrections("save")
    project.contents["img001"] = "redrawn"
    assert project.repro() == ""
    assert project.text() == "nasu, eggplant, 1girl, solo, hat"
    project.type("tagged", "img001", "nasu, eggplant, 1girl, hat\n")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, eggplant, 1girl, hat"
    assert read_edits(Path("data/edits.yaml"))[project.key("img001")] == Edit(
        "hero.png", ["eggplant"], ["solo"]
    )


@pytest.mark.parametrize(
    "text", ["1girl, solo, hat", "1girl, nasu, solo, hat", "Nasu, 1girl, solo, hat"]
)
@PLACES
def test_the_trigger_is_no_correction(project: Project, place: str, text: str) -> None:
    project.type(place, "img001", text)
    out, _ = project.corrections("save")
    assert "nasu stays first: it is the trigger, of common_tag in params.yaml" in out
    assert read_edits(Path("data/edits.yaml")) == {}
    assert project.path(place, "img001").read_text() == "nasu, 1girl, solo, hat\n"
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, solo, hat"


def test_without_the_trigger_the_first_tag_is_not_mistaken_for_it(project: Project) -> None:
    project.type("tagged", "img001", "1girl, solo, hat")
    project.corrections("save")
    project.type("tagged", "img001", "solo, hat")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, solo, hat"


def test_tags_on_several_lines(project: Project) -> None:
    project.type("dataset", "img001", "nasu, 1girl\r\nsolo\r\n\r\nhat, x\r\n")
    out, _ = project.corrections("save")
    assert "(hero.png): the whole caption, as it is written\n    of its lines a trainer" in out
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl\nnasu, solo\nnasu, hat, x"


@PLACES
@pytest.mark.parametrize(
    "typed",
    [
        "nasu, 1GIRL, ((solo)), (hat:1.2)",
        r"nasu, \(1girl\), [solo], <hat:0.8>",
        "ｎａｓｕ、１ｇｉｒｌ，solo､hat",
        "nasu, 1girl, solo, hat, hat",
    ],
    ids=["weights", "escapes", "Japanese commas", "twice"],
)
def test_another_spelling_is_no_correction(project: Project, place: str, typed: str) -> None:
    project.type(place, "img001", f"{typed}\n")
    assert "changed by hand" in project.repro()
    out, _ = project.corrections("save")
    assert "corrections: 1 captions differ in spelling alone, which is no correction: capt" in out
    assert read_edits(Path("data/edits.yaml")) == {}
    project.tag(img001="1girl, cat")
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, cat"


def test_what_is_new_beside_another_spelling_is_learned_alone(project: Project) -> None:
    project.tag(img001="1girl, long_hair, saber_(fate)")
    project.repro()
    project.type(
        "dataset", "img001", r"nasu, 1girl, long hair, saber \(fate\), (red_hat:1.3), a \(b\)"
    )
    out, _ = project.corrections("save")
    assert "(hero.png): +red_hat +a (b)\n" in out
    assert read_edits(Path("data/edits.yaml"))[project.key("img001")].add == ["red_hat", "a (b)"]
    project.tag(img001="1girl")
    assert project.repro() == ""
    assert project.text() == "nasu, red_hat, a (b), 1girl"


@PLACES
def test_japanese_commas_separate_tags(project: Project, place: str) -> None:
    project.type(place, "img001", "nasu、1girl、ＢＬＵＥ_eyes，茄子　\n".replace("　", ""))
    project.corrections("save --as-written")
    assert project.repro() == ""
    assert project.text() == "nasu, BLUE_eyes, 茄子, 1girl"


@PLACES
def test_a_japanese_word_is_not_kept_before_somebody_says_so(project: Project, place: str) -> None:
    Path("data/dictionary").mkdir()
    Path("data/dictionary/ja.csv").write_text("tag,ja\nsmile,笑顔\n", encoding="utf-8")
    Path("data/dictionary/synonyms.csv").write_text(
        "typed,tag\n体育座り,hugging_own_legs\n体育座り,knees_up\n", encoding="utf-8"
    )
    project.type(place, "img001", "nasu, 1girl, 笑顔, 体育座り, なぞの物\n")
    project.type(place, "img002", "nasu, 1girl, hat\n")
    _, error = project.corrections("save", 1)
    assert "img001.txt 笑顔: did you mean smile? write that, 体育座り: did you mean " in error
    assert (
        "hugging_own_legs or knees_up? write that, なぞの物: no tag is known for it; wri" in error
    )
    assert "to keep the words as they are: python -m tools.corrections save --as-written" in error
    assert read_edits(Path("data/edits.yaml")).keys() == {project.key("img002")}
    assert "changed by hand" in project.repro()
    project.type(place, "img001", "nasu, 1girl, smile, なぞの物\n")
    project.corrections("save --as-written")
    assert project.repro() == ""
    assert project.text() == "nasu, smile, なぞの物, 1girl"
    project.type(place, "img001", "nasu, smile, なぞの物\n")
    project.corrections("save")  # the word has been there: nobody asks twice
    assert project.repro() == ""
    assert project.text() == "nasu, smile, なぞの物"


@PLACES
def test_a_list_without_commas_is_asked_about(project: Project, place: str) -> None:
    Path("data/dictionary").mkdir()
    Path("data/dictionary/ja.csv").write_text(
        "tag,ja\n1girl,女の子\nsolo,ひとり\nlong_hair,長い髪\n", encoding="utf-8"
    )
    project.type(place, "img001", "nasu, 1girl solo long_hair\n")
    _, error = project.corrections("save", 1)
    assert "img001.txt did you mean 1girl, solo, long_hair? put commas between tags / " in error
    project.type(place, "img001", "nasu, 1girl solo long_hair hat on a stick\n")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl solo long_hair hat on a stick"


@PLACES
def test_a_word_that_is_a_tag_of_one_s_own_is_kept(project: Project, place: str) -> None:
    Path("data/dictionary").mkdir()
    Path("data/dictionary/ja.csv").write_text("tag,ja\n", encoding="utf-8")
    Path("data/dictionary/mine.csv").write_text("tag,ja\nうちの子,うちの子\n", encoding="utf-8")
    project.type(place, "img001", "nasu, 1girl, うちの子\n")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, うちの子, 1girl"


@pytest.mark.parametrize(
    "caption",
    [
        "A girl, seen from behind, waits. A girl, seen from behind, runs.",
        "彼女は、雨の中で、彼女は待っている。",
        "1girl, hat ||| smile, hat",
        "one tag, another\nA second line, with a hat",
        "a girl who is sitting on a chair and reading, hat",
    ],
    ids=["sentences", "Japanese", "fixed part", "lines", "many words"],
)
@PLACES
def test_more_than_a_list_of_tags_is_kept_as_written(
    project: Project, place: str, caption: str
) -> None:
    written = "\n".join(f"nasu, {line}" for line in caption.splitlines())
    for typed in (written, caption):
        project.type(place, "img001", f"{typed}\n")
        out, _ = project.corrections("save")
        assert "(hero.png): the whole caption, as it is written\n" in out
        assert read_edits(Path("data/edits.yaml"))[project.key("img001")].caption == caption
        assert project.repro() == ""
        assert project.text() == written
        assert project.corrections("save")[0] == "corrections: nothing was changed by hand\n"
    project.tag(img001="cat")
    assert project.repro() == ""
    assert project.text() == written


SENTENCE = "She waits in the rain, alone."


@PLACES
@pytest.mark.parametrize("trigger", ["nasu, ", ""], ids=["with trigger", "without"])
def test_a_sentence_below_the_tags_is_kept_beside_what_the_tagger_says(
    project: Project, place: str, trigger: str
) -> None:
    project.type(place, "img001", f"nasu, 1girl, hat\n{trigger}{SENTENCE}\n")
    out, _ = project.corrections("save")
    assert (
        f"(hero.png): -solo sentence: {SENTENCE}\n    kept as a second line: with train.en" in out
    )
    key = project.key("img001")
    edits = Path("data/edits.yaml")
    assert read_edits(edits)[key] == Edit("hero.png", remove=["solo"], sentence=SENTENCE)
    assert project.repro() == ""
    assert project.text() == f"nasu, 1girl, hat\nnasu, {SENTENCE}"
    assert project.corrections("save")[0] == "corrections: nothing was changed by hand\n"
    project.tag(img001="cat")
    assert project.repro() == ""
    assert project.text() == f"nasu, cat\nnasu, {SENTENCE}"
    project.type(place, "img001", f"nasu, cat, dog\nnasu, {SENTENCE}\n")
    out, _ = project.corrections("save")
    assert "(hero.png): +dog\n" in out
    assert project.repro() == ""
    assert project.text() == f"nasu, dog, cat\nnasu, {SENTENCE}"
    project.type(place, "img001", "nasu, dog, cat\nnasu, She is gone.\n")
    assert "(hero.png): sentence: She is gone.\n" in project.corrections("save")[0]
    assert project.repro() == ""
    project.type(place, "img001", "nasu, dog, cat\n")
    assert "(hero.png): sentence: none any more\n" in project.corrections("save")[0]
    assert project.repro() == ""
    assert read_edits(edits)[key].sentence == ""
    assert project.text() == "nasu, dog, cat"


def test_captions_in_words_that_came_along_can_go_below_the_tags(project: Project) -> None:
    folder = Path("data/raw")
    folder.mkdir()
    (folder / "hero.txt").write_text("A girl waits here.\nShe reads.\n", encoding="utf-8")
    (folder / "friend.txt").write_text("1girl, smile\nShe smiles.\n", encoding="utf-8")
    (folder / "なす.txt").write_text("少女がいる。\n", encoding="utf-8")
    out, _ = project.corrections("import data/raw --sentences")
    assert "hero.txt (hero.png): sentence: A girl waits here. She reads.\n" in out
    assert "corrections: 3 of 3 captions taken" in out
    assert project.repro() == ""
    assert project.text("img001") == "nasu, 1girl, solo, hat\nnasu, A girl waits here. She reads."
    assert project.text("img002") == "nasu, 1girl, smile\nnasu, She smiles."
    assert project.text("img003") == "nasu, no_humans\nnasu, 少女がいる。"
    assert "0 of 3 captions taken" in project.corrections("import data/raw --sentences")[0]


def test_lines_that_become_one_are_told_of(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.type("tagged", "img001", "nasu, one tag\nnasu, another\n")
    project.corrections("save")
    edits = Path("data/edits.yaml")
    edits.write_text(edits.read_text(encoding="utf-8") + "  remove: [another]\n", encoding="utf-8")
    said: list[str] = []
    monkeypatch.setattr("builtins.print", lambda *words, **_: said.append(str(words[0])))
    assert project.repro() == ""
    assert "  img001: the lines of its caption became one, since tags changed" in said
    assert project.text() == "nasu, one tag"


def test_tags_of_a_caption_kept_whole_are_whole_again(project: Project) -> None:
    Path("data/dictionary").mkdir()
    Path("data/dictionary/ja.csv").write_text("tag,ja\nhat,帽子\n", encoding="utf-8")
    project.type("tagged", "img001", "nasu, A girl waits here, hat\n")
    project.type("tagged", "img002", "nasu, She is sitting in the rain.\n")
    project.corrections("save")
    assert project.repro() == ""
    project.type("tagged", "img002", "nasu, 1girl, rain\n")
    project.corrections("save")
    assert project.repro() == ""
    assert project.text("img002") == "nasu, 1girl, rain"
    project.tag(img002="cat")
    assert project.repro() == ""
    assert project.text("img002") == "nasu, 1girl, rain"


HABITS: list[Callable[[str], str]] = [
    lambda tag: tag,
    lambda tag: tag.replace("_", " "),
    lambda tag: tag.replace("(", r"\(").replace(")", r"\)"),
    lambda tag: f"(({tag}))",
    lambda tag: f"({tag}:1.2)",
    lambda tag: f"[{tag}]",
    lambda tag: f"  {tag.title()} ",
]
"""What tag editors and WebUIs make of a tag."""
OLD = ["1girl", "long_hair", "saber_(fate)", "hat"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tags=st.lists(st.sampled_from([*OLD, "new_tag", "なす"]), unique=True, max_size=6),
    habit=st.sampled_from(HABITS),
    comma=st.sampled_from([", ", ",", "、", "，", " , "]),
    trigger=st.sampled_from(["nasu", "Nasu", ""]),
    place=st.sampled_from(["tagged", "dataset"]),
)
def test_saving_what_was_saved_changes_nothing(
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    tags: list[str],
    habit: Callable[[str], str],
    comma: str,
    trigger: str,
    place: str,
) -> None:
    with chdir(tmp_path_factory.mktemp("project")):
        project = Project(capsys)
        project.tag(img001=", ".join(OLD))
        assert project.repro() == ""
        results, wanted = [], set(tags) & set(OLD)
        for _ in range(2):
            said = comma.join(filter(None, [trigger, *map(habit, tags)]))
            project.type(place, "img001", f"{said}\n")
            project.corrections("save --emptied --as-written")
            assert project.repro() == ""
            results.append((project.text(), Path("data/edits.yaml").read_bytes()))
            nothing = "corrections: nothing was changed by hand\n"
            assert project.corrections("save")[0] == nothing
            kept = map(underscored, split(project.text()))
            assert {tag for tag in kept if tag in OLD} == wanted
            assert len(split(project.text())) == 1 + len(tags)
            tags = split(project.text())[1:]  # what was new at the end went to the front
        assert results[0] == results[1]


# what is not the pipeline's, and what is gone


def test_a_folder_made_by_hand_is_not_removed(project: Project) -> None:
    copies = Path("data/dataset/2_face")
    copies.mkdir()
    for name in ("img001.png", "img001.txt"):
        shutil.copyfile(Path("data/dataset/10_x", name), copies / name)
    for name in ("10_x", "20_y"):
        project.name = name
        error = project.repro()
        assert f"  {copies / 'img001.png'}: not the pipeline's, move it away\n" in error
        assert sorted(path.name for path in copies.iterdir()) == ["img001.png", "img001.txt"]
    for action in ("save", "discard"):
        _, error = project.corrections(action, 1)
        assert f"{copies / 'img001.txt'} is no file of the pipeline; move it away" in error
    copies.rename("data/raw_face")
    assert project.repro() == ""
    assert sorted(path.name for path in Path("data/dataset").iterdir()) == ["20_y"]


@PLACES
def test_a_backup_in_the_folder_is_neither_learned_from_nor_put_back(
    project: Project, place: str
) -> None:
    path = project.path(place, "img001")
    backup = path.parent / "old" / path.name
    backup.parent.mkdir()
    backup.write_text("nasu, older\n", encoding="utf-8")
    for action in ("save", "discard"):
        _, error = project.corrections(action, 1)
        assert f"{backup} is no file of the pipeline; move it away" in error
    assert backup.read_text(encoding="utf-8") == "nasu, older\n"
    assert read_edits(Path("data/edits.yaml")) == {}


@PLACES
def test_what_was_deleted_comes_back_and_that_is_said(project: Project, place: str) -> None:
    path = project.path(place, "img001")
    path.unlink()
    path.with_suffix(".png").unlink(missing_ok=True)
    said = f"{path} (hero.png): deleted, and comes back with dvc repro; to leave a drawing out, "
    assert said in project.corrections("save")[1]
    project.repro()
    assert path.is_file()
    assert "deleted" not in project.corrections("save")[1]


def test_what_leads_nowhere_is_named_and_not_overwritten(project: Project) -> None:
    path = Path("data/edited/img001.txt")
    assert not path.stat().st_mode & 0o222
    path.chmod(0o644)
    path.write_text("1girl, mine\n", encoding="utf-8")
    for _ in range(2):
        error = project.repro()
        assert f"  {path}\n  this folder only leads from one stage to the next" in error
        assert path.read_text(encoding="utf-8") == "1girl, mine\n"
        _, error = project.corrections("save", 1)
        said = (
            f"{path} is only between two stages: give python -m tools.corrections discard {path},"
        )
        assert said in error
    other = project.path("tagged", "img002")
    project.type("tagged", "img002", "nasu, unsaved\n")
    assert project.corrections("discard data/edited")[0] == (
        f"  {path}: removed; dvc repro makes it again\ncorrections: 1 files put back\n"
    )
    assert other.read_text(encoding="utf-8") == "nasu, unsaved\n"
    project.corrections("save")
    assert project.repro() == ""
    assert path.read_text(encoding="utf-8") == "1girl, solo, hat\n"
    assert project.text("img002") == "nasu, unsaved"


# import, take


def test_captions_beside_the_drawings_become_corrections(project: Project) -> None:
    raw = Path("data/raw")
    raw.mkdir()
    (raw / "hero.txt").write_text("nasu, solo, red hat\n", encoding="utf-8")
    (raw / "friend.png.txt").write_text("She smiles, and she waits in the rain.", encoding="utf-8")
    (raw / "stranger.txt").write_text("cat", encoding="utf-8")
    out, _ = project.corrections("import data/raw")
    assert f"  {raw / 'hero.txt'} (hero.png): -1girl -hat +red hat\n" in out
    assert out.endswith("corrections: 2 of 2 captions taken; now run: dvc repro\n")
    assert project.repro() == ""
    assert project.text("img001") == "nasu, solo, red hat"
    assert project.text("img002") == "nasu, She smiles, and she waits in the rain."
    assert project.text("img003") == "nasu, no_humans"
    assert "corrections: 0 of 2 captions taken" in project.corrections("import data/raw")[0]


def test_a_japanese_word_beside_a_drawing_is_asked_about_too(project: Project) -> None:
    Path("data/dictionary").mkdir()
    Path("data/dictionary/ja.csv").write_text("tag,ja\nsmile,笑顔\n", encoding="utf-8")
    Path("data/raw").mkdir()
    caption = Path("data/raw/hero.txt")
    caption.write_text("1girl、笑顔\n", encoding="utf-8")
    _, error = project.corrections("import data/raw", 1)
    assert f"{caption} 笑顔: did you mean smile? write that / 笑顔: smile のことですか?" in error
    assert "python -m tools.corrections import data/raw --as-written" in error
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, solo, hat"
    caption.write_text("1girl、smile\n", encoding="utf-8")
    project.corrections("import data/raw")
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, smile"
    caption.write_text("1girl、笑顔\n", encoding="utf-8")
    project.corrections("import data/raw --as-written")
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, 笑顔"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("import", "import: name the folder of drawings, as data/raw"),
        ("take", "take: name the file, as edits (1).yaml"),
        ("save data/tagged", "save: takes no 'data/tagged'; leave it out"),
        ("import data/rwa", "data/rwa: no such folder; name that of your drawings"),
        ("import data/written", "data/written: holds no caption beside a drawing of the dataset"),
        ("take 'data/edits (1).yaml'", "data/edits (1).yaml: no such file; name one of corr"),
        ("take data/edits.yaml", "data/edits.yaml: is the file of corrections itself"),
    ],
)
def test_what_cant_be_taken_is_named(project: Project, words: str, said: str) -> None:
    assert project.corrections(words, 1)[1].startswith(f"corrections: error: {said}")


def test_a_copy_that_a_browser_saved_is_named_and_taken(project: Project) -> None:
    edits, copy = Path("data/edits.yaml"), Path("data/edits (1).yaml")
    one, two, three = (project.key(stem) for stem in ("img001", "img002", "img003"))
    edits.write_text(
        f"# mine\n{one}:\n  source: hero.png\n  add: [a]\n{two}:\n"
        "  source: friend.png\n  add: [b]\n",
        encoding="utf-8",
    )
    copy.write_text(
        f"{one}:\n  source: hero.png\n  add: [c]\n{three}:\n  source: なす.png\n  add: [d]\n",
        encoding="utf-8",
    )
    said = f'{copy}: nothing reads this copy; take it: python -m tools.corrections take "{copy}"'
    assert said in project.corrections("save")[1]

    os.utime(copy, (0, 0))
    _, error = project.corrections(f"take '{copy}'", 1)
    assert "is older than data/edits.yaml, which has other corrections of hero.png; delet" in error
    os.utime(copy)
    os.utime(edits, (0, 0))
    out, _ = project.corrections(f"take '{copy}'")
    assert "  hero.png: add: -a +c\n  friend.png: not in edits (1).yaml, kept\n" in out
    assert not copy.exists()
    assert {key: entry.add for key, entry in read_edits(edits).items()} == {
        one: ["c"],
        two: ["b"],
        three: ["d"],
    }
    assert edits.read_text(encoding="utf-8").startswith("# mine\n")


LEFT = {
    "a file of one's own": ("notes.txt", b"buy miso", "is no file of the pipeline; move it away"),
    "a retouched picture": ("img001.png", b"\x89PNG", "is a picture changed by hand; put it among"),
    "not UTF-8": ("img001.txt", b"\x93\xfa\x96\x7b", "is not UTF-8; save it again as UTF-8"),
    "an invisible sign": (
        "img001.txt",
        "nasu, a\u200bb".encode(),
        "holds 'a\\u200bb', a full-width space or an invisible sign; type it anew",
    ),
    "a full-width space": (
        "img001.txt",
        "nasu, 味噌\u3000汁".encode(),
        "holds '味噌\\u3000汁', a full-width space or an invisible sign; type it anew",
    ),
}


@pytest.mark.parametrize(("name", "content", "why"), LEFT.values(), ids=LEFT)
def test_what_can_not_be_kept_is_named_and_the_rest_is_kept(
    project: Project, name: str, content: bytes, why: str
) -> None:
    path = Path("data/dataset") / project.name / name
    path.write_bytes(content)
    project.type("dataset", "img002", "nasu, smile\n")
    assert str(path) in project.repro()
    out, error = project.corrections("save", code=1)
    assert "corrections: 1 captions kept" in out
    assert error.startswith("corrections: error: these can't be kept as corrections:\n")
    assert f"  {path} {why}" in error
    assert path.read_bytes() == content
    assert list(read_edits(Path("data/edits.yaml"))) == [project.key("img002")]


def test_a_broken_edits_file_stops_save_before_anything(project: Project) -> None:
    project.type("tagged", "img001", "nasu, x\n")
    Path("data/edits.yaml").write_text("oops")
    _, error = project.corrections("save", code=1)
    assert error.startswith("corrections: error: data/edits.yaml: holds no corrections")
    assert Path("data/edits.yaml").read_text() == "oops"
    assert "holds no corrections" in project.repro()
    assert project.path("tagged", "img001").read_text() == "nasu, x\n"


@PLACES
@pytest.mark.parametrize(
    "text", ["nasu, hat, 1girl, x", "x, 1girl", "nasu, x, she sits in a tree."]
)
def test_killed_between_edits_and_records_then_run_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str, text: str
) -> None:
    project.type(place, "img001", text)
    with monkeypatch.context() as patch:
        patch.setattr(save, "write_written", killed)
        with pytest.raises(Killed):
            corrections.main(["save"])
    once = Path("data/edits.yaml").read_bytes()
    corrections.main(["save"])
    assert Path("data/edits.yaml").read_bytes() == once
    assert project.repro() == ""
    assert project.text() == "nasu, " + text.removeprefix("nasu, ")


def test_killed_while_edits_are_written_nothing_is_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.type("tagged", "img001", "nasu, x\n")
    with monkeypatch.context() as patch:
        patch.setattr(save, "write_edits", killed)
        with pytest.raises(Killed):
            corrections.main(["save"])
    assert "changed by hand" in project.repro()
    project.corrections("save")
    assert project.repro() == ""
    assert project.text() == "nasu, x"


# discard


@PLACES
@pytest.mark.parametrize("content", [b"nasu, mine\n", b"", b"\x93\xfa"])
def test_discard_puts_back_what_the_pipeline_wrote(
    project: Project, place: str, content: bytes
) -> None:
    project.type(place, "img001", content)
    project.path(place, "img001").chmod(0o444)
    out, _ = project.corrections("discard")
    assert f"{project.path(place, 'img001')}: as the pipeline wrote it" in out
    assert "corrections: 1 files put back" in out
    assert project.repro() == ""
    assert project.text() == "nasu, 1girl, solo, hat"
    assert read_edits(Path("data/edits.yaml")) == {}


def test_discard_puts_a_picture_back(project: Project) -> None:
    path = Path("data/dataset") / project.name / "img001.png"
    original = path.read_bytes()
    path.write_bytes(b"retouched")
    assert str(path) in project.repro()
    project.corrections("discard")
    assert path.read_bytes() == original
    assert project.repro() == ""


def test_discard_puts_back_what_is_empty(project: Project) -> None:
    before = project.text()
    for place in ("tagged", "dataset"):
        project.type(place, "img001", "")
    printed, _ = project.corrections("discard")
    assert "2 files put back" in printed
    assert project.text() == before


def test_discard_does_not_write_through_a_hard_link(project: Project) -> None:
    """DVC may link an output to its cache; writing into the file would spoil the cache."""
    path, cache = project.path("dataset", "img001"), Path("cache")
    path.write_bytes(b"nasu, mine\n")
    cache.hardlink_to(path)
    project.corrections("discard")
    assert cache.read_bytes() == b"nasu, mine\n"
    assert path.read_bytes() == b"nasu, 1girl, solo, hat\n"


def test_discard_leaves_files_that_are_not_the_pipelines(project: Project) -> None:
    path = Path("data/dataset") / project.name / "notes.txt"
    path.write_text("buy miso")
    project.type("dataset", "img001", "nasu, mine\n")
    out, error = project.corrections("discard", code=1)
    assert "corrections: 1 files put back" in out
    assert f"{path} is no file of the pipeline; move it away" in error
    assert path.read_text() == "buy miso"


def test_nothing_to_discard(project: Project) -> None:
    assert project.corrections("discard")[0] == "corrections: 0 files put back\n"


def test_discard_after_save_puts_back_nothing(project: Project) -> None:
    project.type("tagged", "img001", "nasu, mine\n")
    project.corrections("save")
    project.corrections("discard")
    assert project.repro() == ""
    assert project.text() == "nasu, mine"


# the command line


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "action"),
        (["keep"], "action: invalid choice: 'keep'"),
        (["save", "now"], "'now'"),
        (["save", "--all"], "--all: no such flag; see python -m tools.corrections --help"),
    ],
)
def test_a_wrong_command_is_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert corrections.main(argv) == 1
    error = capsys.readouterr().err
    assert error.startswith("corrections: error: ")
    assert message in error
    assert error.count("\n") == 1


# what is saved meanwhile


@PLACES
def test_a_caption_changed_by_hand_while_a_stage_works_is_not_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    project.tag(img001="solo, cat")
    module, name = (common_tag, "write_text") if place == "tagged" else (organize, "act")
    with monkeypatch.context() as patch:
        meanwhile(patch, module, name, lambda: project.type(place, "img002", "nasu, mine\n"))
        error = project.repro()
    path = project.path(place, "img002")
    assert f"{path}: changed while this was running; run the same command again" in error
    assert path.read_text() == "nasu, mine\n"
    assert f"{path} (friend.png)" in project.repro()
    project.corrections("save")
    assert project.repro() == ""
    assert project.text("img002") == "nasu, mine"
    assert project.text("img001") == "nasu, solo, cat"


@pytest.mark.parametrize("name", ["data/edits.yaml", "data/tagged/img001.txt"])
@pytest.mark.parametrize("step", [(save, "corrected"), (outputs, "keep")])  # the last moment
def test_what_is_saved_while_corrections_are_is_not_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: tuple[ModuleType, str], name: str
) -> None:
    project.type("tagged", "img001", "solo, hat\n")
    project.type("tagged", "img002", "nasu, cat\n")
    later = {
        "data/edits.yaml": f"{project.key('img003')}:\n  source: なす.png\n  add: [miso]\n",
        "data/tagged/img001.txt": "later, solo\n",
    }[name]
    with monkeypatch.context() as patch:
        meanwhile(patch, *step, write(Path(name), later))
        _, error = project.corrections("save", 1)
    assert error.startswith(f"corrections: error: {name}: changed while this was running; run the")
    assert Path(name).read_text(encoding="utf-8") == later
    assert project.path("tagged", "img002").read_text() == "nasu, cat\n"

    project.corrections("save")
    assert project.repro() == ""
    assert project.text("img002") == "nasu, cat"
    assert project.text("img001") == ("nasu, solo, hat" if "edits" in name else "nasu, later, solo")
    assert project.text("img003") == (
        "nasu, miso, no_humans" if "edits" in name else "nasu, no_humans"
    )


def test_nothing_is_saved_over_an_empty_file(project: Project) -> None:
    Path("data/edits.yaml").write_bytes(b"")
    project.type("tagged", "img001", "nasu, mine\n")
    assert "data/edits.yaml: is empty; get your" in project.corrections("save", 1)[1]
    assert Path("data/edits.yaml").read_bytes() == b""
    assert project.path("tagged", "img001").read_text() == "nasu, mine\n"
