//! Numbers for Prometheus: which there are, how requests are counted, and how all of it is written. What the numbers
//! are is asked from their owners at each scrape.

mod process;
mod requests;
mod sheet;
mod table;

pub use process::Process;
pub use requests::{BUCKETS, Requests, Timed};
pub use sheet::{Histogram, Sheet, Value};
pub use table::{Kind, Metric};
