//! The part of HTTP/1.1 that the proxy needs: it parses heads and copies bodies.

use std::io::{self, BufRead, BufReader, Read, Write};

/// Start line and headers of a request or response.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) first: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn new(first: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { first: first.to_owned(), headers }
    }

    /// Reads a head; `None` at end of file.
    pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = || {
            let mut line = String::new();
            input.read_line(&mut line)?;
            io::Result::Ok(line.trim_end().to_owned())
        };
        let first = line()?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { return Ok(Some(Self { first, headers })) };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let lines =
            self.headers.iter().fold(self.first.clone(), |lines, (name, value)| format!("{lines}\r\n{name}: {value}"));
        out.write_all(format!("{lines}\r\n\r\n").as_bytes())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// A word of the start line: method, path; version, status.
    pub(crate) fn word(&self, at: usize) -> &str {
        self.first.split(' ').nth(at).unwrap_or_default()
    }

    /// The `Content-Length`.
    pub(crate) fn len(&self) -> Option<u64> {
        self.get("content-length").and_then(|text| text.parse().ok())
    }
}

/// A request with a short body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = Head::read(input)? else { return Ok(None) };
        let mut body = Vec::new();
        input.take(head.len().unwrap_or(0)).read_to_end(&mut body)?;
        Ok(Some(Self { head, body }))
    }
}

/// A response defined by the test.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    head: Head,
    body: String,
}

impl Response {
    pub(crate) fn new(status: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head = Head::new(&format!("HTTP/1.1 {status}"), headers);
        head.set("Content-Length", &body.len().to_string());
        head.set("Connection", "close");
        Self { head, body: body.to_owned() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.word(1).parse().unwrap_or(0)
    }

    pub(crate) fn write(&self, out: &mut impl Write, method: &str) -> io::Result<()> {
        self.head.write(out)?;
        if method != "HEAD" {
            out.write_all(self.body.as_bytes())?;
        }
        out.flush()
    }
}

/// Requests a path and reads the whole response.
pub(crate) fn get(stream: impl Read + Write, path: &str, headers: &[(&str, &str)]) -> io::Result<(Head, Vec<u8>)> {
    let mut head = Head::new(&format!("GET {path} HTTP/1.1"), headers);
    head.set("Host", "127.0.0.1");
    head.set("Connection", "close");
    let mut stream = BufReader::new(stream);
    head.write(stream.get_mut())?;
    let answer = Head::read(&mut stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut body = Vec::new();
    stream.read_to_end(&mut body)?;
    Ok((answer, body))
}

/// Encodes `user:password` for basic authentication.
pub(crate) fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for bytes in text.as_bytes().chunks(3) {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= bytes.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[test]
fn base64_is_padded() {
    assert_eq!(["", "a", "ab", "abc", "diver:x"].map(base64), ["", "YQ==", "YWI=", "YWJj", "ZGl2ZXI6eA=="]);
}
