"""The log lines and metrics of functions.

| file | what it does |
|---|---|
| `text_format.py`, `json_format.py` | word Lambda's own lines in the two log formats |
| `system_log.py` | chooses the applied format |
| `recorder.py` | writes lines to the log group, and counts |
"""
