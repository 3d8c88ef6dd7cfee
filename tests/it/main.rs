//! Tests of the program as a whole: its house, its commands, what it does when things go wrong. One module a subject.
#![allow(clippy::duplicate_mod)] // the corpora of the benchmarks and the samples are made by the same parts

mod asking;
mod azure;
mod basis;
mod borders;
mod breach;
mod breach_scope;
mod care;
mod catalogue;
mod changes;
mod cold;
mod contacts;
mod crash;
mod damaged;
mod dictionaries;
mod diff;
mod dumps;
mod duties;
mod dynamodb;
mod ends;
mod everywhere;
mod evidence;
mod export_formats;
mod export_shapes;
mod exports;
mod faults;
mod formats;
mod generated;
mod glue;
mod hostile;
mod huge;
mod incremental;
mod inside;
mod kept;
mod keys;
mod kms;
mod lake;
mod layout;
mod linking;
mod manifest;
mod map_files;
mod others;
mod own;
mod pieces;
mod privacy;
mod publish;
mod queue;
mod rds;
mod residence;
mod resume;
mod review;
mod runs;
mod s3;
mod samples;
mod seaweedfs;
mod serve;
mod snapshots;
mod source_s3;
mod sources;
mod support;
mod surroundings;
mod tags;
mod threads;
mod trailers;
mod unlisted;
mod unload;
mod verify;
mod watch;

#[path = "../generate/mod.rs"]
#[allow(dead_code)] // the example that writes the samples uses the rest
mod generate;

#[path = "../../benches/corpora.rs"]
mod corpora;

#[path = "../../benches/huge.rs"]
mod huge_files;

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code)] // the fuzz targets use the rest
mod contract;
