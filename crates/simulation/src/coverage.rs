//! What a simulation has visited: a fault that never happens proves nothing about what copes with it.

use crate::orchestrator::Mood;
use crate::source::Mishap;

/// An enum whose variants are counted; the text of each is what it is called in reports.
macro_rules! counted {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $vis enum $name { $(#[doc = $text] $variant,)* }

        impl $name {
            $vis const ALL: &[Self] = &[$(Self::$variant,)*];

            $vis fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}
pub(crate) use counted;

counted! {
    /// A branch, a state or an event that a life can come to.
    pub(crate) enum Seen {
        Started = "a channel started",
        WentLive = "a channel went live",
        EndedUnwatched = "a life ended for want of viewers",
        EndedStopped = "a life was stopped by an operator",
        EndedShutdown = "a life ended with the service",
        EndedSourceOver = "a life ended with its source",
        EndedSourceLost = "a life ended because its source stayed away",
        EndedStartFailed = "a life ended because it never got going",
        SourceOpened = "a source was opened",
        SourceReplaced = "a source was replaced in the middle of a life",
        SourceLost = "a source was given up",
        SourceRestarted = "a source was seen to count anew",
        SegmentsLost = "segments were lost",
        Repeat = "a segment that came twice was dropped",
        Break = "a discontinuity was published",
        EndOfList = "a list ended",
        Finished = "a channel left the registry",
        ArrivedInStop = "a viewer came while its channel was stopping",
        StartedAgain = "a channel began anew without leaving the registry",
        CameBackInLinger = "a viewer came back while its channel lingered",
        LateAnswer = "an answer came after its pull was closed",
        UnwantedOpened = "a source was opened that nobody wanted any more",
        UnwantedFailed = "a source that nobody wanted any more could not be opened",
        ClosePatience = "a source was still being opened when the wait for it was over",
        FirstWithOpen = "a source was opened together with its first list",
        HeldToBound = "a window was cut to its bound of bytes",
        Resource = "a key or an initialisation section was fetched",
        LongSegmentCut = "a segment that was too long was cut",
        Wrap = "timestamps wrapped",
        ViewerEntered = "a viewer was let in",
        ViewerRefused = "a viewer was refused",
        ViewerWaited = "a viewer waited for the first list",
        ViewerTimedOut = "a viewer waited in vain",
        ViewerExpired = "a viewer was taken off",
        ViewerProbed = "a probe came and went",
        ViewerPaused = "a viewer paused",
        ViewerCrawled = "a viewer took a segment slowly",
        ViewerVanished = "a viewer vanished without a word",
        ViewerCameBack = "a viewer came back with an old token",
        ViewerTooLate = "a viewer asked for a segment that was gone",
        ViewerDry = "a viewer ran dry",
        ViewerUnserved = "a viewer found nobody at the door",
        Crash = "Weir crashed",
        CrashLive = "Weir crashed while a channel was live",
        CrashUnwritten = "Weir crashed with something not yet written",
        Shutdown = "Weir was told to stop",
        ShutdownInTime = "Weir stopped in good order",
        Restart = "Weir started again",
        NumbersFromDisk = "numbers went on behind those on the disk",
        NumbersFromClock = "numbers went on by the clock",
        NumbersTooLate = "the disk did not say in time how far numbers were",
        DiskFailed = "a write failed",
        DiskSlow = "the disk was slow",
        WallForward = "the wall clock was set forward",
        WallBack = "the wall clock was set back",
        EventsHeld = "events could not be told for a while",
        EventsResumed = "events could be told again",
        EventGivenUp = "an event was given up",
        EventAgain = "an event was told again",
        EndedByCrash = "the end of a life was told after a crash",
        SettingsChanged = "settings were changed while Weir ran",
        SlateStart = "a start showed the slate",
        SlateLost = "an outage showed the slate",
        SlateEnded = "the slate told of an end",
        SlateLeft = "media followed on the slate",
        Misfit = "media did not fit a list that the slate began",
        Body = "a body began",
        BodyOver = "a body ended",
        NotReadOn = "a body was not read on, because enough was there",
        Reserve = "media waited for its time",
        Cut = "a segment was cut out of a body",
        Again = "a new session took up what was shown before",
        Mute = "a body that was silent from the beginning was given up",
        Flaw = "a flaw of a body was told",
        Calm = "everything got well in the end",
    }
}

/// How often each of them happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    seen: Vec<u64>,
    mishaps: Vec<u64>,
    moods: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            seen: vec![0; Seen::ALL.len()],
            mishaps: vec![0; Mishap::ALL.len()],
            moods: vec![0; Mood::ALL.len()],
        }
    }
}

impl Coverage {
    pub(crate) fn see(&mut self, what: Seen) {
        self.seen[what as usize] += 1;
    }

    pub(crate) fn suffer(&mut self, what: Mishap) {
        self.mishaps[what as usize] += 1;
    }

    pub(crate) fn feel(&mut self, what: Mood) {
        self.moods[what as usize] += 1;
    }

    /// Adds what another life has visited.
    pub fn add(&mut self, other: &Self) {
        let pairs = self.seen.iter_mut().zip(&other.seen);
        let mishaps = self.mishaps.iter_mut().zip(&other.mishaps);
        let moods = self.moods.iter_mut().zip(&other.moods);
        for (sum, more) in pairs.chain(mishaps).chain(moods) {
            *sum += more;
        }
    }

    /// Everything there is to visit, with how often it was.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let seen = Seen::ALL.iter().map(|it| it.name());
        let mishaps = Mishap::ALL.iter().map(|it| it.name());
        let moods = Mood::ALL.iter().map(|it| it.name());
        let names = seen.chain(mishaps).chain(moods);
        let counts = self.seen.iter().chain(&self.mishaps).chain(&self.moods);
        names.zip(counts.copied())
    }

    /// What was never visited.
    pub fn missed(&self) -> Vec<&'static str> {
        let missed = self.lines().filter(|(_, count)| *count == 0);
        missed.map(|(name, _)| name).collect()
    }
}
