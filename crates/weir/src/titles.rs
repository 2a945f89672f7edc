//! What engines call the contents that they play, by infohash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Content;

/// Contents remembered; beyond it all are forgotten and asked for again.
const CONTENTS_MAX: usize = 4_096;

/// Contents by infohash; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    contents: Arc<Mutex<HashMap<String, Content>>>,
}

impl Titles {
    /// What is known of a content.
    pub fn known(&self, infohash: &str) -> Option<Content> {
        self.contents().get(infohash).cloned()
    }

    /// An engine has said what it knows of a content.
    pub fn learn(&self, infohash: &str, content: Content) {
        let mut contents = self.contents();
        if CONTENTS_MAX <= contents.len() {
            contents.clear();
        }
        contents.insert(infohash.to_owned(), content);
    }

    fn contents(&self) -> MutexGuard<'_, HashMap<String, Content>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
