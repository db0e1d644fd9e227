"""What a resource type uses to talk to the AWS API: calls with one-line errors, and parameters from properties."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import mapping
from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.model import Shape

    from ascend.cloud.aws.moto import Moto
    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props

LOG = logging.getLogger(__name__)

#: Properties of every type that no create or update operation takes as they are.
ALWAYS_SKIPPED = frozenset({"region", "tags", "tagsAll"})


class ApiError(ProviderError):
    """An error that the AWS API answered with.

    Attributes:
        code: the API's error code, ``InvalidVpcID.NotFound``.
        message: the API's text.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {' '.join(message.split())}")
        self.code = code
        self.message = message


@cache
def snake(operation: str) -> str:
    """boto3's method name of an operation: ``CreateDBInstance`` is ``create_db_instance``."""
    from botocore import xform_name  # noqa: PLC0415 -- planning never gets here

    return str(xform_name(operation))


@dataclass(slots=True)
class Api:
    """The AWS API as one resource in one region sees it.

    Attributes:
        cloud: where the clients come from.
        region: the resource's region.
        service: the boto3 service that calls go to unless they name another.
        schema: the resource type.
        where: the resource, for error messages.
        created_id: set by a type as soon as its object exists, so that a later failure is known to be partial.
    """

    cloud: Moto
    region: str
    service: str
    schema: ResourceSchema
    where: str
    account: str = "123456789012"
    partition: str = "aws"
    created_id: str = field(default="")

    def call(self, operation: str, /, *, _service: str = "", _region: str = "", **params: Any) -> dict[str, Any]:
        """Call an operation (``CreateVpc``) and return its answer.

        Args:
            operation: in the API's own spelling.
            _service: another boto3 service than the type's (underscored: operations have a parameter ``service``).
            _region: another region than the resource's.
            params: the operation's parameters.

        Raises:
            ApiError: the API refused.
            ProviderError: a parameter is malformed, or moto does not implement the operation.
        """
        from botocore import exceptions  # noqa: PLC0415 -- planning never gets here

        client = self.cloud.client(_service or self.service, _region or self.region)
        try:
            answer: dict[str, Any] = getattr(client, snake(operation))(**params)
        except exceptions.ClientError as error:
            detail = error.response.get("Error", {})
            raise ApiError(operation, str(detail.get("Code", "Unknown")), str(detail.get("Message", error))) from error
        except exceptions.ParamValidationError as error:
            raise ProviderError(f"{self.where}: {operation}: {' '.join(str(error).split())}") from error
        except NotImplementedError as error:
            raise ProviderError(f"{self.where}: {operation} is not emulated: {error}") from error
        except Exception as error:
            # moto answers some requests with a bug of its own; the caller gets one line, the log the rest.
            LOG.exception("%s: %s failed inside moto", self.where, operation)
            reason = f"{type(error).__name__}: {error}"
            raise ProviderError(f"{self.where}: {operation} failed inside the emulation: {reason}") from error
        answer.pop("ResponseMetadata", None)
        return answer

    def params(
        self,
        operation: str,
        props: Mapping[str, Any],
        *,
        rename: Mapping[str, str] | None = None,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
        service: str = "",
    ) -> dict[str, Any]:
        """The operation's parameters for properties: by name without regard to case, `rename` for the exceptions.

        Args:
            operation: ``CreateSubnet``.
            props: the inputs.
            rename: property name to parameter name, at every depth.
            skip: properties that some other call takes. ``region``, ``tags`` and ``tagsAll`` always are skipped.
            only: the only properties to take, for an operation that sets a part.
            service: another boto3 service than the type's.

        Raises:
            ProviderError: a property that is neither skipped nor a parameter.
        """
        client = self.cloud.client(service or self.service, self.region)
        shape = client.meta.service_model.operation_model(operation).input_shape
        chosen = props if only is None else {name: props[name] for name in only if name in props}
        return mapping.to_params(shape, chosen, rename or {}, {*ALWAYS_SKIPPED, *skip}, self.schema.token)

    def structure(
        self, shape: Shape, props: Mapping[str, Any], *, rename: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Like `params`, for a structure within an operation's input."""
        return mapping.to_params(shape, props, rename or {}, ALWAYS_SKIPPED, self.schema.token)

    def props(self, response: Mapping[str, Any], *, rename: Mapping[str, str] | None = None) -> Props:
        """The outputs of this resource's type that a response names (inverse of `params`)."""
        return mapping.from_response(response, self.schema, rename)

    def arn(self, resource: str, *, service: str = "", region: str | None = None, account: str | None = None) -> str:
        """An ARN in this region and account: ``arn:aws:<service>:<region>:<account>:<resource>``."""
        where = self.region if region is None else region
        who = self.account if account is None else account
        return f"arn:{self.partition}:{service or self.service}:{where}:{who}:{resource}"
