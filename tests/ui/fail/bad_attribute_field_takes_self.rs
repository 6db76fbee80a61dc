struct Client;

impl Client {
    fn close(self) {}

    async fn shutdown(self) -> Result<(), String> {
        Ok(())
    }
}

#[lifecycle::resource]
struct Session {
    #[teardown(close)]
    client: Client,
    #[teardown(shutdown().await)]
    other: Client,
}

fn main() {}
