//! `localstack/account.yaml` as CloudFormation: what is deployed by API calls there, written as one
//! template a Region.
//!
//! Left out, because no template can say it: Block Public Access of the account, grants of an ACL that is
//! not a canned one, settings in which one published version differs from another.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The account, its Region and the resources written so far.
pub struct AsTemplate<'a> {
    account: &'a str,
    region: &'a str,
    data: &'a Value,
    resources: Map<String, Value>,
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A name as CloudFormation takes it for a resource: letters and digits.
fn logical(words: &[&str]) -> String {
    let mut name = String::new();
    for part in words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()))
    {
        let mut letters = part.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
    }
    name
}

fn tags(wanted: &Value) -> Value {
    members(wanted)
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

/// The value without members that are null.
fn written(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        other => other,
    }
}

fn arn_of(logical: &str) -> Value {
    json!({"Fn::GetAtt": [logical, "Arn"]})
}

impl<'a> AsTemplate<'a> {
    /// The template of a Region. The first Region has what belongs to the account as well.
    pub fn of(data: &'a Value, account: &'a str, region: &'a str, first: bool) -> Value {
        let mut made = Self {
            account,
            region,
            data,
            resources: Map::new(),
        };
        made.keys();
        made.buckets();
        made.functions();
        if let Some(config) = data["config"].get(region) {
            made.config(config);
        }
        if first {
            made.identities();
        }
        json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": made.resources})
    }

    fn add(&mut self, logical: String, kind: &str, properties: Value) {
        let before = self.resources.insert(
            logical,
            json!({"Type": format!("AWS::{kind}"), "Properties": written(properties)}),
        );
        assert!(before.is_none(), "two resources have one name");
    }

    fn here(&self, kind: &str) -> Vec<&'a Value> {
        list(&self.data[kind])
            .filter(|item| item["region"] == self.region)
            .collect()
    }

    fn fill_in(&self, value: &Value, name: &str) -> Value {
        let text = value
            .to_string()
            .replace("${self}", name)
            .replace("${account}", self.account)
            .replace("${region}", self.region)
            .replace("${suffix}", "");
        serde_json::from_str(&text).unwrap()
    }

    fn keys(&mut self) {
        for key in self.here("keys") {
            let alias = key["alias"].as_str().unwrap();
            let name = logical(&["key", alias]);
            self.add(
                logical(&["alias", alias]),
                "KMS::Alias",
                json!({"AliasName": format!("alias/{alias}"), "TargetKeyId": {"Ref": name}}),
            );
            let owner = format!("arn:aws:iam::{}:root", self.account);
            self.add(
                name,
                "KMS::Key",
                json!({
                    "Description": key["description"],
                    "Enabled": key["state"] != "Disabled",
                    "EnableKeyRotation": key["rotates"] == true,
                    "KeyPolicy": {"Version": "2012-10-17", "Statement": [
                        {"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "kms:*", "Resource": "*"}
                    ]},
                }),
            );
        }
    }

    fn buckets(&mut self) {
        for bucket in self.here("buckets") {
            let name = bucket["name"].as_str().unwrap();
            let place = logical(&["bucket", name]);
            self.add(place.clone(), "S3::Bucket", self.bucket(bucket, name));
            let policy = match &bucket["policy_text"] {
                Value::String(text) => serde_json::from_str(text).unwrap(),
                _ => self.fill_in(&bucket["policy"], name),
            };
            if !policy.is_null() {
                self.add(
                    logical(&["policy", name]),
                    "S3::BucketPolicy",
                    json!({"Bucket": {"Ref": place}, "PolicyDocument": policy}),
                );
            }
        }
    }

    fn bucket(&self, bucket: &Value, name: &str) -> Value {
        let ownership = match bucket["ownership"].as_str() {
            None => "BucketOwnerEnforced",
            // Without ownership controls a bucket is as ObjectWriter, which a template has to write.
            Some("none") => "ObjectWriter",
            Some(written) => written,
        };
        json!({
            "BucketName": name,
            "PublicAccessBlockConfiguration": block(&bucket["public_access_block"]),
            "AccessControl": canned(&bucket["acl"]),
            "OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [self.encryption(&bucket["encryption"])]},
            "VersioningConfiguration": bucket["versioning"].as_str().map(|status| json!({"Status": status})),
            "LoggingConfiguration": bucket.get("logging").map(|logging| json!({
                "DestinationBucketName": logging["target"], "LogFilePrefix": logging["prefix"],
            })),
            "LifecycleConfiguration": bucket.get("lifecycle").map(|rules| json!({
                "Rules": list(rules).map(lifecycle).collect::<Value>(),
            })),
            "CorsConfiguration": bucket.get("cors").map(|rules| json!({"CorsRules": rules})),
            "WebsiteConfiguration": bucket.get("website").map(|website| json!({
                "IndexDocument": website["IndexDocument"]["Suffix"],
            })),
            "ReplicationConfiguration": bucket.get("replication").map(|rules| self.replication(rules, name)),
            "Tags": bucket.get("tags").map(tags),
        })
    }

    fn encryption(&self, wanted: &Value) -> Value {
        let algorithm = wanted["algorithm"].as_str().unwrap_or("AES256");
        let key = match (wanted["key_alias"].as_str(), wanted["key"].as_str()) {
            (Some(alias), _) => {
                let (region, account) = (self.region, self.account);
                json!(format!("arn:aws:kms:{region}:{account}:alias/{alias}"))
            }
            (None, Some(alias)) => arn_of(&logical(&["key", alias])),
            (None, None) => Value::Null,
        };
        written(json!({
            "ServerSideEncryptionByDefault": written(json!({"SSEAlgorithm": algorithm, "KMSMasterKeyID": key})),
            "BucketKeyEnabled": (algorithm != "aws:kms:dsse").then(|| wanted["bucket_key"] == true),
            "BlockedEncryptionTypes": wanted.get("blocked").map(|types| json!({"EncryptionType": types})),
        }))
    }

    fn replication(&self, rules: &Value, name: &str) -> Value {
        let role = self.data["roles"][0].as_str().unwrap();
        let rules: Vec<Value> = list(&self.fill_in(rules, name))
            .map(|rule| {
                let mut rule = rule.clone();
                let id = rule.as_object_mut().unwrap().remove("ID").unwrap();
                rule["Id"] = id;
                rule
            })
            .collect();
        json!({"Role": format!("arn:aws:iam::{}:role/{role}", self.account), "Rules": rules})
    }

    fn config(&mut self, wanted: &Value) {
        let role = format!(
            "arn:aws:iam::{}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            self.account
        );
        self.add(
            "Recorder".to_owned(),
            "Config::ConfigurationRecorder",
            json!({"RoleARN": role, "RecordingGroup": {"AllSupported": true, "IncludeGlobalResourceTypes": true}}),
        );
        self.add(
            "Channel".to_owned(),
            "Config::DeliveryChannel",
            json!({"S3BucketName": wanted["bucket"]}),
        );
        for rule in list(&wanted["rules"]) {
            self.add(
                logical(&["rule", &rule.as_str().unwrap().to_lowercase()]),
                "Config::ConfigRule",
                json!({"Source": {"Owner": "AWS", "SourceIdentifier": rule}}),
            );
        }
    }

    fn policy_arn(&self, policy: &Value) -> Value {
        match policy.as_str().unwrap() {
            arn if arn.starts_with("arn:") => json!(arn),
            name => json!({"Ref": logical(&["managed", name])}),
        }
    }

    fn identities(&mut self) {
        let all = &self.data["identities"];
        for policy in list(&all["policies"]) {
            let name = policy["name"].as_str().unwrap();
            self.add(
                logical(&["managed", name]),
                "IAM::ManagedPolicy",
                json!({"ManagedPolicyName": name, "PolicyDocument": document(&policy["statements"])}),
            );
        }
        let plain = list(&self.data["roles"]).map(|name| json!({"name": name}));
        let roles: Vec<Value> = plain.chain(list(&all["roles"]).cloned()).collect();
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]});
        for (kind, resource, name_of, listed) in [
            (
                "group",
                "IAM::Group",
                "GroupName",
                all["groups"].as_array().unwrap(),
            ),
            ("role", "IAM::Role", "RoleName", &roles),
            (
                "user",
                "IAM::User",
                "UserName",
                all["users"].as_array().unwrap(),
            ),
        ] {
            for one in listed {
                let name = one["name"].as_str().unwrap();
                let attached: Vec<Value> = list(&one["attached"])
                    .map(|policy| self.policy_arn(policy))
                    .collect();
                let mut properties = json!({
                    name_of: name,
                    "ManagedPolicyArns": attached,
                    "Policies": one.get("statements").map(|statements| json!([
                        {"PolicyName": "inline", "PolicyDocument": document(statements)}
                    ])),
                    "PermissionsBoundary": one.get("boundary").map(|policy| self.policy_arn(policy)),
                    "Groups": one.get("groups"),
                });
                if kind == "role" {
                    properties["AssumeRolePolicyDocument"] = trust.clone();
                }
                self.add(logical(&[kind, name]), resource, properties);
                for key in 0..one["keys"].as_u64().unwrap_or(0) {
                    self.add(
                        logical(&["access-key", name, &key.to_string()]),
                        "IAM::AccessKey",
                        json!({"UserName": name}),
                    );
                }
            }
        }
    }

    fn functions(&mut self) {
        for layer in self.here("layers") {
            let name = layer["name"].as_str().unwrap();
            self.add(
                logical(&["layer", name]),
                "Lambda::LayerVersion",
                json!({"LayerName": name, "Content": {"S3Bucket": "acme-artifacts", "S3Key": format!("{name}.zip")}}),
            );
        }
        for function in self.here("functions") {
            let name = function["name"].as_str().unwrap();
            let place = logical(&["function", name]);
            self.add(
                place.clone(),
                "Lambda::Function",
                self.function(function, name),
            );
            self.qualifiers(function, name, &place);
            self.callers(function, name, &place);
        }
    }

    fn function(&self, function: &Value, name: &str) -> Value {
        let image = function.get("image").map(|image| self.fill_in(image, name));
        json!({
            "FunctionName": name,
            "Role": format!("arn:aws:iam::{}:role/acme-lambda", self.account),
            "Runtime": function.get("runtime"),
            "Handler": image.is_none().then_some("index.handler"),
            "PackageType": image.is_some().then_some("Image"),
            "Code": image.map_or_else(
                || json!({"S3Bucket": "acme-artifacts", "S3Key": format!("{name}.zip")}),
                |image| json!({"ImageUri": image}),
            ),
            "Architectures": function.get("architecture").map(|architecture| json!([architecture])),
            "MemorySize": function.get("memory_mb"),
            "Timeout": function.get("timeout_s"),
            "Description": function.get("description"),
            "Environment": function.get("environment").map(|variables| json!({"Variables": variables})),
            "SnapStart": (function["snapstart"] == true).then(|| json!({"ApplyOn": "PublishedVersions"})),
            "ReservedConcurrentExecutions": function.get("reserved_concurrency"),
            "Layers": function.get("layers").map(|layers| {
                list(layers).map(|layer| json!({"Ref": logical(&["layer", layer.as_str().unwrap()])})).collect::<Value>()
            }),
            "VpcConfig": function.get("network").map(|_| json!({
                "SubnetIds": ["subnet-0a1b2c3d4e5f60718"], "SecurityGroupIds": ["sg-0a1b2c3d4e5f60718"],
            })),
            "Tags": function.get("tags").map(tags),
        })
    }

    /// Versions and aliases. The provisioned concurrency of a version belongs to the version.
    fn qualifiers(&mut self, function: &Value, name: &str, place: &str) {
        let provisioned = |qualifier: &str| {
            let count = function["provisioned_concurrency"]
                .get(qualifier)?
                .get("count")?;
            Some(json!({"ProvisionedConcurrentExecutions": count}))
        };
        for number in 1..=list(&function["versions"]).count() {
            self.add(
                logical(&["version", name, &number.to_string()]),
                "Lambda::Version",
                json!({
                    "FunctionName": {"Ref": place},
                    "ProvisionedConcurrencyConfig": provisioned(&number.to_string()),
                }),
            );
        }
        for (alias, version) in members(&function["aliases"]) {
            let version = logical(&["version", name, &version.to_string()]);
            self.add(
                logical(&["name", name, alias]),
                "Lambda::Alias",
                json!({
                    "FunctionName": {"Ref": place},
                    "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                    "Name": alias,
                    "ProvisionedConcurrencyConfig": provisioned(alias),
                }),
            );
        }
    }

    /// What is called: the function, or the alias.
    fn called(name: &str, place: &str, qualifier: &str) -> Value {
        match qualifier {
            "$LATEST" => arn_of(place),
            alias => json!({"Ref": logical(&["name", name, alias])}),
        }
    }

    fn callers(&mut self, function: &Value, name: &str, place: &str) {
        for (qualifier, url) in members(&function["urls"]) {
            let alias = (qualifier != "$LATEST").then(|| json!(qualifier));
            self.add(
                logical(&["url", name, qualifier]),
                "Lambda::Url",
                json!({
                    "TargetFunctionArn": {"Ref": place},
                    "Qualifier": alias,
                    "AuthType": url["auth"],
                    "Cors": url.get("origins").map(|origins| json!({"AllowOrigins": origins})),
                }),
            );
        }
        for permission in list(&function["permissions"]) {
            let qualifier = permission["qualifier"].as_str().unwrap_or("$LATEST");
            self.add(
                logical(&["permission", name, permission["id"].as_str().unwrap()]),
                "Lambda::Permission",
                json!({
                    "FunctionName": Self::called(name, place, qualifier),
                    "Action": permission["action"].as_str().unwrap_or("lambda:InvokeFunction"),
                    "Principal": permission["principal"],
                    "SourceArn": permission.get("source_arn").map(|arn| self.fill_in(arn, name)),
                    "FunctionUrlAuthType": permission.get("url_auth"),
                }),
            );
        }
        for (queue, qualifier) in members(&function["queues"]) {
            let source = format!("arn:aws:sqs:{}:{}:{queue}", self.region, self.account);
            self.add(
                logical(&["queue", queue]),
                "Lambda::EventSourceMapping",
                json!({
                    "FunctionName": Self::called(name, place, qualifier.as_str().unwrap()),
                    "EventSourceArn": source,
                }),
            );
        }
        for (rule, called) in members(&function["rules"]) {
            let arn = Self::called(name, place, called["qualifier"].as_str().unwrap());
            let input = called.get("input").map(Value::to_string);
            self.add(
                logical(&["rule", rule]),
                "Events::Rule",
                json!({
                    "Name": rule,
                    "ScheduleExpression": called.get("every"),
                    "EventPattern": called.get("pattern"),
                    "Targets": [written(json!({"Id": "1", "Arn": arn, "Input": input}))],
                }),
            );
        }
        for (schedule, called) in members(&function["schedules"]) {
            let arn = Self::called(name, place, called["qualifier"].as_str().unwrap());
            let role = format!("arn:aws:iam::{}:role/acme-lambda", self.account);
            self.add(
                logical(&["schedule", schedule]),
                "Scheduler::Schedule",
                json!({
                    "Name": schedule,
                    "ScheduleExpression": called["every"],
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": {"Arn": arn, "RoleArn": role},
                }),
            );
        }
    }
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The four flags; all off where the account has none; nothing where a bucket is as AWS makes it.
fn block(wanted: &Value) -> Value {
    let flag = |name: &str| wanted[name] == true;
    match wanted {
        Value::Null => Value::Null,
        _ => json!({
            "BlockPublicAcls": flag("block_public_acls"),
            "IgnorePublicAcls": flag("ignore_public_acls"),
            "BlockPublicPolicy": flag("block_public_policy"),
            "RestrictPublicBuckets": flag("restrict_public_buckets"),
        }),
    }
}

/// The canned ACL with these grants. There is none for a grant to one account.
fn canned(grants: &Value) -> Option<&'static str> {
    let grants: BTreeSet<(&str, &str)> = list(grants)
        .map(|grant| {
            (
                grant["to"].as_str().unwrap(),
                grant["may"].as_str().unwrap(),
            )
        })
        .collect();
    let grants: Vec<(&str, &str)> = grants.into_iter().collect();
    match grants.as_slice() {
        [("AllUsers", "READ")] => Some("PublicRead"),
        [("AllUsers", "READ"), ("AllUsers", "WRITE")] => Some("PublicReadWrite"),
        [("AuthenticatedUsers", "READ")] => Some("AuthenticatedRead"),
        [("LogDelivery", "READ_ACP"), ("LogDelivery", "WRITE")] => Some("LogDeliveryWrite"),
        _ => None,
    }
}

/// A rule of the API as CloudFormation writes it.
fn lifecycle(rule: &Value) -> Value {
    written(json!({
        "Id": rule["ID"],
        "Status": rule["Status"],
        "Prefix": rule["Filter"]["Prefix"],
        "ExpirationInDays": rule["Expiration"].get("Days"),
        "NoncurrentVersionExpiration": rule.get("NoncurrentVersionExpiration"),
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
    }))
}
