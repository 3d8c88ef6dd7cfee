//! The directory of a 7z archive: which packed streams exist, through which coders they go, which files come out.
//!
//! Counts are believed only as far as bytes of the directory stand behind them, so that what is held grows with what
//! is stored.

/// A chain of coders that turns one packed stream into the contents of some files, one after the other.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Folder {
    /// From the packed bytes outwards; `None` where streams are split or joined (BCJ2).
    pub chain: Option<Vec<Coder>>,
    /// How many packed streams it takes.
    pub packed: usize,
    /// How many bytes come out.
    pub size: u64,
    pub crc: Option<u32>,
    /// Size and check sum of each file in it.
    pub files: Vec<(u64, Option<u32>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coder {
    /// Its number, as one: LZMA is `0x030101`.
    pub method: u64,
    pub properties: Vec<u8>,
    /// How many bytes come out.
    pub size: u64,
}

/// Packed streams and what they are made into.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Streams {
    /// Where the first packed stream lies, counted from behind the signature header.
    pub at: u64,
    pub packed: Vec<u64>,
    pub folders: Vec<Folder>,
}

/// The files, in the order of their contents.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub count: u64,
    /// UTF-16, each ended by a zero.
    pub names: Vec<u8>,
    /// A bit for each file that has no content.
    empty: Vec<u8>,
    /// A bit for each of those that is a file, not a folder.
    empty_file: Vec<u8>,
}

pub(super) enum Header {
    /// The directory is packed itself.
    Packed(Streams),
    Plain(Streams, Files),
}

impl Files {
    /// Whether file `i` has content.
    pub fn has_content(&self, i: u64) -> bool {
        !bit(&self.empty, i)
    }

    /// Whether the `n`-th of those without content is a file.
    pub fn is_file(&self, n: u64) -> bool {
        bit(&self.empty_file, n)
    }
}

fn bit(bits: &[u8], i: u64) -> bool {
    bits.get((i / 8) as usize).is_some_and(|b| b & 0x80 >> (i % 8) != 0)
}

/// Reads a directory; `None` where it breaks the rules.
pub(super) fn parse(bytes: &[u8]) -> Option<Header> {
    let mut c = Cursor(bytes);
    match c.byte()? {
        0x17 => Some(Header::Packed(c.streams()?)),
        1 => {
            let (mut streams, mut files) = (Streams::default(), Files::default());
            loop {
                match c.byte()? {
                    0 => return Some(Header::Plain(streams, files)),
                    2 => c.properties()?,
                    4 => streams = c.streams()?,
                    5 => files = c.files()?,
                    _ => return None,
                }
            }
        }
        _ => None,
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (b, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*b)
    }

    fn take(&mut self, n: u64) -> Option<&'a [u8]> {
        let n = usize::try_from(n).ok().filter(|n| *n <= self.0.len())?;
        let (out, rest) = self.0.split_at(n);
        self.0 = rest;
        Some(out)
    }

    /// A number of one to nine bytes: the first byte's leading ones say how many follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones();
        let mut n = 0;
        for i in 0..more {
            n |= u64::from(self.byte()?) << (8 * i);
        }
        if more < 7 {
            n |= u64::from(first & (0x7f >> more)) << (8 * more);
        }
        Some(n)
    }

    /// A count of things that take at least one byte each.
    fn count(&mut self) -> Option<usize> {
        let n = self.number()?;
        usize::try_from(n).ok().filter(|n| *n <= self.0.len())
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn properties(&mut self) -> Option<()> {
        while self.byte()? != 0 {
            let n = self.number()?;
            self.take(n)?;
        }
        Some(())
    }

    /// `n` check sums, of which some may be missing.
    fn sums(&mut self, n: usize) -> Option<Vec<Option<u32>>> {
        let all = self.byte()? != 0;
        let bits = if all { &[] } else { self.take(n.div_ceil(8) as u64)? };
        if all && n > self.0.len() {
            return None;
        }
        (0..n).map(|i| if all || bit(bits, i as u64) { self.u32().map(Some) } else { Some(None) }).collect()
    }

    fn streams(&mut self) -> Option<Streams> {
        let mut s = Streams::default();
        let mut divided = false;
        loop {
            match self.byte()? {
                0 => break,
                6 => {
                    s.at = self.number()?;
                    let n = self.count()?;
                    loop {
                        match self.byte()? {
                            0 => break,
                            9 => s.packed = (0..n).map(|_| self.number()).collect::<Option<_>>()?,
                            10 => drop(self.sums(n)?),
                            _ => return None,
                        }
                    }
                }
                7 => self.folders(&mut s)?,
                8 => {
                    self.parts(&mut s.folders)?;
                    divided = true;
                }
                _ => return None,
            }
        }
        if !divided {
            s.folders.iter_mut().for_each(|f| f.files = vec![(f.size, f.crc)]);
        }
        Some(s)
    }

    fn folders(&mut self, s: &mut Streams) -> Option<()> {
        (self.byte()? == 0x0b).then_some(())?;
        let n = self.count()?;
        // The descriptions may lie elsewhere; nothing writes such archives.
        (self.byte()? == 0).then_some(())?;
        let mut graphs = Vec::new();
        for _ in 0..n {
            graphs.push(self.graph()?);
        }
        loop {
            match self.byte()? {
                0 => break,
                0x0c => {
                    for g in &mut graphs {
                        g.coders.iter_mut().try_for_each(|c| self.number().map(|n| c.1.size = n))?;
                    }
                    s.folders = graphs.drain(..).map(Graph::folder).collect::<Option<_>>()?;
                }
                0x0a => {
                    let sums = self.sums(n)?;
                    s.folders.iter_mut().zip(sums).for_each(|(f, sum)| f.crc = sum);
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn graph(&mut self) -> Option<Graph> {
        let n = self.number().filter(|n| (1..=32).contains(n))?;
        let mut g = Graph::default();
        for _ in 0..n {
            let flags = self.byte()?;
            // Alternative methods have never been written.
            (flags & 0xc0 == 0).then_some(())?;
            let method = self.take(u64::from(flags & 15)).filter(|m| m.len() <= 8)?.iter().fold(0, |n, b| n << 8 | u64::from(*b));
            let inputs = if flags & 0x10 == 0 { 1 } else { self.number().filter(|n| *n <= 32)? };
            if flags & 0x10 != 0 {
                (self.number()? == 1).then_some(())?;
            }
            let length = if flags & 0x20 == 0 { 0 } else { self.number()? };
            let properties = self.take(length)?.to_vec();
            g.inputs += inputs;
            g.coders.push((inputs, Coder { method, properties, size: 0 }));
        }
        for _ in 1..n {
            g.bound.push((self.number()?, self.number()?));
        }
        g.packed = g.inputs.checked_sub(n - 1).filter(|p| *p > 0)?;
        if g.packed > 1 {
            for _ in 0..g.packed {
                self.number()?;
            }
        }
        Some(g)
    }

    /// How the folders are divided into files.
    fn parts(&mut self, folders: &mut [Folder]) -> Option<()> {
        let mut id = self.byte()?;
        let mut counts = vec![1; folders.len()];
        if id == 0x0d {
            counts.iter_mut().try_for_each(|n| self.count().map(|c| *n = c))?;
            id = self.byte()?;
        }
        let sized = id == 9;
        for (f, n) in folders.iter_mut().zip(&counts) {
            let mut rest = f.size;
            for _ in 1..*n {
                // Only the last size goes without saying.
                let size = sized.then(|| self.number()).flatten()?;
                rest = rest.checked_sub(size)?;
                f.files.push((size, None));
            }
            if *n > 0 {
                f.files.push((rest, None));
            }
        }
        if sized {
            id = self.byte()?;
        }
        let told = |f: &Folder| f.files.len() == 1 && f.crc.is_some();
        let missing = folders.iter().filter(|f| !told(f)).map(|f| f.files.len()).sum();
        for f in folders.iter_mut().filter(|f| told(f)) {
            f.files[0].1 = f.crc;
        }
        while id != 0 {
            if id == 0x0a {
                let mut sums = self.sums(missing)?.into_iter();
                for f in folders.iter_mut().filter(|f| !told(f)) {
                    f.files.iter_mut().for_each(|file| file.1 = sums.next().flatten());
                }
            } else {
                let n = self.number()?;
                self.take(n)?;
            }
            id = self.byte()?;
        }
        Some(())
    }

    fn files(&mut self) -> Option<Files> {
        let mut f = Files { count: self.number()?, ..Files::default() };
        loop {
            let id = self.byte()?;
            if id == 0 {
                break;
            }
            let n = self.number()?;
            let data = self.take(n)?;
            match id {
                0x0e => f.empty = data.to_vec(),
                0x0f => f.empty_file = data.to_vec(),
                // A first byte of 1 would mean that they lie elsewhere.
                0x11 if data.first() == Some(&0) => f.names = data[1..].to_vec(),
                0x11 => return None,
                _ => {}
            }
        }
        // Two bytes of a name at least stand behind each.
        (f.count <= f.names.len() as u64 / 2).then_some(f)
    }
}

/// A folder as it is written down.
#[derive(Default)]
struct Graph {
    /// With the number of their inputs.
    coders: Vec<(u64, Coder)>,
    inputs: u64,
    /// Which input takes the output of which coder.
    bound: Vec<(u64, u64)>,
    packed: u64,
}

impl Graph {
    fn folder(self) -> Option<Folder> {
        let all = self.coders.len() as u64;
        let fits = |(input, output): &(u64, u64)| *input < self.inputs && *output < all;
        self.bound.iter().all(fits).then_some(())?;
        // The one whose output nobody takes gives the folder's bytes.
        let last = (0..all).find(|c| !self.bound.iter().any(|b| b.1 == *c))?;
        let size = self.coders[last as usize].1.size;
        let mut chain = None;
        if self.packed == 1 && self.coders.iter().all(|c| c.0 == 1) {
            let (mut at, mut found) = (last, vec![self.coders[last as usize].1.clone()]);
            while let Some(next) = self.bound.iter().find(|b| b.0 == at).map(|b| b.1) {
                // In a circle there would be no end.
                (found.len() < self.coders.len()).then_some(())?;
                found.push(self.coders[next as usize].1.clone());
                at = next;
            }
            found.reverse();
            chain = Some(found);
        }
        Some(Folder { chain, packed: self.packed as usize, size, crc: None, files: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        for (bytes, want) in [
            (&[0x05][..], Some(5)),
            (&[0x81, 0x12], Some(0x112)),
            (&[0xc1, 0xab, 0x03], Some(0x1_03ab)),
            (&[0xe0, 1, 2, 3], Some(0x03_0201)),
            (&[0xfe, 1, 2, 3, 4, 5, 6, 7], Some(0x07_0605_0403_0201)),
            (&[0xff, 1, 2, 3, 4, 5, 6, 7, 0x80], Some(0x8007_0605_0403_0201)),
            (&[0xc1, 0xab], None),
            (&[], None),
        ] {
            assert_eq!(Cursor(bytes).number(), want, "{bytes:x?}");
        }
    }

    #[test]
    fn counts_that_nothing_stands_behind_are_not_believed() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        for before in [&[1, 5][..], &[1, 4, 6, 0], &[1, 4, 7, 0x0b], &[0x17, 7, 0x0b, 1, 0, 1, 0x23, 3, 1, 1]] {
            let bytes: Vec<u8> = before.iter().chain(&huge).chain(&[0, 0, 0, 0, 0, 0]).copied().collect();
            assert!(parse(&bytes).is_none(), "{before:x?}");
        }
        // Two coders that feed one another.
        let circle = [0x17, 6, 0, 1, 9, 5, 0, 7, 0x0b, 1, 0, 2, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0x0c, 5, 5, 0, 0];
        assert!(parse(&circle).is_none());
    }

    #[test]
    fn any_bytes_are_answered() {
        let mut x = 1u32;
        for n in 0..20_000 {
            let mut bytes: Vec<u8> = vec![[1, 0x17][n % 2]];
            for _ in 0..40 {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push((x >> 24) as u8 & if x & 0x1000 == 0 { 15 } else { 255 });
            }
            let _ = parse(&bytes);
        }
    }
}
