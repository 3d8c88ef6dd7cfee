//! `EXPECTED.md` and `samples_truth.json`: what a correct map of the samples shows.

use super::truth::Summary;

/// The truth as JSON, for tests.
pub fn json(summary: &Summary) -> String {
    serde_json::to_string_pretty(summary).expect("plain maps and numbers") + "\n"
}

/// The truth in words and tables. It lies in the folder that is scanned, so it holds counts, never a value.
pub fn page(s: &Summary) -> String {
    let mut out = format!(
        "# What a correct map of this folder shows\n\n\
         Harborlight Outfitters is a small company that does not exist. All names, numbers and addresses here are invented by a seeded\n\
         generator (`cargo run --example make_samples -- samples`): numbers pass the checks of their kind and belong to nobody, mail\n\
         goes to example domains, telephones are of the 555-01xx range, networks are those kept for documentation. This page is\n\
         generated as well, from what was planted, not from what piimap found.\n\n\
         ## Consumers\n\n\
         * {} customers have a strong identifier (e-mail, SSN, telephone, card, IBAN, Medicare number, driver licence) somewhere; so have {} people who only receive gifts.\n\
         * Records join the identifiers to {} consumers. {} identifiers are shared by too many to join anything (the sales desk's e-mail and telephone).\n\
         * That is without key columns: cards and accounts in `payment_methods`, numbers in running text and gift orders then stand alone. Where\n\
         \x20 `account_id` and `customer_id` are known to be keys, more of them join; there are never fewer consumers than people.\n\
         * Six customers come twice, under two e-mails, and are one consumer each by their SSN. Three people of one household share a telephone and\n\
         \x20 have an SSN each: a stricter rule keeps them apart and counts two consumers more.\n\
         * {} record(s) hold two values of one strong class, a joint application, and link neither.\n\
         * One customer is in the CRM, the orders, the RDS and DynamoDB exports, the Redshift unload, a log and a support note, with an SSN in CRM and RDS.\n\n\
         ## Findings\n\n| classifier | places |\n|---|---|\n",
        s.customers, s.others, s.consumers, s.shared_identifiers, s.conflicting_records
    );
    for (classifier, n) in &s.classifiers {
        out += &format!("| {classifier} | {n} |\n");
    }
    for (name, d) in &s.datasets {
        out += &format!(
            "\n## {name}\n\n{} object(s), {} record(s), {} people with a strong identifier.\n",
            d.objects.len(),
            d.records,
            d.people
        );
        let found: Vec<_> = d.fields.iter().filter(|(_, c)| !c.is_empty()).collect();
        if !found.is_empty() {
            out += "\n| field | classifier | count |\n|---|---|---|\n";
        }
        for (field, classifiers) in found {
            for (classifier, n) in classifiers {
                out += &format!("| {field} | {classifier} | {n} |\n");
            }
        }
        let nothing: Vec<&str> = d.fields.iter().filter(|(_, c)| c.is_empty()).map(|(field, _)| field.as_str()).collect();
        if !nothing.is_empty() {
            out += &format!("\nNothing personal: {}.\n", nothing.join(", "));
        }
        for (classifier, n) in &d.prose {
            out += &format!("\nMay be found and may be missed: {n} {classifier} (names within sentences, names of roles).\n");
        }
    }
    out += "\n## Coverage\n\n| what | status | why |\n|---|---|---|\n";
    for gap in &s.coverage {
        out += &format!("| {} | {} | {} |\n", gap.object, gap.status, gap.why);
    }
    out += &format!(
        "\nThe records before the cut are counted above. `_SUCCESS`, `_started` and manifests are no data.\n\n\
         ## The theft\n\n\
         The CloudTrail files tell of a stolen session of the role `ci-deploy` on 3 November 2026 between 01:40 and 02:20 UTC. It read or copied\n\
         {} objects ({} of them to another account's bucket) and was refused {}. {} people have a strong identifier in what it read.\n",
        s.breach.read.len(),
        s.breach.copied.len(),
        s.breach.denied.len(),
        s.breach.people
    );
    out
}
