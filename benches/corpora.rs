//! Data to measure on, made from a seed: the five kinds that behave differently, and hostile input.
//!
//! | name | what | personal data |
//! |---|---|---|
//! | `a` | customer CSV | in every field |
//! | `b` | application logs | in one line of a hundred |
//! | `c` | code and prose | none |
//! | `d` | JSON Lines of shop events | an address and a network address in each |
//! | `e` | CSV of prices, ids, times, UUIDs | none |
#![allow(dead_code)]

use std::io::{self, Write};

#[path = "../tests/generate/ids.rs"]
mod ids;
#[path = "../tests/generate/names.rs"]
mod names;
#[path = "../tests/generate/people.rs"]
mod people;
#[path = "../tests/generate/rng.rs"]
mod rng;

use people::Person;
use rng::Rng;

/// The corpora, with the ending that tells their format.
pub const CORPORA: &[(&str, &str)] = &[("a", "csv"), ("b", "log"), ("c", "txt"), ("d", "jsonl"), ("e", "csv")];

/// The hostile inputs of [`hostile`].
pub const HOSTILE: &[&str] = &["json-one-line", "csv-open-quote", "gzip-zeros"];

const SEED: u64 = 71;

/// The corpus `name`, cut after the first record that reaches `bytes`; the same bytes in every run. Panics if there is none
/// of that name.
pub fn corpus(name: &str, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 1024);
    write_corpus(name, bytes as u64, &mut out).expect("a vector takes all bytes");
    out
}

/// Writes the corpus `name` to `out`, at least `bytes` of it.
pub fn write_corpus(name: &str, bytes: u64, out: &mut impl Write) -> io::Result<()> {
    let record: fn(&mut Rng, &[Person], u64, &mut Vec<u8>) -> io::Result<()> = match name {
        "a" => customer,
        "b" => log_line,
        "c" => code_and_prose,
        "d" => event,
        "e" => numbers,
        _ => panic!("there is no corpus {name}"),
    };
    let mut rng = Rng::named(SEED, name);
    let people = people::people(SEED, 2_000);
    let mut buffer = Vec::with_capacity(1 << 16);
    match name {
        "a" => buffer
            .extend_from_slice(b"customer_id,first_name,last_name,email,phone,ssn,birth_date,street,city,state,zip,card_number,notes\n"),
        "e" => buffer.extend_from_slice(b"event_id,taken_at,epoch_ms,bin_no,pallet_no,tracking_no,weight_kg,price,checksum\n"),
        _ => {}
    }
    let mut written = 0;
    for n in 0.. {
        record(&mut rng, &people, n, &mut buffer)?;
        if buffer.len() >= 1 << 15 || written + buffer.len() as u64 >= bytes {
            out.write_all(&buffer)?;
            written += buffer.len() as u64;
            buffer.clear();
        }
        if written >= bytes {
            break;
        }
    }
    Ok(())
}

/// A row of customers. Numbers are fresh in each row: a table of a million rows has a million e-mails.
fn customer(rng: &mut Rng, people: &[Person], n: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let p = rng.pick(people);
    let (card, _) = ids::card(rng);
    let (local, domain) = p.email.split_once('@').expect("an address");
    let phone = p.phone_as(rng.below(5));
    let note = match rng.below(8) {
        0 => "\"prefers mail, no calls\"",
        1 => "catalog",
        _ => "",
    };
    writeln!(
        out,
        "C{n:09},{},{},{local}{n}@{domain},{phone},{},{},{},{},{},{},{card},{note}",
        p.first,
        p.last,
        ids::ssn(rng),
        p.birth_iso(),
        p.street,
        p.city,
        p.state,
        p.zip
    )
}

fn log_line(rng: &mut Rng, people: &[Person], n: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let ms = n * 37;
    let (h, m, s) = (ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60);
    write!(out, "2026-11-{:02}T{h:02}:{m:02}:{s:02}.{:03}Z ", ms / 86_400_000 % 28 + 1, ms % 1000)?;
    if rng.chance(1) {
        let p = rng.pick(people);
        return match rng.below(4) {
            0 => writeln!(out, "INFO  mailer[118] order confirmation sent to {} in {} ms", p.email, rng.between(20, 900)),
            1 => writeln!(out, "WARN  auth[92] failed sign-in email={} ip={} attempt={}", p.email, p.ip, rng.between(1, 6)),
            2 => writeln!(out, "DEBUG pay[77] retry card={} gateway timeout", p.card),
            _ => writeln!(out, "ERROR sync[54] duplicate contact phone {}, kept the older", p.phone_as(1)),
        };
    }
    match rng.below(6) {
        0 => writeln!(
            out,
            "INFO  web[213] request {} GET /catalog/boots 200 {} B {} ms",
            rng.uuid(),
            rng.between(800, 60_000),
            rng.between(2, 900)
        ),
        1 => writeln!(out, "DEBUG cache[40] hit ratio 0.{} over {} keys", rng.digits(4), rng.between(1_000, 90_000)),
        2 => writeln!(out, "INFO  stock[66] sku HB-BTS-{} level {} -> {}", rng.digits(3), rng.between(20, 90), rng.between(1, 19)),
        3 => writeln!(out, "INFO  sched[12] job nightly-prices finished, {} rows, checksum {}", rng.between(100, 99_999), rng.hex(16)),
        4 => writeln!(
            out,
            "WARN  db[54] slow query {} ms, plan {} version 4.{}.{}",
            rng.between(300, 9_000),
            rng.hex(8),
            rng.below(20),
            rng.below(30)
        ),
        _ => writeln!(
            out,
            "DEBUG queue[25] depth {} oldest {} s, consumer group billing, partition {}",
            rng.below(400),
            rng.below(90),
            rng.below(48)
        ),
    }
}

const NOUNS: &[&str] = &[
    "buffer", "harbor", "index", "ledger", "lantern", "anchor", "segment", "cursor", "vessel", "window", "packet", "shelf", "signal",
    "channel", "record", "ribbon", "table", "tide", "token", "worker",
];
const VERBS: &[&str] = &["reads", "moves", "closes", "keeps", "sorts", "counts", "drops", "merges", "opens", "writes", "follows", "holds"];
const ADJECTIVES: &[&str] =
    &["empty", "narrow", "quiet", "sorted", "late", "shared", "pending", "wooden", "stale", "bright", "hidden", "open"];

fn code_and_prose(rng: &mut Rng, _: &[Person], _: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let (a, b, c) = (*rng.pick(NOUNS), *rng.pick(NOUNS), *rng.pick(NOUNS));
    let (verb, adjective) = (*rng.pick(VERBS), *rng.pick(ADJECTIVES));
    match rng.below(9) {
        0 => writeln!(
            out,
            "fn {a}_{b}({c}: &mut [u8], limit: usize) -> Result<usize, Error> {{\n    let mut {b} = 0;\n    while {b} < limit && {c}[{b}] != b'\\n' {{\n        {b} += {};\n    }}\n    Ok({b})\n}}\n",
            rng.between(1, 64)
        ),
        1 => writeln!(out, "    // The {adjective} {a} {verb} the {b}; see {c}::{a} for what happens when it is full."),
        2 => writeln!(
            out,
            "    if self.{a}.len() >= {} {{ return Err(Error::{}{}); }}",
            rng.between(8, 65_536),
            &c[..1].to_uppercase(),
            &c[1..]
        ),
        3 => writeln!(out, "    for ({a}, {b}) in {c}.iter().enumerate() {{ total += {a} * {} + {b}.weight(); }}", rng.between(2, 99)),
        4 => writeln!(
            out,
            "When the {adjective} {a} {verb} the {b}, nobody on the pier looks up. The {c} is older than the town, and in winter\nit {verb} more slowly, as if it had to remember the way. We wrote this down in chapter {}.\n",
            rng.between(1, 40)
        ),
        5 => writeln!(out, "#define {}_{} 0x{}u", a.to_uppercase(), b.to_uppercase(), rng.hex(8)),
        6 => writeln!(
            out,
            "The {a} and the {b} are {adjective}: each {verb} {} {c}s an hour, {} at most.",
            rng.between(2, 90),
            rng.between(100, 999)
        ),
        7 => writeln!(
            out,
            "const {} = require('./lib/{a}-{b}'); // {verb} v{}.{}.{}",
            c.to_uppercase(),
            rng.below(9),
            rng.below(20),
            rng.below(30)
        ),
        _ => writeln!(out, "    assert_eq!({a}.{b}({}), Some({:?}), \"{adjective} {c}\");", rng.below(500), verb),
    }
}

fn event(rng: &mut Rng, people: &[Person], n: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let p = rng.pick(people);
    writeln!(
        out,
        "{{\"event_id\":\"{}\",\"at\":{},\"kind\":\"{}\",\"session\":\"{}\",\"user\":{{\"id\":\"{}\",\"email\":\"{}\"}},\"client\":{{\"ip\":\"{}\",\"agent\":\"Mozilla/5.0 (X11; Linux x86_64) Firefox/14{}.0\"}},\"items\":[{{\"sku\":\"HB-JKT-{}\",\"qty\":{},\"price\":{}.{:02}}},{{\"sku\":\"HB-LMP-{}\",\"qty\":1,\"price\":56.00}}],\"flags\":[\"web\",\"beta\"],\"referrer\":null}}",
        rng.uuid(),
        1_760_000_000_000 + n * 53,
        rng.pick(&["view", "cart", "checkout", "search"]),
        rng.hex(24),
        p.customer_id,
        p.email,
        p.ip,
        rng.below(10),
        rng.digits(3),
        rng.between(1, 9),
        rng.between(1, 400),
        rng.below(100),
        rng.digits(3),
    )
}

fn numbers(rng: &mut Rng, _: &[Person], n: u64, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(
        out,
        "{},2026-{:02}-{:02}T{:02}:{:02}:{:02}Z,{},{}{},{}{},{}{},{}.{:03},{}.{:02},{}",
        rng.uuid(),
        rng.between(1, 12),
        rng.between(1, 28),
        rng.below(24),
        rng.below(60),
        rng.below(60),
        1_760_000_000_000 + n * 41,
        rng.between(1, 9),
        rng.digits(8),
        rng.between(1, 9),
        rng.digits(9),
        rng.between(1, 9),
        rng.digits(15),
        rng.below(90),
        rng.below(1000),
        rng.between(1, 900),
        rng.below(100),
        rng.hex(12),
    )
}

/// Writes `bytes` of input that a careless reader would keep in memory: one JSON line, one quote that is never closed, or
/// zeros packed by gzip (`bytes` counts them unpacked). Needs little memory itself. Panics if there is none of that name.
pub fn hostile(name: &str, bytes: u64, out: &mut impl Write) -> io::Result<()> {
    match name {
        "json-one-line" => {
            let mut written = 16;
            out.write_all(b"{\"events\":[{}")?;
            let mut line = Vec::new();
            let mut rng = Rng::named(SEED, name);
            let people = people::people(SEED, 500);
            for n in 0.. {
                line.clear();
                line.push(b',');
                event(&mut rng, &people, n, &mut line)?;
                line.pop();
                out.write_all(&line)?;
                written += line.len() as u64;
                if written >= bytes {
                    break;
                }
            }
            out.write_all(b"]}")
        }
        "csv-open-quote" => {
            out.write_all(b"id,email,notes\n1,a.reader@example.com,\"this quote is never closed\n")?;
            // Log lines: they hold no quote that would close it.
            write_corpus("b", bytes, out)
        }
        "gzip-zeros" => {
            let mut gzip = flate2::GzBuilder::new().mtime(0).write(out, flate2::Compression::new(9));
            io::copy(&mut io::Read::take(io::repeat(0), bytes), &mut gzip)?;
            gzip.finish().map(drop)
        }
        _ => panic!("there is no hostile input {name}"),
    }
}
