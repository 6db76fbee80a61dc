struct Client;

lifecycle::needs_release!();
lifecycle::needs_release!(Client);
lifecycle::needs_release!(Client, "events");
lifecycle::needs_release!(Client, "", "flush");
lifecycle::needs_release!(Client, events, "flush");
lifecycle::needs_release!("Client", "events", "flush");
lifecycle::needs_release!(Client, "events", "");
lifecycle::needs_release!(Client, "events", "flush(");
lifecycle::needs_release!(Client, "events", |client| client.flush());
lifecycle::needs_release!(Client, "events", "flush", blockin);
lifecycle::needs_release!(Client, "events", "flush", crate = 7);

fn main() {}
