//! A service that inserts rows over HTTP, with and without a teardown.

use clickhouse::insert::Insert;
use clickhouse::inserter::Inserter;
use clickhouse::{Client, Row};
use lifecycle::Slot;
use serde::Serialize;

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Row, Serialize)]
struct Order {
    number: u32,
}

#[lifecycle::resource]
struct Insertion {
    #[teardown]
    rows: Slot<Insert<Order>>,
}

#[lifecycle::resource]
struct Insertions {
    #[teardown]
    rows: Slot<Inserter<Order>>,
}

#[lifecycle::resource]
struct Forgotten {
    #[teardown(skip = "the loss without a release")]
    rows: Slot<Insert<Order>>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let client = Client::default().with_url(std::env::var("URL")?).with_validation(false);
    match std::env::args().nth(1).ok_or("which scenario?")?.as_str() {
        "insert" => keep(Insertion { rows: Slot::new(insert(&client).await?) }, |insertion| &insertion.rows),
        "forgotten" => {
            keep(Forgotten { rows: Slot::new(insert(&client).await?) }, |forgotten| &forgotten.rows)
        }
        "inserter" => {
            let mut rows = client.inserter::<Order>("orders");
            for number in 0..3 {
                rows.write(&Order { number }).await?;
                rows.commit().await?;
            }
            keep(Insertions { rows: Slot::new(rows) }, |insertions| &insertions.rows);
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    Ok(())
}

/// Keeps a handle until the exit, as a static does. So nothing drops the rows.
fn keep<T: lifecycle::Resource, F>(resource: T, field: fn(&T) -> &F) {
    let kept = Box::leak(Box::new(lifecycle::manage(resource)));
    let _: &F = field(kept);
}

async fn insert(client: &Client) -> Result<Insert<Order>, Error> {
    let mut rows = client.insert::<Order>("orders").await?;
    for number in 0..3 {
        rows.write(&Order { number }).await?;
    }
    Ok(rows)
}
