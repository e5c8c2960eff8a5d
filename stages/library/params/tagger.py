"""params.yaml, section tagger: which models look at the pictures, and on what they run."""

from stages.library.common.params import Key, Section
from stages.library.common.values import one_of, sha256_or_none

TAGGER = Section(
    "tagger",
    {
        "model": Key(help="builtin, a repository on the hub, or a local folder", many=True),
        "revision": Key(help="commit of the repository on the hub", many=True),
        "model_sha256": Key(sha256_or_none, "what the repository's model must be", many=True),
        "tag_list_sha256": Key(sha256_or_none, "what the list of its tags must be", many=True),
        "provider": Key(
            one_of("cpu", "cuda", "coreml", "openvino", "auto"), "what the model runs on"
        ),
    },
)
