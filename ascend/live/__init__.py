"""A stack as it runs: what is deployed, and what its cloud says of it."""
