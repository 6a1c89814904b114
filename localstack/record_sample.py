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


def read_account(program: Path | None, account: str, endpoint: str, scratch: str) -> dict:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "localstack", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    target = Path(scratch) / "raw.json"
    command = [program.resolve()] if program else ["cargo", "run", "--quiet", "--"]
    run(
        *command, "collect", "--endpoint-url", endpoint, "--region", "us-east-1", "--region", "eu-west-1",
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


def with_steady_keys(snapshot: dict, account: str, ids: dict) -> dict:
    """The snapshot with KMS key ids that are given by hand, by a bucket that uses the key: LocalStack's are random."""
    text, buckets = json.dumps(snapshot), snapshot["accounts"][account]["buckets"]
    for bucket, key in ids.items():
        text = text.replace(buckets[bucket]["encryption"]["known"]["kms_key"].rpartition("/")[2], key)
    snapshot = json.loads(text)
    account = snapshot["accounts"][account]
    account["keys"] = dict(sorted(account["keys"].items()))
    return snapshot


def judged_versions(function: dict) -> list[str]:
    """`$LATEST` and what aliases and provisioned concurrency name."""
    aliases = {alias["name"]: alias["version"] for alias in function["aliases"]["known"]}
    provisioned = [one["qualifier"] for one in function["provisioned_concurrency"]["known"]]
    return sorted({"$LATEST", *aliases.values(), *(aliases.get(name, name) for name in provisioned)})


def opted_in(bucket_or_function: dict, wanted: dict, place: str) -> None:
    """What opt-in readings would find where sample-completion.yaml does not say it one by one: nothing that stands out."""
    one = bucket_or_function
    if "versions" not in one:
        default = one["encryption"].get("known")
        if default:
            written = {"encryption": default["algorithm"]} | ({"kms_key": default["kms_key"]} if "kms_key" in default else {})
            objects = [{"key": key} | written for key in wanted["object_keys"]]
            one["object_sample"] = {"known": {"asked": 20, "whole_bucket": False, "objects": objects}}
        return
    versions = judged_versions(one)
    rows = wanted["measured"].get(place, {})
    names = ("invocations", "cold_starts", "init_p50_ms", "init_p99_ms", "total_p50_ms", "total_p99_ms", "duration_p50_ms")
    one["measured"] = {"known": {"window_days": 14, "complete": True, "versions": {version: dict(zip(names, row)) for version, row in rows.items()}}}
    if one["versions"]["$LATEST"]["package_type"] == "Zip":
        one["packages"] = {"known": [package(one["versions"][version], version) for version in versions]}


def package(version: dict, name: str) -> dict:
    def archive(size: int) -> dict:
        return {"zipped_bytes": size, "unzipped_bytes": 3 * size, "files": 4 + size // 65536}

    inspected = {"version": name, "code_sha256": version["code_sha256"], "code": archive(version["code_size_bytes"])}
    layers = [{"arn": layer["arn"], "archive": {"known": archive(layer["code_size_bytes"])}} for layer in version.get("layers", [])]
    return inspected | ({"layers": layers} if layers else {})


def complete(snapshot: dict, completion: dict) -> None:
    for member in ("taken_at", "duration_ms", "api_calls"):
        snapshot[member] = completion[member]
    snapshot.pop("endpoint", None)
    account = snapshot["accounts"][completion["account"]]
    statuses = yaml.safe_load((HERE / completion["policy_status_from"]).read_text())["policy_status"]
    for name, bucket in account["buckets"].items():
        bucket["created"] = completion["created"]
        if "policy_status" in bucket:
            bucket["policy_status"] = policy_status(name, statuses)
        opted_in(bucket, completion["opted_in"], name)
    keys = 0
    for identity in account["identities"].values():
        identity["created"] = completion["created"]
        for key in identity.get("access_keys", {}).get("known", []):
            # Random in LocalStack.
            keys += 1
            key |= {"id_ends": f"EX{keys:02}", "created": completion["created"]}
    for region, inventory in account["regions"].items():
        if mappings := inventory.get("event_source_mappings", {}).get("known"):
            mappings.sort(key=lambda mapping: mapping["function_arn"])
        for name, function in inventory["functions"].items():
            for version in function["versions"].values():
                version["last_modified"] = completion["last_modified"]
                names = [name for name in version.get("environment_names", []) if name not in completion["drop_environment"]]
                version.pop("environment_names", None)
                if names:
                    version["environment_names"] = names
                version["code_size_bytes"] = completion["code_size_bytes"].get(f"{region}/{name}", version["code_size_bytes"])
            for url in function["urls"]["known"]:
                url["created"] = completion["created"]
            for provisioned in function["provisioned_concurrency"]["known"]:
                provisioned["last_modified"] = completion["last_modified"]
            opted_in(function, completion["opted_in"], f"{region}/{name}")
    for change in completion["set"]:
        container, key = place(snapshot, change["pointer"])
        container[key] = change["value"]


def steady(text: str, given: list[str]) -> str:
    """Ids are random in LocalStack: give each the number in which it appears."""
    seen = {key: key for key in given}

    def number(match):
        numbered = f"{len(seen) + 1:08x}-0000-4000-8000-000000000000"
        return seen.setdefault(match[0], numbered if match[1] is None else f"{match[1]}-{len(seen) + 1:017x}")

    return re.sub(r"\b(?:(vpc|subnet|sg)-[0-9a-f]{17}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", number, text)


def recorded(snapshot: dict, completion: dict) -> str:
    snapshot = with_steady_keys(snapshot, completion["account"], completion["key_ids"])
    complete(snapshot, completion)
    return steady(json.dumps(snapshot, indent=1, ensure_ascii=True), list(completion["key_ids"].values())) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PROJECT / "src/run/sample.json")
    parser.add_argument("--program", type=Path, help="the coldbucket to read with (default: the one that cargo builds)")
    parser.add_argument("--check", action="store_true", help="compare with the recorded file instead of writing it")
    options = parser.parse_args()
    completion = yaml.safe_load((HERE / "sample-completion.yaml").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = Path(scratch) / "run"
        endpoint = run(HERE / "start", "--run-dir", run_dir, stdout=subprocess.PIPE).stdout.strip()
        try:
            run(HERE / "deploy", "--endpoint-url", endpoint, "--account", completion["account"], "--file", HERE / "account.yaml", stdout=sys.stderr)
            snapshot = read_account(options.program, completion["account"], endpoint, scratch)
        finally:
            run(HERE / "stop", "--run-dir", run_dir)
    text = recorded(snapshot, completion)
    if options.check:
        if options.output.read_text() != text:
            sys.exit(f"{options.output} is not what recording gives now")
    else:
        options.output.write_text(text)
        print(f"{options.output}: {len(text)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
