//! What the names of glyphs mean, by Adobe's list, as far as documents use names at all.

/// The names of glyphs that are no letters.
const GLYPHS: &[(&str, char)] = &[
    ("space", ' '),
    ("nbspace", ' '),
    ("exclam", '!'),
    ("quotedbl", '"'),
    ("numbersign", '#'),
    ("dollar", '$'),
    ("percent", '%'),
    ("ampersand", '&'),
    ("quotesingle", '\''),
    ("parenleft", '('),
    ("parenright", ')'),
    ("asterisk", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("minus", '-'),
    ("period", '.'),
    ("slash", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less", '<'),
    ("equal", '='),
    ("greater", '>'),
    ("question", '?'),
    ("at", '@'),
    ("bracketleft", '['),
    ("backslash", '\\'),
    ("bracketright", ']'),
    ("underscore", '_'),
    ("quoteleft", '\''),
    ("quoteright", '\''),
    ("quotedblleft", '"'),
    ("quotedblright", '"'),
    ("endash", '-'),
    ("emdash", '-'),
    ("bullet", '•'),
    ("adieresis", 'ä'),
    ("odieresis", 'ö'),
    ("udieresis", 'ü'),
    ("Adieresis", 'Ä'),
    ("Odieresis", 'Ö'),
    ("Udieresis", 'Ü'),
    ("germandbls", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecircumflex", 'ê'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acircumflex", 'â'),
    ("iacute", 'í'),
    ("oacute", 'ó'),
    ("uacute", 'ú'),
    ("ccedilla", 'ç'),
    ("ntilde", 'ñ'),
    ("oslash", 'ø'),
    ("aring", 'å'),
    ("ae", 'æ'),
    ("atilde", 'ã'),
    ("otilde", 'õ'),
];

/// The character that a glyph of this name shows.
pub(super) fn glyph_char(glyph: &str) -> Option<String> {
    let base = glyph.split('.').next().unwrap_or(glyph);
    if base.chars().count() == 1 {
        return Some(base.to_owned());
    }
    match base {
        "fi" | "fl" | "ff" | "ffi" | "ffl" => return Some(base.to_owned()),
        "f_i" => return Some("fi".into()),
        _ => {}
    }
    if let Some((_, c)) = GLYPHS.iter().find(|(n, _)| *n == base) {
        return Some(c.to_string());
    }
    let hex = base.strip_prefix("uni").or_else(|| base.strip_prefix('u')).filter(|h| h.len() >= 4)?;
    char::from_u32(u32::from_str_radix(hex.get(..hex.len().min(6))?, 16).ok()?).map(String::from)
}
