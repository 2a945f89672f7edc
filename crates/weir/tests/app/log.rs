//! What is logged on a test's thread, for tests that look at it.
//!
//! Whether anybody listens to a line of code is kept by `tracing` for the whole process, and is asked of whichever thread comes by
//! there first. A listener of one thread alone would miss the lines that another test's thread came to before; so there
//! is one listener for all, set before any Weir starts, which looks at each line anew.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Once;

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;

thread_local! {
    /// Where what is logged on this thread goes, while somebody listens.
    static HEARD: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

type Lines = Rc<RefCell<Vec<u8>>>;

/// Listens to its thread, until it is dropped. It hears all of a test that runs on one thread.
pub(crate) struct Log {
    lines: Lines,
}

impl Log {
    pub(crate) fn listen() -> Self {
        install();
        let lines = Lines::default();
        HEARD.set(Some(Rc::clone(&lines)));
        Self { lines }
    }

    /// All lines so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.lines.borrow()).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        HEARD.set(None);
    }
}

/// Sets the one listener, which hears threads on which somebody listens. Whoever comes meanwhile waits until it is set.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let text = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(|| Ear);
        let listening = dynamic_filter_fn(|_, _| {
            // A thread that ends hears nothing any more.
            let listening = HEARD.try_with(|heard| heard.borrow().is_some());
            listening.unwrap_or(false)
        });
        let all = tracing_subscriber::registry().with(text).with(listening);
        tracing::subscriber::set_global_default(all).expect("nobody else sets one");
        // Lines that were come to before are looked at anew.
        tracing::callsite::rebuild_interest_cache();
    });
}

/// Writes what its thread logs.
struct Ear;

impl io::Write for Ear {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        HEARD.with_borrow(|heard| {
            if let Some(lines) = heard {
                lines.borrow_mut().extend_from_slice(line);
            }
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_is_heard_though_another_thread_came_to_it_before() {
    let line = || tracing::info!("something happens");
    install();
    std::thread::spawn(line).join().expect("it ends");
    let log = Log::listen();
    line();
    std::thread::spawn(line).join().expect("it ends");
    assert_eq!(log.text().matches("something happens").count(), 1);
    drop(log);
    line();
    assert_eq!(Log::listen().text(), "");
}
