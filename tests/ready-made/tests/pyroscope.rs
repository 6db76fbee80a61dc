//! The last profile of a `pyroscope::PyroscopeAgent`.

include!("../../../shutdown-core/ready-made/pyroscope.rs");

#[test]
fn a_bare_teardown_releases_it() {
    const fn is_a_resource<T: lifecycle::Resource>() {}
    is_a_resource::<Profiler>();
}
