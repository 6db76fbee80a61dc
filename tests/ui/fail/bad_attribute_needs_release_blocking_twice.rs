struct Client;

impl Client {
    fn flush(&self) {}
}

lifecycle::needs_release!(Client, "events", "flush", blocking, blocking);

fn main() {}
