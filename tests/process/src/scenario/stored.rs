//! A program that listens and closes as its stdin says. Each connection is answered by the id of the process.

use std::collections::HashMap;

use lifecycle::net::{Server, SocketListener};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::oneshot;

use super::unknown;

pub(super) async fn run(name: &str) -> Result<(), String> {
    if name != "as told" {
        return Err(unknown(name));
    }
    let mut held = HashMap::new();
    let mut ends: Vec<oneshot::Sender<()>> = Vec::new();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    lifecycle::spawn(async {
        lifecycle::draining().await;
        println!("draining");
    });
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line.map_err(|error| error.to_string())?,
            () = lifecycle::stopping() => return Ok(()),
        };
        let Some(line) = line else {
            lifecycle::stopping().await;
            return Ok(());
        };
        let (word, address) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "ready" => lifecycle::ready(),
            "serve" => drop(lifecycle::spawn(serve(listen(address).await?))),
            "serve-one" => drop(lifecycle::spawn(serve_one(listen(address).await?))),
            "serve-alone" => {
                let (end, ended) = oneshot::channel();
                let server = lifecycle::http::Server::new(listen(address).await?);
                let server = server.until(async move { drop(ended.await) });
                ends.push(end);
                lifecycle::spawn(async move {
                    server.serve(lifecycle::http::probes()).await.expect("it accepts");
                    println!("ended alone");
                });
            }
            "end" => ends.clear(),
            "hold" => drop(held.insert(address.to_owned(), listen(address).await?)),
            "drop" => drop(held.remove(address)),
            "fail" => return Err("told to fail".to_owned()),
            "panic" => panic!("told to panic"),
            _ => return Err(unknown(&line)),
        }
        println!("done: {line}");
    }
}

async fn listen(address: &str) -> Result<SocketListener, String> {
    let listener = lifecycle::net::listen(address).await.map_err(|error| error.to_string())?;
    println!("{} {address}", if listener.is_inherited() { "took over" } else { "bound" });
    Ok(listener)
}

async fn serve(listener: SocketListener) {
    let served = lifecycle::net::serve(listener, |mut connection, _| async move {
        let _ = connection.write_all(format!("{}\n", std::process::id()).as_bytes()).await;
    });
    served.await.expect("it accepts");
}

/// Serves one connection at a time. Each client sends a byte first.
async fn serve_one(listener: SocketListener) {
    let served = Server::new(listener).max_connections(1).serve(|mut connection, _| async move {
        if connection.read_u8().await.is_ok() {
            let _ = connection.write_all(format!("{}\n", std::process::id()).as_bytes()).await;
        }
    });
    served.await.expect("it accepts");
}
