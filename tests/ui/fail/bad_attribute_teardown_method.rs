use lifecycle::Teardown;

macro_rules! resource {
    ($name:ident) => {
        #[lifecycle::resource]
        struct $name;
    };
}

resource!(Missing);
resource!(NotAsync);
resource!(Mutable);
resource!(ByValue);
resource!(NoReceiver);
resource!(Extra);
resource!(Arguments);
resource!(Generic);

#[lifecycle::teardown]
impl Teardown for Missing {}

#[lifecycle::teardown]
impl Teardown for NotAsync {
    fn teardown(&self) -> Result<(), String> {
        Ok(())
    }
}

#[lifecycle::teardown]
impl Teardown for Mutable {
    async fn teardown(&mut self) {}
}

#[lifecycle::teardown]
impl Teardown for ByValue {
    async fn teardown(self) {
        drop(self);
    }
}

#[lifecycle::teardown]
impl Teardown for NoReceiver {
    async fn teardown() {}
}

#[lifecycle::teardown]
impl Teardown for Extra {
    async fn teardown(&self, force: bool) {
        let _ = force;
    }
}

#[lifecycle::teardown(close)]
impl Teardown for Arguments {
    async fn teardown(&self) {}
}

#[lifecycle::teardown]
impl Teardown for Generic {
    async fn teardown<T>(&self) {}
}

fn main() {}
