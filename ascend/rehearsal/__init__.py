"""A stack built again in an embedded cloud, and an update tried there."""
