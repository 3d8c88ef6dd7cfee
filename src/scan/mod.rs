//! A run: plan, pipeline, progress, coverage. Puts source, container, format, classify, identity and index together.
