//! Which members of an xlsx file are its sheets: those that its workbook names, by their relations (ECMA-376-1, 18.2.19, and
//! ECMA-376-2, 9.3). Another member of a like name is nobody's sheet.

use std::collections::{HashMap, HashSet};

use memchr::memmem;

/// The values of these attributes in each tag whose local name is `tag`.
fn attributes<'x, const N: usize>(xml: &'x str, tag: &'x str, names: [&'x str; N]) -> impl Iterator<Item = [Option<&'x str>; N]> {
    xml.split('<').skip(1).filter_map(move |t| {
        let t = &t[..t.find('>')?];
        let name = t.split([' ', '\t', '\r', '\n', '/']).next()?;
        (name.rsplit(':').next()? == tag).then(|| names.map(|n| value(t, n)))
    })
}

/// The value of an attribute by its local name.
fn value<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let at = memmem::find_iter(tag.as_bytes(), name).find(|at| {
        let (before, after) = (tag[..*at].chars().next_back(), tag[at + name.len()..].trim_start());
        before.is_some_and(|c| c.is_whitespace() || c == ':') && after.starts_with('=')
    })?;
    let rest = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|q| matches!(q, '"' | '\''))?;
    rest[1..].split(quote).next()
}

/// The sheets' members. `book`: `xl/workbook.xml`; `relations`: `xl/_rels/workbook.xml.rels`.
pub(super) fn sheets(book: &[u8], relations: &[u8]) -> HashSet<String> {
    let (book, relations) = (String::from_utf8_lossy(book), String::from_utf8_lossy(relations));
    let targets: HashMap<&str, &str> =
        attributes(&relations, "Relationship", ["Id", "Target"]).filter_map(|[id, target]| Some((id?, target?))).collect();
    let named = attributes(&book, "sheet", ["id"]).filter_map(|[id]| targets.get(id?));
    named
        .map(|target| match target.strip_prefix('/') {
            Some(whole) => whole.to_owned(),
            None if target.starts_with("xl/") => (*target).to_owned(),
            None => format!("xl/{target}"),
        })
        .filter(|name| name.starts_with("xl/worksheets/"))
        .collect()
}

/// Parts of a workbook that say how it looks: names of fonts and colours, which are nobody's.
pub(super) fn looks(name: &str) -> bool {
    matches!(name, "xl/styles.xml" | "xl/styles.bin") || name.starts_with("xl/theme/theme") && name.ends_with(".xml")
}

/// Parts of a workbook that hold no data of anybody: the reader of spreadsheets has used them.
pub(super) fn plumbing(name: &str) -> bool {
    matches!(name, "[Content_Types].xml" | "xl/workbook.bin" | "xl/calcChain.xml" | "xl/calcChain.bin")
        || looks(name)
        || name.starts_with("xl/printerSettings/")
        || name.ends_with(".bin") && name.starts_with("xl/worksheets/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_what_the_workbook_names() {
        let book = br#"<workbook xmlns:r="x"><sheets><sheet name="A" sheetId="1" r:id="rId1"/><x:sheet sheetId='2' r:id = 'rId3'></x:sheet>
            <sheet name="no" r:id="rId9"/></sheets></workbook>"#;
        let relations = br#"<Relationships><Relationship Id="rId1" Type="t" Target="worksheets/sheet1.xml"/>
            <Relationship Target="/xl/worksheets/other.xml" Id="rId3"/><Relationship Id="rId2" Target="worksheets/sheet2.xml"/>
            <Relationship Id="rId4" Target="chartsheets/sheet1.xml"/></Relationships>"#;
        let want = ["xl/worksheets/other.xml", "xl/worksheets/sheet1.xml"].map(str::to_owned);
        assert_eq!(sheets(book, relations), HashSet::from(want));
        assert!(sheets(b"<sheet r:id=", b"<Relationship Id=\"").is_empty());
    }
}
