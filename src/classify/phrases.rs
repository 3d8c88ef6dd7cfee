//! The phrases of all files, each once.

use std::borrow::Cow;

use super::definition::Classifier;
use super::letters;
use super::starts::hash_of_folded;

/// Phrases as [`letters::fold`] spells them, numbered as they come.
pub(super) struct Phrases<'a> {
    texts: Vec<Cow<'a, str>>,
    /// Open addressing by hash: numbers of `texts` and one more, 0 for none.
    slots: Vec<u32>,
}

impl<'a> Phrases<'a> {
    /// With room for those of these classifiers.
    pub fn new(classifiers: &[Classifier]) -> Phrases<'a> {
        let count = |c: &Classifier| c.context.keywords.len() + c.all_labels().count() + c.context.against.len();
        let most: usize = classifiers.iter().map(count).sum();
        Phrases { texts: Vec::new(), slots: vec![0; (2 * most).next_power_of_two().max(2)] }
    }

    /// The number of a phrase of one of these classifiers.
    pub fn number(&mut self, text: &'a str) -> u32 {
        let text = letters::fold(text);
        let last = self.slots.len() - 1;
        let mut at = (hash_of_folded(&text) >> 20) as usize & last;
        while let Some(number) = self.slots[at].checked_sub(1) {
            if self.texts[number as usize] == text {
                return number;
            }
            at = (at + 1) & last;
        }
        self.texts.push(text);
        self.slots[at] = self.texts.len() as u32;
        self.texts.len() as u32 - 1
    }

    /// All, sorted; by number: its place there.
    pub fn sorted(self) -> (Vec<Cow<'a, str>>, Vec<u32>) {
        // PERF: most phrases differ in their first bytes, which compare as a number.
        let head = |text: &str| text.bytes().take(8).fold(0u64, |n, b| n << 8 | u64::from(b)) << (8 * (8 - text.len().min(8)));
        let mut order: Vec<(u64, u32)> = self.texts.iter().zip(0..).map(|(text, number)| (head(text), number)).collect();
        let text = |number: u32| &self.texts[number as usize];
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1))));
        let mut place = vec![0; order.len()];
        order.iter().zip(0..).for_each(|((_, number), at)| place[*number as usize] = at);
        let mut texts = self.texts;
        let sorted = order.iter().map(|(_, number)| std::mem::take(&mut texts[*number as usize])).collect();
        (sorted, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Classifiers;

    #[test]
    fn each_phrase_is_kept_once_and_in_order() {
        let set = Classifiers::builtin();
        let list: Vec<Classifier> = set.iter().cloned().collect();
        let words: Vec<&str> = list.iter().flat_map(|c| c.context.keywords.iter().chain(&c.context.against)).map(|w| &**w).collect();
        let mut all = Phrases::new(&list);
        let numbers: Vec<u32> = words.iter().map(|w| all.number(w)).collect();
        let (sorted, place) = all.sorted();
        let expected: std::collections::BTreeSet<String> = words.iter().map(|w| letters::fold(w).into_owned()).collect();
        assert!(sorted.iter().eq(expected.iter()) && sorted.len() > 1000);
        for (word, number) in words.iter().zip(numbers) {
            assert_eq!(sorted[place[number as usize] as usize], letters::fold(word));
        }
    }
}
