"""A wish finds its drawing as an edit does, and what became of the others is said."""

from stages.library.dataset.drawings import Wish, matched

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"


def digest(key: str) -> str:
    return key + 52 * "0"


def test_wishes_are_found_by_content_and_else_by_name() -> None:
    wishes = {A: Wish("was.png", "no"), B: Wish("b.png", "test"), C: Wish("c.png")}
    found, remarks = matched(wishes, [("a.png", digest(A)), ("b.png", digest("d" * 12))])
    assert found == {"a.png": wishes[A], "b.png": wishes[B]}
    assert remarks == [
        f"b.png has changed since its wishes were written ({B}, now dddddddddddd); applied, "
        "please look / 絵が変わっています。指定はそのまま使いました。確かめてください",
        f"c.png ({C}) is not among the drawings; its wishes are kept, not applied / "
        "その絵がないため、この指定は使っていません",
    ]


def test_the_latest_wishes_for_a_drawing_hold() -> None:
    wishes = {A: Wish("a.png", "no"), B: Wish("a.png", "test")}
    found, remarks = matched(wishes, [("a.png", digest(B))])
    assert found == {"a.png": wishes[B]}
    assert remarks == [
        f"a.png ({A}) has newer wishes ({B}), which are applied instead / "
        "新しいほうの指定を使っています"
    ]
