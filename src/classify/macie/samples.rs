//! Values that an expression matches, made up from it.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Gives a value after another, the same ones for the same expression.
pub(super) struct Samples {
    hir: Hir,
    state: u64,
}

impl Samples {
    /// Of an expression that can be read; `None` for another.
    pub fn of(expression: &str) -> Option<Samples> {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).nest_limit(50).build().parse(expression).ok()?;
        let seed = expression.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Some(Samples { hir, state: seed | 1 })
    }

    /// The next value, if it is text.
    pub fn next(&mut self) -> Option<String> {
        let mut out = Vec::new();
        let hir = self.hir.clone();
        self.write(&hir, &mut out);
        String::from_utf8(out).ok().filter(|v| !v.chars().any(char::is_control))
    }

    /// A number below `n` (xorshift, 64 bits).
    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % n.max(1)
    }

    fn write(&mut self, hir: &Hir, out: &mut Vec<u8>) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(l) => out.extend_from_slice(&l.0),
            HirKind::Class(c) => {
                let all: Vec<u8> = match c {
                    Class::Bytes(c) => c.ranges().iter().flat_map(|r| r.start()..=r.end()).collect(),
                    Class::Unicode(c) => c.ranges().iter().flat_map(|r| r.start()..=r.end()).filter_map(|c| u8::try_from(c).ok()).collect(),
                };
                // What is most usual in identifiers, as far as the class has it.
                let kinds: [fn(&u8) -> bool; 3] = [|b| b.is_ascii_alphanumeric(), |b| b.is_ascii_graphic(), |_| true];
                let usual = kinds.iter().map(|k| all.iter().copied().filter(k).collect::<Vec<u8>>()).find(|s| !s.is_empty());
                if let Some(usual) = usual {
                    let i = self.below(usual.len());
                    out.push(usual[i]);
                }
            }
            HirKind::Repetition(r) => {
                let most = r.max.unwrap_or(r.min + 3).min(r.min + 3);
                let n = r.min as usize + self.below((most - r.min) as usize + 1);
                for _ in 0..n {
                    self.write(&r.sub, out);
                }
            }
            HirKind::Capture(c) => self.write(&c.sub, out),
            HirKind::Concat(all) => all.iter().for_each(|h| self.write(h, out)),
            HirKind::Alternation(all) => {
                let i = self.below(all.len());
                self.write(&all[i], out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_what_they_were_made_from() {
        for expression in [r"[A-Z]{2}\d{6}", r"(?m)^(a|bc)[^x]{1,9}$", r"\w{3,20}@[a-z]{2,8}\.corp", r"[[:punct:]]?\d{4}"] {
            let regex = regex_automata::meta::Regex::new(&format!("^(?:{expression})$")).unwrap();
            let (mut one, mut two) = (Samples::of(expression).unwrap(), Samples::of(expression).unwrap());
            let all: Vec<_> = (0..50).filter_map(|_| one.next()).collect();
            assert!(all.len() > 40 && all.iter().all(|v| regex.is_match(v.as_bytes())), "{expression}: {all:?}");
            assert_eq!(all, (0..50).filter_map(|_| two.next()).collect::<Vec<_>>());
            assert!(all.iter().any(|v| *v != all[0]), "{expression}");
        }
        assert!(Samples::of("(").is_none());
    }
}
