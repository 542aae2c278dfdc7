"""IAM: what the role of a function allows, asked before each of its calls.

moto has access control of its own (`moto.iam.access_control`), but it takes a statement whose
condition does not hold for a refusal, ignores case and the operators of most conditions, and knows
neither the resource of a call nor service principals: it can't refuse what AWS refuses.

| file | what it knows |
|---|---|
| `policies.py` | policy documents: whether one allows an action on a resource |
| `roles.py` | the documents that are applied to a role |
| `calls.py` | what a call of DynamoDB or SQS needs |
| `permissions.py` | credentials, and the decision |
"""

from localcloud.permissions.permissions import Permissions, RoleCredentials
from localcloud.permissions.required_actions import required_actions

__all__ = ["Permissions", "RoleCredentials", "required_actions"]
