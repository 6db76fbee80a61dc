struct Client;

lifecycle::needs_release!(Client, "events", |client| client.flush());

fn main() {}
