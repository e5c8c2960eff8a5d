"""Values that sd-scripts would refuse only after loading everything."""

import pytest

from stages.library.common.errors import Problem
from stages.library.training.choices import OF_TORCH, OPTIMIZERS, SCHEDULERS, check_choices
from stages.library.training.options import Options
from tests.support.training import TRAINER


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"network_dim": ["1"], "network_module": ["networks.lora"]},
        {"network_module": ["lycoris.kohya"]},
        *({"optimizer_type": [name]} for name in (*OPTIMIZERS, *OF_TORCH, "adamw8BIT")),
        {"optimizer_type": ["bitsandbytes.optim.AdEMAMix8bit"]},
        *({"lr_scheduler": [name]} for name in (*SCHEDULERS, "adafactor:1e-4")),
        {"lr_scheduler": ["constant"], "lr_warmup_steps": ["0"]},
        {"lr_scheduler": ["constant_with_warmup"], "lr_warmup_steps": ["10%"]},
        # these two take no notice of lr_scheduler
        {"lr_scheduler": ["x"], "lr_scheduler_type": ["torch.optim.lr_scheduler.StepLR"]},
        {"lr_scheduler": ["x"], "optimizer_type": ["AdamWScheduleFree"]},
    ],
)
def test_what_sd_scripts_knows_is_accepted(options: Options) -> None:
    check_choices(options, TRAINER)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network_dim": ["0"]}, "network_dim: 0 is less than 1"),
        ({"optimizer_type": ["AdamW16"]}, r"no AdamW16; did you mean AdamW\?"),
        ({"optimizer_type": ["qqq"]}, "no qqq; write AdamW"),
        ({"network_module": ["networks.lroa"]}, r"did you mean networks\.lora\?"),
        ({"lr_scheduler": ["cosin"]}, r"no cosin; did you mean cosine\?"),
        ({"lr_scheduler": ["constant"], "lr_warmup_steps": ["0.1"]}, "constant takes no warm-up"),
    ],
)
def test_what_it_doesn_t_know_is_named(options: Options, message: str) -> None:
    with pytest.raises(Problem, match=message):
        check_choices(options, TRAINER)
