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

#[deep::renamed::main(crate = deep::renamed)]
async fn main() {
    let _ = (Unit, Own);
}
