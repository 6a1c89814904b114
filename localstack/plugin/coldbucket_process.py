"""A Lambda runtime executor for LocalStack that runs a custom runtime as a plain local process.

LocalStack runs every function in a Docker container. This executor needs no Docker: it unzips the
package, starts its `bootstrap` and speaks the Lambda Runtime API to it on a loopback port:

    GET  /2018-06-01/runtime/invocation/next           blocks until there is an invocation
    POST /2018-06-01/runtime/invocation/<id>/response  the answer, 6 MB at most
    POST /2018-06-01/runtime/invocation/<id>/error     the function failed
    POST /2018-06-01/runtime/init/error                the initialisation failed

One executor is one execution environment: one process, one invocation at a time, kept warm. As on
AWS the first `next` ends the initialisation, a process that exits fails its invocation with
Runtime.ExitError, one that takes too long is killed (Sandbox.Timedout), and the next invocation
starts it anew. Runs `provided*` only. Not a sandbox: memory, /tmp size and network are not limited, and
the package runs with the rights of the user. Loopback and tests only.

A function whose environment holds COLDBUCKET_PROCESS_KILL (texts, separated by commas) is killed by every
invocation whose member `account` is one of them: the crash that a test needs.

LocalStack finds this class through the entry point in the `.dist-info` folder beside this file
(the parent of both has to be on PYTHONPATH); LAMBDA_RUNTIME_EXECUTOR=process selects it.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

PREFIX = "/2018-06-01/runtime/"
INIT_SECONDS = 10  # as on AWS
RESPONSE_BYTES = 6 * 1024 * 1024 + 100
LOG_TAIL = 64 * 1024


def failure(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class Sandbox:
    """The process and the Runtime API it talks to."""

    def __init__(self, code: Path, env: dict[str, str], arn: str):
        self.arn = arn
        self.todo: queue.Queue[dict] = queue.Queue()
        self.answers: queue.Queue[tuple[str | None, bytes, bool]] = queue.Queue()
        self.ready = threading.Event()
        self.current: str | None = None
        self.deadline_ms = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        # A file, not a pipe: a pipe nobody drains would block the function.
        self.log = tempfile.TemporaryFile()
        self.work = tempfile.mkdtemp(prefix="coldbucket-lambda-")
        env = {k: str(v) for k, v in env.items() if v is not None} | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "LAMBDA_TASK_ROOT": str(code),
            "PATH": f"{code}/bin:{os.defpath}",
            "TMPDIR": self.work,
            "HOME": self.work,
        }
        self.process = subprocess.Popen(
            [str(code / "bootstrap")], cwd=code, env=env, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        status = self.process.wait()
        self.answers.put((None, failure("Runtime.ExitError", f"Runtime exited with status {status}"), True))
        self.ready.set()

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.work, ignore_errors=True)

    def printed(self, since: int) -> tuple[str, int]:
        end = os.fstat(self.log.fileno()).st_size
        start = max(since, end - LOG_TAIL)
        return os.pread(self.log.fileno(), end - start, start).decode(errors="replace"), end

    def handler(sandbox):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def body(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                data = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return data

            def do_GET(self):
                if self.path != PREFIX + "invocation/next":
                    return self.answer(404, failure("NotFound", self.path))
                sandbox.ready.set()
                event = sandbox.todo.get()
                self.answer(200, event["payload"].encode(), {
                    "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
                    "Lambda-Runtime-Deadline-Ms": str(sandbox.deadline_ms),
                    "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
                    "Lambda-Runtime-Trace-Id": event["trace-id"],
                })

            def do_POST(self):
                body, path = self.body(), self.path.removeprefix(PREFIX).split("/")
                match path:
                    case ["init", "error"]:
                        sandbox.answers.put((None, body, True))
                        sandbox.ready.set()
                    case ["invocation", request, what] if request != sandbox.current or what not in ("response", "error"):
                        return self.answer(403, failure("InvalidRequestID", request))
                    case ["invocation", request, "response"] if len(body) > RESPONSE_BYTES:
                        text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
                        sandbox.answers.put((request, failure("Function.ResponseSizeTooLarge", text), True))
                        return self.answer(413, failure("RequestEntityTooLarge", text))
                    case ["invocation", request, what]:
                        sandbox.answers.put((request, body, what == "error"))
                    case _:
                        return self.answer(404, failure("NotFound", self.path))
                self.answer(202, b'{"status":"OK"}')

        return Handler


class ProcessRuntimeExecutor(RuntimeExecutor):
    sandbox: Sandbox | None = None
    env: dict[str, str]

    def start(self, env_vars: dict[str, str]) -> None:
        self.env = env_vars
        self.boot()

    def boot(self) -> None:
        if not (self.function_version.config.runtime or "").startswith("provided"):
            raise LambdaRuntimeException("only the runtimes provided.* run without Docker")
        code = self.function_version.config.code
        code.prepare_for_execution()
        sandbox = Sandbox(code.get_unzipped_code_location(), self.env, self.function_version.qualified_arn)
        if not sandbox.ready.wait(INIT_SECONDS):
            problem = failure("Sandbox.Timedout", f"Init phase took longer than {INIT_SECONDS} seconds")
        elif not sandbox.answers.empty():
            problem = sandbox.answers.get()[1]
        else:
            self.sandbox = sandbox
            return
        sandbox.end()
        # LocalStack makes this the answer of the invocation, with FunctionError=Unhandled.
        raise StatusErrorException("Initialisation failed", payload=problem)

    def stop(self) -> None:
        if self.sandbox:
            self.sandbox.end()
            self.sandbox = None

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        if self.sandbox is None:
            self.boot()
        sandbox, request, limit = self.sandbox, payload["invoke-id"], int(self.function_version.config.timeout)
        began, since = time.monotonic(), os.fstat(self.sandbox.log.fileno()).st_size
        sandbox.deadline_ms = int((time.time() + limit) * 1000)
        sandbox.current = request
        sandbox.todo.put(payload)
        if self.kills(payload["payload"]):
            sandbox.kill()
        try:
            _, body, failed = sandbox.answers.get(timeout=limit)
        except queue.Empty:
            body, failed = failure("Sandbox.Timedout", f"RequestId: {request} Error: Task timed out after {limit:.2f} seconds"), True
            sandbox.end()
        sandbox.current = None
        took = (time.monotonic() - began) * 1000
        printed, _ = sandbox.printed(since)
        if not sandbox.alive():
            sandbox.end()
            self.sandbox = None
        memory = self.function_version.config.memory_size
        logs = (
            f"START RequestId: {request} Version: {self.function_version.id.qualifier}\n{printed.rstrip()}\nEND RequestId: {request}\n"
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\tMemory Size: {memory} MB\n"
        )
        return InvocationResult(request_id=request, payload=body, is_error=failed, logs=logs, executed_version=self.function_version.id.qualifier)

    def kills(self, event: str) -> bool:
        killed = self.env.get("COLDBUCKET_PROCESS_KILL", "").split(",")
        members = json.loads(event)
        return isinstance(members, dict) and members.get("account") in killed

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"  # AWS_ENDPOINT_URL of the function is built from it

    def get_runtime_endpoint(self) -> str:
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def get_logs(self) -> str:
        return self.sandbox.printed(0)[0] if self.sandbox else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *args, **kwargs):
        return ProcessRuntimeExecutor
