struct Client;

impl Client {
    async fn flush(&self) {}
}

struct Sized<const N: usize>;

impl<const N: usize> Sized<N> {
    fn close(&self, _code: u16) -> Result<(), String> {
        Ok(())
    }
}

struct Pair<A, B>(A, B);

impl<A, B> Pair<A, B> {
    fn first(&self) -> &A {
        &self.0
    }
}

lifecycle::needs_release!(Client, "events", "flush");
lifecycle::needs_release!(Sized<1>, "events", close(200));
lifecycle::needs_release!(Sized<2>, "events", "close(200)", blocking,);
lifecycle::needs_release!(Pair<Client, u8>, "events", "first().flush()");

#[lifecycle::resource]
struct All {
    #[teardown]
    client: Client,
    #[teardown]
    one: Sized<1>,
    #[teardown]
    two: Sized<2>,
    #[teardown]
    pair: Pair<Client, u8>,
}

fn main() {
    let all = All { client: Client, one: Sized, two: Sized, pair: Pair(Client, 1) };
    let _ = (all.client, all.one, all.two, all.pair.1);
}
