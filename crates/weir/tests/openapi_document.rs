//! `docs/openapi.json` is the description that Weir answers with, and every route that answers with JSON stands in it.

#[path = "document/written.rs"]
mod written;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_document_is_what_the_code_describes() {
    let mut wanted = weir::http::description().to_pretty_json().expect("JSON");
    wanted.push('\n');
    written::assert_is("openapi.json", &wanted);
}

#[test]
fn no_route_goes_around_the_description() {
    let source = std::fs::read_to_string(root().join("crates/weir/src/http.rs")).expect("routes");
    let described = source.split("fn described()").nth(1).expect("the routes");
    let described = described.split("\n}\n").next().unwrap_or_default();
    assert!(
        !described.contains(".route("),
        "a route has no description: {described}"
    );
    let paths = weir::http::description().paths.paths;
    for path in source.split(".route(\"/ace/").skip(1) {
        let path = format!("/ace/{}", path.split('"').next().unwrap_or_default());
        assert!(paths.contains_key(&path), "{path} is not described");
    }
}

/// The names under which types are described, in all files of a folder.
fn schemas(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            schemas(&path, names);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        // Derives name it last.
        for part in text.split("ToSchema)]").skip(1) {
            let head = part.split('{').next().unwrap_or_default();
            let named = head
                .split("schema(as = ")
                .nth(1)
                .and_then(|it| it.split(')').next());
            let own = head
                .split_whitespace()
                .skip_while(|it| !["struct", "enum"].contains(it));
            names.extend(named.or(own.into_iter().nth(1)).map(str::to_owned));
        }
    }
}

#[test]
fn no_two_types_are_described_under_one_name() {
    let mut names = Vec::new();
    schemas(&root().join("crates/weir/src/http"), &mut names);
    assert!(20 < names.len(), "{names:?}");
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(
        twice.is_empty(),
        "the latter would hide the former: {twice:?}"
    );
}

#[test]
fn every_call_says_what_it_does_and_to_which_part_it_belongs() {
    let description = weir::http::description();
    for (path, item) in description.paths.paths {
        let calls = [item.get, item.post, item.put, item.delete, item.patch];
        for call in calls.into_iter().flatten() {
            assert!(call.summary.is_some_and(|it| it.len() > 10), "{path}");
            assert!(call.tags.is_some_and(|it| !it.is_empty()), "{path}");
        }
    }
}

#[test]
fn each_call_has_a_name_that_no_other_has() {
    let mut names = Vec::new();
    for item in weir::http::description().paths.paths.into_values() {
        let calls = [item.get, item.post, item.put, item.delete, item.patch];
        names.extend(calls.into_iter().flatten().map(|call| call.operation_id));
    }
    assert!(names.contains(&Some("post_api_v1_engines_id_drain".into())));
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
