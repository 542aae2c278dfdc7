"""The operators' command-line tool, over the operator API: `python -m operate --help`."""
