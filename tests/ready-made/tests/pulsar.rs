//! The batch of a `pulsar::Producer`. There is no broker, so this test only compiles the lines.

include!("../../../shutdown-core/ready-made/pulsar.rs");

#[test]
fn a_bare_teardown_releases_it() {
    const fn is_a_resource<T: lifecycle::Resource>() {}
    is_a_resource::<Orders>();
}
