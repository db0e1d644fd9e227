'''The resource types of the embedded AWS, a module per service.

**To add a type** (see `ec2` and `kms` for examples):

1. Write a class in the module of its service and put an instance into that module's ``TYPES``::

       class Subnet(ResourceType):
           """A subnet."""

           pulumi_type = "aws:ec2/subnet:Subnet"
           service = "ec2"
           cfn = "AWS::EC2::Subnet"
           kind = "subnet"
           create_op = "CreateSubnet"
           create_skip = ("mapPublicIpOnLaunch",)   # set by after_create
           id_path = "Subnet.SubnetId"
           read_op, read_param, read_path = "DescribeSubnets", "SubnetIds[]", "Subnets[0]"
           delete_op, delete_param = "DeleteSubnet", "SubnetId"
           gone = ("InvalidSubnetID.NotFound",)
           tags = tagging.ec2("subnet")

   Inputs become parameters by name (`api.Api.params`), answers become outputs by name (`api.Api.props`); ``rename`` has
   the exceptions, in both directions
   (``rename: ClassVar = {…}``). Override `create`, `after_create`, `describe`, `outputs`, `update`, `delete`,
   `check`, `normalise` where AWS is not plain. Inputs in these methods are plain values (no secrets), complete with
   defaults, with ``region`` and ``tagsAll``. Outputs of a create or update are inputs overlaid with what `read`
   returns, so `read` must not return less than the truth.
2. Put its facts into ``facts/<service>.yaml`` (force_new, defaults, conflicts, rules, …; see facts/README.md).
3. Run ``python -m ascend.cloud.schema.extract``: the SDK's argument types become data.
4. Add a case to ``tests/cloud/aws/test_lifecycle_<service>.py``.

Importing this package imports neither boto3 nor moto.
'''

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ascend.cloud.aws.resource import ResourceType

REGISTRY: dict[str, ResourceType] = {}
for _info in pkgutil.iter_modules(__path__):
    for _type in importlib.import_module(f"{__name__}.{_info.name}").TYPES:
        REGISTRY[_type.token] = _type

#: Every type token that there is.
TOKENS: tuple[str, ...] = tuple(sorted(REGISTRY))
