"""The resources in the account; after a destroy there must be none."""

from collections.abc import Iterator

from localcloud.deploy.workspace import Address

_LISTS = (
    ("apigateway", "get_rest_apis", "items", "name"),
    ("apigatewayv2", "get_apis", "Items", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
)


def remaining_resources(address: Address) -> list[str]:
    """Return every resource of the account, such as `dynamodb lectern-dev-sessions`."""
    return [f"{service} {name}" for service, name in _resources(address)]


def _resources(address: Address) -> Iterator[tuple[str, str]]:
    for service, operation, field, name in _LISTS:
        client = address.client(service)
        for each in getattr(client, operation)().get(field, []):
            yield service, each[name] if name else each
        client.close()
