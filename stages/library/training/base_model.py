"""The base model as params.yaml names it: a file, a URL, or a file of a hub repository."""

import re
from dataclasses import dataclass

from stages.library.common.errors import Problem
from stages.library.common.paths import located

KEY = "params.yaml, lora.base_model"
HUB = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@]+\.(?:safetensors|ckpt))(?:@(?P<rev>.+))?"
)


@dataclass(frozen=True)
class BaseModel:
    """What params.yaml says: where the model is, and the SHA-256 it must have ('': any)."""

    place: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        hub = HUB.fullmatch(self.place)
        place = hub["file"] if hub and not self.is_url else self.place.split("?")[0]
        return place.rpartition("/")[2]

    @property
    def is_url(self) -> bool:
        """Whether it is fetched from an address as it stands."""
        return self.place.startswith(("https://", "http://"))


def check_base_model(model: BaseModel) -> None:
    """Raise Problem if the model can't be had as it is written."""
    if model.sha256 and not re.fullmatch(r"[0-9a-f]{64}", model.sha256):
        raise Problem(f"{KEY}_sha256: is no SHA-256; write its 64 digits 0-9 a-f")
    path = located(model.place)
    if path.is_file():
        return
    if not model.is_url and not HUB.fullmatch(model.place):
        raise Problem(
            f"{KEY}: {model.place!r} is no file here, no URL and no OWNER/REPOSITORY/FILE"
            ".safetensors of the hub"
        )
    if not model.sha256:
        raise Problem(
            f"{KEY}_sha256: is missing; a model that is downloaded is checked against it (the "
            "model's page shows it)"
        )
