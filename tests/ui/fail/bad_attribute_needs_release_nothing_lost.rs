struct Client;

lifecycle::needs_release!(Client, "", "flush");

fn main() {}
