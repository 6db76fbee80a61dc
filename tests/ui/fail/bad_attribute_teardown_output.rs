use lifecycle::Teardown;

#[derive(Debug)]
struct Error;

#[lifecycle::resource]
struct Number;

#[lifecycle::resource]
struct NoDisplay;

#[lifecycle::teardown]
impl Teardown for Number {
    async fn teardown(&self) -> u32 {
        7
    }
}

#[lifecycle::teardown]
impl Teardown for NoDisplay {
    async fn teardown(&self) -> Result<(), Error> {
        Err(Error)
    }
}

fn main() {}
