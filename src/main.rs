//! The `piimap` program: parse, run, exit status.

fn main() -> std::process::ExitCode {
    piimap::cli::main()
}
