struct Client;

lifecycle::needs_release!(Client);

fn main() {}
