//! Listeners: Unix sockets and their files, inherited sockets, and a process without free descriptors.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lifecycle_http_tests::{
    Client, Clients, Fixture, Outcome, Program, Server, both_flavours, listening, processor_time, program,
    servers,
};
use lifecycle_process_tests::Folder;

/// Starts a server at a Unix socket, and waits until it has answered.
#[track_caller]
fn at_a_socket(path: &Path, program: impl FnOnce(&str) -> Program) -> Server {
    let program = program(&format!("http listen=unix:{}", path.display()));
    let server = program.ready_at_line(&format!("listening at {}", path.display())).start();
    assert_eq!(Client::connect_unix(path).get("/").outcome(), Outcome::Answered);
    server
}

#[test]
fn the_file_of_a_unix_socket_is_removed_and_its_queue_is_answered() {
    for flavour in 0..2 {
        let folder = Folder::new();
        let path = folder.path("socket");
        let mut server =
            at_a_socket(&path, |wish| both_flavours!(wish).into_iter().nth(flavour).expect("two"));
        assert!(path.exists());
        server.freeze();
        let mut clients: Vec<Client> = (0..50).map(|_| Client::connect_unix(&path)).collect();
        clients.all_get("/");
        server.terminate_and_thaw();
        clients.all_answered();
        clients.all_closed();
        server.stopped().exited(0);
        assert!(!path.exists());
    }
}

#[test]
fn a_file_that_is_left_over_is_replaced() {
    let folder = Folder::new();
    let path = folder.path("left-over");
    // The listener closes and its file stays, as after a SIGKILL.
    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());
    at_a_socket(&path, |wish| program!("http_multi", wish)).stop().exited(0);
    assert!(!path.exists());
}

#[test]
fn a_socket_that_somebody_listens_at_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path("in-use");
    let _listener = UnixListener::bind(&path).expect("a socket");
    let ended = program!("http_multi", &format!("http listen=unix:{}", path.display())).run();
    ended
        .exited(1)
        .reported(&[&format!("cannot listen at `unix:{}`: a process listens at the socket", path.display())]);
    assert!(path.exists());
}

#[test]
fn an_address_that_cannot_be_bound_is_named() {
    let folder = Folder::new().path("no-such-folder/socket");
    for (address, why) in [
        (format!("unix:{}", folder.display()), "No such file or directory"),
        ("256.0.0.1:80".to_owned(), ""),
        ("127.0.0.1".to_owned(), ""),
    ] {
        let ended = program!("http_multi", &format!("http listen={address}")).run();
        ended.exited(1).reported(&[&format!("cannot listen at `{address}`: {why}")]);
    }
}

/// Configures a start that passes `listener` as descriptor 3 and above, as systemd does.
fn inheriting(program: Program, listener: &TcpListener, count: usize) -> Program {
    let open = [" 3<&0", " 4<&0"][..count].concat();
    let script = format!("exec{open} 0</dev/null; LISTEN_FDS={count} LISTEN_PID=$$ exec \"$0\" \"$@\"");
    let socket = OwnedFd::from(listener.try_clone().expect("a descriptor"));
    program.env("RUST_BACKTRACE", "0").through(&["sh", "-c", &script]).stdin(socket)
}

#[test]
fn an_inherited_socket_is_used_and_its_queue_is_left_to_the_next_process() {
    for program in both_flavours!("http listen=127.0.0.1:1") {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let mut child = inheriting(program, &listener, 1).ready_at_line("inherited").start();
        child.wait_for(&format!("listening at {address}"));
        assert_eq!(Client::connect(address).get("/").outcome(), Outcome::Answered);
        child.stop().exited(0);
        // The socket stays open between two processes, so the kernel refuses no client.
        let mut waiting = Client::connect(address);
        waiting.get("/");
        let next = inheriting(program!("http_multi", "http"), &listener, 1).start();
        assert_eq!(waiting.outcome(), Outcome::Answered);
        next.stop().exited(0);
    }
}

#[test]
fn who_connects_while_one_process_follows_another_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let start = || {
        let program = inheriting(program!("http_multi", "http"), &listener, 1);
        program.ready_at_line(&format!("listening at {address}")).start()
    };
    let first = start();
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let last = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let outcome = Client::ask_once(address, "/");
                assert!(matches!(outcome, Outcome::Answered | Outcome::AnsweredLast), "{outcome:?}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
        let last = (0..5).fold(first, |child, _| {
            // The server is stopped while it is answering requests.
            let before = answered.load(Ordering::Relaxed);
            while answered.load(Ordering::Relaxed) < before + 2 && !load.is_finished() {
                std::thread::yield_now();
            }
            child.stop().exited(0);
            start()
        });
        over.store(true, Ordering::Relaxed);
        load.join().expect("all were answered");
        last
    });
    drop(last);
}

#[test]
fn a_name_chooses_among_inherited_sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let named = program!("http_multi", "http name=web listen=127.0.0.1:0").env("LISTEN_FDNAMES", "admin:web");
    let mut child = inheriting(named, &listener, 2).ready_at_line("inherited").start();
    child.wait_for(&format!("listening at {address}"));
    drop(child);
    let other = program!("http_multi", "http listen=127.0.0.1:1").env("LISTEN_FDNAMES", "admin:web");
    let ended = inheriting(other, &listener, 2).run();
    ended.exited(1).reported(&[
        "none of the inherited sockets",
        "`admin` at",
        "`web` at",
        "call `listen_as`",
    ]);
}

#[test]
fn what_is_wrong_with_the_variables_is_said() {
    let own = "LISTEN_PID=$$ exec \"$0\" \"$@\"";
    for (script, why) in [
        (format!("LISTEN_FDS=many {own}"), "LISTEN_FDS is `many`: expected a number of sockets"),
        ("LISTEN_FDS=1 exec \"$0\" \"$@\"".to_owned(), "LISTEN_FDS is set and LISTEN_PID is not"),
        (
            "LISTEN_FDS=1 LISTEN_PID=me exec \"$0\" \"$@\"".to_owned(),
            "LISTEN_PID is `me`: expected a process id",
        ),
        // By the time of this check, the process has opened another file at that descriptor.
        (
            format!("exec 3<&-; LISTEN_FDS=1 {own}"),
            "descriptor 3 (`unknown`) is a listening socket: it does not listen",
        ),
        (
            format!("exec 3<&-; LISTEN_FDS=900 {own}"),
            "descriptor 3 (`unknown`) is a listening socket: it does not listen",
        ),
        (
            format!("exec 3</dev/null; LISTEN_FDS=1 {own}"),
            "descriptor 3 (`unknown`) is a listening socket: it does not listen",
        ),
    ] {
        let ended = program!("http_multi", "http").through(&["sh", "-c", &script]).run();
        ended.exited(1).reported(&[why]);
    }
}

/// A socket that is meant for another process is left alone.
#[test]
fn variables_for_another_process_are_ignored() {
    let script = "LISTEN_FDS=1 LISTEN_PID=1 exec \"$0\" \"$@\"";
    listening(program!("http_multi", "http").through(&["sh", "-c", script]));
}

/// Lets `server` open `more` additional files.
#[track_caller]
fn limit_open_files(server: &Server, more: u64) {
    let pid = server.pid();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count() as u64;
    let limit = libc::rlimit { rlim_cur: open + more, rlim_max: open + more };
    let pid = i32::try_from(pid).expect("process ids fit");
    // SAFETY: `prlimit` reads the local `limit`, and writes nothing because its last argument is null.
    let set = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn who_comes_when_descriptors_have_run_out_waits_and_is_served() {
    for server in servers!("http idle=0") {
        limit_open_files(&server, 10);
        let mut holding: Vec<TcpStream> = Vec::new();
        for _ in 0..10 {
            holding.push(TcpStream::connect(server.socket_address()).expect("it listens"));
        }
        let mut waiting = server.ask(10, "/");
        // A busy loop would use a processor for all of this second.
        let (before, begun) = (processor_time(server.pid()), Instant::now());
        std::thread::sleep(Duration::from_secs(1));
        let burnt = processor_time(server.pid()) - before;
        assert!(burnt < begun.elapsed() / 10, "{burnt:?} of {:?}", begun.elapsed());
        holding.clear();
        for client in &mut waiting {
            assert_eq!(client.outcome(), Outcome::Answered);
        }
        drop(waiting);
        let ended = server.stop();
        ended.exited(0).reported(&[
            "note: http at 127.0.0.1:",
            "to accept a connection failed, the last: Too many open files",
        ]);
        // On a loaded machine a busy loop may not get a processor, so the test also counts the attempts. The
        // pauses grow from 5 ms to 1 s. The first second has 8 attempts, and each later second has one.
        let note = ended.stderr.iter().find_map(|line| line.split_once(" attempts to accept a connection"));
        let times = note
            .and_then(|(before, _)| before.rsplit(' ').next()?.parse::<u64>().ok())
            .expect("more than one");
        assert!(times <= 10 + begun.elapsed().as_secs(), "{times} times");
    }
}

/// The drain also answers clients that are waiting at that time.
#[test]
fn who_waits_for_descriptors_at_the_drain_is_served() {
    for mut server in servers!("http idle=0") {
        limit_open_files(&server, 5);
        let mut holding: Vec<Client> = (0..5).map(|_| server.connect()).collect();
        let mut waiting = server.ask(10, "/");
        server.terminate();
        // The connections that hold the descriptors are idle, and close at the drain.
        holding.all_closed();
        waiting.all_answered();
        drop(waiting);
        server.stopped().exited(0).reported(&["to accept a connection failed", "Too many open files"]);
    }
}
