//! What each packet of the programme means for cutting: frames, clock, counters; most packets mean nothing and cost little.

use crate::continuity::Counters;
use crate::frame::{Look, Settled, Step, Track};
use crate::packet::Packet;
use crate::table::{PAT_PID, Stream, Tables};
use crate::{PACKET_BYTES, Timestamp};

/// Pids have 13 bits.
const PIDS: usize = 1 << 13;

/// Which of the two streams by which segments may be cut.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Which {
    Video,
    Sound,
}

/// The place where a frame begins, and what was known there.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Mark {
    /// The position of its packet.
    pub(crate) at: u64,
    pub(crate) pcr: Option<Timestamp>,
    /// The counters of the last PAT and PMT.
    pub(crate) counters: (u8, u8),
}

/// What a packet brings.
#[derive(Copy, Clone, Debug)]
pub(crate) enum News {
    /// A frame may begin here.
    Began(Which, Mark),
    /// What began last is no frame.
    Foreign(Which),
    /// What began at the mark is this frame.
    Settled(Which, Mark, Settled),
    /// Something is missing before this packet, or may be.
    Suspect(u64),
}

/// Looks at the packets of one programme.
pub(crate) struct Scanner {
    counters: Counters,
    roles: Box<[Role; PIDS]>,
    video: Option<Followed>,
    sound: Option<Followed>,
    pcr_pid: u16,
    pmt_pid: u16,
    pcr: Option<Timestamp>,
    continuity_errors: usize,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Role {
    Other,
    Stream,
    Video,
    Sound,
}

/// A stream by which segments may be cut.
struct Followed {
    stream: Stream,
    track: Track,
    mark: Mark,
    /// Encrypted packets since the last frame.
    scrambled: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner {
            counters: Counters::default(),
            roles: Box::new([Role::Other; PIDS]),
            video: None,
            sound: None,
            pcr_pid: crate::packet::NULL_PID,
            pmt_pid: crate::packet::NULL_PID,
            pcr: None,
            continuity_errors: 0,
        }
    }
}

impl Scanner {
    /// From here on the programme is that of these tables; streams that stay are followed on.
    pub(crate) fn aim(&mut self, tables: &Tables) {
        let streams = &tables.pmt.streams;
        let video = streams.iter().find(|stream| stream.codec.is_video());
        let sound = streams.iter().find(|stream| stream.codec.is_audio());
        follow(&mut self.video, video);
        follow(&mut self.sound, sound);
        self.roles.fill(Role::Other);
        for stream in streams {
            self.roles[usize::from(stream.pid)] = Role::Stream;
        }
        for (stream, role) in [(sound, Role::Sound), (video, Role::Video)] {
            if let Some(stream) = stream {
                self.roles[usize::from(stream.pid)] = role;
            }
        }
        (self.pcr_pid, self.pmt_pid) = (tables.pmt.pcr_pid, tables.program.pmt_pid);
    }

    /// The stream that is followed as this one.
    pub(crate) fn stream(&self, which: Which) -> Option<Stream> {
        let followed = match which {
            Which::Video => &self.video,
            Which::Sound => &self.sound,
        };
        followed.as_ref().map(|followed| followed.stream)
    }

    /// The pid of a stream of which only encrypted packets came for this many.
    pub(crate) fn scrambled(&self, packets: usize) -> Option<u16> {
        let followed = [&self.video, &self.sound].into_iter().flatten();
        let mut scrambled = followed.filter(|followed| packets <= followed.scrambled);
        scrambled.next().map(|followed| followed.stream.pid)
    }

    /// Packets that did not follow on the one before of their pid, since this was asked last.
    pub(crate) fn take_continuity_errors(&mut self) -> usize {
        std::mem::take(&mut self.continuity_errors)
    }

    /// This place, and what is known there.
    pub(crate) fn mark(&self, at: u64) -> Mark {
        let last = |pid| self.counters.last(pid).unwrap_or(0x0f);
        Mark {
            at,
            pcr: self.pcr,
            counters: (last(PAT_PID), last(self.pmt_pid)),
        }
    }

    /// Takes the packet at this position.
    pub(crate) fn push(&mut self, at: u64, bytes: &[u8; PACKET_BYTES], news: &mut Vec<News>) {
        let packet = Packet::new(bytes);
        if packet.is_damaged() {
            return;
        }
        let pid = packet.pid();
        let role = self.roles[usize::from(pid)];
        let follows = self.counters.follows(packet);
        if !follows {
            self.continuity_errors += 1;
        }
        let has_adaptation = bytes[3] & 0x20 != 0;
        if has_adaptation && pid == self.pcr_pid {
            self.pcr = packet.pcr().or(self.pcr);
        }
        if role == Role::Other {
            return;
        }
        if !follows || has_adaptation && packet.discontinuity() {
            news.push(News::Suspect(at));
        }
        let mark = packet.starts_unit().then(|| self.mark(at));
        let (which, followed) = match role {
            Role::Video => (Which::Video, &mut self.video),
            Role::Sound => (Which::Sound, &mut self.sound),
            Role::Other | Role::Stream => return,
        };
        let Some(followed) = followed else { return };
        if packet.is_scrambled() {
            followed.scrambled += 1;
        } else if let Some(mark) = mark {
            followed.scrambled = 0;
            followed.begin(which, mark, packet, news);
        } else {
            let mark = followed.mark;
            let track = &mut followed.track;
            track.push(0, packet, &mut |step| tell(which, mark, step, news));
        }
    }

    /// Frames that began have no more bytes, or are not to be waited for.
    pub(crate) fn finish(&mut self, news: &mut Vec<News>) {
        for (which, followed) in [
            (Which::Video, &mut self.video),
            (Which::Sound, &mut self.sound),
        ] {
            if let Some(Followed { track, mark, .. }) = followed {
                track.finish(&mut |step| tell(which, *mark, step, news));
            }
        }
    }
}

impl Followed {
    /// Takes a packet in which a frame begins; the one before, if it is not settled, is settled at its own mark.
    fn begin(&mut self, which: Which, mark: Mark, packet: Packet<'_>, news: &mut Vec<News>) {
        let before = self.mark;
        let mut began = false;
        self.track.push(0, packet, &mut |step| {
            began |= step == Step::Began;
            tell(which, if began { mark } else { before }, step, news);
        });
        self.mark = mark;
    }
}

fn tell(which: Which, mark: Mark, step: Step, news: &mut Vec<News>) {
    news.push(match step {
        Step::Began => News::Began(which, mark),
        Step::Foreign => News::Foreign(which),
        Step::Settled(settled) => News::Settled(which, mark, settled),
    });
}

fn follow(followed: &mut Option<Followed>, stream: Option<&Stream>) {
    let same = |followed: &Followed| stream == Some(&followed.stream);
    if followed.as_ref().is_some_and(same) {
        return;
    }
    *followed = stream.map(|stream| Followed {
        stream: *stream,
        track: Track::new(stream.codec, Look::AtAll),
        mark: Mark {
            at: 0,
            pcr: None,
            counters: (0x0f, 0x0f),
        },
        scrambled: 0,
    });
}
