"""Orders of test pictures, as params.yaml would have them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.library.drawing.loras import Lora
from stages.library.drawing.orders import Cell, cells
from stages.library.drawing.prompts import Drawing
from tests.support import drawing

ORDER = replace(drawing.ORDER, lora="nasumiso_v1", lora_hash="0123456789ab")
CHECKPOINT = ORDER.checkpoint
DRAWING = Drawing(
    url="http://127.0.0.1:7860",
    remote=False,
    lora_folder="auto",
    checkpoint="trained",
    clip_skip=2,
    prompts=["a"],
    negative_prompt="lowres",
    sampler="DPM++ 2M",
    scheduler="Karras",
    steps=25,
    cfg_scale=7.5,
    width=64,
    height=96,
    seeds=[1],
    weights=[0.8],
    epochs=["all"],
)
EPOCHS = [
    Lora(Path("nasu-000002.safetensors"), "e000002", 2, "2" * 12),
    Lora(Path("nasu.safetensors"), "last", 4, "4" * 12),
]


def grid(**changes: Any) -> list[Cell]:
    """Return the cells of two epochs; `changes` are keys of params.yaml."""
    return cells(replace(DRAWING, **changes), EPOCHS, CHECKPOINT)
