"""What a request for txt2img may hold, and what the API says of a body that isn't so.

The model is made in modules/api/models.py of v1.10.1, and checked by pydantic 1 and FastAPI 0.94.
"""

import json
import re
from typing import Any


class Refused(Exception):
    """An answer other than 200: its status and body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


def failed(kind: str, errors: str = "", detail: str = "", status: int = 500) -> Refused:
    """Return the answer that the API gives for an exception."""
    body = {"error": kind, "detail": detail, "body": "", "errors": errors}
    return Refused(status, body)


def of_kind(kind: type, **defaults: Any) -> dict[str, tuple[type, Any]]:
    return {name: (kind, default) for name, default in defaults.items()}


FIELDS: dict[str, tuple[type, Any]] = {
    **of_kind(str, prompt="", negative_prompt="", sampler_name=None, scheduler=None),
    **of_kind(str, sampler_index="Euler", refiner_checkpoint=None, firstpass_image=None),
    **of_kind(str, hr_upscaler=None, hr_checkpoint_name=None, hr_sampler_name=None),
    **of_kind(str, hr_scheduler=None, hr_prompt="", hr_negative_prompt=""),
    **of_kind(str, force_task_id=None, script_name=None, infotext=None),
    **of_kind(int, seed=-1, subseed=-1, seed_resize_from_h=-1, seed_resize_from_w=-1),
    **of_kind(int, batch_size=1, n_iter=1, steps=50, width=512, height=512),
    **of_kind(int, firstphase_width=0, firstphase_height=0, hr_second_pass_steps=0),
    **of_kind(int, hr_resize_x=0, hr_resize_y=0),
    **of_kind(float, subseed_strength=0, cfg_scale=7.0, eta=None, denoising_strength=None),
    **of_kind(float, s_min_uncond=None, s_churn=None, s_tmax=None, s_tmin=None, s_noise=None),
    **of_kind(float, refiner_switch_at=None, hr_scale=2.0),
    **of_kind(bool, restore_faces=None, tiling=None, do_not_save_samples=False),
    **of_kind(bool, do_not_save_grid=False, override_settings_restore_afterwards=True),
    **of_kind(bool, disable_extra_networks=False, enable_hr=False, send_images=True),
    **of_kind(bool, save_images=False),
    **of_kind(list, styles=None, script_args=[]),
    **of_kind(dict, override_settings=None, comments=None, alwayson_scripts={}),
}
"""Kind and default of each field; null is allowed everywhere."""

WRONG = {
    str: ("str type expected", "type_error.str"),
    int: ("value is not a valid integer", "type_error.integer"),
    float: ("value is not a valid float", "type_error.float"),
    bool: ("value could not be parsed to a boolean", "type_error.bool"),
    list: ("value is not a valid list", "type_error.list"),
    dict: ("value is not a valid dict", "type_error.dict"),
}
WORDS = {"on": True, "t": True, "true": True, "y": True, "yes": True, "1": True}
WORDS |= {"off": False, "f": False, "false": False, "n": False, "no": False, "0": False}


def read_body(data: bytes, kind: str) -> dict[str, Any]:
    """Return the body of a request; `kind` is its content type."""
    if not data:
        missing = {"loc": ["body"], "msg": "field required", "type": "value_error.missing"}
        raise Refused(422, {"detail": [missing]})
    if kind and not re.match(r"application/([^;]+\+)?json\b", kind):
        raise Refused(422, {"detail": [wrong(dict)]})
    try:
        body = json.loads(data)
    except json.JSONDecodeError as error:
        told: dict[str, Any] = {
            "loc": ["body", error.pos],
            "msg": str(error),
            "type": "value_error.jsondecode",
        }
        keys = ("msg", "doc", "pos", "lineno", "colno")
        told["ctx"] = {key: getattr(error, key) for key in keys}
        raise Refused(422, {"detail": [told]}) from None
    if not isinstance(body, dict):
        raise Refused(422, {"detail": [wrong(dict)]})
    return body


def request_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return all fields of a request; what else it holds is dropped in silence."""
    request, mistakes = {}, []
    for name, (kind, default) in FIELDS.items():
        value = body.get(name)
        try:
            request[name] = None if value is None else coerced(kind, value)
        except (TypeError, ValueError, OverflowError):
            mistakes.append(wrong(kind, name))
        if name not in body:
            request[name] = default
    if mistakes:
        raise Refused(422, {"detail": mistakes})
    return request


def wrong(kind: type, *place: str) -> dict[str, Any]:
    message, code = WRONG[kind]
    return {"loc": ["body", *place], "msg": message, "type": code}


def coerced(kind: type, value: Any) -> Any:
    """Return a value as pydantic 1 takes it.

    >>> coerced(int, "20"), coerced(int, 20.9), coerced(float, 7), coerced(bool, "yes")
    (20, 20, 7.0, True)
    """
    if kind is bool:
        if str(value).lower() not in WORDS:
            raise ValueError
        return WORDS[str(value).lower()]
    if (kind in (list, dict) or isinstance(value, list | dict)) and not isinstance(value, kind):
        raise TypeError
    return kind(value) if kind in (int, float, str) else value
