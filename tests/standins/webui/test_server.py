"""The stand-in answers as the real server did: lines and statuses below are from its answers."""

import base64
import http.client
import io
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.standins.webui.server import StandIn, webui
from tests.support.training import safetensors

CHECKPOINT = "551f882b6236024ba3def687a9d49d29a506301b56b68a1f86c6f552a01dd72b"
MODEL = "Model hash: 551f882b62, Model: Anything-v5.0-PRT-RE"
SMALL = {"steps": 1, "width": 64, "height": 64, "seed": 1, "sampler_name": "Euler a"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StandIn]:
    with webui(tmp_path, checkpoints={"Anything-v5.0-PRT-RE": CHECKPOINT, "other": "0" * 64}) as it:
        yield it


def ask(url: str, path: str, body: object = None, login: str = "") -> tuple[int, Any]:
    """Return status and body of an answer of the API."""
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/sdapi/v1/{path}", data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def draw(server: StandIn, prompt: str = "1girl", **fields: object) -> tuple[Image.Image, str]:
    """Return a picture and its infotext."""
    status, answer = ask(server.url, "txt2img", SMALL | {"prompt": prompt} | fields)
    assert status == 200, answer
    picture = Image.open(io.BytesIO(base64.b64decode(answer["images"][0])))
    picture.load()
    return picture, json.loads(answer["info"])["infotexts"][0]


def add_lora(server: StandIn, name: str, digest: str, alias: str = "", content: str = "") -> None:
    metadata = {"sshs_model_hash": digest, "ss_output_name": alias or name}
    data = safetensors(metadata, (content or digest).encode())
    (server.lora_folder / f"{name}.safetensors").write_bytes(data)


def colour(picture: Image.Image) -> list[float]:
    return [float(mean) for mean in np.asarray(picture).mean((0, 1))]


@pytest.mark.parametrize(
    ("prompt", "fields", "options", "line"),
    [
        (
            "1girl, <lora:renamed_file:0.8>",
            {"negative_prompt": "lowres"},
            {"eta_noise_seed_delta": 31337, "randn_source": "CPU"},
            f"Sampler: Euler a, Schedule type: Automatic, CFG scale: 7.0, Seed: 1, Size: 64x64, "
            f'{MODEL}, ENSD: 31337, RNG: CPU, Lora hashes: "renamed_file: 35715b1dcfed", '
            "Version: v1.10.1",
        ),
        (
            "1girl, <lora:solo:0.4> <lora:comma,name:0.8>",
            {"sampler_name": "DPM++ 2M Karras", "cfg_scale": 7.5, "width": 65},
            {},
            f"Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 1, Size: 65x64, "
            f'{MODEL}, Lora hashes: "solo: 357fc93bea7b, commaname: 04709277e192", '
            "Version: v1.10.1",
        ),
        (
            "1girl # hidden",
            {"override_settings": {"CLIP_stop_at_last_layers": 2}},
            {"add_version_to_infotext": False},
            f"Sampler: Euler a, Schedule type: Automatic, CFG scale: 7.0, Seed: 1, Size: 64x64, "
            f"{MODEL}, Clip skip: 2",
        ),
    ],
)
def test_its_infotext_is_the_real_one(
    server: StandIn,
    prompt: str,
    fields: dict[str, object],
    options: dict[str, object],
    line: str,
) -> None:
    add_lora(server, "renamed_file", "35715b1dcfed77", "orig_name")
    add_lora(server, "solo", "357fc93bea7b77")
    add_lora(server, "comma,name", "04709277e19277")
    assert ask(server.url, "options", options) == (200, None)
    picture, infotext = draw(server, prompt, **fields)
    negative = fields.get("negative_prompt")
    shown = prompt.partition("#")[0] + ("\n" if "#" in prompt else "")
    head = f"{shown}\nNegative prompt: {negative}" if negative else shown
    assert infotext == f"{head}\nSteps: 1, {line}"
    assert picture.info["parameters"] == infotext
    assert picture.size == (64, 64)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Sampler: Euler a, Schedule type: Automatic"),
        ({"sampler_name": None}, "Sampler: Euler, Schedule type: Automatic"),
        ({"sampler_name": "k_euler_a"}, "Sampler: DPM++ 2M, Schedule type: Karras"),
        ({"scheduler": "KARRAS"}, "Sampler: Euler a, Schedule type: Automatic"),
        ({"scheduler": "karras"}, "Sampler: Euler a, Schedule type: Karras"),
        ({"override_settings": {"sd_model_checkpoint": "nope"}}, MODEL),
        ({"prompt": "1girl <lora:nope:1>"}, f"{MODEL}, Version: v1.10.1"),
        ({"prompt": "1girl <lora:solo:0,8>"}, f"{MODEL}, Version: v1.10.1"),
        ({"steps": "1", "no_such_field": 1}, "Steps: 1"),
    ],
)
def test_what_it_does_not_know_it_replaces_in_silence(
    server: StandIn, fields: dict[str, Any], told: str
) -> None:
    add_lora(server, "solo", "357fc93bea7b77")
    assert told in draw(server, **fields)[1]


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        ("nope", None, 404, {"detail": "Not Found"}),
        ("txt2img", None, 405, {"detail": "Method Not Allowed"}),
        (
            "txt2img",
            {"steps": "abc"},
            422,
            {
                "detail": [
                    {
                        "loc": ["body", "steps"],
                        "msg": "value is not a valid integer",
                        "type": "type_error.integer",
                    }
                ]
            },
        ),
        (
            "txt2img",
            {"override_settings": {"no_such_option": 1}},
            500,
            {"error": "KeyError", "detail": "", "body": "", "errors": "'no_such_option'"},
        ),
        (
            "options",
            {"sd_model_checkpoint": "nope"},
            500,
            {"error": "RuntimeError", "detail": "", "body": "", "errors": "model 'nope' not found"},
        ),
    ],
)
def test_what_it_refuses_it_refuses_as_the_real_one(
    server: StandIn, path: str, body: object, status: int, answer: object
) -> None:
    assert ask(server.url, path, body) == (status, answer)


def test_a_login_and_a_start_without_api_close_all_but_the_loras(tmp_path: Path) -> None:
    told = {"error": "HTTPException", "body": "", "errors": ""}
    with webui(tmp_path, login=("nasu", "secret")) as server:
        refused = (401, told | {"detail": "Not authenticated"})
        assert ask(server.url, "options") == refused
        refused = (401, told | {"detail": "Incorrect username or password"})
        assert ask(server.url, "options", login="nasu:wrong") == refused
        assert ask(server.url, "options", login="nasu:secret")[0] == 200
        assert ask(server.url, "loras") == (200, [])
    with webui(tmp_path, api=False) as server:
        assert ask(server.url, "options") == (404, {"detail": "Not Found"})
        assert ask(server.url, "loras") == (200, [])


def test_the_same_request_gives_the_same_picture_and_a_weight_another_colour(
    server: StandIn,
) -> None:
    add_lora(server, "solo", "357fc93bea7b77")
    pictures = {
        weight: draw(server, f"1girl <lora:solo:{weight}>")[0] for weight in ("0", "0.5", "1.0")
    }
    again = draw(server, "1girl <lora:solo:1>")[0]
    assert again.tobytes() == pictures["1.0"].tobytes()
    assert draw(server, "1girl ")[0].tobytes() == pictures["0"].tobytes()
    assert draw(server, "1girl ", seed=2)[0].tobytes() != pictures["0"].tobytes()
    shifts = [
        np.abs(np.subtract(colour(pictures["0"]), colour(pictures[weight]))).max()
        for weight in ("0.5", "1.0")
    ]
    assert shifts[1] > shifts[0] > 20


def test_a_replaced_file_goes_unnoticed_while_the_tag_is_the_same(server: StandIn) -> None:
    add_lora(server, "solo", "357fc93bea7b77")
    before, told = draw(server, "1girl, <lora:solo:0.8>")
    add_lora(server, "solo", "cde25b5b2bac77")
    assert draw(server, "1girl, <lora:solo:0.8>")[1] == told  # the old hash, and the old weights
    ask(server.url, "refresh-loras", {})
    stale, told = draw(server, "1girl, <lora:solo:0.8>")
    assert "solo: cde25b5b2bac" in told
    assert stale.tobytes() == before.tobytes()  # the new hash, and the old weights
    draw(server, "1girl")
    assert draw(server, "1girl, <lora:solo:0.8>")[0].tobytes() != before.tobytes()


def test_a_name_that_files_share_is_none(server: StandIn) -> None:
    add_lora(server, "nasu-000001", "cde25b5b2bac77", "nasu")
    assert "nasu: cde25b5b2bac" in draw(server, "<lora:nasu:1>")[1]
    add_lora(server, "nasu-000002", "1f7900ecdeee77", "nasu")
    assert [lora["name"] for lora in ask(server.url, "loras")[1]] == ["nasu-000001"]
    assert "nasu-000002: 1f7900ecdeee" in draw(server, "<lora:nasu-000002:1>")[1]
    assert "Lora hashes" not in draw(server, "<lora:nasu:1>")[1]
    add_lora(server, "nasu", "35a770cb168877")
    assert "nasu: 35a770cb1688" in draw(server, "<lora:nasu:1>")[1]


def test_an_override_stays_where_settings_were_never_saved(tmp_path: Path) -> None:
    override = {"CLIP_stop_at_last_layers": 2}
    for saved, value in ((True, 1), (False, 2)):
        with webui(tmp_path, settings_saved=saved) as server:
            draw(server, override_settings=override)
            assert ask(server.url, "options")[1]["CLIP_stop_at_last_layers"] == value


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", OSError),
        ("cut answer", http.client.IncompleteRead),
        ("502", ValueError),
        ("html", ValueError),
        ("not json", ValueError),
    ],
)
def test_a_fault_begins_and_ends_when_it_should(
    server: StandIn, fault: str, error: type[Exception]
) -> None:
    server.fault, server.faults_after, server.faults_left = fault, 1, 1
    assert ask(server.url, "progress")[0] == 200
    with pytest.raises(error):
        ask(server.url, "progress")
    assert ask(server.url, "progress")[0] == 200


def test_faults_of_a_picture(server: StandIn) -> None:
    whole = draw(server)[0]
    server.fault = "interrupted"
    assert draw(server)[0].tobytes() != whole.tobytes()
    assert ask(server.url, "progress")[1]["state"]["interrupted"] is True
    server.fault = "black"
    assert draw(server)[0].getextrema() == ((0, 0),) * 3
    server.fault = "jpg"
    assert draw(server)[0].format == "JPEG"
    server.fault = "wrong seed"
    assert "Seed: 2" in draw(server)[1]
    server.fault = "500 out of memory"
    assert ask(server.url, "txt2img", SMALL)[1]["error"] == "OutOfMemoryError"
    server.fault, server.faults_left = "other model", 1
    assert "Model: other" in draw(server)[1]
    assert "Model: other" in draw(server)[1]


def test_it_can_be_killed_and_started_again_on_its_port(tmp_path: Path) -> None:
    port = "0"
    for _ in range(2):
        words = [sys.executable, "-m", "tests.standins.webui.server", str(tmp_path), "--port", port]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert ask(url, "progress")[0] == 200
            process.send_signal(signal.SIGKILL)
        port = url.rpartition(":")[2]
