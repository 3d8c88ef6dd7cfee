//! The questions, one file each: its SQL through `index`, its answer as a struct, its tests.
