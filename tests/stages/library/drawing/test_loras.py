"""Which LoRAs of a folder belong to a name, and the hash by which a WebUI knows each."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.drawing.loras import Lora, chosen, lora_hash, loras_of
from tests.support.training import safetensors

NAME = "nasumiso_v1"


def write(folder: Path, stem: str, metadata: dict[str, str] | None = None) -> Path:
    path = folder / f"{stem}.safetensors"
    path.write_bytes(safetensors({"ss_epoch": "4"} | (metadata or {}), stem.encode()))
    return path


@pytest.fixture
def trained(tmp_path: Path) -> list[Lora]:
    """Return the LoRAs of a training of four epochs, of which two were saved."""
    for stem in (NAME, f"{NAME}-000003", f"{NAME}-000002"):
        write(tmp_path, stem)
    return loras_of(tmp_path, NAME)


def test_epochs_come_in_order_and_the_finished_one_last(trained: list[Lora]) -> None:
    assert [(lora.file.stem, lora.epoch, lora.number) for lora in trained] == [
        (f"{NAME}-000002", "e000002", 2),
        (f"{NAME}-000003", "e000003", 3),
        (NAME, "last", 4),
    ]


@pytest.mark.parametrize(
    "stranger",
    [
        f"{NAME}.2",
        f"{NAME}.2-000001",
        f"{NAME}-b",
        f"{NAME}-b-000001",
        f"{NAME}2-000001",
        f"my_{NAME}-000001",
        f"{NAME}-00001",
        f"{NAME}-0000001",
        f"{NAME}-000001-state",
        f"{NAME}-000001.1",
        f"{NAME}-step00000100",
        f"{NAME}-000001 (copy)",
        f"{NAME}-０００００１",
    ],
)
def test_a_name_that_only_begins_alike_is_another_lora(
    tmp_path: Path, trained: list[Lora], stranger: str
) -> None:
    write(tmp_path, stranger)
    assert loras_of(tmp_path, NAME) == trained


def test_a_name_with_a_dot_or_a_number_is_found_whole(tmp_path: Path) -> None:
    for stem in (NAME, f"{NAME}-000001", f"{NAME}.2", f"{NAME}.2-000001"):
        write(tmp_path, stem)
    found = loras_of(tmp_path, f"{NAME}.2")
    assert [lora.file.stem for lora in found] == [f"{NAME}.2-000001", f"{NAME}.2"]


def test_folders_and_cards_are_no_loras(tmp_path: Path, trained: list[Lora]) -> None:
    (tmp_path / f"{NAME}-000001").mkdir()
    (tmp_path / f"{NAME}-000001.json").write_text("{}")
    (tmp_path / f".{NAME}-000001.safetensors.partial").write_bytes(b"half")
    assert loras_of(tmp_path, NAME) == trained


@pytest.mark.parametrize("metadata", [{"ss_epoch": ""}, {"ss_epoch": "None"}])
def test_a_lora_may_not_tell_its_epoch(tmp_path: Path, metadata: dict[str, str]) -> None:
    write(tmp_path, NAME, metadata)
    assert [lora.number for lora in loras_of(tmp_path, NAME)] == [0]


def test_before_a_training_it_is_told_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, f"{NAME}-000001")
    with pytest.raises(Problem, match="no such file; train first, or get it") as error:
        loras_of(tmp_path, NAME)
    assert str(error.value).startswith(f"{tmp_path / NAME}.safetensors: ")


@pytest.mark.parametrize("stem", [NAME, f"{NAME}-000003"])
@pytest.mark.parametrize("data", [b"", b"<html>", safetensors({})[:-1]])
@pytest.mark.usefixtures("trained")
def test_a_damaged_file_is_named(tmp_path: Path, stem: str, data: bytes) -> None:
    path = tmp_path / f"{stem}.safetensors"
    path.write_bytes(data)
    with pytest.raises(Problem, match="get it again") as error:
        loras_of(tmp_path, NAME)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("epochs", "stems"),
    [
        (["last"], [NAME]),
        (["all"], [f"{NAME}-000002", f"{NAME}-000003", NAME]),
        (["3", "last"], [f"{NAME}-000003", NAME]),
        (["last", "2"], [f"{NAME}-000002", NAME]),
        (["4"], [NAME]),
        (["4", "last"], [NAME]),
        (["all", "2"], [f"{NAME}-000002", f"{NAME}-000003", NAME]),
    ],
)
def test_epochs_are_chosen_by_number_or_word(
    trained: list[Lora], epochs: list[str], stems: list[str]
) -> None:
    assert [lora.file.stem for lora in chosen(trained, epochs)] == stems


def test_the_finished_one_is_taken_where_its_epoch_was_saved_too(
    tmp_path: Path, trained: list[Lora]
) -> None:
    write(tmp_path, f"{NAME}-000004")
    found = loras_of(tmp_path, NAME)
    assert chosen(found, ["4"]) == [trained[-1]]
    assert len(chosen(found, ["all"])) == 4


def test_an_epoch_that_is_not_there_is_told_with_those_that_are(trained: list[Lora]) -> None:
    with pytest.raises(Problem, match="holds no epoch 9; it has 2, 3, 4, last") as error:
        chosen(trained, ["last", "9"])
    assert str(error.value).startswith("params.yaml, generate.epochs: ")


def test_an_epoch_that_nobody_can_ask_for_is_not_offered(tmp_path: Path) -> None:
    write(tmp_path, NAME, {"ss_epoch": ""})
    with pytest.raises(Problem, match=r"it has last$"):
        chosen(loras_of(tmp_path, NAME), ["1"])


def test_the_hash_is_the_one_the_trainer_wrote(tmp_path: Path) -> None:
    path = write(tmp_path, NAME, {"sshs_model_hash": "35715b1dcfed" + "0" * 52})
    assert [lora.hash for lora in loras_of(path.parent, NAME)] == ["35715b1dcfed"]


def addnet_hash(data: bytes) -> str:
    """Return the hash as addnet_hash_safetensors of modules/hashes.py (v1.10.1) computes it."""
    length = int.from_bytes(data[:8], "little")
    digest = hashlib.sha256()
    for start in range(length + 8, len(data), 1024 * 1024):
        digest.update(data[start : start + 1024 * 1024])
    return digest.hexdigest()


@pytest.mark.parametrize("tensor", [b"", b"x", bytes(2**20), bytes(range(256)) * 5000])
def test_else_it_is_the_webui_s_own(tmp_path: Path, tensor: bytes) -> None:
    data = safetensors({"ss_output_name": "茄子"}, tensor)
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    assert lora_hash(path, {}) == addnet_hash(data)[:12]
    assert lora_hash(path, {"sshs_model_hash": ""}) == addnet_hash(data)[:12]


@given(st.dictionaries(st.sampled_from(["ss_epoch", "ss_tag"]), st.text("abc茄"), max_size=2))
def test_the_metadata_is_of_no_matter_to_it(
    tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("lora") / "a.safetensors"
    path.write_bytes(safetensors(metadata, b"tensors"))
    assert lora_hash(path, metadata) == hashlib.sha256(b"tensors").hexdigest()[:12]
