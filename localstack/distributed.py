"""Six accounts through CloudFormation, Step Functions and Lambda on LocalStack, by the real binary.

1. CloudFormation deploys deploy/aws/member-role.yaml into two accounts and deploy/aws/organization.yaml.
2. A run whose function is killed in two accounts ends: four accounts are read, two are recorded as failed.
3. An execution with the same run id reads those two and no other.
4. The merged report equals that of `audit --accounts` on this machine, byte for byte, in every format that
   was asked for; so do the results of each account, and the snapshots.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}

import boto3  # noqa: E402

HERE = Path(__file__).resolve().parent
DEPLOY = HERE.parent / "deploy" / "aws"
HUB = "999999999999"
ACCOUNTS = [digit * 12 for digit in "123456"]
KILLED = ["333333333333", "555555555555"]
CLOCK = "2026-11-29T12:00:00Z"
FORMATS = ["json", "jsonl", "csv", "sarif"]
REGION = "us-east-1"


def client(service: str, account: str = HUB):
    return boto3.client(service, region_name=REGION, endpoint_url=ENDPOINT, aws_access_key_id=account, aws_secret_access_key="x")


def step(text: str) -> None:
    print(f"{time.monotonic() - BEGAN:5.1f} s  {text}", flush=True)


def check(holds: bool, text: str, shown: object = "") -> None:
    if not holds:
        raise SystemExit(f"error: not so: {text} {shown}")
    step(text)


def seed() -> None:
    """One to six buckets an account; in every other account one is public."""
    for number, account in enumerate(ACCOUNTS, 1):
        s3 = client("s3", account)
        for bucket in range(number):
            s3.create_bucket(Bucket=f"acct{number}-bucket{bucket}")
        if number % 2:
            name = f"acct{number}-bucket0"
            s3.delete_public_access_block(Bucket=name)
            allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


def stack(account: str, name: str, template: Path, **parameters: str) -> dict[str, str]:
    formation = client("cloudformation", account)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    formation.create_stack(StackName=name, TemplateBody=template.read_text(), Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=given)
    while (found := formation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("IN_PROGRESS"):
        time.sleep(0.5)
    if found["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        raise SystemExit(f"error: {name}: {[(one['LogicalResourceId'], one.get('ResourceStatusReason')) for one in events if 'FAILED' in one['ResourceStatus']]}")
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def package(binary: Path, folder: Path) -> None:
    target = folder / "package.zip"
    subprocess.run([DEPLOY / "package", binary, target], check=True, stdout=subprocess.DEVNULL)
    client("s3").create_bucket(Bucket="coldbucket-code")
    client("s3").upload_file(str(target), "coldbucket-code", "coldbucket-lambda.zip")


def configure(**more: str) -> None:
    """The function with the clock stopped, so that two runs can be compared."""
    functions = client("lambda")
    variables = functions.get_function_configuration(FunctionName="coldbucket-organization")["Environment"]["Variables"]
    variables.pop("COLDBUCKET_PROCESS_KILL", None)
    functions.update_function_configuration(
        FunctionName="coldbucket-organization",
        Environment={"Variables": variables | {"COLDBUCKET_TEST_CLOCK": CLOCK} | more},
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName="coldbucket-organization", WaiterConfig={"Delay": 1})


def execute(machine: str, name: str) -> tuple[dict, int]:
    """The output of an execution, and how many children its map had."""
    states = client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"run": "r", "accounts": ACCOUNTS}))["executionArn"]
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.3)
    if found["status"] != "SUCCEEDED":
        raise SystemExit(f"error: {name} {found['status']}: {found.get('error')} {found.get('cause')}")
    maps = states.list_map_runs(executionArn=execution)["mapRuns"]
    children = sum(states.describe_map_run(mapRunArn=one["mapRunArn"])["itemCounts"]["total"] for one in maps)
    return json.loads(found["output"]), children


def on_this_machine(binary: Path, folder: Path) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": HUB,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLDBUCKET_TEST_CLOCK": CLOCK,
    }
    # LocalStack is one process: six accounts at once are more than it answers in time.
    gentle = ["--accounts-in-flight", "1", "--concurrency", "8"]
    outputs = [argument for name in FORMATS for argument in ("-o", f"{name}={folder / name}")]
    arguments = ["audit", "--accounts", ",".join(ACCOUNTS), "--to", folder, "--run", "r", "--region", REGION, "--fail-on", "none", *gentle, *outputs]
    done = subprocess.run([binary, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: the run on this machine ended with {done.returncode}: {done.stderr}")


def objects(bucket: str, prefix: str) -> dict[str, bytes]:
    s3 = client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def first_difference(there: bytes, here: bytes) -> str:
    """Where two texts part, with what stands around it; empty for equal ones."""
    if there == here:
        return ""
    at = next((at for at, (one, other) in enumerate(zip(there, here)) if one != other), min(len(there), len(here)))
    around = slice(max(0, at - 200), at + 100)
    return f"byte {at}:\n  there {there[around]!r}\n  here  {here[around]!r}"


def whole_run(binary: Path, folder: Path) -> None:
    seed()
    step("six accounts are there")
    for account in ACCOUNTS[:2]:
        stack(account, "coldbucket-role", DEPLOY / "member-role.yaml", AuditAccount=HUB, RoleName="coldbucket-deployed")
    package(binary, folder)
    made = stack(
        HUB,
        "coldbucket",
        DEPLOY / "organization.yaml",
        CodeBucket="coldbucket-code",
        Schedule="",
        Options=f"--region {REGION} --fail-on none --report {','.join(FORMATS)}",
    )
    step("CloudFormation has deployed deploy/aws")
    configure(COLDBUCKET_PROCESS_KILL=",".join(KILLED))
    first, children = execute(made["StateMachine"], "first")
    check(children == 6 and first["accounts"].get("failed") == 2, "a run with two crashing accounts ends and records them", first)
    configure()
    second, children = execute(made["StateMachine"], "second")
    check(children == 2 and not second["accounts"].get("failed"), "the run is resumed: only those two are read", (children, second))
    on_this_machine(binary, folder)
    reports = objects(made["Results"], "reports/run=r/")
    differences = []
    for name in FORMATS:
        there, here = reports[f"reports/run=r/report.{name}"], (folder / name).read_bytes()
        if difference := first_difference(there, here):
            differences.append(f"report.{name}: {difference}")
    for prefix in ("snapshots/run=r/", "results/run=r/"):
        there = objects(made["Results"], prefix)
        here = {str(path.relative_to(folder)): path.read_bytes() for path in (folder / prefix).rglob("*") if path.is_file()}
        check(len(here) == 6 and there.keys() == here.keys(), f"{prefix}: six files", sorted(there))
        for key in sorted(here):
            if difference := first_difference(gzip.decompress(there[key]), gzip.decompress(here[key])):
                differences.append(f"{key}: {difference}")
    check(not differences, "reports, results and snapshots are equal to those of the run on this machine", "\n".join(differences))


def main() -> int:
    global ENDPOINT, BEGAN
    BEGAN = time.monotonic()
    binary = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="coldbucket-distributed-") as scratch:
        folder, server = Path(scratch, "run"), Path(scratch, "server")
        folder.mkdir()
        start = [HERE / "start", "--run-dir", server, "--functions", "process", "--until-exit-of", str(os.getpid())]
        ENDPOINT = subprocess.run(start, check=True, capture_output=True, text=True).stdout.strip()
        try:
            step(f"LocalStack answers at {ENDPOINT}")
            whole_run(binary, folder)
        finally:
            subprocess.run([HERE / "stop", "--run-dir", server], check=False)
    step("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
