"""The page of test pictures: at which strength of the LoRA, and after which epoch, is it best?"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from stages.library.common.html import island, policy, rendered, script, style
from stages.library.drawing.orders import weight_text
from stages.library.drawing.recall import Count, Gallery, highest, recall, summed, tag_recall

FOLDER = Path(__file__).with_suffix("")

HEATS = 10
"""How many shades the table of tags has, besides none."""


def heat(count: Count) -> int:
    """Return the shade of a count: none for no tag, the faintest for the first."""
    return -(-count[0] * HEATS // max(1, count[1]))


def dimensions(gallery: Gallery, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return CSS that says how many pictures stand in a row, and how large the largest are."""
    width, height = (max(sides) for sides in zip(*sizes.values(), strict=True))
    return f":root {{ --columns: {len(gallery.weights)}; --wide: {width}; --high: {height}; }}\n"


def page_data(gallery: Gallery) -> dict[str, object]:
    """Return what the page knows of each picture besides what its tables show."""
    return {
        "japanese": sorted(gallery.japanese.items()),
        "pictures": [
            {
                "infotext": picture.infotext,
                "found": [tag for tag in gallery.tags_of(picture) if tag in picture.found],
                "missing": [tag for tag in gallery.tags_of(picture) if tag not in picture.found],
            }
            for picture in gallery.pictures
        ],
    }


def render(gallery: Gallery, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return the page as HTML, to stand beside images/; `sizes` are the pictures', by name."""
    css = dimensions(gallery, sizes) + style(FOLDER / "gallery.css")
    code = script(FOLDER / "gallery.js")
    counts = recall(gallery)
    pictures = enumerate(gallery.pictures)
    return rendered(
        FOLDER / "gallery.html.j2",
        # where a page is a file, browsers differ in what its 'self' is
        policy=policy(css, code, pictures="data: file: 'self'"),
        style=Markup(css),
        script=Markup(code),
        gallery=gallery,
        sizes=sizes,
        at={(p.prompt, p.epoch, p.weight, p.seed): (index, p) for index, p in pictures},
        recall=counts,
        recall_of=[recall(gallery, prompt) for prompt in range(1, len(gallery.prompts) + 1)],
        tags=tag_recall(gallery),
        total=summed(list(counts.values())),
        highest=highest(counts),
        left_out=[tag for tag in gallery.subject if all(tag not in e for e in gallery.expected)],
        weight_text=weight_text,
        heat=heat,
        quote=quote,
        data=island(page_data(gallery)),
    )
