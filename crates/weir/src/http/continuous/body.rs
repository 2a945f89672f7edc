//! One viewer's continuous body: chunks of the window as they are, wherever nothing must change. It has no
//! task of its own, waits for the channel alone, and is asked for more only when the connection takes more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use channel::{Apart, Cursor, Snapshot, Step};
use http_body::Frame;
use tokio::sync::watch;
use tokio_util::sync::ReusableBoxFuture;
use ts::rebase::{Part, Seamless};

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
struct Sending {
    part: Arc<Part>,
    /// Chunks of it that were passed on.
    chunk: usize,
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
            if !self.pass_on() && !self.enter()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes on the next chunk of the segment on its way, if one is.
    fn pass_on(&mut self) -> bool {
        let Some(sending) = &mut self.sending else {
            return false;
        };
        match sending.part.media.get(sending.chunk) {
            Some(chunk) => {
                sending.chunk += 1;
                self.seamless.media(chunk, &mut self.out);
            }
            None => self.sending = None,
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
                if seam {
                    let begin = part.opening.begin;
                    self.seamless.join(&part.opening, begin, &mut self.out);
                } else {
                    self.seamless.next(&part.opening, &mut self.out);
                }
                self.sending = Some(Sending { part, chunk: 0 });
            }
            Step::Wait => {
                self.visit.note(0);
                return Ok(false);
            }
            Step::End => self.over = true,
        }
        Ok(true)
    }
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
                Ok(false) => {}
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
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// In the place of a body that nobody reads: one whose length is not known, as that of the real one is not.
pub(super) struct Unread;

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
