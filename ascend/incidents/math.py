"""Metric math, as much of it as alarms use: arithmetic, comparisons, IF, FILL, and functions over all metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, read 2026-11-21
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value = float | None
_BINARY: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARED: Mapping[type, Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_OVER_ALL: Mapping[str, Callable[[list[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """One datapoint of an expression.

    Args:
        expression: the metric math.
        values: the datapoint of each metric, by id; None where it is missing.

    Returns:
        The datapoint; None where it is missing.

    Raises:
        InputError: the expression uses what this model does not know.
    """
    text = re.sub(r"\bAND\b|&&", " and ", re.sub(r"\bOR\b|\|\|", " or ", expression))
    try:
        return _value(ast.parse(text, mode="eval").body, values)
    except SyntaxError as error:
        raise InputError(f"metric math '{expression}' cannot be read: {error.msg}") from error


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            found: Value = float(number)
        case ast.Name(id=name) if name in values:
            found = values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _combined(operator.sub, 0.0, _value(operand, values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            found = _combined(_BINARY[type(op)], _value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[test], comparators=[right]) if type(test) in _COMPARED:
            found = _combined(_COMPARED[type(test)], _value(left, values), _value(right, values))
        case ast.BoolOp(op=joined, values=parts):
            known = [_value(part, values) for part in parts]
            met = all(known) if isinstance(joined, ast.And) else any(known)
            found = None if None in known else float(met)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = _called(name, arguments, values)
        case _:
            raise InputError(f"metric math: '{ast.unparse(node)}' is not known to this model")
    return found


def _combined(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """A datapoint is missing where one of its parts is, or where it would be divided by zero."""
    if left is None or right is None:
        return None
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None


def _called(name: str, arguments: list[ast.expr], values: Mapping[str, Value]) -> Value:
    match name, arguments:
        case "IF", [condition, then, otherwise]:
            met = _value(condition, values)
            return None if met is None else _value(then if met else otherwise, values)
        case "FILL", [metric, filler]:
            found = _value(metric, values)
            return _value(filler, values) if found is None else found
        case _, [ast.Call(func=ast.Name(id="METRICS"), args=[])] if name in _OVER_ALL:
            known = [value for value in values.values() if value is not None]
            return _OVER_ALL[name](known) if known else None
        case _, [ast.List(elts=parts)] if name in _OVER_ALL:
            found_parts = [value for part in parts if (value := _value(part, values)) is not None]
            return _OVER_ALL[name](found_parts) if found_parts else None
        case _:
            raise InputError(f"metric math: {name}() of {len(arguments)} arguments is not known to this model")
