//! The program `lifecycle show`: a page about the last stops in a report file (R35).
//!
//! ```text
//! lines -> run (the facts of one run) -> stop (what is drawn) -> page
//! ```
//!
//! Only this file reads, writes and knows the time. The page has no script, and loads nothing: its own policy forbids both.

mod changes;
mod graph;
mod page;
mod rows;
mod run;
mod stop;
mod stops;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use self::stops::{Reader, Stops};

const USAGE: &str = "usage: lifecycle show [--last N] FILE";

const HELP: &str = "\
usage: lifecycle show [--last N] FILE > stops.html

Writes one HTML page about the last stops of a service. FILE is a report file: a service appends to it
if the variable LIFECYCLE_REPORT has its path. `-` reads standard input.

    --last N    shows the last N runs, 20 by default
    --help      shows this text
    --version   shows the version

Exit status: 0 page written, 1 file or output failed, 2 wrong arguments.
";

/// The longest line that is read. The report of 100,000 instances has about 20 MiB.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Help,
    Version,
    Show { last: usize, file: OsString },
}

/// Runs the program. Returns its exit status.
pub fn show(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let request = match parse(arguments) {
        Ok(request) => request,
        Err(fault) => {
            eprintln!("lifecycle: {fault}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let text = match request {
        Request::Help => Ok(HELP.to_owned()),
        Request::Version => Ok(format!("lifecycle {}\n", env!("CARGO_PKG_VERSION"))),
        Request::Show { last, file } => page_of(last, &file),
    };
    match text.and_then(|text| written(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lifecycle: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let (mut command, mut last, mut file, mut only_names) = (None, None, None, false);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        match text.as_str() {
            "--" if !only_names => only_names = true,
            "--help" | "-h" if !only_names => return Ok(Request::Help),
            "--version" | "-V" if !only_names => return Ok(Request::Version),
            "--last" if !only_names => {
                let number =
                    arguments.next().ok_or("`--last` needs a number after it, such as `--last 20`")?;
                last = Some(number_of_runs(&number.to_string_lossy())?);
            }
            option if !only_names && option.starts_with("--last=") => {
                last = Some(number_of_runs(&option["--last=".len()..])?);
            }
            option if !only_names && option.starts_with('-') && option != "-" => {
                return Err(format!(
                    "`{option}` is not an option; the options are `--last N`, `--help` and `--version`"
                ));
            }
            "help" if command.is_none() => return Ok(Request::Help),
            "show" if command.is_none() => command = Some(()),
            other if command.is_none() => {
                return Err(format!("`{other}` is not a command; the command is `show`"));
            }
            _ if file.is_none() => file = Some(argument),
            other => {
                return Err(format!(
                    "`{other}` is one file too many; to show several files, write `cat FILES | lifecycle show -`"
                ));
            }
        }
    }
    match (command, file) {
        (None, _) => Err("a command is missing; the command is `show`".to_owned()),
        (_, None) => Err("the report file is missing; `-` reads standard input".to_owned()),
        (Some(()), Some(file)) => Ok(Request::Show { last: last.unwrap_or(20), file }),
    }
}

fn number_of_runs(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| format!("`--last {text}`: the number of runs has to be between 1 and 10000"))
}

fn page_of(last: usize, file: &OsString) -> Result<String, String> {
    let (name, stops) = if file == "-" {
        ("standard input".to_owned(), read(io::stdin().lock(), last))
    } else {
        let path = Path::new(file);
        let opened = if path.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { File::open(path) };
        (path.display().to_string(), opened.and_then(|file| read(BufReader::new(file), last)))
    };
    let stops = stops.map_err(|error| {
        format!("cannot read `{name}`: {error}; FILE is the path in the service's variable LIFECYCLE_REPORT")
    })?;
    if stops.runs.is_empty() {
        let skipped = stops.skipped;
        return Err(format!(
            "`{name}` has no line of a report file ({skipped} lines were skipped); a service writes one if it is started with \
             LIFECYCLE_REPORT=path"
        ));
    }
    Ok(page::page(&name, &stops))
}

/// Reads each line, and keeps the last runs. A line that is too long is skipped.
fn read(mut input: impl BufRead, last: usize) -> io::Result<Stops> {
    let mut reader = Reader::new(last);
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut input, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(reader.finish(SystemTime::now()));
        }
        let is_whole = line.last() == Some(&b'\n') || line.len() as u64 != MAX_LINE_BYTES;
        if !is_whole {
            input.skip_until(b'\n')?;
            line.clear();
            line.push(b'?');
        }
        reader.line(&line);
    }
}

fn written(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| format!("cannot write the page to standard output: {error}"))
}

#[cfg(test)]
mod tests;
