//! For any tokens the macros do not panic, and their output contains the item of the user.

use proc_macro2::TokenStream;
use proptest::prelude::*;
use quote::{format_ident, quote};

use crate::{expand, forward};

/// Words that the attributes know, words that are nearly right, and words that are wrong.
const WORDS: &[&str] = &[
    "order",
    "oder",
    "depends_on",
    "timeout",
    "name",
    "last",
    "no_teardown",
    "crate",
    "grace",
    "lame_duck",
    "flavor",
    "worker_threads",
    "job",
    "signals",
    "report",
    "skip",
    "blocking",
    "close",
    "lock",
    "await",
    "self",
    "Self",
    "async",
    "move",
    "r#type",
    "SIGTERM",
    "SIGKILL",
    "X",
    "=",
    "=",
    "=",
    ",",
    ",",
    ",",
    ".",
    "-",
    "::",
    "<",
    ">",
    "|",
    "&",
    "?",
    "#",
    "!",
    "2",
    "-1",
    "99999999999999999999999999999999999999999999",
    "1.5",
    "2u8",
    "'a'",
    "b\"x\"",
    "\"5s\"",
    "\"\"",
    "\"30 sekunds\"",
    "\"text\"",
    "\"multi_thread\"",
    "\"json\"",
    "true",
    "()",
    "(200, \"bye\")",
    "(A, b::B)",
    "(A,, B)",
    "[x]",
    "{ x }",
    "(self.x)",
    "fn",
    "struct",
    "enum",
    "teardown",
    "#[teardown]",
];

fn tokens() -> impl Strategy<Value = TokenStream> {
    let words = proptest::collection::vec(proptest::sample::select(WORDS), 0..12);
    words.prop_filter_map("does not lex", |words| words.join(" ").parse().ok())
}

fn has(output: &TokenStream, item: &TokenStream) -> bool {
    let plain = output.to_string().replace("__lifecycle_teardown", "teardown");
    plain.contains(&item.to_string())
}

fn is_code(output: &TokenStream) -> bool {
    syn::parse2::<syn::File>(output.clone()).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_resource_attribute_keeps_any_item(args in tokens(), item in tokens()) {
        let output = forward::resource(&args, item.clone());
        prop_assert!(has(&output, &item), "{output}");
    }

    #[test]
    fn the_derive_makes_code_of_any_arguments(args in tokens(), field in tokens(), ty in tokens()) {
        let item = quote! {
            #[__lifecycle_resource(#args)]
            struct X {
                #[__lifecycle_teardown(#field)]
                first: Managed<Y>,
                #[__lifecycle_teardown]
                second: (#ty),
            }
        };
        let output = expand::resource::derive(item);
        prop_assert!(is_code(&output), "{output}");
    }

    #[test]
    fn the_derive_makes_code_of_any_item(item in tokens()) {
        prop_assert!(is_code(&expand::resource::derive(item.clone())));
        let output = expand::resource::derive(quote!(struct X #item));
        prop_assert!(is_code(&output), "{output}");
    }

    #[test]
    fn holds_makes_code_of_any_item(args in tokens(), field in tokens(), item in tokens()) {
        let shown = quote! {
            #[holds(#args)]
            struct X {
                #[holds(#field)]
                first: Managed<Y>,
                second: Z,
            }
        };
        for item in [shown, quote!(enum X { #item }), quote!(struct X #item), item] {
            let output = expand::holds::derive(item);
            prop_assert!(is_code(&output), "{output}");
        }
    }

    #[test]
    fn needs_release_makes_code_of_any_arguments(args in tokens(), ty in tokens(), method in tokens()) {
        for args in [quote!(#ty, "lost", #method), quote!(X, "lost", close, #args), args] {
            let output = expand::needs_release::call(args);
            prop_assert!(is_code(&output), "{output}");
        }
    }

    #[test]
    fn main_keeps_any_item(args in tokens(), item in tokens(), named in any::<bool>()) {
        let name = if named { format_ident!("main") } else { format_ident!("start") };
        let function = quote!(async fn #name() { #item });
        let output = expand::main_fn::attribute(&args, function.clone());
        prop_assert!(has(&output, &function), "{output}");
        let output = expand::main_fn::attribute(&args, item.clone());
        prop_assert!(has(&output, &item), "{output}");
    }

    #[test]
    fn teardown_keeps_any_item(args in tokens(), item in tokens()) {
        let output = expand::teardown::attribute(args.clone(), item.clone());
        prop_assert!(has(&output, &item), "{output}");
        for head in [quote!(async fn teardown(&self)), quote!(fn teardown(self)), quote!(fn other())] {
            let method = quote!({ #item });
            let output = expand::teardown::attribute(args.clone(), quote!(impl Teardown for X { #head #method }));
            prop_assert!(has(&output, &method), "{output}");
        }
        let output = expand::teardown::attribute(args, quote!(impl Teardown for X { #item }));
        prop_assert!(has(&output, &item), "{output}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Half of an argument list, as an editor sees it while it is typed.
    #[test]
    fn main_keeps_any_arguments(args in tokens(), arguments in tokens(), body in tokens()) {
        for arguments in [arguments.clone(), quote!(orders: #arguments), quote!(orders: Managed<Orders>, #arguments)] {
            let function = quote!(async fn main(#arguments) { #body });
            let output = expand::main_fn::attribute(&args, function.clone());
            prop_assert!(has(&output, &function), "{output}");
        }
    }

    #[test]
    fn start_keeps_any_item(args in tokens(), item in tokens(), arguments in tokens()) {
        let output = expand::start::attribute(&args, &item);
        prop_assert!(has(&output, &item), "{output}");
        for head in [quote!(async fn start(db: Managed<Db>) -> Self), quote!(fn start(self)), quote!(fn other())] {
            let method = quote!({ #item });
            let output = expand::start::attribute(&args, &quote!(impl Start for X { #head #method }));
            prop_assert!(has(&output, &method), "{output}");
        }
        let output = expand::start::attribute(&args, &quote!(impl Start for X { #item }));
        prop_assert!(has(&output, &item), "{output}");
        let partial = quote!(async fn start(#arguments) -> Self { #item });
        let output = expand::start::attribute(&args, &quote!(impl Start for X { #partial }));
        prop_assert!(has(&output, &quote!({ #item })), "{output}");
    }
}

/// A struct without a client has no code for the lint `unknown_client` (R24), and one with a client has some.
#[test]
fn r24_a_field_that_looks_like_no_client_costs_nothing() {
    let resource = |ty: TokenStream| {
        expand::resource::derive(quote!(#[__lifecycle_resource(no_teardown = "x")] struct X { field: #ty }))
    };
    let holds = |ty: TokenStream| expand::holds::derive(quote!(struct X { field: #ty }));
    let words = |tokens: &TokenStream| tokens.to_string();
    for expand in [&resource as &dyn Fn(TokenStream) -> TokenStream, &holds] {
        let (plain, client) = (words(&expand(quote!(Vec<Pool>))), words(&expand(quote!(Vec<PgPool>))));
        assert!(client.contains("deprecated"), "{client}");
        for word in ["deprecated", "Client", "unknown"] {
            assert!(!plain.contains(word), "{plain}");
        }
        // What remains of the other is the same code.
        let (before, rest) = client.split_once("type __LifecycleField").unwrap();
        assert_eq!(
            before.replace("PgPool", "Pool"),
            plain[..before.len() - 2 * before.matches("PgPool").count()]
        );
        assert!(rest.contains("unknown_client"), "{rest}");
    }
}

/// The fixture is a program that names every signal, so the core knows each of them too.
#[test]
fn the_fixture_names_every_signal() {
    let fixture = include_str!("../../tests/ui/pass/main_every_signal.rs");
    let mut named: Vec<_> = fixture.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    named.retain(|word| word.starts_with("SIG"));
    assert_eq!(named, crate::model::main_fn::SIGNALS);
}

#[test]
#[should_panic(expected = "never reported")]
fn errors_that_nobody_reports_are_a_bug() {
    let errors = crate::errors::Errors::new();
    errors.at(proc_macro2::Span::call_site(), crate::errors::Lint::BadAttribute, "forgotten");
}
