//! `warehouse/` and `misc/`: numbers that are nobody's, and bytes that are nothing.

use super::World;

const PATH: &str = "warehouse/measurements.csv";

/// The file of random bytes.
pub const RANDOM: &str = "misc/backup.bin";

const COLUMNS: &[&str] =
    &["reading_id", "taken_at", "epoch_ms", "bin_no", "pallet_no", "tracking_no", "weight_kg", "price", "firmware", "checksum"];

pub fn write(world: &mut World) {
    let mut rng = world.rng("warehouse");
    let mut out = COLUMNS.join(",");
    out.push('\n');
    let rows = 2_000;
    for _ in 0..rows {
        // 9, 10 and 16 digits as they fall: some pass the check of an SSN, a phone or a card by chance, as real ones do.
        out += &format!(
            "{},2026-{:02}-{:02}T{:02}:{:02}:{:02}Z,{},{}{},{}{},{}{},{}.{:03},{}.{:02},{}.{}.{},{}\n",
            rng.uuid(),
            rng.between(1, 10),
            rng.between(1, 28),
            rng.below(24),
            rng.below(60),
            rng.below(60),
            1_760_000_000_000 + rng.below(2_000_000_000),
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
            rng.below(9),
            rng.below(30),
            rng.below(200),
            rng.hex(12),
        );
    }
    world.truth.bare_records(PATH, PATH, rows);
    world.truth.empty_fields(PATH, COLUMNS);
    world.tree.add(PATH, out);
    // A first byte that begins no known format.
    let mut bytes = vec![0x8f];
    bytes.extend((1..6_000).map(|_| rng.below(256) as u8));
    world.tree.add(RANDOM, bytes);
}
