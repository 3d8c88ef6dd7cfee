//! What the law of each state asks: people by what was exposed of them and where they live, counted together once, then
//! every rule on each such group.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::anywhere;
use super::people::People;
use super::{BreachAnswer, Question};
use crate::base::{country, country_name};
use crate::law::{
    Deadline, Elements, Fits, NOT_IN_1798_150, Numbers, PROTECTED, PrivateAction, Profile, Rule, Threshold, Verdict, gdpr_authority,
};

/// One jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jurisdiction {
    /// USPS code, `EU` or `UK`, `non_us:MX` for another country.
    pub code: String,
    /// Its name.
    pub name: String,
    /// People who live there. Upper: also those of unknown residence, and records that are nobody's.
    pub residents: Numbers,
    /// Those to whom at least one rule applies.
    pub requiring_notice: Numbers,
    /// Rules that fit somebody.
    pub rules: Vec<RuleCount>,
    /// Until when people must be told.
    pub people_by: Deadline,
    /// Regulator.
    pub regulator: Option<Other>,
    /// Credit bureaus.
    pub bureaus: Option<Other>,
    /// Citation; `None`: no statute in the tables.
    pub statute: Option<String>,
    /// The statute's own words on timing.
    pub timing: Option<String>,
    /// The test of harm that may excuse notice; never applied here.
    pub harm: Option<String>,
    /// Claims of consumers (California).
    pub private_action: Option<PrivateAction>,
    /// Cells of the tables that are not sure: cell, reason.
    pub unsure: Vec<(String, String)>,
}

/// One rule and the people whom it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// `CA-01`.
    pub id: String,
    /// What the statute calls it.
    pub element: String,
    /// Distinct people.
    pub consumers: Numbers,
    /// Why a person must judge.
    pub qualifier: Option<String>,
    /// Whether the row is among those that are not sure.
    pub unsure: bool,
    /// Of the people, those whom it fits by hashed, replaced or encrypted values alone: they stand in the upper number.
    pub protected: Option<ByProtected>,
}

/// People whom a rule fits by protected values alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByProtected {
    /// How many, at most.
    pub people: u64,
    /// How the values that the rule asks for are protected in this scope: `hashed`, `tokenised`, `encrypted`.
    pub how: BTreeSet<&'static str>,
}

/// Somebody else who may have to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub who: String,
    /// Whether.
    pub required: Verdict,
    /// From how many people on.
    pub threshold: Option<String>,
    /// Until when.
    pub by: Deadline,
    /// In the table's words.
    pub text: String,
}

impl Jurisdiction {
    /// The first day on which something is due here; `None`: nothing is, or no day is known.
    pub fn earliest(&self) -> Option<NaiveDate> {
        if self.requiring_notice.upper == 0 {
            return None;
        }
        self.due().filter_map(|d| d.day).min()
    }

    /// The fewest days that wait here for the moment they run from.
    fn waits(&self) -> Option<u64> {
        if self.requiring_notice.upper == 0 {
            return None;
        }
        self.due().filter_map(|d| d.waits).map(|w| w.days).min()
    }

    /// When people and everybody else who may have to be told must be.
    pub fn due(&self) -> impl Iterator<Item = &Deadline> {
        let others = [&self.regulator, &self.bureaus].into_iter().flatten().filter(|o| o.required != Verdict::No);
        std::iter::once(&self.people_by).chain(others.map(|o| &o.by))
    }
}

/// How a group of people stands to a jurisdiction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lives {
    /// There, and nowhere else.
    Here,
    /// There by the best evidence, but records name another state too.
    Mostly,
    /// Perhaps: another state, or none, is named first.
    Perhaps,
}

/// People of whom the same was exposed, who live in the same place.
pub(super) struct Group {
    pub profile: Profile,
    pub primary: Option<String>,
    others: Vec<String>,
    pub gdpr: Option<&'static str>,
    certain: u64,
    likely: u64,
}

impl Group {
    fn lives(&self, code: &str) -> Option<Lives> {
        match &self.primary {
            Some(p) if p == code => Some(if self.others.is_empty() { Lives::Here } else { Lives::Mostly }),
            Some(_) => self.others.iter().any(|o| o == code).then_some(Lives::Perhaps),
            None if self.gdpr == Some(code) => Some(Lives::Mostly),
            None => Some(Lives::Perhaps),
        }
    }

    /// Adds the group to a number of people of whom `fits` is known.
    pub fn count(&self, n: &mut Numbers, lives: Lives, fits: Fits) {
        let sure = fits == Fits::Certain && lives == Lives::Here;
        n.certain += if sure { self.certain } else { 0 };
        n.likely += if lives != Lives::Perhaps && fits >= Fits::Likely { self.certain + self.likely } else { 0 };
        n.upper += self.certain + self.likely;
    }
}

/// Fills in everything that depends on residence and law.
pub(super) fn apply(people: &People<'_>, q: &Question<'_>, answer: &mut BreachAnswer) {
    type Key = (Profile, Option<String>, Vec<String>, Option<&'static str>);
    let mut groups: HashMap<Key, (u64, u64)> = HashMap::new();
    for a in &people.alike {
        let (primary, others) = a.residence.laws();
        let key = (a.exposed.legal(), primary, others, a.gdpr());
        let n = groups.entry(key).or_default();
        *(if a.exposed.certain { &mut n.0 } else { &mut n.1 }) += a.n;
    }
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|((profile, primary, others, gdpr), (certain, likely))| Group { profile, primary, others, gdpr, certain, likely })
        .collect();
    groups.sort_by(|a, b| (&a.primary, &a.others, a.profile).cmp(&(&b.primary, &b.others, b.profile)));
    let mut codes: Vec<String> = groups.iter().flat_map(|g| g.primary.iter().chain(&g.others).cloned()).collect();
    codes.extend(groups.iter().filter_map(|g| g.gdpr.map(str::to_owned)));
    codes.sort();
    codes.dedup();
    for code in codes {
        let here: Vec<(&Group, Lives)> = groups.iter().filter_map(|g| g.lives(&code).map(|l| (g, l))).collect();
        let mut residents = Numbers::default();
        for (g, lives) in &here {
            g.count(&mut residents, *lives, Fits::Certain);
        }
        residents.upper += people.unattributed_records;
        let j = match code.as_str() {
            "EU" | "UK" => european(&code, residents, q),
            _ => state(&code, residents, &here, people, q),
        };
        answer.jurisdictions.push(j);
    }
    let order = |j: &Jurisdiction| {
        let (day, n) = (j.earliest(), j.requiring_notice);
        // Days that wait for the moment they run from come after those that are known, and before none.
        let waits = j.waits();
        let people = std::cmp::Reverse((n.certain, n.likely, n.upper, j.residents.certain));
        (day.is_none(), day, waits.is_none(), waits, people, j.code.clone())
    };
    answer.jurisdictions.sort_by_cached_key(order);
    answer.anywhere = anywhere::asked(&groups, people, q);
}

fn state(code: &str, residents: Numbers, here: &[(&Group, Lives)], people: &People<'_>, q: &Question<'_>) -> Jurisdiction {
    let statute = q.law.statute(code);
    let mut j = Jurisdiction {
        code: code.to_owned(),
        name: statute.map_or_else(|| place(code), |s| s.name.clone()),
        residents,
        requiring_notice: Numbers::default(),
        rules: Vec::new(),
        people_by: Deadline::default(),
        regulator: None,
        bureaus: None,
        statute: statute.map(|s| s.citation.clone()),
        timing: statute.map(|s| s.timing.clone()),
        harm: statute.and_then(|s| s.harm.clone()),
        private_action: None,
        unsure: q.law.unsure(code).map(|(c, w)| (c.to_owned(), w.to_owned())).collect(),
    };
    let Some(statute) = statute else {
        j.people_by.why = Some("no statute in the tables".to_owned());
        return j;
    };
    let rules: Vec<&Rule> = q.law.rules_of(code).collect();
    let (mut extras, mut claims) = (0, Numbers::default());
    let loose = people.loose();
    for rule in &rules {
        let (mut n, mut sealed) = (Numbers::default(), 0);
        for (g, lives) in here {
            if let Some(fits) = rule.fits(&g.profile, q.assumed) {
                g.count(&mut n, *lives, fits);
                let in_clear = Profile { protected: Elements::NONE, ..g.profile };
                sealed += if rule.fits(&in_clear, q.assumed).is_none() { g.certain + g.likely } else { 0 };
            }
        }
        let of = |loose| from_loose(rule, here, loose).min(people.unattributed_records);
        let (more, in_clear) = (of(&loose), of(&people.loose_legal));
        n.upper += more;
        extras += more;
        sealed += more.saturating_sub(in_clear);
        if n.upper > 0 {
            let unsure = q.law.is_unsure(code, &format!("rule:{}", rule.element));
            let alone = sealed == n.upper && !q.assumed.iter().any(|a| a == PROTECTED);
            let qualifier = rule.qualifier.clone().or_else(|| alone.then(|| PROTECTED.to_owned()));
            let asked = rule.clauses.iter().fold(Elements::NONE, |all, c| all.or(*c));
            let how = || people.protections.iter().filter(|(e, _)| asked.meets(**e)).flat_map(|(_, how)| how).copied().collect();
            let protected = (sealed > 0).then(|| ByProtected { people: sealed, how: how() });
            j.rules.push(RuleCount { id: rule.id.clone(), element: rule.element.clone(), consumers: n, qualifier, unsure, protected });
        }
    }
    let best = |g: &Group, of: &dyn Fn(&Rule) -> bool| rules.iter().filter(|r| of(r)).filter_map(|r| r.fits(&g.profile, q.assumed)).max();
    for (g, lives) in here {
        if let Some(fits) = best(g, &|_| true) {
            g.count(&mut j.requiring_notice, *lives, fits);
        }
        if let Some(fits) = best(g, &|r| !NOT_IN_1798_150.contains(&r.element.as_str())) {
            g.count(&mut claims, *lives, fits);
        }
    }
    // Of what is not sure, what was used.
    j.unsure.retain(|(cell, _)| match cell.strip_prefix("rule:") {
        Some(element) => j.rules.iter().any(|r| r.element == element),
        None => j.requiring_notice.upper + extras > 0,
    });
    let extras = extras.min(people.unattributed_records);
    j.requiring_notice.upper += extras;
    claims.upper += extras;
    let duties = statute.duties(&j.requiring_notice, &q.moments);
    if statute.regulator_notice != 'N' {
        j.regulator = Some(Other {
            who: statute.regulator.clone(),
            required: duties.regulator,
            threshold: statute.threshold.text(),
            by: duties.regulator_by,
            text: statute.regulator_text.clone(),
        });
    }
    if statute.bureaus != Threshold::None {
        j.bureaus = Some(Other {
            who: "credit bureaus".to_owned(),
            required: duties.bureaus,
            threshold: statute.bureaus.text(),
            by: duties.bureaus_by,
            text: statute.bureaus_text.clone(),
        });
    }
    j.people_by = duties.people;
    j.private_action = (code == "CA" && claims.upper > 0).then(|| PrivateAction::of(claims));
    j
}

/// What a place without a statute is called.
fn place(code: &str) -> String {
    let country = code.strip_prefix("non_us:").and_then(country).and_then(country_name);
    country.map_or_else(|| code.to_owned(), str::to_owned)
}

/// Residents of the European Union, the EEA or the United Kingdom: known by a national number alone they are likely, never certain.
fn european(code: &str, residents: Numbers, q: &Question<'_>) -> Jurisdiction {
    let (name, law, who) = match code {
        "EU" => ("European Union and EEA", "Regulation (EU) 2016/679 (GDPR), Art. 33 and 34", "supervisory authority"),
        _ => ("United Kingdom", "UK GDPR, Art. 33 and 34", "Information Commissioner"),
    };
    let rule = |id: &str, element: &str, consumers: Numbers, qualifier: &str| RuleCount {
        id: id.to_owned(),
        element: element.to_owned(),
        consumers,
        qualifier: Some(qualifier.to_owned()),
        unsure: q.law.is_unsure(code, id),
        protected: None,
    };
    let judged = Numbers { upper: residents.upper, ..Numbers::default() };
    let by = gdpr_authority(&q.moments);
    Jurisdiction {
        code: code.to_owned(),
        name: name.to_owned(),
        residents,
        requiring_notice: judged,
        rules: vec![
            rule("GDPR-33", "any_personal_data", residents, "unless_unlikely_to_result_in_a_risk"),
            rule("GDPR-34", "any_personal_data", judged, "only_if_likely_to_result_in_a_high_risk"),
        ],
        people_by: Deadline {
            why: Some("without undue delay, if a high risk is likely (Art. 34): no number of hours".to_owned()),
            ..Deadline::default()
        },
        regulator: Some(Other {
            who: who.to_owned(),
            required: Threshold::Words.on(&residents),
            threshold: None,
            by,
            text: "72 hours after becoming aware, unless a risk is unlikely (Art. 33)".to_owned(),
        }),
        bureaus: None,
        statute: Some(law.to_owned()),
        timing: Some("without undue delay".to_owned()),
        harm: Some("no notice to people unless a high risk to their rights and freedoms is likely".to_owned()),
        private_action: None,
        unsure: q.law.unsure(code).map(|(c, w)| (c.to_owned(), w.to_owned())).collect(),
    }
}

/// How many more people a rule may fit if values that are nobody's belonged to people: to those whom one clause misses, one
/// value each; of what is left, to those whom several miss, and to people not counted at all.
pub(super) fn from_loose(rule: &Rule, here: &[(&Group, Lives)], loose: &HashMap<Elements, u64>) -> u64 {
    let mut left: Vec<u64> = rule.clauses.iter().map(|c| loose.iter().filter(|(e, _)| c.meets(**e)).map(|(_, n)| n).sum()).collect();
    let mut missing: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    for (g, _) in here {
        let has = g.profile.certain.or(g.profile.possible).or(g.profile.protected);
        let lacks: Vec<usize> = (0..rule.clauses.len()).filter(|c| !rule.clauses[*c].meets(has)).collect();
        *missing.entry(lacks).or_default() += g.certain + g.likely;
    }
    let mut more = 0;
    for (clauses, people) in &missing {
        if let [clause] = clauses[..] {
            let n = left[clause].min(*people);
            left[clause] -= n;
            more += n;
        }
    }
    let enough = |clauses: &[usize]| clauses.iter().map(|c| left[*c]).min().unwrap_or(0);
    let all: Vec<usize> = (0..rule.clauses.len()).collect();
    for (clauses, people) in missing.iter().filter(|(c, _)| c.len() > 1 && c.len() < all.len()) {
        more += enough(clauses).min(*people);
    }
    more + enough(&all)
}

#[cfg(test)]
#[path = "jurisdictions_tests.rs"]
mod tests;
