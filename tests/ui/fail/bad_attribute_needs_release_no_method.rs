struct Client;

lifecycle::needs_release!(Client, "events");

fn main() {}
