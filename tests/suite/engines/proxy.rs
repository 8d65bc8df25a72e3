//! A proxy before a real server, which sees what is asked of it, and by rules lets one or the other thing go wrong on the
//! way: what a network and a tired registry do to a user. One request a connection, so that there is no state.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use tempfile::TempDir;

use super::http::{Answer, Head, Request};

/// A stream to or from a server.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Where a server is.
#[derive(Debug, Clone)]
enum Place {
    Host(String),
    Socket(PathBuf),
}

impl Place {
    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Host(host) => Box::new(TcpStream::connect(host)?),
            Self::Socket(path) => Box::new(UnixStream::connect(path)?),
        })
    }
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The server is not asked.
    Answer(Answer),
    /// The connection breaks after so many bytes of the body.
    Cut(u64),
    /// The body ends after so many bytes, and all around it says that this is all.
    Shorten(u64),
    /// A bit of this byte of the body is another.
    Flip(u64),
    /// After so many bytes of the body nothing comes until the gate is opened.
    Hold(u64, Arc<Gate>),
    /// The server does not hear of a range.
    WithoutRange,
    /// Another text stands for this one in the head and the body, and no digest beside them.
    Replace(&'static str, String),
}

/// Holds up an answer, so that a test can do something meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Waits until an answer stands before the gate.
    pub(crate) fn wait_for_somebody(&self) {
        let state = self.state.lock().unwrap();
        let (_state, timeout) = self.changed.wait_timeout_while(state, super::LIMIT, |(reached, _)| !*reached).unwrap();
        assert!(!timeout.timed_out(), "nobody asked for what is held up");
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

/// Which requests something happens to.
#[derive(Debug)]
struct Rule {
    /// A part of `METHOD PATH`.
    asked: String,
    whole: Whole,
    /// How often it happens yet.
    left: usize,
    fault: Fault,
}

/// Whether a request is for all of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    OrPart,
    No,
}

/// What was asked for, and what went back.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `METHOD PATH`.
    pub(crate) what: String,
    pub(crate) range: Option<String>,
    /// Whether it said who asks.
    pub(crate) authorized: bool,
    /// 0 where the connection was cut before an answer.
    pub(crate) status: u16,
    /// Bytes of the body that were handed on.
    pub(crate) bytes: u64,
}

/// Stands before the server and may answer in its stead.
type Door = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

struct Shared {
    server: Place,
    door: Box<Door>,
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<Note>>,
}

/// What is written down of a request, before anything goes back to who asked.
type Note = Arc<Mutex<Asked>>;

/// One proxy. Its thread ends with the tests.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    address: String,
    _folder: Option<TempDir>,
}

impl Proxy {
    /// Before a registry at `HOST:PORT`.
    pub(crate) fn before_host(host: &str) -> Self {
        Self::with_door(host, |_| None)
    }

    /// Before a registry at `HOST:PORT`, with somebody at the door who answers first.
    pub(crate) fn with_door(host: &str, door: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Shared::new(Place::Host(host.to_owned()), Box::new(door));
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.serve_apart(client);
            }
        });
        Self { shared, address, _folder: None }
    }

    /// Before an engine at `unix://SOCKET`; the address of this proxy is of that form, too.
    pub(crate) fn before_socket(socket: &str) -> Self {
        let server = Place::Socket(socket.strip_prefix("unix://").expect("a socket").into());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proxy.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let shared = Shared::new(server, Box::new(|_| None));
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.serve_apart(client);
            }
        });
        Self { shared, address: format!("unix://{}", path.display()), _folder: Some(folder) }
    }

    /// `HOST:PORT` or `unix://SOCKET`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// From now on `fault` happens to every request in whose `METHOD PATH` there is `asked`.
    pub(crate) fn always(&self, asked: &str, fault: Fault) {
        self.times(usize::MAX, asked, fault);
    }

    /// It happens so many times. Of several rules for one request the first holds.
    pub(crate) fn times(&self, left: usize, asked: &str, fault: Fault) {
        self.add(Rule { asked: asked.to_owned(), whole: Whole::OrPart, left, fault });
    }

    /// It happens to requests for a range only.
    pub(crate) fn always_for_ranges(&self, asked: &str, fault: Fault) {
        self.add(Rule { asked: asked.to_owned(), whole: Whole::No, left: usize::MAX, fault });
    }

    fn add(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// What was asked for up to now that has this part in its `METHOD PATH`.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().map(|note| note.lock().unwrap().clone()).filter(|asked| asked.what.contains(part)).collect()
    }

    /// Forgets what was asked for.
    pub(crate) fn forget(&self) {
        self.shared.asked.lock().unwrap().clear();
    }
}

impl Shared {
    fn new(server: Place, door: Box<Door>) -> Arc<Self> {
        Arc::new(Self { server, door, rules: Mutex::default(), asked: Mutex::default() })
    }

    fn serve_apart(self: &Arc<Self>, client: impl Stream + 'static) {
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            // A client that goes away, or a server: that is what it is here for.
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
        let fault = self.fault_for(&what, if range.is_some() { Whole::No } else { Whole::OrPart });
        let note = Note::new(Mutex::new(Asked { what, range, authorized, status: 0, bytes: 0 }));
        self.asked.lock().unwrap().push(Arc::clone(&note));
        let answer = match &fault {
            Some(Fault::Answer(answer)) => Some(answer.clone()),
            _ => (self.door)(&request),
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
        hand_on(head, body, fault, client, &note)
    }

    fn fault_for(&self, what: &str, whole: Whole) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let is_meant = |rule: &Rule| rule.whole == Whole::OrPart || rule.whole == whole;
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && is_meant(rule) && what.contains(&rule.asked))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

fn hand_on(
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
        None | Some(Fault::WithoutRange | Fault::Answer(_)) => {
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

/// Carries bytes between 127.0.0.2 and a server of 127.0.0.1, whose certificate then is for another name. Gives
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
