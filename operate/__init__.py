"""A command-line tool for operators, over the operator API: `python -m operate --help`."""
