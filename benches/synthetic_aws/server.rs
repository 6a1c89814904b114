//! The HTTP side: a thread with its own runtime, so that tests stay synchronous.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::faults::{Fault, FaultPlan, FaultyBody};
use super::latency::Latency;
use super::message::{Answer, Call};
use super::throttle::{Throttle, slow_down};
use super::{Behaviour, World, operations};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `service:Operation`.
    pub operation: String,
    /// The Host header.
    pub host: String,
    /// The Region it was signed for.
    pub region: String,
    /// The path.
    pub path: String,
    /// The User-Agent header.
    pub user_agent: String,
    /// When it arrived.
    pub at: std::time::Instant,
}

struct State {
    world: World,
    behaviour: Behaviour,
    throttle: Throttle,
    latency: Latency,
    faults: FaultPlan,
    counts: Mutex<BTreeMap<String, u64>>,
    flaky: Mutex<BTreeMap<String, u64>>,
    to_throttle: Mutex<BTreeMap<String, u64>>,
    seen: Mutex<Vec<Seen>>,
    arrived: AtomicU64,
    throttled: AtomicU64,
    struck: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

/// A running endpoint. It stops when this is dropped.
pub struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Endpoint {
    /// Starts on a free port of the loopback interface.
    pub fn start(world: World, behaviour: Behaviour) -> Self {
        Self::start_at("127.0.0.1:0", world, behaviour).expect("the loopback interface has a port")
    }

    /// Starts at an address.
    pub fn start_at(address: &str, world: World, behaviour: Behaviour) -> std::io::Result<Self> {
        let state = Arc::new(State {
            flaky: Mutex::new(behaviour.flaky.clone()),
            to_throttle: Mutex::new(behaviour.throttled.clone()),
            latency: Latency::new(behaviour.latency),
            faults: FaultPlan::new(behaviour.faults),
            world,
            behaviour,
            throttle: Throttle::default(),
            counts: Mutex::default(),
            seen: Mutex::default(),
            arrived: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            struck: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            most_in_flight: AtomicU64::new(0),
        });
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                let _ = ready.send(());
                tokio::select! {
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        let _ = is_ready.recv();
        Ok(Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The endpoint URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests by `service:Operation`, throttled ones included.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        locked(&self.state.counts).clone()
    }

    /// Requests for one `service:Operation`.
    pub fn count(&self, operation: &str) -> u64 {
        self.counts().get(operation).copied().unwrap_or(0)
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    /// Requests that were throttled.
    pub fn throttled(&self) -> u64 {
        self.state.throttled.load(Ordering::Relaxed)
    }

    /// Requests that a fault struck.
    pub fn struck(&self) -> u64 {
        self.state.struck.load(Ordering::Relaxed)
    }

    /// The most requests that were being answered at one time.
    pub fn most_in_flight(&self) -> u64 {
        self.state.most_in_flight.load(Ordering::Relaxed)
    }

    /// Every request, when [`Behaviour::record`] is set.
    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.state.seen).clone()
    }

    /// Serves until the process ends.
    pub fn serve(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // Without it an answer in two segments waits 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { respond(&state, request).await }
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn respond(
    state: &State,
    request: Request<Incoming>,
) -> std::io::Result<Response<FaultyBody>> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let (host, user_agent) = (header("host"), header("user-agent"));
    let (caller, service, region) = scope(&header("authorization"));
    let target = header("x-amz-target");
    let account_header = header("x-amz-account-id");
    let expected_owner = header("x-amz-expected-bucket-owner");
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let mut call = Call {
        service,
        region,
        caller,
        method: parts.method.as_str().to_owned(),
        path: decode(parts.uri.path().trim_start_matches('/'), false),
        query: parse_query(parts.uri.query().unwrap_or_default()),
        target,
        account_header,
        expected_owner,
        body: String::from_utf8_lossy(&body).into_owned(),
        raw: body.to_vec(),
    };
    // Directory buckets have a signing name of their own, and S3's operations.
    if call.service == "s3express" {
        call.service = "s3".to_owned();
    }
    if call.service == "s3" && call.path.starts_with("v20180820/") {
        call.service = "s3control".to_owned();
    }

    let _answering = Answering::new(state);
    let found = operations()
        .find(|operation| operation.service == call.service && (operation.matches)(&call));
    let name = found.map_or_else(
        || format!("{}:{} {}", call.service, call.method, call.path),
        |operation| format!("{}:{}", operation.service, operation.name),
    );
    *locked(&state.counts).entry(name.clone()).or_default() += 1;
    if state.behaviour.record {
        locked(&state.seen).push(Seen {
            operation: name.clone(),
            host,
            region: call.region.clone(),
            path: call.path.clone(),
            user_agent,
            at: std::time::Instant::now(),
        });
    }
    let arrived = state.arrived.fetch_add(1, Ordering::Relaxed);
    if state.behaviour.dies_after.is_some_and(|n| arrived >= n) {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    if state.behaviour.silent.contains(&name) {
        std::future::pending::<()>().await;
    }
    let admitted = state
        .throttle
        .admits(&state.behaviour, &call.service, &call.region);
    state.latency.pass().await;
    let fault = state.faults.next(&name, &call);
    state
        .struck
        .fetch_add(u64::from(fault.is_some()), Ordering::Relaxed);
    match fault {
        Some(Fault::Reset) => return Err(std::io::ErrorKind::ConnectionReset.into()),
        Some(Fault::Stalled(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let answer = if fault == Some(Fault::Refused) {
        slow_down(&call.service)
    } else if fault == Some(Fault::Failed) {
        internal_error(&call.service)
    } else if !admitted {
        state.throttled.fetch_add(1, Ordering::Relaxed);
        slow_down(&call.service)
    } else {
        match found {
            Some(operation) => scripted(state, &call, &name).unwrap_or_else(|| {
                (operation.answer)(state.world_of(&call), &state.behaviour, &call)
            }),
            None => Answer::error(
                &call.service,
                501,
                "NotImplemented",
                "the synthetic endpoint does not know this operation",
            ),
        }
    };
    let answer = http(answer);
    if fault == Some(Fault::Truncated) {
        let (head, body) = answer.into_parts();
        // What has no body cannot break off in it.
        if body.is_empty() {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        return Ok(Response::from_parts(head, FaultyBody::truncated(&body)));
    }
    Ok(answer.map(FaultyBody::whole))
}

impl State {
    /// The account that a request is about: the caller's, but that of the endpoint for what concerns all
    /// accounts.
    fn world_of(&self, call: &Call) -> &World {
        if matches!(call.service.as_str(), "sts" | "organizations") {
            return &self.world;
        }
        self.world.members.get(&call.caller).unwrap_or(&self.world)
    }
}

/// A request that is being answered, until the answer is ready or the client has gone.
struct Answering<'a>(&'a State);

impl<'a> Answering<'a> {
    fn new(state: &'a State) -> Self {
        let now = state.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        state.most_in_flight.fetch_max(now, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A refusal or failure the behaviour asks for.
fn scripted(state: &State, call: &Call, name: &str) -> Option<Answer> {
    let behaviour = &state.behaviour;
    let in_region = format!("{name}@{}", call.region);
    if behaviour.deny.contains(name) || behaviour.deny.contains(&in_region) {
        let code = match call.service.as_str() {
            "s3" | "s3control" | "sts" | "iam" => "AccessDenied",
            _ => "AccessDeniedException",
        };
        let message = format!(
            "User: arn:aws:iam::{}:user/auditor is not authorized to perform: {name}",
            state.world.account
        );
        return Some(Answer::error(&call.service, 403, code, &message));
    }
    if let Some((status, code)) = behaviour.fail.get(name) {
        return Some(Answer::error(&call.service, *status, code, "as asked for"));
    }
    if let Some((status, text)) = behaviour.text.get(name) {
        return Some(Answer {
            status: *status,
            body: text.clone(),
            ..Answer::xml(String::new())
        });
    }
    if let Some(answers) = behaviour.fail_from.get(name)
        && locked(&state.counts)
            .get(name)
            .is_some_and(|count| count >= answers)
    {
        return Some(Answer::error(
            &call.service,
            400,
            "InvalidToken",
            "as asked for",
        ));
    }
    let mut throttled = locked(&state.to_throttle);
    if let Some(left) = throttled.get_mut(name).filter(|left| **left > 0) {
        *left -= 1;
        let code = "TooManyRequestsException";
        return Some(Answer::error(&call.service, 400, code, "as asked for"));
    }
    drop(throttled);
    let mut flaky = locked(&state.flaky);
    let left = flaky.get_mut(name).filter(|left| **left > 0)?;
    *left -= 1;
    Some(internal_error(&call.service))
}

fn internal_error(service: &str) -> Answer {
    Answer::error(
        service,
        500,
        "InternalError",
        "We encountered an internal error. Please try again.",
    )
}

fn http(answer: Answer) -> Response<Bytes> {
    let mut response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("x-amzn-requestid", "SYNTHETIC")
        .header("x-amz-request-id", "SYNTHETIC");
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response
        .body(
            answer
                .raw
                .map_or_else(|| Bytes::from(answer.body), Bytes::from),
        )
        .expect("headers are plain text")
}

/// Access key, service and Region from the signature's scope:
/// `AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/s3/aws4_request, …`.
fn scope(authorization: &str) -> (String, String, String) {
    let mut parts = authorization
        .split_once("Credential=")
        .map_or("", |(_, rest)| rest)
        .split(',')
        .next()
        .unwrap_or_default()
        .split('/');
    let caller = parts.next().unwrap_or_default().to_owned();
    let _date = parts.next();
    let region = parts.next().unwrap_or_default().to_owned();
    let service = parts.next().unwrap_or_default().to_owned();
    (caller, service, region)
}

/// The parameters of a query string or form.
pub fn parse_query(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

fn decode(text: &str, form: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(if form && byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
