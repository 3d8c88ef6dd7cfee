//! Who is under several tenants, and whose data lies in which region.

use serde_json::{Value, json};

use super::find::{basis_json, basis_text};
use super::text::{count, plural, shorten, table, wrap};
use crate::query::{IsolationAnswer, Leak, Residents};

/// What stands where no region is known.
pub(super) const NOWHERE: &str = "(no region)";

/// `map --isolation --format json`. `regions` ends with `null`, where no region is known; `by_region` has a number for each.
pub fn isolation_json(a: &IsolationAnswer) -> Value {
    let tenants = a.tenants.iter().map(|t| json!({"tenant": t.tenant, "objects": t.objects, "consumers": t.consumers, "shared": t.shared}));
    let shared = a.shared.iter().map(|(tenants, n)| json!({"tenants": tenants, "consumers": n}));
    let datasets = a.datasets.iter().map(|(tenant, dataset, n)| json!({"tenant": tenant, "dataset": dataset, "consumers": n}));
    let residents =
        a.residents.iter().map(|r| json!({"residence": r.residence, "basis": r.basis, "by_region": r.by_region, "consumers": r.consumers}));
    let regions: Vec<Value> = a.regions.iter().map(|r| json!(r)).chain([Value::Null]).collect();
    json!({
        "tenants": tenants.collect::<Vec<_>>(), "several_tenants": a.several_tenants, "shared": shared.collect::<Vec<_>>(),
        "datasets": datasets.collect::<Vec<_>>(), "named": a.named.iter().map(|c| c.to_string()).collect::<Vec<_>>(),
        "objects_of_several": a.objects_of_several,
        "without_tenant": {"objects": a.without_tenant.0, "consumers": a.without_tenant.1},
        "regions": regions, "residents": residents.collect::<Vec<_>>(), "several_regions": a.several_regions, "consumers": a.consumers,
        "basis": basis_json(&a.basis),
    })
}

/// Who lives there, for people: `CA`, `DE (national number)`, `not known`.
pub(super) fn lives_in(r: &Residents) -> String {
    match (&r.residence, r.basis) {
        (Some(code), Some("national_number")) => format!("{code} (by national number)"),
        (Some(code), _) => code.clone(),
        (None, _) => "not known".to_owned(),
    }
}

/// The same for people.
pub fn isolation_text(a: &IsolationAnswer) -> String {
    let mut out = match (a.tenants.is_empty(), a.several_tenants) {
        (true, _) => "No tenants are named: list them as [[tenant]] in piimap.toml.\n".to_owned(),
        (false, 0) => format!("No consumer is under more than one of {}.\n", plural(a.tenants.len() as u64, "tenant")),
        (false, n) => format!("{} under more than one tenant.\n", plural(n, "consumer")),
    };
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    if !a.tenants.is_empty() {
        let mut rows = vec![row(["tenant", "objects", "consumers", "also elsewhere"])];
        rows.extend(a.tenants.iter().map(|t| vec![shorten(&t.tenant, 40), count(t.objects), count(t.consumers), count(t.shared)]));
        if a.without_tenant.0 > 0 {
            rows.push(vec!["(no tenant)".to_owned(), count(a.without_tenant.0), count(a.without_tenant.1), "-".to_owned()]);
        }
        out += &format!("\n{}", table(&rows, &[1, 2, 3], "  "));
    }
    if !a.shared.is_empty() {
        out += "\nUnder several tenants:\n";
        a.shared.iter().for_each(|(tenants, n)| out += &wrap(&format!("  {}  ", count(*n)), &tenants.join(", ")));
        out += "\nWhere they are:\n";
        let mut rows = vec![];
        rows.extend(a.datasets.iter().take(20).map(|(t, d, n)| vec![shorten(t, 24), shorten(d, 40), count(*n)]));
        out += &table(&rows, &[2], "  ");
        if a.datasets.len() > 20 {
            out += &format!("  and {} more datasets\n", count(a.datasets.len() as u64 - 20));
        }
        let ids: Vec<String> = a.named.iter().map(|c| c.to_string()).collect();
        let first = if (ids.len() as u64) < a.several_tenants { format!("The first {} of them", ids.len()) } else { "They".to_owned() };
        out += &format!("\n{first} (`piimap find ID` shows each place):\n{}", wrap("  ", &ids.join(" ")));
    }
    if a.objects_of_several > 0 {
        out += &format!("\n{} of two tenants by the patterns of piimap.toml.\n", plural(a.objects_of_several, "object"));
    }
    out += "\nResidents by region of storage:\n";
    if a.regions.is_empty() {
        out += "  no regions are named: list them as [[region]] in piimap.toml\n";
    }
    let known = a.residents.iter().any(|r| r.by_region.last().is_some_and(|n| *n > 0));
    let columns = a.regions.len() + usize::from(known);
    let mut rows = vec![vec!["residence".to_owned()]];
    rows[0].extend(a.regions.iter().map(|r| shorten(r, 18)).chain(known.then(|| NOWHERE.to_owned())));
    rows[0].push("consumers".to_owned());
    for r in &a.residents {
        let mut line = vec![lives_in(r)];
        line.extend(r.by_region.iter().take(columns).map(|n| count(*n)));
        line.push(count(r.consumers));
        rows.push(line);
    }
    out += &table(&rows, &(1..=columns + 1).collect::<Vec<_>>(), "  ");
    if a.several_regions > 0 {
        out += &format!("{} in more than one region.\n", plural(a.several_regions, "consumer"));
    }
    out + "\n" + &basis_text(&a.basis)
}

/// `leaks` of `diff --format json`.
pub(super) fn leak_json(l: &Leak) -> Value {
    json!({
        "what": leak_name(l), "beside": l.beside, "appeared": l.appeared, "consumers": l.consumers, "datasets": l.datasets,
    })
}

/// The word in JSON.
pub(super) fn leak_name(l: &Leak) -> &'static str {
    if l.region { "second_region" } else { "second_tenant" }
}

/// One sentence: `3 consumers of acme appeared under beta as well`.
pub(super) fn leak_says(l: &Leak) -> String {
    let (where_, whose) = if l.region { ("in region", "in") } else { ("under tenant", "of") };
    let appeared = l.appeared.join(" and ");
    if l.beside.is_empty() {
        return format!("{} appeared {where_} {appeared} at once", plural(l.consumers, "consumer"));
    }
    format!("{} {whose} {} appeared {where_} {appeared} as well", plural(l.consumers, "consumer"), l.beside.join(" and "))
}
