"""Lambda functions: `LoggingConfig`, which moto neither keeps nor returns."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda import models

Json = dict[str, Any]
_Describe = Callable[..., Json]


def _logging_config(function: models.LambdaFunction) -> Json:
    """Return it as the Lambda API does: with Lambda's defaults, and levels only for JSON."""
    given: Mapping[str, Any] = function.__dict__.get("logging_config") or {}
    config = {
        "LogFormat": given.get("LogFormat", "Text"),
        "LogGroup": given.get("LogGroup", f"/aws/lambda/{function.function_name}"),
    }
    if config["LogFormat"] == "JSON":
        config["ApplicationLogLevel"] = given.get("ApplicationLogLevel", "INFO")
        config["SystemLogLevel"] = given.get("SystemLogLevel", "INFO")
    return config


def _with_logging_config(original: Callable[..., None]) -> Callable[..., None]:
    def init(
        self: models.LambdaFunction, account_id: str, spec: Json, *rest: Any, **named: Any
    ) -> None:
        self.__dict__["logging_config"] = spec.get("LoggingConfig")
        original(self, account_id, spec, *rest, **named)

    return init


def _described(original: _Describe) -> _Describe:
    def get_configuration(self: models.LambdaFunction, **options: Any) -> Json:
        return original(self, **options) | {"LoggingConfig": _logging_config(self)}

    return get_configuration


def _updated(original: _Describe) -> _Describe:
    def update_configuration(self: models.LambdaFunction, config_updates: Json) -> Json:
        if "LoggingConfig" in config_updates:
            self.__dict__["logging_config"] = config_updates["LoggingConfig"]
        return original(self, config_updates)

    return update_configuration


@functools.cache
def extend() -> None:
    """Extend moto with all of this, once per process."""
    function = models.LambdaFunction
    function.__init__ = _with_logging_config(function.__init__)
    function.get_configuration = _described(function.get_configuration)
    function.update_configuration = _updated(function.update_configuration)
