"""What the judge says, in Japanese and in English."""

from collections.abc import Iterable
from itertools import groupby
from math import isnan

from stages.library.drawing.judging.copies import FEWEST as FEWEST_TO_ACCUSE
from stages.library.drawing.judging.estimates import FEWEST, Estimate
from stages.library.drawing.judging.judgement import Judgement, Trigger, Yardstick
from stages.library.drawing.judging.verdict import LEAST, Cell
from stages.library.drawing.orders import weight_text

Words = tuple[str, str]
"""Japanese, English."""

USUAL = 12
"""Captions that params.yaml asks for as it comes; with fewer the doubt is large."""

NOTHING: Words = (
    "判定用の絵がありません。params.yaml の judge.captions を 12 などにして、generate を実行して"
    "ください。",
    "Nothing was drawn to be judged; set judge.captions in params.yaml, to 12 for example, and "
    "run generate.",
)

ON_TRAINING: Words = (
    "学習に使ったキャプションでの判定です。丸暗記した LoRA ほど、よい数字になります",
    "on training captions: rewards copying",
)


def percent(share: float) -> str:
    """Return a share in hundredths; a dash if it isn't known.

    >>> percent(0.617), percent(-0.002), percent(float("nan"))
    ('62 %', '0 %', '–')
    """
    return "–" if isnan(share) else f"{round(100 * share)} %"


def way(yardstick: Yardstick, farther: Estimate) -> str:
    """Return how much of the way from the base model to the drawings was gone, with its doubt.

    Where the base model is no way off, by how much less the squared discrepancy is.
    """
    gone = yardstick.way(farther)
    if not yardstick.base.above:
        return f"{gone.value:.4f} ± {gone.doubt:.4f}"
    return f"{percent(gone.value)} ± {round(100 * gone.doubt)}"


def cell_name(cell: Cell) -> Words:
    """Return what a cell is called."""
    epoch, weight = cell[0], weight_text(cell[1])
    return f"エポック {epoch}、強さ {weight}", f"epoch {epoch} at weight {weight}"


def listed(cells: Iterable[Cell], weights: bool) -> Words:
    """Return cells by epoch, with or without their weights.

    >>> listed([(6, 0.8), (8, 0.6), (8, 1.0)], weights=True)
    ('6(強さ 0.8)、8(強さ 0.6・1.0)', '6 (weight 0.8), 8 (weight 0.6, 1.0)')
    >>> listed([(6, 0.8), (8, 0.8), (10, 0.8)], weights=False)
    ('6、8、10', '6, 8, 10')
    """
    japanese, english = [], []
    for epoch, each in groupby(sorted(cells), key=lambda cell: cell[0]):
        known = [weight_text(weight) for _, weight in each]
        japanese.append(f"{epoch}(強さ {'・'.join(known)})" if weights else f"{epoch}")
        english.append(f"{epoch} (weight {', '.join(known)})" if weights else f"{epoch}")
    return "、".join(japanese), ", ".join(english)


def cells_named(judgement: Judgement, cells: Iterable[Cell]) -> Words:
    """Return cells of a judgement, with their weights where it has several."""
    return listed(cells, weights=len({weight for _, weight in judgement.rows}) > 1)


def verdict_in_words(judgement: Judgement) -> Words:
    """Return the advice in one sentence, or two."""
    japanese, english = advice(judgement)
    if not judgement.on_held_out:
        return f"{japanese}({ON_TRAINING[0]})", f"{english} ({ON_TRAINING[1]})"
    return japanese, english


def advice(judgement: Judgement) -> Words:
    """Return which epoch and weight to take, or why none."""
    found = judgement.verdict
    if not judgement.can_tell:
        return too_few(judgement)
    if judgement.unchanged:
        return (
            "この LoRA では何も変わっていません。どの絵も、ベースモデルだけで描いた絵と同じです。",
            "This LoRA changes nothing: every picture is the one that the base model alone draws.",
        )
    if found.cell:
        japanese, english = cell_name(found.cell)
        if len(found.alike) == 1:
            return f"{japanese} がおすすめです。", f"Take {english}."
        same = cells_named(judgement, found.alike)
        return (
            f"{japanese} がおすすめです。見分けがつかないもの: {same[0]}。",
            f"Take {english}. Can't tell apart: {same[1]}.",
        )
    if found.closer and found.closer == found.hardly:
        near = cells_named(judgement, found.closer)
        return (
            "あなたの絵に近づいたと言えるものがありません。ベースモデルからの道のりの "
            f"{percent(LEAST)} にも届きませんでした: {near[0]}。",
            "None comes noticeably closer to your drawings than the base model alone; not even "
            f"{percent(LEAST)} of the way: {near[1]}.",
        )
    if found.closer:
        odd = cells_named(judgement, found.closer)
        return (
            f"おすすめできるものがありません。あなたの絵に近づいたもの({odd[0]})には、どれも、"
            "写しのような絵か、同じような絵ばかりになる傾向があります。",
            f"None can be recommended: each that is closer to your drawings ({odd[1]}) shows "
            "pictures that may be copies, or draws nearly the same picture again and again.",
        )
    if found.farther:
        away = cells_named(judgement, found.farther)
        return (
            "ベースモデルだけのときより、あなたの絵に近づいたものはありません。"
            f"かえって遠くなったもの: {away[0]}。",
            "None is closer to your drawings than the base model alone; farther from them: "
            f"{away[1]}.",
        )
    count = judgement.captions
    return (
        f"ベースモデルだけのときとの違いがわかりません(キャプション {count} 個)。",
        f"No difference to the base model alone can be told, from {count} captions.",
    )


def too_few(judgement: Judgement) -> Words:
    """Return that there are too few captions, or drawings, for any figure."""
    if judgement.captions < FEWEST:
        count = judgement.captions
        return (
            f"キャプションが {count} 個しかなく、判定できません。{FEWEST} 個から判定できます"
            f"({USUAL} 個あると、かなり確かになります)。",
            f"Too few captions to tell anything: {count}. It takes {FEWEST}, better {USUAL}.",
        )
    count = judgement.near.drawings
    return (
        f"比べる絵が {count} 枚しかなく、判定できません。{FEWEST} 枚から判定できます。",
        f"Too few drawings to compare with: {count}. It takes {FEWEST}.",
    )


def reasons(judgement: Judgement) -> list[Words]:
    """Return what speaks for the advice."""
    cell = judgement.verdict.cell
    if not cell or not judgement.can_tell or judgement.unchanged:
        return []
    row, gone = judgement.rows[cell], way(judgement.near, judgement.rows[cell].farther)
    told = [closeness_in_words(judgement, gone)]
    if len(judgement.rows) > 1:
        told.append(
            (
                "これより確かによいと言えるものがありません。そのなかで、いちばん早いエポックの、"
                "いちばん弱い強さです。",
                "Nothing else is better beyond doubt, and of what is as good it is the earliest "
                "epoch at the lowest weight.",
            )
        )
    if judgement.accuses:
        told.append(("写しのような絵は見つかりません。", "None of its pictures looks like a copy."))
    if not isnan(row.recall):
        told.append(
            (
                f"キャプションのタグのうち、絵の中に見つかったのは {percent(row.recall)} です"
                f"(ベースモデルだけでは {percent(judgement.recall)})。",
                f"Of the tags that captions ask for, {percent(row.recall)} are found in its "
                f"pictures (base model alone: {percent(judgement.recall)}).",
            )
        )
    return told


def closeness_in_words(judgement: Judgement, gone: str) -> Words:
    """Return how close the advised pictures are."""
    count = judgement.near.drawings
    if not judgement.near.base.above:
        return (
            "ベースモデルだけでもあなたの絵と見分けがつきませんが、それよりさらに近づきました。",
            "The base model alone can't be told from your drawings, and this is closer still.",
        )
    if judgement.on_held_out:
        return (
            f"学習に使っていないあなたの絵 {count} 枚まで、ベースモデルからの道のりの {gone} だけ"
            "近づきました。",
            f"It goes {gone} of the way from the base model to {count} drawings of yours that it "
            "never saw.",
        )
    return (
        f"あなたの絵 {count} 枚まで、ベースモデルからの道のりの {gone} だけ近づきました。"
        f"({ON_TRAINING[0]})",
        f"It goes {gone} of the way from the base model to your {count} drawings "
        f"({ON_TRAINING[1]}).",
    )


def doubts(judgement: Judgement, builtin: bool) -> list[Words]:
    """Return what speaks against taking the advice for more than it is."""
    told: list[Words] = []
    if builtin:
        told.append(
            (
                "内蔵のタガー(builtin)で判定しました。色しか見ないので、画風も写しもわかりません。"
                "本物のタガーを tagger.model に書いて、もう一度判定してください。",
                "Judged by the built-in tagger, which sees colours only, neither style nor copies: "
                "set tagger.model to a real one, and judge again.",
            )
        )
    if not judgement.on_held_out:
        told.append(
            (
                "取り分けた絵(organize.hold_out)がないので、学習に使ったキャプションで判定しました。"
                "丸暗記した LoRA ほど、よい数字になります。",
                "No drawings are held back (organize.hold_out), so that it is judged on training "
                "captions: rewards copying.",
            )
        )
    if FEWEST <= judgement.captions < USUAL:
        told.append(
            (
                f"キャプションが {judgement.captions} 個なので、±が大きくなっています。取り分ける絵"
                "を増やすと確かになります。",
                f"There are {judgement.captions} captions, so that the ± is large; hold more "
                "drawings back.",
            )
        )
    told += [words for words in odd_cells(judgement) if words]
    if judgement.trigger and (words := trigger_in_words(judgement.trigger)):
        told.append(words)
    if not judgement.accuses and not builtin:
        told.append(
            (
                f"絵が {FEWEST_TO_ACCUSE} 枚より少ないので、写しは輪郭の似かただけで調べました。",
                f"With fewer than {FEWEST_TO_ACCUSE} drawings or pictures, copies were looked for "
                "by perceptual hash alone.",
            )
        )
    if judgement.seeds == 1:
        told.append(
            (
                "シードが 1 つなので、同じような絵ばかりになっていないかはわかりません"
                "(judge.seeds を 2 つにしてください)。",
                "With 1 seed nobody can say whether pictures vary: give judge.seeds 2 of them.",
            )
        )
    return told


def odd_cells(judgement: Judgement) -> list[Words]:
    """Return which cells are odd, and how."""
    found, rows = judgement.verdict, judgement.rows
    by_heart = [cell for cell, row in rows.items() if row.is_by_heart]
    deaf = [cell for cell, row in rows.items() if row.less_recall.above]
    told: list[Words] = []
    for cells, japanese, english in (
        (
            found.suspicious,
            "写しのような絵があるもの: {}。下で、もとの絵と並べて確かめてください。",
            "Pictures that may be copies: {}. Look at them below, beside the drawings.",
        ),
        (
            found.collapsed,
            "シードを変えても同じような絵になるもの: {}。",
            "Nearly the same picture with every seed: {}.",
        ),
        (
            by_heart,
            "学習に使った絵のほうにだけ近づいたもの(丸暗記のおそれ): {}。",
            "Closer to what it was trained on than to what it never saw, as if by heart: {}.",
        ),
        (
            deaf,
            "ベースモデルだけのときより、キャプションどおりに描けていないもの: {}。",
            "Shows less of what captions ask for than the base model alone: {}.",
        ),
        (
            found.farther if found.cell else [],
            "ベースモデルだけのときより、あなたの絵から遠くなったもの: {}。",
            "Farther from your drawings than the base model alone: {}.",
        ),
    ):
        if cells:
            names = cells_named(judgement, cells)
            told.append((japanese.format(names[0]), english.format(names[1])))
    return told


def trigger_in_words(trigger: Trigger) -> Words:
    """Return what leaving out the trigger does."""
    name = cell_name(trigger.cell)
    if trigger.works is None:
        return (
            f"トリガーワードの効きめは、この枚数ではわかりません({name[0]})。",
            f"Whether the trigger calls up the style can't be told ({name[1]}).",
        )
    lost = percent(max(0.0, trigger.with_it.value / trigger.farther.value))
    if trigger.works:
        return (
            f"トリガーワードを外すと、近づいたぶんの {lost} が失われます。トリガーワードは効いて"
            f"います({name[0]})。",
            f"Without the trigger {lost} of what was gained is lost: it calls up the style "
            f"({name[1]}).",
        )
    return (
        f"トリガーワードを外しても、近づいたぶんの {lost} しか失われません。画風は、書いても"
        f"書かなくても出ます({name[0]})。",
        f"Without the trigger only {lost} of what was gained is lost: the style comes whether it "
        f"is written or not ({name[1]}).",
    )
