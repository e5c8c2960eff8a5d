"""Compare the generate stage with a bare loop over the WebUI's API, whole process against process.

Both ask the tests' stand-in for the same pictures; it takes `--seconds` for each, as a WebUI does.
The stage besides checks each picture, writes grids and page, and has the builtin tagger look. Its
two tiny pictures, which prove that the LoRA has an effect, count as pictures in both, since the
stand-in takes as long for them. They take turns.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages import generate
from stages.library.drawing.loras import loras_of
from stages.library.drawing.orders import cells
from stages.library.drawing.painters.webui_request import as_request
from stages.library.drawing.prompts import Drawing
from tests.standins.webui.server import webui
from tests.support.clones import PROJECT
from tests.support.params import arguments
from tests.support.training import lora_bytes

NAME = "nasu"

BARE = """
import base64, json, sys
from pathlib import Path
import requests
for number, body in enumerate(json.loads(Path(sys.argv[2]).read_text())):
    answer = requests.post(f"{sys.argv[1]}/sdapi/v1/txt2img", json=body).json()
    Path(sys.argv[3], f"{number}.png").write_bytes(base64.b64decode(answer["images"][0]))
"""

ASKED: dict[str, Any] = {
    "lora_folder": "auto",
    "checkpoint": "trained",
    "prompts": ["nasumiso_style, 1girl, smile", "nasumiso_style, eggplant"],
    "seeds": [1, 2],
    "weights": [0.6, 0.8, 1.0],
    "epochs": ["last"],
    "remote": False,
    "negative_prompt": "lowres",
    "sampler": "DPM++ 2M",
    "scheduler": "Karras",
    "steps": 25,
    "cfg_scale": 7,
    "width": 512,
    "height": 512,
    "clip_skip": 2,
}


def timed(words: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(words, check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def stage(folder: Path, url: str) -> list[str]:
    """Return the stage's command."""
    own = {
        "lora": folder / "lora",
        "captions": folder / "captions",
        "dictionary": PROJECT / "data" / "dictionary",
        "output": folder / "pictures",
        "metrics": folder / "pictures.json",
        "work": folder / "drawn",
        "threshold": 0.35,
        "name": NAME,
        "tag": "nasumiso_style",
        "model": "builtin",
        "revision": "",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
        "url": url,
    }
    words = arguments(generate.build_parser(), {**own, **ASKED}, folder)
    return [sys.executable, "-m", "stages.generate", *words]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="that a picture takes (2)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "lora").mkdir()
        (folder / "lora" / f"{NAME}.safetensors").write_bytes(lora_bytes(b"a LoRA"))
        (folder / "captions").mkdir()
        (folder / "captions" / "img001.txt").write_text("nasumiso_style, purple_theme\n")
        (folder / "bare").mkdir()
        with webui(folder / "webui", delay=options.seconds) as stand_in:
            (lora,) = loras_of(folder / "lora", NAME)
            shutil.copyfile(lora.file, stand_in.lora_folder / f"{lora.copy}.safetensors")
            drawing = Drawing(url=stand_in.url, **ASKED)
            table = cells(drawing, [lora], "")
            tiny = replace(table[0].order, width=64, height=64, steps=4)
            orders = [tiny, replace(tiny, weight=0), *(cell.order for cell in table)]
            bodies = folder / "bodies.json"
            bodies.write_text(json.dumps([as_request(order) for order in orders]))
            bare = [sys.executable, "-c", BARE, stand_in.url, str(bodies), str(folder / "bare")]
            ratios = []
            for _ in range(options.rounds):
                plain = timed(bare)
                shutil.rmtree(folder / "drawn", ignore_errors=True)
                ours = timed(stage(folder, stand_in.url))
                ratios.append(ours / plain)
                print(f"bare {plain:.1f} s, stage {ours:.1f} s, stage / bare {ours / plain:.3f}")
    print(f"{len(table)} pictures, median stage / bare: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
