"""Deploys a CloudFormation template into a LocalStack on this machine, and puts what LocalStack leaves out.

LocalStack's CloudFormation calls a stack complete and drops most settings of buckets, the SnapStart of functions
and the conditions of their permissions. They are put by API here, with the values that the template has. Prints the
physical name of each resource by its logical id, as JSON.
"""

import argparse
import io
import json
import sys
import time
import zipfile
from pathlib import Path

from deploy import FLAGS, BotoCoreError, ClientError, Servers, Trouble, in_one_line, loopback

CANNED = {
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
    "Private": "private",
}
PERMISSION = (
    "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl",
    "EventSourceToken",
)  # fmt: skip


class Stack:
    def __init__(self, servers: Servers, name: str, path: Path, region: str):
        self.servers, self.name, self.region = servers, name, region
        self.text = path.read_text(encoding="utf-8")
        self.template = json.loads(self.text)
        self.names: dict[str, str] = {}

    def client(self, service: str):
        return self.servers.client(service, self.region)

    def run(self) -> None:
        self.assets()
        self.create()
        self.complete()

    def assets(self) -> None:
        """The bucket and the packages that the CDK uploads before a stack, each with one small file."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("index.js", "exports.handler = async () => ({});\n")
        for resource in self.of("AWS::Lambda::Function"):
            code = self.value(resource["Properties"].get("Code", {}))
            if "S3Bucket" in code:
                self.client("s3").create_bucket(Bucket=code["S3Bucket"])
                self.client("s3").put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=package.getvalue())
        for parameter in self.template.get("Parameters", {}).values():
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
                self.client("ssm").put_parameter(Name=parameter["Default"], Value="21", Type="String", Overwrite=True)

    def create(self) -> None:
        formation = self.client("cloudformation")
        formation.create_stack(StackName=self.name, TemplateBody=self.text, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"])
        deadline = time.monotonic() + 120
        while (stack := formation.describe_stacks(StackName=self.name)["Stacks"][0])["StackStatus"].endswith("IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise Trouble(f"stack {self.name} stays {stack['StackStatus']}")
            time.sleep(0.2)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise Trouble(f"stack {self.name} is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        listed = formation.describe_stack_resources(StackName=self.name)["StackResources"]
        self.names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}

    def of(self, kind: str):
        return (resource for resource in self.template["Resources"].values() if resource["Type"] == kind)

    def value(self, written):
        """Literal values, Ref, Fn::GetAtt of an ARN, and Fn::Sub of the account and the Region."""
        if isinstance(written, list):
            return [self.value(one) for one in written]
        if not isinstance(written, dict):
            return written
        if list(written) == ["Ref"]:
            return self.names.get(written["Ref"], written["Ref"])
        if list(written) == ["Fn::Sub"]:
            return written["Fn::Sub"].replace("${AWS::AccountId}", self.servers.id).replace("${AWS::Region}", self.region)
        if list(written) == ["Fn::GetAtt"] and written["Fn::GetAtt"][1] == "Arn":
            return self.arn(written["Fn::GetAtt"][0])
        return {member: self.value(one) for member, one in written.items()}

    def arn(self, logical: str) -> str:
        kind, name, place = self.template["Resources"][logical]["Type"], self.names[logical], f"{self.region}:{self.servers.id}"
        return {
            "AWS::S3::Bucket": f"arn:aws:s3:::{name}",
            "AWS::KMS::Key": f"arn:aws:kms:{place}:key/{name}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{place}:function:{name}",
            "AWS::Events::Rule": f"arn:aws:events:{place}:rule/{name}",
        }.get(kind, name)

    def complete(self) -> None:
        resources = [(self.names.get(logical), one["Type"], self.value(one.get("Properties", {}))) for logical, one in self.template["Resources"].items()]
        for name, kind, properties in resources:
            if kind == "AWS::S3::Bucket":
                self.bucket(name, properties)
        for name, kind, properties in resources:
            if kind == "AWS::S3::Bucket" and (wanted := properties.get("LoggingConfiguration")):  # once its target takes logs
                status = {"TargetBucket": wanted.get("DestinationBucketName", name), "TargetPrefix": wanted.get("LogFilePrefix", "")}
                self.client("s3").put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": status})
            elif kind == "AWS::Lambda::Function" and "SnapStart" in properties:
                self.client("lambda").update_function_configuration(FunctionName=name, SnapStart=properties["SnapStart"])
            elif kind == "AWS::Lambda::Permission":
                self.permission(name, properties)

    def bucket(self, name: str, properties: dict) -> None:
        s3 = self.client("s3")
        if controls := properties.get("OwnershipControls"):
            s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=controls)
        if (block := properties.get("PublicAccessBlockConfiguration")) is not None:
            flags = {flag: str(block.get(flag, False)).lower() == "true" for flag in FLAGS.values()}
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=flags)
        for wanted in properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", []):
            rule = {member: wanted[member] for member in ("BucketKeyEnabled", "BlockedEncryptionTypes") if member in wanted}
            if default := wanted.get("ServerSideEncryptionByDefault"):
                rule["ApplyServerSideEncryptionByDefault"] = default
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        if acl := CANNED.get(properties.get("AccessControl")):
            s3.put_bucket_acl(Bucket=name, ACL=acl)

    def permission(self, statement: str, properties: dict) -> None:
        client, function = self.client("lambda"), properties["FunctionName"]
        client.remove_permission(FunctionName=function, StatementId=statement)
        client.add_permission(StatementId=statement, **{member: properties[member] for member in PERMISSION if member in properties})


def main() -> int:
    parser = argparse.ArgumentParser(description="Deploys a template into a LocalStack on this machine.")
    parser.add_argument("--endpoint-url", type=loopback, required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--stack-name", required=True)
    parser.add_argument("--template", type=Path, required=True, help="JSON, as the CDK writes it")
    wanted = parser.parse_args()
    stack = Stack(Servers(wanted.endpoint_url, wanted.account), wanted.stack_name, wanted.template, wanted.region)
    try:
        stack.run()
    except Trouble as why:
        print(f"error: {why}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as why:
        print(f"error: {in_one_line(why)}", file=sys.stderr)
        return 1
    print(json.dumps(stack.names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
