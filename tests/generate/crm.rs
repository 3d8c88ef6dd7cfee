//! `crm/customers.csv`: one row a customer account.

use super::{
    World,
    people::{DESK_EMAIL, DESK_PHONE, Person, phone_as},
};

const PATH: &str = "crm/customers.csv";

/// The row whose second applicant is another customer: two SSNs in one record.
const JOINT: (usize, usize) = (31, 32);

pub fn write(world: &mut World) {
    let mut rng = world.rng("crm");
    let customers = world.customers();
    let mut rows: Vec<(&Person, bool)> = customers.iter().map(|p| (p, false)).collect();
    // Those with a second address come again as another account.
    rows.extend(customers.iter().filter(|p| p.email2.is_some()).map(|p| (p, true)));
    world.truth.empty_fields(PATH, &["customer_id", "loyalty_points", "created_at"]);
    let mut out = String::from(
        "customer_id,first_name,last_name,email,phone,ssn,co_applicant_ssn,birth_date,street,city,state,zip,loyalty_points,created_at,notes\r\n",
    );
    for (row, &(p, again)) in rows.iter().enumerate() {
        let me = Some(p.index);
        let mut r = world.truth.record(PATH, PATH, row as u64);
        let desk = !again && (300..345).contains(&p.index);
        let email = match (&p.email2, again) {
            (Some(second), true) => second.clone(),
            _ if desk => DESK_EMAIL.to_owned(),
            _ => p.email.clone(),
        };
        let phone = if desk { phone_as(DESK_PHONE.0, DESK_PHONE.1, 0) } else { p.phone_as(rng.below(5)) };
        let has_ssn =
            p.email2.is_some() || super::people::household().contains(&p.index) || [0, JOINT.0].contains(&p.index) || rng.chance(35);
        let ssn = if has_ssn { p.ssn.clone() } else { String::new() };
        let joint = if p.index == JOINT.0 { customers[JOINT.1].ssn.clone() } else { String::new() };
        let birth = if p.index == 0 || rng.chance(70) { p.birth_iso() } else { String::new() };
        let id = if again { format!("HL-{:05}", 20_000 + p.index) } else { p.customer_id.clone() };
        r.put("first_name", "generic.first_name", &p.first, me);
        r.put("last_name", "generic.last_name", &p.last, me);
        r.put("email", "generic.email", &email, me.filter(|_| !desk));
        // A second account of the same person keeps its phone, so that SSN and phone join both addresses.
        r.put("phone", "generic.phone", &phone, me.filter(|_| !desk));
        if !ssn.is_empty() {
            r.put("ssn", "us.ssn", &ssn, me);
        }
        if !joint.is_empty() {
            r.put("co_applicant_ssn", "us.ssn", &joint, Some(JOINT.1));
        }
        if !birth.is_empty() {
            r.put("birth_date", "generic.birth_date", &birth, me);
        }
        r.address(["street", "city", "state", "zip"], p);
        let street = if rng.chance(8) { format!("\"{}, Apt {}\"", p.street, rng.between(1, 40)) } else { p.street.clone() };
        let notes = match row {
            17 => "\"Prefers delivery after 5 pm, ring the side bell.\nGate code is with the neighbour, do not leave outside\"".to_owned(),
            43 => "\"Calls the blue jacket \"\"the harbor one\"\", size L\"".to_owned(),
            58 | 91 | 144 => {
                let other = p.phone_as(1);
                r.inside("notes", "generic.phone", &other, me);
                format!("\"Ask for the manager, reach at {other}, weekdays only\"")
            }
            _ if rng.chance(6) => "Catalog by post".to_owned(),
            _ => String::new(),
        };
        let created = format!(
            "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            rng.between(18, 26),
            rng.between(1, 10),
            rng.between(1, 28),
            rng.below(24),
            rng.below(60),
            rng.below(60)
        );
        let points = rng.between(0, 4800);
        drop(r);
        let Person { first, last, city, state, zip, .. } = p;
        let line =
            [&id, first, last, &email, &phone, &ssn, &joint, &birth, &street, *city, *state, *zip, &points.to_string(), &created, &notes]
                .join(",");
        out.push_str(&line);
        out.push_str("\r\n");
    }
    world.tree.add(PATH, out);
}
