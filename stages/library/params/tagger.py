"""params.yaml, section tagger: which model looks at the pictures, and on what it runs."""

from stages.library.common.params import Key, Section
from stages.library.common.values import one_of, sha256_or_none

TAGGER = Section(
    "tagger",
    {
        "model": Key(help="builtin, a repository on the hub, or a local folder"),
        "revision": Key(help="commit of the repository on the hub"),
        "model_sha256": Key(sha256_or_none, "what the repository's model must be"),
        "tag_list_sha256": Key(sha256_or_none, "what the list of its tags must be"),
        "provider": Key(
            one_of("cpu", "cuda", "coreml", "openvino", "auto"), "what the model runs on"
        ),
    },
)
