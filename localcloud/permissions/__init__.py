"""IAM: what the role of a function allows, checked before each of its calls.

moto's own access control (`moto.iam.access_control`) cannot refuse what AWS refuses: it takes a
statement whose condition does not hold for a denial, ignores case and the operators of most
conditions, and knows neither the resource of a call nor service principals.

| file | what it does |
|---|---|
| `policies.py` | evaluates policy documents for an action on a resource |
| `roles.py` | reads the documents that are applied to a role |
| `calls.py` | lists the actions that a call of DynamoDB or SQS requires |
| `permissions.py` | issues credentials, and decides |
"""

from localcloud.permissions.permissions import Permissions, RoleCredentials
from localcloud.permissions.required_actions import required_actions

__all__ = ["Permissions", "RoleCredentials", "required_actions"]
