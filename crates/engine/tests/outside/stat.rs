//! Reading an engine's statistics in all their spellings.

use engine::{Address, ApiError, LivePos, Session, Stat, StatError, Status};
use uuid::Uuid;

use crate::scripted::{Server, answer, http, json};

/// The sample of the official document.
const SAMPLE: &str = r#"{"response":{"uploaded":491520,"network_monitor_status":0,"debug_level":0,
    "disk_cache_stats":{"avail":3199156224,"disk_cache_limit":2266017044,"inactive_inuse":0,"active_inuse":38010982},
    "speed_down":257,"speed_up":29,"network_monitor_started":false,"selected_stream_index":0,"total_progress":0,
    "stream_status":-1,"client_session_id":-1,"status":"dl","downloaded":3276800,"manifest_access_mode":-1,"peers":4,
    "playback_session_id":"15ad634c7ed4deb28045e641c825adcebe5b5f27","is_encrypted":0,"is_live":1,
    "infohash":"0a48db0000000000000000000000000000008141","selected_file_index":-1,
    "livepos":{"last":"1639986704","live_first":"1639984904","pos":"1639986700","first_ts":"1639984904",
    "last_ts":"1639986704","is_live":"1","live_last":"1639986704","buffer_pieces":"30"}},"error":null}"#;

fn session(engine: &Address) -> Session {
    let url = format!("http://{engine}/ace/stat/a/b?x=1").parse().unwrap();
    Session {
        engine: engine.clone(),
        playback_url: format!("http://{engine}/ace/r/a/b").parse().unwrap(),
        stat_url: Some(url),
        command_url: None,
        event_url: None,
        infohash: None,
        playback_session_id: None,
        is_live: None,
        is_encrypted: false,
        pid: Uuid::nil(),
    }
}

async fn read(body: &str) -> Result<Stat, StatError> {
    let server = Server::saying(json(body)).await;
    http().stat(&session(&server.address)).await
}

#[tokio::test]
async fn the_official_sample_is_read() {
    let stat = read(SAMPLE).await.unwrap();
    assert_eq!(stat.status, Some(Status::Downloading));
    assert_eq!(
        (stat.peers, stat.speed_down, stat.speed_up),
        (Some(4), Some(257), Some(29))
    );
    assert_eq!(
        (stat.downloaded, stat.uploaded),
        (Some(3_276_800), Some(491_520))
    );
    assert_eq!(stat.is_live, Some(true));
    let livepos = LivePos {
        pos: Some(1_639_986_700),
        live_first: Some(1_639_984_904),
        live_last: Some(1_639_986_704),
        first_ts: Some(1_639_984_904),
        last_ts: Some(1_639_986_704),
        buffer_pieces: Some(30),
    };
    assert_eq!(stat.livepos, Some(livepos));
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_reading() {
    for body in [
        r#"{"response":{},"error":null}"#,
        r#"{"response":null,"error":null}"#,
        r#"{"response":{"livepos":{},"status":"","peers":null}}"#,
        r#"{"response":{"livepos":"none","peers":-1,"speed_down":"fast","downloaded":[]}}"#,
    ] {
        assert_eq!(read(body).await, Ok(Stat::default()), "{body}");
    }
}

#[tokio::test]
async fn numbers_may_be_texts_and_names_may_be_older() {
    let body = r#"{"response":{"peers":"7","speedDown":"12.9","speedUp":3.2,"downloaded":1e6,"is_live":"0",
        "livepos":{"first":5,"last":9,"pos":"7"}}}"#;
    let stat = read(body).await.unwrap();
    assert_eq!(
        (stat.peers, stat.speed_down, stat.speed_up),
        (Some(7), Some(12), Some(3))
    );
    assert_eq!(
        (stat.downloaded, stat.is_live),
        (Some(1_000_000), Some(false))
    );
    let livepos = stat.livepos.unwrap();
    assert_eq!(
        (livepos.live_first, livepos.live_last, livepos.pos),
        (Some(5), Some(9), Some(7))
    );
}

#[tokio::test]
async fn each_status_has_its_word_and_others_are_kept() {
    for (word, status) in [
        ("idle", Status::Idle),
        ("check", Status::Checking),
        ("checking", Status::Checking),
        ("prebuf", Status::Prebuffering),
        ("prefuf", Status::Prebuffering),
        ("buf", Status::Buffering),
        ("DL", Status::Downloading),
        ("wait", Status::Waiting),
        ("err", Status::Failed),
        ("seekprebuf", Status::Seeking),
        ("loading", Status::Unknown("loading".to_owned())),
    ] {
        let body = format!(r#"{{"response":{{"status":"{word}"}}}}"#);
        let read = read(&body).await.unwrap().status.unwrap();
        assert_eq!(read, status);
        assert!(word.to_lowercase().starts_with(read.as_str()) || word == "prefuf");
    }
    let long = format!(r#"{{"response":{{"status":"{}"}}}}"#, "é".repeat(5_000));
    let status = read(&long).await.unwrap().status.unwrap();
    assert_eq!(status.as_str().chars().count(), 32);
}

#[tokio::test]
async fn a_session_that_is_gone_is_told_apart_from_other_errors() {
    let gone = r#"{"response":null,"error":"unknown playback session id"}"#;
    assert_eq!(read(gone).await, Err(StatError::SessionGone));
    let text = "busy".to_owned();
    let busy = read(r#"{"response":null,"error":"busy"}"#).await;
    assert_eq!(busy, Err(StatError::Api(ApiError::Refused { text })));
    let server = Server::saying(answer("500 Oops", "", "no")).await;
    let broken = http().stat(&session(&server.address)).await;
    assert_eq!(broken, Err(StatError::Api(ApiError::Status { code: 500 })));
}

#[tokio::test]
async fn a_session_without_statistics_is_not_asked() {
    let server = Server::canary().await;
    let bare = Session {
        stat_url: None,
        ..session(&server.address)
    };
    assert_eq!(http().stat(&bare).await, Err(StatError::NoStatUrl));
    assert_eq!(server.seen().connections, 0);
}

#[tokio::test]
async fn a_quiet_reading_does_not_count_as_activity() {
    let server = Server::saying(json(SAMPLE)).await;
    http().stat(&session(&server.address)).await.unwrap();
    http()
        .stat_quietly(&session(&server.address))
        .await
        .unwrap();
    assert!(server.request(0).starts_with("GET /ace/stat/a/b?x=1 "));
    assert!(
        server
            .request(1)
            .starts_with("GET /ace/stat/a/b?x=1&skip_player_activity=1 ")
    );
}

#[tokio::test]
async fn a_session_that_was_tampered_with_still_asks_its_engine() {
    let (server, canary) = (Server::saying(json(SAMPLE)).await, Server::canary().await);
    let stat_url = Some(canary.url("/ace/stat/a/b"));
    let bent = Session {
        stat_url,
        ..session(&server.address)
    };
    http().stat(&bent).await.unwrap();
    assert_eq!(canary.seen().connections, 0);
}
