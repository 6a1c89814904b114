"""Deploys the sample account into a LocalStack (or moto) on this machine, or reads it back.

`deploy` runs this with the Python of the virtual environment, which has boto3 and PyYAML; in the
container the ready hook runs it with LocalStack's own Python. Running it again is harmless: every
setting is put again, and what cannot be put twice (keys, versions, layers) is looked for first.
"""

import argparse
import io
import ipaddress
import json
import os
import random
import re
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

# Nothing of the user's own AWS setup may reach the clients made here: set before boto3 is imported.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}

import boto3  # noqa: E402
import yaml  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402

HERE = Path(__file__).resolve().parent
SCHEMA = "coldbucket-sample-account/1"
FLAGS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
GROUPS = {
    "AllUsers": "http://acs.amazonaws.com/groups/global/AllUsers",
    "AuthenticatedUsers": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    "LogDelivery": "http://acs.amazonaws.com/groups/s3/LogDelivery",
}
STATUSES = ("fail", "pass", "not-assessed", "not-applicable")
BUCKET_MEMBERS = {
    "name", "region", "public_access_block", "ownership", "acl", "encryption", "logging", "versioning", "tags", "policy", "policy_text",
    "website", "lifecycle", "replication", "cors",
}  # fmt: skip
FUNCTION_MEMBERS = {
    "name", "region", "runtime", "handler", "image", "architecture", "memory_mb", "timeout_s", "zip_mb", "layers", "network", "snapstart",
    "environment", "description", "tags", "versions", "aliases", "provisioned_concurrency", "urls", "permissions", "queues", "rules", "schedules",
    "reserved_concurrency",
}  # fmt: skip


class Trouble(Exception):
    """Something the user has to know; printed without a traceback."""


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def in_one_line(why: Exception) -> str:
    """boto3's own words; where the server answered in HTML, only its beginning."""
    text = " ".join(str(why).split())
    return text if len(text) <= 300 else text[:300] + " …"


# --- the declared account --------------------------------------------------------------------------


class Account:
    """The data of account.yaml with what it leaves out filled in."""

    def __init__(self, path: Path, account: str, suffix: str):
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as why:
            raise Trouble(f"{path}: {why}") from None
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise Trouble(f"{path}: not a sample account: its schema is not {SCHEMA}")
        self.id, self.suffix = account, suffix
        self.flags = flags(data.get("public_access_block"))
        self.keys = data.get("keys", [])
        self.config = data.get("config", {})
        self.networks = data.get("networks", [])
        self.roles = data.get("roles", [])
        self.identities = data.get("identities", {})
        self.layers = data.get("layers", [])
        self.buckets = data.get("buckets", [])
        self.functions = data.get("functions", [])
        for kind, members, items in (("bucket", BUCKET_MEMBERS, self.buckets), ("function", FUNCTION_MEMBERS, self.functions)):
            for item in items:
                if unknown := sorted(set(item) - members):
                    raise Trouble(f"{path}: {kind} {item.get('name')}: unknown member {', '.join(unknown)}")

    def bucket_name(self, name: str) -> str:
        return name + self.suffix

    def policy(self, bucket: dict) -> str | None:
        if "policy_text" in bucket:
            text = bucket["policy_text"]
        elif "policy" in bucket:
            text = json.dumps(bucket["policy"])
        else:
            return None
        return self.fill_in(text, bucket)

    def fill_in(self, text: str, item: dict) -> str:
        values = {"self": self.bucket_name(item["name"]), "account": self.id, "region": item["region"], "suffix": self.suffix}
        return re.sub(r"\$\{(self|account|region|suffix)\}", lambda match: values[match[1]], text)

    def key_arns(self, servers: "Servers") -> dict[tuple[str, str], str]:
        """Where each declared key is, for those that are there."""
        found = {}
        for region in sorted({key["region"] for key in self.keys}):
            for page in servers.client("kms", region).get_paginator("list_aliases").paginate():
                for alias in page["Aliases"]:
                    if target := alias.get("TargetKeyId"):
                        found[alias["AliasName"].removeprefix("alias/"), region] = f"arn:aws:kms:{region}:{self.id}:key/{target}"
        return {place: arn for key in self.keys if (arn := found.get(place := (key["alias"], key["region"])))}

    def encryption(self, bucket: dict, keys: dict) -> dict:
        wanted = bucket.get("encryption", {})
        default = {"SSEAlgorithm": wanted.get("algorithm", "AES256")}
        if alias := wanted.get("key_alias"):  # named as an alias, which is looked up in the caller's account
            default["KMSMasterKeyID"] = f"arn:aws:kms:{bucket['region']}:{self.id}:alias/{alias}"
        elif alias := wanted.get("key"):
            default["KMSMasterKeyID"] = keys.get((alias, bucket["region"]), f"the key {alias}, which is missing")
        rule = {"ApplyServerSideEncryptionByDefault": default}
        if default["SSEAlgorithm"] != "aws:kms:dsse":  # to which bucket keys do not apply
            rule["BucketKeyEnabled"] = wanted.get("bucket_key", False)
        if "blocked" in wanted:
            rule["BlockedEncryptionTypes"] = {"EncryptionType": wanted["blocked"]}
        return rule

    def policy_arn(self, name: str) -> str:
        return name if name.startswith("arn:") else f"arn:aws:iam::{self.id}:policy/{name}"

    def identity_names(self) -> list[str]:
        declared = {kind: [one["name"] for one in self.identities.get(kind, [])] for kind in ("policies", "groups", "users", "roles")}
        declared["roles"] += self.roles
        singular = {"policies": "policy", "groups": "group", "users": "user", "roles": "role"}
        return [f"{singular[kind]}/{name}" for kind, names in declared.items() for name in names]

    def settings(self, function: dict, version: dict | None = None) -> dict:
        """What a function is configured with; a published version may differ in some members."""
        wanted = function | (version or {})
        settings = {
            "Role": f"arn:aws:iam::{self.id}:role/acme-lambda",
            "MemorySize": wanted.get("memory_mb", 128),
            "Timeout": wanted.get("timeout_s", 3),
            "Description": wanted.get("description", ""),
            "Environment": {"Variables": wanted.get("environment", {})},
        }
        if "image" not in wanted:
            settings |= {"Runtime": wanted["runtime"], "Handler": wanted.get("handler", "index.handler")}
            if "snapstart" in wanted:  # LocalStack refuses even "None" where the runtime has no SnapStart
                settings["SnapStart"] = {"ApplyOn": "PublishedVersions" if wanted["snapstart"] else "None"}
        return settings


def flags(wanted) -> dict[str, bool] | None:
    if wanted == "none":
        return None
    if wanted in (None, "all"):
        return dict.fromkeys(FLAGS.values(), True)
    return {FLAGS[flag]: value for flag, value in wanted.items()}


def package(megabytes: float | None, seed: str) -> bytes:
    """A zip of about that size that cannot be compressed; the same bytes for the same arguments."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, content: bytes):
            archive.writestr(zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0)), content)

        add("handler.txt", b"This function is never run.\n")
        if megabytes:
            add("assets/data.bin", random.Random(seed).randbytes(int(megabytes * 2**20)))
    return buffer.getvalue()


# --- the server ------------------------------------------------------------------------------------


class Servers:
    """Clients for one endpoint and one account."""

    def __init__(self, endpoint: str, account: str):
        self.endpoint, self.account = endpoint, account
        self.session = boto3.session.Session(aws_access_key_id=account, aws_secret_access_key="sample")
        self.clients = {}

    def client(self, service: str, region: str = "us-east-1"):
        if (service, region) not in self.clients:
            # A large package takes a while to arrive; proxies={} keeps the environment's out.
            config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, connect_timeout=10, read_timeout=120, proxies={})
            client = self.session.client(service, endpoint_url=self.endpoint, region_name=region, config=config)
            if service == "s3control":
                client.meta.events.register("before-sign.s3-control", self.without_account_prefix)
            self.clients[service, region] = client
        return self.clients[service, region]

    def without_account_prefix(self, request, **_):
        """boto3 puts the account in front of the host, and 333333333333.127.0.0.1 is nowhere."""
        request.url = request.url.replace(f"://{self.account}.", "://", 1).replace(f"://{self.id}.", "://", 1)

    @property
    def id(self) -> str:
        if not hasattr(self, "_id"):
            self._id = self.client("sts").get_caller_identity()["Account"]
        return self._id


def loopback(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if parts.scheme not in ("http", "https") or not local or parts.path not in ("", "/") or parts.query or parts.username:
        raise argparse.ArgumentTypeError(f"{url} is not on this machine: the sample account is deployed to 127.0.0.1, [::1] or localhost only")
    return f"{parts.scheme}://{parts.netloc}"


# --- deploying ---------------------------------------------------------------------------------------


class Deployment:
    def __init__(self, account: Account, servers: Servers):
        self.account, self.servers = account, servers
        self.refused: list[str] = []

    def run(self) -> None:
        for key in self.account.keys:
            self.attempt(f"key {key['alias']} in {key['region']}", self.key, key)
        self.keys = self.attempt("keys", self.account.key_arns, self.servers) or {} if self.account.keys else {}
        for bucket in self.account.buckets:
            self.attempt(f"bucket {bucket['name']}", self.bucket, bucket)
        for bucket in self.account.buckets:
            self.bucket_settings(bucket)
        for bucket in self.account.buckets:
            if "replication" in bucket:  # once the destination is versioned
                self.attempt(f"bucket {bucket['name']}: replication", self.replication, bucket)
        for region, wanted in self.account.config.items():
            self.attempt(f"AWS Config in {region}", self.config, region, wanted)
        for role in self.account.roles:
            self.attempt(f"role {role}", self.role, role)
        for kind, put in (("policies", self.managed_policy), ("groups", self.group), ("roles", self.identity_role), ("users", self.user)):
            for wanted in self.account.identities.get(kind, []):
                self.attempt(f"{kind}: {wanted['name']}", put, wanted)
        self.subnets, self.groups = {}, {}
        for network in self.account.networks:
            self.attempt(f"network {network['name']}", self.network, network)
        self.layers = {}
        for layer in self.account.layers:
            self.attempt(f"layer {layer['name']}", self.layer, layer)
        # Each function is waited for several times, so they are made side by side.
        for region in {function["region"] for function in self.account.functions}:
            for service in ("lambda", "sqs", "events", "scheduler"):
                self.servers.client(service, region)  # clients may be shared by threads, not made by them
        with ThreadPoolExecutor(max_workers=8) as pool:
            for done in [pool.submit(self.attempt, f"function {f['name']} in {f['region']}", self.function, f) for f in self.account.functions]:
                done.result()
        # Last: on AWS the account's own block would refuse the public buckets above.
        self.attempt("the account's public access block", self.account_block)

    def attempt(self, what: str, action, *arguments):
        """One refused setting does not hide the next one: they are told together at the end."""
        try:
            return action(*arguments)
        except (BotoCoreError, ClientError) as why:
            self.refused.append(f"{what}: {in_one_line(why)}")

    def key(self, wanted: dict) -> None:
        if (wanted["alias"], wanted["region"]) not in self.account.key_arns(self.servers):
            kms = self.servers.client("kms", wanted["region"])
            key = kms.create_key(Description=wanted["description"])["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=f"alias/{wanted['alias']}", TargetKeyId=key)
            if wanted.get("rotates"):
                kms.enable_key_rotation(KeyId=key)
            if wanted.get("state") == "Disabled":
                kms.disable_key(KeyId=key)

    def bucket(self, wanted: dict) -> None:
        s3, name = self.servers.client("s3", wanted["region"]), self.account.bucket_name(wanted["name"])
        placed = {} if wanted["region"] == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": wanted["region"]}}
        try:
            s3.create_bucket(Bucket=name, **placed)
        except ClientError as why:
            if why.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise

    def bucket_settings(self, wanted: dict) -> None:
        s3, name = self.servers.client("s3", wanted["region"]), self.account.bucket_name(wanted["name"])

        def put(what, action, **arguments):
            self.attempt(f"bucket {name}: {what}", lambda: action(Bucket=name, **arguments))

        if block := flags(wanted.get("public_access_block")):
            put("public access block", s3.put_public_access_block, PublicAccessBlockConfiguration=block)
        else:
            put("public access block", s3.delete_public_access_block)
        if "acl" in wanted:
            self.attempt(f"bucket {name}: ACL", self.acl, s3, name, wanted["acl"])
        if (ownership := wanted.get("ownership", "BucketOwnerEnforced")) == "none":
            put("ownership", s3.delete_bucket_ownership_controls)
        else:
            put("ownership", s3.put_bucket_ownership_controls, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})
        rule = self.account.encryption(wanted, self.keys)
        put("encryption", s3.put_bucket_encryption, ServerSideEncryptionConfiguration={"Rules": [rule]})
        if policy := self.account.policy(wanted):
            put("policy", s3.put_bucket_policy, Policy=policy)
        else:
            put("policy", s3.delete_bucket_policy)
        if versioning := wanted.get("versioning"):
            put("versioning", s3.put_bucket_versioning, VersioningConfiguration={"Status": versioning})
        if tags := wanted.get("tags"):
            put("tags", s3.put_bucket_tagging, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]})
        else:
            put("tags", s3.delete_bucket_tagging)
        put("logging", s3.put_bucket_logging, BucketLoggingStatus=logging_status(self.account, wanted))
        # As the API takes them.
        if cors := wanted.get("cors"):
            put("CORS", s3.put_bucket_cors, CORSConfiguration={"CORSRules": cors})
        if website := wanted.get("website"):
            put("website", s3.put_bucket_website, WebsiteConfiguration=website)
        if lifecycle := wanted.get("lifecycle"):
            put("lifecycle", s3.put_bucket_lifecycle_configuration, LifecycleConfiguration={"Rules": lifecycle})

    def replication(self, wanted: dict) -> None:
        s3, name = self.servers.client("s3", wanted["region"]), self.account.bucket_name(wanted["name"])
        role = f"arn:aws:iam::{self.account.id}:role/{self.account.roles[0]}"
        rules = json.loads(self.account.fill_in(json.dumps(wanted["replication"]), wanted))
        s3.put_bucket_replication(Bucket=name, ReplicationConfiguration={"Role": role, "Rules": rules})

    def config(self, region: str, wanted: dict) -> None:
        client = self.servers.client("config", region)
        role = f"arn:aws:iam::{self.account.id}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
        group = {"allSupported": True, "includeGlobalResourceTypes": True}
        client.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": group})
        client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": self.account.bucket_name(wanted["bucket"])})
        client.start_configuration_recorder(ConfigurationRecorderName="default")
        for rule in wanted["rules"]:
            name = rule.lower().replace("_", "-")
            client.put_config_rule(ConfigRule={"ConfigRuleName": name, "Source": {"Owner": "AWS", "SourceIdentifier": rule}})

    def acl(self, s3, name: str, wanted: list[dict]) -> None:
        owner = s3.get_bucket_acl(Bucket=name)["Owner"]
        s3.put_bucket_acl(Bucket=name, AccessControlPolicy={"Owner": owner, "Grants": grants(owner["ID"], wanted)})

    def role(self, name: str) -> None:
        iam = self.servers.client("iam")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        except iam.exceptions.EntityAlreadyExistsException:
            pass

    def managed_policy(self, wanted: dict) -> None:
        iam = self.servers.client("iam")
        try:
            iam.create_policy(PolicyName=wanted["name"], PolicyDocument=identity_policy(wanted))
        except iam.exceptions.EntityAlreadyExistsException:
            pass

    def group(self, wanted: dict) -> None:
        iam = self.servers.client("iam")
        try:
            iam.create_group(GroupName=wanted["name"])
        except iam.exceptions.EntityAlreadyExistsException:
            pass
        for policy in wanted.get("attached", []):
            iam.attach_group_policy(GroupName=wanted["name"], PolicyArn=self.account.policy_arn(policy))

    def identity_role(self, wanted: dict) -> None:
        iam, name = self.servers.client("iam"), wanted["name"]
        self.role(name)
        if "statements" in wanted:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=identity_policy(wanted))
        for policy in wanted.get("attached", []):
            iam.attach_role_policy(RoleName=name, PolicyArn=self.account.policy_arn(policy))
        if boundary := wanted.get("boundary"):
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=self.account.policy_arn(boundary))

    def user(self, wanted: dict) -> None:
        iam, name = self.servers.client("iam"), wanted["name"]
        try:
            iam.create_user(UserName=name)
        except iam.exceptions.EntityAlreadyExistsException:
            pass
        if "statements" in wanted:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=identity_policy(wanted))
        for group in wanted.get("groups", []):
            iam.add_user_to_group(GroupName=group, UserName=name)
        present = len(iam.list_access_keys(UserName=name)["AccessKeyMetadata"])
        for _ in range(present, wanted.get("keys", 0)):
            iam.create_access_key(UserName=name)

    def network(self, wanted: dict) -> None:
        ec2 = self.servers.client("ec2", wanted["region"])

        def tagged(kind, name):
            return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]}

        vpc, subnets, group = find_network(ec2, wanted)
        vpc = vpc or ec2.create_vpc(CidrBlock=wanted["cidr"], **tagged("vpc", wanted["name"]))["Vpc"]["VpcId"]
        for subnet in wanted["subnets"]:
            if subnet["name"] not in subnets:
                made = ec2.create_subnet(VpcId=vpc, CidrBlock=subnet["cidr"], **tagged("subnet", subnet["name"]))
                subnets[subnet["name"]] = made["Subnet"]["SubnetId"]
        group = group or ec2.create_security_group(GroupName=wanted["security_group"], Description="Lambda functions", VpcId=vpc)["GroupId"]
        self.subnets[wanted["name"]], self.groups[wanted["name"]] = sorted(subnets.values()), [group]

    def layer(self, wanted: dict) -> None:
        client = self.servers.client("lambda", wanted["region"])
        arn = find_layer(client, wanted)
        if arn is None:
            content = {"ZipFile": package(wanted["zip_mb"], wanted["name"])}
            arn = client.publish_layer_version(LayerName=wanted["name"], Description=wanted["description"], Content=content)["LayerVersionArn"]
        self.layers[wanted["name"]] = arn

    def function(self, wanted: dict) -> None:
        client, name = self.servers.client("lambda", wanted["region"]), wanted["name"]
        versions = wanted.get("versions", [])
        extras = {}
        if network := wanted.get("network"):
            extras["VpcConfig"] = {"SubnetIds": self.subnets[network], "SecurityGroupIds": self.groups[network]}
        if layers := wanted.get("layers"):
            extras["Layers"] = [self.layers[layer] for layer in layers]
        published = 0
        try:
            client.get_function_configuration(FunctionName=name)
            published = len(published_versions(client, name))
        except client.exceptions.ResourceNotFoundException:
            code = {"ZipFile": package(wanted.get("zip_mb"), name)}
            if image := wanted.get("image"):
                code, extras = {"ImageUri": self.account.fill_in(image, wanted)}, extras | {"PackageType": "Image"}
            first = self.account.settings(wanted, versions[0] if versions else None)
            client.create_function(
                FunctionName=name, Code=code, Architectures=[wanted.get("architecture", "x86_64")], Tags=wanted.get("tags", {}), **first, **extras
            )  # fmt: skip
        for version in versions[published:]:
            self.configure(client, name, self.account.settings(wanted, version))
            client.publish_version(FunctionName=name)
        self.configure(client, name, self.account.settings(wanted))
        present = aliases(client, name) if "aliases" in wanted else {}
        for alias, version in wanted.get("aliases", {}).items():
            if present.get(alias) != str(version):
                put = client.update_alias if alias in present else client.create_alias
                put(FunctionName=name, Name=alias, FunctionVersion=str(version))
        if reserved := wanted.get("reserved_concurrency"):
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        for qualifier, provisioned in wanted.get("provisioned_concurrency", {}).items():
            self.attempt(f"function {name}: provisioned concurrency of {qualifier}", self.provision, client, name, qualifier, provisioned)
        self.callers(client, wanted)

    def callers(self, client, wanted: dict) -> None:
        """URLs, permissions and triggers; `$LATEST` is the function without a qualifier."""
        name, region = wanted["name"], wanted["region"]

        def once(what, action, **arguments):
            def unless_there():
                try:
                    return action(**arguments)
                except ClientError as why:
                    if why.response["Error"]["Code"] not in ("ResourceConflictException", "ConflictException"):
                        raise

            return self.attempt(f"function {name}: {what}", unless_there)

        def of(qualifier):
            return {} if qualifier == "$LATEST" else {"Qualifier": qualifier}

        def arn(qualifier):
            plain = f"arn:aws:lambda:{region}:{self.account.id}:function:{name}"
            return plain if qualifier == "$LATEST" else f"{plain}:{qualifier}"

        for qualifier, url in wanted.get("urls", {}).items():
            cors = {"Cors": {"AllowOrigins": url["origins"]}} if "origins" in url else {}
            once(f"URL of {qualifier}", client.create_function_url_config, FunctionName=name, AuthType=url["auth"], **cors, **of(qualifier))
        for permission in wanted.get("permissions", []):
            qualifier, members = permission.get("qualifier", "$LATEST"), {"Action": permission.get("action", "lambda:InvokeFunction")}
            for member, parameter in (("source_arn", "SourceArn"), ("source_account", "SourceAccount"), ("url_auth", "FunctionUrlAuthType")):
                if member in permission:
                    members[parameter] = self.account.fill_in(permission[member], wanted)
            once(f"permission {permission['id']}", client.add_permission, FunctionName=name, StatementId=permission["id"],
                 Principal=permission["principal"], **members, **of(qualifier))  # fmt: skip
        for queue, qualifier in wanted.get("queues", {}).items():
            sqs = self.servers.client("sqs", region)
            self.attempt(f"queue {queue}", lambda: sqs.create_queue(QueueName=queue))
            source = f"arn:aws:sqs:{region}:{self.account.id}:{queue}"
            if not client.list_event_source_mappings(FunctionName=arn(qualifier), EventSourceArn=source)["EventSourceMappings"]:
                once(f"mapping of {queue}", client.create_event_source_mapping, FunctionName=arn(qualifier), EventSourceArn=source)
        for rule, called in wanted.get("rules", {}).items():
            events, given = self.servers.client("events", region), {"Input": json.dumps(called["input"])} if "input" in called else {}
            when = {"ScheduleExpression": called["every"]} if "every" in called else {"EventPattern": json.dumps(called["pattern"])}
            self.attempt(f"rule {rule}", lambda: events.put_rule(Name=rule, State="ENABLED", **when))
            target = {"Id": "1", "Arn": arn(called["qualifier"])} | given
            self.attempt(f"target of rule {rule}", lambda: events.put_targets(Rule=rule, Targets=[target]))
        for schedule, called in wanted.get("schedules", {}).items():
            given = {"Input": json.dumps(called["input"])} if "input" in called else {}
            target = {"Arn": arn(called["qualifier"]), "RoleArn": f"arn:aws:iam::{self.account.id}:role/acme-lambda"} | given
            once(f"schedule {schedule}", self.servers.client("scheduler", region).create_schedule, Name=schedule,
                 ScheduleExpression=called["every"], FlexibleTimeWindow={"Mode": "OFF"}, State="ENABLED", Target=target)  # fmt: skip

    def configure(self, client, name: str, settings: dict) -> None:
        present = wait_until_settled(client, name)
        present = present | {"Environment": present.get("Environment") or {"Variables": {}}}
        if "SnapStart" in settings:
            present["SnapStart"] = {"ApplyOn": present["SnapStart"]["ApplyOn"]}
        if any(present.get(member) != value for member, value in settings.items()):
            client.update_function_configuration(FunctionName=name, **settings)
            wait_until_settled(client, name)

    def provision(self, client, name: str, qualifier: str, wanted: dict) -> None:
        try:
            present = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            present = {}
        if present.get("RequestedProvisionedConcurrentExecutions") != wanted["count"] or present["Status"] != wanted["status"]:
            client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=wanted["count"])
        deadline = time.monotonic() + 60
        while client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)["Status"] == "IN_PROGRESS":
            if time.monotonic() > deadline:
                raise Trouble(f"function {name}: provisioned concurrency of {qualifier} stays IN_PROGRESS")
            time.sleep(0.05)

    def account_block(self) -> None:
        s3control = self.servers.client("s3control")
        if self.account.flags:
            s3control.put_public_access_block(AccountId=self.account.id, PublicAccessBlockConfiguration=self.account.flags)
        else:
            s3control.delete_public_access_block(AccountId=self.account.id)


def identity_policy(wanted: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": wanted["statements"]})


def logging_status(account: Account, bucket: dict) -> dict:
    if wanted := bucket.get("logging"):
        return {"LoggingEnabled": {"TargetBucket": account.bucket_name(wanted["target"]), "TargetPrefix": wanted["prefix"]}}
    return {}


def grants(owner: str, wanted: list[dict]) -> list[dict]:
    listed = [{"Grantee": {"Type": "CanonicalUser", "ID": owner}, "Permission": "FULL_CONTROL"}]
    for grant in wanted:
        grantee = {"Type": "Group", "URI": GROUPS[grant["to"]]} if grant["to"] in GROUPS else {"Type": "CanonicalUser", "ID": grant["to"]}
        listed.append({"Grantee": grantee, "Permission": grant["may"]})
    return listed


def find_network(ec2, wanted: dict) -> tuple[str | None, dict[str, str], str | None]:
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [wanted["name"]]}])["Vpcs"]
    if not vpcs:
        return None, {}, None
    inside = [{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}]
    names = {subnet["name"] for subnet in wanted["subnets"]}
    subnets = {}
    for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
        name = next((tag["Value"] for tag in subnet.get("Tags", []) if tag["Key"] == "Name"), None)
        if name in names:
            subnets[name] = subnet["SubnetId"]
    groups = [group["GroupId"] for group in ec2.describe_security_groups(Filters=inside)["SecurityGroups"] if group["GroupName"] == wanted["security_group"]]
    return vpcs[0]["VpcId"], subnets, groups[0] if groups else None


def find_layer(client, wanted: dict) -> str | None:
    versions = client.list_layer_versions(LayerName=wanted["name"])["LayerVersions"]
    return next((version["LayerVersionArn"] for version in versions if version["Description"] == wanted["description"]), None)


def published_versions(client, name: str) -> dict[str, dict]:
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    return {version["Version"]: version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"}


def aliases(client, name: str) -> dict[str, str]:
    pages = client.get_paginator("list_aliases").paginate(FunctionName=name)
    return {alias["Name"]: alias["FunctionVersion"] for page in pages for alias in page["Aliases"]}


def wait_until_settled(client, name: str) -> dict:
    deadline = time.monotonic() + 60
    while True:
        present = client.get_function_configuration(FunctionName=name)
        if present.get("State", "Active") == "Failed":
            raise Trouble(f"function {name} ended up Failed ({present.get('StateReason')}): is the no-op executor there?")
        if present.get("State", "Active") == "Active" and present.get("LastUpdateStatus", "Successful") == "Successful":
            return present
        if time.monotonic() > deadline:
            raise Trouble(f"function {name} stays {present.get('State')} / {present.get('LastUpdateStatus')}")
        time.sleep(0.05)


# --- reading back --------------------------------------------------------------------------------------


class Verification:
    """Reads everything that account.yaml declares, or leaves at its default, and lists what differs."""

    def __init__(self, account: Account, servers: Servers):
        self.account, self.servers = account, servers
        self.differences: list[str] = []
        self.compared = 0

    def run(self) -> None:
        self.keys = self.account.key_arns(self.servers)
        block = self.read(self.servers.client("s3control").get_public_access_block, "NoSuchPublicAccessBlockConfiguration", AccountId=self.account.id)
        self.same("account: public access block", self.account.flags, block and block["PublicAccessBlockConfiguration"])
        self.same("keys", sorted((key["alias"], key["region"]) for key in self.account.keys), sorted(self.keys))
        self.buckets()
        for network in self.account.networks:
            vpc, subnets, group = find_network(self.servers.client("ec2", network["region"]), network)
            self.same(f"network {network['name']}", (True, len(network["subnets"]), True), (vpc is not None, len(subnets), group is not None))
        self.functions()
        for region in ("us-east-1", "eu-west-1"):
            self.attempt(f"AWS Config in {region}", self.config, region, self.account.config.get(region))
        self.attempt("identities", self.identities)

    def config(self, region: str, wanted: dict | None) -> None:
        client = self.servers.client("config", region)
        recording = [status["recording"] for status in client.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]]
        self.same(f"AWS Config in {region}: recorders that record", [True] if wanted else [], recording)
        buckets = [channel["s3BucketName"] for channel in client.describe_delivery_channels()["DeliveryChannels"]]
        self.same(f"AWS Config in {region}: delivers to", [self.account.bucket_name(wanted["bucket"])] if wanted else [], buckets)
        rules = [rule["Source"]["SourceIdentifier"] for rule in client.describe_config_rules()["ConfigRules"]]
        self.same(f"AWS Config in {region}: rules", wanted["rules"] if wanted else [], rules)

    def identities(self) -> None:
        """Names and documents; who has which policy is read back in the verdicts."""
        iam = self.servers.client("iam")
        got = iam.get_account_authorization_details(Filter=["User", "Role", "Group", "LocalManagedPolicy"], MaxItems=1000)
        names = [f"user/{user['UserName']}" for user in got["UserDetailList"]]
        names += [f"group/{group['GroupName']}" for group in got["GroupDetailList"]]
        names += [f"role/{role['RoleName']}" for role in got["RoleDetailList"]]
        names += [f"policy/{policy['Arn'].rpartition('/')[2]}" for policy in got["Policies"]]
        self.same("identities", sorted(self.account.identity_names()), sorted(names))
        for kind, members in (("users", "User"), ("roles", "Role")):
            listed = {one[f"{members}Name"]: one for one in got[f"{members}DetailList"]}
            for wanted in self.account.identities.get(kind, []):
                inline = [policy["PolicyDocument"] for policy in listed.get(wanted["name"], {}).get(f"{members}PolicyList", [])]
                declared = [json.loads(identity_policy(wanted))] if "statements" in wanted else []
                self.same(f"{kind} {wanted['name']}: inline policy", declared, inline)

    def same(self, what: str, wanted, got) -> None:
        self.compared += 1
        if isinstance(wanted, list) and isinstance(got, list) and all(isinstance(name, str) for name in wanted + got):
            for missing in sorted(set(wanted) - set(got)):
                self.differences.append(f"{what}: {missing} is missing")
            for stray in sorted(set(got) - set(wanted)):
                self.differences.append(f"{what}: {stray} is there and not declared")
        elif wanted != got:
            self.differences.append(f"{what}: declared {wanted!r}, read back {got!r}")

    def attempt(self, what: str, action, *arguments) -> None:
        try:
            action(*arguments)
        except (BotoCoreError, ClientError) as why:
            self.differences.append(f"{what}: cannot be read back: {in_one_line(why)}")

    def read(self, call, absent: str = "", **arguments):
        try:
            return call(**arguments)
        except ClientError as why:
            if why.response["Error"]["Code"] == absent:
                return None
            raise

    def buckets(self) -> None:
        listed = {}
        for page in self.servers.client("s3").get_paginator("list_buckets").paginate():
            listed |= {bucket["Name"]: bucket.get("BucketRegion") for bucket in page["Buckets"]}
        mine = {name: region for name, region in listed.items() if name.endswith(self.account.suffix)}
        self.same("buckets", sorted(self.account.bucket_name(bucket["name"]) for bucket in self.account.buckets), sorted(mine))
        for bucket in self.account.buckets:
            name = self.account.bucket_name(bucket["name"])
            if name in listed:
                self.attempt(f"bucket {name}", self.bucket, bucket, name)

    def bucket(self, wanted: dict, name: str) -> None:
        s3, bucket = self.servers.client("s3", wanted["region"]), {"Bucket": name}
        same = lambda what, *values: self.same(f"bucket {name}: {what}", *values)  # noqa: E731
        same("region", wanted["region"], s3.get_bucket_location(**bucket).get("LocationConstraint") or "us-east-1")
        got = self.read(s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration", **bucket)
        same("public access block", flags(wanted.get("public_access_block")), got and got["PublicAccessBlockConfiguration"])
        got = self.read(s3.get_bucket_ownership_controls, "OwnershipControlsNotFoundError", **bucket)
        same("ownership", wanted.get("ownership", "BucketOwnerEnforced"), got["OwnershipControls"]["Rules"][0]["ObjectOwnership"] if got else "none")
        got = s3.get_bucket_acl(**bucket)
        same("ACL", grants(got["Owner"]["ID"], wanted.get("acl", [])), got["Grants"])
        got = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        same("encryption", [self.account.encryption(wanted, self.keys)], got)
        got = self.read(s3.get_bucket_policy, "NoSuchBucketPolicy", **bucket)
        same("policy", self.account.policy(wanted), got and got["Policy"])
        same("versioning", wanted.get("versioning"), s3.get_bucket_versioning(**bucket).get("Status"))
        got = self.read(s3.get_bucket_tagging, "NoSuchTagSet", **bucket)
        same("tags", wanted.get("tags", {}), {tag["Key"]: tag["Value"] for tag in got["TagSet"]} if got else {})
        got = s3.get_bucket_logging(**bucket)
        got.pop("ResponseMetadata")
        same("logging", logging_status(self.account, wanted), got)
        got = self.read(s3.get_bucket_website, "NoSuchWebsiteConfiguration", **bucket)
        same("website", wanted.get("website"), got and {member: value for member, value in got.items() if member != "ResponseMetadata"})
        got = self.read(s3.get_bucket_cors, "NoSuchCORSConfiguration", **bucket)
        same("CORS", wanted.get("cors"), got and got["CORSRules"])
        got = self.read(s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", **bucket)
        same("lifecycle", wanted.get("lifecycle"), got and got["Rules"])
        got = self.read(s3.get_bucket_replication, "ReplicationConfigurationNotFoundError", **bucket)
        same("replication", [rule["ID"] for rule in wanted.get("replication", [])], [rule["ID"] for rule in got["ReplicationConfiguration"]["Rules"]] if got else [])

    def functions(self) -> None:
        for region in sorted({function["region"] for function in self.account.functions}):
            client = self.servers.client("lambda", region)
            wanted = {function["name"]: function for function in self.account.functions if function["region"] == region}
            pages = client.get_paginator("list_functions").paginate()
            listed = {function["FunctionName"]: function for page in pages for function in page["Functions"]}
            self.same(f"functions of {region}", sorted(wanted), sorted(listed))
            for name in sorted(set(wanted) & set(listed)):
                self.attempt(f"function {name} in {region}", self.function, client, wanted[name], listed[name])
            self.attempt(f"triggers of {region}", self.triggers, client, region, list(wanted.values()))

    def triggers(self, client, region: str, functions: list[dict]) -> None:
        """What calls functions, as `what -> whom`."""

        def declared(kind: str) -> list[str]:
            qualifiers = lambda called: called["qualifier"] if isinstance(called, dict) else called  # noqa: E731
            return sorted(f"{what} -> {f['name']}:{qualifiers(called)}" for f in functions for what, called in f.get(kind, {}).items())

        def called(arn: str) -> str:
            name, _, qualifier = arn.split(":function:")[1].partition(":")
            return f"{name}:{qualifier or '$LATEST'}"

        pages = client.get_paginator("list_event_source_mappings").paginate()
        mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
        self.same(f"queues of {region}", declared("queues"), sorted(f"{m['EventSourceArn'].split(':')[5]} -> {called(m['FunctionArn'])}" for m in mappings))
        events = self.servers.client("events", region)
        rules = [(rule["Name"], target["Arn"]) for rule in events.list_rules()["Rules"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]]
        self.same(f"rules of {region}", declared("rules"), sorted(f"{name} -> {called(arn)}" for name, arn in rules))
        schedules = self.servers.client("scheduler", region).list_schedules()["Schedules"]
        self.same(f"schedules of {region}", declared("schedules"), sorted(f"{one['Name']} -> {called(one['Target']['Arn'])}" for one in schedules))

    def function(self, client, wanted: dict, latest: dict) -> None:
        name = wanted["name"]
        same = lambda what, *values: self.same(f"function {name} in {wanted['region']}: {what}", *values)  # noqa: E731
        self.configuration(wanted, None, latest, "$LATEST")
        published = published_versions(client, name)
        versions = {str(number): version for number, version in enumerate(wanted.get("versions", []), 1)}
        same("versions", sorted(versions), sorted(published))
        for number in sorted(set(versions) & set(published)):
            self.configuration(wanted, versions[number], published[number], number)
        same("aliases", {alias: str(version) for alias, version in wanted.get("aliases", {}).items()}, aliases(client, name))
        same("tags", wanted.get("tags", {}), client.list_tags(Resource=latest["FunctionArn"])["Tags"])
        provisioned = {}
        for config in client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]:
            qualifier = config["FunctionArn"].rpartition(":")[2]
            provisioned[qualifier] = {"count": config["RequestedProvisionedConcurrentExecutions"], "status": config["Status"]}
        same("provisioned concurrency", wanted.get("provisioned_concurrency", {}), provisioned)
        same("reserved concurrency", wanted.get("reserved_concurrency"), client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"))
        urls = {}
        for url in client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]:
            qualifier = url["FunctionArn"].partition(f":function:{name}")[2].lstrip(":") or "$LATEST"
            urls[qualifier] = {"auth": url["AuthType"]} | ({"origins": url["Cors"]["AllowOrigins"]} if "Cors" in url else {})
        same("URLs", wanted.get("urls", {}), urls)
        for qualifier in ["$LATEST", *wanted.get("aliases", {})]:
            which = {} if qualifier == "$LATEST" else {"Qualifier": qualifier}
            policy = self.read(client.get_policy, "ResourceNotFoundException", FunctionName=name, **which)
            granted = [statement["Sid"] for statement in json.loads(policy["Policy"])["Statement"]] if policy else []
            declared = [permission["id"] for permission in wanted.get("permissions", []) if permission.get("qualifier", "$LATEST") == qualifier]
            same(f"permissions of {qualifier}", declared, granted)

    def configuration(self, function: dict, version: dict | None, got: dict, qualifier: str) -> None:
        same = lambda what, *values: self.same(f"function {function['name']}:{qualifier} in {function['region']}: {what}", *values)  # noqa: E731
        settings = self.account.settings(function, version)
        for member in ("Role", "MemorySize", "Timeout", "Description", "Runtime", "Handler"):
            same(member, settings.get(member), got.get(member))
        same("Environment", settings["Environment"]["Variables"], got.get("Environment", {}).get("Variables", {}))
        same("Architectures", [function.get("architecture", "x86_64")], got["Architectures"])
        same("PackageType", "Image" if "image" in function else "Zip", got["PackageType"])
        if "image" not in function:
            same("CodeSize", len(package(function.get("zip_mb"), function["name"])), got["CodeSize"])
            apply_on = settings.get("SnapStart", {"ApplyOn": "None"})["ApplyOn"]
            status = "On" if apply_on == "PublishedVersions" and qualifier != "$LATEST" else "Off"
            same("SnapStart", {"ApplyOn": apply_on, "OptimizationStatus": status}, got["SnapStart"])
        sizes = {layer["name"]: len(package(layer["zip_mb"], layer["name"])) for layer in self.account.layers if layer["name"] in function.get("layers", [])}
        layers = {layer["Arn"].split(":")[6]: layer["CodeSize"] for layer in got.get("Layers", [])}
        same("Layers", sizes, layers)
        network = next((network for network in self.account.networks if network["name"] == function.get("network")), None)
        vpc = got.get("VpcConfig") or {}
        same("VpcConfig", (len(network["subnets"]), 1) if network else (0, 0), (len(vpc.get("SubnetIds", [])), len(vpc.get("SecurityGroupIds", []))))


def catalogue() -> dict[str, set[str]]:
    """The checks of the default pack by kind of resource, from the files of the catalogue."""
    policies = HERE.parent / "policies"
    pack = yaml.safe_load((policies / "packs/default.yaml").read_text(encoding="utf-8"))
    folders = {"account": "account", "trail": "trail", "region": "region", "s3": "bucket", "lambda": "function", "identity": "identity"}
    return {
        kind: {path.stem for path in (policies / folder).glob("*.yaml") if not any(fnmatch(path.stem, glob) for glob in pack["exclude"])}
        for folder, kind in folders.items()
    }


def check_expectations(account: Account, file: Path) -> list[str]:
    """What is wrong with the form of expected.yaml: every resource once, every check of its kind once."""
    path = file.with_name(file.name.replace("account", "expected", 1))
    if path == file or not path.exists():
        return []
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    wrong, checks = [], catalogue()

    def named(answers: dict) -> list[str]:
        return [check for status in STATUSES for check in answers.get(status, [])]

    def resource(what: str, kind: str, answers: dict) -> None:
        if unknown := sorted(set(answers) - {*STATUSES, "why", "items"}):
            wrong.append(f"{what}: unknown member {', '.join(unknown)}")
        twice = {check for check in named(answers) if named(answers).count(check) > 1}
        told = set(named(answers)) | set(named(data.get("otherwise", {}).get(kind, {})))
        if twice or told != checks[kind]:
            wrong.append(f"{what}: missing {sorted(checks[kind] - told)}, unknown {sorted(told - checks[kind])}, more than once {sorted(twice)}")
        for member in ("why", "items"):
            if strangers := sorted(set(answers.get(member, {})) - checks[kind]):
                wrong.append(f"{what}: {member} speaks of {', '.join(strangers)}")

    stated = [name for names in data["policy_status"].values() for name in names]
    with_policy = [bucket["name"] for bucket in account.buckets if account.policy(bucket)]
    if sorted(stated) != sorted(with_policy):
        wrong.append(f"policy_status: these differ from the buckets with a policy: {sorted(set(stated) ^ set(with_policy))}")
    resource("account", "account", data["account"])
    for kind, plural, names in (
        ("bucket", "buckets", [bucket["name"] for bucket in account.buckets]),
        ("function", "functions", [f"{function['region']}/{function['name']}" for function in account.functions]),
        ("identity", "identities", account.identity_names()),
        ("region", "regions", ["us-east-1", "eu-west-1"]),
        ("trail", "trails", ["*"]),
    ):
        expected = data.get(plural, {})
        if sorted(names) != sorted(expected):
            wrong.append(f"{plural}: not expected {sorted(set(names) - set(expected))}, not declared {sorted(set(expected) - set(names))}")
        for name, answers in expected.items():
            resource(f"{kind} {name}", kind, answers)
    return [f"{path.name}: {defect}" for defect in wrong]


# --- the command line ------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="deploy", description="Deploys the sample account into a LocalStack on this machine.")
    parser.add_argument("--endpoint-url", type=loopback, required=True, metavar="URL", help="where LocalStack listens; loopback addresses only")
    parser.add_argument("--account", default="000000000000", metavar="ID", help="the account to deploy into (default: 000000000000); it is the access key")
    parser.add_argument("--file", type=Path, default=HERE / "account.yaml", metavar="FILE", help="the account to deploy (default: account.yaml)")
    parser.add_argument("--suffix", default="", metavar="TEXT", help="put after every bucket name: names are unique across the accounts of one server")
    parser.add_argument("--verify", action="store_true", help="deploy nothing; read everything back and list what differs (exit code 1)")
    parser.add_argument("--allow-refused", action="store_true", help="exit with 0 although the server refused some settings (moto refuses several)")
    options = parser.parse_args()
    if not re.fullmatch(r"\d{12}", options.account):
        parser.error(f"--account {options.account}: an account id has twelve digits")
    if not re.fullmatch(r"[a-z0-9-]{0,20}", options.suffix):
        parser.error(f"--suffix {options.suffix}: at most 20 lower-case letters, digits and hyphens")
    began = time.monotonic()
    try:
        servers = Servers(options.endpoint_url, options.account)
        if servers.id != options.account:
            say(f"note: this server takes the key {options.account} for account {servers.id}")
        account = Account(options.file, servers.id, options.suffix)
        counts = f"{len(account.buckets)} buckets and {len(account.functions)} functions of account {account.id}"
        if options.verify:
            verification = Verification(account, servers)
            verification.run()
            verification.differences += check_expectations(account, options.file)
            for difference in verification.differences:
                say(f"differs: {difference}")
            say(f"{counts} read back: {verification.compared} settings compared, {len(verification.differences)} differ ({time.monotonic() - began:.1f} s)")
            return 1 if verification.differences else 0
        deployment = Deployment(account, servers)
        deployment.run()
        for refusal in deployment.refused:
            say(f"refused: {refusal}")
        say(f"{counts} deployed, {len(deployment.refused)} settings refused ({time.monotonic() - began:.1f} s)")
        return 1 if deployment.refused and not options.allow_refused else 0
    except (Trouble, BotoCoreError, ClientError) as trouble:
        say(f"error: {in_one_line(trouble)}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
