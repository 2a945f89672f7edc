//! A segment that is too long for every target duration: the one kind that must be real, since it is cut.

use bytes::Bytes;
use channel::examine::{self, Fit};

/// Its length.
pub(super) const SECONDS: u64 = 25;

/// A frame each half second, a key frame every second.
pub(super) fn segment(from: ts::Timestamp) -> Fit {
    use ts::write::{Pes, Writer, pat, pmt};
    let stream = super::broadcast::streams(0)[0];
    let program = ts::table::Program {
        number: 1,
        pmt_pid: 4_096,
    };
    let mut writer = Writer::default();
    writer.section(0, &pat(&[program]), 0);
    writer.section(4_096, &pmt(1, stream.pid, &[stream]), 0);
    let mut counter = 0;
    for frame in 0..SECONDS * 2 {
        let pts = ts::Timestamp((from.0 + frame * 45_000) % (1 << 33));
        let is_key = frame % 2 == 0;
        let key: &[u8] = &[
            0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88, 0x84,
        ];
        let other: &[u8] = &[0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 0x9a, 0x24];
        let pes = Pes {
            pid: stream.pid,
            stream_id: 0xe0,
            pts: Some(pts),
            dts: None,
            pcr: Some(pts),
            random_access: is_key,
            data: if is_key { key } else { other },
        };
        counter = writer.pes(&pes, counter);
    }
    let bytes = Bytes::from(writer.into_bytes());
    examine::segment(vec![bytes], None).expect("a transport stream that was written by the rules")
}
