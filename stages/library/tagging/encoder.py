"""The encoder that params.yaml names for features: its files, fetched and pinned as a tagger's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.paths import located
from stages.library.common.workers import RunOver, here
from stages.library.tagging.encoders import (
    CONFIG,
    KEY,
    TAKE,
    EncoderContract,
    Files,
    names_in,
    needed,
    recognised,
)
from stages.library.tagging.external_data import files_beside
from stages.library.tagging.hub import Address, Wanted, fetched
from stages.library.tagging.model_files import snapshot
from stages.library.tagging.models import load_encoder
from stages.library.tagging.pins import check_stored, why_unpinned
from stages.library.tagging.providers import available
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.tagger import chooser, folder_there

KNOWN = (
    *("Xenova/clip-vit-base-patch32", "Xenova/clip-vit-large-patch14"),
    "deepghs/ccip_onnx/ccip-caformer-24-randaug-pruned",
)
"""Encoders that one may have meant."""


def address_of(model: str) -> Address:
    """Return the parts of OWNER/MODEL, with a folder or an .onnx file behind it.

    >>> address_of("deepghs/ccip_onnx/ccip-caformer-5_fp32")
    Address(repository='deepghs/ccip_onnx', folder='', model='ccip-caformer-5_fp32')
    """
    owner, name, *inner = model.split("/")
    return Address(f"{owner}/{name}", "", "/".join(inner))


ENCODERS = Wanted(
    key=KEY,
    revision_key="params.yaml, judge.features_revision",
    words=("tagger",),
    known=KNOWN,
    take=TAKE,
    address_of=address_of,
    names_in=names_in,
    needed=needed,
)


@dataclass(frozen=True)
class Pinned:
    """What params.yaml says that a repository's files must be; '' where it says nothing."""

    revision: str
    model_sha256: str


@dataclass(frozen=True)
class Encoder:
    """An encoder that is here, to be loaded."""

    folder: Path
    model: str  # the file, within
    provider: str  # a key of `sessions.PROVIDERS`
    origin: str  # where it is from, with the commit
    fingerprint: str  # a name for all that decides on a picture's features


def find_encoder(model: str, pin: Pinned, provider: str, spread: RunOver = here) -> Encoder:
    """Return the encoder that was chosen, fetched from the hub if need be.

    What it runs on is chosen where `spread` has it run.

    Raises:
        Problem: there is none, it can't be fetched, or its files are not as they should be.
        Problem: it is a repository's, and not the one that is written down.
    """
    local = local_folder(model)
    folder, named = local or fetched(model, pin.revision, ENCODERS)
    place = f"the folder {model!r}" if local else repr(model)
    needs = needed(names_in(folder), named, place)
    digests = digests_of(folder, needs)
    if not local:
        check_stored(folder, digests, KEY)
    files, contract = recognised(folder, named, place)
    commit = snapshot(folder)
    if not local:
        check_pinned(model, pin, Pinned(commit.name if commit else "", digests[files.model]))
    origin = f"{model}@{commit.name}" if commit else folder.resolve().name
    choose = partial(chooser, files, origin, wanted=ENCODERS, load=load_encoder)
    (chosen,) = spread([provider], choose, gpus=True)
    return Encoder(
        folder, files.model, chosen, origin, fingerprint(files, digests, contract, chosen)
    )


def local_folder(model: str) -> tuple[Path, str] | None:
    """Return the folder of an encoder that is on this machine, and the model in it if it is named.

    `model` is a folder, or an .onnx file in one; None if it is neither.
    """
    for path in (Path(model).expanduser(), located(model)):  # in a queued experiment, its owner's
        if path.is_dir():
            return path, ""
        if path.suffix == ".onnx" and path.is_file():
            folder = path.parent
            if not (folder / CONFIG).is_file() and (folder.parent / CONFIG).is_file():
                folder = folder.parent
            return folder, path.relative_to(folder).as_posix()
    return None


def check_pinned(model: str, pin: Pinned, found: Pinned) -> None:
    """Raise Problem unless an encoder of the hub is what params.yaml says."""
    if pin == found:
        return
    written, there = (pin.revision, pin.model_sha256), (found.revision, found.model_sha256)
    raise Problem(
        "\n".join(
            [
                f"params.yaml, judge: {why_unpinned(model, written, there)}",
                f"  features_revision: {found.revision}",
                f"  features_sha256: {found.model_sha256}",
                "  write these two lines there, then run it again; nothing is downloaded twice",
                "  この 2 行を params.yaml の judge に書き写し、もう一度実行してください。",
            ]
        )
    )


def as_there(encoder: Encoder) -> Encoder:
    """Return the encoder as it is on this machine, the same as on the one that asks.

    Raises:
        Problem: it is another one, or runs on something else.
    """
    folder = folder_there(encoder.folder, [encoder.model], encoder.origin, ENCODERS)
    files, contract = recognised(folder, encoder.model, str(folder))
    digests = digests_of(folder, files.names)
    if fingerprint(files, digests, contract, encoder.provider) != encoder.fingerprint:
        raise Problem(f"{KEY}: {folder} holds another model here; share it, at the same path")
    if not available(encoder.provider):
        raise Problem(
            f"params.yaml, tagger.provider: {encoder.provider} isn't available here; install what "
            "it needs, or set provider: cpu"
        )
    return replace(encoder, folder=folder)


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of an encoder's files by name, and of what its model takes besides.

    Raises:
        Problem: the model takes weights from outside of its folder.
    """
    digests = {name: sha256(folder / name) for name in names}
    for name in [each for each in digests if each.endswith(".onnx")]:
        above = name.rpartition("/")[0]
        for other in files_beside(folder / name):
            beside = f"{above}/{other}".lstrip("/")
            digests[beside] = sha256(folder / beside)
    return digests


def fingerprint(
    files: Files, digests: Mapping[str, str], contract: EncoderContract, provider: str
) -> str:
    """Return a name for all that decides on a picture's features: files, contract, provider."""
    first = [digests[files.model][:16]]
    others = [f"{name} {digests[name][:16]}" for name in digests if name != files.model]
    batches = " batches" if provider in ON_GPU else ""
    return (
        f"{' '.join(first + others)} {provider}{batches} {contract.family} "
        f"contract {contract.number}"
    )
