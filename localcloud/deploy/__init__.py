"""`make deploy-local`, `make alarms-local` and `make destroy-local`.

| file | what it does |
|---|---|
| `workspace.py` | the folder of a local cloud, and the address of its process |
| `process.py`, `serve.py` | start and stop the account's process; run the account in it |
| `terraform.py` | runs Terraform against the account |
| `inventory.py` | lists the resources in the account |
| `alarm_table.py` | prints the alarms |
| `commands.py` | deploys and destroys |
"""
