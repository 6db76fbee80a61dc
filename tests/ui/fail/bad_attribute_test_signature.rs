#[lifecycle::test]
fn not_async() {}

#[lifecycle::test]
async fn arguments(_count: u8) {}

#[lifecycle::test]
async fn a_resource(_orders: lifecycle::Managed<Orders>) {}

#[lifecycle::test]
async fn generics<T>() {}

#[lifecycle::test]
const unsafe extern "C" fn everything<const N: u8>(_argument: u8) {}

#[lifecycle::resource(no_teardown = "a fixture")]
struct Orders;

fn main() {}
