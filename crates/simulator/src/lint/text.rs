//! Rules about a playlist's text, which a tolerant reader does not see; what the list means is checked elsewhere.

use super::rule::Rule;

/// What is wrong with a text.
pub(super) fn check(_text: &[u8]) -> Vec<(Rule, String)> {
    vec![]
}
