#![deny(warnings)]
#![allow(dead_code)]

use std::marker::PhantomData;

use lifecycle::{Managed, Teardown};

#[derive(Clone, Default)]
struct Pool;

impl Pool {
    async fn close(&self, _code: u16, _text: &str) {}
    fn stop(&self) {}
    fn inner(&self) -> Pool {
        Pool
    }
    async fn borrowed(&self) {}
}

#[lifecycle::resource()]
struct Named {
    #[teardown(close(200, "bye"))]
    pool: Pool,
    #[teardown(0.stop,)]
    tuple: (Pool, u8),
    #[teardown(inner().borrowed())]
    temporary: Pool,
    #[lifecycle::teardown(stop)]
    by_path: Pool,
    #[teardown()]
    r#type: std::fs::File,
}

#[lifecycle::resource(order = -1, timeout = "1m 30s", name = "a tuple", depends_on(Named, self::inner::Deep),)]
#[derive(Clone)]
struct Tuple(#[teardown(stop)] pub Pool, String);

#[derive(Clone)]
#[lifecycle::resource(no_teardown = "nothing in it", last,)]
pub(crate) struct Unit;

mod inner {
    #[lifecycle::resource(no_teardown = "nothing in it")]
    pub struct Deep {}
}

#[lifecycle::resource(depends_on(Unit))]
struct Cache<K: Clone, V = u8, const N: usize = 4>
where
    V: Default,
{
    key: K,
    value: Option<V>,
    array: [u8; N],
    unit: Option<Managed<Unit>>,
}

#[lifecycle::teardown]
impl<K: Clone + Send + Sync + 'static, V: Default + Send + Sync + 'static, const N: usize> Teardown for Cache<K, V, N> {
    async fn teardown(&self) -> Result<(), std::io::Error> {
        let _ = self.key.clone();
        Ok(())
    }
}

#[lifecycle::resource]
struct WithWhere<T: ?Sized>(#[teardown(stop)] Pool, PhantomData<T>)
where
    T: ToString;

#[lifecycle::resource]
struct ByHand;

#[lifecycle::teardown]
impl Teardown for ByHand {
    type Output = ();

    async fn teardown(&self) {}
}

#[lifecycle::resource]
struct OutputGiven;

#[lifecycle::teardown]
impl Teardown for OutputGiven {
    type Output = Result<(), String>;

    fn teardown(&self) -> impl Future<Output = Result<(), String>> + Send {
        std::future::ready(Ok(()))
    }
}

fn main() {
    #[lifecycle::resource]
    struct Local(#[teardown(stop)] Pool);
    #[lifecycle::resource]
    struct Another(#[teardown(stop)] Pool);
    let _ = (Local(Pool), Another(Pool));
}
