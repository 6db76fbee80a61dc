struct Client;

impl Client {
    fn close(self) {}
}

#[lifecycle::resource]
struct Session {
    #[teardown(close, take, take)]
    client: lifecycle::Slot<Client>,
    #[teardown(skip = "nothing in it", take)]
    other: lifecycle::Slot<Client>,
}

fn main() {}
