struct Client;

lifecycle::needs_release!();

fn main() {}
