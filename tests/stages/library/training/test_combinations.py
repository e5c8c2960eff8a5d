"""Options that don't go together."""

import pytest

from stages.library.common.errors import Problem
from stages.library.training.combinations import check_combinations
from stages.library.training.options import Options

SD15, SDXL, ANIMA = "train_network.py", "sdxl_train_network.py", "anima_train_network.py"
CACHED: Options = {"cache_text_encoder_outputs": [], "network_train_unet_only": []}


@pytest.mark.parametrize(
    ("options", "script", "said"),
    [
        (CACHED | {"shuffle_caption": []}, SDXL, "shuffle_caption: it changes the captions"),
        (CACHED | {"caption_dropout_rate": ["0.1"]}, SDXL, "caption_dropout_rate: it change"),
        (CACHED | {"token_warmup_step": ["5"]}, SDXL, "token_warmup_step: it changes"),
        (
            CACHED | {"enable_wildcard": []},
            SDXL,
            "enable_wildcard: with cache_text_encoder_outputs",
        ),
        (CACHED | {"enable_wildcard": []}, ANIMA, "enable_wildcard: with cache_text_encoder_outpu"),
        ({"cache_text_encoder_outputs_to_disk": []}, SDXL, "set network_train_unet_only: true"),
        ({"cache_latents": [], "color_aug": []}, SD15, "color_aug: it changes the pictures"),
        ({"cache_latents_to_disk": [], "random_crop": []}, SD15, "random_crop: it changes"),
        ({"scale_v_pred_loss_like_noise_pred": []}, SD15, "set v_parameterization: true"),
        ({"zero_terminal_snr": []}, SD15, "zero_terminal_snr: only a model"),
        (
            {"v_parameterization": [], "v_pred_like_loss": ["1"]},
            SD15,
            "v_pred_like_loss: it does not go",
        ),
        ({"adaptive_noise_scale": ["0.1"]}, SD15, "it needs noise_offset as well"),
        ({"full_fp16": [], "mixed_precision": ["bf16"]}, SD15, "it needs mixed_precision: fp16"),
        ({"fp8_base": []}, SD15, "it needs mixed_precision: fp16 or bf16"),
        ({"masked_loss": []}, SD15, "would train without any; use alpha_mask"),
        ({"conditioning_data_dir": ["masks"]}, SD15, "would train without any; use alpha_mask"),
        (
            {"sample_every_n_steps": ["100"], "sample_every_n_epochs": ["1"]},
            SD15,
            "looks at it only without sample_every_n_epochs",
        ),
        ({"validation_split": ["0.1"]}, SD15, "write validation_seed: 42"),
    ],
)
def test_the_option_to_change_is_named(options: Options, script: str, said: str) -> None:
    with pytest.raises(Problem, match=rf"^params\.yaml, train\.(\w+: .*)?{said}"):
        check_combinations(options, script)


@pytest.mark.parametrize(
    ("options", "script"),
    [
        ({"shuffle_caption": [], "cache_latents": []}, SD15),
        ({"enable_wildcard": []}, ANIMA),
        (CACHED | {"caption_dropout_rate": ["0.1"]}, ANIMA),
        (CACHED | {"caption_dropout_rate": ["0.0"], "token_warmup_step": ["0"]}, SDXL),
        ({"cache_text_encoder_outputs": []}, "flux_train_network.py"),
        ({"v_parameterization": [], "zero_terminal_snr": []}, SD15),
        ({"noise_offset": ["0.1"], "adaptive_noise_scale": ["0.1"]}, SD15),
        ({"full_bf16": [], "mixed_precision": ["bf16"]}, SD15),
        ({"sample_every_n_steps": ["100"]}, SD15),
        ({"validation_split": ["0.1"], "validation_seed": ["42"]}, SD15),
    ],
)
def test_what_goes_together_passes(options: Options, script: str) -> None:
    check_combinations(options, script)
