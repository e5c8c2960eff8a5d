"""What a LoRA tells of its training: `train_network.py::train`, from line 992 on.

Every value is `str()` of what the trainer holds: `True`, `None`, `(512, 512)`, or JSON.
"""

import argparse
import hashlib
import json
import os
import random
import time
from pathlib import Path

from library.dataset import Dataset, together  # type: ignore[import-not-found,unused-ignore]

PLAIN = """output_name learning_rate text_encoder_lr unet_lr gradient_checkpointing
gradient_accumulation_steps max_train_steps lr_warmup_steps lr_scheduler network_module network_dim
network_alpha network_dropout mixed_precision full_fp16 v2 clip_skip max_token_length cache_latents
seed lowram noise_offset multires_noise_iterations multires_noise_discount adaptive_noise_scale
zero_terminal_snr training_comment max_grad_norm caption_dropout_rate
caption_dropout_every_n_epochs caption_tag_dropout_rate face_crop_aug_range prior_loss_weight
min_snr_gamma scale_weight_norms ip_noise_gamma debiased_estimation noise_offset_random_strength
ip_noise_gamma_random_strength loss_type huber_schedule huber_scale huber_c fp8_base fp8_base_unet
validation_seed validation_split max_validation_steps validate_every_n_epochs
validate_every_n_steps resize_interpolation resolution color_aug flip_aug random_crop
shuffle_caption enable_bucket bucket_no_upscale keep_tokens""".split()  # noqa: SIM905
"""Options that stand in the metadata under their own name."""

NOT_OFFERED = {
    "multires_noise_discount": 0.3,
    "max_grad_norm": 1.0,
    "caption_dropout_every_n_epochs": 0,
    "prior_loss_weight": 1.0,
    "loss_type": "l2",
    "huber_schedule": "snr",
    "huber_scale": 1.0,
    "huber_c": 0.1,
    "full_fp16": False,
    "lowram": False,
    "debiased_estimation": False,
    "noise_offset_random_strength": False,
    "ip_noise_gamma_random_strength": False,
    "fp8_base": False,
    "fp8_base_unet": False,
    "flip_aug": False,
    "bucket_no_upscale": False,
}
"""Defaults of options that the stand-in does not have; else None."""

OPTIMIZERS = {
    "adamw": "torch.optim.adamw.AdamW",
    "adamw8bit": "bitsandbytes.optim.adamw.AdamW8bit",
}


DATASETS_OWN = """batch_size_per_device total_batch_size resolution color_aug flip_aug random_crop
shuffle_caption enable_bucket bucket_no_upscale min_bucket_reso max_bucket_reso keep_tokens
reg_dataset_dirs bucket_info""".split()  # noqa: SIM905
"""What stands in `ss_datasets`, and nowhere else, with a `--dataset_config`."""


def of_dataset(args: argparse.Namespace, dataset: Dataset) -> dict[str, object]:
    """Return what `ss_datasets` says of one of several datasets."""
    subsets = [
        {
            "img_count": subset.count,
            "num_repeats": subset.repeats,
            "color_aug": args.color_aug,
            "flip_aug": False,
            "random_crop": args.random_crop,
            "shuffle_caption": args.shuffle_caption,
            "keep_tokens": args.keep_tokens,
            "enable_wildcard": args.enable_wildcard,
            "caption_prefix": args.caption_prefix,
            "caption_suffix": args.caption_suffix,
            "image_dir": subset.folder.name,
            "class_tokens": subset.class_tokens,
            "is_reg": subset.is_reg,
        }
        for subset in dataset.subsets
    ]
    return {
        "is_dreambooth": True,
        "batch_size_per_device": dataset.batch_size,
        "num_train_images": dataset.train_images,
        "num_reg_images": dataset.reg_images,
        "resolution": args.resolution,
        "enable_bucket": args.enable_bucket,
        "min_bucket_reso": args.min_bucket_reso if args.enable_bucket else None,
        "max_bucket_reso": args.max_bucket_reso if args.enable_bucket else None,
        "tag_frequency": dataset.tag_frequency,
        "bucket_info": dataset.buckets.info() if args.enable_bucket else None,
        "resize_interpolation": None,
        "subsets": subsets,
    }


def describe(
    args: argparse.Namespace,
    datasets: list[Dataset],
    validation: Dataset | None,
    batches: int,
    epochs: int,
    version: str,
) -> dict[str, str]:
    """Return the metadata, but for what every file adds."""
    base, dataset = Path(args.pretrained_model_name_or_path), together(datasets)
    folders: dict[bool, dict[str, object]] = {False: {}, True: {}}
    for subset in dataset.subsets:
        about = {"n_repeats": subset.repeats, "img_count": subset.count}
        folders[subset.is_reg][subset.folder.name] = about
    found = {f"ss_{key}": getattr(args, key, NOT_OFFERED.get(key)) for key in PLAIN}
    found |= {
        "ss_session_id": random.SystemRandom().randint(0, 2**32),
        "ss_training_started_at": time.time(),
        "ss_num_train_images": dataset.train_images,
        "ss_num_validation_images": validation.train_images if validation else 0,
        "ss_num_reg_images": dataset.reg_images,
        "ss_num_batches_per_epoch": batches,
        "ss_num_epochs": epochs,
        "ss_base_model_version": version,
        "ss_sd_scripts_commit_hash": "(unknown)",
        "ss_optimizer": OPTIMIZERS.get(args.optimizer_type.lower(), args.optimizer_type),
        "ss_batch_size_per_device": args.train_batch_size,
        "ss_total_batch_size": args.train_batch_size * args.gradient_accumulation_steps,
        "ss_min_bucket_reso": args.min_bucket_reso if args.enable_bucket else None,
        "ss_max_bucket_reso": args.max_bucket_reso if args.enable_bucket else None,
        "ss_dataset_dirs": json.dumps(folders[False]),
        "ss_reg_dataset_dirs": json.dumps(folders[True]),
        "ss_tag_frequency": json.dumps(dataset.tag_frequency),
        "ss_bucket_info": json.dumps(datasets[0].buckets.info() if args.enable_bucket else None),
        "ss_sd_model_name": base.name,
        "ss_new_sd_model_hash": hashlib.sha256(base.read_bytes()).hexdigest(),
    }
    if args.dataset_config is not None:
        found = {key: value for key, value in found.items() if key[3:] not in DATASETS_OWN}
        found["ss_datasets"] = json.dumps([of_dataset(args, each) for each in datasets])
    if args.network_args:
        found["ss_network_args"] = json.dumps(dict(a.split("=", 1) for a in args.network_args))
    if args.vae is not None:
        found["ss_vae_name"] = Path(args.vae).name
    key, is_set, value = os.environ.get("STANDIN_RECEIPT", "").partition("=")
    return {name: str(each) for name, each in found.items()} | ({key: value} if is_set else {})
