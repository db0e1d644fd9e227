"""What a component says when it cannot build what it was given."""

import pulumi


class ComponentError(pulumi.RunError):
    """A component was given something that AWS refuses. One line: what, which value, what is allowed."""


class DeploymentError(Exception):
    """AWS accepted a deployment and then took it back; the update has failed, though every call succeeded."""
