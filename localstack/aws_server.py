"""The AWS CLI, loaded once.

Loading it takes a second of processor time, and the tests run hundreds of its commands. Here each command
is a fork of one process that has loaded it: the same code, with the arguments, folder, environment and
streams of whoever calls. `aws_server.py SOCKET CLIENT` listens on that Unix socket, writes the program
that takes the place of `aws` to CLIENT, says `ready`, and ends when its standard input does.
"""

import json
import os
import selectors
import signal
import socket
import sys
import traceback

# What a call is sent as: the length of its description, and with that its three streams.
HEADER = 8

CLIENT = """#!{python} -IS
import json, os, socket, sys
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
socket.send_fds(server, [len(call).to_bytes({header}, "big")], [0, 1, 2])
server.sendall(call)
code = server.recv(1)
sys.exit(code[0] if code else 255)
"""


def received(client: socket.socket, count: int) -> bytes:
    """That many bytes."""
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def answer(client: socket.socket) -> int:
    """Runs one call in this process, which is its own; its exit code."""
    header, streams, _, _ = socket.recv_fds(client, HEADER, 3)
    arguments, folder, environment = json.loads(received(client, int.from_bytes(header, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    # Where its data is the AWS CLI says to itself in the environment, when it is loaded.
    data = os.environ["AWS_DATA_PATH"]
    os.environ.clear()
    os.environ.update(environment | {"AWS_DATA_PATH": data})
    sys.argv = ["aws", *arguments]
    import awscli.clidriver

    try:
        return awscli.clidriver.main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1


def serve(path: str, program: str) -> None:
    import awscli.clidriver

    # A driver that is thrown away loads what every call needs.
    awscli.clidriver.create_clidriver()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    with open(program, "w", encoding="utf-8") as file:
        file.write(CLIENT.format(python=sys.executable, path=path, header=HEADER))
    os.chmod(program, 0o755)
    print("ready", flush=True)
    waiting = selectors.DefaultSelector()
    waiting.register(listening, selectors.EVENT_READ)
    waiting.register(sys.stdin, selectors.EVENT_READ)
    while not any(ready.fileobj is sys.stdin for ready, _ in waiting.select()):
        client, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            code = 255
            try:
                code = answer(client)
            except Exception:
                traceback.print_exc()
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                client.sendall(bytes([code & 255]))
                os._exit(0)
        client.close()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
