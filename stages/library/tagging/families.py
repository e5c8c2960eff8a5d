"""Which family a tagger is of, by its files, and what is said of those that can't be used."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Protocol

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.tagging.contract import Contract
from stages.library.tagging.model_files import KEY, MODEL, TAG_LIST, Files
from stages.library.tagging.taggers import camie, cl_tagger, ml_danbooru, pixai, timm, wd14


class Family(Protocol):
    """A module of `taggers`."""

    def files_in(
        self, model: str, names: Collection[str], /
    ) -> tuple[str, tuple[str, ...]] | None: ...

    def read(self, files: Files, /) -> Contract | None: ...


FAMILIES: tuple[Family, ...] = (cl_tagger, camie, timm, pixai, ml_danbooru, wd14)
"""In the order in which they are asked: what has less of its own comes later."""

SURE: tuple[Family, ...] = (cl_tagger, camie)
"""Those whose files are nobody else's; of the others' only what stands in them tells."""

OTHERS = {
    # RGB, 0-1; a list of names without categories: imgutils/tagging/deepdanbooru.py
    "DeepDanbooru": ("tags-general.txt", "tags-character.txt", "deepdanbooru_tags.csv"),
    # as torch has it: huggingface.co/pixai-labs/pixai-tagger-v0.9, -v1.0
    "PixAI's own, which isn't ONNX": ("model_v0.9.pth", "char_ip_map.json", "tagger_pipeline.py"),
    # a folder of the library transformers
    "the models of transformers": ("preprocessor_config.json",),
}
"""What can't be used, by files that it has beside it."""

OTHER_LISTS = "tag_mapping.json, model_vocabulary.json, …-metadata.json or tags.csv"

TAKE = (
    "docs/taggers.md lists the taggers that can be used"
    " / 使えるタガーは docs/taggers.ja.md にあります"
)


def as_other(names: Iterable[str]) -> str:
    """Return what to add to a message of a tagger that can't be used; '' if it isn't known.

    >>> as_other(["model.safetensors", "preprocessor_config.json"])
    ' (it looks like the models of transformers)'
    """
    last = {name.rpartition("/")[2] for name in names}
    for other, patterns in OTHERS.items():
        if any(fnmatch(name, pattern) for name in last for pattern in patterns):
            return f" (it looks like {other})"
    return ""


def model_in(names: Collection[str], named: str, place: str) -> str:
    """Return the model among a folder's files: the `named` one, model.onnx, or the only one.

    Raises:
        Problem: there is none, or several.
    """
    models = sorted(name for name in names if name.endswith(".onnx"))
    wanted = named or MODEL
    if wanted in models:
        return wanted
    if len(models) == 1 and not named:
        return models[0]
    if models and not named:
        shown = printable(", ".join(models))
        raise Problem(
            f"{KEY}: {place} holds several models ({shown}); write one's name after a / behind it"
            " / モデルがいくつもあります。使うもののファイル名まで書いてください"
        )
    raise Problem(f"{KEY}: {place} lacks {wanted}{as_other(names)}; {TAKE}")


def candidates(
    names: Collection[str], named: str, place: str
) -> list[tuple[Family, str, str, tuple[str, ...]]]:
    """Return the families that a folder's files may be of, with model, list of tags, and the rest.

    Raises:
        Problem: they are of none.
    """
    model = model_in(names, named, place)
    found = []
    for family in FAMILIES:
        if belonging := family.files_in(model, names):
            found.append((family, model, *belonging))
            if family in SURE:
                break
    if not found:
        raise Problem(
            f"{KEY}: {place} lacks {TAG_LIST}, or what another family of taggers has for it "
            f"({OTHER_LISTS}){as_other(names)}; {TAKE}"
        )
    return found


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def needed(names: Collection[str], named: str, place: str) -> list[str]:
    """Return the files among `names` that a tagger needs to be read; the model is the last.

    Those in folders are none of them.

    Raises:
        Problem: it is of no family.
    """
    found = candidates([name for name in names if "/" not in name], named, place)
    small = {name for _, _, tags, more in found for name in (tags, *more)}
    return [*sorted(small), found[0][1]]


def recognised(folder: Path, named: str, place: str) -> tuple[Files, Contract]:
    """Return the files of the tagger in a folder, and the contract that they tell.

    Raises:
        Problem: it is of no family, or a file isn't as its family's are.
    """
    for family, model, tags, more in candidates(names_in(folder), named, place):
        files = Files(folder, model, tags, more)
        if contract := family.read(files):
            return files, contract
    raise Problem(
        f"{KEY}: {place} has files of several families of taggers, and is of none; {TAKE}"
    )
