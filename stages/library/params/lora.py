"""params.yaml, section lora: what the LoRA is trained on and judged by; not sd-scripts' own."""

from stages.library.common.params import Key, Section
from stages.library.common.values import number

LORA = Section(
    "lora",
    {
        "script": Key(help="script of sd-scripts"),
        "base_model": Key(help="file, URL, or OWNER/REPOSITORY/FILE[@REVISION] of the hub"),
        "base_model_sha256": Key(help="what the base model's SHA-256 must be"),
        "sample_prompts": Key(help="lines, each with --d", many=True),
        "preferred_weight": Key(number(0, 2), "weight that the WebUI's card gives"),
    },
)
