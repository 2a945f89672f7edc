//! What becomes of the file whatever is done to it.

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn saved(window: f64) -> Saved {
    let mut saved = Saved::default();
    saved.set_number("window", window);
    saved
}

fn window(folder: &Path) -> Option<f64> {
    match SettingsFile::load(folder).1.get("window") {
        Some(Entry::Number(number)) => Some(number),
        _ => None,
    }
}

fn path(folder: &tempfile::TempDir, tail: &str) -> PathBuf {
    folder.path().join(format!("{SETTINGS_FILE}{tail}"))
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("the folder");
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A folder where 6 was saved, and then 7.
fn twice() -> (tempfile::TempDir, SettingsFile) {
    let folder = folder();
    let (file, nothing) = SettingsFile::load(folder.path());
    assert_eq!(nothing, Saved::default());
    file.write(&saved(6.0)).expect("written");
    file.write(&saved(7.0)).expect("written again");
    (folder, file)
}

#[test]
fn what_is_saved_comes_back_and_the_file_before_is_kept() {
    let (folder, _) = twice();
    assert_eq!(window(folder.path()), Some(7.0));
    let backup = fs::read_to_string(path(&folder, ".bak")).expect("a backup");
    assert_eq!(backup, "{\n  \"version\": 1,\n  \"window\": 6\n}\n");
    let left = [SETTINGS_FILE.to_owned(), format!("{SETTINGS_FILE}.bak")];
    assert_eq!(names(&folder), left);
}

#[test]
fn a_damaged_file_is_put_aside_and_the_one_before_is_used() {
    let torn = "{\"window\": 7, \"max";
    let large = format!("{{\"text\": \"{}\"}}", "x".repeat(600_000));
    for damage in ["", " \n", "\0\0\0\0", torn, "[7]", "7", "null", &large] {
        let (folder, _) = twice();
        fs::write(path(&folder, ""), damage).expect("damage");
        assert_eq!(window(folder.path()), Some(6.0), "{damage:.20}");
        let aside = fs::read_to_string(path(&folder, ".damaged-1")).expect("kept");
        assert_eq!(aside, damage);
        // The next start says so again, and loses nothing.
        assert_eq!(window(folder.path()), Some(6.0));
        assert!(!path(&folder, ".damaged-2").exists());
    }
}

#[test]
fn a_file_that_went_missing_is_replaced_by_the_one_before() {
    let (folder, _) = twice();
    fs::remove_file(path(&folder, "")).expect("removed");
    assert_eq!(window(folder.path()), Some(6.0));
}

#[test]
fn with_both_files_damaged_nothing_is_saved_and_both_are_kept() {
    let (folder, _) = twice();
    fs::write(path(&folder, ""), "").expect("damage");
    fs::write(path(&folder, ".bak"), "").expect("damage");
    assert_eq!(window(folder.path()), None);
    assert!(path(&folder, ".bak").exists() && path(&folder, ".damaged-1").exists());
}

#[test]
fn damaged_files_are_kept_up_to_a_bound() {
    let (folder, _) = twice();
    for number in 0..DAMAGED_MAX + 5 {
        fs::write(path(&folder, ""), format!("damage {number}")).expect("damage");
        assert_eq!(window(folder.path()), Some(6.0));
    }
    let kept = names(&folder);
    let kept = kept.iter().filter(|name| name.contains("damaged"));
    assert_eq!(kept.count(), DAMAGED_MAX as usize);
    let newest = fs::read_to_string(path(&folder, ".damaged-10")).expect("the newest");
    assert_eq!(newest, "damage 14");
}

#[test]
fn what_a_newer_version_wrote_is_kept_with_its_version() {
    let folder = folder();
    let newer = r#"{"version": 3, "window": 9, "colour": {"deep": [1, null]}, "big": 12345678901}"#;
    fs::write(path(&folder, ""), newer).expect("a file");
    let (file, mut saved) = SettingsFile::load(folder.path());
    assert!(saved.is_newer());
    assert_eq!(saved.get("window"), Some(Entry::Number(9.0)));
    assert_eq!(saved.get("colour"), Some(Entry::Other));
    saved.set_number("window", 10.5);
    saved.set_text("mode", "HLS");
    file.write(&saved).expect("written");
    let text = fs::read_to_string(path(&folder, "")).expect("the file");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let wanted = serde_json::json!({
        "version": 3, "window": 10.5, "mode": "HLS", "colour": {"deep": [1, null]}, "big": 12_345_678_901_u64,
    });
    assert_eq!(value, wanted);
}

#[test]
fn a_version_that_is_none_counts_as_this_one() {
    for version in ["\"two\"", "-1", "null", "0", "1.5"] {
        let folder = folder();
        let text = format!("{{\"version\": {version}, \"window\": 8}}");
        fs::write(path(&folder, ""), text).expect("a file");
        let (file, saved) = SettingsFile::load(folder.path());
        assert!(!saved.is_newer(), "{version}");
        file.write(&saved).expect("written");
        let text = fs::read_to_string(path(&folder, "")).expect("the file");
        assert!(text.contains("\"version\": 1"), "{text}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_changes_nothing() {
    let (folder, file) = twice();
    std::os::unix::fs::symlink("/dev/full", path(&folder, ".new")).expect("a link");
    let error = file.write(&saved(8.0)).expect_err("no room");
    assert!(matches!(error, WriteError::Full(_)), "{error}");
    assert!(error.to_string().contains("no room to save"), "{error}");
    assert_eq!(window(folder.path()), Some(7.0));
    file.write(&saved(8.0)).expect("room again");
    assert_eq!(window(folder.path()), Some(8.0));
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let (folder, file) = twice();
    fs::create_dir(path(&folder, ".new")).expect("something in the way");
    let error = file.write(&saved(8.0)).expect_err("in the way");
    assert!(matches!(error, WriteError::Refused(_)), "{error}");
    assert_eq!(window(folder.path()), Some(7.0));
    let gone = SettingsFile {
        folder: folder.path().join("gone"),
    };
    let error = gone.write(&saved(8.0)).expect_err("no folder");
    assert!(matches!(error, WriteError::Refused(_)), "{error}");
}

#[test]
fn a_backup_that_cannot_be_made_is_an_error_and_changes_nothing() {
    let (folder, file) = twice();
    fs::remove_file(path(&folder, ".bak")).expect("removed");
    fs::create_dir(path(&folder, ".bak")).expect("something in the way");
    let error = file.write(&saved(8.0)).expect_err("in the way");
    assert!(matches!(error, WriteError::Refused(_)), "{error}");
    assert_eq!(window(folder.path()), Some(7.0));
    assert!(!path(&folder, ".new").exists());
}

#[test]
fn what_cannot_be_read_is_left_until_a_write_puts_it_aside() {
    let (folder, file) = twice();
    fs::remove_file(path(&folder, "")).expect("removed");
    fs::create_dir(path(&folder, "")).expect("no file");
    assert_eq!(window(folder.path()), Some(6.0));
    assert!(path(&folder, "").is_dir());
    file.write(&saved(8.0)).expect("written beside it");
    assert!(path(&folder, ".damaged-1").is_dir());
    assert_eq!(window(folder.path()), Some(8.0));
}

#[test]
fn a_link_in_a_circle_is_in_the_way_and_is_put_aside() {
    let folder = folder();
    let main = path(&folder, "");
    std::os::unix::fs::symlink(&main, &main).expect("a link");
    let (file, saved) = SettingsFile::load(folder.path());
    assert_eq!(saved, Saved::default());
    file.write(&saved).expect("written");
    assert!(main.is_file());
}

#[test]
fn what_can_neither_be_read_nor_put_aside_is_an_error_and_stays() {
    let (folder, file) = twice();
    for number in 1..=DAMAGED_MAX {
        let full = path(&folder, &format!(".damaged-{number}")).join("full");
        fs::create_dir_all(full).expect("no free name");
    }
    fs::write(path(&folder, ""), "{").expect("damage");
    assert_eq!(window(folder.path()), Some(6.0));
    let error = file.write(&saved(8.0)).expect_err("in the way");
    let text = error.to_string();
    assert!(
        text.contains("is not JSON") && text.contains("cannot be put aside"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(path(&folder, "")).expect("it"), "{");
}

#[test]
fn a_file_damaged_while_it_is_in_use_never_becomes_the_last_good_one() {
    let (folder, file) = twice();
    fs::write(path(&folder, ""), "{").expect("damage");
    file.write(&saved(8.0)).expect("written");
    assert_eq!(window(folder.path()), Some(8.0));
    fs::remove_file(path(&folder, "")).expect("removed");
    assert_eq!(window(folder.path()), Some(6.0));
}

#[test]
fn a_copy_is_kept_once_however_often_it_is_asked_for() {
    let (folder, file) = twice();
    for _ in 0..3 {
        file.copy_aside();
    }
    assert!(path(&folder, ".damaged-1").exists() && !path(&folder, ".damaged-2").exists());
    file.write(&saved(8.0)).expect("written");
    file.copy_aside();
    assert!(path(&folder, ".damaged-2").exists());
}

#[test]
fn a_replacement_that_did_not_last_is_set_back() {
    let (folder, file) = twice();
    file.undo(true);
    assert_eq!(window(folder.path()), Some(6.0));
    file.undo(false);
    assert!(!path(&folder, "").exists());
}

#[test]
fn a_file_that_would_not_be_read_again_is_not_written() {
    let (folder, file) = twice();
    let mut large = saved(8.0);
    large.set_text("text", &"x".repeat(600_000));
    let error = file.write(&large).expect_err("too large");
    assert!(matches!(error, WriteError::TooLarge { .. }), "{error}");
    assert_eq!(window(folder.path()), Some(7.0));
}
