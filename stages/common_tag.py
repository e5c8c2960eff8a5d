"""Put the trigger tag first in every caption."""

import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.outputs import atomic_directory
from stages.library.dataset.captions import (
    caption_files,
    each_line,
    read_text,
    with_trigger,
    write_text,
)
from stages.library.dataset.dictionary import read_words, translate
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import guarded_directory
from stages.library.dataset.written import write_written, written_for
from stages.library.params.common_tag import COMMON_TAG
from stages.library.tagging.tokens import tokens


def advice(trigger: str, words: dict[str, str]) -> list[str]:
    """Return warnings of a trigger that can't call up a LoRA alone; `words` are the known tags'."""
    warnings = []
    if japanese := translate(trigger, words):
        warnings.append(
            f"the trigger {trigger!r} is a tag that models know already ({japanese}): it calls "
            "that up, too, and the LoRA changes what it means; write a word of your own into "
            "common_tag.tag in params.yaml / トリガーワードが、モデルのすでに知っているタグです。"
            "ほかにない言葉にしてください"
        )
    if not trigger.isascii():
        warnings.append(
            f"the trigger {trigger!r} is up to {tokens([trigger])} tokens to the text encoder, "
            "which reads little but English; a word in Latin letters, as nasumiso, is learned "
            "better / トリガーワードは、半角の英字のほうがよく学習されます"
        )
    return warnings


def common_tag(
    input: Path,
    output: Path,
    tag: str,
    manifest: Path | None,
    written: Path | None,
    dictionary: Path | None,
    exclude_jp: bool,
) -> None:
    """Write every caption of `input`, `tag` first on every line, to the folder `output`.

    With a `manifest` and the record `written`, captions in `output` that were changed by hand
    stop the stage. With a `dictionary` it warns of a trigger that is a tag already.

    Raises:
        Problem: `input` holds no captions, or `output` holds changes made by hand.
    """
    texts = {
        path.stem: each_line(read_text(path), lambda line: with_trigger(line, tag))
        for path in caption_files(input, exclude_jp, ours=written is not None)
    }
    rows = used(read_manifest(manifest)) if manifest else {}
    coming = {stem: written_for(rows.get(stem), text) for stem, text in texts.items()}
    only = r"[^/]+\.txt"
    with (
        guarded_directory(output, only, written, coming)
        if written
        else atomic_directory(output, only)
    ) as partial:
        for stem, text in texts.items():
            write_text(partial / f"{stem}.txt", text)
    if written:
        write_written(written, coming)
    print(f"common-tag: {tag} put first in {len(texts)} captions")
    for warning in advice(tag, read_words(dictionary) if dictionary else {}):
        print(f"common-tag: warning: {warning}", file=sys.stderr)


def build_parser() -> Parser:
    parser = Parser("stages.common_tag", __doc__, COMMON_TAG)
    parser.add_argument("--input", type=Path, help="folder of captions")
    parser.add_argument("--output", type=Path, help="folder for the captions with the trigger")
    parser.add_argument(
        "--manifest", type=Path, default=None, help="csv that tells which picture is which"
    )
    parser.add_argument(
        "--written", type=Path, default=None, help="record of what was written to --output"
    )
    parser.add_argument(
        "--dictionary", type=Path, default=None, help="csv of the tags that models know"
    )
    parser.add_argument(
        "--exclude-jp", action="store_true", default=False, help="leave out files named *_jp.txt"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), common_tag, argv)


if __name__ == "__main__":
    sys.exit(main())
