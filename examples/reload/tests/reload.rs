//! The service, told by SIGHUP to read its configuration again, under load. The clients count every answer.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Connection, Folder, Method, SIGHUP, Servers, Service, StatusCode, refusal, soon, until};
use sqlx::postgres::PgPool;
use tokio::sync::watch;
use tokio::task::JoinSet;

const RELOAD: &str = env!("CARGO_BIN_EXE_reload");

/// The number of clients. Half of them keep their connection, and the others open one for each request.
const CLIENTS: usize = 16;
/// The number of answers before each reload.
const ANSWERS: usize = 100;
/// The number of connections in each pool.
const CONNECTIONS: usize = 4;
/// Two addresses at which the kernel chooses the port.
const ANYWHERE: [&str; 2] = ["127.0.0.1:0", "127.0.0.2:0"];

fn reloads() -> usize {
    if std::env::var_os("LIFECYCLE_SOAK").is_some() { 20 } else { 6 }
}

/// The files of one service.
struct Files {
    folder: Folder,
    database: String,
}

impl Files {
    fn new(name: &str, database: &str) -> Files {
        let folder = Folder::new(name);
        std::fs::create_dir_all(folder.path()).expect("the folder is writable");
        Files { folder, database: database.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration file as a whole, as an operator's tool does.
    fn write(&self, text: &str) {
        std::fs::write(self.path("new"), text).expect("the folder is writable");
        std::fs::rename(self.path("new"), self.path("reload.json")).expect("the folder is writable");
    }

    fn configure(&self, name: &str, listen: &str) {
        let database = &self.database;
        self.write(&format!(
            r#"{{ "name": "{name}", "listen": "{listen}", "database": "{database}", "connections": {CONNECTIONS} }}"#
        ));
    }

    async fn start(&self) -> Service {
        let (configuration, facts) = (self.path("reload.json"), self.path("facts"));
        let arguments = [configuration.to_str().expect("UTF-8")];
        let facts = facts.to_str().expect("UTF-8");
        Service::start(RELOAD, &arguments, &[("LIFECYCLE_REPORT", facts)]).await
    }

    /// Returns the facts of one kind, in order.
    fn facts(&self, kind: &str) -> Vec<String> {
        let kind = format!("\"fact\":\"{kind}\"");
        let facts = std::fs::read_to_string(self.path("facts")).unwrap_or_default();
        facts.lines().filter(|line| line.contains(&kind)).map(str::to_owned).collect()
    }
}

/// Where the service listens.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    address: SocketAddr,
    /// The test is about to stop the service.
    stops: bool,
}

/// Opens a connection. Returns `None` if the service refuses it at its stop.
async fn open(place: &mut watch::Receiver<Place>) -> Option<Connection> {
    loop {
        let at = *place.borrow();
        match Connection::open(at.address).await {
            Ok(connection) => return Some(connection),
            Err(error) if at.stops => {
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
                return None;
            }
            Err(error) => {
                // A listener that was replaced by one at another address refuses, and no other one.
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
                let other = place.wait_for(|now| *now != at);
                soon("another address, or the stop", other).await.expect("the test goes on");
            }
        }
    }
}

/// Sends requests until the service refuses connections at its stop. Each accepted request has to be answered.
async fn ask(mut place: watch::Receiver<Place>, keeps: bool, answers: Arc<AtomicUsize>) {
    let mut kept: Option<Connection> = None;
    loop {
        let connection = match kept.take() {
            Some(connection) => Some(connection),
            None => open(&mut place).await,
        };
        let Some(mut connection) = connection else { return };
        let answer = connection.request(Method::GET, "/", "").await;
        let answer = answer.expect("each accepted request gets an answer");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answers.fetch_add(1, Ordering::Relaxed);
        kept = (keeps && !answer.closes).then_some(connection);
    }
}

/// Asks once, on a new connection. Returns the name of the configuration that answers.
async fn name(service: &Service) -> String {
    let mut connection = Connection::open(service.socket()).await.expect("the service listens");
    let answer = connection.request(Method::GET, "/", "").await.expect("an answer");
    answer.body.split(':').next().unwrap_or_default().to_owned()
}

/// Returns the number of sessions of each configuration at the database, by their names.
async fn sessions(database: &PgPool) -> Vec<(String, i64)> {
    let query = "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name LIKE 'turn%'
                 GROUP BY application_name";
    sqlx::query_as(query).fetch_all(database).await.expect("PostgreSQL answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_replaces_pool_and_listener_and_loses_no_request() {
    let servers = Servers::start(&["postgres"]);
    let url = servers.url("POSTGRES_URL");
    let database = PgPool::connect(url).await.expect("PostgreSQL answers");
    let files = Files::new("reload", url);
    files.configure("turn0", ANYWHERE[0]);
    let mut service = files.start().await;

    let mut now = Place { address: service.socket(), stops: false };
    let (moves, place) = watch::channel(now);
    let answers = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(ask(place.clone(), client % 2 == 0, Arc::clone(&answers)));
    }
    let busy = async || {
        let enough = answers.load(Ordering::Relaxed) + ANSWERS;
        until("enough answers", async || answers.load(Ordering::Relaxed) >= enough).await;
    };
    for turn in 1..=reloads() {
        busy().await;
        // The address changes at every second reload.
        let old = service.socket();
        files.configure(&format!("turn{turn}"), ANYWHERE[turn / 2 % 2]);
        service.signal(SIGHUP);
        service.moved().await;
        assert_eq!(service.socket() == old, turn % 2 == 1, "{old}, then {}", service.socket());
        now.address = service.socket();
        moves.send_replace(now);
        until("an answer to the request", async || files.facts("reloaded").len() == turn).await;
        // The old server may accept one more client while it learns of its end.
        let next = format!("turn{turn}");
        until("an answer of the new server", async || name(&service).await == next).await;
    }
    // The teardown of each old pool ends well, and its sessions are gone.
    until("the end of the old pools", async || files.facts("teardown_ended").len() == reloads()).await;
    for ended in files.facts("teardown_ended") {
        assert!(ended.contains("\"name\":\"Database\"") && ended.contains("\"ok\""), "{ended}");
    }
    busy().await;
    let last = format!("turn{}", reloads());
    let only_last = async || sessions(&database).await.iter().all(|(name, _)| *name == last);
    until("the end of the old sessions", only_last).await;
    assert!(files.facts("reloaded").iter().all(|fact| fact.contains("\"error\":null")));

    now.stops = true;
    moves.send_replace(now);
    let stderr = service.stopped().await;
    while let Some(client) = clients.join_next().await {
        client.expect("each request has an answer, and no connection is reset");
    }
    println!("{} answers\n{stderr}", answers.load(Ordering::Relaxed));
    assert_eq!(stderr.matches("lifecycle: reloaded").count(), reloads(), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_is_refused_changes_nothing_and_is_named_in_the_log() {
    let servers = Servers::start(&["postgres"]);
    let files = Files::new("reload-refused", servers.url("POSTGRES_URL"));
    files.configure("turn0", ANYWHERE[0]);
    let mut service = files.start().await;
    assert_eq!(name(&service).await, "turn0");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let nobody = Files { folder: Folder::new("none"), database: "postgres://127.0.0.1:1/none".to_owned() };

    let wrong: [(&str, &dyn Fn()); 4] = [
        ("reload.json` is not valid: expected value at line 1 column 1", &|| files.write("port: 8080")),
        ("unknown field `prot`", &|| files.write(r#"{ "prot": 8080 }"#)),
        ("cannot connect to the database", &|| {
            let database = &nobody.database;
            files.write(&format!(
                r#"{{ "name": "turn1", "listen": "127.0.0.1:0", "database": "{database}", "connections": 4 }}"#
            ));
        }),
        ("cannot listen at `", &|| files.configure("turn1", &taken)),
    ];
    for (turn, (_, write)) in wrong.iter().enumerate() {
        write();
        service.signal(SIGHUP);
        until("an answer to the request", async || files.facts("reloaded").len() == turn + 1).await;
        assert_eq!(name(&service).await, "turn0");
    }
    std::fs::remove_file(files.path("reload.json")).expect("the test has written it");
    service.signal(SIGHUP);
    until("an answer to the request", async || files.facts("reloaded").len() == 5).await;
    assert_eq!(name(&service).await, "turn0");
    // Only the pool for the address that is in use had been opened.
    assert_eq!(files.facts("teardown_ended").len(), 1);

    let stderr = service.stopped().await;
    assert_eq!(stderr.matches("the new configuration was refused, and the old one stays in use").count(), 5);
    for (error, _) in wrong {
        assert!(stderr.contains(error), "{error}\n{stderr}");
    }
    assert!(stderr.contains("cannot read `"), "{stderr}");
}

#[tokio::test]
async fn a_missing_configuration_is_named_and_the_exit_status_is_1() {
    assert!(refusal(RELOAD, &[], &[]).await.contains("usage: reload CONFIGURATION"));
    let missing = refusal(RELOAD, &["/none/reload.json"], &[]).await;
    assert!(missing.contains("cannot read `/none/reload.json`"), "{missing}");
}
