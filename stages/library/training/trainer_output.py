"""The trainer's last lines: what they mean, and what to do."""

import re

SHOWN = 20
"""How many of them are shown."""

LAUNCHED = re.compile(r"\S*CalledProcessError: Command .* (died with \S+ \d+>|returned .*)\.")
"""What accelerate says last: the trainer's whole command, and how it ended."""

TRACEBACK = "Traceback (most recent call last)"
"""How a traceback begins."""

HINTS = {
    "out of memory": "the graphics card's memory is too small for this: set gradient_checkpointing "
    "and cache_latents to true, lower train_batch_size, resolution or network_dim",
    "No data found": "the trainer found no pictures; see its lines above",
    "bitsandbytes": "train.optimizer_type: AdamW needs no bitsandbytes",
    "Max retries exceeded": "the trainer fetches a tokenizer from huggingface.co the first time, "
    "and can't reach it; check the network",
    "SIGKILL": "the system ended the trainer, mostly since memory ran out: close other programs",
}
"""What the trainer's last lines may hold, and what to do about it."""


def explained(lines: list[str]) -> str:
    """Return the trainer's last lines, and what to do where that is known."""
    shown = [line for line in without_launcher(lines) if line.strip()][-SHOWN:]
    text = "\n".join(shown).lower()
    hints = [hint for sign, hint in HINTS.items() if sign.lower() in text]
    return "\n".join([*(f"  | {line}" for line in shown), *(f"  {hint}" for hint in hints[:1])])


def without_launcher(lines: list[str]) -> list[str]:
    """Return the lines without accelerate's own traceback, which ends every failure.

    It tells nothing but which signal ended the trainer, if one did.

    >>> launcher = ["Traceback (most recent call last):", '  File "accelerate/launch.py", line 3']
    >>> without_launcher(["KeyError: 1", *launcher, "CalledProcessError: Command 'x' returned 1."])
    ['KeyError: 1']
    >>> without_launcher([*launcher, "CalledProcessError: Command 'x' died with <SIGKILL: 9>."])
    ['died with <SIGKILL: 9>']
    """
    last = next((n for n in reversed(range(len(lines))) if LAUNCHED.fullmatch(lines[n])), None)
    if last is None:
        return lines
    start = next((n for n in reversed(range(last)) if TRACEBACK in lines[n]), last)
    before = [lines[start].partition(TRACEBACK)[0]] if start < last else []  # a progress bar
    ended = re.findall(r"died with <.*>", lines[last])
    return [*lines[:start], *filter(None, before), *ended, *lines[last + 1 :]]
