"""The trainer's receipt: what a LoRA's own metadata says that it was trained on.

sd-scripts writes into every LoRA how often it saw each tag, and the values it trained with
(v0.10.1, train_network.py, `metadata = {`). If that isn't what was ordered, the LoRA learned
something else than the captions say, however well the loss looks.
"""

from collections import Counter
from dataclasses import dataclass

from stages.library.common.json_files import json_of
from stages.library.training.options import Options, first
from stages.library.training.provenance import digest_of
from stages.library.training.subsets import Subset, shown

VALUES = {
    "max_token_length": ("ss_max_token_length", "None"),
    "keep_tokens": ("ss_keep_tokens", "0"),
    "network_dim": ("ss_network_dim", "None"),
    "network_alpha": ("ss_network_alpha", "1"),
}
"""Options that are recorded as they were ordered: their key, and what they are without an order."""

FREQUENCY = "ss_tag_frequency"


@dataclass(frozen=True)
class Receipt:
    """What a LoRA's metadata must say."""

    tags: dict[str, dict[str, int]]  # by folder; without repeats
    values: dict[str, str]  # by key of the metadata
    example: dict[str, str]  # a picture for each tag
    pictures: int  # without repeats

    @property
    def digest(self) -> str:
        """The SHA-256 of the tags' counts."""
        return digest_of(dict(self.tags))

    @property
    def distinct(self) -> int:
        """How many different tags there are."""
        return len({tag for counts in self.tags.values() for tag in counts})


def expected(subsets: list[Subset], options: Options, held_back: Subset | None = None) -> Receipt:
    """Return the receipt for training on exactly these subsets with these options.

    Of the drawings that are `held_back` to validate with, all are to be counted as that and none
    of their tags as seen.
    """
    wildcard = "enable_wildcard" in options
    tags: dict[str, Counter[str]] = {}
    example: dict[str, str] = {}
    for subset in subsets:
        # a folder of regularization pictures may have the name of another: they are added up
        tags.setdefault(subset.name, Counter()).update(subset.tag_counts(wildcard))
        for picture in subset.pictures:
            for tag in subset.tags(picture, wildcard):
                example.setdefault(tag, f"{subset.name}/{picture.name}")
    values = {key: first(options, name, usual) for name, (key, usual) in VALUES.items()}
    values["ss_shuffle_caption"] = str("shuffle_caption" in options)
    values["ss_num_train_images"] = str(shown(subsets, regular=False))
    values["ss_num_reg_images"] = str(shown(subsets, regular=True))
    if held_back:
        tags[held_back.name] = Counter()
        values["ss_num_validation_images"] = str(len(held_back.pictures))
    if resolution := first(options, "resolution", ""):
        sides = [int(side) for side in resolution.split(",")]
        values["ss_resolution"] = str((sides[0], sides[-1]))
    pictures = sum(len(subset.pictures) for subset in subsets)
    return Receipt({name: dict(found) for name, found in tags.items()}, values, example, pictures)


def counted_tags(metadata: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return the tags that the trainer counted, by folder; {} if it says nothing of them."""
    try:
        found = json_of(metadata[FREQUENCY])
        return {
            str(folder): {str(tag): int(count) for tag, count in counts.items()}
            for folder, counts in found.items()
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def difference(receipt: Receipt, metadata: dict[str, str]) -> str:
    """Return in words the first thing that isn't as ordered; '' if all is."""
    found, told = counted_tags(metadata), with_datasets(metadata)
    if not found:
        return f"it does not say which tags it saw ({FREQUENCY})"
    for folder, wanted in receipt.tags.items():
        counted = found.get(folder)
        if counted and not wanted:
            return f"it trained on {folder}, the drawings that are held back"
        if counted is None:
            return f"it never saw the folder {folder}, but {', '.join(found)}"
        for tag in sorted(wanted.keys() | counted.keys()):
            if wanted.get(tag, 0) != counted.get(tag, 0):
                where = f" (as for {receipt.example[tag]})" if tag in wanted else ""
                return (
                    f"in {folder} it saw the tag {tag!r} {counted.get(tag, 0)} times, the captions "
                    f"have it {wanted.get(tag, 0)} times{where}"
                )
    if more := sorted(found.keys() - receipt.tags.keys()):
        return f"it saw the folder {more[0]}, which the dataset does not have"
    for key, value in receipt.values.items():
        if not same(told.get(key, "nothing"), value):
            return f"it says {key} = {told.get(key, 'nothing')}, ordered was {value}"
    return ""


def with_datasets(metadata: dict[str, str]) -> dict[str, str]:
    """Return metadata with what they say by dataset, where there are several, in its usual place.

    Trained with a dataset_config, `ss_datasets` holds what else has keys of its own.
    """
    try:
        datasets = [each for each in json_of(metadata["ss_datasets"]) if each["subsets"]]
        subsets = [subset for each in datasets for subset in each["subsets"]]
        found = {
            "ss_resolution": {str(tuple(each["resolution"])) for each in datasets},
            "ss_keep_tokens": {str(each["keep_tokens"]) for each in subsets},
            "ss_shuffle_caption": {str(each["shuffle_caption"]) for each in subsets},
        }
    except (KeyError, ValueError, TypeError):
        return metadata
    return {key: " or ".join(sorted(values)) for key, values in found.items()} | metadata


def same(one: str, other: str) -> bool:
    """Return whether two values are equal, as text or as numbers.

    >>> same("32.0", "32"), same("None", "None"), same("150", "225")
    (True, True, False)
    """
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other


def verdict(metadata: dict[str, str], digest: str, pictures: int) -> str:
    """Return in a few words whether a finished LoRA learned the captions it was made for.

    `digest` and `pictures` are what its own papers record of the dataset; '' in older ones.
    """
    tags = counted_tags(metadata)
    distinct = {tag for counts in tags.values() for tag in counts}
    if digest and digest == digest_of(dict(tags)):
        return f"checked, {pictures} pictures, {len(distinct)} tags"
    if distinct and distinct == {name.partition("_")[2].lower() for name in tags if tags[name]}:
        return f"NEVER READ: it learned only the word {', '.join(sorted(distinct))}; train it again"
    if digest:
        return "NOT those of its dataset; train it again"
    return f"not checked; the trainer says {len(distinct)} tags"
