mod deep {
    pub use lifecycle as renamed;
}

use deep::renamed::Teardown;

#[deep::renamed::resource(crate = crate::deep::renamed, no_teardown = "nothing in it")]
struct Unit;

#[deep::renamed::resource(crate = deep::renamed, depends_on(Unit))]
struct Own;

#[deep::renamed::teardown(crate = deep::renamed)]
impl Teardown for Own {
    async fn teardown(&self) {}
}

struct Client;

impl Client {
    fn flush(&self) {}
}

deep::renamed::needs_release!(Client, "events", "flush", crate = deep::renamed);

#[derive(deep::renamed::Holds)]
#[holds(crate = deep::renamed)]
struct Shown(Option<Client>);

#[deep::renamed::resource(crate = deep::renamed, depends_on(Unit))]
struct Asked {
    shown: Shown,
    client: Client,
    own: deep::renamed::Managed<Own>,
}

#[deep::renamed::teardown(crate = deep::renamed)]
impl Teardown for Asked {
    async fn teardown(&self) {
        let _ = (&self.shown.0, &self.client, &self.own);
    }
}

#[deep::renamed::main(crate = deep::renamed)]
async fn main() {
    let _ = (Unit, Own);
}
