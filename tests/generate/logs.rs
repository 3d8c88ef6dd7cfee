//! `logs/`: three days of an application's log, personal data in one line of a hundred.

use super::{
    World, ids,
    people::{HEROINE_EMAIL, Person},
    rng::Rng,
    tree::gzip,
    truth::Truth,
};

const DATASET: &str = "logs/app-*.log";

/// A log of one day as it grows: lines, and the truth about them.
struct Log<'a> {
    text: String,
    object: &'a str,
    truth: &'a mut Truth,
}

impl Log<'_> {
    fn value(&mut self, classifier: &'static str, value: &str, whose: Option<usize>) {
        self.truth.text(DATASET, self.object, self.text.len(), classifier, value, whose);
        self.text += value;
    }
}

pub fn write(world: &mut World) {
    let mut rng = world.rng("logs");
    let customers = world.customers();
    for (day, packed) in [(1, false), (2, false), (3, true)] {
        let path = format!("logs/app-2026-11-{day:02}.log{}", if packed { ".gz" } else { "" });
        let mut log = Log { text: String::new(), object: &path, truth: &mut world.truth };
        let mut ms = 0;
        for n in 0..2_400 {
            ms += rng.between(2_000, 68_000);
            let at = (ms / 1000, ms % 1000);
            log.text += &format!("2026-11-{day:02}T{:02}:{:02}:{:02}.{:03}Z ", at.0 / 3600 % 24, at.0 / 60 % 60, at.0 % 60, at.1);
            let heroine = day == 2 && n == 1_207;
            if heroine || rng.chance(1) {
                let p = if heroine { &customers[0] } else { rng.pick(&customers) };
                personal(&mut log, &mut rng, p, heroine, day == 3 && n > 1_000);
            } else {
                log.text += &ordinary(&mut rng);
            }
            log.text.push('\n');
        }
        // One line that should never have been written.
        let p = &customers[57];
        log.text += &format!("2026-11-{day:02}T23:59:58.{:03}Z WARN  web[213] legacy sign-in GET /login?user=", rng.below(1000));
        log.value("generic.email", &p.email, Some(p.index));
        log.text += "&password=";
        let password = ids::password(&mut rng);
        log.value("generic.password", &password, Some(p.index));
        log.text += " 302\n";
        let bytes = log.text.into_bytes();
        world.tree.add(path, if packed { gzip(&bytes) } else { bytes });
    }
}

fn personal(log: &mut Log<'_>, rng: &mut Rng, p: &Person, heroine: bool, late: bool) {
    let me = Some(p.index);
    match if heroine { 0 } else { rng.below(5) } {
        0 => {
            log.text += "INFO  mailer[118] order confirmation sent to ";
            log.value("generic.email", if heroine { HEROINE_EMAIL } else { &p.email }, me);
            log.text += &format!(" in {} ms", rng.between(20, 900));
        }
        1 => {
            log.text += "WARN  auth[92] failed sign-in email=";
            log.value("generic.email", &p.email, me);
            log.text += " ip=";
            log.value("generic.ip_address", &p.ip, me);
            log.text += &format!(" attempt={}", rng.between(1, 6));
        }
        2 => {
            log.text += "INFO  edge[31] client ";
            log.value("generic.ip_address", &p.ip, me);
            log.text +=
                &format!(" \"GET /catalog/{} HTTP/1.1\" 200 {}", rng.pick(&["boots", "lamps", "knitwear"]), rng.between(900, 48_000));
        }
        3 if late => {
            log.text += "DEBUG pay[77] retry card=";
            log.value("generic.payment_card", &p.card, me);
            log.text += " gateway timeout";
        }
        _ => {
            log.text += "ERROR sync[54] duplicate contact phone ";
            let phone = p.phone_as(1);
            log.value("generic.phone", &phone, me);
            log.text += ", kept the older";
        }
    }
}

/// A line about machines: times, sizes, request ids, versions, none of them anybody's.
fn ordinary(rng: &mut Rng) -> String {
    match rng.below(7) {
        0 => format!(
            "INFO  web[213] request {} GET /catalog/{} 200 {} B {} ms",
            rng.uuid(),
            rng.pick(&["boots", "lamps", "caps"]),
            rng.between(800, 60_000),
            rng.between(2, 900)
        ),
        1 => format!("DEBUG cache[40] hit ratio 0.{} over {} keys", rng.digits(4), rng.between(1_000, 90_000)),
        2 => format!("INFO  stock[66] sku HB-BTS-{} level {} -> {}", rng.digits(3), rng.between(20, 90), rng.between(1, 19)),
        3 => format!(
            "INFO  sched[12] job nightly-{} finished, {} rows, checksum {}",
            rng.pick(&["prices", "feeds", "index"]),
            rng.between(100, 99_999),
            rng.hex(16)
        ),
        4 => format!(
            "WARN  db[54] slow query {} ms, plan {} version 4.{}.{}",
            rng.between(300, 9_000),
            rng.hex(8),
            rng.below(20),
            rng.below(30)
        ),
        5 => format!("INFO  web[213] request {} POST /cart 204 trace={}", rng.uuid(), rng.hex(32)),
        _ => format!("DEBUG queue[25] depth {} oldest {} s", rng.below(400), rng.below(90)),
    }
}
