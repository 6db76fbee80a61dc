struct Client;

lifecycle::needs_release!("Client", "events", "flush");

fn main() {}
