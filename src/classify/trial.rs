//! The examples of classifier files, run: every one through the whole set and both engines.

use std::fmt;

use super::definition::{Classifier, MatchExample, RejectExample};
use super::pattern::Pattern;
use super::search::Scratch;
use super::set::{Classifiers, example_batch};
use crate::base::{Match, REPORTED_FROM};

/// An example in a classifier's file that did not come out as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The classifier's id.
    pub classifier: String,
    /// The 1-based line of its file on which the example begins.
    pub line: Option<usize>,
    /// The example's text (examples are published test values).
    pub text: String,
    /// The column that it is a cell of.
    pub field: Option<String>,
    /// What was wanted.
    pub wanted: String,
    /// What went wrong.
    pub problem: String,
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: example {:?}: wanted {}, but {}", self.classifier, self.text, self.wanted, self.problem)
    }
}

/// The text of an example on one line, as messages quote it.
fn find_line(source: &str, table: &str, index: usize) -> Option<usize> {
    source.lines().enumerate().filter(|(_, l)| l.trim() == table).nth(index).map(|(n, _)| n + 1)
}

impl Classifiers {
    /// Runs every example of every file through the whole set, by the fast and the naive way.
    pub fn self_test(&self) -> Vec<ExampleFailure> {
        self.test_examples(&|_| true)
    }

    /// The same, but the naive way only of the files that a user brought: the others have gone through it before they were built in.
    pub fn self_test_own(&self) -> Vec<ExampleFailure> {
        self.test_examples(&|id| self.iter().any(|c| c.own && c.id == id))
    }

    /// The same, but the naive way only of classifiers that `twice` names: it takes most of the time.
    pub(super) fn test_examples(&self, twice: &dyn Fn(&str) -> bool) -> Vec<ExampleFailure> {
        let mut failures = Vec::new();
        let mut scratch = Scratch::new(self);
        for (i, c) in self.iter().enumerate() {
            let twice = twice(&c.id);
            for (n, e) in c.examples().matches.iter().enumerate() {
                if let Err(problem) = self.try_match(&mut scratch, i as u16, e, twice) {
                    failures.push(ExampleFailure {
                        classifier: c.id.clone(),
                        line: find_line(&c.source, "[[match]]", n),
                        text: e.text.clone(),
                        field: e.field.clone(),
                        wanted: format!("{:?} to be found", e.value),
                        problem,
                    });
                }
            }
            for (n, e) in c.examples().rejects.iter().enumerate() {
                if let Err(problem) = self.try_reject(&mut scratch, i as u16, e, twice) {
                    failures.push(ExampleFailure {
                        classifier: c.id.clone(),
                        line: find_line(&c.source, "[[reject]]", n),
                        text: e.text.clone(),
                        field: e.field.clone(),
                        wanted: format!("nothing: {}", e.why),
                        problem,
                    });
                }
            }
        }
        failures
    }

    /// The matches of an example; `twice`: only if both engines give the same.
    fn matches_of(&self, scratch: &mut Scratch, text: &str, field: Option<&str>, twice: bool) -> Result<Vec<Match>, String> {
        let batch = example_batch(text, field);
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        scratch.reset();
        self.scan(scratch, &batch, &mut fast);
        if !twice {
            return Ok(fast);
        }
        self.scan_naive(&batch, &mut slow);
        if fast == slow { Ok(fast) } else { Err(format!("the engines disagree: {fast:?} and {slow:?}")) }
    }

    /// What is reported of a text, or of the one cell of a column `field`.
    pub(super) fn found_in(&self, scratch: &mut Scratch, text: &str, field: Option<&str>) -> Vec<Match> {
        self.matches_of(scratch, text, field, false).map(|all| self.reported(&all)).unwrap_or_default()
    }

    fn try_match(&self, scratch: &mut Scratch, own: u16, e: &MatchExample, twice: bool) -> Result<(), String> {
        let all = self.matches_of(scratch, &e.text, e.field.as_deref(), twice)?;
        let found = self.reported(&all);
        let mut out = Vec::new();
        let mut normal = |m: &Match| {
            let raw = &e.text.as_bytes()[m.start as usize..m.end as usize];
            self.normalise(m.classifier, raw, &mut out).then(|| String::from_utf8_lossy(&out).into_owned())
        };
        if found.iter().any(|m| m.classifier == own && normal(m).as_deref() == Some(&e.value)) {
            return Ok(());
        }
        if let Some(m) = found.iter().find(|m| m.classifier == own) {
            return Err(format!("what is found is {:?} after the steps of [normalise]", normal(m).unwrap_or_default()));
        }
        if let Some(m) = all.iter().filter(|m| m.classifier == own).max_by(|a, b| a.confidence.total_cmp(&b.confidence)) {
            if m.confidence < REPORTED_FROM {
                return Err(format!(
                    "its confidence is {:.2}, and what is below {REPORTED_FROM} is not reported: a keyword, the column's name or a validator lifts it",
                    m.confidence
                ));
            }
            let others = found.iter().filter(|o| o.start < m.end && m.start < o.end);
            let others: Vec<_> = others.map(|o| format!("{} ({:.2})", self.get(o.classifier).id, o.confidence)).collect();
            return Err(format!("{} has more evidence for the same bytes than its own {:.2}", others.join(", "), m.confidence));
        }
        Err(self.why_not(self.get(own), own, &e.text, e.field.as_deref()))
    }

    fn try_reject(&self, scratch: &mut Scratch, own: u16, e: &RejectExample, twice: bool) -> Result<(), String> {
        let all = self.matches_of(scratch, &e.text, e.field.as_deref(), twice)?;
        match self.reported(&all).iter().find(|m| m.classifier == own) {
            Some(m) => {
                let value = e.text.get(m.start as usize..m.end as usize).unwrap_or_default();
                let pattern = self.get(own).pattern_name(m.pattern);
                Err(format!("pattern `{pattern}` finds {value:?} with confidence {:.2}", m.confidence))
            }
            None => Ok(()),
        }
    }

    /// Why none of a classifier's patterns finds anything in an example: the one that comes farthest says it.
    fn why_not(&self, c: &Classifier, own: u16, text: &str, field: Option<&str>) -> String {
        let bytes = text.as_bytes();
        let mut reached = (0, "no pattern matches any part of it".to_owned());
        for p in self.engine().patterns.iter().filter(|p| p.classifier == own) {
            let name = c.pattern_name(p.index);
            for at in 0..bytes.len() {
                let Some((end, _)) = p.found(bytes, at, || p.slow_end(bytes, at)) else { continue };
                let Some(value) = text.get(at..end) else { continue };
                let says = self.stage(c, p, name, bytes, at, end, value, field);
                if says.0 > reached.0 {
                    reached = says;
                }
            }
        }
        reached.1
    }

    #[expect(clippy::too_many_arguments, reason = "one place of a search, taken apart for its message")]
    fn stage(
        &self,
        c: &Classifier,
        p: &Pattern,
        name: &str,
        bytes: &[u8],
        at: usize,
        end: usize,
        value: &str,
        field: Option<&str>,
    ) -> (u8, String) {
        if !super::edges::starts(bytes, at, p.edges) || !super::edges::ends(bytes, end, p.edges) {
            return (1, format!("pattern `{name}` matches {value:?} only as a part of something longer"));
        }
        if p.validator.is_some_and(|v| !v.check(value.as_bytes())) {
            return (
                2,
                format!("pattern `{name}` matches {value:?}, which its validator `{}` refuses", c.validator_name(p.index).unwrap_or("")),
            );
        }
        if super::strict::ignored(c, value.as_bytes()) {
            return (3, format!("pattern `{name}` matches {value:?}, which holds a word of `ignore`"));
        }
        let needs = match p.requires {
            super::definition::Requires::Nothing => return (3, format!("pattern `{name}` matches {value:?}, which says too little alone")),
            super::definition::Requires::Context => "a keyword near, or a column's name",
            super::definition::Requires::Label => "a label in front, or a column's name",
            super::definition::Requires::Column => "a column's name",
        };
        let column = field.map(|f| format!(" (the column is {f:?})")).unwrap_or_default();
        (4, format!("pattern `{name}` matches {value:?} but requires {needs}{column}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
id = "own.code"
title = "Code"
element = "employee_id"
severity = "low"
identity = "none"
references = []
ignore = ["QXT"]
[[pattern]]
name = "led"
regex = 'QX[A-Z]-[0-9]{4}'
confidence = 0.6
requires = "context"
[[pattern]]
name = "weak"
regex = 'QW[A-Z]-[0-9]{4}'
confidence = 0.1
[[pattern]]
name = "checked"
regex = 'QC[0-9]{16}'
validator = "us_ssn"
confidence = 0.6
[context]
keywords = ["code"]
[[match]]
text = "code QXA-1234"
value = "QXA-1234"
"#;

    #[test]
    fn failures_say_what_is_wrong() {
        let failure = |rest: &str| {
            let fine = "[[match]]\ntext = \"code QXA-1234\"\nvalue = \"QXA-1234\"\n";
            let reject = "[[reject]]\ntext = \"QXA\"\nwhy = \"short\"\n";
            let text = format!("{FILE}{fine}{reject}{reject}{rest}");
            let set = Classifiers::only([("own/code.toml".to_owned(), text)]).unwrap();
            let all = set.self_test();
            assert_eq!(all.len(), 1, "{all:?}");
            assert_eq!(all[0].classifier, "own.code");
            all[0].clone()
        };
        let matching = |text: &str| failure(&format!("[[match]]\ntext = \"{text}\"\nvalue = \"x\"\n"));
        for (text, says) in [
            ("nothing here", "no pattern matches any part"),
            ("xQXA-1234", "only as a part of something longer"),
            ("see QXA-1234", "requires a keyword near"),
            ("code QXT-1234", "a word of `ignore`"),
            ("code QXA-1234", "what is found is \"QXA-1234\""),
            ("see QWA-1234", "says too little alone"),
            ("QC1234567890123456", "its validator `us_ssn` refuses"),
        ] {
            let f = matching(text);
            assert!(f.problem.contains(says), "{text}: {f}");
            assert_eq!(f.line, Some(37), "{f}");
        }
        let f = failure("[[reject]]\ntext = \"code QXA-1234\"\nwhy = \"it is retired\"\n");
        assert_eq!(
            f.to_string(),
            "own.code: example \"code QXA-1234\": wanted nothing: it is retired, but pattern `led` finds \"QXA-1234\" with confidence 0.60"
        );
    }
}
