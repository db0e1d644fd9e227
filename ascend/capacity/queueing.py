"""How long requests take under load: a queue before several equal servers (M/M/c).

The load balancers send each request to the task with the fewest in work, which a single queue before all tasks comes
close to. Arrivals and service times are taken as exponential, which is on the safe side for requests that are alike.
"""

from __future__ import annotations

import math
from functools import lru_cache

#: Load from which on a queue that lasts for a while is told from its backlog and no longer from its long run.
SATURATED = 0.999
_STEPS = 30


@lru_cache(maxsize=65_536)
def waiting_share(servers: int, offered: float) -> float:
    """Erlang's C: the part of the requests that wait.

    Args:
        servers: how many servers there are.
        offered: requests a second times the seconds that one takes; below `servers`.
    """
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    share = offered / servers
    return blocked / (1 - share * (1 - blocked))


@lru_cache(maxsize=65_536)
def wait_percentile(servers: int, rate: float, arrivals: float, percentile: float = 0.95) -> float:
    """Seconds that `percentile` of the requests wait at most before they are served.

    Args:
        servers: how many servers there are.
        rate: requests a second that one serves.
        arrivals: requests a second; from `SATURATED` of what all serve on, that load is taken.
        percentile: part of the requests, 0 to 1.
    """
    arrivals = min(arrivals, SATURATED * servers * rate)
    waiting = waiting_share(servers, arrivals / rate)
    return math.log(waiting / (1 - percentile)) / (servers * rate - arrivals) if waiting > 1 - percentile else 0.0


@lru_cache(maxsize=65_536)
def response_percentile(servers: int, rate: float, arrivals: float, percentile: float = 0.95) -> float:
    """Seconds that `percentile` of the requests take at most, waiting and being served.

    Args:
        servers: how many servers there are.
        rate: requests a second that one serves.
        arrivals: requests a second; from `SATURATED` of what all serve on, that load is taken.
        percentile: part of the requests, 0 to 1.
    """
    arrivals = min(arrivals, SATURATED * servers * rate)
    waiting = waiting_share(servers, arrivals / rate)
    spare = servers * rate - arrivals

    def longer(seconds: float) -> float:
        """The part of the requests that take longer: those served at once, and those that wait first."""
        served = math.exp(-rate * seconds)
        if math.isclose(spare, rate, rel_tol=1e-6):
            both = (1 + rate * seconds) * served
        else:
            both = (spare * served - rate * math.exp(-spare * seconds)) / (spare - rate)
        return (1 - waiting) * served + waiting * both

    low, high = 0.0, 1 / rate
    while longer(high) > 1 - percentile:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if longer(middle) > 1 - percentile else (low, middle)
    return high
