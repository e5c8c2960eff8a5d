"""AUTOMATIC1111's WebUI (1.9 or newer) and Forge, through their API.

The WebUI answers 200 where it ignored half of what was asked: an unknown LoRA, sampler, scheduler
or model. So what it says that it did is compared with the order, picture by picture.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/v1.10.1/modules/api/models.py
"""

import io
import ipaddress
import re
import sys
import time
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PureWindowsPath
from typing import Any

import requests
from PIL import Image
from requests.auth import HTTPBasicAuth

from stages.library.common.errors import Problem
from stages.library.common.values import did_you_mean
from stages.library.drawing.loras import Lora, trained_on
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import with_infotext
from stages.library.drawing.painters.webui_answers import (
    LOGIN,
    UnreachableError,
    full_prompt,
    in_short,
    picture_of,
    trouble,
)

ANSWER, PICTURE = 20, 1800
"""Seconds that a question and a picture may take."""

TRAINED, LOADED = "trained", "loaded"
"""Values of generate.checkpoint: the LoRA's own base model, or whatever the WebUI has loaded."""

PAUSES = (3.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before an order that broke off is sent again: a WebUI takes a minute to start, and one
that is asked too soon while it starts may die of it."""

OVERRIDES = (
    "CLIP_stop_at_last_layers",
    "lora_add_hashes_to_infotext",
    "add_model_hash_to_info",
    "add_model_name_to_info",
)
"""Settings of the WebUI that an order replaces, for its own picture."""


@dataclass(frozen=True)
class Installed:
    """A LoRA that the WebUI knows."""

    path: str  # on the WebUI's machine
    hash: str  # first 12 digits; '' if its file doesn't hold it


@dataclass(frozen=True)
class State:
    """What a WebUI says of itself."""

    checkpoint: str  # title of the model that is loaded
    checkpoint_sha256: str  # '' if it doesn't tell
    samplers: list[str]
    schedulers: list[str]
    loras: dict[str, Installed]  # by the file's stem
    lora_folder: str  # on the WebUI's machine

    def check_model(self, lora: Lora | None, wanted: str) -> None:
        """Raise Problem unless the model is loaded that generate.checkpoint names."""
        loaded = self.checkpoint or "no model"
        if wanted == TRAINED and lora:
            name, sha256 = model_of(lora)
            if not self.checkpoint_sha256:
                raise Problem(
                    "the WebUI has loaded no model yet, or runs with --no-hashing; wait until its "
                    "model is loaded, or set generate.checkpoint: loaded"
                )
            if not sha256.startswith(self.checkpoint_sha256):
                raise Problem(
                    f"the WebUI has {loaded} loaded, but {lora.file.stem} was trained on {name} "
                    f"[{sha256[:10]}]; choose that at the top left of the WebUI, or set "
                    "generate.checkpoint: loaded / WebUI 左上で学習に使ったモデルを選んでください"
                )
        elif wanted != LOADED:
            title = re.sub(r" \[[0-9a-f]{10}\]$", "", loaded)
            file = PureWindowsPath(title)  # knows both kinds of slashes
            if wanted not in (loaded, title, file.name, file.stem):
                raise Problem(
                    f"params.yaml, generate.checkpoint: the WebUI has {loaded} loaded, not "
                    f"{wanted!r}; choose that at the top left of the WebUI"
                )

    def as_two(self, name: str) -> tuple[str, str] | None:
        """Return sampler and scheduler of a name from before version 1.9, such as Euler Karras."""
        pairs = ((name.removesuffix(f" {each}"), each) for each in self.schedulers)
        return next((pair for pair in pairs if pair[0] in self.samplers), None)

    def check_names(self, sampler: str, scheduler: str) -> None:
        """Raise Problem if the WebUI doesn't have them, and would silently take others."""
        named = {"sampler": (sampler, self.samplers), "scheduler": (scheduler, self.schedulers)}
        for key, (name, names) in named.items():
            if name not in names:
                hint = did_you_mean(name, names, f"it has {', '.join(names)}")
                if key == "sampler" and (both := self.as_two(name)):
                    hint = f"write sampler: {both[0]}, scheduler: {both[1]}"
                raise Problem(f"params.yaml, generate.{key}: the WebUI has no {name!r}; {hint}")


class WebUI:
    """A WebUI at an address; `login` is `name:password`, or '' for none.

    It has `patience` seconds for a question, and `pauses` before an order is sent again.

    Raises:
        Problem: the address may not be asked, or the login is none.
    """

    def __init__(
        self,
        url: str,
        remote: bool,
        login: str,
        pauses: Iterable[float] | None = None,
        patience: float = ANSWER,
    ) -> None:
        check_url(url, remote)
        name, colon, password = login.partition(":")
        if login and not colon:
            raise Problem(f"{LOGIN}: is not name:password; write it as in --api-auth")
        self.url = url.rstrip("/")
        self.here = is_loopback(host_of(url))
        self.pauses = PAUSES if pauses is None else pauses
        self.patience = patience
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no password from ~/.netrc
        if login:
            self._session.auth = HTTPBasicAuth(name.encode(), password.encode())

    def state(self) -> State:
        """Return what the WebUI has, and has loaded.

        Raises:
            Problem: it is no WebUI, has no API, lets nobody in, or is too old.
            UnreachableError: nothing answers.
        """
        options, flags, loras = self.ask("options"), self.ask("cmd-flags"), self.ask("loras")
        try:
            return self._state(options, flags, loras)
        except (AttributeError, KeyError, TypeError):
            raise Problem(self._no_webui()) from None

    def _no_webui(self) -> str:
        return (
            f"{self.url} is no Stable Diffusion WebUI; set generate.url to the address that "
            "the WebUI prints when it starts"
        )

    def _state(self, options: Any, flags: Any, loras: Any) -> State:
        return State(
            checkpoint=str(options["sd_model_checkpoint"] or ""),
            checkpoint_sha256=str(options.get("sd_checkpoint_hash") or ""),
            samplers=[str(each["name"]) for each in self.ask("samplers")],
            schedulers=[str(each["label"]) for each in self.ask("schedulers")],
            loras={
                str(each["name"]): Installed(
                    str(each["path"]), str((each["metadata"] or {}).get("sshs_model_hash", ""))[:12]
                )
                for each in loras
            },
            lora_folder=str(flags.get("lora_dir") or ""),
        )

    def hold_settings(self) -> None:
        """Have the WebUI write down the settings that orders replace.

        After a picture it restores only those that its config.json holds: on a fresh install the
        artist's own pictures would be drawn with ours from then on.
        """
        now = self.ask("options")
        held = {name: now[name] for name in OVERRIDES if now.get(name) is not None}
        self.ask("options", {k: int(v) if type(v) is float else v for k, v in held.items()})

    def refresh_loras(self) -> None:
        """Have the WebUI look at its folder again."""
        self.ask("refresh-loras", {})

    def forget_loras(self) -> None:
        """Have the WebUI drop the LoRA it drew with last, by a tiny picture without any.

        It may otherwise go on drawing with the old one after the file was replaced.
        """
        self.ask("txt2img", {"prompt": "", "steps": 1, "width": 64, "height": 64, "seed": 1})

    def draw(self, order: Order) -> bytes:
        """Draw a picture (`drawing.Painter`), as a PNG that holds its infotext.

        Raises:
            UnreachableError: the WebUI doesn't answer, though asked again and again.
            Problem: it answered with an error, or drew otherwise than was ordered.
        """
        answer = self._ask_patiently("txt2img", as_request(order))
        try:
            picture, infotext = picture_of(answer, order)
        except Problem as error:
            raise type(error)(f"{self.url} {error}") from None
        if self._was_interrupted():
            raise Problem(f"{self.url} was told to stop: Interrupt or Skip was pressed there")
        return with_infotext(picture, infotext)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the answer to a question or, with a `body`, to an order.

        Raises:
            UnreachableError: there is no answer, or half of one.
            Problem: nobody there understands the question.
            Problem: the WebUI failed.
        """
        place = f"{self.url}/sdapi/v1/{path}"
        method, limit = ("GET", self.patience) if body is None else ("POST", PICTURE)
        try:
            answer = self._session.request(
                method, place, json=body, timeout=(5, limit), allow_redirects=False
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self.url}: {in_short(error)}") from None
        if problem := trouble(answer, path):
            raise type(problem)(f"{self.url} {problem}")
        try:
            return answer.json()
        except ValueError:
            raise Problem(self._no_webui()) from None

    def _ask_patiently(self, path: str, body: dict[str, Any] | None = None) -> Any:
        for pause in self.pauses:
            try:
                return self.ask(path, body)
            except UnreachableError as error:
                print(f"\n{error}; trying again in {pause:g} s", file=sys.stderr)
                time.sleep(pause)
        return self.ask(path, body)

    def _was_interrupted(self) -> bool:
        """Return whether the last picture was left half drawn; the answer to it doesn't tell."""
        state = self._ask_patiently("progress?skip_current_image=true").get("state") or {}
        return any(state.get(name) for name in ("interrupted", "skipped", "stopping_generation"))


def check_effect(webui: WebUI, order: Order) -> None:
    """Raise Problem if the order's LoRA changes nothing, shown with two tiny pictures.

    A WebUI lists a LoRA among those it used, though none of it fits the model.
    """
    tiny = replace(order, width=64, height=64, steps=4)
    if pixels(webui.draw(tiny)) == pixels(webui.draw(replace(tiny, weight=0))):
        raise Problem(
            f"{webui.url} takes the LoRA {order.lora}, but it changes nothing: it was trained for "
            "another kind of model than the one that is loaded (SD 1.5, SDXL ...)"
        )


def pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return picture.tobytes()


def check_url(url: str, remote: bool) -> None:
    """Raise Problem unless `url` is http(s), without a password, and here or `remote`."""
    key = "params.yaml, generate.url"
    host = host_of(url)
    if "@" in re.split("[/?#]", url.partition("//")[2])[0]:
        raise Problem(f"{key}: holds a login; set it in the environment: {LOGIN}=name:password")
    if not host or not url.lower().startswith(("http://", "https://")):
        raise Problem(f"{key}: {url!r} is no address; write one such as http://127.0.0.1:7860")
    if not (remote or is_loopback(host)):
        raise Problem(
            f"{key}: {host} is another machine; for this one write http://127.0.0.1:7860, and if "
            "the other one is meant set generate.remote: true"
        )


def host_of(url: str) -> str:
    """Return the host of an address; '' if it is none."""
    try:
        parts = urllib.parse.urlsplit(url)
        return (parts.hostname or "") if parts.port != 0 else ""  # the port raises if it is none
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checkpoint_for(lora: Lora, wanted: str, webui: WebUI) -> str:
    """Return what orders call the model: SHA-256 of the LoRA's own, or the title of the loaded one.

    Raises:
        Problem: the LoRA doesn't tell, or another model is loaded than the one that is named.
    """
    if wanted != TRAINED:
        state = webui.state()
        state.check_model(lora, wanted)
        return state.checkpoint
    return model_of(lora)[1]


def model_of(lora: Lora) -> tuple[str, str]:
    """Return name and SHA-256 of the model that a LoRA was trained on.

    Raises:
        Problem: it doesn't tell.
    """
    name, sha256 = trained_on(lora)
    if not sha256:
        raise Problem(
            f"{lora.file}: does not tell what model it was trained on; set generate.checkpoint: "
            "loaded"
        )
    return name, sha256


def as_request(order: Order) -> dict[str, Any]:
    """Return the body of a txt2img request."""
    return {
        "prompt": full_prompt(order),
        "negative_prompt": order.negative_prompt.strip(),
        "sampler_name": order.sampler,
        "scheduler": order.scheduler,
        "steps": order.steps,
        "cfg_scale": order.cfg_scale,
        "width": order.width,
        "height": order.height,
        "seed": order.seed,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
        # for this picture only: the WebUI's own settings stay as they are
        "override_settings": dict(zip(OVERRIDES, (order.clip_skip, True, True, True), strict=True)),
        "override_settings_restore_afterwards": True,
    }
