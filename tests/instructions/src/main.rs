//! Measures each case under callgrind, and compares the figures with `figures.txt`. See `run`.

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting::new();

mod allocator;
mod callgrind;
mod cases;
mod structs;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use cases::CASES;
use lifecycle_instruction_tests::figures::{Figure, Figures};
use lifecycle_instruction_tests::verdict::{Verdict, compare};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/figures.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => check(),
        ["--write"] => {
            std::fs::write(FILE, measure().to_string()).expect("the file is ours");
            println!("wrote {FILE}");
            ExitCode::SUCCESS
        }
        [callgrind::RUN, case, side, times] => {
            cases::run(case, side, times.parse().expect("a number"));
            println!("{}", ALLOCATOR.calls());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: tests/instructions/run [--write]");
            ExitCode::from(2)
        }
    }
}

fn check() -> ExitCode {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let file = match Figures::read(&text) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("{FILE}: {error}\n`tests/instructions/run --write` writes it");
            return ExitCode::FAILURE;
        }
    };
    let new = measure();
    println!("{new}");
    match compare(&file, &new) {
        Verdict::Same => {
            println!("instructions: each of {} figures is within 2 % of figures.txt", new.figures.len());
            ExitCode::SUCCESS
        }
        Verdict::NotCompared(why) => {
            println!("instructions: NOT COMPARED: {why}");
            ExitCode::SUCCESS
        }
        Verdict::Differs(faults) => {
            for fault in faults {
                eprintln!("instructions: {fault}");
            }
            eprintln!(
                "A figure differs from tests/instructions/figures.txt by more than 2 %. If the change is meant to cost \
                 or to save that, run `tests/instructions/run --write`, commit the file with the change, and say why. \
                 A figure that is lower needs the same, so that the next change is compared with the new one."
            );
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Figures {
    // The compiler takes as long as all other cases, and there are two processors.
    let structs = thread::spawn(structs::figure);
    let mut figures: Vec<Figure> = CASES.iter().map(callgrind::figure).collect();
    figures.push(structs.join().expect("it measures"));
    Figures { made_by: made_by(), figures }
}

/// Returns what other figures would come from: the compiler, and what the processor offers to `memcpy`.
fn made_by() -> String {
    let output = Command::new("rustc").arg("--version").current_dir(folder()).output().expect("a compiler");
    let version = String::from_utf8(output.stdout).expect("it writes text");
    #[cfg(target_arch = "x86_64")]
    let extension = if std::arch::is_x86_feature_detected!("avx2") { " with AVX2" } else { "" };
    #[cfg(not(target_arch = "x86_64"))]
    let extension = "";
    let (os, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{} for {os}, {processor}{extension}", version.trim())
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
