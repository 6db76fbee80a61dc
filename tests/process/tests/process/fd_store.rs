//! R37: listeners in the store of a service manager, which is the test. `tests/restarts` has the real systemd.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::Duration;

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{
    Child, Fixture, Folder, Manager, PATIENCE, Program, Watched, program, soak, wait_until,
};

/// A client of either kind.
trait Client: Read + Write {}

impl<C: Read + Write> Client for C {}

/// Connects to `address`, which has the form that `net::listen` takes.
#[track_caller]
fn connect(address: &str) -> Box<dyn Client> {
    if let Some(path) = address.strip_prefix("unix:") {
        let client = UnixStream::connect(path).expect("it listens");
        client.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Box::new(client)
    } else {
        let client = TcpStream::connect(address).expect("it listens");
        client.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Box::new(client)
    }
}

/// Returns the id of the process that answers.
#[track_caller]
fn answered(client: Box<dyn Client>) -> u32 {
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).expect("an answer");
    line.trim().parse().unwrap_or_else(|_| panic!("an id, not `{line}`"))
}

fn told(manager: &Manager) -> Program {
    manager.told_by(program!("multi", "stored/as told")).env("FDSTORE", "4").piped_stdin()
}

/// Starts the first process, which listens as `command` says. Returns the name of the listener in the store, too.
#[track_caller]
fn first(manager: &Manager, command: &str) -> (Child, String) {
    let mut child = told(manager).start();
    does(&mut child, command);
    let name = manager.wait_for_stored(1).remove(0);
    (child, name)
}

/// Starts the next process with everything in the store, which listens as `command` says.
#[track_caller]
fn next(manager: &Manager, command: &str) -> Child {
    let mut child = told(manager).with_listeners(manager.stored()).start();
    does(&mut child, command);
    child
}

#[track_caller]
fn killed(mut child: Child) {
    child.kill();
    child.stopped().killed_by(SIGKILL);
}

#[track_caller]
fn does(child: &mut Child, command: &str) {
    child.tell(command);
    child.wait_for(&format!("done: {command}"));
}

/// A fixed port that no other test has.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// One address of each kind: TCP, and a Unix socket.
fn addresses(folder: &Folder) -> [String; 2] {
    [format!("127.0.0.1:{}", free_port()), format!("unix:{}", folder.path("socket").display())]
}

const REMOVE: &str = "FDSTOREREMOVE=1";

fn removed(manager: &Manager) -> Vec<String> {
    manager.received().into_iter().filter(|datagram| datagram.starts_with(REMOVE)).collect()
}

#[test]
fn r37_a_listener_outlives_a_kill_and_refuses_nobody() {
    let folder = Folder::new();
    for address in addresses(&folder) {
        let manager = Manager::start("kill");
        let (mut child, name) = first(&manager, &format!("serve {address}"));
        assert!(name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'));
        let mut pid = child.pid();
        for _ in 0..2 {
            assert_eq!(answered(connect(&address)), pid);
            killed(child);
            // Nobody accepts at the moment.
            let waiting = connect(&address);
            child = next(&manager, &format!("serve {address}"));
            pid = child.pid();
            child.wait_for(&format!("took over {address}"));
            assert_eq!(answered(waiting), pid);
        }
        assert_eq!(manager.wait_for_stored(1), [name], "a listener that was taken over is not stored again");
        child.stop().exited(0);
        assert_eq!(removed(&manager), [] as [&str; 0]);
    }
}

/// There may be no next process, so the clients that were there before the drain are served. The clients that come
/// afterwards are left to the next process, and the drain does not wait for them.
#[test]
fn r37_a_stop_empties_the_queue_once_and_leaves_later_clients_to_the_next_process() {
    let folder = Folder::new();
    for address in addresses(&folder) {
        let manager = Manager::start("stop");
        let (mut child, _) = first(&manager, &format!("serve-one {address}"));
        let before = [connect(&address), connect(&address)];
        child.signal(SIGTERM);
        child.wait_for("draining");
        for mut client in before {
            client.write_all(b"x").expect("it is open");
            assert_eq!(answered(client), child.pid());
        }
        let mut later = connect(&address);
        later.write_all(b"x").expect("it is in the queue");
        child.stopped().exited(0).not_reported("cut off");
        let mut child = next(&manager, &format!("serve-one {address}"));
        child.wait_for(&format!("took over {address}"));
        assert_eq!(answered(later), child.pid());
        assert_eq!(removed(&manager), [] as [&str; 0]);
    }
}

/// R18: the clients of a server that ends alone are not left to anybody.
#[test]
fn r37_a_server_that_ends_alone_takes_its_listener_out_of_the_store() {
    let folder = Folder::new();
    for address in addresses(&folder) {
        let manager = Manager::start("alone");
        let (mut child, name) = first(&manager, &format!("serve-alone {address}"));
        does(&mut child, "end");
        child.wait_for("ended alone");
        if let Some(path) = address.strip_prefix("unix:") {
            assert!(!Path::new(path).exists());
        }
        // The service manager closes its descriptor later than the server does.
        does(&mut child, &format!("serve {address}"));
        child.wait_for(&format!("bound {address}"));
        manager.wait_for(&format!("{REMOVE}\nFDNAME={name}"), 1);
        assert_eq!(manager.wait_for_stored(1).len(), 1);
        assert_eq!(answered(connect(&address)), child.pid());
        child.stop().exited(0);
    }
}

#[test]
fn r37_a_listener_that_the_program_drops_leaves_the_store_unless_it_listens_again() {
    let folder = Folder::new();
    for address in addresses(&folder) {
        let manager = Manager::start("drop");
        let mut child = told(&manager).start();
        does(&mut child, "ready");
        does(&mut child, &format!("hold {address}"));
        let name = manager.wait_for_stored(1).remove(0);
        does(&mut child, &format!("drop {address}"));
        does(&mut child, &format!("hold {address}"));
        child.wait_for(&format!("took over {address}"));
        assert_eq!(removed(&manager), [] as [&str; 0]);
        does(&mut child, &format!("drop {address}"));
        manager.wait_for(&format!("{REMOVE}\nFDNAME={name}"), 1);
        if let Some(path) = address.strip_prefix("unix:") {
            wait_until("the file is removed", || !Path::new(path).exists());
        }
        child.stop().exited(0);
    }
}

/// The service manager starts a failed service again.
#[test]
fn r37_a_main_that_fails_leaves_its_listeners_to_the_next_process() {
    for (failure, status) in [("fail", 1), ("panic", 101)] {
        for is_ready in [false, true] {
            let address = format!("127.0.0.1:{}", free_port());
            let manager = Manager::start("fail");
            let mut child = told(&manager).start();
            if is_ready {
                does(&mut child, "ready");
            }
            does(&mut child, &format!("hold {address}"));
            manager.wait_for_stored(1);
            let waiting = connect(&address);
            child.tell(failure);
            child.stopped().exited(status);
            assert_eq!(removed(&manager), [] as [&str; 0], "{failure} {is_ready}");
            let child = next(&manager, &format!("serve {address}"));
            assert_eq!(answered(waiting), child.pid());
        }
    }
}

/// The configuration was changed between two runs. The old listener would keep the new address from being bound.
#[test]
fn r37_a_stored_listener_in_the_way_of_a_new_address_is_removed() {
    let port = free_port();
    let manager = Manager::start("in the way");
    let (child, name) = first(&manager, &format!("serve 0.0.0.0:{port}"));
    child.stop().exited(0);
    let address = format!("127.0.0.1:{port}");
    let mut child = next(&manager, &format!("serve {address}"));
    child.wait_for(&format!("bound {address}"));
    manager.wait_for(&format!("{REMOVE}\nFDNAME={name}"), 1);
    assert_eq!(answered(connect(&address)), child.pid());
    assert_ne!(manager.wait_for_stored(1), [name]);
}

/// 10 s after the service is ready.
#[test]
fn r37_a_stored_listener_that_nobody_takes_is_removed() {
    if !soak() {
        return;
    }
    let folder = Folder::new();
    let addresses = addresses(&folder);
    let manager = Manager::start("left over");
    let mut child = told(&manager).start();
    for address in &addresses {
        does(&mut child, &format!("serve {address}"));
    }
    manager.wait_for_stored(2);
    killed(child);
    let child = next(&manager, "ready");
    manager.wait_for_stored(0);
    // The service manager closes it a moment later.
    wait_until("the port is free", || TcpListener::bind(&addresses[0]).is_ok());
    child.stop().exited(0);
}

/// The listeners of a socket unit come before those of the store.
#[test]
fn r37_a_listener_of_a_socket_unit_is_told_from_a_stored_one() {
    let manager = Manager::start("socket unit");
    let stored = format!("127.0.0.1:{}", free_port());
    let (child, _) = first(&manager, &format!("serve {stored}"));
    child.stop().exited(0);
    let unit = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = unit.local_addr().expect("an address").to_string();
    let listeners = [("web".to_owned(), OwnedFd::from(unit))].into_iter().chain(manager.stored()).collect();
    let mut child = told(&manager).with_listeners(listeners).start();
    // The only listener of a unit is used for any address.
    let other = format!("127.0.0.1:{}", free_port());
    for (address, at) in [(other, &at), (stored.clone(), &stored)] {
        does(&mut child, &format!("serve {address}"));
        child.wait_for(&format!("took over {address}"));
        assert_eq!(answered(connect(at)), child.pid());
    }
    assert_eq!(manager.wait_for_stored(1).len(), 1, "systemd keeps the listener of a unit by itself");
}

/// The last process was killed while it closed its listener: the kernel drops new clients.
#[test]
fn r37_a_listener_that_refused_new_clients_accepts_them_again() {
    let address = format!("127.0.0.1:{}", free_port());
    let manager = Manager::start("filter");
    let (child, _) = first(&manager, &format!("serve {address}"));
    killed(child);
    refuse_all(&manager.stored()[0].1);
    let brief = Duration::from_millis(200);
    let refused = TcpStream::connect_timeout(&address.parse().expect("an address"), brief);
    assert!(refused.is_err(), "the filter works");
    let child = next(&manager, &format!("serve {address}"));
    assert_eq!(answered(connect(&address)), child.pid());
}

/// Makes the kernel drop every packet to a listener.
fn refuse_all(listener: &OwnedFd) {
    // Classic BPF: `return 0`.
    let mut drop_it = libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: 0 };
    let program = libc::sock_fprog { len: 1, filter: &raw mut drop_it };
    let size = libc::socklen_t::try_from(size_of_val(&program)).expect("it is two words long");
    // SAFETY: the option takes a `sock_fprog` with its size. The kernel copies the program and its instruction.
    let set = unsafe {
        let program = (&raw const program).cast();
        libc::setsockopt(listener.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program, size)
    };
    assert_eq!(set, 0);
}

/// The file of a Unix socket can be removed between two runs, and another socket can take its place.
#[test]
fn r37_a_unix_listener_without_its_file_is_not_taken_over() {
    for is_replaced in [false, true] {
        let folder = Folder::new();
        let path = folder.path("socket");
        let address = format!("unix:{}", path.display());
        let manager = Manager::start("file");
        let (child, _) = first(&manager, &format!("serve {address}"));
        child.stop().exited(0);
        std::fs::remove_file(&path).expect("a stop leaves the file of a stored listener");
        if is_replaced {
            drop(std::os::unix::net::UnixListener::bind(&path).expect("the path is free"));
        }
        let mut child = next(&manager, &format!("serve {address}"));
        child.wait_for(&format!("bound {address}"));
        assert_eq!(answered(connect(&address)), child.pid());
    }
}

#[test]
fn r37_a_port_that_the_kernel_chose_is_not_stored_and_nothing_without_a_store() {
    for (fdstore, address) in [("4", "127.0.0.1:0".to_owned()), ("0", format!("127.0.0.1:{}", free_port()))] {
        let manager = Manager::start("not stored");
        let mut child = told(&manager).env("FDSTORE", fdstore).start();
        does(&mut child, &format!("serve {address}"));
        child.stop().exited(0);
        manager.wait_for("BARRIER=1", 1);
        let received = manager.received();
        assert!(received.iter().all(|datagram| !datagram.contains("FDSTORE")), "{received:#?}");
    }
}

#[test]
fn r37_a_store_that_is_full_is_one_warning_and_the_listeners_work() {
    let manager = Manager::start("full store");
    let mut child = told(&manager).env("FDSTORE", "1").start();
    let addresses: Vec<String> = (0..3).map(|_| format!("127.0.0.1:{}", free_port())).collect();
    for address in &addresses {
        does(&mut child, &format!("serve {address}"));
        assert_eq!(answered(connect(address)), child.pid());
    }
    let ended = child.stop();
    ended
        .exited(0)
        .reported(&["warning: systemd stores 1 descriptors of this service (FileDescriptorStoreMax)"]);
    assert_eq!(manager.wait_for_stored(1).len(), 1);
}

/// R34: nobody reads the socket, or the service manager is gone.
#[test]
fn r37_a_service_manager_that_stores_nothing_delays_nothing() {
    for is_gone in [false, true] {
        let folder = Folder::new();
        let path = folder.path("notify");
        let ours = UnixDatagram::bind(&path).expect("a socket");
        let filler = UnixDatagram::unbound().expect("a socket");
        filler.set_nonblocking(true).expect("a socket has that option");
        let program = program!("multi", "stored/as told").env("NOTIFY_SOCKET", &path).env("FDSTORE", "4");
        let mut child = program.piped_stdin().start();
        child.wait_until_it_catches(SIGTERM);
        does(&mut child, "ready");
        if is_gone {
            drop(ours);
        } else {
            while filler.send_to(b"full", &path).is_ok() {}
        }
        for address in addresses(&folder) {
            does(&mut child, &format!("serve {address}"));
            assert_eq!(answered(connect(&address)), child.pid());
        }
        let ended = child.stop();
        ended.exited(0).within(Duration::from_secs(1));
        assert!(!folder.path("socket").exists(), "a stop removes the file of a listener that is not stored");
        if is_gone {
            ended.reported(&["warning: cannot pass `lifecycle-127.0.0.1%3A", "so a restart refuses clients"]);
        }
    }
}
