//! Addresses of cryptocurrencies, each with the check that its network defines.
//!
//! Sources: BIP 13, 173 and 350 (Bitcoin), ERC-55 (Ethereum), the XRP Ledger's and Monero's documentation, FIPS 202 for the
//! permutation of Keccak.

use sha2::{Digest, Sha256};

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// Decodes exactly `N` bytes. A leading zero byte is written as the alphabet's first sign, one for one.
fn base58<const N: usize>(raw: &[u8], alphabet: &[u8; 58]) -> Option<[u8; N]> {
    let mut out = [0u8; N];
    for b in raw {
        let mut carry = alphabet.iter().position(|a| a == b)? as u32;
        for o in out.iter_mut().rev() {
            carry += u32::from(*o) * 58;
            *o = carry as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let signs = raw.iter().take_while(|b| **b == alphabet[0]).count();
    let zeros = out.iter().take_while(|b| **b == 0).count();
    (signs == zeros).then_some(out)
}

/// Whether the last four bytes are the beginning of the doubled SHA-256 of those before.
fn double_sha(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<4>().is_some_and(|(body, check)| Sha256::digest(Sha256::digest(body))[..4] == *check)
}

/// Base58Check with a version byte of Bitcoin, its test network, Litecoin, Dogecoin, Dash, Tron or Zcash.
pub fn base58check(raw: &[u8]) -> bool {
    if let Some(bytes) = base58::<25>(raw, BITCOIN) {
        return matches!(bytes[0], 0x00 | 0x05 | 0x6f | 0xc4 | 0x30 | 0x32 | 0x1e | 0x16 | 0x4c | 0x10 | 0x41) && double_sha(&bytes);
    }
    base58::<26>(raw, BITCOIN).is_some_and(|bytes| matches!(bytes[..2], [0x1c, 0xb8 | 0xbd]) && double_sha(&bytes))
}

/// An account of the XRP Ledger.
pub fn xrp(raw: &[u8]) -> bool {
    base58::<25>(raw, RIPPLE).is_some_and(|bytes| bytes[0] == 0 && double_sha(&bytes))
}

/// Thirty-two bytes, an Ed25519 key: all that an address of Solana says of itself.
pub fn solana(raw: &[u8]) -> bool {
    base58::<32>(raw, BITCOIN).is_some_and(|bytes| bytes.iter().any(|b| *b != bytes[0]))
}

const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Human-readable parts that are known: with a witness program, and plain.
const SEGWIT: &[&[u8]] = &[b"bc", b"tb", b"ltc"];
const PLAIN: &[&[u8]] = &[b"addr", b"stake", b"cosmos", b"osmo", b"terra", b"inj"];

/// Bech32 or Bech32m in one case, with the program's length right where there is one.
pub fn bech32(raw: &[u8]) -> bool {
    let upper = raw.iter().any(u8::is_ascii_uppercase);
    if upper && raw.iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    let Some(cut) = raw.iter().rposition(|b| *b == b'1') else { return false };
    let (prefix, data) = (&raw[..cut], &raw[cut + 1..]);
    let is = |known: &[&[u8]]| known.iter().any(|k| k.eq_ignore_ascii_case(prefix));
    let lower = |b: &u8| b.to_ascii_lowercase();
    let mut sum = 1u32;
    let mut step = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (i, g) in [0x3b6a_57b2u32, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate() {
            if top >> i & 1 == 1 {
                sum ^= g;
            }
        }
    };
    prefix.iter().map(lower).for_each(|b| step(u32::from(b >> 5)));
    step(0);
    prefix.iter().map(lower).for_each(|b| step(u32::from(b & 31)));
    let mut version = 0;
    for (i, b) in data.iter().map(lower).enumerate() {
        let Some(value) = BECH32.iter().position(|c| *c == b) else { return false };
        if i == 0 {
            version = value;
        }
        step(value as u32);
    }
    let constant = if is(SEGWIT) && version > 0 { 0x2bc8_30a3 } else { 1 };
    if sum != constant || data.len() < 7 {
        return false;
    }
    // Between version and check: five bits a sign.
    let program = (data.len() - 7) * 5 / 8;
    is(PLAIN) || is(SEGWIT) && version <= 16 && (2..=40).contains(&program) && (version > 0 || matches!(program, 20 | 32))
}

/// `0x` and forty hexadecimal digits whose capitals are those that the hash of the address asks for.
pub fn eip55(raw: &[u8]) -> bool {
    let Some(hex) = raw.strip_prefix(b"0x").filter(|h| h.len() == 40 && h.iter().all(u8::is_ascii_hexdigit)) else { return false };
    let mut lower = [0u8; 40];
    lower.copy_from_slice(hex);
    lower.make_ascii_lowercase();
    let hash = keccak256(&lower);
    hex.iter().enumerate().filter(|(_, b)| b.is_ascii_alphabetic()).all(|(i, b)| {
        let nibble = hash[i / 2] >> (4 * (1 - i % 2)) & 15;
        b.is_ascii_uppercase() == (nibble >= 8)
    })
}

/// An address of Monero: blocks of eight bytes in eleven signs, a known network byte, four bytes of Keccak-256.
pub fn monero(raw: &[u8]) -> bool {
    let mut bytes = [0u8; 77];
    let mut n = 0;
    for block in raw.chunks(11) {
        let size = match block.len() {
            11 => 8,
            7 => 5,
            _ => return false,
        };
        let mut value = 0u128;
        for b in block {
            let Some(digit) = BITCOIN.iter().position(|a| a == b) else { return false };
            value = value * 58 + digit as u128;
        }
        if value >> (8 * size) != 0 || n + size > bytes.len() {
            return false;
        }
        bytes[n..n + size].copy_from_slice(&value.to_be_bytes()[16 - size..]);
        n += size;
    }
    let known = match n {
        69 => matches!(bytes[0], 18 | 42 | 53 | 63 | 24 | 36),
        77 => matches!(bytes[0], 19 | 54 | 25),
        _ => false,
    };
    known && keccak256(&bytes[..n - 4])[..4] == bytes[n - 4..n]
}

/// Keccak-256 as it was before it became SHA3-256; its padding differs. Up to 135 bytes.
fn keccak256(message: &[u8]) -> [u8; 32] {
    const RATE: usize = 136;
    let mut block = [0u8; RATE];
    let n = message.len().min(RATE - 1);
    block[..n].copy_from_slice(&message[..n]);
    block[n] ^= 1;
    block[RATE - 1] ^= 0x80;
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    permute(&mut state);
    let mut out = [0u8; 32];
    for (bytes, lane) in out.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
    out
}

/// Keccak-f\[1600\]: 24 rounds of theta, rho, pi, chi and iota (FIPS 202, section 3).
fn permute(a: &mut [u64; 25]) {
    let mut lfsr = 1u8;
    for _ in 0..24 {
        let mut parity = [0u64; 5];
        for (i, lane) in a.iter().enumerate() {
            parity[i % 5] ^= lane;
        }
        for (i, lane) in a.iter_mut().enumerate() {
            *lane ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }
        let (mut x, mut y, mut carried) = (1, 0, a[1]);
        for t in 0..24u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let offset = (t + 1) * (t + 2) / 2;
            carried = std::mem::replace(&mut a[x + 5 * y], carried.rotate_left(offset % 64));
        }
        for row in a.as_chunks_mut::<5>().0 {
            let old = *row;
            for (x, lane) in row.iter_mut().enumerate() {
                *lane = old[x] ^ !old[(x + 1) % 5] & old[(x + 2) % 5];
            }
        }
        for j in 0..7 {
            if lfsr & 1 == 1 {
                a[0] ^= 1 << ((1u32 << j) - 1);
            }
            lfsr = lfsr << 1 ^ if lfsr & 0x80 != 0 { 0x71 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_gives_its_known_answers() {
        let hex = |b: [u8; 32]| b.iter().map(|x| format!("{x:02x}")).collect::<String>();
        assert_eq!(hex(keccak256(b"")), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(keccak256(b"abc")), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }

    #[test]
    fn addresses_and_their_neighbours() {
        let cases: &[(fn(&[u8]) -> bool, &str, bool)] = &[
            (base58check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", true),
            (base58check, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", true),
            (base58check, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", true),
            (base58check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", false),
            (base58check, "A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", false),
            (base58check, "11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", false),
            (base58check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", false),
            (base58check, "", false),
            (xrp, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", true),
            (xrp, "rrrrrrrrrrrrrrrrrrrrrhoLvTp", true),
            (xrp, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", false),
            (solana, "So11111111111111111111111111111111111111112", true),
            (solana, "11111111111111111111111111111111", false),
            (solana, "So1111111111111111111111111111111111111111", false),
            // The examples of BIP 173 and 350.
            (bech32, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", true),
            (bech32, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", true),
            (bech32, "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", true),
            (bech32, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", false),
            (bech32, "bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", false),
            (bech32, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", false),
            (bech32, "bc1gmk9yu", false),
            (bech32, "1qw508d6", false),
            (bech32, "bc1", false),
            // The examples of ERC-55.
            (eip55, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", true),
            (eip55, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", true),
            (eip55, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", false),
            (eip55, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", false),
            (eip55, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", false),
            // The donation address of the Monero project.
            (monero, "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A", true),
            (monero, "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3B", false),
            (monero, "44AFFq5kSi", false),
            (monero, "", false),
        ];
        for (check, text, good) in cases {
            assert_eq!(check(text.as_bytes()), *good, "{text}");
        }
    }
}
