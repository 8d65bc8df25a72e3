//! A registry on this machine with one image, which can inject faults.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::access::{Access, RegistryOptions};
use crate::environment::Environment;
use crate::machine::MachineSettings;
use crate::registry::deadlines::Deadlines;
use crate::registry::repository::Settings;
use crate::registry::trust::TrustFiles;
use crate::registry::{RegistryImage, SourceError};
use dive_model::digest::Digest;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A received request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
    /// Earlier requests for the same path.
    pub(super) before: usize,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The start of the requested range; `None` for the whole body.
    pub(super) fn from(&self) -> Option<usize> {
        self.header("range").strip_prefix("bytes=")?.split('-').next()?.parse().ok()
    }
}

/// A response to send.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Body bytes before the connection is closed.
    pub(super) cut: Option<usize>,
    /// Delay before the body.
    pub(super) stall: Duration,
    /// Delay before each byte of the body.
    pub(super) drip: Duration,
}

impl Reply {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: "200 OK", body: body.into(), ..Self::default() }
    }

    pub(super) fn status(status: &'static str) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn cut(self, at: usize) -> Self {
        Self { cut: Some(at), ..self }
    }

    /// A partial response with `body` from `from` on.
    pub(super) fn part(body: &[u8], from: usize) -> Self {
        let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
        Self { status: "206 Partial Content", ..Self::ok(&body[from..]) }.with("Content-Range", range)
    }
}

/// A server that runs until the process ends.
pub(super) struct Server {
    pub(super) host: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*answer, &log));
            }
        });
        Self { host, seen }
    }

    /// The received requests, in order.
    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The number of requests for `path`.
    pub(super) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|request| request.path == path).count()
    }

    /// Options that allow plain HTTP to this server, without credentials.
    pub(super) fn access(&self) -> Access {
        let registries = RegistryOptions { insecure: vec![self.host.clone()], ..RegistryOptions::default() };
        Access { registries, ..Access::default() }
    }

    pub(super) fn open(&self) -> Result<RegistryImage, SourceError> {
        self.open_with(&self.access())
    }

    pub(super) fn open_with(&self, access: &Access) -> Result<RegistryImage, SourceError> {
        open(&format!("{}/app:1", self.host), access)
    }
}

pub(super) fn open(name: &str, access: &Access) -> Result<RegistryImage, SourceError> {
    open_within(name, access, Deadlines::default())
}

/// The same with other deadlines.
pub(super) fn open_within(name: &str, access: &Access, deadlines: Deadlines) -> Result<RegistryImage, SourceError> {
    let settings = Settings {
        trust: TrustFiles::default(),
        machine: MachineSettings::default(),
        pause: Duration::from_millis(1),
        deadlines,
    };
    RegistryImage::open_with(name, access, settings)
}

/// A folder with docker's configuration file, and the environment that names it. `entry` is the file's entry for `host`.
pub(super) fn logged_in(host: &str, entry: &str) -> (tempfile::TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(r#"{{"auths": {{"{host}": {entry}}}}}"#);
    std::fs::write(folder.path().join("config.json"), text).unwrap();
    let environment = [("DOCKER_CONFIG", folder.path())].into_iter().collect();
    (folder, environment)
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, seen: &Mutex<Vec<Request>>) {
    let mut first = [0];
    // Hang up on a TLS handshake.
    if stream.peek(&mut first).is_err() || first[0] == 0x16 {
        return;
    }
    let Some(request) = read(&stream, seen) else { return };
    let reply = answer(&request);
    let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", reply.status);
    // `Content-Length` is optional in a response to HEAD.
    if request.method != "HEAD" && !reply.headers.iter().any(|(name, _)| *name == "Content-Length") {
        write!(head, "Content-Length: {}\r\n", reply.body.len()).unwrap();
    }
    for (name, value) in &reply.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len())];
    // The client may have hung up.
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    if request.method != "HEAD" {
        thread::sleep(reply.stall);
        if reply.drip.is_zero() {
            let _ = stream.write_all(body);
        } else {
            let mut bytes = body.chunks(1);
            let mut send = |byte: &[u8]| stream.write_all(byte).is_ok();
            while bytes.next().is_some_and(&mut send) {
                thread::sleep(reply.drip);
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn read(stream: &TcpStream, seen: &Mutex<Vec<Request>>) -> Option<Request> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |text| text.parse().unwrap())];
    std::io::Read::read_exact(&mut lines, &mut body).ok()?;
    let mut seen = seen.lock().unwrap();
    let before = seen.iter().filter(|request| request.path == path).count();
    let body = String::from_utf8(body).ok()?;
    let request = Request { method, path, headers, body, before };
    seen.push(request.clone());
    Some(request)
}

/// An image with two layers, and the paths of its parts.
pub(super) struct Fixture {
    pub(super) manifest: Vec<u8>,
    pub(super) layers: [Vec<u8>; 2],
    parts: HashMap<String, Vec<u8>>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let config = br#"{"os": "linux", "architecture": "amd64"}"#.to_vec();
        // No two parts of a layer are equal, so parts in the wrong place show.
        let layers = [7_u32, 11].map(|step| (0..300_000_u32).map(|at| (at / 3 * step % 251) as u8).collect::<Vec<_>>());
        let descriptor =
            |bytes: &[u8]| serde_json::json!({ "digest": Digest::sha256(bytes).to_string(), "size": bytes.len() });
        let manifest = serde_json::json!({
            "mediaType": MANIFEST, "config": descriptor(&config),
            "layers": layers.iter().map(|layer| descriptor(layer)).collect::<Vec<_>>(),
        });
        let manifest = manifest.to_string().into_bytes();
        let mut parts: HashMap<String, Vec<u8>> =
            layers.iter().chain([&config]).map(|bytes| (blob_path(bytes), bytes.clone())).collect();
        parts.insert("/v2/app/manifests/1".to_owned(), manifest.clone());
        parts.insert(format!("/v2/app/manifests/{}", Digest::sha256(&manifest)), manifest.clone());
        Self { manifest, layers, parts }
    }

    /// The response of a healthy registry.
    pub(super) fn answer(&self, request: &Request) -> Reply {
        match (self.parts.get(&request.path), request.from()) {
            (Some(body), Some(from)) => Reply::part(body, from),
            (Some(body), None) => Reply::ok(body.clone()),
            (None, _) => Reply::status("404 Not Found"),
        }
    }

    pub(super) fn path(&self, layer: usize) -> String {
        blob_path(&self.layers[layer])
    }

    pub(super) fn member(&self, layer: usize) -> String {
        Digest::sha256(&self.layers[layer]).member()
    }

    /// A server with the image, whose response for `path` is that of `fault`.
    pub(super) fn with_fault(
        layer: usize,
        fault: impl Fn(&Self, &Request) -> Reply + Send + Sync + 'static,
    ) -> (Self, Server) {
        let served = Self::new();
        let path = served.path(layer);
        let answer = move |request: &Request| {
            if request.path == path { fault(&served, request) } else { served.answer(request) }
        };
        (Self::new(), Server::start(answer))
    }
}

pub(super) fn blob_path(bytes: &[u8]) -> String {
    format!("/v2/app/blobs/{}", Digest::sha256(bytes))
}
