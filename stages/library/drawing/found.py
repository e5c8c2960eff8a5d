"""What the tagger finds in test pictures of what their prompts don't name."""

from pathlib import Path

from stages.library.common.outputs import sha256
from stages.library.dataset.captions import underscored
from stages.library.tagging.kept import Kept
from stages.library.tagging.looking import all_scores
from stages.library.tagging.scores import RATING, SCALE
from stages.library.tagging.tagger import Tagger


def known_tags(tagger: Tagger) -> set[str]:
    """Return the tags that a tagger can find, but for ratings."""
    kinds = zip(tagger.tags, tagger.categories, strict=True)
    return {underscored(tag) for tag, kind in kinds if kind != RATING}


def tags_in(
    pictures: list[Path], tagger: Tagger, threshold: float, kept: Kept
) -> dict[Path, set[str]]:
    """Return the tags that reach `threshold` in each picture.

    A score reaches it when both, rounded to ten-thousandths, do.
    """
    digests = {path: sha256(path) for path in pictures}
    by_digest = {digest: path for path, digest in digests.items()}
    found, _ = all_scores(tagger, by_digest, {}, kept)
    least = round(threshold * SCALE)
    return {
        path: {
            underscored(tagger.tags[index])
            for index, score in zip(*found[digest], strict=True)
            if score >= least
        }
        for path, digest in digests.items()
    }
