#[lifecycle::main]
const unsafe extern "C" fn main<const N: u8>(argument: u8) {}
