struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Many {
    #[teardown("close")]
    quoted: Pool,
    #[teardown = "close"]
    assigned: Pool,
    #[teardown(self.pool.close())]
    with_self: Pool,
    #[teardown(.close())]
    dot: Pool,
    #[teardown(|pool| pool.close())]
    closure: Pool,
    #[teardown(async move |pool| pool.close().await)]
    async_closure: Pool,
    #[teardown(skip)]
    no_reason: Pool,
    #[teardown(skip = "")]
    empty_reason: Pool,
    #[teardown(skip = "reason", blocking)]
    skip_blocking: Pool,
    #[teardown(blocking)]
    only_blocking: Pool,
    #[teardown(close, blockin)]
    misspelt: Pool,
    #[teardown(close, blocking, blocking)]
    twice_blocking: Pool,
    #[teardown(close, 7)]
    strange_option: Pool,
    #[teardown(timeout = "5s")]
    timeout: Pool,
    #[teardown(skp = "reason")]
    unknown_key: Pool,
    #[teardown(close ++)]
    no_expression: Pool,
    #[teardown(close() + 1)]
    operator: Pool,
    #[teardown(&close)]
    reference: Pool,
    #[teardown(, close)]
    comma: Pool,
    #[teardown(close)]
    #[teardown(close)]
    two: Pool,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Both(#[teardown(close)] Pool);

fn main() {}
