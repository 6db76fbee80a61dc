//! Services that read their configuration again.

use std::time::Duration;

use super::{serve, unknown};

pub(super) async fn run(name: &str) -> Result<(), String> {
    let mut reloads = lifecycle::reloads();
    match name {
        // Refuses every second configuration, drops every third request, and takes a while for each.
        "by turns" => drop(lifecycle::spawn(async move {
            for turn in 0.. {
                let Some(reload) = reloads.next().await else { break };
                tokio::time::sleep(Duration::from_millis(20)).await;
                match turn % 3 {
                    0 => reload.accept(),
                    1 => reload.refuse("a line has no `=`"),
                    _ => drop(reload),
                }
                println!("turn {turn}");
            }
            println!("no further reloads");
        })),
        "taken twice" => drop(lifecycle::reloads()),
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}
