"""What the pack says of a stack that is written to in another region since its home was lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.capacity.planned import plan_of
from tests.policies.plans import drops, judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.engine.model import Step

DATABASE = "aws:rds/instance:Instance"


def failed_over(*, edge: bool = True, **home: Any) -> Sequence[Step]:
    """A stack of two regions; `home` is what is known of the databases of the region that was lost."""
    config: dict[str, Any] = {"primary": "eu-west-1", "databases": json.dumps({"us-east-1": home})}
    if not edge:
        config |= {"domain": None, "zone": None}
    return plan_of("backend-ai-worker", "global", json.dumps(config)).resources


def test_until_the_way_home_it_is_told_and_stops_nobody() -> None:
    lost = failed_over(fenced=True)
    assert judged("copy-in-another-region", lost) == []
    (said,) = judged("follows-after-failover", lost)
    assert said.startswith("region us-east-1 follows nobody since a failover")
    assert said.endswith("ascend failback")


def test_the_region_that_is_left_sees_its_own_end_as_one_alone_does() -> None:
    """No replica far away tells any more that its primary is gone; without an edge nothing else does."""
    for edge in (True, False):
        assert judged("region-lost-caught", failed_over(edge=edge, fenced=True)) == []


def test_a_region_that_follows_again_has_a_copy() -> None:
    back = failed_over(generation=2, kept=["database"])
    assert judged("copy-in-another-region", back) == []
    assert judged("follows-after-failover", back) == []


def test_what_is_left_behind_is_no_copy() -> None:
    back = failed_over(generation=2, kept=["database"])
    assert judged("follows-after-failover", drops(DATABASE, "use1-database-g2-primary$")(back)) != []
