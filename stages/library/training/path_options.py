"""Options of sd-scripts that name a file or a folder to read.

sd-scripts resolves them in the folder that it runs in, or takes them for the name of a hub
repository. Here they are relative to the project, must be there, and what they hold decides the
result as the dataset does.
"""

from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.paths import located
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.model_store import known_sha256
from stages.library.training.options import Options
from stages.library.training.subsets import Subset, read_subsets

PATHS = (
    *("reg_data_dir", "vae", "network_weights", "base_weights"),
    *("clip_l", "clip_g", "t5xxl", "t5_tokenizer_path", "ae", "gemma2"),
    *("qwen3", "llm_adapter_path", "text_encoder", "byt5", "controlnet_model_name_or_path"),
)
"""In the source of v0.10.1: library/train_util.py, library/*_train_util*.py, *_train_network.py."""

HELPERS = ("tokenizer_cache_dir", "log_tracker_config")
"""Paths as well, but nothing of the result; the trainer fills the first one itself."""


def resolved(options: Options) -> Options:
    """Return the options with absolute paths.

    Raises:
        Problem: there is nothing at a path.
    """
    return options | {
        key: [_there(key, place) for place in options[key]]
        for key in (*PATHS, *HELPERS)
        if key in options
    }


def _there(key: str, place: str) -> str:
    path = located(place)
    if not path.exists():
        raise Problem(
            f"params.yaml, train.{key}: there is no {place}; write a path within the project, or "
            "an absolute one (a model of a hub must be downloaded first)"
        )
    return str(path)


def contents(options: Options) -> dict[str, list[str]]:
    """Return a digest of what is at each of the resolved paths, by option."""
    return {key: [digest(Path(place)) for place in options[key]] for key in PATHS if key in options}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or DVC's MD5 of a folder."""
    return dvc_md5(path) if path.is_dir() else known_sha256(path)


def regular_subsets(options: Options) -> list[Subset]:
    """Return the folders of regularization pictures.

    Raises:
        Problem: `reg_data_dir` has none.
    """
    if "reg_data_dir" not in options:
        return []
    root = Path(options["reg_data_dir"][0])
    found = [each for each in read_subsets(root, regular=True) if each.pictures]
    if not found:
        raise Problem(
            f"params.yaml, train.reg_data_dir: {root} has no folder <repeats>_<class>, such as "
            "1_girl, with pictures in it; make one"
        )
    return found
