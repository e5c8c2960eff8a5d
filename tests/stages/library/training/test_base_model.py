"""What params.yaml may say of the base model."""

import hashlib

import pytest

from stages.library.common.errors import Problem
from stages.library.training.base_model import BaseModel, check_base_model

SHA256 = hashlib.sha256(b"a model").hexdigest()


@pytest.mark.parametrize(
    ("place", "sha256", "message"),
    [
        ("mine.safetensors", SHA256, "is no file here, no URL and no OWNER/REPOSITORY/FILE"),
        ("owner/repository", SHA256, "is no file here"),
        ("https://example.com/x.safetensors", "", "_sha256: is missing"),
        ("owner/repo/x.safetensors", SHA256.upper(), "_sha256: is no SHA-256"),
    ],
)
def test_a_model_that_can_t_be_had_is_told_at_once(place: str, sha256: str, message: str) -> None:
    with pytest.raises(Problem, match=message):
        check_base_model(BaseModel(place, sha256))


def test_a_place_names_its_file() -> None:
    hub = "swl-models/Anything-v5.0-PRT/Anything-v5.0-PRT-RE.safetensors@8f4143c9"
    assert BaseModel(hub, "").name == "Anything-v5.0-PRT-RE.safetensors"
    assert BaseModel("https://x.org/a/b.safetensors?token=1", "").name == "b.safetensors"
    check_base_model(BaseModel(hub, SHA256))
