"""What is to be said of a file of the input folder: codes with values, and the words for them.

The manifest keeps the codes; words are made where somebody reads them.
"""

import shlex
import string
from collections.abc import Iterable
from dataclasses import dataclass

from stages.library.common.errors import Problem
from stages.library.common.language import Language, in_language
from stages.library.dataset.manifest import Row, shown

REASONS = {
    "broken_link": ("is a broken link", "リンク先がありません"),
    "link_out": (
        "is a link that leads out of the folder; put the file itself there, or set "
        "prepare.follow_links: true in params.yaml",
        "フォルダーの外へのリンクです。ファイルそのものを入れるか、params.yaml の "
        "prepare.follow_links を true にしてください",
    ),
    "folder": (
        "is a folder; only files directly in the input folder are read",
        "フォルダーです(中の絵は読みません)",
    ),
    "not_regular": ("is no regular file", "ふつうのファイルではありません"),
    "mac_side_file": (
        "is a Mac's side file, not the picture itself",
        "Mac が作る付属のファイルで、絵そのものではありません",
    ),
    "other_ending": ("is no picture file ({ending})", "絵のファイルではありません({ending})"),
    "no_ending": (
        "is no picture file (no file ending)",
        "絵のファイルではありません(拡張子がありません)",
    ),
    "empty": ("is empty (0 bytes)", "空のファイルです"),
    "no_picture": ("is no picture, or a damaged one", "絵ではないか、壊れています"),
    "damaged": ("is damaged: {why}", "壊れています({why})"),
    "too_many_bytes": (
        "is a file of {megabytes} MB, more than {most}; save it as PNG",
        "{megabytes} MB のファイルです({most} MB まで)。PNG で保存し直してください",
    ),
    "too_many_pixels": (
        "{width}x{height} is more than {megapixels} megapixels; save a smaller copy",
        "{width}×{height} は {megapixels} メガピクセルを超えています。小さくして保存してください",
    ),
    "too_small": (
        "{width}x{height} is too small; no side may be under {least} px",
        "{width}×{height} は小さすぎます(どの辺も {least} px 以上)",
    ),
    "short_side": (
        "its short side is {side} px, too small for {size} px (least: {least})",
        "短い辺が {side} px しかなく、{size} px にできません({least} px 以上必要)",
    ),
    "colour_mode": (
        "colour mode {mode} can't be used; save it as 8-bit RGB",
        "カラーモード {mode} は使えません。8 ビット RGB で保存してください",
    ),
    "same_bytes": ("has the same bytes as {name}", "{name} と同じファイルです"),
}
"""Why a file can't be used: every code, in English and in Japanese."""

REMARKS = {
    "upscaled": ("upscaled from {width}x{height}", "{width}×{height} から拡大"),
    "colours_converted": (
        "colours converted from {profile} to sRGB",
        "色を {profile} から sRGB に変換",
    ),
    "unnamed_converted": (
        "colours converted from an unnamed profile to sRGB",
        "色を名前のないプロファイルから sRGB に変換",
    ),
    "profile_unreadable": (
        "colour profile unreadable, colours taken as sRGB",
        "カラープロファイルが読めず、sRGB とみなしました",
    ),
    "looks_like": ("looks like {name}", "{name} によく似ています"),
}
"""What is worth knowing of a drawing that is used, likewise."""

WORDS = REASONS | REMARKS


@dataclass(frozen=True)
class Note:
    """A code of `WORDS`, and exactly the values that its words have room for."""

    code: str
    values: dict[str, str]

    def __post_init__(self) -> None:
        if self.code not in WORDS or set(self.values) != names(WORDS[self.code][0]):
            raise ValueError(f"{self.code} with {sorted(self.values)} is no note")


def names(words: str) -> set[str]:
    """Return the names of the values that words have room for.

    >>> sorted(names("{width}x{height} is too small"))
    ['height', 'width']
    """
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def note(code: str, /, **values: object) -> Note:
    """Return a note; its values become text that UTF-8 can hold, as the manifest's names do."""
    return Note(
        code,
        {
            name: str(value).encode("utf-8", errors="backslashreplace").decode()
            for name, value in values.items()
        },
    )


def say(note: Note, language: Language = "en") -> str:
    """Return the words for a note, on one line whatever its values hold.

    >>> say(note("same_bytes", name="なす.png")), say(note("same_bytes", name="なす.png"), "ja")
    ('has the same bytes as なす.png', 'なす.png と同じファイルです')
    """
    values = {name: shown(value) for name, value in note.values.items()}
    return in_language(language, *WORDS[note.code]).format_map(values)


def cell(notes: Iterable[Note]) -> str:
    """Return notes as the manifest has them, quoted as in a shell: codes, no words.

    >>> cell([note("upscaled", width=300, height=400), note("looks_like", name="a; b.png")])
    "upscaled width=300 height=400; looks_like name='a; b.png'"
    """
    return "; ".join(
        " ".join(
            [note.code, *(f"{name}={shlex.quote(text)}" for name, text in note.values.items())]
        )
        for note in notes
    )


def read_cell(text: str) -> list[Note]:
    """Return what `cell` wrote.

    Raises:
        ValueError: it did not write that.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""
    parts: list[list[str]] = [[]]
    for word in lexer:
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    if parts == [[]]:
        return []
    return [
        note(" ".join(part[:1]), **dict(word.split("=", 1) for word in part[1:])) for part in parts
    ]


def notes_of(row: Row) -> list[Note]:
    """Return the notes of a manifest's row.

    Raises:
        Problem: they are another version's.
    """
    try:
        return read_cell(row.reason)
    except ValueError:
        raise Problem(
            f"the manifest's row of {shown(row.source)}: {shown(row.reason)} has no code that is "
            "known, it may be an older version's; run dvc repro"
        ) from None
