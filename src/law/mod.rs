//! What laws count: data elements, categories, states of residence. Data tables and the logic on them; no I/O.
