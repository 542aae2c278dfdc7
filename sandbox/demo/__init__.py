"""`make demo`: a speaker and five listeners in the terminal.

| file | what it is |
|---|---|
| `__main__.py` | the scenes, played with the Python SDK |
| `screen.py` | what the terminal shows: a live picture, or lines |
"""
