//! A small HTTP server with the faults that a test asks for.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A file that the server has.
#[derive(Debug, Clone, Default)]
pub struct Resource {
    pub bytes: Vec<u8>,
    /// Sent as `ETag`, with its quotes.
    pub etag: Option<&'static str>,
    /// Whether parts can be asked for.
    pub ranges: bool,
    /// The connection is closed after so many bytes of the body: of the first answer, the second, ...
    pub cuts: VecDeque<usize>,
    /// Answers with this status and no file.
    pub status: Option<u16>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET /file HTTP/1.1`.
    pub line: String,
    pub range: Option<String>,
    pub if_range: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<String, Resource>,
    requests: Vec<Request>,
}

/// The server, until the process ends.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// One without files, on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away is no failure of the server.
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Self { address, state }
    }

    /// Puts a file at a path such as `/a.zip`, or replaces it.
    pub fn put(&self, path: &str, resource: Resource) {
        self.state.lock().unwrap().files.insert(path.to_owned(), resource);
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The server as a proxy.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked since the last call.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

/// An address at which nobody listens.
pub fn dead_url(path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}{path}", listener.local_addr().unwrap())
}

/// Answers one request, and those through a tunnel.
fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    loop {
        let Some((request, path)) = read_request(&mut reader)? else { return Ok(()) };
        let connect = request.line.starts_with("CONNECT ");
        let file = {
            let mut state = state.lock().unwrap();
            state.requests.push(request.clone());
            let file = state.files.get_mut(&path);
            file.map(|file| {
                let cut = file.cuts.pop_front();
                (file.clone(), cut)
            })
        };
        if connect {
            // As a proxy it is itself at the other end.
            out.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            continue;
        }
        let (head, body) = match &file {
            None => (head(404, "", 0), &[][..]),
            Some((Resource { status: Some(status), .. }, _)) => (head(*status, "", 0), &[][..]),
            Some((file, _)) => answer(file, &request),
        };
        let cut = file.as_ref().and_then(|(_, cut)| *cut).unwrap_or(body.len());
        out.write_all(head.as_bytes())?;
        out.write_all(&body[..cut.min(body.len())])?;
        out.flush()?;
        return out.shutdown(Shutdown::Both);
    }
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<(Request, String)>> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.by_ref().take(1 << 14).read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if head[start..].trim_end().is_empty() {
            break;
        }
    }
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let header = |name: &str| {
        let mut found = head.lines().filter_map(|line| line.split_once(": "));
        found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let (range, if_range) = (header("range"), header("if-range"));
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(Some((Request { line, range, if_range }, path)))
}

fn head(status: u16, headers: &str, length: usize) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n")
}

/// The head and the body for a request of a file.
fn answer<'a>(file: &'a Resource, request: &Request) -> (String, &'a [u8]) {
    let mut headers = String::new();
    if let Some(etag) = file.etag {
        headers.push_str(&format!("ETag: {etag}\r\n"));
    }
    let same = request.if_range.is_none() || request.if_range.as_deref() == file.etag;
    let start = request.range.as_ref().filter(|_| file.ranges && same);
    let start = start.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let total = file.bytes.len();
    match start.and_then(|start| start.parse::<usize>().ok()) {
        Some(start) if start >= total => {
            (head(416, &format!("Content-Range: bytes */{total}\r\n"), 0), &[])
        }
        Some(start) => {
            headers.push_str(&format!("Content-Range: bytes {start}-{}/{total}\r\n", total - 1));
            (head(206, &headers, total - start), &file.bytes[start..])
        }
        None => (head(200, &headers, total), &file.bytes),
    }
}
