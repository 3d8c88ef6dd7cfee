//! Types of columns as Hive writes them, taken apart: `struct<a:string,b:array<int>>` is the type of `c`, and `string` that
//! of `c.a`, `array<int>` that of `c.b`, `int` that of `c.b[]`.

use super::super::layout::type_word;

/// Entries that one column gives at most, and how deep it is looked into.
const MOST: usize = 500;
const DEEPEST: usize = 16;

/// The fields of a column with their types, under the names that readers give them, the column itself first. A type that is
/// no plain word, or a very long one, is left out; what it holds is not.
pub(super) fn fields(column: &str, ty: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    walk(&column.replace('.', "\\."), ty.trim(), 0, &mut out);
    out
}

fn walk(path: &str, ty: &str, depth: usize, out: &mut Vec<(String, String)>) {
    if out.len() >= MOST || depth > DEEPEST {
        return;
    }
    if let Some(word) = type_word(ty) {
        out.push((path.to_owned(), word));
    }
    if let Some(members) = inside(ty, "struct") {
        for (name, ty) in parts(members).into_iter().filter_map(|p| p.split_once(':')) {
            walk(&format!("{path}.{}", name.trim().trim_matches('`').replace('.', "\\.")), ty.trim(), depth + 1, out);
        }
    } else if let Some(element) = inside(ty, "array") {
        walk(&format!("{path}[]"), element.trim(), depth + 1, out);
    }
}

/// What stands between the brackets of `kind<…>`.
fn inside<'a>(ty: &'a str, kind: &str) -> Option<&'a str> {
    let head = ty.get(..kind.len())?;
    let rest = &ty[kind.len()..];
    head.eq_ignore_ascii_case(kind).then(|| rest.trim_start().strip_prefix('<')?.strip_suffix('>')).flatten()
}

/// The parts between the commas that stand in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (Vec::new(), 0i32, 0);
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'<' | b'(' => depth += 1,
            b'>' | b')' => depth -= 1,
            b',' if depth == 0 => {
                out.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart() {
        let show = |c: &str, t: &str| fields(c, t).into_iter().map(|(n, t)| format!("{n}={t}")).collect::<Vec<_>>().join(" ");
        for (ty, want) in [
            ("string", "c=string"),
            ("decimal(10,2)", "c=decimal(10,2)"),
            ("array<string>", "c=array<string> c[]=string"),
            ("map<string,int>", "c=map<string,int>"),
            (
                "struct<a:string,b:array<struct<d:decimal(3,1),e:int>>>",
                "c=struct<a:string,b:array<struct<d:decimal(3,1),e:int>>> c.a=string c.b=array<struct<d:decimal(3,1),e:int>> \
                 c.b[]=struct<d:decimal(3,1),e:int> c.b[].d=decimal(3,1) c.b[].e=int",
            ),
            ("struct<a:string", "c=struct<a:string"),
            ("", ""),
            ("jane@example.com", ""),
            ("STRUCT< `x y` : string >", "c.x y=string"),
        ] {
            assert_eq!(show("c", ty), want, "{ty}");
        }
        let deep = format!("{}int{}", "array<".repeat(1000), ">".repeat(1000));
        assert!(fields("c", &deep).len() <= DEEPEST + 1);
        let wide = format!("struct<{}>", (0..10_000).map(|i| format!("f{i}:int")).collect::<Vec<_>>().join(","));
        assert_eq!(fields("c", &wide).len(), MOST);
        assert_eq!(fields("a.b", "int"), [("a\\.b".to_owned(), "int".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(ty in "[a-z<>:,()é]{0,60}") {
            fields("c", &ty);
        }
    }
}
