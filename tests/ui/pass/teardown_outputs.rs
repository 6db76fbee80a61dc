use lifecycle::Teardown;

#[lifecycle::resource]
struct Nothing;

#[lifecycle::teardown]
impl Teardown for Nothing {
    async fn teardown(&self) {}
}

#[lifecycle::resource]
struct Fails;

#[lifecycle::teardown]
impl Teardown for Fails {
    async fn teardown(self: &Self) -> Result<u8, Box<dyn std::error::Error>> {
        Err("why")?
    }
}

#[lifecycle::resource]
struct Text;

#[lifecycle::teardown()]
impl lifecycle::Teardown for Text {
    /// Documented.
    async fn teardown(&self) -> Result<(), String> {
        Ok(())
    }
}

fn main() {
    let _ = (Nothing, Fails, Text);
}
