"""A Ray cluster of several nodes, all on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from stages.library.common.cluster_address import QUIET


@contextmanager
def two_nodes() -> Iterator[Any]:
    """Yield a cluster of a head that does no work and two nodes of one core."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_AUTH_MODE", "disabled")  # it takes no token
        for name, value in QUIET.items():
            environment.setenv(name, value)
        head = {"num_cpus": 0, "include_dashboard": False}
        made: Any = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made
        made.shutdown()
