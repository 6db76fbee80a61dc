//! A program whose attribute names observers: a path, a closure, and one that panics.

use lifecycle::{Fact, FactKind};

mod audit {
    use lifecycle::Fact;

    pub(crate) fn panic(_: &Fact) {
        std::panic::resume_unwind(Box::new("a bug"));
    }
}

fn tell(fact: &Fact) {
    if let FactKind::Sealed { report, .. } = &fact.kind {
        println!("path: sealed with status {}", report.exit_status());
    }
}

#[lifecycle::main(observer = [
    tell,
    audit::panic,
    |fact| match &fact.kind {
        FactKind::Started => std::panic::resume_unwind(Box::new("a bug")),
        FactKind::Sealed { .. } => println!("closure: sealed"),
        _ => {}
    },
])]
async fn main() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
