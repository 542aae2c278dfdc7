"""Projection expressions: the paths that a read returns."""

from sandbox.dynamodb.expressions.grammar import Names, Parser, Used
from sandbox.dynamodb.model.paths import Path, check_overlaps


def parse_projection(text: str, names: Names) -> tuple[tuple[Path, ...], Used]:
    """Parse a projection. Raises ValidationException."""
    label = "ProjectionExpression"
    parser = Parser(label, text, names)
    paths = [parser.path()]
    while parser.accept(","):
        paths.append(parser.path())
    parser.end()
    check_overlaps(label, paths)
    return tuple(paths), parser.used()
