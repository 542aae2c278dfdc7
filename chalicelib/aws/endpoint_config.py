"""Region and endpoints of AWS services, from the environment variables that all AWS SDKs read.

Described in the AWS SDKs and Tools Reference Guide, "AWS Region" and "Service-specific endpoints".
"""

from collections.abc import Mapping

_SUFFIXES = (
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
)


def region(environ: Mapping[str, str]) -> str:
    """Return the region of this process, `""` if the environment names none."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""


def configured_endpoint(environ: Mapping[str, str], service: str) -> str | None:
    """Return `AWS_ENDPOINT_URL_<SERVICE>` or `AWS_ENDPOINT_URL` for a service such as `sqs`."""
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    variable = f"AWS_ENDPOINT_URL_{service.upper()}"
    return environ.get(variable) or environ.get("AWS_ENDPOINT_URL") or None


def endpoint(environ: Mapping[str, str], service: str) -> str:
    """Return the URL of `service` in this process's region and partition (aws, aws-cn, …)."""
    here = region(environ)
    suffix = next((end for start, end in _SUFFIXES if here.startswith(start)), "amazonaws.com")
    return configured_endpoint(environ, service) or f"https://{service}.{here}.{suffix}"
