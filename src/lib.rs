//! piimap finds personal information in stored data and remembers whose it is.
//!
//! It answers three questions about stored data, for every record and not a sample: what personal information lies
//! where (the data map), whose it is (the consumer-to-location index), and who is affected when some of it is exposed.
//!
//! # A byte's path
//!
//! `cli::scan` opens [`source`]s (folders, S3, Azure, catalogues), which list objects; [`scan`] drops those whose version the [`index`] knows. A worker
//! opens an object as an [`base::Input`], [`container`] peels compression, [`mod@format`] fills [`base::Batch`]es: one buffer with
//! the boundaries of its values. [`classify`] finds [`base::Match`]es in it; [`identity::Kernel`] turns each into a
//! [`identity::Hit`], in which a keyed hash has taken the place of the value. Hits wait until the member is complete (or
//! a window of it is full), are settled by the evidence of their whole column, and are linked: which identifiers one
//! record holds, and whose its other values are. What remains goes through a bounded channel to the one thread that
//! owns the [`index::Writer`], which publishes whole objects. At the end of the run all links together give the
//! consumers.
//!
//! # A question's path
//!
//! `cli::find` asks [`query::find`], which reads through [`index::Reader`] and answers with a struct; [`report`] makes
//! text or JSON of it. After a breach, [`evidence`] turns logs into events, [`query::exposure()`] resolves them to object versions,
//! [`query::breach()`] counts the people in these, and [`law`] says whom to tell by when.
//!
//! # A catalogue's path
//!
//! A table of a catalogue is a [`source::Glue`]: places and names from the catalogue, objects from S3. `cli::publish` takes the
//! classes of its columns from [`query::map()`] and has [`source::glue::publish`] write them back, names of classifiers only.
//!
//! # The house
//!
//! `base < {source, container, format, classify, law, evidence} < identity < index < {scan, query} < report < serve < cli < main`: a folder
//! may use what stands to its left, those in braces do not know each other. A test holds this.
//!
//! # Invariants
//!
//! 1. **No raw personal value leaves the batch**: not into the index, a log, an error, a report, a panic message. Names
//!    (uris, fields) that are personal data are shown as `{classifier}` and sealed under the key. `PRIVACY:` marks the
//!    places where a value lives longer than its batch. Whoever asks to see values (`review`, `breach --reveal-contacts`) has them read again from
//!    the sources ([`scan::reread()`]), and that stands in the audit log.
//! 2. **Every row of every object, or a coverage line that says why not.** A bad object costs itself alone.
//! 3. **Bounded memory**, whatever the size of an object: by batches, windows and channels of fixed size.
//! 4. **A run may be killed anywhere.** An object counts once it is published, in one transaction with the end of the
//!    version that it replaces; the next run removes what was not and finishes the work.
//! 5. **The same input and key give the same answers**, on any number of threads and in any order of objects.
//!    A version carries two clocks, by run and by storage time: [`index::AsOf`]; what cannot be known for a moment in
//!    the past is named in the answer ([`index::Gap`]).
//! 6. **Consumers come from records alone** and are computed from all current links at once; take a record away and its
//!    link goes.
//! 7. **Two implementations where speed is at stake**: the fast classifier engine and the naive one agree, by test.
//!
//! # What a thief gets
//!
//! The index holds no value of the data, only BLAKE3 hashes under a random data key, which is stored encrypted under the
//! user's key (XChaCha20-Poly1305). Who has the **index without the key** can look nobody up and cannot try out
//! telephone numbers or social security numbers, however few there are: every guess needs the key. What the file still tells:
//! names of buckets, files, tables and columns (unless they are personal data themselves, which are sealed); how many people
//! are where, and in which states; which hashes stand together in which rows, so that somebody who knows a row of a source
//! knows the rest of that person's places; and when runs were. To tell less: keep the index readable by its owner only (it
//! is made so), on an encrypted disk, and give people answers instead of the file.
//!
//! Who has **the key without the index** has nothing. `piimap key rotate` encrypts the data key under another key: the old one
//! opens the index no more, though it opens older copies of it. Who had **both** can try out values and knows the data key,
//! which rotating does not change: scan everything into a new index. `piimap watch` therefore refuses a key file that lies
//! beside the index.
//!
//! The user's key may itself be encrypted by **AWS KMS** (`piimap key new --kms`), which production should have: then nothing that lies on
//! a disk opens the index, the encrypted key and the index together included. It takes the right to `kms:Decrypt` on that key, which
//! IAM gives and takes away, in a context that holds the key's fingerprint; each use stands in CloudTrail. Who has that right and the
//! index has both keys, and what he has learned stays learned when the right is taken away; a `piimap serve` or `watch` that runs has them
//! until it is ended. The encrypted key is no secret, but who can change it chooses the key of the next new index. Who can have KMS
//! delete its key can take the index away from its owner. Neither KMS nor who reads its logs learns anything of the data.
//!
//! Who can **write to the index** can hide or invent places; the hashes of what is there stay out of reach.
//! Who reads the **memory** of a running scan reads the data: values live as long as their batch, the key as long as the run.
//!
//! # Use as a library
//!
//! ```
//! use piimap::classify::{Classifiers, Scratch};
//! use piimap::identity::Kernel;
//!
//! let kernel = Kernel::new(Classifiers::builtin(), None);
//! let mut scratch = Scratch::new(kernel.classifiers());
//! let hits = piimap::scan::classify_text(&kernel, &mut scratch, b"SSN: 457-55-5462", false);
//! assert_eq!(kernel.classifiers().get(hits[0].m.classifier).id, "us.ssn");
//! assert_eq!(hits[0].bytes, (5, 16));
//! ```
#![warn(missing_docs)]

pub mod base;
pub mod classify;
pub mod cli;
pub mod container;
pub mod evidence;
pub mod format;
pub mod identity;
pub mod index;
pub mod law;
pub mod query;
pub mod report;
pub mod scan;
pub mod serve;
pub mod source;
