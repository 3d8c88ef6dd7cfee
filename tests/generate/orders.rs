//! `orders/2026/11/orders-000N.jsonl.gz`: a line an order, nested, one file cut off.

use super::{
    World,
    people::{DESK_EMAIL, Person},
    rng::Rng,
    tree::{gzip, gzip_cut, js},
    truth::Record,
};

const DATASET: &str = "orders/*/*/orders-*.jsonl";

/// The file whose gzip stream stops in the middle.
pub const CUT: &str = "orders/2026/11/orders-0009.jsonl.gz";

const GOODS: &[(&str, &str, u64)] = &[
    ("HB-JKT-011", "Breakwater rain jacket", 14_900),
    ("HB-SWT-204", "Fisher knit sweater", 8_950),
    ("HB-BTS-077", "Dockside rubber boots", 7_400),
    ("HB-LMP-310", "Brass cabin lamp", 5_600),
    ("HB-BAG-128", "Waxed canvas duffel", 12_250),
    ("HB-CAP-042", "Watch cap", 2_400),
    ("HB-MUG-009", "Enamel mug, pair", 1_850),
    ("HB-BLK-515", "Wool deck blanket", 11_000),
];

pub fn write(world: &mut World) {
    let mut rng = world.rng("orders");
    let (customers, friends) = (world.customers(), world.friends());
    world.truth.empty_fields(
        DATASET,
        &[
            "order_id",
            "placed_at",
            "customer_id",
            "items[].sku",
            "items[].title",
            "items[].qty",
            "items[].unit_price",
            "total",
            "payment.method",
        ],
    );
    let mut number = 110_000;
    for file in [1, 2, 3, 4, 5, 6, 7, 8, 9] {
        let path = format!("orders/2026/11/orders-{file:04}.jsonl.gz");
        let mut lines = String::new();
        for row in 0..120 {
            number += rng.between(1, 5);
            let buyer = if file == 2 && row == 40 { &customers[0] } else { rng.pick(&customers) };
            let mut r = world.truth.record(DATASET, &path, row);
            lines.push_str(&order(&mut rng, Some(&mut r), number, file, buyer, &friends));
        }
        if path == CUT {
            let mut lost = String::new();
            for _ in 0..120 {
                number += 3;
                let buyer = rng.pick(&customers);
                lost.push_str(&order(&mut rng, None, number, file, buyer, &friends));
            }
            world.tree.add(path, gzip_cut(lines.as_bytes(), lost.as_bytes()));
        } else {
            world.tree.add(path, gzip(lines.as_bytes()));
        }
    }
}

/// One line. Without a record it is written but not noted: nobody can read it.
fn order(rng: &mut Rng, mut record: Option<&mut Record<'_>>, number: u64, day: u64, buyer: &Person, friends: &[Person]) -> String {
    let mut note = |field: &str, classifier: &'static str, value: &str, whose: Option<usize>| {
        if let Some(r) = record.as_mut() {
            r.put(field, classifier, value, whose);
        }
    };
    let me = Some(buyer.index);
    let gift = rng.chance(15).then(|| rng.pick(friends));
    let mut out = format!(
        "{{\"order_id\":\"HO-2026-{number}\",\"placed_at\":\"2026-11-{day:02}T{:02}:{:02}:{:02}Z\",\"customer_id\":{}",
        rng.below(24),
        rng.below(60),
        rng.below(60),
        js(&buyer.customer_id)
    );
    let desk = buyer.index != 0 && rng.chance(6);
    if desk || buyer.index == 0 || gift.is_some() || rng.chance(45) {
        let email = if desk { DESK_EMAIL } else { &buyer.email };
        note("buyer.email", "generic.email", email, me.filter(|_| !desk));
        out += &format!(",\"buyer\":{{\"email\":{}", js(email));
        if rng.chance(50) {
            let phone = buyer.phone_as(rng.below(5));
            note("buyer.phone", "generic.phone", &phone, me);
            out += &format!(",\"phone\":{}", js(&phone));
        }
        out.push('}');
    }
    let to = gift.unwrap_or(buyer);
    note("ship_to.name", "generic.person_name", &to.name(), Some(to.index));
    note("ship_to.street", "generic.street_address", &to.street, Some(to.index));
    note("ship_to.city", "generic.city", to.city, Some(to.index));
    note("ship_to.state", "us.state", to.state, Some(to.index));
    note("ship_to.zip", "us.zip_code", to.zip, Some(to.index));
    out += &format!(
        ",\"ship_to\":{{\"name\":{},\"street\":{},\"city\":{},\"state\":\"{}\",\"zip\":\"{}\"}}",
        js(&to.name()),
        js(&to.street),
        js(to.city),
        to.state,
        to.zip
    );
    let mut total = 0;
    let mut items = Vec::new();
    for _ in 0..rng.between(1, 3) {
        let &(sku, title, price) = rng.pick(GOODS);
        let quantity = rng.between(1, 2);
        total += price * quantity;
        items.push(format!(
            "{{\"sku\":\"{sku}\",\"title\":{},\"qty\":{quantity},\"unit_price\":{}.{:02}}}",
            js(title),
            price / 100,
            price % 100
        ));
    }
    out += &format!(",\"items\":[{}],\"total\":{}.{:02},\"payment\":{{\"method\":\"card\"}}", items.join(","), total / 100, total % 100);
    if let Some(r) = record {
        // The receiver is somebody else: sender and receiver link neither to each other nor upwards.
        r.scope();
        if let Some(friend) = gift {
            r.put("gift.recipient_name", "generic.person_name", &friend.name(), Some(friend.index));
            r.put("gift.recipient_email", "generic.email", &friend.email, Some(friend.index));
        }
    }
    if let Some(friend) = gift {
        out += &format!(
            ",\"gift\":{{\"recipient_name\":{},\"recipient_email\":{},\"wrap\":{}}}",
            js(&friend.name()),
            js(&friend.email),
            rng.chance(50)
        );
    }
    out.push_str("}\n");
    out
}
