"""AUTOMATIC1111's WebUI (1.9 or newer) and Forge, through their API.

The WebUI answers 200 where it ignored half of what was asked: an unknown LoRA, sampler, scheduler
or model. So what it says that it did is compared with the order, picture by picture.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/v1.10.1/modules/api/models.py
"""

import base64
import io
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.drawing.loras import Lora
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import with_infotext
from stages.library.drawing.painters.webui_address import check_url, host_of, is_loopback
from stages.library.drawing.painters.webui_answers import picture_of
from stages.library.drawing.painters.webui_errors import LOGIN, UnreachableError, in_short, trouble
from stages.library.drawing.painters.webui_exchange import (
    FAILURES,
    Limits,
    TooLongError,
    exchange,
    read_json,
)
from stages.library.drawing.painters.webui_request import OVERRIDES, as_request
from stages.library.drawing.painters.webui_state import TRAINED, Installed, State, model_of

QUESTION = Limits(wait=60, body=120, most=64 << 20)
"""Of an answer. The longest lists the LoRAs, each with its metadata: some 30 KB."""

PICTURE = Limits(wait=1800, body=120, most=16 << 20)
"""Of a picture, which a slow card draws for minutes before the answer begins; what its pixels take
comes on top."""

PIXEL = 16
"""Bytes of an answer a pixel: of an RGBA picture that nothing compresses, in base64, three."""

MOST = 4000
"""Characters of a path or a prompt that are read and shown."""

PAUSES = (3.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before an order that broke off is sent again: a WebUI takes a minute to start, and one
that is asked too soon while it starts may die of it."""


class WebUI:
    """A WebUI at an address; `login` is `name:password`, or '' for none.

    An answer may take what `question` and `picture` say; there are `pauses` before an order is sent
    again.

    Raises:
        Problem: the address may not be asked, or the login is none.
    """

    def __init__(
        self,
        url: str,
        remote: bool,
        login: str,
        pauses: Iterable[float] | None = None,
        question: Limits = QUESTION,
        picture: Limits = PICTURE,
    ) -> None:
        check_url(url, remote)
        if login and ":" not in login:
            raise Problem(f"{LOGIN}: is not name:password; write it as in --api-auth")
        self.url = url.rstrip("/")
        self.here = is_loopback(host_of(url))
        self.pauses = PAUSES if pauses is None else pauses
        self.question, self.picture = question, picture
        self._headers = {"Accept": "application/json"}
        if login:
            basic = base64.b64encode(login.encode()).decode()
            self._headers["Authorization"] = f"Basic {basic}"

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
            checkpoint=said(options["sd_model_checkpoint"]),
            checkpoint_sha256=said(options.get("sd_checkpoint_hash")),
            samplers=[said(each["name"]) for each in self.ask("samplers")],
            schedulers=[said(each["label"]) for each in self.ask("schedulers")],
            loras={
                said(each["name"]): Installed(
                    said(each["path"]), said((each["metadata"] or {}).get("sshs_model_hash"))[:12]
                )
                for each in loras
            },
            lora_folder=said(flags.get("lora_dir")),
        )

    def hold_settings(self) -> None:
        """Have the WebUI write down the settings that orders replace.

        After a picture it restores only those that its config.json holds: on a fresh install the
        artist's own pictures would be drawn with ours from then on.
        """
        now = self._ask_for_fields("options")
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
            raise type(error)(f"{self.url} {printable(str(error), MOST)}") from None
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
        limits = self._limits(body) if body and path == "txt2img" else self.question
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({} if data is None else {"Content-Type": "application/json"})
        try:
            answer = exchange(f"{self.url}/sdapi/v1/{path}", headers, data, limits)
        except TooLongError:
            raise Problem(
                f"{self.url} sends more than {limits.most >> 20} MB for one answer, which is none "
                "of a WebUI; correct generate.url, or look at what it prints"
                " / 応答が大きすぎます。generate.url を確かめてください"
            ) from None
        except FAILURES as error:
            raise UnreachableError(f"{self.url}: {in_short(error)}") from None
        if problem := trouble(answer, path):
            raise type(problem)(f"{self.url} {problem}")
        try:
            return read_json(answer.body)
        except ValueError:
            raise Problem(self._no_webui()) from None

    def _limits(self, order: dict[str, Any]) -> Limits:
        """Return what the answer to an order of a picture may take; it may hold any size."""
        width, height = order.get("width", 0), order.get("height", 0)
        pixels = width * height if isinstance(width, int) and isinstance(height, int) else 0
        return replace(self.picture, most=self.picture.most + PIXEL * pixels)

    def _ask_for_fields(self, path: str) -> dict[str, Any]:
        """Return an answer that has fields, though it be asked for again and again."""
        answer = self._ask_patiently(path)
        if not isinstance(answer, dict):
            raise Problem(self._no_webui())
        return answer

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
        state = self._ask_for_fields("progress?skip_current_image=true").get("state")
        names = ("interrupted", "skipped", "stopping_generation")
        return isinstance(state, dict) and any(state.get(name) for name in names)


def said(value: object) -> str:
    """Return what a WebUI says, as text that can be shown; '' for nothing."""
    return printable(str(value or ""), MOST)


def check_effect(webui: WebUI, order: Order) -> None:
    """Raise Problem if the order's LoRA changes nothing, shown with two tiny pictures.

    A WebUI lists a LoRA among those it used, though none of it fits the model.
    """
    tiny = replace(order, width=64, height=64, steps=4)
    if pixels(webui.draw(tiny)) == pixels(webui.draw(replace(tiny, weight=0))):
        raise Problem(
            f"{webui.url} takes the LoRA {order.lora}, but it changes nothing: it was trained for "
            "another kind of model than the one that is loaded (SD 1.5, SDXL ...), or has learned "
            "nothing"
        )


def pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return picture.tobytes()


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
