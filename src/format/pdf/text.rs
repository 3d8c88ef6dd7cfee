//! The text of a page: its operators followed as far as they move and show characters.

use std::collections::HashMap;

use super::file::{File, name};
use super::glyphs::glyph_char;
use super::object::{Dict, Obj, Parser};

/// Forms within forms, at most.
const DEPTH: u32 = 8;
/// The most text of one page.
const MOST: usize = 64 << 20;

/// What a font's codes mean.
struct Font {
    /// Bytes of a code.
    wide: bool,
    map: HashMap<u32, String>,
    /// Where nothing else is said: the page of a simple font.
    page: Option<&'static encoding_rs::Encoding>,
    widths: HashMap<u32, f64>,
    missing: f64,
}

/// What was found on a page.
#[derive(Default)]
pub(super) struct Page {
    pub text: String,
    /// Characters that no table names.
    pub unknown: u64,
    x: f64,
    y: f64,
    size: f64,
}

struct State {
    matrix: [f64; 6],
    line: (f64, f64),
    font: Option<usize>,
    size: f64,
    leading: f64,
}

/// Reads a page.
pub(super) fn page(file: &File, d: &Dict) -> Page {
    let mut out = Page::default();
    let mut content = Vec::new();
    let streams = match d.get("Contents") {
        Some(Obj::Ref(n)) => match file.get(*n) {
            Some(Obj::Arr(a)) => a,
            _ => vec![Obj::Ref(*n)],
        },
        Some(Obj::Arr(a)) => a.clone(),
        _ => Vec::new(),
    };
    for s in streams {
        if let Obj::Ref(n) = s
            && let Some(Obj::Dict(d)) = file.get(n)
            && let Some(data) = file.stream(n, &d)
        {
            content.extend(data);
            content.push(b'\n');
        }
    }
    let resources = file.entry(d, "Resources");
    run(file, &content, resources.as_ref().and_then(Obj::dict).unwrap_or(&Dict::new()), &mut out, 0);
    out
}

fn run(file: &File, content: &[u8], resources: &Dict, out: &mut Page, depth: u32) {
    let dict = |key: &str| if let Some(Obj::Dict(d)) = file.entry(resources, key) { d } else { Dict::new() };
    let (fonts, forms) = (dict("Font"), dict("XObject"));
    let mut loaded: Vec<Font> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut s = State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], line: (0.0, 0.0), font: None, size: 12.0, leading: 0.0 };
    let mut args: Vec<Obj> = Vec::new();
    let mut p = Parser { bytes: content, at: 0 };
    while let Some(o) = p.object() {
        let Obj::Word(op) = o else {
            if args.len() < 100_000 {
                args.push(o);
            }
            continue;
        };
        if out.text.len() > MOST {
            file.lossy.set(true);
            return;
        }
        let n = |i: usize| args.get(i).and_then(Obj::num).unwrap_or(0.0);
        match &op[..] {
            b"BT" => (s.matrix, s.line) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], (0.0, 0.0)),
            b"Tf" => {
                s.size = n(1);
                if let Some(Obj::Name(name)) = args.first() {
                    s.font = known.get(name).copied().or_else(|| {
                        let Some(Obj::Dict(d)) = file.entry(&fonts, name) else { return None };
                        loaded.push(font(file, &d));
                        known.insert(name.clone(), loaded.len() - 1);
                        Some(loaded.len() - 1)
                    });
                }
            }
            b"TL" => s.leading = n(0),
            b"Td" => s.step(n(0), n(1)),
            b"TD" => {
                s.leading = -n(1);
                s.step(n(0), n(1));
            }
            b"T*" => s.next_line(),
            b"Tm" => {
                s.matrix = [n(0), n(1), n(2), n(3), n(4), n(5)];
                s.line = (0.0, 0.0);
            }
            b"Tj" | b"'" | b"\"" => {
                if op != b"Tj" {
                    s.next_line();
                }
                if let Some(Obj::Str(t)) = args.last() {
                    s.show(t, &loaded, out);
                }
            }
            b"TJ" => {
                if let Some(Obj::Arr(items)) = args.first() {
                    for i in items {
                        match i {
                            Obj::Str(t) => s.show(t, &loaded, out),
                            Obj::Num(back) => s.line.0 -= back / 1000.0 * s.size,
                            _ => {}
                        }
                    }
                }
            }
            b"Do" if depth < DEPTH => {
                if let Some(Obj::Ref(number)) = args.first().and_then(Obj::name).and_then(|name| forms.get(name))
                    && let Some(Obj::Dict(d)) = file.get(*number)
                    && name(&d, "Subtype") == Some("Form")
                    && let Some(content) = file.stream(*number, &d)
                {
                    let own = file.entry(&d, "Resources");
                    run(file, &content, own.as_ref().and_then(Obj::dict).unwrap_or(resources), out, depth + 1);
                }
            }
            b"BI" => {
                // A picture in the page: its bytes are no operators.
                let rest = &content[p.at..];
                let end = memchr::memmem::find_iter(rest, b"EI")
                    .find(|i| *i > 0 && rest[i - 1].is_ascii_whitespace() && rest.get(i + 2).is_none_or(u8::is_ascii_whitespace));
                p.at += end.map_or(rest.len(), |i| i + 2);
            }
            _ => {}
        }
        args.clear();
    }
}

impl State {
    /// Moves to another line; positions within it begin anew.
    fn step(&mut self, x: f64, y: f64) {
        let m = &mut self.matrix;
        m[4] += x * m[0] + y * m[2];
        m[5] += x * m[1] + y * m[3];
        self.line = (0.0, 0.0);
    }

    /// Moves to the next line.
    fn next_line(&mut self) {
        // Without a leading the lines would lie on each other; another line is what is meant.
        self.step(0.0, if self.leading == 0.0 { -self.size } else { -self.leading });
    }

    fn show(&mut self, text: &[u8], fonts: &[Font], out: &mut Page) {
        let Some(font) = self.font.map(|f| &fonts[f]) else {
            out.unknown += text.len() as u64;
            return;
        };
        let m = self.matrix;
        let (x, y) = (m[4] + self.line.0 * m[0], m[5] + self.line.0 * m[1]);
        let scale = |v: f64| if v.is_finite() { v.abs() } else { 0.0 };
        let size = scale(self.size * m[3].abs().max(m[1].abs())).max(0.01);
        if !out.text.is_empty() && !out.text.ends_with(['\n', ' ', '\t']) {
            let gap = x - out.x;
            if scale(y - out.y) > 0.4 * size.min(out.size.max(0.01)) {
                out.text.push('\n');
            } else if gap > 2.5 * size {
                // Columns of a table.
                out.text.push('\t');
            } else if gap > 0.17 * size || gap < -size {
                out.text.push(' ');
            }
        } else if out.text.ends_with([' ', '\t']) && scale(y - out.y) > 0.4 * size {
            out.text.push('\n');
        }
        let mut moved = 0.0;
        let step = if font.wide { 2 } else { 1 };
        for c in text.chunks(step) {
            let code = c.iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
            moved += font.widths.get(&code).copied().unwrap_or(font.missing) / 1000.0 * self.size;
            match font.map.get(&code) {
                Some(t) => out.text.push_str(t),
                None => match font.page {
                    Some(p) => out.text.push_str(&p.decode_without_bom_handling(c).0),
                    None => out.unknown += 1,
                },
            }
        }
        self.line.0 += moved;
        (out.x, out.y, out.size) = (m[4] + self.line.0 * m[0], m[5] + self.line.0 * m[1], size);
    }
}

fn font(file: &File, d: &Dict) -> Font {
    let wide = name(d, "Subtype") == Some("Type0");
    let mut f = Font { wide, map: HashMap::new(), page: None, widths: HashMap::new(), missing: if wide { 1000.0 } else { 500.0 } };
    if let (Some(first), Some(Obj::Arr(widths))) = (file.number(d, "FirstChar"), file.entry(d, "Widths")) {
        for (i, w) in widths.iter().enumerate().take(256) {
            f.widths.insert(first.max(0.0) as u32 + i as u32, file.resolve(w).num().unwrap_or(500.0));
        }
    }
    if wide
        && let Some(Obj::Arr(below)) = file.entry(d, "DescendantFonts")
        && let Some(Obj::Dict(below)) = below.first().map(|b| file.resolve(b))
    {
        f.missing = file.number(&below, "DW").unwrap_or(1000.0);
        if let Some(Obj::Arr(w)) = file.entry(&below, "W") {
            wide_widths(file, &w, &mut f.widths);
        }
    }
    if !wide {
        let encoding = file.entry(d, "Encoding");
        let base = match &encoding {
            Some(Obj::Name(n)) => n.clone(),
            Some(Obj::Dict(e)) => name(e, "BaseEncoding").unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        f.page = Some(if base == "MacRomanEncoding" { encoding_rs::MACINTOSH } else { encoding_rs::WINDOWS_1252 });
        if let Some(Obj::Dict(e)) = &encoding
            && let Some(Obj::Arr(differences)) = file.entry(e, "Differences")
        {
            let mut code = 0;
            for o in differences {
                match o {
                    Obj::Num(n) => code = n.max(0.0) as u32,
                    Obj::Name(glyph) => {
                        if let Some(c) = glyph_char(&glyph) {
                            f.map.insert(code, c);
                        }
                        code += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    if let Some(Obj::Ref(n)) = d.get("ToUnicode")
        && let Some(Obj::Dict(s)) = file.get(*n)
        && let Some(data) = file.stream(*n, &s)
    {
        to_unicode(&data, &mut f);
    }
    f
}

fn wide_widths(file: &File, w: &[Obj], out: &mut HashMap<u32, f64>) {
    let mut i = 0;
    while i + 1 < w.len() && out.len() < 100_000 {
        let first = w[i].num().unwrap_or(0.0).max(0.0) as u32;
        match (file.resolve(&w[i + 1]), w.get(i + 2).and_then(Obj::num)) {
            (Obj::Arr(list), _) => {
                out.extend(list.iter().enumerate().map(|(k, v)| (first + k as u32, v.num().unwrap_or(1000.0))));
                i += 2;
            }
            (Obj::Num(last), Some(width)) => {
                out.extend((first..=(last.max(0.0) as u32).min(first.saturating_add(70_000))).map(|c| (c, width)));
                i += 3;
            }
            _ => return,
        }
    }
}

/// Reads a table of codes and what they mean.
fn to_unicode(data: &[u8], f: &mut Font) {
    let utf16 = |s: &[u8]| encoding_rs::UTF_16BE.decode_without_bom_handling(s).0.replace('\0', "");
    let number = |s: &[u8]| s.iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
    let mut p = Parser { bytes: data, at: 0 };
    let mut args: Vec<Obj> = Vec::new();
    while let Some(o) = p.object() {
        let Obj::Word(op) = o else {
            args.push(o);
            if args.len() > 100_000 {
                return;
            }
            continue;
        };
        match &op[..] {
            b"endcodespacerange" => {
                if let Some(Obj::Str(s)) = args.first() {
                    f.wide = s.len() > 1;
                }
            }
            b"endbfchar" => {
                for pair in args.chunks(2) {
                    if let [Obj::Str(code), Obj::Str(text)] = pair {
                        f.map.insert(number(code), utf16(text));
                    }
                }
            }
            b"endbfrange" => {
                for three in args.chunks(3) {
                    let [Obj::Str(from), Obj::Str(to), meaning] = three else { continue };
                    let (from, to) = (number(from), number(to).min(number(from).saturating_add(65_535)));
                    match meaning {
                        Obj::Str(text) if text.len() >= 2 => {
                            let (head, last) = text.split_at(text.len() - 2);
                            let last = u16::from_be_bytes([last[0], last[1]]);
                            for c in from..=to {
                                let unit = last.wrapping_add((c - from) as u16).to_be_bytes();
                                f.map.insert(c, utf16(&[head, &unit].concat()));
                            }
                        }
                        Obj::Arr(list) => {
                            for (c, t) in (from..=to).zip(list) {
                                if let Obj::Str(t) = t {
                                    f.map.insert(c, utf16(t));
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        args.clear();
    }
}
