//! A player of a continuous stream, who believes nothing: it looks at every packet, counter and time.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use simulator::media::{ContinuousCheck, Fault, Report};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use ts::Timestamp;
use ts::continuity::Counters;
use ts::frame::{Head, HeadRead};
use ts::packet::{Packet, Reader};

use crate::stage::within;

/// What the system buffers for one who does not read.
const RECEIVED_MAX: u32 = 16 << 10;

/// Frames of the simulator's media are far less than a second apart, and so are the clock's readings; more stops players.
const STEP_MAX: i64 = ts::CLOCK_HZ.cast_signed();

/// One connection with one endless answer. When it is dropped, so is the connection.
pub(crate) struct Listener {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    check: ContinuousCheck,
    reader: Reader,
    times: Times,
    connection: JoinHandle<()>,
}

/// Clock, decoding times and counters, wherever the media came from.
#[derive(Default)]
struct Times {
    counters: Counters,
    first_pids: Vec<u16>,
    due: Option<Timestamp>,
    clock: Option<Timestamp>,
    packets: u64,
    wrong: Vec<String>,
}

impl Listener {
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        let socket = TcpStream::connect(address).await.expect("a connection");
        within(Self::on(socket, path)).await
    }

    /// One for whom the system holds little.
    pub(crate) async fn narrow(address: SocketAddr, path: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let small = socket.set_recv_buffer_size(RECEIVED_MAX);
        small.expect("a small buffer");
        let socket = socket.connect(address).await.expect("a connection");
        within(Self::on(socket, path)).await
    }

    #[expect(clippy::disallowed_methods, reason = "it is aborted with its owner")]
    async fn on(socket: TcpStream, path: &str) -> Self {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .expect("a handshake");
        let connection = tokio::spawn(async move {
            // How the connection ends is seen by its body.
            let _ = connection.await;
        });
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("host", "weir")
            .header("user-agent", "continuous player")
            .body(Empty::<Bytes>::new())
            .expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            check: ContinuousCheck::default(),
            reader: Reader::default(),
            times: Times::default(),
            connection,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.map_or("", |value| value.expect("text"))
    }

    pub(crate) fn report(&self) -> &Report {
        self.check.report()
    }

    /// Of media without marks: what its tables at the beginning, its counters and its clock show, which should be nothing.
    pub(crate) fn wrong(&self) -> Vec<&str> {
        let begins = self.times.first_pids.get(..2) == Some(&[0, 4096]);
        let tables = (!begins).then_some("it does not begin with its tables");
        // Frames of several streams come in the order of none.
        let wrong = self.times.wrong.iter().map(String::as_str);
        let wrong = wrong.filter(|it| !it.starts_with("a frame"));
        tables.into_iter().chain(wrong).collect()
    }

    /// Reads what comes next; false at the end, which must be one.
    pub(crate) async fn read(&mut self) -> bool {
        let Some(bytes) = self.hear().await else {
            return false;
        };
        self.check.feed(&bytes);
        let times = &mut self.times;
        let _ = self.reader.feed(&bytes, |packet| {
            times.take(Packet::new(packet));
            std::ops::ControlFlow::Continue(())
        });
        true
    }

    /// The next bytes, whatever they are; nothing at the end, which must be one.
    pub(crate) async fn hear(&mut self) -> Option<Bytes> {
        let frame = within(self.body.frame()).await?;
        let frame = frame.expect("an answer that is not broken off");
        Some(frame.into_data().expect("data"))
    }

    /// Reads until what was read is as wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Report) -> bool) {
        while !wanted(self.report()) {
            assert!(self.read().await, "it ended: {:#?}", self.report());
        }
    }

    /// Reads so many more whole segments.
    pub(crate) async fn more(&mut self, segments: u64) {
        let wanted = self.report().whole_segments + segments;
        self.until(|report| wanted <= report.whole_segments).await;
    }

    /// Reads to the end.
    pub(crate) async fn hear_out(&mut self) {
        while self.read().await {}
    }

    /// The source's number of the first segment.
    pub(crate) fn first(&self) -> u64 {
        self.report().first.expect("media").mark.segment
    }

    /// The source's number of the newest segment.
    pub(crate) fn last(&self) -> u64 {
        self.report().last.expect("media").mark.segment
    }

    /// It began as a stream must, and nothing was lost, doubled, changed or out of time.
    pub(crate) fn assert_unbroken(&self) {
        let report = self.report();
        assert!(report.is_clean(), "{report:#?}");
        self.assert_smooth();
    }

    /// Wherever media may be missing, no packet is damaged, and neither counters nor times show it.
    pub(crate) fn assert_smooth(&self) {
        let report = self.report();
        let (first, pids) = (report.first.expect("media"), &self.times.first_pids);
        assert_eq!(first.packet, 0, "it began inside a segment");
        assert_eq!(pids[..2], [0, 4096], "it does not begin with its tables");
        assert_eq!(self.times.wrong, [""; 0]);
        let damaged = |fault: &&Fault| {
            // Packets that count on, behind a seam, carry no mark.
            !matches!(fault, Fault::OutOfPlace { .. } | Fault::NoMark { .. })
        };
        assert_eq!(report.faults.iter().find(damaged), None, "{report:#?}");
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Times {
    fn take(&mut self, packet: Packet<'_>) {
        self.packets += 1;
        if self.first_pids.len() < 3 {
            self.first_pids.push(packet.pid());
        }
        if !self.counters.follows(packet) {
            self.wrong
                .push(format!("counter of packet {}", self.packets));
        }
        if let Some(now) = packet.pcr() {
            self.step("the clock", self.clock, now);
            self.clock = Some(now);
        }
        let head = match Head::read(packet.payload()) {
            HeadRead::Whole(head) if packet.starts_unit() && packet.pid() != 0 => head,
            _ => return,
        };
        if let Some(now) = head.dts.or(head.pts) {
            self.step("a frame", self.due, now);
            self.due = Some(now);
        }
    }

    fn step(&mut self, what: &str, before: Option<Timestamp>, now: Timestamp) {
        let step = before.map(|before| before.offset_to(now));
        if step.is_some_and(|step| !(1..=STEP_MAX).contains(&step)) {
            let packet = self.packets;
            self.wrong
                .push(format!("{what} of packet {packet}: {step:?}"));
        }
    }
}
