use std::sync::{Mutex, RwLock};

#[derive(Clone)]
struct Pool(u16);

impl Pool {
    async fn close(&self, _code: u16) {}
    fn stop(&self) {}
    fn checked(&self) -> Result<&Pool, String> {
        Ok(self)
    }
    async fn shutdown(&mut self) -> Result<(), std::io::Error> {
        Ok(())
    }
}

/// What may stand behind `self.field.`.
#[lifecycle::resource]
struct Database {
    #[teardown(stop)]
    method: Pool,
    #[teardown(close(self.method.0 + 1))]
    of_the_resource: Pool,
    #[teardown(0.stop)]
    of_a_tuple: (Pool, u8),
    #[teardown(checked()?.stop())]
    question_mark: Pool,
    #[teardown(lock().await.shutdown())]
    async_lock: tokio::sync::Mutex<Pool>,
    #[teardown(lock().unwrap().stop())]
    lock: Mutex<Pool>,
    #[teardown(read().unwrap().stop(), blocking)]
    blocking: RwLock<Pool>,
    #[teardown(clone().stop())]
    temporary: Pool,
}

fn main() {
    let pool = || Pool(1);
    let database = Database {
        method: pool(),
        of_the_resource: pool(),
        of_a_tuple: (pool(), 1),
        question_mark: pool(),
        async_lock: tokio::sync::Mutex::new(pool()),
        lock: Mutex::new(pool()),
        blocking: RwLock::new(pool()),
        temporary: pool(),
    };
    let _ = database.of_a_tuple.1;
}
