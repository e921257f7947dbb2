//! The documents: their links resolve, their commands and flags exist, and README stays short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use seatload::cli::Cli;
use seatload::exit_code::ExitCode;

use crate::help::assert_understood;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents for people, by their paths.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut paths: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(|name| root().join(name))
        .into();
    let docs = fs::read_dir(root().join("docs")).unwrap();
    paths.extend(docs.map(|entry| entry.unwrap().path()));
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The text outside of code blocks.
fn prose(document: &str) -> String {
    document
        .split("\n```")
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The shell blocks of a document.
fn shell_blocks(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0)
}

/// The targets of links and images.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    let targets = prose.split("](").skip(1);
    targets.map(|rest| rest.split_once(')').unwrap().0)
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(document: &str) -> BTreeSet<String> {
    let prose = prose(document);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_relative_link_resolves() {
    let documents = documents();
    let mut broken = Vec::new();
    for (path, text) in &documents {
        let prose = prose(text);
        for link in links(&prose).filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let resolves = fs::canonicalize(&target).is_ok_and(|target| {
                anchor.is_empty() || anchors(&documents[&target]).contains(anchor)
            });
            if !resolves {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn readme_links_to_every_document() {
    let documents = documents();
    let readme = &documents[&root().join("README.md")];
    for path in documents.keys() {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let linked = links(readme).any(|link| link.split('#').next() == Some(name));
        assert!(linked || name == "README.md", "{name}");
    }
}

#[test]
fn readme_has_at_most_200_lines() {
    let lines = documents()[&root().join("README.md")].lines().count();
    assert!(lines <= 200, "{lines} lines");
}

#[test]
fn every_command_line_in_the_documents_is_understood() {
    let documents = documents();
    let blocks = documents.values().flat_map(|text| shell_blocks(text));
    let understood: usize = blocks.map(assert_understood).sum();
    assert!(understood > 0);
}

#[test]
fn every_flag_in_the_documents_exists() {
    let mut cli = Cli::command();
    cli.build();
    let known: BTreeSet<String> = cli
        .get_subcommands()
        .chain([&cli])
        .flat_map(|command| command.get_arguments().filter_map(|flag| flag.get_long()))
        .map(str::to_owned)
        .collect();
    for (path, text) in documents() {
        let prose = prose(&text);
        let code = prose.split('`').skip(1).step_by(2);
        for flag in code.filter_map(|code| code.strip_prefix("--")) {
            let name = flag.split([' ', '=']).next().unwrap();
            assert!(known.contains(name), "{}: --{name}", path.display());
        }
    }
}

#[test]
fn every_exit_code_is_explained() {
    let documents = documents();
    let failures = documents[&root().join("docs/failures.md")].replace('`', "");
    for (code, meaning) in ExitCode::MEANINGS {
        let row = format!("| {} | {} |", code.number(), meaning.replace('`', ""));
        assert!(failures.contains(&row), "{row}");
    }
}
