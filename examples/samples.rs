//! For those who have nobody to send them anything.

/// How many of them the command line asks for, so that there is something to see; none if it says nothing.
pub(crate) fn asked_for(of: &str) -> anyhow::Result<usize> {
    let Some(number) = std::env::args_os().nth(1) else { return Ok(0) };
    let samples = number.to_str().and_then(|number| number.parse().ok());
    samples.ok_or_else(|| anyhow::anyhow!("a number of {of} is expected, not `{}`", number.display()))
}
