//! `support/notes-*.txt`: what agents wrote down, in sentences.

use super::{World, ids, people::Person, rng::Rng, tree::Tree, truth::Truth};

const DATASET: &str = "support/notes-*.txt";

struct Note<'a> {
    text: String,
    object: String,
    truth: &'a mut Truth,
}

impl Note<'_> {
    fn say(&mut self, words: &str) -> &mut Self {
        self.text += words;
        self
    }

    fn value(&mut self, classifier: &'static str, value: &str, p: &Person) -> &mut Self {
        self.truth.text(DATASET, &self.object, self.text.len(), classifier, value, Some(p.index));
        self.say(value)
    }

    /// A name in the middle of a sentence, which no pattern must find.
    fn prose_name(&mut self, p: &Person) -> &mut Self {
        self.truth.prose(DATASET, &self.object, "generic.person_name", &p.name());
        self.say(&p.name())
    }
}

pub fn write(world: &mut World) {
    let mut rng = world.rng("support");
    let customers = world.customers();
    for n in 1..=36u64 {
        let p = if n == 9 { &customers[0] } else { rng.pick(&customers) };
        let object = format!("support/notes-{n:04}.txt");
        let mut note = Note { text: String::new(), object, truth: &mut world.truth };
        note.say(&format!(
            "Ticket HS-{} opened 2026-10-{:02}, agent {}\n\nCustomer name: ",
            40_000 + n * 13,
            n % 28 + 1,
            rng.pick(&["T4", "T7", "T9"])
        ));
        note.value("generic.person_name", &p.name(), p).say("\nEmail: ").value("generic.email", &p.email, p).say("\n\n");
        body(&mut note, &mut rng, p, if n == 9 { 5 } else { n % 6 });
        add(&mut world.tree, note);
    }
}

fn add(tree: &mut Tree, note: Note<'_>) {
    tree.add(note.object, note.text);
}

fn body(note: &mut Note<'_>, rng: &mut Rng, p: &Person, kind: u64) {
    let phone = p.phone_as(rng.below(4));
    match kind {
        0 => {
            note.say("Called about the store credit application. Social security number is ").value("us.ssn", &p.ssn, p);
            note.say(", date of birth ").value("generic.birth_date", &p.birth_us(), p);
            note.say(". The credit bureau asked for both. Call back at ").value("generic.phone", &phone, p).say(" after four.\n");
        }
        1 => {
            let card = ids::card_grouped(&p.card);
            note.say("The card on file was declined twice. New card number ").value("generic.payment_card", &card, p);
            note.say(", to be charged for the open order only. ").prose_name(p).say(" was friendly about it.\n");
        }
        2 => {
            note.say("Parcel went to the old address. Ship the replacement to ").value("generic.street_address", &p.street, p);
            note.say(&format!(", {}, {} ", p.city, p.state)).value("us.zip_code", p.zip, p);
            note.say(". Carrier claim 7730, weight 2.4 kg, second attempt on the 14th.\n");
        }
        3 => {
            note.say("Asked whether the brace counts as medical equipment; gave the Medicare number ").value("us.mbi", &p.mbi, p);
            note.say(" for the form. Told ").prose_name(p).say(" that we do not bill insurers.\n");
        }
        4 => {
            note.say("Wants a refund by bank transfer, IBAN: ").value("generic.iban", &p.iban, p);
            note.say(". Phone ").value("generic.phone", &phone, p).say(" if the bank refuses it.\n");
        }
        _ => {
            note.say("Returned two jackets, size M and L, receipt 10-2231. Reach by phone at ").value("generic.phone", &phone, p);
            note.say(". Refund of 149.00 approved, restocked on aisle 12.\n");
        }
    }
    note.say("\nResolution: closed, no further action.\n");
}
