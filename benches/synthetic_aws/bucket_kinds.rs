//! S3 Tables, S3 Vectors and S3 Files: what lists a Region's buckets of a kind, and what describes one.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, World};

/// A table bucket, vector bucket or S3 file system.
#[derive(Clone, Debug, Default)]
pub struct KindBucket {
    /// `s3tables`, `s3vectors` or `s3files`.
    pub service: &'static str,
    /// Its Region.
    pub region: String,
    /// Its name, or the id of a file system.
    pub name: String,
    /// Its policy.
    pub policy: Option<Value>,
    /// The ARN of its KMS key.
    pub key: Option<String>,
}

impl KindBucket {
    /// One of us-east-1 without a policy and a key.
    pub fn new(service: &'static str, name: &str) -> Self {
        Self {
            service,
            region: "us-east-1".to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The same with a policy and a key.
    pub fn shared(self, policy: Value, key: &str) -> Self {
        Self {
            policy: Some(policy),
            key: Some(key.to_owned()),
            ..self
        }
    }

    fn arn(&self, world: &World) -> String {
        let kind = match self.service {
            "s3files" => "file-system",
            _ => "bucket",
        };
        format!(
            "arn:aws:{}:{}:{}:{kind}/{}",
            self.service, self.region, world.account, self.name
        )
    }

    /// Algorithm and key, under the name that the service has for the algorithm.
    fn encryption(&self, algorithm: &str) -> Value {
        match &self.key {
            Some(key) => json!({ algorithm: "aws:kms", "kmsKeyArn": key }),
            None => json!({ algorithm: "AES256" }),
        }
    }
}

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "s3tables",
        name: "ListTableBuckets",
        matches: |call| call.path == "buckets" && call.param("type") == "customer",
        answer: |world, behaviour, call| {
            let entry = |bucket: &KindBucket| {
                json!({
                    "arn": bucket.arn(world), "name": bucket.name, "ownerAccountId": world.account,
                    "createdAt": "2025-03-04T05:06:07Z", "type": "customer",
                })
            };
            let token = call.param("continuationToken");
            let names = ("tableBuckets", "continuationToken");
            list((world, behaviour, call), names, token, &entry)
        },
    },
    Operation {
        service: "s3tables",
        name: "GetTableBucketPolicy",
        matches: |call| call.path.starts_with("buckets/") && call.path.ends_with("/policy"),
        answer: |world, _, call| policy(table(world, call), "resourcePolicy", "NotFoundException"),
    },
    Operation {
        service: "s3tables",
        name: "GetTableBucketEncryption",
        matches: |call| call.path.starts_with("buckets/") && call.path.ends_with("/encryption"),
        answer: |world, _, call| {
            let found = table(world, call).filter(|bucket| bucket.key.is_some());
            described(
                found,
                "NotFoundException",
                &|bucket| json!({ "encryptionConfiguration": bucket.encryption("sseAlgorithm") }),
            )
        },
    },
    Operation {
        service: "s3vectors",
        name: "ListVectorBuckets",
        matches: |call| call.method == "POST" && call.path == "ListVectorBuckets",
        answer: |world, behaviour, call| {
            let entry = |bucket: &KindBucket| {
                json!({
                    "vectorBucketName": bucket.name, "vectorBucketArn": bucket.arn(world),
                    "creationTime": 1_741_064_767,
                })
            };
            let body = call.json();
            let token = body["nextToken"].as_str().unwrap_or_default();
            let names = ("vectorBuckets", "nextToken");
            list((world, behaviour, call), names, token, &entry)
        },
    },
    Operation {
        service: "s3vectors",
        name: "GetVectorBucketPolicy",
        matches: |call| call.path == "GetVectorBucketPolicy",
        answer: |world, _, call| policy(vector(world, call), "policy", "NotFoundException"),
    },
    Operation {
        service: "s3vectors",
        name: "GetVectorBucket",
        matches: |call| call.path == "GetVectorBucket",
        answer: |world, _, call| {
            described(vector(world, call), "NotFoundException", &|bucket| {
                json!({ "vectorBucket": {
                    "vectorBucketName": bucket.name, "vectorBucketArn": bucket.arn(world),
                    "creationTime": 1_741_064_767, "encryptionConfiguration": bucket.encryption("sseType"),
                } })
            })
        },
    },
    Operation {
        service: "s3files",
        name: "ListFileSystems",
        matches: |call| call.segments() == ["file-systems"],
        answer: |world, behaviour, call| {
            let entry = |bucket: &KindBucket| file_system(world, bucket);
            let token = call.param("nextToken");
            let names = ("fileSystems", "nextToken");
            list((world, behaviour, call), names, token, &entry)
        },
    },
    Operation {
        service: "s3files",
        name: "GetFileSystemPolicy",
        matches: |call| matches!(call.segments()[..], ["file-systems", _, "policy"]),
        answer: |world, _, call| policy(system(world, call), "policy", "ResourceNotFoundException"),
    },
    Operation {
        service: "s3files",
        name: "GetFileSystem",
        matches: |call| matches!(call.segments()[..], ["file-systems", _]),
        answer: |world, _, call| {
            described(
                system(world, call),
                "ResourceNotFoundException",
                &|bucket| {
                    let mut answer = file_system(world, bucket);
                    answer["prefix"] = json!("");
                    if let Some(key) = &bucket.key {
                        answer["kmsKeyId"] = json!(key);
                    }
                    answer
                },
            )
        },
    },
];

fn file_system(world: &World, bucket: &KindBucket) -> Value {
    json!({
        "fileSystemId": bucket.name, "fileSystemArn": bucket.arn(world), "bucket": "arn:aws:s3:::acme-bucket-00001",
        "status": "available", "ownerId": world.account, "creationTime": 1_741_064_767,
        "roleArn": format!("arn:aws:iam::{}:role/files", world.account),
    })
}

fn here<'w>(world: &'w World, call: &'w Call) -> impl Iterator<Item = &'w KindBucket> {
    let buckets = world.kind_buckets.iter();
    buckets.filter(|bucket| bucket.service == call.service && bucket.region == call.region)
}

fn table<'w>(world: &'w World, call: &'w Call) -> Option<&'w KindBucket> {
    // buckets/arn:…:bucket/NAME/policy
    let name = call.segments().get(2).copied()?.to_owned();
    here(world, call).find(|bucket| bucket.name == name)
}

fn vector<'w>(world: &'w World, call: &'w Call) -> Option<&'w KindBucket> {
    let body = call.json();
    here(world, call).find(|bucket| body["vectorBucketName"] == json!(bucket.name))
}

fn system<'w>(world: &'w World, call: &'w Call) -> Option<&'w KindBucket> {
    let id = call.segments().get(1).copied()?.to_owned();
    here(world, call).find(|bucket| bucket.name == id)
}

fn list(
    (world, behaviour, call): (&World, &Behaviour, &Call),
    (member, next_token): (&str, &str),
    token: &str,
    entry: &dyn Fn(&KindBucket) -> Value,
) -> Answer {
    let all: Vec<Value> = here(world, call).map(entry).collect();
    let (entries, next) = page(&all, token, behaviour.page.unwrap_or(100));
    let mut answer = json!({ member: entries });
    if let Some(next) = next {
        answer[next_token] = json!(next);
    }
    Answer::json(&answer)
}

fn policy(bucket: Option<&KindBucket>, member: &str, missing: &str) -> Answer {
    let with_policy = bucket.filter(|bucket| bucket.policy.is_some());
    described(with_policy, missing, &|bucket| {
        let text = bucket.policy.as_ref().map(Value::to_string);
        json!({ member: text })
    })
}

fn described(
    bucket: Option<&KindBucket>,
    missing: &str,
    answer: &dyn Fn(&KindBucket) -> Value,
) -> Answer {
    bucket.map_or_else(
        || {
            Answer::error(
                "s3tables",
                404,
                missing,
                "The specified resource does not exist.",
            )
        },
        |bucket| Answer::json(&answer(bucket)),
    )
}
