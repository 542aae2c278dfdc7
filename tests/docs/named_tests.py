"""Find the tests that a page names."""

import ast
from pathlib import Path


def functions(path: Path) -> set[str]:
    """Return every function of a test file; empty if the file does not exist."""
    if not path.is_file():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
