"""An order for a picture, for tests of what draws it."""

import hashlib

from stages.library.drawing.orders import Order
from tests.support.training import BASE

ORDER = Order(
    prompt="nasu, ナス",
    negative_prompt="lowres",
    sampler="DPM++ 2M",
    scheduler="Karras",
    steps=25,
    cfg_scale=7.5,
    width=64,
    height=96,
    seed=1,
    clip_skip=2,
    checkpoint=hashlib.sha256(BASE.encode()).hexdigest(),
    lora="",
    lora_hash="",
    weight=0.8,
)
"""Without a LoRA, from the model that the stand-in for the WebUI has loaded."""
