"""A small dataset and a stand-in trainer, for tests of the training."""

import hashlib
import json
import pickle
import struct
import zipfile
from pathlib import Path

import yaml
from PIL import Image

from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.provenance import Papers, as_comment
from tests.support.clones import PROJECT

BASE = "anything-v5"
"""A base model whose SHA-256 is that of its name, as at the stand-in for the WebUI."""

TRAINER = PROJECT / "tests" / "standins" / "trainer"

PARAMS: dict[str, object] = {
    "script": "train_network.py",
    "network_module": "networks.lora",
    "network_dim": 8,
    "resolution": "64,64",
    "train_batch_size": 1,
    "gradient_accumulation_steps": 2,
    "max_train_epochs": 4,
    "learning_rate": 1e-3,
    "lr_warmup_steps": 2,
    "optimizer_type": "AdamW8bit",
    "mixed_precision": "fp16",
    "save_every_n_epochs": 1,
    "save_last_n_epochs_state": 2,
    "cache_latents_to_disk": True,
    "seed": 42,
    "sample_every_n_epochs": 1,
    "sample_prompts": ["{trigger}, smile --d 1", "eggplant --n lowres --d 2"],
    "preferred_weight": 0.8,
}
"""What `train:` and `lora:` say for a dataset of seven batches an epoch, which are four steps."""


def write_dataset(root: Path) -> Path:
    """Write a dataset as organize does, and the dvc.lock that records it."""
    dataset = root / "data" / "dataset"
    folder = dataset / "1_nasu"
    folder.mkdir(parents=True)
    for number in range(1, 8):
        Image.new("RGB", (64, 64), (number, 80, 120)).save(folder / f"img{number:03d}.png")
        (folder / f"img{number:03d}.txt").write_text("nasu, smile\n", encoding="utf-8")
    write_lock(root, dvc_md5(dataset))
    return dataset


def write_held_out(root: Path, *captions: str) -> Path:
    """Write drawings that are held back, as organize does, and record them beside the dataset."""
    folder = root / "data" / "held_out"
    (folder / "3_nasu").mkdir(parents=True, exist_ok=True)
    (folder / "about.md").write_text("held back\n", encoding="utf-8")
    for number, caption in enumerate(captions, 101):
        path = folder / "3_nasu" / f"img{number}.png"
        Image.new("RGB", (64, 64), (number, 20, 20)).save(path)
        path.with_suffix(".txt").write_text(f"{caption}\n", encoding="utf-8")
    write_lock(root, dvc_md5(root / "data" / "dataset"), dvc_md5(folder))
    return folder


def write_lock(root: Path, md5: str, held_out: str = "") -> None:
    """Write a dvc.lock with nothing but the dataset, and what is held back."""
    outs = [{"path": "data/dataset", "md5": md5}]
    if held_out:
        outs.append({"path": "data/held_out", "md5": held_out})
    lock = {"schema": "2.0", "stages": {"organize": {"cmd": "", "outs": outs}}}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")


def write_base_model(root: Path) -> dict[str, object]:
    """Write a base model, and return its params."""
    path = root / "base.safetensors"
    data = safetensors({"made": "for tests"})
    path.write_bytes(data)
    return {"base_model": str(path), "base_model_sha256": hashlib.sha256(data).hexdigest()}


def safetensors(metadata: dict[str, str], tensor: bytes = b"01234567") -> bytes:
    """Return the bytes of a safetensors file."""
    header = {
        "__metadata__": metadata,
        "weight": {"dtype": "U8", "shape": [len(tensor)], "data_offsets": [0, len(tensor)]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tensor


def lora_bytes(
    tensor: bytes,
    run: str = "1" * 12,
    base: str = BASE,
    base_sha256: str = "",
    **metadata: str,
) -> bytes:
    """Return a LoRA's file as a training leaves it; without `run` as another tool does.

    '' as a value of `metadata` leaves that key out.
    """
    base_sha256 = base_sha256 or hashlib.sha256(base.encode()).hexdigest()
    papers = Papers(run, "c" * 40, False, "data/dataset", "d", "e", base, base_sha256, "t", "a")
    known = {
        "sshs_model_hash": hashlib.sha256(tensor).hexdigest(),
        "ss_training_comment": as_comment(papers) if run else "",
    }
    return safetensors({k: v for k, v in (known | metadata).items() if v}, tensor)


def write_lora(path: Path, run: str = "1" * 12, tensor: str = "", **others: str) -> Path:
    """Write a LoRA as a training leaves it, see `lora_bytes`, and return its path."""
    known = {"ss_output_name": path.stem, "ss_epoch": "10"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lora_bytes((tensor or f"{path.stem} {run}").encode(), run, **known | others))
    return path


def write_state(folder: Path, epoch: int) -> Path:
    """Write a complete state."""
    folder.mkdir(parents=True)
    state = {"current_epoch": epoch, "current_step": 4 * epoch}
    (folder / "train_state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(safetensors({}))
    for name in ("optimizer.bin", "scheduler.bin", "random_states_0.pkl"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(1.0, protocol=2))
    return folder
