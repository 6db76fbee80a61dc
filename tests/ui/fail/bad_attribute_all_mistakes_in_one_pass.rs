use std::fs::File;

struct Pool;

#[lifecycle::resource(oder = 1, timeout = "5 sekunds", last = true, depends_on(Self), name = "")]
struct Database<'a> {
    #[teardown("close")]
    pool: Pool,
    #[teardown(skip)]
    log: File,
    #[teardown(|other| other.close())]
    other: &'a Pool,
}

fn main() {}
