"""params.yaml, section tagger: which model looks at the pictures, and on what it runs."""

from stages.library.common.params import Key, Section
from stages.library.common.values import one_of

TAGGER = Section(
    "tagger",
    {
        "model": Key(help="builtin, a WD14 repository on the hub, or a local folder"),
        "revision": Key(help="branch, tag or commit of the repository on the hub"),
        "provider": Key(
            one_of("cpu", "cuda", "coreml", "openvino", "auto"), "what the model runs on"
        ),
    },
)
