"""A LoRA's papers: what it was made of, in its own metadata, and the WebUI's card."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from stages.library.common.errors import Problem
from stages.library.common.git import git
from stages.library.common.outputs import files_within

MARK = "nasumiso"
"""The key of the papers within the metadata's `ss_training_comment`."""


@dataclass(frozen=True)
class Papers:
    """What a LoRA was made of."""

    run: str  # digest of all that decides the result
    git_commit: str
    git_changed: bool  # whether the work tree differed from the commit
    dataset: str  # path
    dataset_md5: str  # DVC's name for exactly these files
    params_sha256: str
    base_model: str
    base_model_sha256: str
    trainer: str
    trainer_commit: str
    captions: str = ""  # digest of the tags' counts; '' before captions were checked
    pictures: int = 0


def run_id(parts: dict[str, object]) -> str:
    """Return the name of a training: 12 hex digits that anything in `parts` changes."""
    return digest_of(parts)[:12]


def digest_of(values: dict[str, object]) -> str:
    """Return the SHA-256 of values, whatever their order."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def dvc_md5(folder: Path) -> str:
    """Return DVC's name of a folder: the MD5 of the list of its files and their MD5s."""
    entries = []
    for path in files_within(folder):
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        entries.append({"md5": md5, "relpath": path.relative_to(folder).as_posix()})
    entries.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(entries).encode()).hexdigest() + ".dir"


def read_lock(path: Path) -> str:
    """Return the text of a dvc.lock; '' where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def locked_md5(lock: str, path: str) -> str:
    """Return the MD5 that the text of a dvc.lock records for an output; '' if it has none."""
    try:
        stages = (yaml.safe_load(lock) or {}).get("stages", {})
    except yaml.YAMLError:  # as after a merge with conflicts
        return ""
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return next((str(out.get("md5", "")) for out in outs if out.get("path") == path), "")


def changed() -> bool:
    """Return whether files differ from the commit, but for those that DVC and a training write."""
    ours = (":!training", ":!dvc.lock")
    return bool(git("status", "--porcelain", "--untracked-files=no", "--", ".", *ours))


def as_comment(papers: Papers, comment: str = "") -> str:
    """Return the text for the option training_comment; `comment` is the user's own."""
    return json.dumps({MARK: asdict(papers)} | ({"comment": comment} if comment else {}))


def read_papers(metadata: dict[str, str]) -> Papers | None:
    """Return the papers in a LoRA's metadata; None if it has none of ours."""
    try:
        return Papers(**json.loads(metadata["ss_training_comment"])[MARK])
    except (KeyError, ValueError, TypeError):
        return None


def read_header(path: Path) -> dict[str, object]:
    """Return the header of a safetensors file: its tensors' places, and `__metadata__`.

    The format: eight bytes with the header's length, the header in JSON, the tensors.
    https://huggingface.co/docs/safetensors

    Raises:
        Problem: it is no such file, or it ends too early.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if length <= size - 8 else b""
    try:
        header = json.loads(text)
        tensors = [each for name, each in header.items() if name != "__metadata__"]
        end = max((tensor["data_offsets"][1] for tensor in tensors), default=0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(f"{path}: is no safetensors file, or not whole; get it again") from None
    if 8 + length + end != size:
        raise Problem(f"{path}: is cut off in the middle; get it again")
    return dict(header)


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file.

    Raises:
        Problem: it is no such file.
    """
    metadata = read_header(path).get("__metadata__")
    return {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}


def is_whole(path: Path) -> bool:
    """Return whether a safetensors file is there to its last byte."""
    try:
        return bool(read_header(path))
    except (OSError, ValueError):
        return False


def card(trigger: str, metadata: dict[str, str], weight: float, negative: str) -> dict[str, object]:
    """Return what AUTOMATIC1111's WebUI shows of a LoRA, from `<name>.json` beside it.

    `extensions-builtin/Lora/ui_edit_user_metadata.py` writes the same keys.
    """
    version = metadata.get("ss_base_model_version", "")
    kinds = {"sd_v1": "SD1", "sd_v2": "SD2", "sdxl": "SDXL", "sd3": "SD3"}
    papers = read_papers(metadata)
    epochs, pictures, base = (
        metadata.get(key, "?") for key in ("ss_epoch", "ss_num_train_images", "ss_sd_model_name")
    )
    made = [f"{epochs} epochs of {pictures} pictures, repeats counted, on {base}"]
    if papers:
        made.append(f"python -m tools.provenance tells what it was made of (run {papers.run})")
    return {
        "description": f"Nasumiso Creator. Trigger: {trigger}",
        "sd version": next((kinds[k] for k in kinds if version.startswith(k)), "Unknown"),
        "activation text": trigger,
        "preferred weight": weight,
        "negative text": negative,
        "notes": "\n".join(made),
    }
