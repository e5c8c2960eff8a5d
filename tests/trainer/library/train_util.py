"""Options and files of the stand-in trainer."""

import argparse
import json
import struct
import zipfile
from pathlib import Path


def add_sd_models_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pretrained_model_name_or_path", type=str, default=None)
    parser.add_argument("--tokenizer_cache_dir", type=str, default=None)
    parser.add_argument("--v2", action="store_true")


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train_data_dir", type=str, default=None)
    parser.add_argument("--resolution", type=str, default=None)
    parser.add_argument("--enable_bucket", action="store_true")
    parser.add_argument("--min_bucket_reso", type=int, default=256)
    parser.add_argument("--max_bucket_reso", type=int, default=1024)
    parser.add_argument("--cache_latents", action="store_true")
    parser.add_argument("--cache_latents_to_disk", action="store_true")
    parser.add_argument("--keep_tokens", type=int, default=0)
    parser.add_argument("--shuffle_caption", action="store_true")
    parser.add_argument("--caption_extension", type=str, default=".caption")


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output_dir", type=str, default=None)
    parser.add_argument("--output_name", type=str, default=None)
    parser.add_argument("--save_precision", choices=[None, "float", "fp16", "bf16"], default=None)
    parser.add_argument("--save_every_n_epochs", type=int, default=None)
    parser.add_argument("--save_last_n_epochs_state", type=int, default=None)
    parser.add_argument("--save_state", action="store_true")
    parser.add_argument("--resume", type=str, default=None)
    parser.add_argument("--train_batch_size", type=int, default=1)
    parser.add_argument("--xformers", action="store_true")
    parser.add_argument("--sdpa", action="store_true")
    parser.add_argument("--max_train_epochs", type=int, default=None)
    parser.add_argument("--max_data_loader_n_workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--gradient_checkpointing", action="store_true")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--mixed_precision", choices=["no", "fp16", "bf16"], default="no")
    parser.add_argument("--clip_skip", type=int, default=None)
    parser.add_argument("--logging_dir", type=str, default=None)
    parser.add_argument("--log_with", choices=["tensorboard", "wandb", "all"], default=None)
    parser.add_argument("--sample_every_n_epochs", type=int, default=None)
    parser.add_argument("--sample_prompts", type=str, default=None)
    parser.add_argument("--sample_sampler", choices=["ddim", "euler", "euler_a"], default="ddim")


def add_optimizer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--optimizer_type", type=str, default="")
    parser.add_argument("--learning_rate", type=float, default=2.0e-6)
    parser.add_argument("--lr_scheduler", type=str, default="constant")
    parser.add_argument("--lr_warmup_steps", type=float, default=0)


STATE = (
    "train_state.json",
    "model.safetensors",
    "optimizer.bin",
    "scheduler.bin",
    "random_states_0.pkl",
)


def save_state(folder: Path, epoch: int, step: int, weight: float, die: bool = False) -> None:
    """Write a state in sd-scripts' order; with `die`, only half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"current_epoch": epoch, "current_step": step})
    (folder / STATE[0]).write_text(text, encoding="utf-8")
    save_safetensors(folder / STATE[1], weight, {})
    for name in STATE[2:3] if die else STATE[2:]:
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("data", repr(weight))


def load_state(folder: Path) -> float:
    """Return the weight that a state holds; like torch.load, fail for one that is cut off."""
    with zipfile.ZipFile(folder / STATE[-1]) as archive:
        return float(archive.read("data"))


def save_safetensors(path: Path, weight: float, metadata: dict[str, str]) -> None:
    """Write a file with one tensor of one number."""
    header = {
        "__metadata__": {"format": "pt", **metadata},
        "lora_unet_mid.alpha": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
    }
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<d", weight))
