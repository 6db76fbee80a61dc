struct Client;

impl Client {
    fn flush(&self) {}
}

lifecycle::needs_release!(Client, "events", "flush", crate = ::lifecycle, crate = ::lifecycle);

fn main() {}
