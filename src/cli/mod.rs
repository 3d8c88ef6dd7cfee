//! What was typed: clap structs and one `run` per verb. The only folder that prints.
