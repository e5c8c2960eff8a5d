"""params.yaml, section common_tag: the triggers."""

from stages.library.common.params import Key, Section
from stages.library.common.values import subject_trigger, tag

COMMON_TAG = Section(
    "common_tag",
    {
        "tag": Key(tag, "the trigger tag"),
        "subjects": Key(subject_trigger, "subject=>trigger of its own", many=True, absent=[]),
    },
)
