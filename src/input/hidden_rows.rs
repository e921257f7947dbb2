//! The rows of a workbook that are hidden, such as by a filter. calamine does not report them.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};

use anyhow::Context;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use zip::ZipArchive;

/// The number of hidden rows by the name of their sheet. A row without a value is not counted.
///
/// # Errors
/// When a part of the workbook is not where spreadsheet programs write it, or is not XML.
pub fn hidden_rows<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
) -> anyhow::Result<HashMap<String, u64>> {
    let mut hidden = HashMap::new();
    for (sheet, path) in sheet_paths(archive)? {
        let (mut count, mut is_hidden) = (0, false);
        for_each_element(archive, &path, |element| {
            match element.local_name().as_ref() {
                "row" => is_hidden = is_true(element, "hidden"),
                // Each row counts once.
                "v" | "is" => count += u64::from(std::mem::take(&mut is_hidden)),
                _ => {}
            }
        })?;
        hidden.insert(sheet, count);
    }
    Ok(hidden)
}

/// The name of each sheet and the path of its part in the archive.
fn sheet_paths<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut names = HashMap::new();
    for_each_element(archive, "xl/workbook.xml", |element| {
        if element.local_name().as_ref() == "sheet" {
            names.extend(attribute(element, "id").zip(attribute(element, "name")));
        }
    })?;
    let mut paths = Vec::new();
    for_each_element(archive, "xl/_rels/workbook.xml.rels", |element| {
        let name = attribute(element, "Id").and_then(|id| names.remove(&id));
        let path = attribute(element, "Target").map(|target| match target.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None => format!("xl/{target}"),
        });
        paths.extend(name.zip(path));
    })?;
    Ok(paths)
}

fn for_each_element<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    path: &str,
    mut see: impl FnMut(&BytesStart<'_>),
) -> anyhow::Result<()> {
    let part = archive.by_name(path).with_context(|| path.to_owned())?;
    let mut reader = Reader::from_reader(BufReader::new(part));
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) | Event::Empty(element) => see(&element),
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

fn is_true(element: &BytesStart<'_>, name: &str) -> bool {
    attribute(element, name).is_some_and(|value| matches!(value.as_str(), "1" | "true"))
}

/// The value of an attribute, whatever the prefix of its name.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}
