"""Runs LocalStack or moto on this machine, without Docker: the body of `start` and `stop`.

Standard library only: it runs on the Python that is found, before anything is installed.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

# What a run directory holds. `endpoint` is written last: when it is there, the server answers.
PID, PORT, ENDPOINT = "pid", "port", "endpoint"
BORN = "born"  # tells our process from a later one with the same id
CREATED = "created"  # the directory itself is ours to remove
SERVER = "server"  # everything the server writes, and server.log


class Trouble(Exception):
    """Something the user has to know; printed without a traceback."""


@dataclass(frozen=True)
class Kind:
    name: str  # names the requirements file and the environment's folder
    title: str
    megabytes: int
    module: str
    health: str

    @property
    def requirements(self) -> Path:
        return HERE / f"requirements-{self.name}.txt"

    @property
    def constraints(self) -> Path:
        return HERE / f"constraints-{self.name}.txt"

    @property
    def environment(self) -> Path:
        return HERE / f".venv-{self.name}"


LOCALSTACK = Kind("localstack", "LocalStack 4.14.0", 500, "localstack.runtime.main", "/_coldbucket/run")
MOTO = Kind("moto", "moto 5.2.5", 300, "moto.server", "/moto-api/data.json")
# What the fixes of `coldbucket remediate` are run and linted with; no server.
TOOLS = Kind("tools", "the AWS CLI 1.46.3, cfn-lint and ShellCheck", 150, "", "")


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


# --- the virtual environment ---------------------------------------------------------------------


def ensure_environment(kind: Kind) -> Path:
    """The environment's Python, installed first if its pins are not the present ones.

    It is built under a temporary name and renamed when it is whole, so an interrupted
    installation is never used; a lock keeps two starts from installing at the same time.
    """
    wanted = fingerprint(kind)
    if stamp(kind.environment) == wanted:
        return python_of(kind.environment)
    with open(HERE / f".venv-{kind.name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another start that is installing {kind.title} …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp(kind.environment) != wanted:
            install(kind, wanted)
    return python_of(kind.environment)


def install(kind: Kind, wanted: str) -> None:
    for leftover in HERE.glob(f".venv-{kind.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = HERE / f".venv-{kind.name}.partial-{os.getpid()}"
    say(f"installing {kind.title} into {kind.environment.name} (once; about {kind.megabytes} MB, one to three minutes) …")
    began = time.monotonic()
    try:
        run_quietly([sys.executable, "-m", "venv", str(partial)])
        pip = [str(python_of(partial)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        run_quietly([*pip, "--requirement", str(kind.requirements), "--constraint", str(kind.constraints)])
        if kind is LOCALSTACK:
            build_catalog(partial)
        if kind is TOOLS:
            relocate(partial, kind.environment)
        (partial / "coldbucket-pins").write_text(wanted)
        shutil.rmtree(kind.environment, ignore_errors=True)
        partial.rename(kind.environment)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"installed in {time.monotonic() - began:.0f} s")


def relocate(partial: Path, environment: Path) -> None:
    """Programs name their interpreter in the first line, under the temporary name of the folder."""
    for program in (partial / "bin").iterdir():
        if program.is_symlink() or not program.is_file():
            continue
        content = program.read_bytes()
        if content.startswith(b"#!"):
            program.write_bytes(content.replace(os.fsencode(partial), os.fsencode(environment), 1))


def build_catalog(environment: Path) -> None:
    """LocalStack's index of all AWS operations. Without it each instance builds its own at the first
    call, for 3 s and 350 MB; the container image brings one along in the same way."""
    (environment / "catalog" / "usr" / "lib" / "localstack").mkdir(parents=True)
    settings = {"PATH": os.defpath, "HOME": str(environment), "OVERRIDE_IN_DOCKER": "0", "SKIP_SSL_CERT_DOWNLOAD": "1", "DISABLE_EVENTS": "1"}
    run_quietly([str(python_of(environment)), "-m", "localstack.aws.spec"], settings | {"FILESYSTEM_ROOT": str(environment / "catalog")})


def run_quietly(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        raise Trouble(f"this failed with status {done.returncode}: {' '.join(command)}\n{last_lines(done.stdout)}")


def fingerprint(kind: Kind) -> str:
    """Changes with the pins, with the interpreter, and when the project is moved."""
    digest = hashlib.sha256()
    for part in (kind.requirements.read_bytes(), kind.constraints.read_bytes(), sys.version.encode(), os.fsencode(kind.environment)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def stamp(environment: Path) -> str | None:
    try:
        return (environment / "coldbucket-pins").read_text() if python_of(environment).exists() else None
    except OSError:
        return None


def python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def tools(options: argparse.Namespace) -> int:
    print(ensure_environment(TOOLS).parent)
    return 0


# --- starting ------------------------------------------------------------------------------------


def start(options: argparse.Namespace) -> int:
    kind = MOTO if options.moto else LOCALSTACK
    python = ensure_environment(kind)
    if options.install_only:
        return 0
    run_dir, created = prepare_run_dir(options.run_dir, kind)
    try:
        for attempt in (1, 2, 3):
            port = options.port or free_port()
            process, token = launch(kind, python, run_dir, port, options)
            try:
                wait_until_healthy(kind, process, run_dir, port, token, options.timeout)
                break
            except BaseException as trouble:
                end(process)
                # Between finding a free port and listening on it, somebody else may have taken it.
                if not isinstance(trouble, Trouble) or options.port or attempt == 3 or why_unusable(port) is None:
                    raise
                say(f"port {port} was taken meanwhile; trying another")
    except BaseException:
        # The log has been shown; what is left would only be in the way.
        clear_run_dir(run_dir, created)
        raise
    endpoint = f"http://127.0.0.1:{port}"
    (run_dir / PID).write_text(f"{process.pid}\n")
    (run_dir / BORN).write_text(birth(process.pid) or "")
    (run_dir / PORT).write_text(f"{port}\n")
    (run_dir / ENDPOINT).write_text(f"{endpoint}\n")
    if options.until_exit_of:
        watch_in_background(options.until_exit_of, run_dir)
    say(f"{kind.title} answers; process {process.pid}, log {run_dir / SERVER / 'server.log'}")
    say(f"stop it with: {HERE.name}/stop --run-dir {run_dir}")
    print(endpoint)
    return 0


def prepare_run_dir(wanted: str | None, kind: Kind) -> tuple[Path, bool]:
    if wanted is None:
        run_dir, created = Path(tempfile.mkdtemp(prefix=f"coldbucket-{kind.name}-")), True
    else:
        run_dir = Path(wanted).resolve()
        created = not run_dir.exists()
        run_dir.mkdir(parents=True, exist_ok=True)
    if running_pid(run_dir):
        raise Trouble(f"a server already runs from {run_dir}; stop it first, or choose another --run-dir")
    remove_contents(run_dir)
    if created:
        (run_dir / CREATED).touch()
    (run_dir / SERVER / "tmp").mkdir(parents=True)
    return run_dir, created


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def why_unusable(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as why:
            return why.strerror
    return None


def launch(kind: Kind, python: Path, run_dir: Path, port: int, options: argparse.Namespace) -> tuple[subprocess.Popen, str]:
    if why := why_unusable(port):
        raise Trouble(f"port {port} of 127.0.0.1 cannot be used: {why}")
    files = run_dir / SERVER
    token = secrets.token_hex(16)
    # A made-up environment: nobody's AWS settings, proxies or home directory reach the server.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(files),
        "TEMP": str(files / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(python), "-m", kind.module]
    if kind is MOTO:
        command += ["-H", "127.0.0.1", "-p", str(port)]
    else:
        environment |= {
            # 127.0.0.1:PORT would listen on all addresses: LocalStack drops the host of an IPv4 one.
            "GATEWAY_LISTEN": f"[::ffff:127.0.0.1]:{port}",
            "LOCALSTACK_HOST": f"127.0.0.1:{port}",
            "OVERRIDE_IN_DOCKER": "0",  # it takes any container for its own image
            "FILESYSTEM_ROOT": str(files / "fs"),
            "XDG_CACHE_HOME": str(files / "cache"),
            # No way out of this machine: no telemetry, no certificate download, no DNS server.
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            # It would pull the image of a container function, from a registry that does not have it.
            "DOCKER_HOST": "unix:///nonexistent",
            "PYTHONPATH": str(HERE / "plugin"),
            "LAMBDA_RUNTIME_EXECUTOR": options.functions,
            "LAMBDA_KEEPALIVE_MS": "60000",
            "COLDBUCKET_S3_DIR": str(files / "s3"),
            "COLDBUCKET_RUN_TOKEN": token,
        }
        if options.mocked_tasks:
            environment["SFN_MOCK_CONFIG"] = str(Path(options.mocked_tasks).resolve())
        shutil.copytree(python.parent.parent / "catalog" / "usr", files / "fs" / "usr", dirs_exist_ok=True)
    with open(files / "server.log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=files, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    return process, token


def wait_until_healthy(kind: Kind, process: subprocess.Popen, run_dir: Path, port: int, token: str, timeout: float) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Trouble(f"{kind.title} ended with status {process.returncode} before it answered{log_tail(run_dir)}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            with opener.open(f"http://127.0.0.1:{port}{kind.health}", timeout=5) as answer:
                if kind is MOTO or answer.read().decode(errors="replace") == token:
                    return
        time.sleep(0.1)
    raise Trouble(f"{kind.title} did not answer on port {port} within {timeout:g} s{log_tail(run_dir)}")


def log_tail(run_dir: Path) -> str:
    try:
        return "; its log ends:\n" + last_lines((run_dir / SERVER / "server.log").read_text(errors="replace"))
    except OSError:
        return ""


def last_lines(text: str, count: int = 40) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-count:])


# --- stopping ------------------------------------------------------------------------------------


def stop(options: argparse.Namespace) -> int:
    run_dir = Path(options.run_dir).resolve()
    if not run_dir.is_dir():
        say(f"nothing to stop: {run_dir} is not there")
        return 0
    if not (run_dir / PID).exists() and not (run_dir / SERVER).exists():
        say(f"nothing to stop: {run_dir} holds no server's files")
        return 0
    created = (run_dir / CREATED).exists()
    pid = running_pid(run_dir)
    if pid is None:
        say("the server was not running any more")
    else:
        end_by_pid(pid)
    clear_run_dir(run_dir, created)
    return 0


def running_pid(run_dir: Path) -> int | None:
    """The server's process id, if that process still is the one that was started."""
    try:
        pid = int((run_dir / PID).read_text())
        born = (run_dir / BORN).read_text()
    except (OSError, ValueError):
        return None
    return pid if alive(pid) and birth(pid) == born else None


def birth(pid: int) -> str | None:
    """When a process began, as the system tells it: never the same for two processes of one id."""
    try:
        # Linux: field 22 of stat, counted after the name, which may itself hold spaces.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        return subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, env={"LC_ALL": "C", "PATH": os.defpath}).stdout.strip()
    except OSError:
        return None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A process that ended but that nobody waited for is not alive.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def end(process: subprocess.Popen) -> None:
    """Ends a child of this very process."""
    end_by_pid(process.pid, process.poll)


def end_by_pid(pid: int, reap=lambda: None) -> None:
    """Asks the server to end, and insists soon: LocalStack takes up to ten seconds to stop services
    whose state nobody will see again. It leads its own process group; children go with it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    wait_until_gone(pid, 1.5, reap)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not wait_until_gone(pid, 15, reap):
        raise Trouble(f"process {pid} does not end")


def wait_until_gone(pid: int, seconds: float, reap) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reap()
        if not alive(pid):
            return True
        time.sleep(0.05)
    return not alive(pid)


def clear_run_dir(run_dir: Path, created: bool) -> None:
    remove_contents(run_dir)
    if created:
        with contextlib.suppress(OSError):
            run_dir.rmdir()  # fails, rightly, when somebody else put something there


def remove_contents(run_dir: Path) -> None:
    for name in (ENDPOINT, PORT, PID, BORN, CREATED):
        (run_dir / name).unlink(missing_ok=True)
    shutil.rmtree(run_dir / SERVER, ignore_errors=True)


# --- ending with another process ------------------------------------------------------------------


def watch_in_background(pid: int, run_dir: Path) -> None:
    subprocess.Popen(
        [sys.executable, "-B", str(Path(__file__).resolve()), "watch", "--until-exit-of", str(pid), "--run-dir", str(run_dir)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
    )  # fmt: skip


def watch(options: argparse.Namespace) -> int:
    run_dir = Path(options.run_dir)
    server, watched = running_pid(run_dir), birth(options.until_exit_of)
    while server is not None and running_pid(run_dir) == server:
        if not alive(options.until_exit_of) or birth(options.until_exit_of) != watched:
            return stop(options)
        time.sleep(0.5)
    return 0


# --- the command line ------------------------------------------------------------------------------


def port_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"not a port: {text}")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(prog="host.py")
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("start", prog="start", description="Starts LocalStack 4.14.0 on a loopback port and prints its endpoint URL.")
    command.add_argument("--moto", action="store_true", help="start moto 5.2.5 instead")
    command.add_argument("--run-dir", metavar="DIR", help="where pid, port, endpoint and the server's files go (default: a new temporary directory)")
    command.add_argument("--port", type=port_number, metavar="N", help="the port of 127.0.0.1 to listen on (default: a free one)")
    command.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="how long to wait for an answer (default: 120)")
    command.add_argument("--until-exit-of", type=int, metavar="PID", help="stop by itself when that process has ended")
    command.add_argument("--functions", choices=("noop", "process"), default="noop", help="answer invocations with nothing, or run packages of provided.* as processes of yours (default: noop)")
    command.add_argument("--mocked-tasks", metavar="FILE", help="answers of tasks of state machines, by test case, in the format of Step Functions Local")
    command.add_argument("--install-only", action="store_true", help="only make the virtual environment")
    command.set_defaults(run=start)

    command = commands.add_parser("stop", prog="stop", description="Stops the server of a run directory and removes what it left there.")
    command.add_argument("--run-dir", metavar="DIR", required=True, help="the directory that start was given or named")
    command.set_defaults(run=stop)

    command = commands.add_parser("tools", prog="tools", description="Prints the folder of aws, cfn-lint and shellcheck, installed first if need be.")
    command.set_defaults(run=tools)

    command = commands.add_parser("watch")
    command.add_argument("--until-exit-of", type=int, required=True)
    command.add_argument("--run-dir", required=True)
    command.set_defaults(run=watch)

    options = parser.parse_args()
    # A polite kill is handled like Ctrl-C: the half-started server and the half-made environment go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return options.run(options)
    except Trouble as trouble:
        say(f"error: {trouble}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
