"""DynamoDB in memory.

| part | its job |
|---|---|
| `model/` | values in their canonical form, sizes, keys, and the stored items in order |
| `expressions/` | conditions, key conditions, updates and projections |
| `operations/` | one class for each kind of operation: prepared from a request, then carried out |
| `database.py` | in process: `Database.call("GetItem", request)`, `Database.hold(request)` |
| `wire.py` | a database as a wire to AWS: at once, in two steps, on virtual time |
| `service.py` | what is served over HTTP: a database, and moto as its control plane |
| `moto.py` | calls of moto's DynamoDB |
| `tables.py`, `expiry.py`, `plain.py` | tables from Terraform; time to live; items as plain JSON |

A value is made canonical when it enters, so values compare as JSON and nothing that is stored is
ever changed. A write is decided first (`decide`: checks, condition, new item) and then applied
(`Table.apply`: the items, then each index from its own copy). Both pass through one seam,
`Database._carry_out`, under one lock. A transaction may be taken apart there: held
(`operations/holds.py`), then written.
"""
