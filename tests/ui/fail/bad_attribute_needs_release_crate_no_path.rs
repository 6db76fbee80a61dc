struct Client;

lifecycle::needs_release!(Client, "events", "flush", crate = 7);

fn main() {}
