#[lifecycle::main]
const unsafe extern "C" fn main<const N: u8>(_argument: u8) {}
