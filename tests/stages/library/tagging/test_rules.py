"""The rules of captions, as they come from params.yaml."""

import yaml

from stages.library.tagging.rules import Rules
from tests.support.clones import PROJECT


def test_the_rules_are_the_keys_of_params_yaml() -> None:
    params = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    assert sorted(Rules.__dataclass_fields__) == sorted(params["caption"])
