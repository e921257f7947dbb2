//! Rooms import one way, as docs/architecture.md draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each room imports outside of its tests: other rooms, and clap.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut imports = BTreeMap::<_, BTreeSet<_>>::new();
    for (file, code) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let room = first_name(&file);
        let names = code.split("crate::").skip(1).map(first_name);
        let rooms = names.filter(|name| *name != room).map(str::to_owned);
        let found = imports.entry(room.to_owned()).or_default();
        found.extend(rooms);
        if code.contains("clap::") {
            found.insert("clap".into());
        }
    }
    imports
}

/// Each file below `src`, by its path there, without its tests.
fn files(source: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(source).unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if !name.ends_with("tests.rs") && !name.ends_with("_test.rs") {
                let code = fs::read_to_string(&path).unwrap();
                let production = code.split("#[cfg(test)]").next().unwrap();
                files.insert(name.replace('\\', "/"), production.to_owned());
            }
        }
    }
    files
}

/// The first module of a path.
fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| c != '_' && !c.is_ascii_lowercase());
    &text[..end.unwrap_or(text.len())]
}

/// Removes rooms that import nothing that is left, until none can be removed: what stays is in a circle or above one.
fn circles(mut imports: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    loop {
        let rooms: BTreeSet<_> = imports.keys().cloned().collect();
        for imported in imports.values_mut() {
            imported.retain(|room| rooms.contains(room));
        }
        imports.retain(|_, imported| !imported.is_empty());
        if imports.len() == rooms.len() {
            return imports;
        }
    }
}

#[test]
fn no_rooms_import_each_other_in_a_circle() {
    assert_eq!(circles(imports()), BTreeMap::new());
}

#[test]
fn only_the_command_line_knows_clap() {
    let imports = imports();
    let users = imports
        .iter()
        .filter(|(_, imports)| imports.contains("clap"));
    let users: Vec<_> = users.map(|(room, _)| room.as_str()).collect();
    assert_eq!(users, ["args", "cli", "commands", "config_file"]);
}

#[test]
fn records_reports_and_dispatch_do_not_import_what_is_above_them() {
    let imports = imports();
    for (room, never) in [
        (
            "run",
            &["report", "dispatch", "api", "lookup", "import"][..],
        ),
        ("report", &["dispatch", "api", "lookup", "import"]),
        ("dispatch", &["run", "report", "import"]),
        ("api", &["dispatch", "run", "report", "plan"]),
        (
            "lookup",
            &["dispatch", "run", "report", "plan", "roster", "import"],
        ),
        ("pacing", &["dispatch", "lookup", "run", "report"]),
        ("watch", &["commands", "import"]),
    ] {
        for imported in never {
            assert!(
                !imports[room].contains(*imported),
                "{room} imports {imported}"
            );
        }
    }
}

#[test]
fn no_command_imports_another() {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands"));
    for (file, code) in files {
        let command = first_name(&file);
        let imported = code.split("crate::commands::").skip(1).map(first_name);
        let others: Vec<_> = imported.filter(|imported| *imported != command).collect();
        assert!(others.is_empty(), "{command} imports {others:?}");
    }
}
