"""What the trainer refuses, and when: before the dataset, or after it and before the model."""

import argparse
from pathlib import Path

from library.console import say, warn  # type: ignore[import-not-found,unused-ignore]


def check_options(args: argparse.Namespace) -> None:
    """Refuse, or warn of, options before anything is read (`verify_training_args`)."""
    if args.cache_latents_to_disk and not args.cache_latents:
        args.cache_latents = True
        warn(
            "train_util.py:4426",
            "cache_latents_to_disk is enabled, so cache_latents is also enabled "
            "/ cache_latents_to_diskが有効なため、cache_latentsを有効にします",
        )
    if args.scale_v_pred_loss_like_noise_pred and not args.v_parameterization:
        raise ValueError(
            "scale_v_pred_loss_like_noise_pred can be enabled only with v_parameterization / scale_"
            "v_pred_loss_like_noise_predはv_parameterizationが有効なときのみ有効にできます"
        )
    if args.zero_terminal_snr and not args.v_parameterization:
        warn(
            "train_util.py:4457",
            "zero_terminal_snr is enabled, but v_parameterization is not enabled. training will be "
            "unexpected / zero_terminal_snrが有効ですが、v_parameterizationが有効ではありません。"
            "学習結果は想定外になる可能性があります",
        )


def check_caching(args: argparse.Namespace, sdxl: bool) -> None:
    """Refuse what can't be cached, when the dataset is read and no model yet."""
    if args.cache_latents:
        augmented = args.color_aug or args.random_crop
        assert not augmented, (
            "when caching latents, either color_aug or random_crop cannot be used "
            "/ latentをキャッシュするときはcolor_augとrandom_cropは使えません"
        )
    if not sdxl:
        return
    if args.clip_skip is not None:
        warn(
            "sdxl_train_util.py:352",
            "clip_skip will be unexpected / SDXL学習ではclip_skipは動作しません",
        )
    if args.cache_text_encoder_outputs:
        changing = (
            args.caption_dropout_rate > 0
            or args.shuffle_caption
            or args.token_warmup_step > 0
            or args.caption_tag_dropout_rate > 0
        )
        assert not changing, (
            "when caching Text Encoder output, either caption_dropout_rate, shuffle_caption, "
            "token_warmup_step or caption_tag_dropout_rate cannot be used / Text Encoderの出力を"
            "キャッシュするときはcaption_dropout_rate, shuffle_caption, token_warmup_step, "
            "caption_tag_dropout_rateは使えません"
        )
        assert args.network_train_unet_only, (
            "network for Text Encoder cannot be trained with caching Text Encoder outputs / "
            "Text Encoderの出力をキャッシュしながらText Encoderのネットワークを学習することは"
            "できません"
        )


def load_model(args: argparse.Namespace) -> None:
    """Look for the base model and the VAE, from the trainer's working folder.

    Raises:
        OSError: there is no such file; the real one then asks the hub, and fails for a path.
    """
    say("train_util.py:5574", f"loading model for process {0}/{1}")
    there(args.pretrained_model_name_or_path)
    say(
        "train_util.py:5530",
        f"load StableDiffusion checkpoint: {args.pretrained_model_name_or_path}",
    )
    if args.vae is not None:
        say("model_util.py:1270", f"load VAE: {args.vae}")
        there(args.vae)
        say("train_util.py:5566", "additional VAE loaded")


def there(path: str) -> None:
    if not Path(path).is_file():
        raise OSError(f"{path} is not a local folder and is not a valid model identifier")


def load_network(args: argparse.Namespace) -> None:
    """Look for `network_weights`, from the trainer's working folder (`load_weights`).

    Raises:
        FileNotFoundError: there is no such file.
    """
    if args.network_weights is not None:
        if not Path(args.network_weights).is_file():
            raise FileNotFoundError(f"No such file or directory: {args.network_weights}")
        print(f"load network weights from {args.network_weights}: <All keys matched successfully>")
