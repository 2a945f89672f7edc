//! One viewer's continuous body: chunks of the window as they are, wherever nothing must change. It has no
//! task of its own, waits for the channel alone, and is asked for more only when the connection takes more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use channel::{Apart, Cursor, Growing, Piece, Segment, Snapshot, Step};
use http_body::Frame;
use tokio::sync::watch;
use tokio_util::sync::ReusableBoxFuture;
use ts::rebase::{Part, Seamless};
use ts::segment::Opening;

use crate::handle::Visit;
use crate::settings::{Settings, Slate};

/// The channel's news, as long as it has any.
type News = Option<watch::Receiver<Arc<Snapshot>>>;

/// A body that ends with its channel. Its viewer is there as long as it is.
pub(super) struct Continuous {
    visit: Visit,
    settings: watch::Receiver<Arc<Settings>>,
    cursor: Cursor,
    seamless: Seamless,
    sending: Option<Sending>,
    /// What is ready to be sent: never more than one chunk of the window makes, with what stands before.
    out: Vec<Bytes>,
    /// How many of these are sent.
    sent: usize,
    /// Ready when the channel shows something else; the only thing that wakes this body.
    news: ReusableBoxFuture<'static, News>,
    over: bool,
}

/// A segment on its way.
enum Sending {
    /// One that is whole.
    Whole {
        segment: Arc<Segment>,
        part: Arc<Part>,
        /// Chunks of it that were passed on.
        chunk: usize,
    },
    /// One that is still being received.
    Growing {
        open: Arc<Growing>,
        /// Bytes of it that were passed on.
        at: usize,
    },
}

impl Continuous {
    pub(super) fn new(visit: Visit, settings: watch::Receiver<Arc<Settings>>) -> Self {
        let news = ReusableBoxFuture::new(next(visit.handle().snapshots()));
        Self {
            visit,
            settings,
            cursor: Cursor::default(),
            seamless: Seamless::default(),
            sending: None,
            out: Vec::new(),
            sent: 0,
            news,
            over: false,
        }
    }

    /// Makes the first bytes; false when the channel ended just now. The error says why there are none.
    pub(super) fn begin(&mut self) -> Result<bool, Apart> {
        self.go_on()?;
        Ok(!self.out.is_empty())
    }

    /// Goes on until there is something to be sent, or nothing ever; false when there is nothing yet.
    fn go_on(&mut self) -> Result<bool, Apart> {
        while self.out.len() <= self.sent && !self.over {
            self.out.clear();
            self.sent = 0;
            let goes_on = match self.sending {
                Some(_) => self.pass_on(),
                None => self.enter()?,
            };
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes on the next chunk of the segment on its way; false when it has not come yet.
    fn pass_on(&mut self) -> bool {
        match &mut self.sending {
            None => {}
            Some(Sending::Whole {
                segment,
                part,
                chunk,
            }) => match part.media.get(*chunk) {
                Some(media) => {
                    *chunk += 1;
                    self.seamless.media(media, &mut self.out);
                    self.visit.reached(piece(segment, *chunk, part.media.len()));
                }
                None => self.sending = None,
            },
            Some(Sending::Growing { open, at }) => {
                let mut pieces = Vec::new();
                open.media_from(*at, &mut pieces);
                for piece in &pieces {
                    *at += piece.len();
                    self.seamless.media(piece, &mut self.out);
                }
                if pieces.is_empty() {
                    let (open, at) = (Arc::clone(open), *at);
                    return self.change_over(&open, at);
                }
                self.visit.reached(Piece {
                    sequence: open.sequence(),
                    until: open.elapsed_at(*at),
                    slate: false,
                });
            }
        }
        true
    }

    /// Goes on with the segment that was followed, when it is whole; false while it is not.
    fn change_over(&mut self, open: &Arc<Growing>, at: usize) -> bool {
        let snapshot = self.visit.handle().snapshot();
        let number = open.sequence();
        let now_open = snapshot.open.as_ref();
        if now_open.is_some_and(|it| Arc::ptr_eq(it, open)) {
            return false;
        }
        let whole = snapshot.window.segment(number);
        let part = whole.and_then(|whole| Some((whole, whole.part().ok()?)));
        match part {
            Some((whole, part)) if Arc::ptr_eq(&part.opening, open.opening()) => {
                let (chunk, rest) = rest_of(&part.media, at);
                if let Some(rest) = rest {
                    self.seamless.media(&rest, &mut self.out);
                }
                self.visit.reached(piece(whole, chunk, part.media.len()));
                self.sending = Some(Sending::Whole {
                    segment: Arc::clone(whole),
                    part: Arc::clone(part),
                    chunk,
                });
            }
            // It waits for its time to be published, and its rest with it.
            None if snapshot.window.next() <= number && snapshot.is_running() => return false,
            // Its life ended before it was whole; the number may be another segment's now.
            _ => {
                self.sending = None;
                self.cursor.lose();
            }
        }
        true
    }

    /// Begins with the next segment, if there is one.
    fn enter(&mut self) -> Result<bool, Apart> {
        let settings = self.settings.borrow().clone();
        let (behind, clips) = (settings.ts_join_seconds, settings.slate == Slate::All);
        let snapshot = self.visit.handle().snapshot();
        let step = self.cursor.step(&snapshot, behind, clips)?;
        match step {
            Step::Send {
                segment,
                seam,
                skipped,
            } => {
                self.visit.note(u64::from(skipped));
                let part = Arc::clone(segment.part()?);
                self.open(&part.opening, seam);
                self.sending = Some(Sending::Whole {
                    segment,
                    part,
                    chunk: 0,
                });
            }
            Step::Follow {
                open,
                seam,
                skipped,
            } => {
                self.visit.note(u64::from(skipped));
                self.open(open.opening(), seam);
                self.sending = Some(Sending::Growing { open, at: 0 });
            }
            Step::Wait => {
                self.visit.note(0);
                return Ok(false);
            }
            Step::End => self.over = true,
        }
        Ok(true)
    }

    /// Sends what a segment begins with.
    fn open(&mut self, opening: &Opening, seam: bool) {
        if seam {
            self.seamless.join(opening, opening.begin, &mut self.out);
        } else {
            self.seamless.next(opening, &mut self.out);
        }
    }
}

/// What somebody can play who has so many of a segment's chunks: as large a share of its media.
fn piece(segment: &Segment, chunk: usize, chunks: usize) -> Piece {
    let share = chunk as f64 / chunks.max(1) as f64;
    Piece {
        sequence: segment.sequence,
        until: segment.duration.mul_f64(share.min(1.0)),
        slate: segment.slate,
    }
}

/// The chunk that follows on so many bytes, and what is left of the one that they end in.
fn rest_of(media: &[Bytes], at: usize) -> (usize, Option<Bytes>) {
    let mut before = 0;
    for (index, chunk) in media.iter().enumerate() {
        if at <= before {
            return (index, None);
        }
        let end = before + chunk.len();
        if at < end {
            return (index + 1, Some(chunk.slice(at - before..)));
        }
        before = end;
    }
    (media.len(), None)
}

impl http_body::Body for Continuous {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            match this.go_on() {
                Ok(true) => break,
                // What it was handed is all that it has for now.
                Ok(false) => this.visit.note_what_it_has(),
                Err(apart) => {
                    let key = &this.visit.handle().key;
                    tracing::debug!(channel = %key, "channel {key}: a continuous body ends: {apart}");
                    this.over = true;
                    break;
                }
            }
            match ready!(this.news.poll(context)) {
                Some(snapshots) => this.news.set(next(snapshots)),
                None => this.over = true,
            }
        }
        let Some(bytes) = this.out.get_mut(this.sent).map(std::mem::take) else {
            return Poll::Ready(None);
        };
        this.sent += 1;
        this.visit.sent(bytes.len());
        this.visit.note_at_times();
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// In the place of a body that nobody reads: one whose length is not known, as that of the real one is not.
pub(in crate::http) struct Unread;

impl http_body::Body for Unread {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Waits for something new.
async fn next(mut snapshots: watch::Receiver<Arc<Snapshot>>) -> News {
    snapshots.changed().await.ok().map(|()| snapshots)
}
