//! What paths tell of objects: whose they are, for what, where; by templates that somebody wrote down.

use std::collections::{BTreeMap, HashSet};

use super::super::Tenant;
use super::{Borders, Region};
use crate::index::ObjectRow;

/// A path with names in it, such as `s3://acme-{tenant}/{environment}/{region}`, for whatever lies there or below.
///
/// A name stands for letters, digits, `-` and `_`, as many as fit; `*` for anything within a segment, `**` across segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(usize),
    Star,
    Stars,
}

const NAMES: [&str; 3] = ["tenant", "environment", "region"];
/// Names and stars of one template: what they try grows with each.
const MOST: usize = 6;
/// The same of `**`, which tries the most.
const STARS: usize = 2;
/// The longest value: tenants name files.
const LONGEST: usize = 64;

/// What a template tells of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// Whose it is.
    pub tenant: Option<&'a str>,
    /// What for: `prod`.
    pub environment: Option<&'a str>,
    /// Where it lies.
    pub region: Option<&'a str>,
}

impl Template {
    /// Fails, with words for it, where no name or an unknown one is in it, or one twice, or too many.
    pub fn new(text: &str) -> Result<Template, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('{') {
                let (name, behind) = inner.split_once('}').ok_or("a { has no }")?;
                let number = NAMES
                    .iter()
                    .position(|n| *n == name)
                    .ok_or_else(|| format!("{{{name}}} is none of {{tenant}}, {{environment}}, {{region}}"))?;
                if parts.contains(&Part::Name(number)) {
                    return Err(format!("{{{name}}} stands there twice"));
                }
                parts.push(Part::Name(number));
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix("**") {
                parts.push(Part::Stars);
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix('*') {
                parts.push(Part::Star);
                rest = behind;
            } else {
                let end = rest.find(['{', '*']).unwrap_or(rest.len());
                parts.push(Part::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        let open = parts.iter().filter(|p| !matches!(p, Part::Text(_))).count();
        if !parts.iter().any(|p| matches!(p, Part::Name(_))) {
            return Err("name {tenant}, {environment} or {region} in it, as in s3://acme-{tenant}/{environment}".to_owned());
        }
        if open > MOST || parts.iter().filter(|p| **p == Part::Stars).count() > STARS {
            return Err(format!("at most {MOST} names and stars, {STARS} of them **"));
        }
        // What lies below is meant with or without a slash at the end.
        if let Some(Part::Text(last)) = parts.last_mut() {
            last.truncate(last.trim_end_matches('/').len());
        }
        Ok(Template(parts))
    }

    /// What it tells of the object at `uri`; `None` where it does not fit.
    pub fn read<'a>(&self, uri: &'a str) -> Option<Told<'a>> {
        let mut found = [None; NAMES.len()];
        fits(&self.0, uri, &mut found).then(|| Told { tenant: found[0], environment: found[1], region: found[2] })
    }
}

/// Whether the parts stand at the beginning of a text, up to the end of a segment.
fn fits<'a>(parts: &[Part], text: &'a str, found: &mut [Option<&'a str>; NAMES.len()]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() || text.starts_with('/') };
    let longest = match part {
        Part::Text(t) => return text.strip_prefix(t.as_str()).is_some_and(|behind| fits(rest, behind, found)),
        Part::Name(_) => text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(text.len()).min(LONGEST),
        Part::Star => text.find('/').unwrap_or(text.len()),
        Part::Stars => text.len(),
    };
    let least = usize::from(matches!(part, Part::Name(_)));
    // The longest first: of `shop-eu-prod` a `{tenant}-{environment}` makes `shop-eu` and `prod`.
    for end in (least..=longest).rev().filter(|end| text.is_char_boundary(*end)) {
        if fits(rest, &text[end..], found) {
            if let Part::Name(n) = part {
                // A value of 64 letters may be the beginning of a longer one.
                found[*n] = Some(&text[..end]);
            }
            return true;
        }
    }
    false
}

impl Borders {
    /// The same with the tenants and regions that templates tell of these objects, by name behind those that are written down; an
    /// object that somebody gave to one by patterns stays with it. Holds for these objects alone.
    ///
    /// Memory: the numbers of all objects of tenants and regions, where there are templates.
    pub(super) fn of_objects<'o>(&self, objects: impl Iterator<Item = &'o ObjectRow>) -> Borders {
        let (mut tenants, mut regions) = (Sets::new(self.tenants.iter().map(|t| &t.name)), Sets::new(self.regions.iter().map(|r| &r.name)));
        for o in objects {
            let told = self.told(&o.uri);
            tenants.put(o.id, (0..).zip(&self.tenants).filter(|t| (t.1.owns)(o)).map(|t| t.0), told.tenant);
            regions.put(o.id, (0..).zip(&self.regions).filter(|r| (r.1.holds)(o)).map(|r| r.0).take(1), told.region);
        }
        let tenant = |(name, ids): (String, HashSet<i64>)| Tenant { name, owns: Box::new(move |o: &ObjectRow| ids.contains(&o.id)) };
        let region = |(name, ids): (String, HashSet<i64>)| Region { name, holds: Box::new(move |o: &ObjectRow| ids.contains(&o.id)) };
        Borders {
            tenants: tenants.named().map(tenant).collect(),
            regions: regions.named().map(region).collect(),
            templates: self.templates.clone(),
        }
    }

    /// The tenants of these objects, those by patterns first.
    pub fn tenants_of<'o>(&self, objects: impl Iterator<Item = &'o ObjectRow>) -> Vec<Tenant<'static>> {
        self.of_objects(objects).tenants
    }

    /// Whether there may be tenants.
    pub fn tells_of_tenants(&self) -> bool {
        !self.tenants.is_empty() || self.templates.iter().any(|t| t.0.contains(&Part::Name(0)))
    }

    /// What the first template that fits tells of the object at `uri`.
    pub fn told<'a>(&self, uri: &'a str) -> Told<'a> {
        self.templates.iter().find_map(|t| t.read(uri)).unwrap_or_default()
    }
}

/// Numbers of objects by name.
struct Sets {
    written: Vec<(String, HashSet<i64>)>,
    told: BTreeMap<String, HashSet<i64>>,
}

impl Sets {
    fn new<'n>(names: impl Iterator<Item = &'n String>) -> Sets {
        Sets { written: names.map(|n| (n.clone(), HashSet::new())).collect(), told: BTreeMap::new() }
    }

    fn put(&mut self, object: i64, written: impl Iterator<Item = usize>, told: Option<&str>) {
        let mut is_written = false;
        for n in written {
            is_written = true;
            self.written[n].1.insert(object);
        }
        if let Some(name) = told.filter(|_| !is_written) {
            let known = self.written.iter_mut().find(|w| w.0 == name);
            let set = match known {
                Some(w) => &mut w.1,
                None => self.told.entry(name.to_owned()).or_default(),
            };
            set.insert(object);
        }
    }

    fn named(self) -> impl Iterator<Item = (String, HashSet<i64>)> {
        self.written.into_iter().chain(self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let told = |template: &str, uri: &str| {
            let t = Template::new(template).unwrap();
            t.read(uri).map(|t| [t.tenant, t.environment, t.region].map(|v| v.unwrap_or("-").to_owned()).join(" "))
        };
        for (template, uri, want) in [
            ("s3://acme-{tenant}/prod/{region}", "s3://acme-shop/prod/eu-west-1/a/b.csv", Some("shop - eu-west-1")),
            ("s3://acme-{tenant}/prod/{region}/", "s3://acme-shop/prod/eu-west-1", Some("shop - eu-west-1")),
            ("s3://acme-{tenant}/prod/{region}", "s3://acme-shop/test/eu-west-1/a", None),
            ("s3://{tenant}-{environment}", "s3://shop-eu-prod/a", Some("shop-eu prod -")),
            ("s3://*/{environment}/**/tenant={tenant}", "s3://b/prod/x/y/tenant=t_1/f.csv", Some("t_1 prod -")),
            ("s3://b/**/{tenant}.csv", "s3://b/x/y/t1.csv", Some("t1 - -")),
            ("s3://b/{tenant}", "s3://b/{generic.email}/x", None),
            ("s3://b/{tenant}", "s3://b/jane.doe/x", None),
            ("s3://b/{tenant}", "s3://b//x", None),
            ("/srv/{tenant}", "/srv/ü/x", None),
            ("s3://b/{tenant}*", "s3://b/tü/x", Some("t - -")),
        ] {
            assert_eq!(told(template, uri).as_deref(), want, "{template} {uri}");
        }
        let long = format!("s3://b/{}/x", "a".repeat(65));
        assert_eq!(told("s3://b/{tenant}", &long), None);
        // The worst that a template may ask for ends.
        assert_eq!(told("{tenant}**/*/**z", &"a/".repeat(100)), None);
        for (wrong, says) in [
            ("s3://b/x", "name {tenant}"),
            ("s3://{tennant}/x", "{tennant} is none"),
            ("s3://{tenant", "no }"),
            ("{tenant}/{tenant}", "twice"),
            ("{tenant}/*/*/*/*/*/*", "at most"),
            ("{tenant}/**/**/**", "at most"),
        ] {
            let e = Template::new(wrong).unwrap_err();
            assert!(e.contains(says), "{wrong}: {e}");
        }
    }

    #[test]
    fn what_is_written_goes_before_what_is_told() {
        let object = |id: i64, uri: &str| ObjectRow {
            id,
            uri: uri.to_owned(),
            version: String::new(),
            size: 0,
            modified: None,
            until: None,
            dataset: String::new(),
            status: String::new(),
            current: true,
            first_seen: 0,
            last_seen: 0,
        };
        let objects = [
            object(1, "s3://a/one/x"),
            object(2, "s3://a/two/x"),
            object(3, "s3://a/three/x"),
            object(4, "s3://b/x"),
            object(5, "s3://a/two/y"),
        ];
        let owned =
            |name: &str, ids: &'static [i64]| Tenant { name: name.to_owned(), owns: Box::new(move |o: &ObjectRow| ids.contains(&o.id)) };
        let borders = Borders {
            tenants: vec![owned("written", &[3]), owned("one", &[4])],
            regions: Vec::new(),
            templates: vec![Template::new("s3://a/{tenant}").unwrap(), Template::new("s3://{region}").unwrap()].into(),
        };
        let all = borders.of_objects(objects.iter());
        let found: Vec<(String, Vec<i64>)> =
            all.tenants.iter().map(|t| (t.name.clone(), objects.iter().filter(|o| (t.owns)(o)).map(|o| o.id).collect())).collect();
        let want = [("written", vec![3]), ("one", vec![1, 4]), ("two", vec![2, 5])];
        assert_eq!(found, want.map(|(n, ids)| (n.to_owned(), ids)));
        let regions: Vec<&str> = all.regions.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(regions, ["b"], "the first template that fits counts");
    }
}
