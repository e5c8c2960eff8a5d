"""params.yaml, section judge: what is drawn for the judge, and how it looks at it."""

from stages.library.common.params import Key, Section
from stages.library.common.values import sha256_or_none, whole
from stages.library.params.generate import SEED

JUDGE = Section(
    "judge",
    {
        "captions": Key(whole(0, 1000), "drawings whose captions are drawn; 0: none", absent=0),
        "seeds": Key(SEED, "seeds, each for every caption", many=True, absent=[1, 2]),
        "features": Key(help="what tells pictures apart: tagger, or an encoder", absent="tagger"),
        "features_revision": Key(help="commit of the encoder's repository", absent=""),
        "features_sha256": Key(sha256_or_none, "what the encoder's file must be", absent=""),
    },
    prefix="judge_",
)
