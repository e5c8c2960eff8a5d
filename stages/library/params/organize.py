"""params.yaml, section organize: what the dataset is called, and how often it shows a picture."""

from stages.library.common.params import Key, Section
from stages.library.common.values import folder_name, number, whole

ORGANIZE = Section(
    "organize",
    {
        "name": Key(folder_name, "name of the dataset and of the LoRA"),
        "repeats": Key(whole(1, 1000), "how often an epoch shows each picture"),
        "hold_out": Key(number(0, 0.5), "share of the pictures never trained on", absent=0.0),
    },
)
