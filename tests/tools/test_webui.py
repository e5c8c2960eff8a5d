"""tools.webui: what is wrong with a WebUI in one line each, and a LoRA put into it."""

import hashlib
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from stages.library.drawing.painters.lending import LENT, record_of, together
from stages.library.drawing.painters.webui_errors import LOGIN
from stages.library.training.cards import card
from stages.library.training.headers import read_metadata
from tests.standins.webui.server import StandIn, webui
from tests.support.clones import PROJECT
from tests.support.training import BASE, safetensors, write_lora
from tests.support.users import unprivileged
from tools.webui import main

NAME = "nasumiso_v1"
SHA256 = hashlib.sha256(BASE.encode()).hexdigest()
CANNOT = "webui: error: the WebUI can't be used yet / まだ使えません"


def lora_at(
    path: Path, run: str = "1" * 12, base: str = BASE, weight: float = 0, **metadata: str
) -> Path:
    """Write a LoRA of a training, with its card if it has a weight."""
    write_lora(path, run, base=base, **metadata)
    if weight:
        shown = card("nasu", read_metadata(path), weight, "")
        path.with_suffix(".json").write_text(json.dumps(shown), encoding="utf-8")
    return path


def set_params(**values: object) -> None:
    """Change values in params.yaml's section generate."""
    path = Path("params.yaml")
    text = path.read_text(encoding="utf-8")
    head, section = text.split("\ngenerate:\n")
    for key, value in values.items():
        line = f"  {key}: {value}".replace("\\", r"\\")
        section, times = re.subn(rf"(?m)^  {key}: .*$", line, section, count=1)
        assert times == 1, key
    path.write_text(f"{head}\ngenerate:\n{section}", encoding="utf-8")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with the project's params.yaml."""
    monkeypatch.delenv(LOGIN, raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    shutil.copyfile(PROJECT / "params.yaml", "params.yaml")
    return tmp_path / "project"


@pytest.fixture
def stand_in(root: Path, tmp_path: Path) -> Iterator[StandIn]:
    """Return a WebUI that params.yaml names and that the training's model is loaded in."""
    assert root
    with webui(tmp_path / "webui") as started:
        set_params(url=started.url)
        yield started


@pytest.fixture
def lora(root: Path) -> Path:
    """Return the LoRA that a training brought home."""
    return lora_at(root / "training" / "lora" / f"{NAME}.safetensors", weight=0.8)


class Run:
    """What a run of the tool returned and printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: object) -> None:
        self.code = main([str(word) for word in words])
        captured = capsys.readouterr()
        self.out, self.err = captured.out.splitlines(), captured.err.splitlines()

    def error(self) -> str:
        """Return the one line of a run that failed."""
        assert self.code == 1
        (line,) = self.err
        return line

    def failed(self) -> str:
        """Return the one line of a check that was not ok."""
        assert self.error() == CANNOT
        (line,) = [line for line in self.out if "FAILED" in line]
        return " ".join(line.split())


# ----------------------------------------------------------------------------------------- check


@pytest.mark.usefixtures("lora")
def test_a_webui_that_can_be_used(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "check")
    assert (run.code, run.err) == (0, [])
    assert run.out == [
        stand_in.url,
        "  ok      API           answers",
        f"  ok      model         {BASE}.safetensors [{SHA256[:10]}] is loaded, as in the training",
        "  ok      sampler       DPM++ 2M, Karras",
        f"  ok      LoRA folder   {stand_in.lora_folder}",
        f"  ok      LoRA          {NAME} is ready to be lent; it is not installed",
        "the WebUI can be used / 使えます: dvc repro -s training/dvc.yaml:generate",
    ]


@pytest.mark.usefixtures("lora")
def test_a_check_changes_nothing(
    stand_in: StandIn, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(root.parent), dict(stand_in.settings)
    assert Run(capsys, "check").code == 0
    assert (everything(root.parent), stand_in.settings) == before
    assert {method for method, _, _ in stand_in.asked} == {"GET"}
    assert stand_in.drawn == 0


@pytest.mark.parametrize(
    ("run", "told"),
    [("1" * 12, "it is installed"), ("2" * 12, "another one is installed")],
)
@pytest.mark.usefixtures("lora")
def test_an_installed_lora_is_told(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], run: str, told: str
) -> None:
    lora_at(stand_in.lora_folder / f"{NAME}.safetensors", run=run)
    stand_in.networks.refresh()
    found = Run(capsys, "check")
    assert found.code == 0
    assert f"  ok      LoRA          {NAME} is ready to be lent; {told}" in found.out


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ([], "none"),
        (["v2"], "v2"),
        ([f"{NAME}-000002"], f"{NAME}-000002"),
        (["v2", "a"], "a, v2"),
    ],
)
@pytest.mark.usefixtures("stand_in")
def test_without_a_lora_of_that_name_the_rest_is_checked_too(
    root: Path, capsys: pytest.CaptureFixture[str], there: list[str], told: str
) -> None:
    """Before a training, or with another organize.name than at the training."""
    for stem in there:
        lora_at(root / "training" / "lora" / f"{stem}.safetensors")
    run = Run(capsys, "check")
    assert run.failed() == (
        f"FAILED LoRA training/lora has no {NAME}; it has {told}: train first, get it with "
        "dvc exp apply, or correct organize.name"
    )
    (model,) = [line for line in run.out if " model " in line]
    assert model.endswith("is loaded; no LoRA is here to compare with")


def lent_by_a_killed_run(stand_in: StandIn, record: bool) -> Path:
    """Write what a killed run leaves with the WebUI; without `record` one of another project."""
    folder = stand_in.lora_folder / LENT
    copy = lora_at(folder / "nasu.safetensors")
    digest = read_metadata(copy)["sshs_model_hash"][:8]
    copy.rename(folder / f"nasu-{digest}.safetensors")
    stand_in.networks.refresh()
    if record:
        record_of(folder).parent.mkdir(parents=True)
        record_of(folder).write_text(f"{folder}\n")
    return folder


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("action", ["check", "install"])
def test_what_a_killed_run_has_lent_is_taken_back(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str], action: str, record: bool
) -> None:
    folder = lent_by_a_killed_run(stand_in, record)
    run = Run(capsys, action, *([lora] if action == "install" else []))
    assert run.code == 0
    told = "webui: 1 LoRAs that a stopped run had lent the WebUI are taken back / "
    assert sum(line.startswith(told) for line in run.out) == 1
    assert not folder.exists()
    assert set(stand_in.networks.by_name) == ({NAME} if action == "install" else set())


@pytest.mark.parametrize("action", ["check", "install"])
def test_what_a_run_draws_with_now_stays(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    folder = lent_by_a_killed_run(stand_in, record=True)
    before = everything(folder)
    with together(folder, []):
        run = Run(capsys, action, *([lora] if action == "install" else []))
        assert everything(folder) == before
    assert run.code == 0
    assert not any("taken back" in line for line in run.out)


def test_it_is_taken_back_though_the_webui_isn_t_running(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lent_by_a_killed_run(stand_in, record=True)
    set_params(url=f"http://127.0.0.1:{free_port()}")
    assert "nothing answers there" in Run(capsys, "check").error()
    assert not folder.exists()


def test_another_model_than_the_one_named_is_told_before_a_training_too(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params(checkpoint="another-v1")
    run = Run(capsys, "check")
    assert run.error() == CANNOT
    model, lora = [line for line in run.out if "FAILED" in line]
    assert f"has {stand_in.title(BASE)} loaded, not 'another-v1'" in model
    assert f"training/lora has no {NAME}; it has none: " in lora


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sampler": "Eular"}, "sampler params.yaml, generate.sampler: the WebUI has no 'Eular'"),
        ({"scheduler": "karras"}, "generate.scheduler: the WebUI has no 'karras'; did you mean"),
        ({"lora_folder": "/nowhere"}, "LoRA folder params.yaml, generate.lora_folder: the WebUI's"),
        ({"lora_folder": "~/nowhere"}, "LoRA folder params.yaml, generate.lora_folder: the WebUI"),
        ({"lora_folder": '""'}, "LoRA folder params.yaml, generate.lora_folder: "),
        ({"checkpoint": "another-v1"}, "model params.yaml, generate.checkpoint: the WebUI has any"),
    ],
)
@pytest.mark.usefixtures("stand_in", "lora")
def test_a_value_that_the_webui_can_t_do_is_one_line(
    capsys: pytest.CaptureFixture[str], changes: dict[str, str], line: str
) -> None:
    set_params(**changes)
    found = Run(capsys, "check").failed()
    assert found.startswith("FAILED ")
    assert line in found


@pytest.mark.usefixtures("stand_in")
def test_another_model_than_the_trained_one_is_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lora_at(root / "training" / "lora" / f"{NAME}.safetensors", base="illustrious")
    assert f"loaded, but {NAME} was trained on illustrious [" in Run(capsys, "check").failed()


@pytest.mark.usefixtures("stand_in")
def test_a_lora_that_does_not_tell_its_model_is_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lora_at(root / "training" / "lora" / f"{NAME}.safetensors", run="")
    found = Run(capsys, "check").failed()
    assert f"{path.relative_to(root)}: does not tell what model it was trained on; set" in found


@pytest.mark.usefixtures("lora")
def test_several_problems_are_a_line_each(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params(sampler="Eular", lora_folder="/nowhere")
    stand_in.load_another()
    run = Run(capsys, "check")
    assert run.error() == CANNOT
    assert [line.split()[1] for line in run.out if "FAILED" in line] == ["model", "sampler", "LoRA"]
    assert [line.split()[1] for line in run.out if "  ok " in line] == ["API", "LoRA"]


@pytest.mark.usefixtures("stand_in", "lora")
def test_a_folder_that_may_not_be_written_to_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, project = Path(name) / "Lora", Path(name) / "project"
        project.mkdir()
        shutil.copyfile("params.yaml", project / "params.yaml")
        shutil.copytree("training", project / "training")
        folder.mkdir(mode=0o555)
        Path(name).chmod(0o755)
        with monkeypatch.context() as patch:
            patch.chdir(project)
            set_params(lora_folder=folder)
            with unprivileged():
                found = Run(capsys, "check").failed()
    assert found == f"FAILED LoRA folder {folder}: may not be written to; see to its permissions"


def test_where_nothing_answers_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    set_params(url=url)
    line = Run(capsys, "check").error()
    assert line.startswith(f"webui: error: {url}: nothing answers there; start the WebUI with ")


@pytest.mark.parametrize(
    ("settings", "login", "line"),
    [
        ({"api": False}, "", "answers, but without the API; "),
        ({"login": ("nasu", "secret")}, "", "wants a login, or another one; set NASUMISO_WEBUI_"),
        ({"login": ("nasu", "secret")}, "nasu:wrong", "wants a login, or another one; set "),
        ({"fault": "html"}, "", "is no Stable Diffusion WebUI; set generate.url"),
        ({"fault": "redirect"}, "", "write the WebUI's own address in generate.url"),
        ({"fault": "502"}, "", "answers 502 Bad Gateway"),
        ({"fault": "reset"}, "", "the answer broke off"),
    ],
)
def test_a_webui_that_can_t_be_asked_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, object],
    login: str,
    line: str,
) -> None:
    monkeypatch.setenv(LOGIN, login)
    with webui(tmp_path / "webui", **settings) as stand_in:
        set_params(url=stand_in.url)
        found = Run(capsys, "check").error()
    assert found.startswith(f"webui: error: {stand_in.url}")
    assert line in found
    assert "secret" not in found
    assert "wrong" not in found


@pytest.mark.usefixtures("lora")
def test_with_the_login_it_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LOGIN, "nasu:se:cret")
    with webui(tmp_path / "webui", login=("nasu", "se:cret")) as stand_in:
        set_params(url=stand_in.url)
        run = Run(capsys, "check")
    assert run.code == 0
    assert "  ok      API           answers, with login" in run.out
    assert "cret" not in "".join(run.out)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"url": "127.0.0.1:7860"}, "params.yaml, generate.url: '127.0.0.1:7860' is no address; "),
        ({"url": "http://192.168.0.7:7860"}, "generate.url: 192.168.0.7 is another machine; for"),
        ({"url": "http://nasu:secret@127.0.0.1"}, "params.yaml, generate.url: holds a login; set"),
        ({"url": ""}, "params.yaml, generate.url: it has no value (null); write a value"),
        ({"width": 500}, "params.yaml, generate.width: 500 is not a multiple of 8; write 496"),
        ({"cfg_scale": "much"}, "params.yaml, generate.cfg_scale: 'much' is not a number from 1"),
        ({"epochs": "newest"}, "params.yaml, generate.epochs: 'newest' is no epoch; write last"),
        ({"seeds": "[1, x]"}, "params.yaml, generate.seeds: 'x' is not a whole number"),
        ({"remote": "maybe"}, "params.yaml, generate.remote: 'maybe' is neither true nor false"),
        ({"steps": "25\n  stpes: 3"}, "generate.stpes: no such key; did you mean steps?"),
    ],
)
@pytest.mark.parametrize("action", ["check", "install"])
@pytest.mark.usefixtures("lora")
def test_a_wrong_value_in_params_yaml_is_named(
    capsys: pytest.CaptureFixture[str], action: str, changes: dict[str, object], line: str
) -> None:
    set_params(**changes)
    words = [f"training/lora/{NAME}.safetensors"] if action == "install" else []
    found = Run(capsys, action, *words).error()
    assert line in found
    assert "secret" not in found


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "train: {}\n", "generate:\n", "generate: [\n", "a: 1\n  b: 2\n"),
        *("- generate\n", "generate: {url: http://127.0.0.1:7860}\n"),
    ],
    ids=["no file", "empty", "no section", "null", "cut off", "indented", "a list", "half"],
)
def test_a_params_yaml_that_can_t_be_used_is_named(
    capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is None:
        Path("params.yaml").unlink()
    else:
        Path("params.yaml").write_text(text, encoding="utf-8")
    assert "params.yaml" in Run(capsys, "check").error()


def test_params_yaml_without_a_name_for_the_lora_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace(f"  name: {NAME}\n", ""), encoding="utf-8")
    assert "params.yaml, organize.name" in Run(capsys, "check").error()


@pytest.mark.usefixtures("stand_in")
def test_a_damaged_lora_is_named_by_check(
    lora: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lora.write_bytes(lora.read_bytes()[:-1])
    found = Run(capsys, "check").error()
    assert f"{lora.relative_to(root)}: is cut off in the middle; get it again" in found


def test_check_takes_no_file(lora: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Run(capsys, "check", lora).error()
    assert found == f"webui: error: check takes no {lora}; only install does"


@pytest.mark.parametrize("words", [[], ["look"], ["check", "a", "b"], ["check", "--help-me"]])
def test_other_words_are_one_line(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert Run(capsys, *words).error().startswith("webui: error: ")


# --------------------------------------------------------------------------------------- install


def test_a_lora_is_installed_with_its_card_and_the_webui_sees_it(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(capsys, "install", lora)
    target = stand_in.lora_folder / lora.name
    assert (run.code, run.err) == (0, [])
    assert run.out == [
        f"webui: {target}",
        f"webui: {target.with_suffix('.json')}",
        f"webui: in a prompt: <lora:{NAME}:0.8> nasu",
    ]
    assert target.read_bytes() == lora.read_bytes()
    assert NAME in stand_in.networks.by_name


@pytest.mark.usefixtures("stand_in")
def test_installed_twice_it_was_there_already(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(capsys, "install", lora)
    before = everything(stand_in.lora_folder)
    run = Run(capsys, "install", lora)
    assert run.code == 0
    assert run.out[0] == f"webui: {stand_in.lora_folder / lora.name} was there already"
    assert everything(stand_in.lora_folder) == before


def test_a_newer_training_takes_the_place_of_the_older_one(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(capsys, "install", lora)
    lora_at(lora, run="2" * 12)
    run = Run(capsys, "install", lora)
    target = stand_in.lora_folder / lora.name
    assert run.out[0] == f"webui: {target} in place of training {'1' * 12}"
    assert target.read_bytes() == lora.read_bytes()


def test_the_webui_draws_with_a_replaced_one_at_once(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would go on with the old weights for as long as the prompt has the same tag."""
    order = {"prompt": f"a <lora:{NAME}:1>", "width": 64, "height": 64, "steps": 1, "seed": 1}

    def picture() -> object:
        url = f"{stand_in.url}/sdapi/v1/txt2img"
        return requests.post(url, json=order, timeout=60).json()["images"]

    Run(capsys, "install", lora)
    old = picture()
    Run(capsys, "install", lora_at(lora, run="2" * 12))
    assert picture() != old


def test_a_lora_that_was_moved_into_a_subfolder_is_replaced_there(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = lora_at(stand_in.lora_folder / "styles" / lora.name, run="0" * 12)
    stand_in.networks.refresh()
    run = Run(capsys, "install", lora)
    assert run.out[0] == f"webui: {moved} in place of training {'0' * 12}"
    assert [path.parent.name for path in stand_in.lora_folder.rglob("*.safetensors")] == ["styles"]


def test_a_webui_that_tells_another_s_path_has_that_one_not_overwritten(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = lora_at(stand_in.lora_folder / lora.name, run="0" * 12)
    beside = lora_at(stand_in.lora_folder / "other.safetensors", run="3" * 12)
    above = lora_at(stand_in.folder / lora.name, run="4" * 12)
    stand_in.networks.refresh()
    before = beside.read_bytes(), above.read_bytes()
    for told in (beside, stand_in.lora_folder / ".." / ".." / lora.name):
        stand_in.told_paths = {NAME: str(told)}
        assert Run(capsys, "install", lora).code == 0
        assert installed.read_bytes() == lora.read_bytes()
    assert (beside.read_bytes(), above.read_bytes()) == before


def test_what_a_card_there_holds_steers_no_terminal(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = {"activation text": "nasu, \x1b[2J", "\x1b]0;x\x07": "mine"}
    (stand_in.lora_folder / f"{NAME}.json").write_text(json.dumps(card))
    run = Run(capsys, "install", lora)
    assert run.code == 0
    assert all(line.isprintable() for line in run.out)
    assert run.out[-1] == rf"webui: in a prompt: <lora:{NAME}:0.8> nasu, \x1b[2J"


def test_a_lora_that_another_tool_trained_is_installed_too(
    stand_in: StandIn, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One without a hash in its metadata, for which the WebUI tells none."""
    path = lora_at(root / "downloads" / "line.safetensors", run="", sshs_model_hash="")
    for _ in range(2):
        run = Run(capsys, "install", path)
        assert (run.code, run.err) == (0, [])
        assert run.out[-1] == "webui: in a prompt: <lora:line:1>"
    assert (stand_in.lora_folder / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("weight", ["0.65", "0", "null", '""'])
@pytest.mark.usefixtures("stand_in")
def test_the_weight_is_the_card_s(
    lora: Path, capsys: pytest.CaptureFixture[str], weight: str
) -> None:
    lora.with_suffix(".json").write_text(f'{{"preferred weight": {weight}}}')
    shown = "0.65" if weight == "0.65" else "1"
    assert Run(capsys, "install", lora).out[-1] == f"webui: in a prompt: <lora:{NAME}:{shown}>"


def test_in_a_prompt_is_what_the_artist_wrote_into_the_card_there(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(capsys, "install", lora)
    there = stand_in.lora_folder / f"{NAME}.json"
    mine = {"activation text": "(nasu:1.1), 1girl", "preferred weight": 0.55}
    there.write_text(json.dumps(json.loads(there.read_text(encoding="utf-8")) | mine))
    lora_at(lora, run="2" * 12, weight=0.9)
    said = Run(capsys, "install", lora).out[-1]
    assert said == f"webui: in a prompt: <lora:{NAME}:0.55> (nasu:1.1), 1girl"


@pytest.mark.usefixtures("stand_in")
def test_a_weight_that_is_named_stays(lora: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"webui: in a prompt: <lora:{NAME}:0.65> nasu"
    before = everything(lora.parent)
    assert Run(capsys, "install", lora, "--weight", "0.65").out[-1] == said
    assert Run(capsys, "install", lora).out[-1] == said
    assert Run(capsys, "install", lora, "--weight=1.2").out[-1] == said.replace("0.65", "1.2")
    assert everything(lora.parent) == before


@pytest.mark.parametrize("weight", ["2.1", "-1", "much", "nan", ""])
def test_what_is_no_weight_is_told(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str], weight: str
) -> None:
    line = Run(capsys, "install", lora, f"--weight={weight}").error()
    assert f"{weight!r} is not a number from 0.05 to 2" in line
    assert everything(stand_in.lora_folder) == {}


def test_an_epoch_s_lora_is_installed_with_the_card_of_the_finished_one(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = lora_at(lora.with_stem(f"{NAME}-000002"))
    run = Run(capsys, "install", epoch, "--weight", "0.7")
    assert (run.code, run.err) == (0, [])
    assert run.out[-1] == f"webui: in a prompt: <lora:{epoch.stem}:0.7> nasu"
    assert set(everything(stand_in.lora_folder)) == {epoch.name, f"{epoch.stem}.json"}


@pytest.mark.parametrize("text", ["{", "[]", "null"])
@pytest.mark.parametrize("at_the_webui", [False, True])
def test_a_card_that_can_t_be_read_is_named(
    stand_in: StandIn,
    lora: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    at_the_webui: bool,
) -> None:
    path = (stand_in.lora_folder / lora.name if at_the_webui else lora).with_suffix(".json")
    path.write_text(text)
    line = Run(capsys, "install", lora).error()
    assert line == f"webui: error: {path}: is no card (JSON in UTF-8); mend it, or delete it"
    assert path.read_text() == text


def test_where_the_webui_isn_t_running_the_named_folder_will_do(
    lora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Lora").mkdir()
    set_params(url=f"http://127.0.0.1:{free_port()}", lora_folder=tmp_path / "Lora")
    run = Run(capsys, "install", lora)
    assert (run.code, run.err) == (0, [])
    assert run.out[-1] == "webui: the WebUI isn't running; it finds the LoRA when it starts"
    assert (tmp_path / "Lora" / lora.name).read_bytes() == lora.read_bytes()


def test_where_it_isn_t_running_and_no_folder_is_named_both_ways_out_are_told(
    lora: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params(url=f"http://127.0.0.1:{free_port()}")
    before = everything(root)
    line = Run(capsys, "install", lora).error()
    assert "nothing answers there; start the WebUI with" in line
    assert line.endswith("; or write the path of its models/Lora into generate.lora_folder")
    assert everything(root) == before


def test_a_folder_that_the_webui_does_not_use_is_told(
    stand_in: StandIn, lora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "another").mkdir()
    set_params(lora_folder=tmp_path / "another")
    line = Run(capsys, "install", lora).error()
    assert line == (
        f"webui: error: {stand_in.url} doesn't list it; is {tmp_path / 'another'} the folder it "
        "uses?"
    )


def test_a_second_one_of_that_name_elsewhere_is_told(
    stand_in: StandIn, lora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "another").mkdir()
    set_params(lora_folder=tmp_path / "another")
    first = lora_at(stand_in.lora_folder / lora.name, run="2" * 12)
    stand_in.networks.refresh()
    assert f"has another one of that name, {first}; is" in Run(capsys, "install", lora).error()


def test_another_tool_s_lora_of_that_name_stays(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = lora_at(stand_in.lora_folder / lora.name, run="")
    stand_in.networks.refresh()
    before = everything(stand_in.lora_folder)
    line = Run(capsys, "install", lora).error()
    assert line.startswith(f"webui: error: {target}: is a LoRA that another tool made; move it")
    assert everything(stand_in.lora_folder) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("茄子.safetensors", "rename it to A-Z a-z 0-9 . _ - and .safetensors"),
        ("nasu miso.safetensors", "rename it to A-Z a-z 0-9 . _ - and .safetensors"),
        ("nasu.pt", "is no LoRA; name a .safetensors file"),
        ("nasu", "is no LoRA; name a .safetensors file"),
    ],
)
def test_a_name_that_no_prompt_can_hold_is_told(
    stand_in: StandIn, root: Path, capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    path = lora_at(root / "training" / "lora" / name)
    line = Run(capsys, "install", path).error()
    assert line.startswith(f"webui: error: {path}: {told}")
    assert everything(stand_in.lora_folder) == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no safetensors file, or not whole; get it again"),
        (b"<html>404</html>", "is no safetensors file, or not whole; get it again"),
        (safetensors({})[:-1], "is cut off in the middle; get it again"),
    ],
    ids=["empty", "a page", "cut off"],
)
def test_a_damaged_lora_is_not_installed(
    stand_in: StandIn, lora: Path, capsys: pytest.CaptureFixture[str], data: bytes, message: str
) -> None:
    lora.write_bytes(data)
    assert Run(capsys, "install", lora).error() == f"webui: error: {lora}: {message}"
    assert everything(stand_in.lora_folder) == {}


def test_a_file_that_is_not_there_is_named(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Run(capsys, "install", "nowhere.safetensors").error()
    assert line == "webui: error: nowhere.safetensors: No such file or directory"
    assert stand_in.asked == []


def test_without_a_file_it_is_asked_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert Run(capsys, "install").error().startswith("webui: error: install: which LoRA? python -m")
