struct Client;

impl Client {
    fn flush(&mut self) {}
}

lifecycle::needs_release!(Client, "events", flush);

fn main() {}
