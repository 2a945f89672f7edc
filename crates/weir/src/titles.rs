//! What engines call the contents that they play, by infohash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Content;

/// Contents remembered; beyond it all are forgotten and asked for again.
const CONTENTS_MAX: usize = 4_096;

/// Contents by infohash; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    /// Nothing for one that an engine was asked about in vain.
    contents: Arc<Mutex<HashMap<String, Option<Content>>>>,
}

impl Titles {
    /// What is known of a content.
    pub fn known(&self, infohash: &str) -> Option<Content> {
        self.contents().get(infohash).cloned().flatten()
    }

    /// Whether an engine was asked about a content.
    pub fn is_asked(&self, infohash: &str) -> bool {
        self.contents().contains_key(infohash)
    }

    /// An engine was asked about a content, and has said what it knows, if it knows anything.
    pub fn learn(&self, infohash: &str, content: Option<Content>) {
        let mut contents = self.contents();
        if CONTENTS_MAX <= contents.len() {
            contents.clear();
        }
        contents.insert(infohash.to_owned(), content);
    }

    fn contents(&self) -> MutexGuard<'_, HashMap<String, Option<Content>>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
