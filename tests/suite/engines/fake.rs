//! An engine made of archives, for images and faults that the real engines of the tests do not have. It speaks the part of
//! Docker's API that dive uses.

use std::io::{BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{Head, Request};
use crate::build;

/// An image of the engine.
#[derive(Debug)]
struct FakeImage {
    tags: Vec<String>,
    id: String,
    diff_ids: Vec<Value>,
    archive: Vec<u8>,
}

impl FakeImage {
    /// The image in an archive with a `manifest.json`.
    fn of(tag: &str, archive: Vec<u8>) -> Self {
        let member = |name: &str| {
            let mut reader = tar::Archive::new(&archive[..]);
            let entries = reader.entries().unwrap().map(Result::unwrap);
            let mut found = entries.filter(|entry| entry.path_bytes() == name.as_bytes());
            serde_json::from_reader::<_, Value>(found.next().unwrap_or_else(|| panic!("no {name}"))).unwrap()
        };
        let config = member(member("manifest.json")[0]["Config"].as_str().unwrap());
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap().clone();
        let id = build::digest(config.to_string().as_bytes());
        Self { tags: vec![tag.to_owned()], id, diff_ids, archive }
    }

    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.tags.iter().any(|tag| tag == name || *tag == format!("{name}:latest"))
    }
}

/// The number of exports left of an engine that is gone.
const GONE: usize = usize::MAX;

/// The engine. Its thread runs until the tests end.
pub(crate) struct FakeEngine {
    asked: Arc<Mutex<Vec<String>>>,
    address: String,
    _folder: TempDir,
}

impl FakeEngine {
    /// An engine with these images, by tag, as `docker images` lists them: the newest first.
    pub(crate) fn of(images: Vec<(&str, Vec<u8>)>) -> Self {
        Self::that_stops(images, usize::MAX - 1)
    }

    /// An engine that exports this many images, and goes away in the middle of the next one.
    pub(crate) fn that_stops(images: Vec<(&str, Vec<u8>)>, after: usize) -> Self {
        let images: Vec<_> = images.into_iter().map(|(tag, archive)| FakeImage::of(tag, archive)).collect();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (images, noted) = (Arc::new(images), Arc::clone(&asked));
        std::thread::spawn(move || {
            let left = Arc::new(AtomicUsize::new(after));
            for client in listener.incoming().flatten() {
                if left.load(Ordering::SeqCst) == GONE {
                    return;
                }
                let (images, noted) = (Arc::clone(&images), Arc::clone(&noted));
                // The client may close the connection early.
                let left = Arc::clone(&left);
                std::thread::spawn(move || serve(&images, &noted, &left, client));
            }
        });
        Self { asked, address: format!("unix://{}", socket.display()), _folder: folder }
    }

    /// The address for `DOCKER_HOST`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The recorded paths that end with `end`.
    pub(crate) fn asked(&self, end: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|path| path.ends_with(end)).cloned().collect()
    }
}

fn serve(
    images: &[FakeImage],
    asked: &Mutex<Vec<String>>,
    left: &AtomicUsize,
    client: UnixStream,
) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let Some(request) = Request::read(&mut client)? else { return Ok(()) };
    let path = request.head.word(1).to_owned();
    asked.lock().unwrap().push(path.clone());
    // `/v1.44/images/json`
    let versioned = path.strip_prefix("/v").and_then(|path| path.find('/').map(|at| path[at..].to_owned()));
    let path = versioned.unwrap_or(path);
    let (status, mut body) = answer(images, &path);
    let mut head = Head::new(&format!("HTTP/1.1 {status}"), &[("Connection", "close")]);
    head.set("Content-Length", &body.len().to_string());
    if path.ends_with(super::EXPORT) {
        let before = left.load(Ordering::SeqCst);
        left.store(before.checked_sub(1).unwrap_or(GONE), Ordering::SeqCst);
        if before == 0 {
            body.truncate(body.len() / 2);
        }
    }
    let client = client.get_mut();
    head.write(client)?;
    client.write_all(&body)
}

/// The status and the body of the response to a request for `path`.
fn answer(images: &[FakeImage], path: &str) -> (&'static str, Vec<u8>) {
    let json = |document: Value| ("200 OK", document.to_string().into_bytes());
    let path = path.split('?').next().unwrap_or_default();
    if path == "/version" {
        return json(json!({ "ApiVersion": "1.44", "Version": "25.0" }));
    }
    if path == "/images/json" {
        let images = images.iter().map(|image| json!({ "Id": image.id, "RepoTags": image.tags, "RepoDigests": null }));
        return json(images.collect());
    }
    let image = |end: &str| {
        let name = path.strip_prefix("/images/")?.strip_suffix(end)?;
        images.iter().find(|image| image.is_called(name))
    };
    if let Some(image) = image("/json") {
        return json(json!({
            "Id": image.id, "RepoTags": image.tags, "Os": "linux", "Architecture": "amd64",
            "Size": image.archive.len(), "RootFS": { "Type": "layers", "Layers": image.diff_ids },
        }));
    }
    match image(super::EXPORT) {
        Some(image) => ("200 OK", image.archive.clone()),
        None => ("404 Not Found", json!({ "message": format!("no such image: {path}") }).to_string().into_bytes()),
    }
}
