//! Reading pages as a strict browser would.

/// The tags of a page in order, without those that have no end; panics where they are not nested.
pub fn well_formed(page: &str) -> Vec<&str> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let end = tag.find('>').expect("a tag without an end");
        let inner = &tag[..end];
        rest = &tag[end + 1..];
        let name = inner.split([' ', '\n']).next().unwrap();
        if inner.starts_with('!') || ["meta", "br", "input"].contains(&name) {
            continue;
        }
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "near {}", &rest[..rest.len().min(80)]),
            None => {
                open.push(name);
                all.push(inner);
                if ["script", "style"].contains(&name) {
                    rest = &rest[rest.find(&format!("</{name}")).expect("an end")..];
                }
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

/// The values of an attribute, wherever it stands.
pub fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let key = format!(" {name}=\"");
    page.match_indices(&key).map(|(at, _)| page[at + key.len()..].split('"').next().unwrap()).collect()
}
