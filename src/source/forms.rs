//! How text is laid out that does not say so itself: told by the user, by dataset or by place.

use std::sync::Arc;

use bytes::Bytes;
use globset::{GlobBuilder, GlobMatcher};

use super::layout::Layout;
use super::{ListingFailure, Source};
use crate::base::{Error, Hint, Input, Object, Reason, Result, Role};

/// Columns of one file.
const MOST_COLUMNS: usize = 4096;
/// Characters of one record.
const MOST_WIDTH: u64 = 1 << 20;

/// Which objects are laid out how.
#[derive(Clone, Debug)]
pub struct Form {
    dataset: Option<GlobMatcher>,
    uri: Option<GlobMatcher>,
    /// Names and widths in characters; no name where the specification has a number.
    columns: Vec<(Option<String>, u32)>,
}

impl Form {
    /// A form of fixed widths, written as `UNLOAD` takes it (`id:11,name:40`), for datasets or uris of a pattern.
    ///
    /// Fails where neither is given, and for what is no specification or no pattern.
    pub fn fixed_width(dataset: Option<&str>, uri: Option<&str>, columns: &str) -> Result<Form> {
        let bad = |why: String| Error::new(Reason::Malformed, why);
        if dataset.is_none() && uri.is_none() {
            return Err(bad("give dataset or uri, a pattern".to_owned()));
        }
        let matcher = |p: &str| {
            let glob = GlobBuilder::new(p).literal_separator(true).build();
            glob.map(|g| g.compile_matcher()).map_err(|_| bad(format!("{p:?} is no pattern")))
        };
        let example =
            || bad(format!("fixed_width = {columns:?}: write name:width,name:width,… with widths in characters, such as id:11,name:40"));
        let column = |c: &str| {
            let (name, width) = c.trim().rsplit_once(':')?;
            let width = width.trim().parse::<u32>().ok().filter(|w| *w > 0)?;
            let name = name.trim();
            let named = !name.is_empty() && !name.bytes().all(|b| b.is_ascii_digit());
            Some((named.then(|| name.to_owned()), width))
        };
        let columns: Vec<_> = columns.split(',').map(column).collect::<Option<_>>().ok_or_else(example)?;
        if columns.len() > MOST_COLUMNS || columns.iter().map(|c| u64::from(c.1)).sum::<u64>() > MOST_WIDTH {
            return Err(bad(format!("fixed_width: at most {MOST_COLUMNS} columns and {MOST_WIDTH} characters")));
        }
        Ok(Form { dataset: dataset.map(matcher).transpose()?, uri: uri.map(matcher).transpose()?, columns })
    }

    fn is_of(&self, uri: &str, dataset: &str) -> bool {
        self.dataset.as_ref().is_some_and(|m| m.is_match(dataset)) || self.uri.as_ref().is_some_and(|m| m.is_match(uri))
    }

    fn tell(&self, hint: &mut Hint) {
        let known = hint.columns.take().filter(|c| c.len() == self.columns.len());
        let name = |(i, c): (usize, &(Option<String>, u32))| {
            c.0.clone().or_else(|| Some(known.as_ref()?[i].clone())).unwrap_or_else(|| format!("col{}", i + 1))
        };
        hint.columns = Some(self.columns.iter().enumerate().map(name).collect());
        hint.widths = Some(self.columns.iter().map(|c| c.1).collect());
        hint.dialect = None;
        // What was read without it, or by another one, is read again.
        let told = format!("{:?} {:?}", hint.told, self.columns);
        hint.told = blake3::hash(told.as_bytes()).as_bytes().first_chunk().copied();
    }
}

/// Tells an object's hint what the first form that fits says.
pub fn tell(forms: &[Form], uri: &str, hint: &mut Hint) {
    // A manifest is no part of the table that it lists.
    if hint.role == Role::Bookkeeping {
        return;
    }
    if let Some(f) = forms.iter().find(|f| f.is_of(uri, &hint.dataset)) {
        f.tell(hint);
    }
}

/// A source some of whose objects have a form.
pub(super) struct Formed {
    pub inner: Arc<dyn Source>,
    pub forms: Arc<[Form]>,
}

impl Source for Formed {
    fn uri(&self) -> String {
        self.inner.uri()
    }

    fn root(&self) -> String {
        self.inner.root()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        self.inner.list(each)
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        self.inner.list_near(starts, each)
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        self.inner.open(object)
    }

    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        let mut layout = self.inner.layout(objects, read);
        for (hint, o) in layout.hints.iter_mut().zip(objects) {
            tell(&self.forms, &o.uri, hint);
        }
        layout
    }

    fn wraps(&self) -> Option<&dyn Source> {
        Some(&*self.inner)
    }

    fn covers(&self, uri: &str) -> bool {
        self.inner.covers(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_as_unload_writes_them() {
        let told = |spec: &str, known: Option<&[&str]>| {
            let form = Form::fixed_width(Some("a/*"), None, spec).map_err(|e| e.detail)?;
            let columns = known.map(|k| k.iter().map(|n| (*n).to_owned()).collect());
            let mut hint = Hint { dataset: "a/b".to_owned(), columns, ..Hint::default() };
            tell(&[form], "/x", &mut hint);
            let names = hint.columns.unwrap().join(",");
            Ok::<_, String>((names, hint.widths.unwrap().to_vec(), hint.told.is_some()))
        };
        let ok = |names: &str, widths: &[u32]| Ok((names.to_owned(), widths.to_vec(), true));
        assert_eq!(told("id:11, name:40", None), ok("id,name", &[11, 40]));
        assert_eq!(told("0:3,1:100", None), ok("col1,col2", &[3, 100]));
        assert_eq!(told("0:3,1:100", Some(&["x", "y"])), ok("x,y", &[3, 100]));
        assert_eq!(told("0:3,1:100", Some(&["x"])), ok("col1,col2", &[3, 100]));
        for wrong in ["", "id", "id:", "id:0", "id:-1", "id:5,,", "id:9999999"] {
            assert!(told(wrong, None).is_err(), "{wrong}");
        }
        assert!(Form::fixed_width(None, None, "a:1").is_err() && Form::fixed_width(Some("["), None, "a:1").is_err());
    }

    #[test]
    fn the_first_form_that_fits_counts() {
        let forms = [Form::fixed_width(None, Some("/x/*.txt"), "a:1").unwrap(), Form::fixed_width(Some("d"), None, "a:2").unwrap()];
        for (uri, dataset, want) in [("/x/a.txt", "d", Some(1)), ("/y", "d", Some(2)), ("/x/y/a.txt", "e", None)] {
            let mut hint = Hint { dataset: dataset.to_owned(), ..Hint::default() };
            tell(&forms, uri, &mut hint);
            assert_eq!(hint.widths.map(|w| w[0]), want, "{uri}");
        }
    }
}
