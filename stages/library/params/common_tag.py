"""params.yaml, section common_tag: the trigger."""

from stages.library.common.params import Key, Section
from stages.library.common.values import tag

COMMON_TAG = Section("common_tag", {"tag": Key(tag, "the trigger tag")})
