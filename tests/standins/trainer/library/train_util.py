"""Options and files of the stand-in trainer."""

import argparse
import hashlib
import json
import pickle
import struct
import zipfile
from pathlib import Path


def add_sd_models_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pretrained_model_name_or_path", type=str, default=None)
    parser.add_argument("--tokenizer_cache_dir", type=str, default=None)
    parser.add_argument("--v2", action="store_true")
    parser.add_argument("--v_parameterization", action="store_true")
    parser.add_argument("--zero_terminal_snr", action="store_true")
    parser.add_argument("--scale_v_pred_loss_like_noise_pred", action="store_true")


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train_data_dir", type=str, default=None)
    parser.add_argument("--reg_data_dir", type=str, default=None)
    parser.add_argument("--resolution", type=str, default=None)
    parser.add_argument("--enable_bucket", action="store_true")
    parser.add_argument("--min_bucket_reso", type=int, default=256)
    parser.add_argument("--max_bucket_reso", type=int, default=1024)
    parser.add_argument("--cache_latents", action="store_true")
    parser.add_argument("--cache_latents_to_disk", action="store_true")
    parser.add_argument("--keep_tokens", type=int, default=0)
    parser.add_argument("--shuffle_caption", action="store_true")
    parser.add_argument("--alpha_mask", action="store_true")
    parser.add_argument("--caption_extension", type=str, default=".caption")
    parser.add_argument("--caption_extention", type=str, default=None)
    parser.add_argument("--caption_prefix", type=str, default=None)
    parser.add_argument("--caption_suffix", type=str, default=None)
    parser.add_argument("--enable_wildcard", action="store_true")
    parser.add_argument("--caption_dropout_rate", type=float, default=0.0)
    parser.add_argument("--caption_tag_dropout_rate", type=float, default=0.0)
    parser.add_argument("--token_warmup_step", type=float, default=0)
    parser.add_argument("--color_aug", action="store_true")
    parser.add_argument("--random_crop", action="store_true")


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
    parser.add_argument("--vae", type=str, default=None)
    parser.add_argument("--max_token_length", type=int, default=None, choices=[None, 150, 225])
    parser.add_argument("--max_train_steps", type=int, default=1600)
    parser.add_argument("--max_train_epochs", type=int, default=None)
    parser.add_argument("--max_data_loader_n_workers", type=int, default=8)
    parser.add_argument("--persistent_data_loader_workers", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--gradient_checkpointing", action="store_true")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--mixed_precision", choices=["no", "fp16", "bf16"], default="no")
    parser.add_argument("--clip_skip", type=int, default=None)
    parser.add_argument("--logging_dir", type=str, default=None)
    parser.add_argument("--log_with", choices=["tensorboard", "wandb", "all"], default=None)
    parser.add_argument("--sample_every_n_steps", type=int, default=None)
    parser.add_argument("--sample_at_first", action="store_true")
    parser.add_argument("--sample_every_n_epochs", type=int, default=None)
    parser.add_argument("--sample_prompts", type=str, default=None)
    parser.add_argument("--sample_sampler", choices=["ddim", "euler", "euler_a"], default="ddim")


def int_or_float(value: str) -> float:
    """Return steps, or a share of them: 0.1, 10%."""
    if value.endswith("%"):
        return float(value[:-1]) / 100
    return int(value) if float(value) >= 1 else float(value)


def add_optimizer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--optimizer_type", type=str, default="")
    parser.add_argument("--learning_rate", type=float, default=2.0e-6)
    parser.add_argument("--min_snr_gamma", type=float, default=None)
    parser.add_argument("--lr_scheduler", type=str, default="constant")
    parser.add_argument("--lr_warmup_steps", type=int_or_float, default=0)


def prepare_dataset_args(args: argparse.Namespace) -> None:
    """Understand the old spelling, and make "512,512" or "512" the pair (512, 512)."""
    if args.caption_extention is not None:
        args.caption_extension = args.caption_extention
    if args.resolution is not None:
        sides = [int(side) for side in args.resolution.split(",")]
        args.resolution = (sides[0], sides[-1])


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
            archive.writestr("archive/data.pkl", pickle.dumps(weight, protocol=2))


def load_state(folder: Path) -> float:
    """Return the weight that a state holds; like torch.load, fail for one that is cut off."""
    with zipfile.ZipFile(folder / STATE[-1]) as archive:
        return float(pickle.loads(archive.read("archive/data.pkl")))


def save_safetensors(path: Path, weight: float, metadata: dict[str, str]) -> None:
    """Write a file with one tensor of one number, and the digest of that."""
    data = struct.pack("<d", weight)
    header = {
        "__metadata__": {
            **metadata,
            "sshs_model_hash": hashlib.sha256(data).hexdigest(),
        },
        "lora_unet_mid.alpha": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
    }
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
