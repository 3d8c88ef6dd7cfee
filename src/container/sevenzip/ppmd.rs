//! PPMd (variant H with the range coder of 7z), for archives of text.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use ppmd_rust::Ppmd7Decoder;

use super::super::stream::{Decode, Decoded, Stored};
use super::{Limits, corrupt};
use crate::base::{Error, Input, Reason, Result};

/// The largest model that is believed; the strongest setting asks for 192 MiB, a header could ask for 4 GiB.
const MEMORY: u32 = 256 << 20;
/// The decoder cannot go on where it lacked a byte: it is only run with so many at hand, and for so few symbols that
/// these are enough, whatever they are.
const AHEAD: usize = 64 << 10;
const SYMBOLS: usize = 64;

pub(super) fn decode(input: Box<dyn Input>, properties: &[u8], limits: &Limits) -> Result<Box<dyn Input>> {
    let &[order, a, b, c, d] = properties else { return Err(corrupt("broken properties of PPMd")) };
    let memory = u32::from_le_bytes([a, b, c, d]);
    if memory > MEMORY {
        return Err(Error::new(Reason::MemoryLimit, format!("a model of PPMd of more than {} MiB", MEMORY >> 20)));
    }
    let model = Model { order: order.into(), memory, held: Held::default(), decoder: None };
    Ok(Box::new(Decoded::new(input, model, limits)))
}

/// Stored bytes at hand, read by the decoder and filled by us.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<VecDeque<u8>>>);

impl Held {
    fn with<T>(&self, f: impl FnOnce(&mut VecDeque<u8>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Held {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.with(|held| held.read(buf))
    }
}

struct Model {
    order: u32,
    memory: u32,
    held: Held,
    decoder: Option<Ppmd7Decoder<Held>>,
}

impl Decode for Model {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        while self.held.with(|h| h.len()) < AHEAD {
            let bytes = stored.bytes()?;
            if bytes.is_empty() {
                break;
            }
            let n = bytes.len().min(AHEAD);
            self.held.with(|h| h.extend(&bytes[..n]));
            stored.take(n);
        }
        if self.decoder.is_none() {
            let made = Ppmd7Decoder::new(self.held.clone(), self.order, self.memory);
            self.decoder = Some(made.map_err(|_| corrupt("a broken stream of PPMd"))?);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(false) };
        let mut symbols = [0; SYMBOLS];
        let room = SYMBOLS.min(out.capacity() - out.len());
        let n = decoder.read(&mut symbols[..room]).map_err(|_| corrupt("a broken stream of PPMd"))?;
        out.extend_from_slice(&symbols[..n]);
        Ok(n > 0)
    }
}
