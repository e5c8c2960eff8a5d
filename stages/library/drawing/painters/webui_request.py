"""What a WebUI is asked for a picture."""

from typing import Any

from stages.library.drawing.orders import Order
from stages.library.drawing.painters.webui_answers import full_prompt

OVERRIDES = (
    "CLIP_stop_at_last_layers",
    "lora_add_hashes_to_infotext",
    "add_model_hash_to_info",
    "add_model_name_to_info",
)
"""Settings of the WebUI that an order replaces, for its own picture."""


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
