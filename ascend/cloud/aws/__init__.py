"""The emulated aws provider.

- `provider` is the provider: check, diff, create, read, update, delete, invoke, for every type.
- `types` has a module per service with a class per resource type (`resource.ResourceType`); its docstring says how to
  add one. `facts` holds what the official provider does with each property, as data.
- Inputs are judged by the SDK's argument types and the facts (`ascend.cloud.checks`), cfn-lint's schemas (`cfn`), and
  by whether what they refer to exists (`references`).
- `api`, `mapping` and `tagging` turn properties into API calls, by botocore's description of each operation.
- `moto` answers those calls in this process; `moto_overrides` mends moto where it differs from AWS.

Only `moto` and what is called through `api` load boto3 and moto: check, diff and invoke work without them.
"""
