"""params.yaml, section generate: what is drawn, and by which WebUI."""

import argparse
import re

from stages.library.common.params import Key, Section
from stages.library.common.values import number, odd_comma, whole

LAST, ALL = "last", "all"
"""What params.yaml calls the finished LoRA, and that with all of its epochs."""

WEIGHT = re.compile(r":\s*[-+]?(?:\d+\.?|\d*\.\d+)$")
"""What a WebUI takes for the weight of a whole prompt at its end, such as the face `:3`."""

SEED = whole(0, 4_294_967_295)


def a_prompt(text: str) -> str:
    """Read a prompt; the LoRA and its weight are added by the stage."""
    if re.search("<(lora|lyco):", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} names a LoRA; remove it, the stage adds the one to test at every weight"
        )
    if not text.strip():
        raise argparse.ArgumentTypeError("a prompt is empty; write one, such as {trigger}, 1girl")
    if wrong := re.search(r"\{(?!trigger\})[^{}]*\}", text):
        raise argparse.ArgumentTypeError(
            f"{wrong.group()} is replaced by nothing; only {{trigger}} is, by common_tag.tag"
        )
    if weight := WEIGHT.search(text.strip()):
        raise argparse.ArgumentTypeError(
            f"{text!r} ends in {weight.group()!r}, which a WebUI takes for the weight of the whole "
            "prompt; write a comma behind it / 末尾がプロンプト全体の強さと読まれます。"
            "うしろに半角の「,」を付けてください"
        )
    return prompt_line(text)


def prompt_line(text: str) -> str:
    """Read a prompt that the WebUI reads as it is written."""
    if "#" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} holds a '#', after which a WebUI reads no further; remove it"
        )
    if fault := odd_comma(text):
        raise argparse.ArgumentTypeError(fault)
    return text.strip()


def epoch(text: str) -> str:
    """Read `last`, `all` or the number of an epoch."""
    if text not in (LAST, ALL) and not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no epoch; write last, all, or numbers such as [2, 4, last]"
        )
    return text


GENERATE = Section(
    "generate",
    {
        "url": Key(help="address of the WebUI"),
        "remote": Key(help="it may be on another machine", switch=True),
        "lora_folder": Key(help="its models/Lora; auto asks it"),
        "checkpoint": Key(help="model it must have loaded: trained, loaded, or a name"),
        "clip_skip": Key(whole(1, 12), "layers of the text encoder, from the end"),
        "prompts": Key(a_prompt, "prompts; {trigger} is the trigger", many=True),
        "negative_prompt": Key(prompt_line, "what must not be in the pictures"),
        "sampler": Key(help="such as DPM++ 2M"),
        "scheduler": Key(help="such as Karras"),
        "steps": Key(whole(1, 150), "steps of the sampler"),
        "cfg_scale": Key(number(1, 30), "how closely the prompt is followed"),
        "width": Key(whole(64, 2048, multiple_of=8), "pixels"),
        "height": Key(whole(64, 2048, multiple_of=8), "pixels"),
        "seeds": Key(SEED, "seeds", many=True),
        "weights": Key(number(0, 2), "weights of the LoRA; 0: without it", many=True),
        "epochs": Key(epoch, "last, all, or numbers", many=True),
    },
)
