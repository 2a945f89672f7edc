//! What another reader of transport streams, which shares nothing with ours, finds in one.

#![expect(
    unreachable_pub,
    reason = "the macro makes its enum public, whatever it holds"
)]

use std::collections::BTreeMap;

use mpeg2ts_reader::demultiplex::{
    Demultiplex, FilterRequest, NullPacketFilter, PatPacketFilter, PmtPacketFilter,
};
use mpeg2ts_reader::packet::Pid;
use mpeg2ts_reader::pes::{
    ElementaryStreamConsumer, PesContents, PesHeader, PesPacketFilter, PtsDts,
};
use mpeg2ts_reader::{packet_filter_switch, psi};

/// What it finds of one stream.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(crate) struct Found {
    /// Times of its frames, in the order of sending: when they are shown, and when they are decoded if that is said.
    pub(crate) times: Vec<(u64, Option<u64>)>,
    /// The bytes of its frames, heads left out.
    pub(crate) payload: Vec<u8>,
    /// Packets that did not count on.
    pub(crate) continuity_errors: usize,
}

/// All streams of a body, by their pids.
pub(crate) fn read(body: &[u8]) -> BTreeMap<u16, Found> {
    let mut context = Context::new();
    let mut demultiplex = Demultiplex::new(&mut context);
    demultiplex.push(&mut context, body);
    context.found
}

packet_filter_switch! {
    Filter<Context> {
        Pes: PesPacketFilter<Context, Consumer>,
        Pat: PatPacketFilter<Context>,
        Pmt: PmtPacketFilter<Context>,
        Null: NullPacketFilter<Context>,
    }
}

pub struct Context {
    changeset: mpeg2ts_reader::demultiplex::FilterChangeset<Filter>,
    found: BTreeMap<u16, Found>,
}

impl Context {
    fn new() -> Self {
        Context {
            changeset: mpeg2ts_reader::demultiplex::FilterChangeset::default(),
            found: BTreeMap::new(),
        }
    }
}

impl mpeg2ts_reader::demultiplex::DemuxContext for Context {
    type F = Filter;

    fn filter_changeset(&mut self) -> &mut mpeg2ts_reader::demultiplex::FilterChangeset<Filter> {
        &mut self.changeset
    }

    fn construct(&mut self, request: FilterRequest<'_, '_>) -> Filter {
        match request {
            FilterRequest::ByPid(psi::pat::PAT_PID) => Filter::Pat(PatPacketFilter::default()),
            FilterRequest::Pmt {
                pid,
                program_number,
            } => Filter::Pmt(PmtPacketFilter::new(pid, program_number)),
            FilterRequest::ByStream { stream_info, .. } => {
                let pid = stream_info.elementary_pid();
                Filter::Pes(PesPacketFilter::new(Consumer { pid }))
            }
            _ => Filter::Null(NullPacketFilter::default()),
        }
    }
}

pub struct Consumer {
    pid: Pid,
}

impl Consumer {
    fn found<'a>(&self, context: &'a mut Context) -> &'a mut Found {
        context.found.entry(self.pid.into()).or_default()
    }
}

impl ElementaryStreamConsumer<Context> for Consumer {
    fn start_stream(&mut self, _context: &mut Context) {}

    fn begin_packet(&mut self, context: &mut Context, header: PesHeader<'_>) {
        let PesContents::Parsed(Some(parsed)) = header.contents() else {
            return;
        };
        let found = self.found(context);
        match parsed.pts_dts() {
            Ok(PtsDts::PtsOnly(Ok(pts))) => found.times.push((pts.value(), None)),
            Ok(PtsDts::Both {
                pts: Ok(pts),
                dts: Ok(dts),
            }) => found.times.push((pts.value(), Some(dts.value()))),
            _ => {}
        }
        found.payload.extend_from_slice(parsed.payload());
    }

    fn continue_packet(&mut self, context: &mut Context, data: &[u8]) {
        self.found(context).payload.extend_from_slice(data);
    }

    fn end_packet(&mut self, _context: &mut Context) {}

    fn continuity_error(&mut self, context: &mut Context) {
        self.found(context).continuity_errors += 1;
    }
}
