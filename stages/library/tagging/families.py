"""Taggers of other families: told by name, so that nobody looks for a fault in their files.

They need other pictures than WD14's. Fed with those they would run, and see other things.
"""

from collections.abc import Iterable
from fnmatch import fnmatch

FAMILIES = {
    # NCHW, BGR, scaled to -1..1; logits: huggingface.co/cella110n/cl_tagger and cl_tagger_v2
    "cl_tagger": ("tag_mapping.json", "*_tag_mapping.json", "model_vocabulary.json"),
    # NCHW, RGB, 512 px; two looks (initial, refined), logits: huggingface.co/Camais03/camie-tagger
    "Camie's tagger": ("metadata.json", "*-metadata.json", "*_metadata.json", "initial/*"),
    # as torch has it: huggingface.co/pixai-labs/pixai-tagger-v0.9
    "PixAI's tagger": ("tags_v0.9_*.json", "char_ip_map.json", "model_v0.9.pth"),
    # RGB, 0-1; a list of names without categories: imgutils/tagging/deepdanbooru.py
    "DeepDanbooru": ("tags-general.txt", "tags-character.txt", "deepdanbooru_tags.csv"),
    # NCHW, RGB, each model scaled as its preprocess.json says; imgutils/generic/multilabel_timm.py
    "the models of animetimm and PixAI": ("preprocess.json", "thresholds.csv", "prediction"),
    # a folder of the library transformers
    "the models of transformers": ("preprocessor_config.json",),
}
"""Families, by files that their models have beside them, and by names of what these give.

WD14's have a config.json, too: it tells nothing."""

OTHERS = "preprocess.json"
"""A file beside a model; WD14's have none."""

SAYS = "says that the model wants other pictures than WD14's"
"""What that file says."""

ONLY = (
    "only WD14 taggers can be used for now; take one of https://huggingface.co/SmilingWolf "
    "/ いま使えるのは WD14 のタガーだけです。上のページから選んでください"
)


def family_of(names: Iterable[str]) -> str:
    """Return the family that files, or outputs of a model, are known from; '' if none is.

    >>> family_of(["config.json", "model.onnx", "selected_tags.csv"])
    ''
    >>> family_of(["cl_tagger_1_02/model.onnx", "cl_tagger_1_02/tag_mapping.json"])
    'cl_tagger'
    """
    last = [name for whole in names for name in {whole, whole.rpartition("/")[2]}]
    for family, patterns in FAMILIES.items():
        if any(fnmatch(name, pattern) for name in last for pattern in patterns):
            return family
    return ""


def as_family(names: Iterable[str]) -> str:
    """Return what to add of the family to a message; '' if it isn't known.

    >>> as_family(["tag_mapping.json"])
    ' (it looks like cl_tagger)'
    """
    family = family_of(names)
    return f" (it looks like {family})" if family else ""
