"""A LoRA's papers: what it was made of, in its own metadata."""

import hashlib
import json
from dataclasses import asdict, dataclass

from stages.library.common.git import git
from stages.library.common.json_files import json_of

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
        return Papers(**json_of(metadata["ss_training_comment"])[MARK])
    except (KeyError, ValueError, TypeError):
        return None
