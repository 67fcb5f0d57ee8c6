//! Where a directory lies and whose it is: the decision by itself, and on real files.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn record() -> Record {
    let is = Former { id: Uuid::now_v7(), path: "/s".into(), machine: Some("abcdef0123456789".into()) };
    Record { version: 1, is, mark: Mark { inode: 7, born: Some(9) }, adopted: false, before: vec![] }
}

fn seen() -> Seen {
    Seen { path: "/s".into(), machine: Machine::Is("abcdef0123456789".into()), mark: Mark { inode: 7, born: Some(9) } }
}

#[test]
fn it_lies_here_only_if_all_that_can_be_told_agrees() {
    let made = record();
    assert_eq!(judge(&made, &seen()), Place::Here { id: made.is.id, adopted: false });
    let elsewhere = |seen: Seen, words: &str| {
        let Place::Elsewhere(why) = judge(&made, &seen) else { panic!("{words}") };
        assert!(why.contains(words), "{why}");
    };
    elsewhere(Seen { path: "/copy".into(), ..seen() }, "made, at /s on this machine");
    elsewhere(Seen { machine: Machine::Is("other".into()), ..seen() }, "made, at /s on machine abcdef01");
    elsewhere(Seen { mark: Mark { inode: 8, born: Some(9) }, ..seen() }, "restored from a copy");
    elsewhere(Seen { mark: Mark { inode: 7, born: Some(10) }, ..seen() }, "restored from a copy");
    let nameless = Record { is: Former { machine: None, ..made.is.clone() }, ..made.clone() };
    for (record, seen) in [
        (&made, Seen { mark: Mark { inode: 7, born: None }, ..seen() }),
        (&made, Seen { machine: Machine::Nameless, ..seen() }),
        (&made, Seen { machine: Machine::Unknown("EACCES".into()), ..seen() }),
        (&nameless, seen()),
        (&Record { version: 2, ..made.clone() }, seen()),
    ] {
        assert!(matches!(judge(record, &seen), Place::Unknown(_)), "{:?}", judge(record, &seen));
    }
    let contained = Seen { machine: Machine::Nameless, ..seen() };
    assert!(matches!(judge(&nameless, &contained), Place::Here { .. }), "path and inode must do");
    assert_eq!((named(""), named("uninitialized")), (Machine::Nameless, Machine::Nameless));
    assert!(matches!(named("3d12"), Machine::Is(name) if name.len() == 32 && !name.contains("3d12")));
}

#[test]
fn many_that_make_it_at_once_make_one_and_a_claim_makes_another() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    assert_eq!(Home::look(&state).place, Place::Unmade);
    std::thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| make(&state, false).unwrap())));
    });
    let first = Home::look(&state).may_begin().unwrap();
    make(&state, true).unwrap();
    assert_eq!(Home::look(&state).place, Place::Here { id: first, adopted: false }, "made once");
    let second = claim(&state).unwrap();
    let home = Home::look(&state);
    assert_eq!(home.may_begin(), Ok(second));
    assert!(home.was(first).contains(dir.path().to_str().unwrap()), "{}", home.was(first));
    let left: Vec<_> = std::fs::read_dir(state.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_is_no_home_begins_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    make(&state, false).unwrap();
    let kept = std::fs::read(state.home()).unwrap();
    std::fs::write(state.home(), &kept[..kept.len() / 2]).unwrap();
    let why = Home::look(&state).may_begin().unwrap_err();
    assert!(why.contains("cannot be told") && why.contains("opsdeck claim"), "{why}");
    std::fs::write(state.home(), &kept).unwrap();
    assert!(Home::look(&state).may_begin().is_ok(), "the same file with the same content");
    std::fs::set_permissions(state.root(), PermissionsExt::from_mode(0o770)).unwrap();
    let why = Home::look(&state).may_begin().unwrap_err();
    assert!(why.contains("chmod go-w"), "{why}");
}

#[test]
fn what_is_no_file_in_its_place_hangs_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    make(&state, false).unwrap();
    std::fs::remove_file(state.home()).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, state.home(), mode).unwrap();
    assert!(matches!(Home::look(&state).place, Place::Unknown(_)), "a FIFO");
    std::fs::remove_file(state.home()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", state.home()).unwrap();
    assert!(matches!(Home::look(&state).place, Place::Unknown(_)), "a link to a device");
}
