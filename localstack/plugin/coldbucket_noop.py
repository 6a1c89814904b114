"""A Lambda runtime executor for LocalStack that starts nothing.

LocalStack runs every function in a Docker container; without Docker each one ends up Failed and
provisioned concurrency never becomes READY. coldbucket only reads settings, so no code has to run:
here a version is ready at once and an invocation answers `{}`.

A function whose environment holds COLDBUCKET_NOOP_INIT=fail fails its initialisation, as one whose
handler raises while it is imported does on AWS: its provisioned concurrency ends up FAILED.

LocalStack finds this class through the entry point in the `.dist-info` folder beside this file
(the parent of both has to be on PYTHONPATH) and uses it when LAMBDA_RUNTIME_EXECUTOR is `noop`.
"""

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)


class NoopRuntimeExecutor(RuntimeExecutor):
    def start(self, env_vars: dict[str, str]) -> None:
        if env_vars.get("COLDBUCKET_NOOP_INIT") == "fail":
            raise LambdaRuntimeException("initialisation fails because COLDBUCKET_NOOP_INIT asks for it")

    def stop(self) -> None:
        pass

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        return InvocationResult(
            request_id=payload["invoke-id"],
            payload=b"{}",
            is_error=False,
            logs="",
            executed_version=self.function_version.id.qualifier,
        )

    def get_logs(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        pass

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass


class NoopRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    name = "noop"

    def load(self, *args, **kwargs):
        return NoopRuntimeExecutor
