//! What zip packages and layers hold, read from their ends.
//!
//! lambda:GetFunction answers with a presigned URL of the code, good for ten minutes. Two requests
//! to it read the package's directory: the last 64 KB, and what they point at. The requests are
//! plain: no credentials, no cookies, no redirect is followed, and an answer that is not the range
//! asked for is dropped unread. The URL itself lives in this file's calls and nowhere else.
//!
//! Where the endpoint is not AWS, a URL is followed only to the endpoint's own host or to loopback:
//! local servers answer with addresses of the real AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::inventory::Reading;
use crate::inventory::archive::directory::{self, Refusal, TAIL};
use crate::inventory::archive::{Archive, LayerPackage, Package, StoredCode, summary};
use crate::inventory::function::FunctionInventory;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::lane::ServiceFamily;
use super::session::Session;

const KIND: ReadingKind = ReadingKind::FunctionPackages;
const LAYER_ACTION: &str = "lambda:GetLayerVersion";
/// How long one range is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the packages of one function: `$LATEST`, and versions in use whose code is another.
pub async fn read(
    session: &Session,
    region: &str,
    name: &str,
    function: &FunctionInventory,
) -> Reading<Vec<Package>> {
    let mut packages = Vec::new();
    for version in chosen(function) {
        match package(session, region, name, &version, function).await {
            Reading::Known(package) => packages.push(package),
            // What $LATEST answers decides; a version that is gone by now is merely not there.
            refused if packages.is_empty() => return refused.map(|_| Vec::new()),
            _ => {}
        }
    }
    Reading::Known(packages)
}

/// The versions to ask for: one for each different package that is in use.
fn chosen(function: &FunctionInventory) -> Vec<String> {
    let aliases = function.aliases.known().into_iter().flatten();
    let provisioned = function
        .provisioned_concurrency
        .known()
        .into_iter()
        .flatten();
    let used: BTreeSet<&str> = aliases
        .flat_map(|alias| {
            std::iter::once(alias.version.as_str())
                .chain(alias.additional_versions.keys().map(String::as_str))
        })
        .chain(provisioned.map(|configuration| configuration.qualifier.as_str()))
        .collect();
    let mut seen = BTreeSet::new();
    std::iter::once("$LATEST")
        .chain(used)
        .filter_map(|version| {
            let configuration = function.versions.get(version)?;
            // Versions with the same code may have different layers, and then differ too.
            let layers: Vec<&str> = configuration
                .layers
                .iter()
                .map(|layer| layer.arn.as_str())
                .collect();
            let different = configuration.code_sha256.is_empty()
                || seen.insert((configuration.code_sha256.as_str(), layers));
            (different && configuration.package_type != "Image").then(|| version.to_owned())
        })
        .collect()
}

async fn package(
    session: &Session,
    region: &str,
    name: &str,
    version: &str,
    function: &FunctionInventory,
) -> Reading<Package> {
    let client = session.clients.lambda(region);
    let answer = session
        .call(ServiceFamily::LambdaGetFunction, region, || {
            let call = client.get_function().function_name(name);
            if version == "$LATEST" {
                call.send()
            } else {
                call.qualifier(version).send()
            }
        })
        .await;
    let place = match answer {
        Ok(output) => output.code,
        Err(error) => return answer::unread(KIND, &error),
    };
    let (url, stored_in) = match place {
        Some(place) => (
            place.location,
            place.resolved_s3_object.and_then(|object| {
                Some(StoredCode {
                    bucket: object.s3_bucket.filter(|bucket| !bucket.is_empty())?,
                    key: object.s3_key.unwrap_or_default(),
                    version: object.s3_object_version,
                })
            }),
        ),
        None => (None, None),
    };
    let Some(url) = url else {
        return failed(
            KIND.action(),
            "NoLocation",
            "AWS named no place of the code",
        );
    };
    let code = match inspect(session, region, &url).await {
        Ok(archive) => archive,
        Err(Unread::Interrupted) => return Reading::NotCollected,
        Err(Unread::Failed(code, message)) => return failed(KIND.action(), code, &message),
    };
    let configuration = function.versions.get(version);
    let mut layers = Vec::new();
    for listed in configuration.into_iter().flat_map(|known| &known.layers) {
        layers.push(LayerPackage {
            arn: listed.arn.clone(),
            archive: layer(session, region, &listed.arn).await,
        });
    }
    Reading::Known(Package {
        version: version.to_owned(),
        code_sha256: configuration
            .map(|known| known.code_sha256.clone())
            .unwrap_or_default(),
        code,
        stored_in,
        layers,
    })
}

fn failed<T>(action: &str, code: &str, message: &str) -> Reading<T> {
    Reading::Failed {
        action: action.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// A layer's contents, read once a run however many functions use it.
async fn layer(session: &Session, region: &str, arn: &str) -> Reading<Archive> {
    let cell = session.layers.of(arn);
    cell.get_or_init(|| async {
        let client = session.clients.lambda(region);
        let answer = session
            .call(ServiceFamily::Lambda, region, || {
                client.get_layer_version_by_arn().arn(arn).send()
            })
            .await;
        let url = match answer {
            Ok(output) => output.content.and_then(|content| content.location),
            Err(error) => return answer::unread_by(KIND, LAYER_ACTION, &error),
        };
        let Some(url) = url else {
            return failed(
                LAYER_ACTION,
                "NoLocation",
                "AWS named no place of the layer",
            );
        };
        match inspect(session, region, &url).await {
            Ok(archive) => Reading::Known(archive),
            Err(Unread::Interrupted) => Reading::NotCollected,
            Err(Unread::Failed(code, message)) => failed(LAYER_ACTION, code, &message),
        }
    })
    .await
    .clone()
}

/// Why a package could not be read.
#[derive(Debug)]
enum Unread {
    Interrupted,
    /// A code in the manner of AWS's, and words without the URL.
    Failed(&'static str, String),
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Failed("UnreadablePackage", format!("the package: {refusal}"))
    }
}

async fn inspect(session: &Session, region: &str, url: &str) -> Result<Archive, Unread> {
    let endpoint = session.clients.lambda_endpoint();
    if !may_follow(url, endpoint.as_deref()) {
        return Err(Unread::Failed(
            "ForeignLocation",
            "the code is not on the endpoint's own host; it was not asked".to_owned(),
        ));
    }
    let range = |range: String, most| async move {
        let connector = session.clients.plain();
        let lane = session.lanes.lane(ServiceFamily::PackageRange, region);
        let asked = lane.once(async {
            tokio::time::timeout(PATIENCE, fetch(connector, url, &range, most))
                .await
                .unwrap_or_else(|_| {
                    Err(Unread::Failed(
                        "Timeout",
                        "the code did not arrive in time".to_owned(),
                    ))
                })
        });
        asked.await.unwrap_or(Err(Unread::Interrupted))
    };
    let tail = range(format!("bytes=-{TAIL}"), TAIL).await?;
    let location = directory::locate(&tail.bytes, tail.total)?;
    if location.entries == 0 {
        return Ok(summary::summarize(&[], location, tail.total)?);
    }
    // Small packages come whole with their tail.
    let starts = tail.total.saturating_sub(length(&tail.bytes));
    let within = location.offset.checked_sub(starts).and_then(|from| {
        let from = usize::try_from(from).ok()?;
        let to = from.checked_add(usize::try_from(location.length).ok()?)?;
        tail.bytes.get(from..to)
    });
    if let Some(bytes) = within {
        return Ok(summary::summarize(bytes, location, tail.total)?);
    }
    let last = location
        .offset
        .saturating_add(location.length)
        .saturating_sub(1);
    let directory = range(format!("bytes={}-{last}", location.offset), location.length).await?;
    Ok(summary::summarize(&directory.bytes, location, tail.total)?)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A part of a file.
#[derive(Debug)]
struct FilePart {
    bytes: Vec<u8>,
    /// Size of the whole file.
    total: u64,
}

/// Asks for one range, and reads no more than `most` bytes of whatever comes.
async fn fetch(
    connector: &Connector,
    url: &str,
    range: &str,
    most: u64,
) -> Result<FilePart, Unread> {
    // The URL is a key to the code: no error of ours repeats it.
    let unreachable = |_| Unread::Failed("Connection", "the code could not be reached".to_owned());
    let mut request = HttpRequest::new(SdkBody::empty());
    request
        .set_uri(url)
        .map_err(|_| Unread::Failed("NoLocation", "the code's place is no URL".to_owned()))?;
    request.headers_mut().insert("range", range.to_owned());
    let answer = connector.call(request).await.map_err(unreachable)?;
    match answer.status().as_u16() {
        206 => {}
        200 => {
            return Err(Unread::Failed(
                "RangeNotSupported",
                "the server would send the whole package; it was not read".to_owned(),
            ));
        }
        status => {
            return Err(Unread::Failed(
                "CodeNotServed",
                format!("the server answered with status {status}"),
            ));
        }
    }
    let total = answer
        .headers()
        .get("content-range")
        .and_then(|value| value.rsplit_once('/'))
        .and_then(|(_, total)| total.parse().ok())
        .ok_or_else(|| {
            Unread::Failed(
                "RangeNotSupported",
                "the server did not say which range it sent".to_owned(),
            )
        })?;
    let mut body = ByteStream::new(answer.into_body());
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|_| Unread::Failed("Connection", "the code broke off".to_owned()))?;
        if length(&bytes).saturating_add(length(&chunk)) > most {
            return Err(Unread::Failed(
                "RangeNotSupported",
                "the server sent more than was asked for".to_owned(),
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(FilePart { bytes, total })
}

/// Where a URL of code may be followed to: on AWS anywhere by https, elsewhere to the endpoint's
/// own host and to loopback.
fn may_follow(url: &str, endpoint: Option<&str>) -> bool {
    let Some(host) = host(url) else { return false };
    match endpoint {
        None => url.starts_with("https://"),
        Some(endpoint) => {
            self::host(endpoint) == Some(host)
                || host == "localhost"
                || host
                    .trim_start_matches('[')
                    .trim_end_matches(']')
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

/// The host of a URL, without user and port.
fn host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // A name before an @ is how one host is made to look like another.
    if authority.contains(['@', '\\']) {
        return None;
    }
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next()?
    } else {
        authority.split(':').next()?
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inventory::function::{Alias, FunctionConfiguration};

    #[test]
    fn a_url_is_followed_to_aws_or_to_the_endpoint_itself() {
        let aws =
            "https://prod-04-2014-tasks.s3.us-east-1.amazonaws.com/snapshots/x?X-Amz-Signature=s";
        assert!(may_follow(aws, None));
        assert!(!may_follow("http://s3.amazonaws.com/x", None));
        let local = Some("http://127.0.0.1:4566");
        assert!(may_follow("http://127.0.0.1:9999/code", local));
        assert!(may_follow("http://localhost:4566/code", local));
        assert!(may_follow("http://[::1]:4566/code", local));
        assert!(may_follow(
            "https://aws.example.com/code",
            Some("https://aws.example.com:8443")
        ));
        // What moto answers: a real host.
        assert!(!may_follow(aws, local));
        for disguised in [
            "http://127.0.0.1@s3.amazonaws.com/x",
            "http://127.0.0.1:80@s3.amazonaws.com/x",
            "http://127.0.0.1.example.com/x",
            "file:///etc/passwd",
            "http:///x",
        ] {
            assert!(!may_follow(disguised, local), "{disguised}");
        }
    }

    #[test]
    fn every_different_package_in_use_is_asked_for_once() {
        let version = |sha: &str| FunctionConfiguration {
            package_type: "Zip".to_owned(),
            code_sha256: sha.to_owned(),
            ..FunctionConfiguration::default()
        };
        let alias = |name: &str, version: &str| Alias {
            name: name.to_owned(),
            version: version.to_owned(),
            ..Alias::default()
        };
        let function = FunctionInventory {
            versions: BTreeMap::from([
                ("$LATEST".to_owned(), version("b")),
                ("1".to_owned(), version("a")),
                ("2".to_owned(), version("b")),
                ("3".to_owned(), version("c")),
            ]),
            // Nothing calls 3, 2 has the code of $LATEST, and 9 is gone.
            aliases: Reading::Known(vec![
                alias("live", "1"),
                alias("next", "2"),
                alias("x", "9"),
            ]),
            ..FunctionInventory::default()
        };
        assert_eq!(chosen(&function), ["$LATEST", "1"]);
    }
}
