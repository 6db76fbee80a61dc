use lifecycle::Managed;

mod inner {
    #[lifecycle::resource(no_teardown = "memory only")]
    pub struct Deep;

    #[lifecycle::resource(depends_on(super::Unit), no_teardown = "memory only")]
    pub struct Deeper;
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Unit;

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache<K, V>(std::marker::PhantomData<(K, V)>);

#[lifecycle::resource(
    depends_on(Unit, crate::inner::Deep, self::inner::Deeper, Cache<u8, u16>,),
    no_teardown = "memory only",
)]
struct Orders;

fn main() {
    let _: fn(Managed<inner::Deep>, Managed<inner::Deeper>, Cache<u8, u16>) = |_, _, _| {};
    let _ = (Unit, Orders);
}
