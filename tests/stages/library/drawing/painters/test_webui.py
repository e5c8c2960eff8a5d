"""The WebUI's client: whom it asks, what it asks for, and that nothing goes wrong in silence."""

import hashlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.drawing.loras import Lora, loras_of
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import lora_hashes, read_infotext, settings
from stages.library.drawing.painters.webui import WebUI, check_effect, checkpoint_for
from stages.library.drawing.painters.webui_errors import LOGIN, UnreachableError
from stages.library.drawing.painters.webui_exchange import Limits
from stages.library.drawing.painters.webui_request import as_request
from stages.library.drawing.painters.webui_state import LOADED, TRAINED, Installed, State
from stages.library.training.headers import read_metadata
from tests.standins.webui import hostile
from tests.standins.webui.server import StandIn, webui
from tests.support.drawing import ORDER
from tests.support.training import BASE, write_lora

NAME = "nasumiso_v1"


SHA256 = hashlib.sha256(BASE.encode()).hexdigest()


WAITING_SECONDS = 60

HURRIED = Limits(wait=0.25, body=0.25, most=1 << 20)
"""For servers that try one's patience."""


def lora_in(
    folder: Path, stem: str = NAME, content: str = "1", run: str = "", **metadata: str
) -> Lora:
    """Write a LoRA whose hash its content decides; without `run` one of another tool."""
    metadata = {"ss_output_name": "", "ss_epoch": ""} | metadata
    path = write_lora(folder / f"{stem}.safetensors", run, f"{stem} {content}", **metadata)
    return Lora(path, "last", 4, read_metadata(path).get("sshs_model_hash", "")[:12])


def ours(folder: Path, content: str = "1") -> Lora:
    """Write a LoRA that a training of ours made."""
    return lora_in(folder, content=content, run="1" * 12)


def with_lora(lora: Lora, **changes: Any) -> Order:
    return replace(ORDER, lora=lora.file.stem, lora_hash=lora.hash, **changes)


def asked_for(stand_in: StandIn, path: str) -> list[Any]:
    """Return the bodies of the requests to a path."""
    return [body for _, asked, body in stand_in.asked if asked == f"/sdapi/v1/{path}"]


def loaded(checkpoint: str, sha256: str = "") -> State:
    return State(
        checkpoint, sha256, ["DPM++ 2M", "Euler a", "DDIM"], ["Automatic", "Karras"], {}, ""
    )


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """Return a WebUI with the LoRA `nasumiso_v1`."""
    ours(tmp_path / "webui" / "models" / "Lora")
    with webui(tmp_path / "webui") as started:
        yield started


@pytest.fixture
def lora(stand_in: StandIn) -> Lora:
    """Return the LoRA that the WebUI has."""
    return loras_of(stand_in.lora_folder, NAME)[0]


@pytest.fixture
def client(stand_in: StandIn) -> WebUI:
    return client_of(stand_in.url)


def client_of(url: str, pauses: Iterable[float] = (0.001, 0.002, 0.004)) -> WebUI:
    return WebUI(url, remote=False, login="", pauses=pauses)


@contextmanager
def another_program(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """Serve what `answer` makes of a path."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            status, data = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize(
    "url",
    [
        *("http://0.0.0.0:7860", "http://192.168.0.7:7860", "http://10.0.0.1", "http://[::]:7860"),
        *("http://example.com", "http://nasu:7860", "http://127.0.0.1.evil.com:7860"),
        *("http://127.0.0.1.:7860", "http://localhost.evil.com", "http://127.0.0.1\t.evil.com"),
        *("http://127.0.0.1%2eevil.com", "http://2130706433", "http://0x7f000001"),
        *(
            "http://evil.com/127.0.0.1",
            "http://evil.com?http://127.0.0.1",
            "http://evil.com#@[::1]",
        ),
        *("http://127.0.0.1\\.evil.com", "http://１２７.0.0.1", "http://[::ffff:8.8.8.8]"),
    ],
)
def test_another_machine_is_asked_only_if_that_is_meant(url: str) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, generate\.url: .* is another machine; "):
        WebUI(url, remote=False, login="")
    assert not WebUI(url, remote=True, login="").here


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:7860", "localhost:7860", "127.0.0.1", "//127.0.0.1:7860", "http://"),
        *("file:///etc/passwd", "ftp://127.0.0.1", "http:127.0.0.1", "http:/127.0.0.1"),
        *("http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:-1", "http://[::1"),
        *("http://127.0.0.1:abc", "http://127.0.0.1:7860 ", " http://127.0.0.1", "None"),
        *("http://:7860", "httpx://127.0.0.1", "http://127.0.0.1:７８６０"),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_what_is_no_address_is_told(url: str, remote: bool) -> None:
    with pytest.raises(Problem, match="is no address; write one such as") as error:
        WebUI(url, remote=remote, login="")
    assert str(error.value).startswith(f"params.yaml, generate.url: {url!r}")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://nasu:secret@127.0.0.1:7860",
            "http://nasu:secret@evil.com",
            "http://secret@[::1]",
        ),
        *("http://127.0.0.1@evil.com/secret", "http://127.0.0.1\\@evil.com/secret"),
        *("http://nasu:secret@127.0.0.1:99999", "ftp://nasu:secret@127.0.0.1"),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_an_address_with_a_login_is_refused_and_not_shown(url: str, remote: bool) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, generate\.url: ") as error:
        WebUI(url, remote=remote, login="")
    assert "secret" not in str(error.value)


def test_nobody_is_asked_on_the_way(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert WebUI(stand_in.url, remote=False, login="").state().checkpoint

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login nasu password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    stand_in.login = ("nasu", "secret")
    with pytest.raises(Problem, match="wants a login"):
        WebUI(stand_in.url, remote=False, login="").state()


@pytest.mark.parametrize("path", ["options", "txt2img"])
def test_a_redirect_is_not_followed(stand_in: StandIn, client: WebUI, path: str) -> None:
    stand_in.fault, stand_in.fault_path = "redirect", path
    there = stand_in.url.replace("127.0.0.1", "localhost")
    with pytest.raises(Problem, match=f"^{stand_in.url} sends on to {there}/elsewhere; write"):
        client.draw(ORDER) if path == "txt2img" else client.state()
    assert [asked for _, asked, _ in stand_in.asked] == [f"/sdapi/v1/{path}"]


@pytest.mark.parametrize("password", ["secret", "a:b:c", " spaces ", ""])
def test_with_the_login_it_lets_in(tmp_path: Path, password: str) -> None:
    with webui(tmp_path, login=("nasu", password)) as stand_in:
        client = WebUI(stand_in.url, remote=False, login=f"nasu:{password}")
        assert client.state().checkpoint == f"{BASE}.safetensors [{SHA256[:10]}]"
        client.refresh_loras()
        assert client.draw(ORDER)


@pytest.mark.parametrize(
    "login", ["", "nasu:wrong", "nasu:", "wrong:secret", "nasu:secret:wrong", "なす:ひみつ"]
)
def test_with_another_login_it_lets_nobody_in(tmp_path: Path, login: str) -> None:
    with webui(tmp_path, login=("nasu", "secret")) as stand_in:
        client = WebUI(stand_in.url, remote=False, login=login)
        with pytest.raises(Problem, match=f"set {LOGIN}=name:password") as error:
            client.state()
    assert str(error.value).startswith(f"{stand_in.url} wants a login")
    assert "wrong" not in str(error.value)


def test_a_login_that_the_webui_itself_can_t_take_is_told(tmp_path: Path) -> None:
    """FastAPI reads nothing but ASCII, even where --api-auth was given more."""
    with webui(tmp_path, login=("なす", "ひみつ")) as stand_in:
        client = WebUI(stand_in.url, remote=False, login="なす:ひみつ")
        with pytest.raises(Problem, match=f"set {LOGIN}=name:password"):
            client.state()


def test_a_login_without_a_password_is_told_and_not_shown() -> None:
    with pytest.raises(Problem, match=f"^{LOGIN}: is not name:password") as error:
        WebUI("http://127.0.0.1:7860", remote=False, login="secret")
    assert "secret" not in str(error.value)


def test_its_state_is_what_it_has(stand_in: StandIn, lora: Lora) -> None:
    lora_in(stand_in.lora_folder / "styles", "線画", sshs_model_hash="")
    stand_in.networks.refresh()
    state = WebUI(f"{stand_in.url}/", remote=False, login="").state()
    assert state.checkpoint == f"{BASE}.safetensors [{SHA256[:10]}]"
    assert state.checkpoint_sha256 == SHA256
    assert {"DPM++ 2M", "Euler a"} < set(state.samplers)
    assert {"Automatic", "Karras", "SGM Uniform"} < set(state.schedulers)
    assert state.loras == {
        NAME: Installed(str(lora.file), lora.hash),
        "線画": Installed(str(stand_in.lora_folder / "styles" / "線画.safetensors"), ""),
    }
    assert state.lora_folder == str(stand_in.lora_folder)


def test_without_hashing_there_is_no_hash(tmp_path: Path) -> None:
    with webui(tmp_path, hashing=False) as stand_in:
        state = WebUI(stand_in.url, remote=False, login="").state()
    assert (state.checkpoint, state.checkpoint_sha256) == (f"{BASE}.safetensors", "")


def test_without_a_model_there_is_none(tmp_path: Path) -> None:
    with webui(tmp_path, checkpoints={}) as stand_in:
        state = WebUI(stand_in.url, remote=False, login="").state()
    assert (state.checkpoint, state.checkpoint_sha256) == ("", "")


def test_a_lora_s_file_that_came_later_is_seen_after_a_refresh(
    stand_in: StandIn, client: WebUI
) -> None:
    later = lora_in(stand_in.lora_folder, "later")
    assert "later" not in client.state().loras
    client.refresh_loras()
    assert client.state().loras["later"].hash == later.hash


def test_a_webui_without_api_is_told(tmp_path: Path) -> None:
    with webui(tmp_path, api=False) as stand_in:
        client = WebUI(stand_in.url, remote=False, login="")
        with pytest.raises(Problem, match=r"answers, but without the API; .*webui\.sh --api"):
            client.state()


def test_an_old_webui_is_told(client: WebUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(StandIn, "get_schedulers")
    with pytest.raises(Problem, match=r"is older than 1\.9 and has no schedulers; update"):
        client.state()


@pytest.mark.parametrize("fault", ["html", "not json"])
@pytest.mark.parametrize("path", ["options", "cmd-flags", "loras", "samplers", "schedulers"])
def test_another_program_is_told(stand_in: StandIn, client: WebUI, fault: str, path: str) -> None:
    stand_in.fault, stand_in.fault_path = fault, path
    with pytest.raises(Problem, match=f"^{stand_in.url} is no Stable Diffusion WebUI; set"):
        client.state()


@pytest.mark.parametrize("data", [b"{}", b"[]", b"null", b'"It works!"', b"7", b'{"a": {}}', b""])
def test_another_program_that_speaks_json_is_told(data: bytes) -> None:
    with (
        another_program(lambda _: (200, data)) as url,
        pytest.raises(Problem, match=r"is no Stable Diffusion WebUI; set generate\.url"),
    ):
        WebUI(url, remote=False, login="").state()


def test_the_address_of_a_page_is_not_the_webui_s(stand_in: StandIn) -> None:
    with pytest.raises(Problem, match=r"set generate\.url to the address that the WebUI prints"):
        WebUI(f"{stand_in.url}/?__theme=dark", remote=False, login="").state()


def test_where_nothing_answers_the_start_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError, match=f"^{url}: nothing answers there; start") as error:
        WebUI(url, remote=False, login="").state()
    assert "--api" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reset", ": the answer broke off"),
        ("cut answer", ": the answer broke off"),
        ("502", " answers 502 Bad Gateway"),
        ("slow", ": gives no answer"),
    ],
)
def test_half_an_answer_is_none(stand_in: StandIn, fault: str, message: str) -> None:
    stand_in.fault = fault
    with pytest.raises(UnreachableError, match=f"^{stand_in.url}{message}($| / )"):
        WebUI(stand_in.url, remote=False, login="", question=HURRIED).state()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-2, "Name or service not known"),
        (-3, "Temporary failure in name resolution"),
        (-5, "No address associated with hostname"),
        (8, "nodename nor servname provided, or not known"),
        (11001, "getaddrinfo failed"),
    ],
)
def test_a_machine_that_there_is_not_is_told(
    number: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(number, words)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(UnreachableError, match=r"there is no such machine; correct generate\.url"):
        WebUI("http://nasu.invalid:7860", remote=True, login="").state()


def test_https_where_there_is_none_is_told(stand_in: StandIn) -> None:
    url = stand_in.url.replace("http:", "https:")
    with pytest.raises(UnreachableError, match=r"speaks no https; write http:// in generate\.url"):
        WebUI(url, remote=False, login="").state()


@pytest.mark.parametrize("metadata", [{}, {"ss_sd_model_name": "x.safetensors"}])
def test_a_lora_that_does_not_tell_its_model_is_told(
    tmp_path: Path, stand_in: StandIn, client: WebUI, metadata: dict[str, str]
) -> None:
    lora = lora_in(tmp_path, "silent", **metadata)
    does_not = "does not tell what model it was trained on; set generate.checkpoint: loaded"
    with pytest.raises(Problem, match=f"^{lora.file}: {does_not}"):
        checkpoint_for(lora, TRAINED, client)
    assert stand_in.asked == []
    with pytest.raises(Problem, match=does_not):
        loaded("x.safetensors [7f]", SHA256).check_model(lora, TRAINED)


def test_what_orders_call_the_model(tmp_path: Path, client: WebUI, stand_in: StandIn) -> None:
    assert checkpoint_for(ours(tmp_path), TRAINED, client) == SHA256
    assert stand_in.asked == []
    for wanted in (LOADED, BASE):
        assert checkpoint_for(ours(tmp_path), wanted, client) == stand_in.title(BASE)
    stand_in.load_another()
    assert checkpoint_for(ours(tmp_path), LOADED, client) == stand_in.title("other-model")


def test_orders_call_no_other_model_by_the_name_of_the_wanted_one(
    tmp_path: Path, client: WebUI, stand_in: StandIn
) -> None:
    stand_in.load_another()
    with pytest.raises(Problem, match=r"generate\.checkpoint: the WebUI has other-model.* not"):
        checkpoint_for(ours(tmp_path), BASE, client)


def test_the_order_is_sent_as_it_is_and_nothing_else(
    stand_in: StandIn, client: WebUI, lora: Lora
) -> None:
    client.draw(with_lora(lora))
    assert asked_for(stand_in, "txt2img") == [
        {
            "prompt": f"nasu, ナス <lora:{NAME}:0.8>",
            "negative_prompt": "lowres",
            "sampler_name": "DPM++ 2M",
            "scheduler": "Karras",
            "steps": 25,
            "cfg_scale": 7.5,
            "width": 64,
            "height": 96,
            "seed": 1,
            "batch_size": 1,
            "n_iter": 1,
            "send_images": True,
            "save_images": False,
            "override_settings": {
                "CLIP_stop_at_last_layers": 2,
                "lora_add_hashes_to_infotext": True,
                "add_model_hash_to_info": True,
                "add_model_name_to_info": True,
            },
            "override_settings_restore_afterwards": True,
        }
    ]


@pytest.mark.parametrize("text", ["lowres", " lowres\n", "lowres, ", "", " "])
def test_white_at_the_ends_of_a_negative_prompt_is_no_harm(client: WebUI, text: str) -> None:
    """A YAML block ends in a line break, which the WebUI would write into its infotext."""
    order = replace(ORDER, negative_prompt=text)
    assert as_request(order)["negative_prompt"] == text.strip()
    infotext = read_infotext(client.draw(order))
    assert ("Negative prompt: " in infotext) == bool(text.strip())


def test_the_picture_is_as_ordered_and_tells_how_it_was_drawn(client: WebUI, lora: Lora) -> None:
    picture = client.draw(with_lora(lora))
    infotext = read_infotext(picture)
    assert infotext.startswith(f"nasu, ナス <lora:{NAME}:0.8>\nNegative prompt: lowres\nSteps: 25")
    assert lora_hashes(settings(infotext)) == {NAME: lora.hash}
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == (64, 96)
    assert client.draw(with_lora(lora)) == picture


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lora_add_hashes_to_infotext": False},
        {"add_model_hash_to_info": False, "add_model_name_to_info": False},
        {"enable_pnginfo": False},
        {"add_version_to_infotext": False},
        {"CLIP_stop_at_last_layers": 1},
        {"eta_noise_seed_delta": 31337, "randn_source": "CPU", "sd_vae": "mine, v2.vae.pt"},
    ],
)
@pytest.mark.parametrize("saved", [True, False])
def test_the_webui_s_own_settings_do_no_harm_and_stay(
    tmp_path: Path, options: dict[str, Any], saved: bool
) -> None:
    lora = ours(tmp_path / "models" / "Lora")
    with webui(tmp_path, settings=options, settings_saved=saved) as stand_in:
        before = dict(stand_in.settings)
        client = WebUI(stand_in.url, remote=False, login="")
        client.hold_settings()
        picture = client.draw(with_lora(lora))
        assert stand_in.settings == before
    assert settings(read_infotext(picture))["Clip skip"] == "2"
    assert lora_hashes(settings(read_infotext(picture))) == {NAME: lora.hash}


def test_nothing_is_saved_at_the_webui(stand_in: StandIn, client: WebUI, lora: Lora) -> None:
    before = sorted(stand_in.folder.rglob("*"))
    client.state()
    client.draw(with_lora(lora))
    assert sorted(stand_in.folder.rglob("*")) == before
    assert {path for method, path, _ in stand_in.asked if method == "POST"} == {"/sdapi/v1/txt2img"}


def test_an_odd_prompt_is_no_harm(client: WebUI, lora: Lora) -> None:
    for prompt in ("Steps: 99, Seed: 5", 'say "hi, you: all"', "a\nSteps: 1", "🍆 \\(茄子\\)"):
        picture = client.draw(with_lora(lora, prompt=prompt))
        assert settings(read_infotext(picture))["Seed"] == "1"


def test_a_lora_that_was_replaced_is_drawn_with_once_the_old_one_is_forgotten(
    stand_in: StandIn, client: WebUI, lora: Lora
) -> None:
    """The WebUI keeps the old weights for as long as the prompt has the same tag."""
    old = client.draw(with_lora(lora))
    newer = ours(stand_in.lora_folder, content="2")
    client.refresh_loras()
    client.forget_loras()
    picture = client.draw(with_lora(newer))
    with webui(stand_in.folder) as started_again:
        fresh = WebUI(started_again.url, remote=False, login="").draw(with_lora(newer))
    assert fresh != old
    assert picture == fresh


def test_settings_are_held_as_they_are(tmp_path: Path) -> None:
    with webui(tmp_path, settings_saved=False) as stand_in:
        before = dict(stand_in.settings)
        WebUI(stand_in.url, remote=False, login="").hold_settings()
        assert stand_in.settings == before
        assert {key: type(value) for key, value in before.items()} == {
            key: type(value) for key, value in stand_in.settings.items()
        }


def test_a_lora_with_an_effect_is_shown_by_two_tiny_pictures(
    stand_in: StandIn, client: WebUI, lora: Lora
) -> None:
    check_effect(client, with_lora(lora, width=1024, height=1536, steps=150))
    bodies = asked_for(stand_in, "txt2img")
    assert len(bodies) == 2
    assert all(body["width"] == body["height"] == 64 for body in bodies)
    assert all(body["steps"] < 10 for body in bodies)


def test_a_lora_that_fits_nowhere_is_told(stand_in: StandIn, client: WebUI, lora: Lora) -> None:
    stand_in.fault = "no effect"
    assert client.draw(with_lora(lora)), "the WebUI itself doesn't tell"
    with pytest.raises(Problem, match="but it changes nothing: it was trained for") as error:
        check_effect(client, with_lora(lora))
    assert str(error.value).startswith(f"{stand_in.url} takes the LoRA {NAME}, ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "Eular"}, r"drew otherwise than asked: Sampler DPM\+\+ 2M, not Eular"),
        ({"scheduler": "Karas"}, "drew otherwise than asked: Schedule type .*, not Karas"),
        ({"checkpoint": "0" * 64}, rf"model {BASE} \[{SHA256[:10]}\], not \[0000000000\]"),
        ({"lora": "nowhere"}, "drew without the LoRA nowhere; what the WebUI prints tells why"),
        ({"lora": NAME, "lora_hash": "0" * 12}, rf"another LoRA called {NAME} \(.*, not 0{{12}}\)"),
        ({"width": 68}, "sent a picture of 64x96 pixels; turn off what resizes it"),
        (
            {"prompt": "nasu # no", "lora": ""},
            "drew another prompt: 'nasu Negative prompt: lowres'; an extension changes prompts",
        ),
        (
            {"prompt": "nasu", "negative_prompt": "bad # hand", "lora": ""},
            "drew another prompt: 'nasu Negative prompt: bad'; an extension changes prompts",
        ),
    ],
)
def test_what_it_replaces_in_silence_is_told(
    stand_in: StandIn, client: WebUI, lora: Lora, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(Problem, match=message) as error:
        client.draw(replace(with_lora(lora), **changes))
    assert str(error.value).startswith(f"{stand_in.url} ")
    assert "\n" not in str(error.value)


def test_a_lora_that_the_webui_adds_to_every_prompt_is_told(
    stand_in: StandIn, client: WebUI, lora: Lora
) -> None:
    lora_in(stand_in.lora_folder, "line")
    stand_in.networks.refresh()
    stand_in.settings["sd_lora"] = "line"
    for order in (ORDER, with_lora(lora)):
        with pytest.raises(Problem, match=r"adds the LoRA line to every prompt; .* to None"):
            client.draw(order)
    stand_in.settings["sd_lora"] = NAME
    with pytest.raises(Problem, match=f"adds the LoRA {NAME} to every prompt"):
        client.draw(ORDER)
    assert client.draw(with_lora(lora))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("wrong seed", "drew otherwise than asked: Seed 2, not 1"),
        ("other model", rf"asked: model other-model \[\w{{10}}\], not \[{SHA256[:10]}\]"),
        ("interrupted", "was told to stop: Interrupt or Skip was pressed there"),
        ("black", "drew one plain colour: .* --no-half-vae"),
        ("jpg", "sends JPEG, which loses detail; in the WebUI set Settings > Saving images"),
        ("nan", "can't do it: NansException: .* start the WebUI with --no-half-vae"),
        ("500 out of memory", "can't do it: OutOfMemoryError: .*; lower generate.width and height"),
    ],
)
def test_a_picture_that_went_wrong_is_told_and_not_drawn_again(
    stand_in: StandIn, client: WebUI, lora: Lora, fault: str, message: str
) -> None:
    stand_in.fault = fault
    with pytest.raises(Problem, match=message) as error:
        client.draw(with_lora(lora))
    assert str(error.value).startswith(f"{stand_in.url} ")
    assert "\n" not in str(error.value)
    assert len(asked_for(stand_in, "txt2img")) == 1


def test_a_picture_that_was_skipped_is_told(stand_in: StandIn, client: WebUI) -> None:
    stand_in.delay = 1
    told: list[Exception] = []

    def draw() -> None:
        try:
            client.draw(ORDER)
        except Problem as error:
            told.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    deadline = time.monotonic() + WAITING_SECONDS
    while not stand_in.state["job_count"]:
        assert time.monotonic() < deadline
    requests.post(f"{stand_in.url}/sdapi/v1/skip", timeout=WAITING_SECONDS)
    thread.join(WAITING_SECONDS)
    assert "was told to stop" in str(told[0])


def test_a_setting_of_a_wrong_kind_is_told_on_one_line(stand_in: StandIn, client: WebUI) -> None:
    wrong: Any = "many"
    with pytest.raises(Problem, match="can't do it: ") as error:
        client.draw(replace(ORDER, steps=wrong, width=wrong))
    assert str(error.value) == (
        f"{stand_in.url} can't do it: body.steps: value is not a valid integer; "
        "body.width: value is not a valid integer"
    )


def test_a_failure_of_the_webui_is_told_on_one_line(stand_in: StandIn, client: WebUI) -> None:
    with pytest.raises(Problem, match="can't do it: KeyError: ") as error:
        client.ask("txt2img", {"override_settings": {"two\nlines": 1}})
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{stand_in.url} ")


@pytest.mark.parametrize("fault", ["reset", "cut answer", "502"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_order_that_broke_off_is_sent_again(
    stand_in: StandIn,
    client: WebUI,
    fault: str,
    times: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    undisturbed = client.draw(ORDER)
    stand_in.asked.clear()
    stand_in.fault, stand_in.fault_path, stand_in.faults_left = fault, "txt2img", times
    assert client.draw(ORDER) == undisturbed
    assert len(asked_for(stand_in, "txt2img")) == times + 1
    told = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(told) == times
    assert all(line.startswith(stand_in.url) for line in told)
    assert told[0].endswith("; trying again in 0.001 s")


def test_patience_ends(stand_in: StandIn, client: WebUI) -> None:
    stand_in.fault, stand_in.fault_path = "reset", "txt2img"
    with pytest.raises(UnreachableError, match=f"^{stand_in.url}: the answer broke off$"):
        client.draw(ORDER)
    assert len(asked_for(stand_in, "txt2img")) == 4


@pytest.mark.parametrize("fault", ["reset", "cut answer", "502"])
def test_a_question_after_the_picture_that_broke_off_costs_no_run(
    stand_in: StandIn, client: WebUI, fault: str
) -> None:
    stand_in.fault, stand_in.fault_path, stand_in.faults_left = fault, "progress", 1
    assert client.draw(ORDER)


def test_a_webui_that_is_started_again_goes_on(tmp_path: Path) -> None:
    lora = ours(tmp_path / "models" / "Lora")
    with webui(tmp_path) as first:
        undisturbed = client_of(first.url).draw(with_lora(lora))
    with ExitStack() as stack:

        def pauses() -> Iterator[float]:
            """Start the WebUI again before the third try."""
            yield from (0, 0)
            stack.enter_context(webui(tmp_path, port=first.port))
            yield 0

        assert client_of(first.url, pauses()).draw(with_lora(lora)) == undisturbed


@pytest.mark.parametrize("fault", ["html", "not json", "redirect", "500 out of memory", "nan"])
def test_what_waiting_does_not_mend_is_asked_once(
    stand_in: StandIn, client: WebUI, fault: str
) -> None:
    stand_in.fault, stand_in.fault_path = fault, "txt2img"
    with pytest.raises(Problem):
        client.draw(ORDER)
    assert len(asked_for(stand_in, "txt2img")) == 1


CALLS: dict[str, Callable[[WebUI], object]] = {
    **dict.fromkeys(("options", "cmd-flags", "loras", "samplers", "schedulers"), WebUI.state),
    "refresh-loras": WebUI.refresh_loras,
    "txt2img": lambda client: client.draw(ORDER),
    "progress": lambda client: client.draw(ORDER),
}


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", hostile.ANSWERS)
def test_what_no_webui_sends_is_told_and_no_more_of_it_is_taken(
    stand_in: StandIn, fault: str, path: str, recwarn: pytest.WarningsRecorder
) -> None:
    stand_in.fault, stand_in.fault_path = fault, path
    client = WebUI(stand_in.url, False, "", pauses=(0,), question=HURRIED, picture=HURRIED)
    harmless = (fault, path) == ("another kind", "refresh-loras")  # it has looked, that's enough
    with nullcontext() if harmless else pytest.raises(Problem) as error:
        CALLS[path](client)
    if error:
        assert str(error.value).startswith(stand_in.url)
        assert str(error.value).isprintable()
    assert stand_in.sent < 40 << 20, "what the sockets' buffers hold, in two tries"
    assert not recwarn


@pytest.mark.parametrize("fault", hostile.ANSWERS)
def test_held_settings_are_never_what_no_webui_has(stand_in: StandIn, fault: str) -> None:
    before = dict(stand_in.settings)
    stand_in.fault, stand_in.fault_path, stand_in.faults_left = fault, "options", 1
    with pytest.raises(Problem, match=f"^{stand_in.url}"):
        WebUI(stand_in.url, False, "", pauses=(), question=HURRIED).hold_settings()
    assert stand_in.settings == before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("huge picture", "sent a picture of 60000x60000 pixels; turn off what resizes it"),
        ("empty picture", "sent a picture of 0x0 pixels"),
        ("text bomb", "sent a damaged picture"),
        ("bitmap", "sent a damaged picture"),
        ("header alone", "sent a damaged picture"),
        ("no header", "sent a damaged picture"),
        ("half a pair", "answered without a picture and its infotext"),
        ("long infotext", "sent an infotext that is far too long"),
        ("escapes in the infotext", "drew otherwise than asked: Seed "),
    ],
)
def test_a_picture_that_is_none_is_told(
    stand_in: StandIn, client: WebUI, fault: str, message: str, recwarn: pytest.WarningsRecorder
) -> None:
    stand_in.fault = fault
    with pytest.raises(Problem, match=f"^{stand_in.url} {message}") as error:
        client.draw(ORDER)
    assert str(error.value).isprintable()
    assert not recwarn


def test_what_stands_behind_a_picture_is_left_out(stand_in: StandIn, client: WebUI) -> None:
    undisturbed = client.draw(ORDER)
    stand_in.fault = "picture upon picture"
    assert client.draw(ORDER) == undisturbed


def test_nothing_is_unpacked_before_the_header_is_judged(
    stand_in: StandIn, client: WebUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Image, "open", opened)
    stand_in.fault = "huge picture"
    with pytest.raises(Problem, match="sent a picture of 60000x60000 pixels"):
        client.draw(ORDER)


def test_a_picture_may_be_drawn_for_longer_than_its_answer_may_take(stand_in: StandIn) -> None:
    stand_in.delay = 1.0
    patient = Limits(wait=WAITING_SECONDS, body=0.5, most=1 << 20)
    assert WebUI(stand_in.url, False, "", picture=patient).draw(ORDER)


def test_the_larger_the_picture_the_longer_the_answer_may_be(stand_in: StandIn) -> None:
    tight = Limits(wait=WAITING_SECONDS, body=WAITING_SECONDS, most=8 << 10)
    client = WebUI(stand_in.url, False, "", pauses=(), picture=tight)
    assert client.draw(replace(ORDER, width=256, height=256))
    with pytest.raises(Problem, match="sends more than 0 MB for one answer, which is none of a"):
        client.ask("txt2img", {"prompt": "nasu", "steps": 1})


def test_what_it_calls_its_things_steers_no_terminal(tmp_path: Path) -> None:
    ours(tmp_path / "models" / "Lora")
    name = f"anything{hostile.ESCAPES}"
    with webui(tmp_path, checkpoints={name: SHA256}) as stand_in:
        stand_in.told_paths = {NAME: f"/{hostile.ESCAPES}/{NAME}.safetensors"}
        state = client_of(stand_in.url).state()
    assert state.checkpoint.isprintable()
    assert state.loras[NAME].path.isprintable()
    with pytest.raises(Problem, match="loaded, but") as error:
        state.check_model(lora_in(tmp_path, "other", ss_new_sd_model_hash="1" * 64), TRAINED)
    assert str(error.value).isprintable()
