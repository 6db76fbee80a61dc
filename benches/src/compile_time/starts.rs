//! The generated crates with starts: the same resources, with `#[lifecycle::start]` or wired by hand.

use std::fmt::Write as _;

use crate::crates::COMMON;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wiring {
    Starts,
    /// A function that opens and manages one resource after the other.
    ByHand,
}

const CONNECT: &str = "
impl Client {
    pub async fn connect(port: u64) -> Result<Client, Error> {
        if port == 0 { Err(Error) } else { Ok(Client(tokio::sync::Notify::new())) }
    }
}
";

/// Returns a crate of `count` resources after a first one. Each needs the one before it in a chain, or else the first one.
pub(crate) fn source(count: usize, chain: bool, wiring: Wiring) -> String {
    // A handle that nothing else needs is a variable that nobody uses.
    let mut text =
        format!("#![allow(unused_variables)]\n{COMMON}{CONNECT}\nuse lifecycle::{{Managed, Start}};\n");
    if wiring == Wiring::ByHand {
        text = text.replace("{Managed, Start}", "Managed");
    }
    let before = |at: usize| match at {
        0 => None,
        at if chain => Some(at - 1),
        _ => Some(0),
    };
    for at in 0..=count {
        resource(&mut text, at, before(at), wiring);
    }
    wire(&mut text, count, before, wiring);
    text
}

fn resource(text: &mut String, at: usize, before: Option<usize>, wiring: Wiring) {
    let field = before.map_or(String::new(), |before| format!("    needs: Managed<S{before}>,\n"));
    let argument = before.map_or(String::new(), |before| format!("needs: Managed<S{before}>"));
    let needs = before.map_or("", |_| "needs, ");
    let (attribute, of, vis) = match wiring {
        Wiring::Starts => ("#[lifecycle::start(timeout = \"5s\", retry = \"30s\")]\n", "Start for ", ""),
        Wiring::ByHand => ("", "", "pub "),
    };
    write!(
        text,
        "
#[lifecycle::resource]
pub struct S{at} {{
    name: String,
{field}    #[teardown(close)]
    client: Client,
}}

{attribute}impl {of}S{at} {{
    {vis}async fn start({argument}) -> Result<S{at}, Error> {{
        Ok(S{at} {{ name: String::from(\"S{at}\"), {needs}client: Client::connect({at}).await? }})
    }}
}}
"
    )
    .expect("a string takes all");
}

/// Writes the function that starts everything.
fn wire(text: &mut String, count: usize, before: impl Fn(usize) -> Option<usize>, wiring: Wiring) {
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes all");
    match wiring {
        Wiring::Starts => {
            line("\npub async fn wire() -> Result<(), lifecycle::StartError> {".to_owned());
            let last = (1..=count).filter(|at| before(*at) == Some(0) || *at == count);
            last.for_each(|at| line(format!("    lifecycle::start::<S{at}>().await?;")));
        }
        Wiring::ByHand => {
            line("\npub async fn wire() -> Result<(), Error> {".to_owned());
            for at in 0..=count {
                let needs = before(at).map_or(String::new(), |before| format!("s{before}.clone()"));
                line(format!("    let s{at} = lifecycle::manage(S{at}::start({needs}).await?);"));
            }
            line(format!("    drop(s{count});"));
        }
    }
    line("    Ok(())\n}".to_owned());
}
