"""Records the sample account: deploy account.yaml into a fresh LocalStack, read it with coldbucket,
complete by hand what LocalStack cannot answer, and write the snapshot that `--sample` judges.

What is completed stands in sample-completion.yaml, each with its reason; nothing else is changed but
the time and what differs from run to run (key ids, api calls, duration), so that recording twice
gives the same file.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def read_account(account: str, endpoint: str, scratch: str) -> dict:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "localstack", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    target = Path(scratch) / "raw.json"
    run(
        "cargo", "run", "--quiet", "--", "collect", "--endpoint-url", endpoint, "--region", "us-east-1", "--region", "eu-west-1",
        "-o", target, cwd=PROJECT, env=environment,
    )
    return json.loads(target.read_text())


def place(document, pointer: str):
    """The container and the key that an RFC 6901 pointer leads to; containers on the way are made."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parts[:-1]:
        document = document[int(part)] if isinstance(document, list) else document.setdefault(part, {})
    return document, parts[-1]


def policy_status(name: str, statuses: dict) -> dict:
    if name in statuses["undecided"]:
        return {"denied": {"action": "s3:GetBucketPolicyStatus", "code": "AccessDenied"}}
    if name not in statuses["public"] + statuses["not-public"]:
        sys.exit(f"policy_status of {name} is not written down")
    return {"known": {"is_public": name in statuses["public"]}}


def complete(snapshot: dict, completion: dict) -> None:
    snapshot["taken_at"] = completion["taken_at"]
    snapshot["duration_ms"] = completion["duration_ms"]
    snapshot["api_calls"] = completion["api_calls"]
    snapshot.pop("endpoint", None)
    account = snapshot["accounts"][completion["account"]]
    statuses = yaml.safe_load((HERE / completion["policy_status_from"]).read_text())["policy_status"]
    for name, bucket in account["buckets"].items():
        bucket["created"] = completion["created"]
        if "policy_status" in bucket:
            bucket["policy_status"] = policy_status(name, statuses)
    keys = 0
    for identity in account["identities"].values():
        identity["created"] = completion["created"]
        for key in identity.get("access_keys", {}).get("known", []):
            # Random in LocalStack.
            keys += 1
            key |= {"id_ends": f"EX{keys:02}", "created": completion["created"]}
    for region, inventory in account["regions"].items():
        for name, function in inventory["functions"].items():
            for version in function["versions"].values():
                version["last_modified"] = completion["last_modified"]
                names = [name for name in version.get("environment_names", []) if name not in completion["drop_environment"]]
                version.pop("environment_names", None)
                if names:
                    version["environment_names"] = names
                version["code_size_bytes"] = completion["code_size_bytes"].get(f"{region}/{name}", version["code_size_bytes"])
    for change in completion["set"]:
        container, key = place(snapshot, change["pointer"])
        container[key] = change["value"]


def steady(text: str, names: dict) -> str:
    """Key ids are random in LocalStack: give each the number in which it appears."""
    seen = {}

    def number(match):
        return seen.setdefault(match.group(0), f"{len(seen) + 1:08x}-0000-4000-8000-000000000000")

    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", number, text)
    for pattern, replacement in names.items():
        text = re.sub(pattern, replacement, text)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PROJECT / "src/run/sample.json")
    parser.add_argument("--check", action="store_true", help="compare with the recorded file instead of writing it")
    options = parser.parse_args()
    completion = yaml.safe_load((HERE / "sample-completion.yaml").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = Path(scratch) / "run"
        endpoint = run(HERE / "start", "--run-dir", run_dir, stdout=subprocess.PIPE).stdout.strip()
        try:
            run(HERE / "deploy", "--endpoint-url", endpoint, "--account", completion["account"], "--file", HERE / "account.yaml", stdout=sys.stderr)
            snapshot = read_account(completion["account"], endpoint, scratch)
        finally:
            run(HERE / "stop", "--run-dir", run_dir)
    complete(snapshot, completion)
    text = steady(json.dumps(snapshot, indent=1, ensure_ascii=True), completion.get("steady", {})) + "\n"
    if options.check:
        if options.output.read_text() != text:
            sys.exit(f"{options.output} is not what recording gives now")
    else:
        options.output.write_text(text)
        print(f"{options.output}: {len(text)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
