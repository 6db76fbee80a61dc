struct Client;

lifecycle::needs_release!(Client, "events", "flush", crate);

fn main() {}
