"""Options that don't go together, which sd-scripts says only when the base model is loaded.

The places named here are of v0.10.1. Some it doesn't say at all, and trains something else.
"""

from collections.abc import Iterator

from stages.library.common.errors import Problem
from stages.library.training.options import Options, first

CLIP_CACHED = ("sdxl_train_network.py", "anima_train_network.py")
"""Scripts that refuse to train a text encoder whose outputs are cached (`assert_extra_args`)."""

VARYING = (
    "shuffle_caption",
    "caption_dropout_rate",
    "caption_tag_dropout_rate",
    "token_warmup_step",
)
"""What changes a caption from step to step (train_util.py, is_text_encoder_output_cacheable)."""


def check_combinations(options: Options, script: str) -> None:
    """Raise Problem for the first option that doesn't go with another."""
    for key, why in wrong(options, script):
        raise Problem(f"params.yaml, train.{key}: {why}")


def wrong(options: Options, script: str) -> Iterator[tuple[str, str]]:
    """Yield the options that can't be used so: key, what is wrong and what to do."""
    cached = {"cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk"} & options.keys()
    for key in sorted(cached)[:1]:
        # anima_train_network.py keeps several outputs, so that captions may be dropped
        allowed = {"caption_dropout_rate"} if script == "anima_train_network.py" else set()
        for varying in VARYING:
            if varying in options and varying not in allowed and is_on(options, varying):
                yield (
                    varying,
                    f"it changes the captions from step to step, and {key} computes them once; "
                    f"set one of them to false",
                )
        if "enable_wildcard" in options:
            # the caching strategies tokenize `info.caption`, as read_caption joined its lines
            yield (
                "enable_wildcard",
                f"with {key} the trainer takes all lines of a caption as one text, and none by "
                "lot; set one of them to false",
            )
        if script in CLIP_CACHED and "network_train_unet_only" not in options:
            yield (
                key,
                "a text encoder whose outputs are cached can't be trained; set "
                "network_train_unet_only: true",
            )
    if {"cache_latents", "cache_latents_to_disk"} & options.keys():  # train_network.py:582
        for key in ("color_aug", "random_crop"):
            if key in options:
                yield (
                    key,
                    "it changes the pictures from step to step, and cache_latents computes them "
                    "once; set it to false, or cache_latents and cache_latents_to_disk",
                )
    if "v_parameterization" not in options:  # train_util.py, verify_training_args
        for key in ("scale_v_pred_loss_like_noise_pred", "zero_terminal_snr"):
            if key in options:
                yield (
                    key,
                    "only a model that was made for v-prediction is trained so; for such a one set "
                    "v_parameterization: true, for others remove this",
                )
    elif "v_pred_like_loss" in options:
        yield "v_pred_like_loss", "it does not go with v_parameterization; remove one of them"
    if "adaptive_noise_scale" in options and "noise_offset" not in options:
        yield "adaptive_noise_scale", "it needs noise_offset as well; write both"
    for key, precision in (("full_fp16", "fp16"), ("full_bf16", "bf16")):  # train_network.py:815
        if key in options and first(options, "mixed_precision", "no") != precision:
            yield key, f"it needs mixed_precision: {precision}"
    if "fp8_base" in options and first(options, "mixed_precision", "no") == "no":
        yield "fp8_base", "it needs mixed_precision: fp16 or bf16"
    for key in ("masked_loss", "conditioning_data_dir"):
        if key in options:
            # the trainers of LoRAs read no masks without a dataset_config, and don't say so
            yield (
                key,
                "sd-scripts reads masks only where a dataset_config names them, and would train "
                "without any; use alpha_mask",
            )
    if "sample_every_n_steps" in options and "sample_every_n_epochs" in options:
        # train_util.py, sample_images_common
        yield (
            "sample_every_n_steps",
            "sd-scripts looks at it only without sample_every_n_epochs; set that to false",
        )
    if "validation_split" in options and "validation_seed" not in options:
        # train_util.py, split_train_val: without it another start holds back other pictures
        yield (
            "validation_split",
            "without a seed each start would hold back other pictures; write validation_seed: 42",
        )


def is_on(options: Options, key: str) -> bool:
    """Return whether an option is given, and not as a number that means nothing.

    >>> is_on({"token_warmup_step": ["0"]}, "token_warmup_step")
    False
    """
    return options.get(key, ["0"]) not in (["0"], ["0.0"])
