"""Whether alarms fire: incidents replayed through a model of how CloudWatch evaluates alarms. Pure functions."""

from ascend.incidents.replay import Outcome, incidents, left_behind, replay

__all__ = ["Outcome", "incidents", "left_behind", "replay"]
