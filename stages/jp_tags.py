"""Write every caption once more in Japanese, for the artist to read."""

import csv
import sys
from collections import Counter
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.unchanged import seen
from stages.library.dataset.captions import (
    caption_files,
    join,
    parted,
    read_text,
    tags_of,
    underscored,
)
from stages.library.dataset.dictionary import read_dictionary, translate
from stages.library.dataset.manual_edits import write_between


def japanese_of(captions: list[list[str]], words: dict[str, str]) -> dict[str, str | None]:
    """Return the Japanese of every tag, None where there is none; each is looked up once.

    The tag that begins every caption is the trigger, a made-up word: it is not counted as missing.
    """
    different = dict.fromkeys(tag for tags in captions for tag in tags)
    japanese = {tag: translate(tag, words) for tag in different}
    begins = {tags[0] if tags else "" for tags in captions}
    if len(begins) == 1 and japanese.get(trigger := begins.pop(), "") is None:
        del japanese[trigger]
    return japanese


def untranslated(
    captions: list[list[str]], japanese: dict[str, str | None]
) -> list[tuple[str, int]]:
    """Return the tags without a Japanese word, the most frequent first, and their numbers."""
    missing = {tag for tag, word in japanese.items() if word is None}
    counts = Counter(tag for tags in captions for tag in tags if tag in missing)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def jp_tags(
    input: Path, dictionary: Path, output: Path | None, written: Path | None, missing: bool
) -> None:
    """Write `<image>_jp.txt` to `output` for every caption of `input`.

    Tags without a Japanese word stay English, and a sentence below them stays as it is. With
    `missing`, print those tags instead, in the form of a dictionary to be filled in.

    Raises:
        Problem: `input` holds no captions, or the dictionary is not as it should be.
        Problem: a caption or the dictionary was changed meanwhile, or what is in `output` by hand.
    """
    read = seen(input, dictionary)
    texts = {path.stem: parted(read_text(path)) for path in caption_files(input)}
    captions = {stem: tags_of(tags) for stem, (tags, _) in texts.items()}
    japanese = japanese_of(list(captions.values()), read_dictionary(dictionary))
    unknown = untranslated(list(captions.values()), japanese)
    if missing:
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(("tag", "ja"))
        lines.writerows((tag, "") for tag in dict.fromkeys(underscored(tag) for tag, _ in unknown))
        return
    if output is None or written is None:
        raise Problem(f"--{'written' if output else 'output'}: it has no value; write one")
    translated = {}
    for stem, tags in captions.items():
        text, sentence = join([japanese.get(tag) or tag for tag in tags]), texts[stem][1]
        translated[f"{stem}_jp"] = f"{text}\n{sentence}\n" if sentence else f"{text}\n"
    write_between(output, r"[^/]+_jp\.txt", written, translated, read.look_again)
    known = len(japanese) - len(unknown)
    print(f"jp-tags: {known} of {len(japanese)} different tags have a Japanese word")
    if unknown:
        shown = [f"{tag} ({count})" for tag, count in unknown[:10]]
        print(f"  still English: {', '.join(shown)}{' …' if len(unknown) > 10 else ''}")


def build_parser() -> Parser:
    parser = Parser("stages.jp_tags", __doc__)
    parser.add_argument(
        "--input", type=Path, default=Path("data/tagged"), help="folder of captions"
    )
    parser.add_argument(
        "--dictionary", type=Path, default=Path("data/dictionary"), help="folder of ja.csv"
    )
    parser.add_argument("--output", type=Path, default=None, help="folder for the Japanese ones")
    parser.add_argument(
        "--written", type=Path, default=None, help="record of what was written to --output"
    )
    parser.add_argument(
        "--missing",
        action="store_true",
        default=False,
        help="only print the tags without a Japanese word, to fill in and add to mine.csv",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), jp_tags, argv)


if __name__ == "__main__":
    sys.exit(main())
