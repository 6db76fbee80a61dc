//! The service under load, and its stop.

mod client;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use client::{Client, Told, encode, send_in_a_loop};
use harness::{Folder, Service, refusal, soon, until};
use lifecycle::Lifecycle;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const KEY_VALUE: &str = env!("CARGO_BIN_EXE_key-value");
const CLIENTS: usize = 32;
const SUBSCRIBERS: usize = 3;
/// How many answers there are before the stop.
const WARM: usize = CLIENTS * 20;

async fn start() -> (Service, SocketAddr) {
    let service = Service::start(KEY_VALUE, &[], &[]).await;
    let address = service.address.parse().expect("the service prints its address");
    (service, address)
}

/// Clients that send commands until the service refuses connections.
struct Load {
    clients: Vec<JoinHandle<Told>>,
    answered: Arc<AtomicUsize>,
}

impl Load {
    fn start(address: SocketAddr) -> Load {
        let answered = Arc::new(AtomicUsize::new(0));
        let client = |number| {
            let answered = Arc::clone(&answered);
            thread::spawn(move || send_in_a_loop(address, number, &answered))
        };
        Load { clients: (0..CLIENTS).map(client).collect(), answered }
    }

    async fn is_warm(&self) {
        until("the load", async || self.answered.load(Ordering::Relaxed) >= WARM).await;
    }

    /// Waits for the clients. Returns the commands without an answer, and the sum of the deliveries.
    async fn ended(self) -> (Vec<String>, usize) {
        let joined = tokio::task::spawn_blocking(|| {
            let told = self.clients.into_iter().map(|client| client.join().expect("the replies are right"));
            told.fold((Vec::new(), 0), |(mut lost, delivered), told| {
                lost.extend(told.lost);
                (lost, delivered + told.delivered)
            })
        });
        soon("the end of the clients", joined).await.expect("no panic")
    }
}

/// Counts messages until the goodbye, and checks that the connection then ends without a reset.
fn listen(mut subscriber: Client) -> usize {
    for messages in 0.. {
        let event = subscriber.reply().expect("a goodbye comes before the end");
        if event == "unsubscribe news 0" {
            let end = subscriber.reply().expect_err("nothing comes after the goodbye");
            assert_eq!(end.kind(), std::io::ErrorKind::UnexpectedEof);
            return messages;
        }
        assert!(event.starts_with("message news "), "{event}");
    }
    unreachable!("the loop has no end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_no_command_and_no_message() {
    let stops = if std::env::var_os("LIFECYCLE_SOAK").is_some() { 50 } else { 5 };
    for _ in 0..stops {
        let (mut service, address) = start().await;
        let subscribers: Vec<_> = (0..SUBSCRIBERS)
            .map(|_| {
                let mut subscriber = Client::connect(address).expect("the service listens");
                assert_eq!(subscriber.ask(&["SUBSCRIBE", "news"]).unwrap(), "subscribe news 1");
                thread::spawn(|| listen(subscriber))
            })
            .collect();
        let load = Load::start(address);
        load.is_warm().await;
        service.terminate();
        let (status, stderr) = service.ended().await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        let (lost, delivered) = load.ended().await;
        assert_eq!(lost, [""; 0], "{stderr}");
        let heard: usize = subscribers.into_iter().map(|thread| thread.join().expect("a goodbye")).sum();
        assert_eq!(heard, delivered, "{stderr}");
    }
}

/// The control: the same clients find the losses of a handler that leaves when the stop begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_leaves_when_the_stop_begins_loses_commands() {
    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(5)).build();
    let listener = lifecycle::net::listen("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        let served = lifecycle::net::serve(listener, |mut connection, _| async move {
            let mut request = [0; 512];
            loop {
                tokio::select! {
                    () = lifecycle::stopping() => return,
                    length = connection.read(&mut request) => match length {
                        Ok(length) if length > 0 => {}
                        _ => return,
                    },
                }
                if connection.write_all(b"+PONG\r\n").await.is_err() {
                    return;
                }
            }
        });
        async move { lifecycle.run(served).await }
    });
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let answered = Arc::clone(&answered);
            thread::spawn(move || {
                let Ok(mut client) = Client::connect(address) else { return 0 };
                while !client.has_closed() {
                    if client.ask(&["PING"]).is_err() {
                        return 1;
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                0
            })
        })
        .collect();
    until("the load", async || answered.load(Ordering::Relaxed) >= WARM).await;
    lifecycle.shutdown("test");
    // The loss is not in the report: the service does not know of it.
    let report = soon("the end of the service", running).await.unwrap();
    assert_eq!(report.exit_status(), 0, "{report}");
    let lost: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert!(lost > 0, "a client that notices no loss proves nothing");
}

#[tokio::test]
async fn commands_that_arrive_together_are_all_answered() {
    let (service, address) = start().await;
    let mut client = Client::connect(address).unwrap();
    let commands =
        [encode(&["SET", "color", "green"]), encode(&["GET", "color"]), encode(&["get", "none"])].concat();
    client.send_bytes(&commands);
    assert_eq!([(); 3].map(|()| client.reply().unwrap()), ["OK", "green", "-"]);
    // In two parts.
    let (first, rest) = commands.split_at(commands.len() / 2);
    client.send_bytes(first);
    assert_eq!(client.reply().unwrap(), "OK");
    client.send_bytes(rest);
    assert_eq!([(); 2].map(|()| client.reply().unwrap()), ["green", "-"]);
    assert!(client.ask(&["EVAL", "x"]).unwrap().contains("unknown command"));
    service.stopped().await;
    assert!(client.has_closed());
}

#[tokio::test]
async fn a_client_that_speaks_another_protocol_is_closed() {
    let (service, address) = start().await;
    let mut client = Client::connect(address).unwrap();
    client.send_bytes("GET / HTTP/1.1\r\n\r\n");
    client.reply().unwrap_err();
    let stderr = service.stopped().await;
    assert!(stderr.contains("the client does not speak this protocol"), "{stderr}");
}

#[tokio::test]
async fn clients_beyond_the_limit_wait_for_a_place() {
    let mut service = Service::start(KEY_VALUE, &["127.0.0.1:0", "2"], &[]).await;
    let address = service.address.parse().unwrap();
    let [mut first, mut second] = [(); 2].map(|()| Client::connect(address).unwrap());
    for client in [&mut first, &mut second] {
        assert_eq!(client.ask(&["PING"]).unwrap(), "PONG");
    }
    let mut waiting: Vec<_> = (0..6).map(|_| Client::connect(address).unwrap()).collect();
    for client in &mut waiting {
        client.send(&["PING"]).unwrap();
    }
    for client in [&mut first, &mut second] {
        assert_eq!(client.ask(&["PING"]).unwrap(), "PONG");
    }
    assert!(!waiting.iter().any(Client::has_closed), "a client beyond the limit has an answer");
    // The stop frees the two places, one client after the other has its turn.
    service.terminate();
    for client in &mut waiting {
        assert_eq!(client.reply().unwrap(), "PONG");
    }
    let (status, stderr) = service.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test]
async fn a_file_at_the_path_of_the_socket_is_kept_and_the_status_is_1() {
    let folder = Folder::new("key-value");
    std::fs::create_dir(folder.path()).unwrap();
    let path = folder.path().join("precious");
    std::fs::write(&path, "data").unwrap();
    let stderr = refusal(KEY_VALUE, &[&format!("unix:{}", path.display())], &[]).await;
    assert!(stderr.contains("the file is a regular file, and only a socket is replaced"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
}
