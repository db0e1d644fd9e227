"""Figures as a person reads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.cost.model import Span

_CENTS_BELOW = 100
_WHOLE_FROM = 10
_MINUS = "\u2212"
_DASH = "\u2013"
#: What a founder calls what the bill and the load are made of; others are called by their own names.
_NAMES = {
    "aws:acm": "Certificates (ACM)",
    "aws:apigatewayv2": "HTTP API and its link (API Gateway)",
    "aws:appautoscaling": "Autoscaling",
    "aws:backup": "Backups",
    "aws:cloudwatch": "Alarms, metrics and logs (CloudWatch)",
    "aws:dms": "Migration (DMS)",
    "aws:ec2": "Network and traffic (VPC, EC2)",
    "aws:ecs": "Services (ECS on Fargate)",
    "aws:elasticache": "Cache (ElastiCache)",
    "aws:kms": "Keys (KMS)",
    "aws:lb": "Load balancers (ALB)",
    "aws:rds": "Databases (RDS)",
    "aws:s3": "Files (S3)",
    "aws:secretsmanager": "Secrets (Secrets Manager)",
    "aws:servicediscovery": "Names of services (Cloud Map)",
    "aws:sns": "Messages of alarms (SNS)",
    "aws:sqs": "Queues (SQS)",
    "aws:wafv2": "Firewall (WAF)",
    "http-api": "HTTP API",
    "nat": "NAT gateways",
}


def dollars(value: float) -> str:
    """``$49.57``, ``$1,974``: cents as long as they matter."""
    sign = _MINUS if value < 0 else ""
    return f"{sign}${abs(value):,.2f}" if abs(value) < _CENTS_BELOW else f"{sign}${abs(value):,.0f}"


def cents(value: float) -> str:
    """``$1,974.20``: to the cent, for columns that add up."""
    return f"{_MINUS if value < 0 else ''}${abs(value):,.2f}"


def signed(value: float) -> str:
    """``+$12.30``: a change."""
    return f"{'+' if value >= 0 else ''}{cents(value)}"


def span(value: Span) -> str:
    """``$40\u2013$60``: from the least to the most load; one figure where they are the same."""
    low, high = dollars(value.low), dollars(value.high)
    return low if low == high else f"{low}{_DASH}{high}"


def number(value: float) -> str:
    """``1,200``, ``0.354``: three digits that count."""
    if math.isinf(value):
        return "none there"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 -- digits


def percent(share: float) -> str:
    """``79.1 %``; from ten times on in whole ones."""
    if math.isinf(share):
        return "no supply"
    return f"{share * 100:.1f} %" if share < _WHOLE_FROM else f"{share * 100:,.0f} %"


def words(name: str) -> str:
    """``Databases (RDS)`` for ``aws:rds``, ``Service api`` for ``service:api``."""
    if name in _NAMES:
        return _NAMES[name]
    kind, _, rest = name.partition(":")
    text = f"{kind.replace('-', ' ')} {rest}".strip()
    return text[:1].upper() + text[1:]


def short_type(token: str) -> str:
    """``aws:rds/instance:Instance`` as ``rds Instance``."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{module.partition('/')[0] if package == 'aws' else package} {name}"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "cents": cents,
    "dollars": dollars,
    "number": number,
    "percent": percent,
    "short_type": short_type,
    "signed": signed,
    "span": span,
    "words": words,
}
