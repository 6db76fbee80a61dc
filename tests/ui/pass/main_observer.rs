use std::sync::atomic::{AtomicUsize, Ordering};

use lifecycle::{Fact, FactKind};

static FACTS: AtomicUsize = AtomicUsize::new(0);

mod audit {
    use lifecycle::Fact;

    pub fn tell(_: &Fact) {
        super::FACTS.fetch_add(1, super::Ordering::Relaxed);
    }

    pub fn to(file: &'static str) -> impl Fn(&Fact) + Send + Sync + 'static {
        move |_| assert!(!file.is_empty())
    }
}

fn observe(fact: &Fact) {
    assert!(!matches!(fact.kind, FactKind::CutOff { .. }));
}

/// One path, without quotes.
mod one {
    #[lifecycle::main(observer = super::audit::tell)]
    async fn main() {}

    pub fn run() {
        let _ = main();
    }
}

/// One closure, whose argument needs no type.
mod closure {
    #[lifecycle::main(observer = |fact| drop(fact.kind.clone()), grace = "1s")]
    async fn main() {}

    pub fn run() {
        let _: fn() -> std::process::ExitCode = main;
    }
}

#[lifecycle::main(
    observer = [observe, audit::tell, audit::to("audit.log"), |fact: &Fact| drop(format!("{fact:?}"))],
)]
async fn main() {
    let _: (fn(), fn()) = (one::run, closure::run);
}
