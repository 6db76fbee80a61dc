//! Every lint and every message of the macros, and every form that they accept.

#[test]
fn what_would_leak_is_refused_in_the_users_words() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}

#[test]
fn every_form_is_accepted() {
    trybuild::TestCases::new().pass("pass/*.rs");
}
