//! Which settings belong together, for whoever shows them.

/// The heading under which a setting is shown.
pub fn card(name: &str) -> &'static str {
    match name {
        "stream_mode" => "Stream Mode",
        "connection_timeout" | "stream_timeout" | "channel_shutdown_delay" => {
            "Connection & Timeout"
        }
        "max_streams_per_engine" | "engine_stream" => "Engine",
        _ if name.starts_with("hls_") => "HLS Buffering Settings",
        _ if name.starts_with("engine_") => "Engine",
        _ => "Stream Buffer",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CHOICES, TABLE};
    use super::*;

    #[test]
    fn the_card_of_the_hls_mode_has_the_eight_settings_that_act_in_it_alone() {
        let hls = TABLE
            .iter()
            .filter(|key| card(key.name) == "HLS Buffering Settings");
        assert_eq!(hls.count(), 8);
        for choice in CHOICES {
            assert_ne!(
                card(choice.name),
                "HLS Buffering Settings",
                "{}",
                choice.name
            );
        }
    }
}
