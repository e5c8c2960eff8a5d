"""Which family of taggers files and outputs speak of."""

import pytest

from stages.library.tagging.families import FAMILIES, as_family, family_of

WD14 = {
    "wd-v1-4-moat-tagger-v2": [
        *(".gitattributes", "README.md", "keras_metadata.pb", "model.onnx", "saved_model.pb"),
        *("selected_tags.csv", "variables/variables.index"),
    ],
    "wd-eva02-large-tagger-v3": [
        *(".gitattributes", "README.md", "config.json", "model.msgpack", "model.onnx"),
        *("model.safetensors", "selected_tags.csv", "sw_jax_cv_config.json"),
    ],
}


@pytest.mark.parametrize("model", WD14)
def test_a_wd14_tagger_is_none_of_the_others(model: str) -> None:
    assert family_of([*WD14[model], "output"]) == ""
    assert as_family(WD14[model]) == ""


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["cl_tagger_1_02_tag_mapping.json"], "cl_tagger"),
        (["v2_00/model_vocabulary.json", "v2_00/model_metadata.json"], "cl_tagger"),
        (["camie-tagger-v2-metadata.json"], "Camie's tagger"),
        (["char_ip_map.json", "model_v0.9.pth"], "PixAI's tagger"),
        (["embedding", "logits", "prediction"], "the models of animetimm and PixAI"),
        (["onnx/model.onnx", "preprocessor_config.json"], "the models of transformers"),
    ],
)
def test_a_family_is_told_by_name(names: list[str], family: str) -> None:
    assert family in FAMILIES
    assert family_of(names) == family
