struct Client;

lifecycle::needs_release!(Client, "events", "flush", blockin);

fn main() {}
