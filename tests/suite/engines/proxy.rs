//! A proxy before a real server that records requests and injects faults. It serves one request per connection and
//! keeps no state.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use tempfile::TempDir;

use super::http::{Head, Request, Response};

/// A connection.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Address of a server.
#[derive(Debug, Clone)]
enum Endpoint {
    Host(String),
    Socket(PathBuf),
}

impl Endpoint {
    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Host(host) => Box::new(TcpStream::connect(host)?),
            Self::Socket(path) => Box::new(UnixStream::connect(path)?),
        })
    }
}

/// A fault to inject.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Responds without contacting the server.
    Response(Response),
    /// Closes the connection after this many bytes of the body.
    Cut(u64),
    /// Ends the body after this many bytes and adjusts `Content-Length`.
    Shorten(u64),
    /// Flips a bit of the byte at this offset of the body.
    Flip(u64),
    /// Pauses after this many bytes of the body until the gate opens.
    Hold(u64, Arc<Gate>),
    /// Removes the `Range` header.
    WithoutRange,
    /// Replaces a text in content type and body, and removes the digest headers.
    Replace(&'static str, String),
}

/// Pauses a response until the test opens it.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Waits until a response is paused.
    pub(crate) fn wait_for_response(&self) {
        let state = self.state.lock().unwrap();
        let (_state, timeout) = self.changed.wait_timeout_while(state, super::LIMIT, |(reached, _)| !*reached).unwrap();
        assert!(!timeout.timed_out(), "no response reached the gate");
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(state, super::LIMIT, |(_, open)| !*open).unwrap());
    }
}

/// A fault and the requests that it applies to.
#[derive(Debug)]
struct Rule {
    /// A part of `METHOD PATH`.
    pattern: String,
    requests: Requests,
    /// How many more times the rule applies.
    left: usize,
    fault: Fault,
}

/// Whether a rule applies to all requests or only to range requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requests {
    All,
    Ranges,
}

/// A recorded request and its response.
#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// `METHOD PATH`.
    pub(crate) what: String,
    pub(crate) range: Option<String>,
    /// Whether it had an `Authorization` header.
    pub(crate) authorized: bool,
    /// 0 if the connection was closed before a response.
    pub(crate) status: u16,
    /// Body bytes sent to the client.
    pub(crate) bytes: u64,
}

/// May respond instead of the server.
type Responder = dyn Fn(&Request) -> Option<Response> + Send + Sync;

struct Shared {
    server: Endpoint,
    responder: Box<Responder>,
    rules: Mutex<Vec<Rule>>,
    records: Mutex<Vec<Note>>,
}

/// The record of a request. It is added before the response is sent.
type Note = Arc<Mutex<RecordedRequest>>;

/// A proxy. Its thread runs until the tests end.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    address: String,
    _folder: Option<TempDir>,
}

impl Proxy {
    /// A proxy before a registry at `HOST:PORT`.
    pub(crate) fn before_host(host: &str) -> Self {
        Self::with_responder(host, |_| None)
    }

    /// A proxy before a registry at `HOST:PORT`, with a responder.
    pub(crate) fn with_responder(
        host: &str,
        responder: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Shared::new(Endpoint::Host(host.to_owned()), Box::new(responder));
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.serve_in_thread(client);
            }
        });
        Self { shared, address, _folder: None }
    }

    /// A proxy before an engine at `unix://SOCKET`; its address has the same form.
    pub(crate) fn before_socket(socket: &str) -> Self {
        let server = Endpoint::Socket(socket.strip_prefix("unix://").expect("a socket").into());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proxy.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let shared = Shared::new(server, Box::new(|_| None));
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.serve_in_thread(client);
            }
        });
        Self { shared, address: format!("unix://{}", path.display()), _folder: Some(folder) }
    }

    /// `HOST:PORT` or `unix://SOCKET`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Applies `fault` to every request whose `METHOD PATH` contains `pattern`.
    pub(crate) fn always(&self, pattern: &str, fault: Fault) {
        self.times(usize::MAX, pattern, fault);
    }

    /// Applies it `left` times. The first matching rule wins.
    pub(crate) fn times(&self, left: usize, pattern: &str, fault: Fault) {
        self.add(Rule { pattern: pattern.to_owned(), requests: Requests::All, left, fault });
    }

    /// Applies it to range requests only.
    pub(crate) fn always_for_ranges(&self, pattern: &str, fault: Fault) {
        self.add(Rule { pattern: pattern.to_owned(), requests: Requests::Ranges, left: usize::MAX, fault });
    }

    fn add(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// Recorded requests whose `METHOD PATH` contains `part`.
    pub(crate) fn requests(&self, part: &str) -> Vec<RecordedRequest> {
        let records = self.shared.records.lock().unwrap();
        records.iter().map(|note| note.lock().unwrap().clone()).filter(|request| request.what.contains(part)).collect()
    }

    /// Clears the records.
    pub(crate) fn clear_records(&self) {
        self.shared.records.lock().unwrap().clear();
    }
}

impl Shared {
    fn new(server: Endpoint, responder: Box<Responder>) -> Arc<Self> {
        Arc::new(Self { server, responder, rules: Mutex::default(), records: Mutex::default() })
    }

    fn serve_in_thread(self: &Arc<Self>, client: impl Stream + 'static) {
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            // Connection errors are expected here.
            let _ = shared.serve(client);
        });
    }

    fn serve(&self, client: impl Stream) -> io::Result<()> {
        let mut client = BufReader::new(client);
        let Some(mut request) = Request::read(&mut client)? else { return Ok(()) };
        let client = client.get_mut();
        let method = request.head.word(0).to_owned();
        let what = format!("{method} {}", request.head.word(1));
        let range = request.head.get("range").map(str::to_owned);
        let authorized = request.head.get("authorization").is_some();
        let fault = self.fault_for(&what, if range.is_some() { Requests::Ranges } else { Requests::All });
        let note = Note::new(Mutex::new(RecordedRequest { what, range, authorized, status: 0, bytes: 0 }));
        self.records.lock().unwrap().push(Arc::clone(&note));
        let answer = match &fault {
            Some(Fault::Response(answer)) => Some(answer.clone()),
            _ => (self.responder)(&request),
        };
        if let Some(answer) = answer {
            note.lock().unwrap().status = answer.status();
            return answer.write(client, &method);
        }
        request.head.set("Connection", "close");
        if matches!(fault, Some(Fault::WithoutRange)) {
            request.head.remove("range");
        }
        let mut server = BufReader::new(self.server.connect()?);
        request.head.write(server.get_mut())?;
        server.get_mut().write_all(&request.body)?;
        let Some(head) = Head::read(&mut server)? else { return Ok(()) };
        note.lock().unwrap().status = head.word(1).parse().unwrap_or(0);
        let body = if method == "HEAD" { Box::new(io::empty()) as Box<dyn Read> } else { Box::new(server) };
        forward(head, body, fault, client, &note)
    }

    fn fault_for(&self, what: &str, requests: Requests) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let applies = |rule: &Rule| rule.requests == Requests::All || rule.requests == requests;
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && applies(rule) && what.contains(&rule.pattern))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

fn forward(
    mut head: Head,
    mut body: Box<dyn Read + '_>,
    fault: Option<Fault>,
    client: &mut impl Write,
    note: &Note,
) -> io::Result<()> {
    match fault {
        Some(Fault::Replace(old, new)) => {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            let bytes = String::from_utf8(bytes).expect("a document").replace(old, &new);
            if let Some(kind) = head.get("content-type").map(|kind| kind.replace(old, &new)) {
                head.set("Content-Type", &kind);
            }
            head.remove("docker-content-digest");
            head.remove("etag");
            if !bytes.is_empty() {
                head.set("Content-Length", &bytes.len().to_string());
            }
            head.write(client)?;
            note.lock().unwrap().bytes += bytes.len() as u64;
            return client.write_all(bytes.as_bytes());
        }
        Some(Fault::Shorten(len)) => {
            head.set("Content-Length", &len.to_string());
            head.write(client)?;
            copy(&mut body.take(len), client, note)?;
        }
        Some(Fault::Cut(len)) => {
            head.write(client)?;
            copy(&mut body.take(len), client, note)?;
        }
        Some(Fault::Hold(len, gate)) => {
            head.write(client)?;
            copy(&mut body.by_ref().take(len), client, note)?;
            client.flush()?;
            gate.pass();
            copy(&mut body, client, note)?;
        }
        Some(Fault::Flip(at)) => {
            head.write(client)?;
            copy(&mut body.by_ref().take(at), client, note)?;
            let mut byte = [0];
            body.read_exact(&mut byte)?;
            copy(&mut &[byte[0] ^ 0x10][..], client, note)?;
            copy(&mut body, client, note)?;
        }
        None | Some(Fault::WithoutRange | Fault::Response(_)) => {
            head.write(client)?;
            copy(&mut body, client, note)?;
        }
    }
    client.flush()
}

fn copy(input: &mut impl Read, out: &mut impl Write, note: &Note) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let len = input.read(&mut chunk)?;
        if len == 0 {
            return Ok(());
        }
        note.lock().unwrap().bytes += len as u64;
        out.write_all(&chunk[..len])?;
    }
}

/// Forwards a port of 127.0.0.2 to a server on 127.0.0.1, whose certificate then has the wrong name. Returns
/// `HOST:PORT`.
pub(crate) fn tunnel(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.replace("localhost", "127.0.0.1");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&server) else { continue };
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server.try_clone().unwrap(), client.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    address
}
