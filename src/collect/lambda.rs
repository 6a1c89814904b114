//! The functions of one Region: their list, and the readings of each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{
    AliasConfiguration, FunctionConfiguration as SdkFunction, FunctionVersion,
    ProvisionedConcurrencyConfigListItem,
};

use crate::inventory::Reading;
use crate::inventory::account::{Listing, RegionInventory};
use crate::inventory::function::{
    Alias, FunctionConfiguration, FunctionInventory, Image, Layer, ProvisionedConcurrency,
    SnapStart, Vpc,
};
use crate::inventory::need::ReadingKind;
use crate::inventory::request::NameFilter;

use super::call_error::CallError;
use super::functions::{LATEST, qualifier, ruled_out, unqualified};
use super::lane::ServiceFamily;
use super::paging::{each, listing, pages};
use super::session::Session;
use super::{answer, function_access, function_state, logs, metrics, packages, prices, triggers};

/// Reads the functions of a Region.
pub async fn read(session: &Session, region: &str) -> RegionInventory {
    let (listing, functions) = list(session, region).await;
    session
        .progress
        .detail(&planned(session, region, &functions));
    let mut functions: BTreeMap<_, _> = each(session, functions, |(name, listed)| async move {
        let function = read_one(session, region, &name, listed).await;
        (name, function)
    })
    .await;
    if let Some(days) = session.request.measure_days
        && session.plan.wants(ReadingKind::FunctionMeasured)
    {
        logs::measure(session, region, days, &mut functions).await;
    }
    let mut inventory = RegionInventory {
        function_listing: listing,
        functions,
        ..RegionInventory::default()
    };
    triggers::read(session, region, &mut inventory).await;
    metrics::read(session, region, &mut inventory.functions).await;
    if !inventory.functions.is_empty() {
        inventory.lambda_prices = prices::read(session, region).await;
    }
    inventory
}

/// The calls that a Region's functions will take, and how long at Lambda's quotas.
fn planned(
    session: &Session,
    region: &str,
    functions: &BTreeMap<String, FunctionInventory>,
) -> String {
    let wants = |reading| session.plan.wants(reading);
    let latest = |image: bool| {
        functions
            .values()
            .filter(|function| {
                function
                    .versions
                    .get(LATEST)
                    .is_some_and(|latest| (latest.package_type == "Image") == image)
            })
            .count()
    };
    let layers: BTreeSet<&str> = functions
        .values()
        .flat_map(|function| function.versions.values())
        .flat_map(|version| &version.layers)
        .map(|layer| layer.arn.as_str())
        .collect();
    let packages = wants(ReadingKind::FunctionPackages);
    let shared = [
        (
            wants(ReadingKind::FunctionAliases),
            "ListAliases",
            functions.len(),
        ),
        (
            wants(ReadingKind::FunctionProvisionedConcurrency),
            "ListProvisionedConcurrencyConfigs",
            functions.len(),
        ),
        (packages, "GetLayerVersionByArn", layers.len()),
    ];
    let images = if wants(ReadingKind::FunctionImage) {
        latest(true)
    } else {
        0
    };
    let own = images + if packages { latest(false) } else { 0 };
    let mut calls: Vec<String> = Vec::new();
    let mut in_shared: usize = 0;
    for (_, operation, count) in shared.iter().filter(|(wanted, ..)| *wanted) {
        in_shared += count;
        calls.push(format!("{operation} {count}"));
    }
    if own > 0 {
        calls.push(format!("GetFunction {own}"));
    }
    // 15 requests a second for all calls together, 100 for GetFunction, side by side.
    let seconds = in_shared.div_ceil(15).max(own.div_ceil(100));
    format!(
        "plan for {} functions in {region}: {}; at least {seconds} s at Lambda's quotas",
        functions.len(),
        if calls.is_empty() {
            "no further calls".to_owned()
        } else {
            calls.join(", ")
        }
    )
}

/// The functions with all their versions.
async fn list(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, FunctionInventory>) {
    let wanted = NameFilter::new(&session.request.resources.functions);
    let client = session.clients.lambda(region);
    let mut functions: BTreeMap<String, FunctionInventory> = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::Lambda, region),
        |marker| {
            client
                .list_functions()
                .function_version(FunctionVersion::All)
                .max_items(50)
                .set_marker(marker)
                .send()
        },
        |page| {
            for function in page.functions() {
                let Some(name) = function.function_name() else {
                    continue;
                };
                if !wanted.selects(name) {
                    continue;
                }
                let entry = functions.entry(name.to_owned()).or_default();
                if entry.arn.is_empty() {
                    entry.arn = unqualified(function.function_arn().unwrap_or_default());
                }
                entry.versions.insert(
                    function.version().unwrap_or(LATEST).to_owned(),
                    configuration(function),
                );
            }
            page.next_marker
        },
    )
    .await;
    // What the filter left out is not in the snapshot.
    let listing = listing(ReadingKind::FunctionListing, went, wanted.selects_all());
    (listing, functions)
}

async fn read_one(
    session: &Session,
    region: &str,
    name: &str,
    listed: FunctionInventory,
) -> FunctionInventory {
    let mut function = listed;
    if session.plan.wants(ReadingKind::FunctionAliases) {
        function.aliases = answer::reading(
            ReadingKind::FunctionAliases,
            aliases(session, region, name).await.map(Some),
        );
    }
    if session
        .plan
        .wants(ReadingKind::FunctionProvisionedConcurrency)
    {
        function.provisioned_concurrency = answer::reading(
            ReadingKind::FunctionProvisionedConcurrency,
            provisioned(session, region, name).await.map(Some),
        );
    }
    function_access::read(session, region, name, &mut function).await;
    function_state::read(session, region, name, &mut function).await;
    let calls = |kind| {
        session
            .plan
            .calls(kind, |guard| ruled_out(&function, guard))
    };
    let (of_image, of_packages) = (
        calls(ReadingKind::FunctionImage),
        calls(ReadingKind::FunctionPackages),
    );
    if of_image {
        function.image = image(session, region, name).await;
    }
    if of_packages {
        function.packages = packages::read(session, region, name, &function).await;
    }
    function
}

async fn aliases(session: &Session, region: &str, name: &str) -> Result<Vec<Alias>, CallError> {
    let client = session.clients.lambda(region);
    let mut aliases = Vec::new();
    pages(
        session,
        (ServiceFamily::Lambda, region),
        |marker| {
            client
                .list_aliases()
                .function_name(name)
                .set_marker(marker)
                .send()
        },
        |page| {
            aliases.extend(page.aliases().iter().filter_map(alias));
            page.next_marker
        },
    )
    .await?;
    aliases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(aliases)
}

async fn provisioned(
    session: &Session,
    region: &str,
    name: &str,
) -> Result<Vec<ProvisionedConcurrency>, CallError> {
    let client = session.clients.lambda(region);
    let mut configs = Vec::new();
    pages(
        session,
        (ServiceFamily::Lambda, region),
        |marker| {
            client
                .list_provisioned_concurrency_configs()
                .function_name(name)
                .set_marker(marker)
                .send()
        },
        |page| {
            let items = page.provisioned_concurrency_configs().iter();
            configs.extend(items.filter_map(provisioned_concurrency));
            page.next_marker
        },
    )
    .await?;
    configs.sort_by(|a, b| a.qualifier.cmp(&b.qualifier));
    Ok(configs)
}

/// The compressed size of `$LATEST`'s container image. GetFunction also answers with a presigned
/// URL of the code, which is dropped unread.
async fn image(session: &Session, region: &str, name: &str) -> Reading<Image> {
    const KIND: ReadingKind = ReadingKind::FunctionImage;
    let client = session.clients.lambda(region);
    let answer = session
        .call(ServiceFamily::LambdaGetFunction, region, || {
            client.get_function().function_name(name).send()
        })
        .await;
    let uri = match answer {
        Ok(output) => output
            .code
            .and_then(|code| code.resolved_image_uri.or(code.image_uri)),
        Err(error) => return answer::unread(KIND, &error),
    };
    let Some(source) = uri.as_deref().and_then(ImageSource::parse) else {
        return Reading::Failed {
            action: KIND.action().to_owned(),
            code: "NoImageUri".to_owned(),
            message: "the function's image is not in an Amazon ECR repository".to_owned(),
        };
    };
    // The image may live in another Region than the function's account default, never than the
    // function itself; the URI says.
    let ecr = session.clients.ecr(source.region);
    let answer = session
        .call(ServiceFamily::Ecr, source.region, || {
            ecr.describe_images()
                .registry_id(source.registry)
                .repository_name(source.repository)
                .image_ids(source.id())
                .send()
        })
        .await;
    match answer {
        Ok(output) => {
            let size = output
                .image_details()
                .first()
                .and_then(aws_sdk_ecr::types::ImageDetail::image_size_in_bytes)
                .and_then(|size| u64::try_from(size).ok());
            match size {
                Some(compressed_bytes) => Reading::Known(Image { compressed_bytes }),
                None => Reading::Failed {
                    action: "ecr:DescribeImages".to_owned(),
                    code: "NoImageSize".to_owned(),
                    message: "the registry did not say how large the image is".to_owned(),
                },
            }
        }
        Err(error) => answer::unread_by(KIND, "ecr:DescribeImages", &error),
    }
}

/// Where an image is: `<account>.dkr.ecr.<region>.<suffix>/<repository>[@<digest>|:<tag>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ImageSource<'a> {
    registry: &'a str,
    region: &'a str,
    repository: &'a str,
    digest: Option<&'a str>,
    tag: Option<&'a str>,
}

impl<'a> ImageSource<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
        let (host, path) = uri.split_once('/')?;
        let mut labels = host.split('.');
        let registry = labels.next()?;
        let (dkr, ecr, region) = (labels.next()?, labels.next()?, labels.next()?);
        if !dkr.starts_with("dkr") || !ecr.starts_with("ecr") {
            return None;
        }
        let (rest, digest) = match path.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        (digest.is_some() || tag.is_some()).then_some(Self {
            registry,
            region,
            repository,
            digest,
            tag,
        })
    }

    /// The digest when there is one: a tag may have moved on since.
    fn id(&self) -> aws_sdk_ecr::types::ImageIdentifier {
        let builder = aws_sdk_ecr::types::ImageIdentifier::builder();
        match (self.digest, self.tag) {
            (Some(digest), _) => builder.image_digest(digest).build(),
            (None, Some(tag)) => builder.image_tag(tag).build(),
            (None, None) => builder.build(),
        }
    }
}

fn alias(alias: &AliasConfiguration) -> Option<Alias> {
    Some(Alias {
        name: alias.name()?.to_owned(),
        version: alias.function_version().unwrap_or_default().to_owned(),
        additional_versions: alias
            .routing_config()
            .and_then(|routing| routing.additional_version_weights())
            .map(|weights| weights.iter().map(|(k, v)| (k.clone(), *v)).collect())
            .unwrap_or_default(),
    })
}

fn provisioned_concurrency(
    item: &ProvisionedConcurrencyConfigListItem,
) -> Option<ProvisionedConcurrency> {
    let count = |value: Option<i32>| u32::try_from(value.unwrap_or(0)).unwrap_or(0);
    Some(ProvisionedConcurrency {
        qualifier: qualifier(item.function_arn()?)?.to_owned(),
        requested: count(item.requested_provisioned_concurrent_executions()),
        available: count(item.available_provisioned_concurrent_executions()),
        allocated: count(item.allocated_provisioned_concurrent_executions()),
        status: item
            .status()
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        last_modified: item.last_modified().map(str::to_owned),
        status_reason: item
            .status_reason()
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned),
    })
}

/// What is kept of a function's configuration. Environment variables by name only: their values
/// are dropped here and exist nowhere else.
fn configuration(function: &SdkFunction) -> FunctionConfiguration {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let mut environment_names: Vec<String> = function
        .environment()
        .and_then(|environment| environment.variables())
        .map(|variables| variables.keys().cloned().collect())
        .unwrap_or_default();
    environment_names.sort();
    FunctionConfiguration {
        runtime: function
            .runtime()
            .and_then(|runtime| some(Some(runtime.as_str()))),
        // Functions from before container images carry neither field; these are their values
        // (Lambda API reference, CreateFunction).
        package_type: function
            .package_type()
            .map_or("Zip", |kind| kind.as_str())
            .to_owned(),
        architecture: function
            .architectures()
            .first()
            .map_or("x86_64", |architecture| architecture.as_str())
            .to_owned(),
        memory_mb: function
            .memory_size()
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(128),
        timeout_s: function
            .timeout()
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(3),
        code_size_bytes: u64::try_from(function.code_size()).unwrap_or(0),
        code_sha256: function.code_sha256().unwrap_or_default().to_owned(),
        handler: some(function.handler()),
        role: some(function.role()),
        description: function.description().unwrap_or_default().to_owned(),
        layers: function
            .layers()
            .iter()
            .filter_map(|layer| {
                Some(Layer {
                    arn: layer.arn()?.to_owned(),
                    code_size_bytes: u64::try_from(layer.code_size()).unwrap_or(0),
                })
            })
            .collect(),
        vpc: vpc(function),
        snap_start: function.snap_start().map(|snap_start| SnapStart {
            apply_on: snap_start
                .apply_on()
                .map_or("None", |value| value.as_str())
                .to_owned(),
            optimization_status: snap_start
                .optimization_status()
                .map_or("Off", |value| value.as_str())
                .to_owned(),
        }),
        ephemeral_storage_mb: function
            .ephemeral_storage()
            .and_then(|storage| u32::try_from(storage.size()).ok())
            .unwrap_or(512),
        environment_names,
        undetermined: BTreeMap::new(),
        file_systems: function
            .file_system_configs()
            .iter()
            .map(|config| config.arn().to_owned())
            .collect(),
        state: function.state().map(|state| state.as_str().to_owned()),
        state_reason_code: function
            .state_reason_code()
            .map(|code| code.as_str().to_owned()),
        tenant_isolation: function.tenancy_config().is_some(),
        managed_instances: function.capacity_provider_config().is_some_and(|config| {
            config
                .lambda_managed_instances_capacity_provider_config()
                .is_some()
        }),
        durable: function.durable_config().is_some(),
        master_arn: some(function.master_arn()),
        log_group: function
            .logging_config()
            .and_then(|logging| some(logging.log_group()))
            // The default group is named in every answer; only another one is worth keeping.
            .filter(|group| {
                *group
                    != format!(
                        "/aws/lambda/{}",
                        function.function_name().unwrap_or_default()
                    )
            }),
        log_format: function
            .logging_config()
            .and_then(|logging| logging.log_format())
            .map(|format| format.as_str().to_owned()),
        last_modified: some(function.last_modified()),
    }
}

/// A function that was detached from its VPC keeps an empty configuration.
fn vpc(function: &SdkFunction) -> Option<Vpc> {
    let config = function.vpc_config()?;
    if config.subnet_ids().is_empty() && config.vpc_id().unwrap_or_default().is_empty() {
        return None;
    }
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    Some(Vpc {
        vpc_id: config.vpc_id().unwrap_or_default().to_owned(),
        subnets: sorted(config.subnet_ids()),
        security_groups: sorted(config.security_group_ids()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_image_is() {
        let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:abc";
        assert_eq!(
            ImageSource::parse(uri),
            Some(ImageSource {
                registry: "111122223333",
                region: "eu-west-1",
                repository: "team/app",
                digest: Some("sha256:abc"),
                tag: None,
            })
        );
        let tagged = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app:v1";
        assert_eq!(
            ImageSource::parse(tagged).map(|image| (image.repository, image.tag)),
            Some(("app", Some("v1")))
        );
        assert_eq!(
            ImageSource::parse("public.ecr.aws/lambda/python:3.13"),
            None
        );
        assert_eq!(ImageSource::parse("nonsense"), None);
    }
}
