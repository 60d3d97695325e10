//! A server that answers as it is told, and counts.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub(super) const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

/// What the server does with a request that it has read.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// These bytes; the connection stays open.
    Say(String),
    /// These bytes, and the connection ends.
    SayAndClose(String),
    /// Nothing, until the client gives up.
    Hang,
}

#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The query's parameters, decoded.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let target = self.head.split(' ').nth(1).unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// A common parameter, however it is sent: `Action`, `Region`.
    pub(super) fn common(&self, name: &str) -> Option<String> {
        let header = self.header(&format!("x-tc-{}", name.to_lowercase()));
        header.map(str::to_owned).or_else(|| self.parameters().remove(name))
    }
}

/// A server that counts. Its threads end with the connections and the test.
pub(super) struct Server {
    pub(super) address: String,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) fn start(act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(move |stream, seen| serve(stream, &act, seen))
    }

    /// Ends each connection at once, while the client is writing to it.
    pub(super) fn deaf() -> Self {
        Self::listen(|stream, _| drop(stream))
    }

    pub(super) fn listen(talk: impl Fn(TcpStream, &Mutex<Vec<Seen>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { address, connections: Arc::clone(&connections), seen: Arc::clone(&seen) };
        let talk = Arc::new(talk);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (talk, seen) = (Arc::clone(&talk), Arc::clone(&seen));
                std::thread::spawn(move || talk(stream.unwrap(), &seen));
            }
        });
        server
    }

    pub(super) fn always(act: Act) -> Self {
        Self::start(move |_| act.clone())
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, act: &dyn Fn(&Seen) -> Act, seen: &Mutex<Vec<Seen>>) {
    while let Some(request) = read_request(&mut stream) {
        seen.lock().unwrap().push(request.clone());
        match act(&request) {
            Act::Say(text) => stream.write_all(text.as_bytes()).unwrap(),
            Act::SayAndClose(text) => return stream.write_all(text.as_bytes()).unwrap(),
            // Ends when the client closes the connection.
            Act::Hang => while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {},
        }
    }
}

/// One request, or `None` where the client closed the connection or does not speak HTTP.
fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let request = Seen { body: bytes[end + 4..].to_vec(), head };
            let length: usize = request.header("content-length").map_or(Some(0), |text| text.parse().ok())?;
            if request.body.len() >= length {
                return Some(request);
            }
        }
        // A handshake never holds the end of a head: answering nothing to it ends it.
        if bytes.first().is_some_and(|first| *first == 0x16) {
            return None;
        }
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            Ok(_) | Err(_) => return None,
        }
    }
}

pub(super) fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nDate: {DATE}\r\nContent-Length: {length}\r\n\r\n{body}")
}

pub(super) fn ok(body: &str) -> Act {
    Act::Say(http("200 OK", body))
}

pub(super) fn error(code: &str) -> Act {
    let error = format!(r#"{{"Code":"{code}","Message":"no"}}"#);
    ok(&format!(r#"{{"Response":{{"Error":{error},"RequestId":"r-1"}}}}"#))
}
