"""The same for SDXL: two options more."""

import argparse

import train_network  # type: ignore[import-not-found,unused-ignore]


def setup_parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = train_network.setup_parser()
    parser.add_argument("--cache_text_encoder_outputs", action="store_true")
    parser.add_argument("--disable_mmap_load_safetensors", action="store_true")
    return parser


if __name__ == "__main__":
    train_network.train(setup_parser().parse_args(), "sdxl_base_v1-0")
