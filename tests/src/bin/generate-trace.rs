//! Prints the trace of a seed: `generate-trace 2026 > tests/traces/day-60-agents.csv`.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(Ok(seed)), None) = (arguments.next().map(|text| text.parse()), arguments.next())
    else {
        eprintln!("One argument is needed: the seed, a number. Try: generate-trace 2026");
        return ExitCode::from(2);
    };
    let trace = leasehold_tests::trace::generate(seed);
    match std::io::stdout().write_all(trace.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The trace could not be written: {error}. Look at where it is sent to.");
            ExitCode::FAILURE
        }
    }
}
