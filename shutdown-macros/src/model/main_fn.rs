//! `#[lifecycle::main(..)]` on `async fn main`.

use std::time::Duration;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Expr, FnArg, Path, Safety, Signature, Type, Visibility,
    parse::{Parse, ParseStream},
};

use super::{
    Keys, Known, krate,
    runtime::{check_attributes, generated_by},
    values::{Assigned, Given, Spanned},
};
use crate::{
    errors::{Errors, Lint},
    suggest::suggest,
};

const KNOWN: &[Known] = &[
    Known { name: "grace", form: "grace = \"30s\"" },
    Known { name: "lame_duck", form: "lame_duck = \"5s\"" },
    Known { name: "flavor", form: "flavor = \"current_thread\"" },
    Known { name: "worker_threads", form: "worker_threads = 4" },
    Known { name: "max_blocking_threads", form: "max_blocking_threads = 64" },
    Known { name: "thread_name", form: "thread_name = \"shop\"" },
    Known { name: "job", form: "job" },
    Known { name: "signals", form: "signals(SIGTERM, SIGINT)" },
    Known { name: "report", form: "report = \"json\"" },
    Known { name: "observer", form: "observer = audit" },
    Known { name: "provide", form: "provide = settings()" },
    Known { name: "crate", form: "crate = path::to::lifecycle" },
];

/// The default of `grace`.
const DEFAULT_GRACE: Duration = Duration::from_secs(25);

/// Signals that can ask for a stop. `tests/ui/pass/main_every_signal.rs` names each of them.
pub(crate) const SIGNALS: &[&str] = &[
    "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT", "SIGTSTP",
    "SIGWINCH",
];

/// Signals that cannot ask for a stop, and why.
const REFUSED: &[(&str, &str)] = &[
    ("SIGKILL", "no program can receive it"),
    ("SIGSTOP", "no program can receive it"),
    ("SIGPIPE", "a Rust program ignores it, and a write to a broken pipe returns an error instead"),
    ("SIGSEGV", "a program cannot continue after a fault"),
    ("SIGBUS", "a program cannot continue after a fault"),
    ("SIGFPE", "a program cannot continue after a fault"),
    ("SIGILL", "a program cannot continue after a fault"),
];

/// The head of the function. Its body stays tokens.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) signature: Signature,
    /// The content of the body.
    pub(crate) body: TokenStream,
}

pub(crate) struct Main {
    pub(crate) krate: Path,
    pub(crate) grace: Option<Given<Duration>>,
    pub(crate) lame_duck: Option<Given<Duration>>,
    /// The variant of `RuntimeFlavor`.
    pub(crate) flavor: Option<Given<Word>>,
    pub(crate) worker_threads: Option<Given<usize>>,
    pub(crate) max_blocking_threads: Option<Given<usize>>,
    pub(crate) thread_name: Option<Given<String>>,
    pub(crate) job: bool,
    pub(crate) signals: Option<Vec<Ident>>,
    /// The variant of `ReportFormat`.
    pub(crate) report: Option<Given<Word>>,
    pub(crate) observers: Vec<Expr>,
    /// Values that are provided before an argument starts.
    pub(crate) provided: Vec<Expr>,
}

/// The name of a variant, and where the user has written its word.
pub(crate) type Word = Spanned<&'static str>;

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let (vis, signature) = (input.parse()?, input.parse()?);
        match without_macro_group(input.parse()?) {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace && input.is_empty() => {
                Ok(Self { attrs, vis, signature, body: body.stream() })
            }
            other => Err(syn::Error::new(other.span(), "expected a body")),
        }
    }
}

impl Function {
    /// Returns the types of the arguments: handles of resources that start before `main` runs.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Type> {
        self.signature.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        })
    }
}

/// Returns the block of a `$body:block` of `macro_rules`, which arrives in a group without delimiters.
fn without_macro_group(token: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = &token else { return token };
    let mut inner = group.stream().into_iter();
    match (group.delimiter(), inner.next(), inner.next()) {
        (Delimiter::None, Some(only), None) => without_macro_group(only),
        _ => token,
    }
}

impl Main {
    pub(crate) fn check(args: &TokenStream, function: &Function, errors: &Errors) -> Option<Self> {
        check_attributes("main", &function.attrs, errors);
        check_signature(function, errors);
        let keys = Keys::read(args, KNOWN, errors);
        let flavors = [("multi_thread", "MultiThread"), ("current_thread", "CurrentThread")];
        let formats = [("text", "Text"), ("json", "Json"), ("off", "Off")];
        let grace = keys.value("grace", errors, |value, errors| value.given(errors, Assigned::grace));
        let lame_duck =
            keys.value("lame_duck", errors, |value, errors| value.given(errors, Assigned::duration));
        let flavor = keys.value("flavor", errors, |value, errors| {
            value.given(errors, |value, errors| value.choice(&flavors, errors))
        });
        let count = |name| {
            keys.value(name, errors, |value: &Assigned, errors: &Errors| value.given(errors, Assigned::count))
        };
        let (worker_threads, max_blocking_threads) = (count("worker_threads"), count("max_blocking_threads"));
        let thread_name =
            keys.value("thread_name", errors, |value, errors| value.given(errors, Assigned::text));
        let report = keys.value("report", errors, |value, errors| {
            value.given(errors, |value, errors| value.choice(&formats, errors))
        });
        let job = keys.flag("job", errors);

        if lame_duck_fits(&keys, grace.as_ref(), lame_duck.as_ref(), errors)
            && job
            && let Some(lame_duck) =
                lame_duck.as_ref().and_then(Given::literal).filter(|time| !time.value.is_zero())
        {
            errors.at(lame_duck.span, Lint::BadAttribute, "a `job` has no lame duck; remove `lame_duck`");
        }
        if let (Some("CurrentThread"), Some(key)) =
            (flavor.as_ref().and_then(Given::literal).map(|flavor| flavor.value), keys.get("worker_threads"))
        {
            let message = "a `current_thread` runtime has no worker threads; remove `worker_threads`";
            errors.spanned(key.tokens(), Lint::BadAttribute, message);
        }
        let model = Self {
            krate: keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default),
            grace: grace.map(|grace| grace.map(|grace| grace.value)),
            lame_duck: lame_duck.map(|lame_duck| lame_duck.map(|lame_duck| lame_duck.value)),
            flavor,
            worker_threads,
            max_blocking_threads,
            thread_name,
            job,
            signals: signals(&keys, errors),
            report,
            observers: keys.value("observer", errors, Assigned::expressions).unwrap_or_default(),
            provided: keys.value("provide", errors, Assigned::expressions).unwrap_or_default(),
        };
        (!errors.any()).then_some(model)
    }
}

fn check_signature(function: &Function, errors: &Errors) {
    let signature = &function.signature;
    if signature.ident != "main" {
        let message =
            "`#[lifecycle::main]` applies to `main`; elsewhere build a lifecycle with `Lifecycle::builder()`";
        errors.spanned(&signature.ident, Lint::BadAttribute, message);
    }
    if signature.asyncness.is_none() {
        let message = match generated_by(function) {
            Some(attribute) => format!("`#[lifecycle::main]` builds the runtime; remove `#[{attribute}]`"),
            None => "`main` has to be async; write `async fn main()`, or use `lifecycle::Process` in a plain `fn main`"
                .to_owned(),
        };
        errors.spanned(signature.fn_token, Lint::BadAttribute, message);
    }
    for argument in &signature.inputs {
        if let FnArg::Receiver(receiver) = argument {
            errors.spanned(receiver, Lint::BadAttribute, "`main` cannot have a `self`; remove it");
        }
    }
    check_form("`main`", signature, errors);
}

/// Refuses what neither `main` nor a test can be. `item` is the name of the function in the message.
pub(crate) fn check_form(item: &str, signature: &Signature, errors: &Errors) {
    if !signature.generics.params.is_empty() {
        let message = format!("{item} cannot have generics; remove them");
        errors.spanned(&signature.generics, Lint::BadAttribute, message);
    }
    if let Some(constness) = &signature.constness {
        let message = format!("{item} cannot be const; remove `const`");
        errors.spanned(constness, Lint::BadAttribute, message);
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        let message = format!("{item} cannot be unsafe; remove `unsafe`");
        errors.spanned(unsafety, Lint::BadAttribute, message);
    }
    if let Some(abi) = &signature.abi {
        errors.spanned(abi, Lint::BadAttribute, format!("{item} cannot have an ABI; remove it"));
    }
}

/// Checks that the lame duck is a part of grace, if both are literals or defaults.
pub(crate) fn lame_duck_fits(
    keys: &Keys,
    grace: Option<&Given<Spanned<Duration>>>,
    lame_duck: Option<&Given<Spanned<Duration>>>,
    errors: &Errors,
) -> bool {
    let Some(lame_duck) = lame_duck.and_then(Given::literal) else { return true };
    let total = match grace {
        None if keys.get("grace").is_none() => DEFAULT_GRACE,
        None | Some(Given::Expression(..)) => return true,
        Some(Given::Literal(grace)) => grace.value,
    };
    if lame_duck.value < total {
        return true;
    }
    let total = humantime::format_duration(total);
    let note = if grace.is_some() { "" } else { " by default" };
    let message = format!(
        "`lame_duck` is a part of `grace`, and `grace` is {total}{note}; write a shorter `lame_duck` or a longer `grace`"
    );
    errors.at(lame_duck.span, Lint::BadAttribute, message);
    false
}

fn signals(keys: &Keys, errors: &Errors) -> Option<Vec<Ident>> {
    let wrong = "`signals` takes names of signals; write `signals(SIGTERM, SIGINT)`";
    let list = keys.list::<Ident>("signals", wrong, errors)?;
    let mut seen = Vec::new();
    for signal in list {
        let name = signal.to_string();
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            let message = format!("`{name}` cannot ask for a stop: {why}; remove it");
            errors.spanned(&signal, Lint::BadAttribute, message);
        } else if !SIGNALS.contains(&name.as_str()) {
            let message = format!("unknown signal `{name}`{}", suggest(&name, SIGNALS));
            errors.spanned(&signal, Lint::BadAttribute, message);
        } else if seen.contains(&signal) {
            errors.spanned(&signal, Lint::BadAttribute, format!("`{name}` occurs twice; remove one"));
        }
        seen.push(signal);
    }
    Some(seen)
}
