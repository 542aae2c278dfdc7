"""Metric math over the values of one period, as far as it is likely in an alarm.

CloudWatch User Guide, "Using math expressions with CloudWatch metrics": ids of other queries,
numbers, + - * /, METRICS(), SUM, AVG, MIN, MAX and FILL(id, number).
"""

import ast
import operator
from collections.abc import Callable, Mapping

Values = Mapping[str, float | None]
"""Each query's value in one period by its id; None where it has none."""
_Result = float | None | list[float]

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_OVER: Mapping[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


class UnknownExpressionError(Exception):
    """An expression that is not understood here; the text is its part that is not."""


def evaluate(expression: str, values: Values) -> float | None:
    """The expression's value; None where it has none, as after a division by zero.

    Raises:
        UnknownExpressionError: it is not among what is known here.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise UnknownExpressionError(expression) from None
    result = _value(tree, values)
    if isinstance(result, list):
        raise UnknownExpressionError(expression)
    return result


def _value(node: ast.expr, values: Values) -> _Result:
    result: _Result
    match node:
        case ast.Constant(value=int() | float() as number):
            result = float(number)
        case ast.Name(id=name) if name in values:
            result = values[name]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            result = _called(name, [_value(each, values) for each in arguments], values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            result = _computed(_ARITHMETIC[type(op)], _value(left, values), _value(right, values))
        case ast.List(elts=elements):
            found = [_value(each, values) for each in elements]
            result = [each for each in found if isinstance(each, float)]
        case _:
            raise UnknownExpressionError(ast.unparse(node))
    return result


def _called(name: str, arguments: list[_Result], values: Values) -> _Result:
    match name, arguments:
        case "METRICS", []:
            return [value for value in values.values() if value is not None]
        case "FILL", [value, default]:
            return default if value is None else value
        case _, [over] if name in _OVER:
            return _reduced(_OVER[name], over)
    raise UnknownExpressionError(name)


def _reduced(function: Callable[[list[float]], float], over: _Result) -> float | None:
    if isinstance(over, list):
        return function(over) if over else None
    return over


def _computed(
    function: Callable[[float, float], float], left: _Result, right: _Result
) -> float | None:
    if not isinstance(left, float) or not isinstance(right, float):
        return None
    try:
        return function(left, right)
    except ZeroDivisionError:
        return None
