"""What is drawn: the keys of params.yaml, section generate."""

import argparse
import re

from stages.library.common.arguments import Parser, number, whole
from stages.library.drawing.loras import epoch


def add_params(parser: Parser) -> None:
    """Add the keys of params.yaml, section generate."""
    parser.add_param("url", help="address of the WebUI")
    parser.add_param("remote", switch=True, help="it may be on another machine")
    parser.add_param("lora_folder", help="its models/Lora; auto asks it")
    parser.add_param("checkpoint", help="model it must have loaded: trained, loaded, or a name")
    parser.add_param("clip_skip", whole(1, 12), help="layers of the text encoder, from the end")
    parser.add_param("prompts", a_prompt, many=True, help="prompts; {trigger} is the trigger")
    parser.add_param("negative_prompt", prompt_line, help="what must not be in the pictures")
    parser.add_param("sampler", help="such as DPM++ 2M")
    parser.add_param("scheduler", help="such as Karras")
    parser.add_param("steps", whole(1, 150), help="steps of the sampler")
    parser.add_param("cfg_scale", number(1, 30), help="how closely the prompt is followed")
    parser.add_param("width", whole(64, 2048, multiple_of=8), help="pixels")
    parser.add_param("height", whole(64, 2048, multiple_of=8), help="pixels")
    parser.add_param("seeds", whole(0, 4_294_967_295), many=True, help="seeds")
    parser.add_param("weights", number(0, 2), many=True, help="weights of the LoRA; 0: without it")
    parser.add_param("epochs", epoch, many=True, help="last, all, or numbers")


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
    return prompt_line(text)


def prompt_line(text: str) -> str:
    """Read a prompt that the WebUI reads as it is written."""
    if "#" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} holds a '#', after which a WebUI reads no further; remove it"
        )
    if "\n" in text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} has a line break; write it on one line")
    return text.strip()
