"""The categories of tags: Danbooru's numbers, as WD14's lists have them, and names for all."""

from collections.abc import Iterable

from stages.library.tagging.scores import CHARACTER, GENERAL, RATING

CATEGORIES = {
    "general": GENERAL,
    "artist": 1,
    "copyright": 3,
    "character": CHARACTER,
    "meta": 5,
    "rating": RATING,
    # Danbooru has none of these: not as anybody else counts them
    "year": 10,
    "quality": 11,
    "model": 12,
}
"""Numbers of categories by name, as they are kept in data/scores.npz."""

OTHER_NAMES = {"style": "artist", "copyrights": "copyright", "characters": "character"}
"""What authors call some of them; PixAI's styles are Danbooru's artists."""

RATINGS = {"g": "general", "s": "sensitive", "q": "questionable", "e": "explicit"}
"""Danbooru's ratings in short."""


def category(name: str) -> int:
    """Return the number of a category by its name.

    >>> category("Character"), category("style")
    (4, 1)

    Raises:
        KeyError: there is no such category.
    """
    lower = name.lower()
    return CATEGORIES[OTHER_NAMES.get(lower, lower)]


def as_tag(name: str, number: int) -> str:
    """Return a tag as Danbooru and WD14 write it: no blanks, ratings without `rating`.

    >>> as_tag("long hair", GENERAL), as_tag("rating:s", RATING), as_tag("rating_general", RATING)
    ('long_hair', 'sensitive', 'general')
    """
    tag = name.replace(" ", "_")
    if number != RATING:
        return tag
    bare = tag.removeprefix("rating:").removeprefix("rating_")
    return RATINGS.get(bare, bare)


def as_tags(names: Iterable[str], numbers: Iterable[int]) -> list[str]:
    """Return `as_tag` of each name and its category's number."""
    return [as_tag(name, number) for name, number in zip(names, numbers, strict=True)]
