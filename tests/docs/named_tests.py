"""The tests that a page names."""

import ast
from pathlib import Path


def functions(path: Path) -> set[str]:
    """Every function of a file of tests; empty if there is no such file."""
    if not path.is_file():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
