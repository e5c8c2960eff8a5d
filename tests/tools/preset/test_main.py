"""The command, as an artist gives it."""

import re
from pathlib import Path

import pytest

from stages.library.common.disk import keep
from tests.support.clones import PROJECT
from tools.preset.__main__ import main
from tools.preset.presets import SHIPPED as BACK
from tools.preset.presets import presets

SHIPPED = (PROJECT / "params.yaml").read_bytes()
USABLE = [name for name, each in presets().items() if not each.not_yet]


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"
    path.write_bytes(SHIPPED)
    return path


def change(params: Path, old: str, new: str) -> bytes:
    text = params.read_text(encoding="utf-8")
    assert text.count(old) == 1
    params.write_text(text.replace(old, new), encoding="utf-8")
    return params.read_bytes()


@pytest.mark.usefixtures("params")
def test_without_a_name_the_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "* sd15: " in out
    assert "  anima: Anima Base 1.0, a DiT trained on Danbooru tags and sentences (not yet)" in out
    assert "any commercial use" in out
    main(["illustrious", "--write"])
    capsys.readouterr()
    main([])
    assert "* illustrious: " in capsys.readouterr().out


def test_without_write_nothing_is_written(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["illustrious"]) == 0
    assert params.read_bytes() == SHIPPED
    out = capsys.readouterr().out
    assert "params.yaml is now: sd15" in out
    assert "train.network_dim: 64 -> 32\ntrain.network_alpha: 32 -> 16\n    the sizes of" in out
    assert "train.no_half_vae: (none) -> true" in out
    assert "generate.sampler: DPM++ 2M -> Euler a" in out
    assert "--write writes them" in out


@pytest.mark.parametrize("way", [[], *([name] for name in USABLE), USABLE, USABLE[::-1]], ids=str)
def test_there_and_back_gives_the_same_bytes(params: Path, way: list[str]) -> None:
    for name in way:
        assert main([name, "--write"]) == 0
        assert (params.read_bytes() == SHIPPED) == (name == "sd15")
    assert main(["sd15", "--write"]) == 0
    assert params.read_bytes() == SHIPPED


def test_nothing_is_written_twice(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["illustrious", "--write"])
    written = params.read_bytes()
    assert main(["illustrious", "--write"]) == 0
    assert params.read_bytes() == written
    assert "nothing to change" in capsys.readouterr().out


def test_other_keys_comments_and_lines_of_the_artist_stay(params: Path) -> None:
    change(params, "  threshold: 0.35\n", "  threshold: 0.5   # as Nasu says\n")
    change(params, "  size: 512\n", "  size: 512 # ここ\n")
    mine = change(params, "  seed: 42\n", "  seed: 7\n  noise_offset: 0.05\n")
    assert main(["illustrious", "--write"]) == 0
    text = params.read_text(encoding="utf-8")
    assert "  threshold: 0.5   # as Nasu says\n" in text
    assert "  size: 1024 # ここ\n" in text
    assert "  seed: 7\n  noise_offset: 0.05\n" in text
    assert main(["sd15", "--write"]) == 0
    assert params.read_bytes() == mine


def test_what_the_artist_adds_meanwhile_stays(params: Path) -> None:
    main(["noobai-vpred", "--write"])
    change(params, "  no_half_vae: true\n", "  no_half_vae: true\n  # mine\n  noise_offset: 0.1\n")
    assert main(["sd15", "--write"]) == 0
    behind = b"  # mine\n  noise_offset: 0.1\n"
    assert behind in params.read_bytes()
    assert params.read_bytes().replace(behind, b"") == SHIPPED


def test_own_values_are_asked_for(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = change(params, "  network_dim: 64\n", "  network_dim: 128\n")
    assert main(["illustrious", "--write"]) == 1
    assert params.read_bytes() == mine
    said = capsys.readouterr()
    assert "train.network_dim: 128 -> 32\n    yours: " in said.out
    assert "params.yaml, train.network_dim: you have changed what the preset sets" in said.err
    assert "--keep leaves yours, --replace takes the preset's" in said.err
    assert "残すなら --keep" in said.err


def test_own_values_are_kept(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = change(params, "  network_dim: 64\n", "  network_dim: 128\n")
    assert main(["illustrious", "--write", "--keep"]) == 0
    assert "  network_dim: 128\n" in params.read_text(encoding="utf-8")
    assert "kept, and yours: train.network_dim" in capsys.readouterr().out
    assert main(["sd15", "--write", "--keep"]) == 0
    assert params.read_bytes() == mine


def test_own_values_are_replaced(params: Path) -> None:
    change(params, "  network_dim: 64\n", "  network_dim: 128\n")
    assert main(["illustrious", "--write", "--replace"]) == 0
    assert "  network_dim: 32\n" in params.read_text(encoding="utf-8")
    assert main(["sd15", "--write"]) == 0
    assert params.read_bytes() == SHIPPED


def test_a_list_of_the_artists_is_replaced_whole(params: Path) -> None:
    change(params, '  prompts:\n    - "{trigger}, 1girl, smile, upper body"\n', "  prompts:\n")
    assert main(["illustrious", "--write", "--replace"]) == 0
    assert main(["sd15", "--write"]) == 0
    assert params.read_bytes() == SHIPPED


def test_an_own_value_that_the_preset_has_too_is_told(
    params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(params, "  network_dim: 64\n", "  network_dim: 32\n")
    assert main(["illustrious"]) == 0
    out = capsys.readouterr().out
    assert "train.network_dim: already so, and yours; sd15 would not leave it" in out


def test_a_preset_that_is_not_yet_is_shown_and_never_written(
    params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["anima"]) == 0
    assert "lora.script: train_network.py -> anima_train_network.py" in capsys.readouterr().out
    assert main(["anima", "--write", "--replace"]) == 1
    assert params.read_bytes() == SHIPPED
    error = capsys.readouterr().err
    assert "anima: can't be trained yet: its model is three files" in error
    assert "モデルが 3 つのファイル" in error


@pytest.mark.parametrize("page", ["docs/presets.md", "docs/presets.ja.md"])
@pytest.mark.usefixtures("params")
def test_the_page_shows_what_each_changes(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    shown = dict(re.findall(r"^### ([\w-]+)\n\n```text\n(.*?)^```$", text, re.M | re.S))
    for name in presets():
        if name != BACK:
            assert main([name]) == 0
            assert shown.pop(name) == capsys.readouterr().out
    assert shown == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pony"], "pony: no such preset; sd15, anima, illustrious, noobai-vpred"),
        (["sd15", "--keep", "--replace"], "--keep and --replace: one or the other"),
        (["sd15", "--params", "no.yaml"], "no.yaml: is not here; run this in the folder"),
    ],
)
@pytest.mark.usefixtures("params")
def test_what_can_not_be_done_is_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  width: 512\n  height: 512\n", "  width: &side 512\n  height: *side\n"),
        ("common_tag:\n", "prepare2: {size: 1}\ncommon_tag:\n"),
    ],
)
def test_a_form_that_allows_no_change_is_told_or_left_alone(
    params: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    mine = change(params, old, new)
    if main(["illustrious", "--write"]):
        assert "params.yaml: its values can't be exchanged one by one" in capsys.readouterr().err
    else:
        main(["sd15", "--write"])
    assert params.read_bytes() == mine


def test_a_section_in_one_line_is_told(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = params.read_text(encoding="utf-8")
    start, end = text.index("\ntrain:\n"), text.index("\ngenerate:\n")
    params.write_text(f"{text[:start]}\ntrain: {{network_dim: 64}}{text[end:]}", encoding="utf-8")
    mine = params.read_bytes()
    assert main(["illustrious", "--write", "--replace"]) == 1
    assert "write each key in a line of its own" in capsys.readouterr().err
    assert params.read_bytes() == mine


def test_what_is_saved_meanwhile_is_not_overwritten(
    params: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(path: Path) -> None:
        keep(path)
        params.write_text("saved: meanwhile\n", encoding="utf-8")

    monkeypatch.setattr("stages.library.common.outputs.keep", save)
    assert main(["illustrious", "--write"]) == 1
    assert "params.yaml" in capsys.readouterr().err
    assert params.read_text(encoding="utf-8") == "saved: meanwhile\n"
