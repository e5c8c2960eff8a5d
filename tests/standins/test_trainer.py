"""The stand-in for sd-scripts does what README.md lists of the real one; a test for every row."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stages.library.training.headers import read_metadata
from stages.library.training.logs import Logs
from tests.support.training import TRAINER, write_base_model

TRIGGERED = ("nasu, smile\n", "nasu, Smile, smile\n", "nasu,  , 茄子\nsecond line\n")


@dataclass(frozen=True)
class Ran:
    """What a run of the stand-in left."""

    root: Path
    code: int
    out: str
    err: str

    @property
    def metadata(self) -> dict[str, str]:
        assert self.code == 0, self.err
        return read_metadata(self.root / "out" / "n.safetensors")

    @property
    def frequency(self) -> Any:
        return json.loads(self.metadata["ss_tag_frequency"])

    @property
    def learned(self) -> list[tuple[int, str, list[str]]]:
        return [tuple(row) for row in json.loads((self.root / "learned").read_text())]

    @property
    def samples(self) -> list[str]:
        """Names of the sample pictures, without their time."""
        names = sorted((self.root / "out" / "sample").iterdir())
        return ["_".join(part for part in p.stem.split("_") if len(part) != 14) for p in names]

    @property
    def scalars(self) -> dict[str, list[int]]:
        """The steps that each tag of the log has values for."""
        found: dict[str, list[int]] = {}
        for tag, step, _ in Logs(self.root).read()[0].scalars:
            found.setdefault(tag, []).append(step)
        return found


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that trains on what is in `data`, and returns what that left."""
    write_base_model(tmp_path)
    (tmp_path / "prompts.txt").write_text("# no prompt\nnasu --d 1\n\nsmile --n lowres\n")

    def start(*words: str, script: str = "train_network.py", **environment: str) -> Ran:
        given = {
            "pretrained_model_name_or_path": tmp_path / "base.safetensors",
            "train_data_dir": tmp_path / "data",
            "output_dir": tmp_path / "out",
            "output_name": "n",
            "logging_dir": tmp_path / "000-from-epoch-000001",
            "sample_prompts": tmp_path / "prompts.txt",
            "resolution": "64,64",
            "network_module": "networks.lora",
            "max_train_epochs": 2,
            "learning_rate": 1e-3,
            "seed": 42,
        }
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        options = [f"--{key}={value}" for key, value in given.items()]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STANDIN_")}
        done = subprocess.run(
            [sys.executable, script, *options, *words],
            cwd=TRAINER,
            env=inherited
            | {"COLUMNS": "2000", "STANDIN_LEARNED": str(tmp_path / "learned")}
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(tmp_path, done.returncode, done.stdout, done.stderr)

    return start


def folder(root: Path, name: str, captions: tuple[str, ...] = TRIGGERED, end: str = ".txt") -> Path:
    """Write a folder of pictures with captions beside them."""
    target = root / name
    target.mkdir(parents=True)
    for number, caption in enumerate(captions, start=1):
        Image.new("RGB", (64, 64), (number, 80, 120)).save(target / f"img{number:03d}.png")
        (target / f"img{number:03d}{end}").write_text(caption, encoding="utf-8")
    return target


def test_captions_are_caption_files_unless_asked_otherwise(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", end=".caption")
    assert "No caption file" not in run().err
    assert run("--caption_extension=.txt").frequency == {"1_nasu": {"nasu": 3}}
    assert "No caption file" not in run("--caption_extension=caption").err


def test_a_caption_is_the_first_line_in_utf_8(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", ("nasu, 茄子\nsecond\n", "\n"))
    assert run("--caption_extension=.txt").frequency == {"1_nasu": {"nasu": 1, "茄子": 1}}
    (tmp_path / "data/1_nasu/img001.txt").write_bytes("茄子".encode("shift_jis"))
    ran = run("--caption_extension=.txt")
    assert ran.code == 1
    assert "illegal char in file (not UTF-8)" in ran.err
    (tmp_path / "data/1_nasu/img001.txt").write_bytes(b"")
    assert "AssertionError: caption file is empty" in run("--caption_extension=.txt").err


def test_without_captions_the_folder_s_name_is_learned(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu_style", ("x",) * 7)
    ran = run()
    assert ran.code == 0
    assert "WARNING  No caption file found for 7 images. Training will continue with" in ran.err
    assert "img005.png" in ran.err
    assert "img006.png... and 2 more" in ran.err
    assert "img007.png" not in ran.err
    assert ran.frequency == {"1_nasu_style": {"nasu_style": 7}}
    assert ran.learned[0] == (1, "img001.png", ["nasu", "_", "style"])


def test_tags_are_counted_by_folder_without_repeats(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/5_nasu", ("Nasu, smile, smile", "nasu,smile"))
    folder(tmp_path, "data/1_other", ("nasu，smile",))
    folder(tmp_path, "reg/1_girl", ("1girl",))
    reg = f"--reg_data_dir={tmp_path / 'reg'}"
    ran = run("--caption_extension=.txt", reg, "--caption_prefix=best", "--shuffle_caption")
    assert ran.frequency == {
        "5_nasu": {"nasu": 2, "smile": 3},
        "1_other": {"nasu，smile": 1},
        "1_girl": {"1girl": 1},
    }


def test_several_lines_are_one_caption_each_with_wildcards(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", ("nasu, a\n\nnasu, b\n",))
    ran = run("--caption_extension=.txt", "--enable_wildcard", "--max_train_epochs=9")
    assert ran.frequency == {"1_nasu": {"nasu": 1, "a\nnasu": 1, "b": 1}}
    assert {tuple(words) for _, _, words in ran.learned} == {("nasu", ",", x) for x in "ab"}


def test_shuffling_keeps_the_first_tags(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", ("nasu, a, b, c, d, e, f",))
    ran = run("--caption_extension=.txt", "--shuffle_caption", "--keep_tokens=1")
    shown = ["".join(words).split(",") for _, _, words in ran.learned]
    assert shown[0] != shown[1]
    assert [tags[0] for tags in shown] == ["nasu", "nasu"]
    assert sorted(shown[0]) == sorted(shown[1])


def test_captions_are_cut_at_75_tokens(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", (", ".join(["tag"] * 300),))
    for words, length in (((), 75), (("--max_token_length=225",), 225)):
        ran = run("--caption_extension=.txt", *words)
        assert {len(tokens) for _, _, tokens in ran.learned} == {length}
    ran = run("--max_token_length=75")
    assert ran.code == 2
    assert "invalid choice" in ran.err


def test_folders_are_named_repeats_and_class(run: Run, tmp_path: Path) -> None:
    for name in ("3_nasu", "0_never", "plain"):
        folder(tmp_path, f"data/{name}")
    (tmp_path / "data/2_empty").mkdir()
    ran = run("--caption_extension=.txt")
    assert "9 train images with repeats." in ran.err
    assert "WARNING  ignore directory without repeats" in ran.err
    assert "0_never" not in ran.err
    assert "2_empty': no images found" in ran.err
    assert json.loads(ran.metadata["ss_dataset_dirs"]) == {
        "3_nasu": {"n_repeats": 3, "img_count": 3}
    }
    assert ran.frequency["2_empty"] == {}


def test_folders_of_a_dataset_share_its_batches(run: Run, tmp_path: Path) -> None:
    """Their pictures of one size are one bucket, each as often as its own folder says."""
    folder(tmp_path, "data/2_nasu cry")
    folder(tmp_path, "data/1_nasu")
    folder(tmp_path, "data/5_nasu", ("nasu",))
    ran = run("--caption_extension=.txt", "--train_batch_size=4")
    assert "14 train images with repeats." in ran.err
    assert json.loads(ran.metadata["ss_dataset_dirs"]) == {
        "1_nasu": {"n_repeats": 1, "img_count": 3},
        "2_nasu cry": {"n_repeats": 2, "img_count": 3},
        "5_nasu": {"n_repeats": 5, "img_count": 1},
    }
    assert set(ran.frequency) == {"1_nasu", "2_nasu cry", "5_nasu"}
    assert ran.metadata["ss_num_batches_per_epoch"] == "4"  # one by one there would be 1 + 2 + 2


@pytest.mark.parametrize("words", [(), ("--train_data_dir=nowhere",)])
def test_no_pictures_are_no_failure(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "data").mkdir()
    ran = run(*words)
    assert (ran.code, ran.out) == (0, "")
    assert "ERROR    No data found. Please verify arguments (train_data_dir must be the" in ran.err
    assert not (tmp_path / "out").exists()


def test_the_log_is_on_stderr_and_wraps_at_80_columns(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    piped = run(COLUMNS="")  # what a pipe has
    lines = [line for line in piped.err.splitlines() if "No caption file" in line]
    assert len(lines) == 1
    assert lines[0].endswith("No caption file found for 3      train_util.py:2090")
    assert "epoch 1/2" in piped.out
    assert "num train images * repeats / 学習画像の数×繰り返し回数: 3" in piped.out
    plain = run(STANDIN_RICH="no")
    assert plain.out.splitlines()[0] == "rich is not installed, using basic logging"
    assert "\nNo caption file found for 3 images. Training will continue without" in plain.out
    simple = run("--console_log_simple")
    assert simple.err.count("INFO") == 0
    assert "\nNo caption file found for 3 images. Training will continue without" in simple.out


def test_regularization_pictures_fill_up_to_as_many(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/2_nasu")
    folder(tmp_path, "reg/1_girl", ("1girl", "1girl"))
    ran = run("--caption_extension=.txt", f"--reg_data_dir={tmp_path / 'reg'}")
    assert ran.metadata["ss_num_train_images"] == "6"
    assert ran.metadata["ss_num_reg_images"] == "2"
    assert ran.metadata["ss_num_batches_per_epoch"] == "12"
    assert json.loads(ran.metadata["ss_reg_dataset_dirs"]) == {
        "1_girl": {"n_repeats": 1, "img_count": 2}
    }
    assert "no regularization images" not in ran.err
    assert "no regularization images" in run("--reg_data_dir=nowhere").err


def test_paths_are_looked_for_in_the_trainer_s_folder(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    for words, error in (
        ("--vae=training/vae.safetensors", "OSError: training/vae.safetensors is not a local"),
        ("--network_weights=lora.safetensors", "FileNotFoundError: No such file or directory: l"),
        ("--pretrained_model_name_or_path=x", "OSError: x is not a local folder"),
    ):
        ran = run(words)
        assert ran.code == 1
        assert error in ran.err
    there = run("--vae=sdxl_train_network.py", "--network_weights=train_network.py")
    assert there.metadata["ss_vae_name"] == "sdxl_train_network.py"


@pytest.mark.parametrize(
    ("script", "words", "error", "before"),
    [
        ("train_network.py", "--scale_v_pred_loss_like_noise_pred", "ValueError: scale_v", "Using"),
        ("train_network.py", "--cache_latents --color_aug", "when caching latents", "preparing"),
        (
            "sdxl_train_network.py",
            "--cache_text_encoder_outputs --shuffle_caption --network_train_unet_only",
            "when caching Text Encoder output, either caption_dropout_rate",
            "preparing",
        ),
        (
            "sdxl_train_network.py",
            "--cache_text_encoder_outputs",
            "network for Text Encoder cannot be trained with caching",
            "preparing",
        ),
    ],
)
def test_options_that_exclude_each_other_are_refused_before_the_model_is_read(
    run: Run, tmp_path: Path, script: str, words: str, error: str, before: str
) -> None:
    folder(tmp_path, "data/1_nasu")
    ran = run(*words.split(), script=script)
    assert ran.code == 1
    assert error in ran.err
    assert before not in ran.err
    assert ("read caption" in ran.err) == (before == "preparing")


def test_zero_terminal_snr_alone_is_only_a_warning(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    ran = run("--zero_terminal_snr")
    assert ran.code == 0
    assert "WARNING  zero_terminal_snr is enabled, but v_parameterization is not" in ran.err


def test_validation_has_losses_of_its_own(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/2_nasu", ("nasu",) * 6)
    ran = run("--validation_split=0.34", "--validation_seed=1", "--validate_every_n_steps=4")
    assert "8 train images with repeats." in ran.err
    assert "2 validation images with repeats." in ran.err
    assert ran.metadata["ss_num_validation_images"] == "2"
    assert ran.frequency == {"2_nasu": {"nasu": 4}}
    tags = {tag: steps for tag, steps in ran.scalars.items() if "validation" in tag}
    assert tags == {
        "loss/validation/epoch_average": [1, 2],
        "loss/validation/epoch_divergence": [1, 2],
        "loss/validation/step_average": [4, 8, 12, 16],
        "loss/validation/step_divergence": [4, 8, 12, 16],
    }


def test_without_a_validation_seed_its_pictures_are_trained_too(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", ("nasu",) * 6)
    for words, both in (((), {"img002.png"}), (("--validation_seed=42",), set())):
        ran = run("--validation_split=0.34", *words)
        kept = {name for epoch, name, _ in ran.learned if epoch == 0}
        trained = {name for epoch, name, _ in ran.learned if epoch > 0}
        assert (len(kept), len(trained)) == (2, 4)
        assert kept & trained == both


def configured(root: Path, *datasets: dict[str, Any]) -> str:
    """Write a file of datasets, with folders named for short; return the option that names it."""
    for dataset in datasets:
        dataset["subsets"] = [
            {**each, "image_dir": str(root / each["image_dir"])} for each in dataset["subsets"]
        ]
    (root / "datasets.json").write_text(json.dumps({"datasets": datasets}))
    return f"--dataset_config={root / 'datasets.json'}"


TRAINED = {"image_dir": "elsewhere/nasu", "num_repeats": 2, "class_tokens": "nasu"}
LOOKED_AT = {"image_dir": "elsewhere/held", "num_repeats": 5}


def test_a_dataset_config_tells_the_folders(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_other")
    folder(tmp_path, "elsewhere/nasu", end=".text")
    option = configured(tmp_path, {"subsets": [TRAINED]})
    ran = run(option, "--caption_extension=.text", "--train_batch_size=3")
    assert ran.frequency == {"nasu": {"nasu": 3, "smile": 3, "茄子": 1}}
    assert ran.metadata["ss_num_train_images"] == "6"
    assert ran.metadata["ss_num_batches_per_epoch"] == "2"
    assert "ignoring the following options because config file is found: train_data_dir" in ran.err
    ran = run(configured(tmp_path, {"subsets": [TRAINED | {"repeats": 2}]}))
    assert ran.code == 1
    assert "extra keys not allowed @ data['datasets'][0]['subsets'][0]['repeats']" in ran.err


def test_a_split_is_a_dataset_s_and_no_subset_s(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "elsewhere/nasu")
    ran = run(configured(tmp_path, {"subsets": [TRAINED | {"validation_split": 1.0}]}))
    assert ran.code == 1
    assert "extra keys not allowed @ data['datasets'][0]['subsets'][0]['validation_split" in ran.err
    split = {"validation_split": 0.34, "validation_seed": 1, "subsets": [TRAINED]}
    ran = run(configured(tmp_path, split), "--caption_extension=.txt")
    assert ran.metadata["ss_num_train_images"] == "4"
    assert ran.metadata["ss_num_validation_images"] == "1"


def test_a_dataset_may_be_there_to_validate_with_alone(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "elsewhere/nasu")
    folder(tmp_path, "elsewhere/held", ("nasu, hat", "nasu, cat"))
    whole = {"validation_split": 1.0, "validation_seed": 0, "subsets": [LOOKED_AT]}
    option = configured(tmp_path, {"subsets": [TRAINED]}, whole)
    ran = run(option, "--caption_extension=.txt")
    assert "held contains 0 image files" in ran.err
    assert "held contains 2 image files" in ran.err
    assert "2 validation images with repeats." in ran.err
    assert ran.frequency == {"nasu": {"nasu": 3, "smile": 3, "茄子": 1}, "held": {}}
    figures = [ran.metadata[f"ss_num_{what}"] for what in ("train_images", "validation_images")]
    assert [*figures, ran.metadata["ss_num_batches_per_epoch"]] == ["6", "2", "6"]
    assert [words for epoch, _, words in ran.learned if not epoch] == [
        ["nasu", ",", "hat"],
        ["nasu", ",", "cat"],
    ]
    assert not [words for epoch, _, words in ran.learned if epoch and {"hat", "cat"} & {*words}]
    assert ran.scalars["loss/validation/epoch_average"] == [1, 2]


def test_with_a_dataset_config_metadata_are_by_dataset(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "elsewhere/nasu")
    folder(tmp_path, "elsewhere/held")
    whole = {"validation_split": 1.0, "batch_size": 1, "subsets": [LOOKED_AT]}
    option = configured(tmp_path, {"subsets": [TRAINED]}, whole)
    metadata = run(option, "--train_batch_size=2", "--shuffle_caption", "--keep_tokens=1").metadata
    one, other = json.loads(metadata["ss_datasets"])
    assert (one["batch_size_per_device"], one["resolution"]) == (2, [64, 64])
    (subset,) = one["subsets"]
    assert (subset["keep_tokens"], subset["shuffle_caption"]) == (1, True)
    assert (other["num_train_images"], other["subsets"]) == (0, [])
    for key in ("resolution", "keep_tokens", "shuffle_caption", "batch_size_per_device"):
        assert f"ss_{key}" not in metadata
    assert json.loads(metadata["ss_dataset_dirs"]) == {"nasu": {"n_repeats": 2, "img_count": 3}}


def test_without_workers_the_validation_is_always_the_same(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu", ("nasu",) * 5)
    split = ("--validation_split=0.4", "--validation_seed=1", "--learning_rate=0")
    for workers, looks in ((0, 1), (2, 2)):
        ran = run(*split, f"--max_data_loader_n_workers={workers}")
        found = [each for each in Logs(ran.root).read()[0].scalars if "validation/ep" in each[0]]
        losses = [value for tag, _, value in found if tag.endswith("epoch_average")]
        assert len(set(losses[-2:])) == looks, "of this run"


def test_workers_that_stay_must_be_there(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    stay = "--persistent_data_loader_workers"
    assert run(stay).code == 0
    ran = run(stay, "--max_data_loader_n_workers=0")
    assert ran.code == 1
    assert "ValueError: persistent_workers option needs num_workers > 0" in ran.err


def test_samples_are_named_by_epoch_or_step(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    assert run("--sample_every_n_epochs=2", "--sample_every_n_steps=1").samples == [
        "n_e000002_00_1",
        "n_e000002_01",
    ]
    assert run("--sample_every_n_steps=4", "--sample_at_first").samples == [
        "n_000004_00_1",
        "n_000004_01",
        "n_e000000_00_1",
        "n_e000000_01",
    ]


def test_latents_that_are_no_numbers_are_told_nowhere(run: Run, tmp_path: Path) -> None:
    target = folder(tmp_path, "data/1_nasu")
    cached = run("--cache_latents", "--cache_latents_to_disk", STANDIN_NAN_LATENTS="1")
    assert cached.code == 0
    assert "NaN" not in cached.out + cached.err
    assert "avr_loss=nan" in cached.err
    assert "avr_loss=nan" in run("--cache_latents_to_disk").err  # what is on disk is used again
    for path in target.glob("*_0064x0064_sd.npz"):
        path.unlink()
    mended = run("--cache_latents", "--no_half_vae", STANDIN_NAN_LATENTS="1")
    assert "avr_loss=nan" not in mended.err
    uncached = run(STANDIN_NAN_LATENTS="1")
    assert "NaN found in latents, replacing with zeros" in uncached.out
    assert "avr_loss=nan" not in uncached.err


def test_metadata_are_strings_of_what_the_trainer_holds(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/2_nasu")
    words = ("--network_alpha=32", "--enable_bucket", "--resolution=256", "--clip_skip=2")
    expected = {
        "ss_resolution": "(256, 256)",
        "ss_network_alpha": "32.0",
        "ss_network_dim": "None",
        "ss_clip_skip": "2",
        "ss_max_token_length": "None",
        "ss_shuffle_caption": "False",
        "ss_keep_tokens": "0",
        "ss_learning_rate": "0.001",
        "ss_lr_warmup_steps": "0",
        "ss_num_train_images": "6",
        "ss_num_batches_per_epoch": "6",
        "ss_max_train_steps": "12",
        "ss_validation_split": "0.0",
        "ss_bucket_info": json.dumps(
            {
                "buckets": {"0": {"resolution": [256, 256], "count": 6}},
                "mean_img_ar_error": 0.0,
            }
        ),
    }
    metadata = run(*words).metadata
    assert {key: metadata.get(key) for key in expected} == expected
    assert run().metadata["ss_bucket_info"] == "null"


def test_pictures_of_another_shape_are_another_batch(run: Run, tmp_path: Path) -> None:
    target = folder(tmp_path, "data/1_nasu")
    Image.new("RGB", (64, 128)).save(target / "tall.png")
    words = ("--train_batch_size=4", "--resolution=512")
    assert run(*words, "--enable_bucket").metadata["ss_num_batches_per_epoch"] == "2"
    assert run(*words).metadata["ss_num_batches_per_epoch"] == "1"


def test_learning_rates_are_logged_twice(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    assert {tag for tag in run().scalars if tag.startswith("lr/")} == {
        "lr/textencoder",
        "lr/unet",
        "lr/group1",
    }


def test_orders_make_it_lie(run: Run, tmp_path: Path) -> None:
    folder(tmp_path, "data/1_nasu")
    lost = run("--caption_extension=.txt", STANDIN_CAPTIONS="lost")
    assert lost.frequency == {"1_nasu": {"nasu": 3}}
    assert "No caption file found for 3 images" in lost.err
    lied = run("--caption_extension=.txt", STANDIN_RECEIPT="ss_resolution=(512, 512)")
    assert lied.metadata["ss_resolution"] == "(512, 512)"
