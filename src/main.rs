//! Entry: hands the command line to [`opsdeck::cli`] and its exit code to the shell.

fn main() -> std::process::ExitCode {
    opsdeck::cli::main()
}
