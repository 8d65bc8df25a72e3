//! A registry with one image, in a thread, to fill the cache from.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use dive_model::digest::Digest;
use serde_json::json;

/// It serves until the tests end.
pub(super) struct Registry {
    address: String,
}

fn digest(bytes: &[u8]) -> String {
    Digest::sha256(bytes).to_string()
}

impl Registry {
    /// Serves an image of these layers as `case:1`.
    pub(super) fn serve(layers: &[Vec<u8>]) -> Self {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": layers.iter().map(|layer| digest(layer)).collect::<Vec<_>>() },
        });
        let config = config.to_string().into_bytes();
        let descriptor = |kind: &str, blob: &[u8]| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(blob), "size": blob.len() });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("config.v1+json", &config),
            "layers": layers.iter().map(|layer| descriptor("layer.v1.tar", layer)).collect::<Vec<_>>(),
        });
        let manifest = manifest.to_string().into_bytes();
        let mut bodies: HashMap<String, Vec<u8>> = HashMap::new();
        for name in ["1".to_owned(), digest(&manifest)] {
            bodies.insert(format!("/v2/case/manifests/{name}"), manifest.clone());
        }
        for blob in layers.iter().chain([&config]) {
            bodies.insert(format!("/v2/case/blobs/{}", digest(blob)), blob.clone());
        }
        bodies.insert("/v2/".to_owned(), b"{}".to_vec());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let bodies = Arc::new(bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bodies = Arc::clone(&bodies);
                // The client may have been killed.
                std::thread::spawn(move || drop(answer(&stream, &bodies)));
            }
        });
        Self { address }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

fn answer(mut stream: &TcpStream, bodies: &HashMap<String, Vec<u8>>) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if input.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while input.read_line(&mut header)? > 2 {
            header.clear();
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (status, body) = match bodies.get(path) {
            Some(body) => ("200 OK", &body[..]),
            None => ("404 Not Found", &b""[..]),
        };
        let kind = if path.contains("/manifests/") {
            "application/vnd.oci.image.manifest.v1+json"
        } else {
            "application/octet-stream"
        };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        if method != "HEAD" {
            stream.write_all(body)?;
        }
    }
}
