"""The embedded cloud: emulated Pulumi providers (aws, cloudflare, random) served by one local process.

- `process` starts, finds and stops that process; it is all that a command needs.
- `server` is the process: a gRPC server per provider, and moto's HTTP endpoint for any AWS client.
- `planning` gives the same providers in the caller's process, for plans that create nothing.
- `servicer`, `provider` and `values` are the provider protocol; `schema`, `facts`, `checks`, `rules` and `diff` are
  what all providers share.
- `aws`, `cloudflare` and `random_provider` are the providers.

Nothing is imported here: starting the process must stay cheap.
"""
