"""A LoRA gets to where the WebUI looks, and what the artist keeps there is never lost."""

import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.drawing.painters.infotext import with_infotext
from stages.library.drawing.painters.lora_folder import check_name, folder_of, install, place
from stages.library.drawing.painters.webui_state import Installed, State
from stages.library.training.cards import card
from stages.library.training.headers import read_metadata
from tests.support.training import safetensors, write_lora
from tests.support.users import unprivileged

NAME = "nasumiso_v1"


def lora_in(folder: Path, run: str = "1" * 12, stem: str = NAME) -> Path:
    """Write a LoRA of a training; without `run` one of another tool."""
    metadata = {"ss_output_name": NAME, "ss_base_model_version": "sd_v1"}
    metadata |= {} if run else {"ss_training_comment": "None"}
    base = {"base": "base", "base_sha256": "7f" * 32}
    return write_lora(folder / f"{stem}.safetensors", run, **base, **metadata)


def write_card(lora: Path, trigger: str = "nasu", weight: float = 0.8) -> None:
    shown = card(trigger, read_metadata(lora), weight, "")
    lora.with_suffix(".json").write_text(json.dumps(shown), encoding="utf-8")


def read_card(lora: Path) -> dict[str, object]:
    shown = json.loads(lora.with_suffix(".json").read_text(encoding="utf-8"))
    assert isinstance(shown, dict)
    return shown


def change_card(lora: Path, **values: object) -> None:
    """Change a card as the WebUI's own editor writes it."""
    text = json.dumps(read_card(lora) | values, indent=4, ensure_ascii=False)
    lora.with_suffix(".json").write_text(text, encoding="utf-8")


def write_picture(path: Path, colour: str, infotext: str = "") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    data = with_infotext(buffer.getvalue(), infotext) if infotext else buffer.getvalue()
    path.write_bytes(data)
    return data


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def state(lora_folder: Path | str, **loras: Path | str) -> State:
    """Return what a WebUI says that has those LoRAs, at those paths."""
    known = {stem: Installed(str(path), "0" * 12) for stem, path in loras.items()}
    return State("anything [7f7f7f7f7f]", "7f" * 32, ["Euler"], ["Karras"], known, str(lora_folder))


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Return a LoRA that a training brought home, with its card and preview."""
    path = lora_in(tmp_path / "training" / "lora")
    write_card(path)
    write_picture(path.with_suffix(".png"), "purple")
    return path


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Return the place of that LoRA in an empty folder of a WebUI."""
    (tmp_path / "Lora").mkdir()
    return tmp_path / "Lora" / f"{NAME}.safetensors"


def test_a_new_lora_comes_with_its_card_and_preview(ours: Path, there: Path) -> None:
    done = install(ours, there)
    assert contents(there.parent).keys() == {
        f"{NAME}{end}" for end in (".safetensors", ".json", ".png")
    }
    assert there.read_bytes() == ours.read_bytes()
    assert there.with_suffix(".png").read_bytes() == ours.with_suffix(".png").read_bytes()
    assert read_card(there) == read_card(there) | read_card(ours)
    assert sorted(done) == [
        str(there.with_suffix(end)) for end in (".json", ".png", ".safetensors")
    ]


def test_a_lora_without_card_and_preview_is_enough(ours: Path, there: Path) -> None:
    ours.with_suffix(".json").unlink()
    ours.with_suffix(".png").unlink()
    assert install(ours, there) == [str(there)]
    assert contents(there.parent).keys() == {there.name}


def test_what_is_there_is_not_written_again(ours: Path, there: Path) -> None:
    install(ours, there)
    before = {path: path.stat() for path in there.parent.iterdir()}
    assert install(ours, there) == []
    for path, stat in before.items():
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)


def test_a_lora_may_be_installed_from_where_it_is(ours: Path) -> None:
    before = contents(ours.parent)
    install(ours, ours)
    assert {
        name: data for name, data in contents(ours.parent).items() if name != f"{NAME}.json"
    } == {name: data for name, data in before.items() if name != f"{NAME}.json"}


def test_a_newer_training_takes_the_place_of_an_older_one(ours: Path, there: Path) -> None:
    install(ours, there)
    newer = lora_in(ours.parent, run="2" * 12)
    assert install(newer, there) == [f"{there} in place of training {'1' * 12}"]
    assert there.read_bytes() == newer.read_bytes()


def test_another_tool_s_lora_of_that_name_stays(ours: Path, there: Path) -> None:
    lora_in(there.parent, run="")
    before = contents(there.parent)
    with pytest.raises(Problem, match="another tool made; move it away, or choose") as error:
        install(ours, there)
    assert str(error.value).startswith(f"{there}: ")
    assert contents(there.parent) == before


@pytest.mark.parametrize(
    "data", [b"", b"<html>404", safetensors({})[:-1]], ids=["empty", "a page", "cut off"]
)
def test_a_broken_file_of_that_name_stays_and_is_named(
    ours: Path, there: Path, data: bytes
) -> None:
    there.write_bytes(data)
    with pytest.raises(Problem, match=rf"^{there}: .*(delete|remove|move) it"):
        install(ours, there)
    assert contents(there.parent) == {there.name: data}


def test_a_link_to_nowhere_gives_way(ours: Path, there: Path) -> None:
    there.symlink_to("nowhere.safetensors")
    install(ours, there)
    assert there.read_bytes() == ours.read_bytes()
    assert not (there.parent / "nowhere.safetensors").exists()


def test_a_file_that_is_linked_elsewhere_is_not_written_through(ours: Path, there: Path) -> None:
    old = lora_in(there.parent.parent / "backup", run="0" * 12)
    before = old.read_bytes()
    os.link(old, there)
    install(ours, there)
    assert old.read_bytes() == before
    assert there.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        *("茄子.safetensors", "nasu miso.safetensors", "nasu:1.safetensors", "nasu,1.safetensors"),
        *("ｎａｓｕ.safetensors", "-nasu.safetensors", "nasu>.safetensors", "..safetensors"),
    ],
)
def test_a_name_that_no_prompt_can_hold_is_refused(ours: Path, there: Path, name: str) -> None:
    with pytest.raises(Problem, match="rename it to A-Z a-z 0-9") as error:
        install(ours, there.with_name(name))
    assert str(error.value).startswith(str(there.with_name(name)))
    assert contents(there.parent) == {}


@pytest.mark.parametrize(
    "name",
    ["nasu", "nasu.pt", "nasu.safetensors\n", "nasu.SAFETENSORS", ".safetensors", "safetensors"],
)
def test_what_is_no_safetensors_file_is_no_lora(ours: Path, there: Path, name: str) -> None:
    with pytest.raises(Problem, match=r": is no LoRA; name a \.safetensors file$") as error:
        install(ours, there.with_name(name))
    assert str(error.value).startswith(f"{there.with_name(name)}: ")
    assert contents(there.parent) == {}


@pytest.mark.parametrize("stem", ["nasu", "Nasumiso_v1.2", "nasu-000003", "1", "a..b"])
def test_ascii_names_are_names(stem: str) -> None:
    check_name(Path(f"somewhere/ナス みそ/{stem}.safetensors"))


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_a_copy_that_fails_leaves_the_folder_as_it_was(
    ours: Path, there: Path, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(lora_in(there.parent.parent / "old", run="0" * 12), there)
    before = contents(there.parent)
    half = ours.read_bytes()[: len(ours.read_bytes()) * parts // 2]

    def full(_: Path, target: Path) -> None:
        target.write_bytes(half)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space left"):
            install(ours, there)
    assert contents(there.parent) == before
    install(ours, there)
    assert there.read_bytes() == ours.read_bytes()


def test_a_folder_that_may_not_be_written_to_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        lora = lora_in(Path(name))
        target = Path(name) / "Lora" / lora.name
        target.parent.mkdir(mode=0o555)
        with unprivileged(), pytest.raises(PermissionError) as error:
            install(lora, target)
        assert str(error.value.filename).startswith(str(target.parent))
        assert contents(target.parent) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("description", "なすみその絵柄です。"),
        ("notes", "goes well with vivid"),
        ("activation text", "nasu, 1girl, ribbon"),
        ("activation text", "1girl, nasu"),
        ("activation text", "(nasu:1.1), 1girl"),
        ("activation text", "((nasu)), [1girl]"),
        ("activation text", "(1girl, nasu:0.9)"),
        ("activation text", "<lora:line:0.3> nasu\n1girl"),
        ("preferred weight", 0.65),
        ("negative text", "lowres"),
        ("civitai", {"id": 7}),
    ],
)
def test_what_the_artist_wrote_into_the_card_stays(
    ours: Path, there: Path, key: str, value: object
) -> None:
    install(ours, there)
    change_card(there, **{key: value})
    newer = lora_in(ours.parent, run="2" * 12)
    write_card(newer)
    done = install(newer, there)
    assert read_card(there)[key] == value
    assert done[-1] == f"{there.with_suffix('.json')} (kept there: {key})"


@pytest.mark.parametrize("key", ["description", "notes"])
def test_what_the_artist_added_to_our_words_stays(ours: Path, there: Path, key: str) -> None:
    install(ours, there)
    change_card(there, **{key: f"{read_card(there)[key]}\n胡瓜にも使えます"})
    newer = lora_in(ours.parent, run="2" * 12)
    write_card(newer)
    install(newer, there)
    assert "胡瓜にも使えます" in str(read_card(there)[key])


def test_what_nobody_changed_in_the_card_follows_the_training(ours: Path, there: Path) -> None:
    install(ours, there)
    newer = lora_in(ours.parent, run="2" * 12)
    write_card(newer, trigger="miso", weight=0.6)
    install(newer, there)
    for key, value in read_card(newer).items():
        assert read_card(there)[key] == value, key


@pytest.mark.parametrize("trigger", ["nasumiso_style", "nasumiso style"])
@pytest.mark.parametrize("text", ["(nasumiso_style:1.1), 1girl", "nasumiso style, 1girl"])
def test_a_trigger_is_known_again_however_it_is_written(
    ours: Path, there: Path, trigger: str, text: str
) -> None:
    write_card(ours, trigger=trigger)
    install(ours, there)
    change_card(there, **{"activation text": text})
    install(ours, there)
    assert read_card(there)["activation text"] == text


@pytest.mark.parametrize("text", ["nasu, 1girl", "(nasu:1.1)", "(miso soup:1.1)", ""])
def test_a_trigger_that_is_none_any_more_goes(ours: Path, there: Path, text: str) -> None:
    install(ours, there)
    change_card(there, **{"activation text": text})
    write_card(ours, trigger="miso")
    install(ours, there)
    assert read_card(there)["activation text"] == "miso"


def test_the_version_is_the_lora_s_whatever_the_card_says(ours: Path, there: Path) -> None:
    install(ours, there)
    change_card(there, **{"sd version": "SDXL"})
    install(ours, there)
    assert read_card(there)["sd version"] == "SD1"


def test_a_card_that_the_webui_has_saved_unchanged_is_not_written_again(
    ours: Path, there: Path
) -> None:
    install(ours, there)
    change_card(there)
    install(ours, there)
    before = there.with_suffix(".json").stat().st_mtime_ns
    assert install(ours, there) == []
    assert there.with_suffix(".json").stat().st_mtime_ns == before


def test_a_card_without_a_trigger_is_merged_too(ours: Path, there: Path) -> None:
    """Such as the card of a LoRA that was got elsewhere."""
    ours.with_suffix(".json").write_text('{"description": "a vegetable"}')
    there.with_suffix(".json").write_text('{"activation text": "nasu"}')
    install(ours, there)
    assert read_card(there)["description"] == "a vegetable"
    assert read_card(there)["activation text"] == "nasu"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{'description': 'x'}", '{"description": "茄子"}']
)
def test_a_card_that_can_t_be_read_there_stays_and_is_named(
    ours: Path, there: Path, text: str
) -> None:
    path = there.with_suffix(".json")
    path.write_bytes(text.encode("cp932"))
    told = rf"^{path}: is no card \(JSON in UTF-8\); mend it, or delete it$"
    with pytest.raises(Problem, match=told):
        install(ours, there)
    assert contents(there.parent) == {path.name: text.encode("cp932")}
    path.unlink()
    install(ours, there)
    assert read_card(there) == read_card(there) | read_card(ours)


def test_a_card_that_windows_notepad_saved_is_one(ours: Path, there: Path) -> None:
    """With a byte order mark."""
    install(ours, there)
    text = json.dumps(read_card(there) | {"description": "茄子の絵柄"}, ensure_ascii=False)
    there.with_suffix(".json").write_text(text, encoding="utf-8-sig")
    write_card(ours, weight=0.6)
    install(ours, there)
    assert read_card(there)["preferred weight"] == 0.6
    assert read_card(there)["description"] == "茄子の絵柄"


def test_a_record_that_is_none_is_no_harm(ours: Path, there: Path) -> None:
    install(ours, there)
    change_card(there, nasumiso="mine", notes="mine")
    install(ours, there)
    assert read_card(there)["notes"] == "mine"
    assert read_card(there)["nasumiso"] == read_card(ours) | {
        "preview": hashlib.sha256(there.with_suffix(".png").read_bytes()).hexdigest()
    }


def test_a_weight_that_is_chosen_is_the_card_s(ours: Path, there: Path) -> None:
    before = contents(ours.parent)
    install(ours, there, 0.65)
    assert read_card(there)["preferred weight"] == 0.65
    assert contents(ours.parent) == before
    card_there = str(there.with_suffix(".json"))
    for weight in (0.0, 0.65):
        assert install(ours, there, weight) in (
            [],
            [f"{card_there} (kept there: preferred weight)"],
        )
        assert read_card(there)["preferred weight"] == 0.65
    assert install(ours, there, 0.7) == [card_there]
    assert read_card(there)["preferred weight"] == 0.7


def test_a_weight_that_is_chosen_outlives_a_newer_training(ours: Path, there: Path) -> None:
    install(ours, there, 0.65)
    newer = lora_in(ours.parent, run="2" * 12)
    write_card(newer, weight=0.9)
    install(newer, there)
    assert read_card(there)["preferred weight"] == 0.65


def test_a_weight_that_is_chosen_takes_the_place_of_the_artist_s(ours: Path, there: Path) -> None:
    install(ours, there)
    change_card(there, **{"preferred weight": 0.5, "description": "mine"})
    assert install(ours, there, 0.65) == [f"{there.with_suffix('.json')} (kept there: description)"]
    assert read_card(there)["preferred weight"] == 0.65


def test_an_epoch_s_lora_has_the_card_of_the_finished_one(ours: Path, there: Path) -> None:
    """The training writes one card, and one preview, which is of the finished LoRA."""
    epoch = lora_in(ours.parent, stem=f"{NAME}-000002")
    target = there.with_name(epoch.name)
    install(epoch, target)
    assert contents(there.parent).keys() == {epoch.name, f"{epoch.stem}.json"}
    assert read_card(target) == read_card(ours) | {"nasumiso": read_card(ours)}


def test_the_notes_of_an_epoch_s_lora_are_its_own(ours: Path, there: Path) -> None:
    epoch = ours.with_name(f"{NAME}-000002.safetensors")
    epoch.write_bytes(safetensors(read_metadata(ours) | {"ss_epoch": "2"}))
    target = there.with_name(epoch.name)
    install(epoch, target)
    assert str(read_card(target)["notes"]).startswith("2 epochs of ")
    assert read_card(target)["activation text"] == read_card(ours)["activation text"]


def test_an_epoch_s_lora_may_have_a_card_of_its_own(ours: Path, there: Path) -> None:
    epoch = lora_in(ours.parent, stem=f"{NAME}-000002")
    write_card(epoch, weight=0.4)
    install(epoch, there.with_name(epoch.name))
    assert read_card(there.with_name(epoch.name))["preferred weight"] == 0.4


@pytest.mark.parametrize("stem", [f"{NAME}-02", f"{NAME}-000002b", f"{NAME}_000002"])
def test_what_is_no_epoch_s_has_no_card_of_another(ours: Path, there: Path, stem: str) -> None:
    other = lora_in(ours.parent, stem=stem)
    install(other, there.with_name(other.name))
    assert contents(there.parent).keys() == {other.name}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\x89\xd6\x8eq"])
def test_a_card_that_can_t_be_read_here_is_named(ours: Path, there: Path, data: bytes) -> None:
    path = ours.with_suffix(".json")
    path.write_bytes(data)
    with pytest.raises(Problem, match=f"^{path}: ") as error:
        install(ours, there)
    assert "\n" not in str(error.value)


def test_a_preview_of_ours_follows_the_training(ours: Path, there: Path) -> None:
    install(ours, there)
    data = write_picture(ours.with_suffix(".png"), "green")
    assert str(there.with_suffix(".png")) in install(ours, there)
    assert there.with_suffix(".png").read_bytes() == data


def test_a_preview_of_ours_that_was_deleted_there_comes_again(ours: Path, there: Path) -> None:
    install(ours, there)
    there.with_suffix(".png").unlink()
    assert install(ours, there) == [str(there.with_suffix(".png"))]
    assert there.with_suffix(".png").read_bytes() == ours.with_suffix(".png").read_bytes()


def test_a_preview_that_we_are_not_known_to_have_written_stays(ours: Path, there: Path) -> None:
    """One from before there were records, or that was there before the LoRA."""
    data = write_picture(there.with_suffix(".png"), "yellow")
    for _ in range(2):
        install(ours, there)
        assert there.with_suffix(".png").read_bytes() == data
        assert read_card(there)["nasumiso"] == read_card(ours)
    there.with_suffix(".png").write_bytes(ours.with_suffix(".png").read_bytes())
    install(ours, there)
    data = write_picture(ours.with_suffix(".png"), "green")
    install(ours, there)
    assert there.with_suffix(".png").read_bytes() == data, "the same picture is ours"


@pytest.mark.parametrize(
    "end", [".preview.png", ".jpg", ".jpeg", ".webp", ".gif", ".preview.jpg", ".preview.webp"]
)
@pytest.mark.parametrize("installed", [False, True])
def test_another_preview_stays_the_only_one(
    ours: Path, there: Path, end: str, installed: bool
) -> None:
    """The WebUI would show ours in its place."""
    if installed:
        install(ours, there)
        there.with_suffix(".png").unlink()
    chosen = there.with_suffix(end)
    chosen.write_bytes(b"the artist's")
    install(ours, there)
    assert chosen.read_bytes() == b"the artist's"
    assert not there.with_suffix(".png").exists()
    assert there.read_bytes() == ours.read_bytes()
    assert "preview" not in dict(read_card(there)["nasumiso"])  # type: ignore[call-overload]


def test_a_picture_of_another_lora_is_no_preview_of_this_one(ours: Path, there: Path) -> None:
    write_picture(there.with_name(f"{NAME}-000002.png"), "yellow")
    install(ours, there)
    assert there.with_suffix(".png").is_file()


@pytest.mark.parametrize("infotext", ["nasu <lora:nasumiso_v1:0.8>\nSteps: 20, Seed: 1", ""])
def test_a_preview_that_the_artist_chose_stays(ours: Path, there: Path, infotext: str) -> None:
    """One that the WebUI drew, or a drawing of the artist's own."""
    install(ours, there)
    data = write_picture(there.with_suffix(".png"), "yellow", infotext)
    newer = lora_in(ours.parent, run="2" * 12)
    write_picture(newer.with_suffix(".png"), "green")
    install(newer, there)
    assert there.with_suffix(".png").read_bytes() == data


def test_the_folder_is_the_one_that_the_webui_uses(tmp_path: Path) -> None:
    assert folder_of(state(tmp_path), "auto", here=True) == tmp_path


def test_a_folder_that_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine").mkdir()
    for known in (None, state("/data/models/Lora")):
        for here in (True, False):
            for named in (str(tmp_path / "mine"), "~/mine"):
                assert folder_of(known, named, here) == tmp_path / "mine"


@pytest.mark.parametrize("here", [True, False])
def test_a_folder_that_is_not_on_this_machine_is_told(tmp_path: Path, here: bool) -> None:
    """As with Docker, where the WebUI tells its own paths, or through a tunnel."""
    where = "is not at /data/models/Lora" if here else "is on another machine"
    with pytest.raises(Problem, match=where) as error:
        folder_of(state("/data/models/Lora"), "auto", here)
    assert str(error.value).startswith("params.yaml, generate.lora_folder: ")
    with pytest.raises(Problem, match="is on another machine; write the path that it has on"):
        folder_of(state(tmp_path), "auto", here=False)


@pytest.mark.parametrize("here", [True, False])
def test_a_named_folder_that_is_not_there_is_named(tmp_path: Path, here: bool) -> None:
    (tmp_path / "file").write_text("")
    for named in (tmp_path / "typo", tmp_path / "file"):
        with pytest.raises(Problem, match=f"is not at {named}; write"):
            folder_of(state(tmp_path), str(named), here)


@pytest.mark.parametrize(("told", "named"), [("", "auto"), ("", ""), ("/nowhere", "")])
def test_without_a_folder_the_current_one_is_not_taken(told: str, named: str) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, generate\.lora_folder: "):
        folder_of(state(told), named, here=True)


def test_a_home_that_nobody_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, generate\.lora_folder: "):
        folder_of(state(tmp_path), "~nobody-of-that-name/Lora", here=True)


def test_a_new_lora_belongs_at_the_top(tmp_path: Path) -> None:
    assert place(NAME, state(tmp_path), tmp_path) == tmp_path / f"{NAME}.safetensors"


def test_where_one_of_that_name_is_it_belongs(tmp_path: Path) -> None:
    there = lora_in(tmp_path / "Lora" / "styles")
    known = state(tmp_path / "Lora", **{NAME: there})
    assert place(NAME, known, tmp_path / "Lora") == there


def test_where_one_of_that_name_is_it_belongs_though_the_webui_isn_t_running(
    tmp_path: Path,
) -> None:
    there = lora_in(tmp_path / "Lora" / "styles")
    assert place(NAME, None, tmp_path / "Lora") == there


def test_where_one_of_that_name_is_it_belongs_though_docker_has_other_paths(
    tmp_path: Path,
) -> None:
    there = lora_in(tmp_path / "Lora" / "styles")
    known = state("/data/models/Lora", **{NAME: f"/data/models/Lora/styles/{NAME}.safetensors"})
    assert place(NAME, known, tmp_path / "Lora") == there


@pytest.mark.parametrize("linked", ["Lora", "Lora/styles"])
def test_links_to_another_disk_are_followed(tmp_path: Path, linked: str) -> None:
    disk = tmp_path / "disk"
    there = lora_in(disk / ("styles" if linked == "Lora" else ""))
    (tmp_path / linked).parent.mkdir(exist_ok=True)
    (tmp_path / linked).symlink_to(disk)
    known = state(tmp_path / "Lora", **{NAME: tmp_path / "Lora" / "styles" / there.name})
    assert place(NAME, known, tmp_path / "Lora").resolve() == there


def test_a_link_that_the_webui_tells_resolved_is_the_same_folder(tmp_path: Path) -> None:
    there = lora_in(tmp_path / "disk" / "styles")
    (tmp_path / "Lora").symlink_to("disk")
    known = state(tmp_path / "disk", **{NAME: there})
    assert place(NAME, known, tmp_path / "Lora").resolve() == there


def test_a_file_elsewhere_is_none_of_this_folder(tmp_path: Path) -> None:
    """Such as one in the folder of another WebUI."""
    known = state(tmp_path / "Lora", **{NAME: lora_in(tmp_path / "Lora")})
    found = place(NAME, known, tmp_path / "mine")
    assert found == tmp_path / "mine" / f"{NAME}.safetensors"


@pytest.mark.parametrize(
    "told",
    [
        *("Lora/../other/nasumiso_v1.safetensors", "Lora/nasumiso_v1/../other.safetensors"),
        *("Lora/styles/other.safetensors", "other/nasumiso_v1.safetensors", "Lora/styles", "Lora"),
        *("Lora/out/../../other/nasumiso_v1.safetensors", "Lora/\0/nasumiso_v1.safetensors"),
        *("Lora/styles/../../../../../../../../etc/passwd", "Lora/nasumiso_v1.json", "", "/"),
    ],
)
def test_what_the_webui_tells_leads_to_no_other_file(tmp_path: Path, told: str) -> None:
    lora_in(tmp_path / "other")
    lora_in(tmp_path / "Lora" / "styles", stem="other")
    (tmp_path / "Lora" / NAME).mkdir()
    (tmp_path / "Lora" / "out").symlink_to(tmp_path / "Lora")
    known = state(tmp_path / "Lora", **{NAME: f"{tmp_path}/{told}"})
    assert place(NAME, known, tmp_path / "Lora") == tmp_path / "Lora" / f"{NAME}.safetensors"
    there = lora_in(tmp_path / "Lora" / "styles")
    assert place(NAME, known, tmp_path / "Lora") == there


def test_links_that_lead_round_in_circles_end(tmp_path: Path) -> None:
    there = lora_in(tmp_path / "a" / "b")
    for name in ("one", "two", "three"):
        (there.parent / name).symlink_to(tmp_path)
    assert place(NAME, None, tmp_path) == there


@pytest.mark.parametrize("told", [".", "..", "models/Lora", "~/Lora", "~nobody\0"])
def test_a_folder_that_the_webui_names_from_its_own_place_is_unknown(
    tmp_path: Path, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("models/Lora", "Lora"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(Problem, match="models/Lora isn't known; write the path"):
        folder_of(state(told), "auto", here=True)
