//! The generated code at run time: its teardown steps, their needs, and the handles that it finds.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    io::Write,
    marker::PhantomData,
    sync::{Arc, Mutex},
    thread,
};

use lifecycle::{
    __private::{NeedReason, Needs, Registered, inventory},
    Failure, FailureKind, Lifecycle, Managed, Outcome, Resource, Slot, Teardown,
};

/// A log of events, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A client with every kind of closing method.
#[derive(Clone, Default)]
struct Client(Log);

#[derive(Debug)]
struct DebugOnly;

impl Client {
    async fn close(&self) {
        tokio::task::yield_now().await;
        self.0.add("close");
    }

    fn flush(&self) {
        self.0.add("flush");
    }

    fn fails(&self) -> Result<u8, std::fmt::Error> {
        self.0.add("fails");
        Err(std::fmt::Error)
    }

    async fn fails_debug(&self) -> Result<(), DebugOnly> {
        self.close().await;
        Err(DebugOnly)
    }

    fn boxed(&self, code: u16) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async move {
            self.0.add("boxed");
            Err(format!("boxed {code}"))
        })
    }

    fn panics(&self) {
        self.0.add("panics");
        panic!("on purpose");
    }

    async fn panics_late(&self) {
        tokio::task::yield_now().await;
        panic!("late {}", 7);
    }

    fn thread(&self) {
        self.0.add(format!("{:?}", thread::current().id()));
    }

    async fn shutdown(&mut self) -> Result<(), String> {
        self.close().await;
        Err("shut down".to_owned())
    }

    fn write(&mut self) -> Result<(), String> {
        self.flush();
        Err("written".to_owned())
    }
}

/// Tears a value down in its own lifecycle. Returns the failures.
async fn release<T: Resource>(value: T) -> Vec<Failure> {
    let report = Lifecycle::builder().run(async { drop(lifecycle::manage(value)) }).await;
    match &report.instances[0].outcome {
        Outcome::Failed { failures, .. } => failures.clone(),
        _ => Vec::new(),
    }
}

fn told(failures: &[Failure]) -> Vec<(&str, FailureKind, &str)> {
    failures.iter().map(|failure| (failure.step, failure.kind, &*failure.message)).collect()
}

fn failure<'a>(step: &'a str, kind: FailureKind, message: &'a str) -> (&'a str, FailureKind, &'a str) {
    (step, kind, message)
}

fn needs<T: Resource>() -> Vec<(&'static str, NeedReason)> {
    Needs::of(T::DECLARATION).iter().map(|need| (need.declaration.name, need.reason)).collect()
}

#[lifecycle::resource]
struct Steps {
    #[teardown(fails)]
    first: Client,
    #[teardown(panics)]
    second: Client,
    #[teardown(close)]
    third: Client,
    #[teardown(fails_debug)]
    debug: Client,
    #[teardown(boxed(self.code))]
    boxed: Client,
    #[teardown(panics_late().await)]
    late: Client,
    #[teardown(skip = "nothing in it")]
    _skipped: Client,
    code: u16,
}

#[lifecycle::teardown]
impl Teardown for Steps {
    async fn teardown(&self) -> Result<(), String> {
        self.first.0.add("teardown");
        Err(format!("own {}", self.code))
    }
}

#[tokio::test]
async fn each_step_runs_whatever_the_ones_before_did() {
    let log = Log::default();
    let client = || Client(log.clone());
    let steps = Steps {
        first: client(),
        second: client(),
        third: client(),
        debug: client(),
        boxed: client(),
        late: client(),
        _skipped: client(),
        code: 200,
    };
    let failures = release(steps).await;
    assert_eq!(log.all(), ["teardown", "fails", "panics", "close", "close", "boxed"]);
    assert_eq!(
        told(&failures),
        [
            failure("teardown", FailureKind::Error, "own 200"),
            failure("first", FailureKind::Error, &std::fmt::Error.to_string()),
            failure("second", FailureKind::Panic, "on purpose"),
            failure("debug", FailureKind::Error, "DebugOnly"),
            failure("boxed", FailureKind::Error, "boxed 200"),
            failure("late", FailureKind::Panic, "late 7"),
        ]
    );
}

#[lifecycle::resource]
struct Locks(
    #[teardown(lock().await.shutdown())] tokio::sync::Mutex<Client>,
    #[teardown(lock().unwrap().write())] Mutex<Client>,
    #[teardown(flush, blocking)] Client,
);

#[tokio::test]
async fn a_guard_lives_as_long_as_its_call_needs_it() {
    let log = Log::default();
    let locks = Locks(tokio::sync::Mutex::default(), Mutex::default(), Client(log.clone()));
    let failures = release(locks).await;
    assert_eq!(
        told(&failures),
        [failure("0", FailureKind::Error, "shut down"), failure("1", FailureKind::Error, "written")]
    );
    assert_eq!(log.all(), ["flush"]);
}

#[lifecycle::resource]
struct Blocking {
    #[teardown(thread, blocking)]
    thread: Client,
    #[teardown(panics, blocking)]
    panics: Client,
    #[teardown(close, blocking)]
    awaited: Client,
}

#[tokio::test]
async fn blocking_runs_on_another_thread_and_still_awaits() {
    let (log, rest) = (Log::default(), Log::default());
    let value =
        Blocking { thread: Client(log.clone()), panics: Client(rest.clone()), awaited: Client(rest.clone()) };
    let failures = release(value).await;
    assert_ne!(log.all(), [format!("{:?}", thread::current().id())]);
    assert_eq!(told(&failures), [failure("panics", FailureKind::Panic, "on purpose")]);
    assert_eq!(rest.all(), ["panics", "close"]);
}

#[lifecycle::resource]
struct Known {
    #[teardown]
    writer: Arc<Mutex<std::io::BufWriter<std::fs::File>>>,
    #[teardown]
    task: Slot<tokio::task::JoinHandle<()>>,
    #[teardown]
    threads: Vec<Slot<thread::JoinHandle<u8>>>,
    #[teardown]
    none: Option<Slot<tokio::task::JoinHandle<()>>>,
}

#[tokio::test]
async fn a_bare_attribute_releases_what_is_known() {
    let path = std::env::temp_dir().join(format!("lifecycle-release-{}", std::process::id()));
    let mut writer = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writer.write_all(b"last words").unwrap();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let value = Known {
        writer: Arc::new(Mutex::new(writer)),
        task: Slot::new(tokio::spawn(async {
            opened.await.unwrap();
            panic!("in the task");
        })),
        threads: vec![Slot::new(thread::spawn(|| 7)), Slot::new(thread::spawn(|| panic!("in the thread")))],
        none: None,
    };
    open.send(()).unwrap();
    let failures = release(value).await;
    assert_eq!(
        told(&failures),
        [
            failure("task", FailureKind::Panic, "in the task"),
            failure("threads", FailureKind::Panic, "in the thread")
        ]
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"last words");
    std::fs::remove_file(&path).unwrap();
}

/// A typical resource, which a bare attribute releases.
#[lifecycle::resource]
struct Held {
    #[teardown]
    socket: std::os::unix::net::UnixListener,
    #[teardown]
    port: Slot<tokio::net::TcpListener>,
    #[teardown]
    jobs: Slot<tokio::sync::mpsc::Sender<u8>>,
    #[teardown]
    worker: Slot<tokio::task::JoinHandle<()>>,
    #[teardown]
    child: tokio::sync::Mutex<tokio::process::Child>,
    #[teardown]
    children: Mutex<Vec<std::process::Child>>,
    #[teardown]
    set: Mutex<tokio::task::JoinSet<()>>,
}

#[tokio::test]
async fn the_known_types_are_released() {
    let path = std::env::temp_dir().join(format!("lifecycle-socket-{}", std::process::id()));
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    let (jobs, mut queue) = tokio::sync::mpsc::channel(1);
    let log = Log::default();
    let (worker, each) = (log.clone(), log.clone());
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move { each.add("in the set") });
    let failures = release(Held {
        socket: std::os::unix::net::UnixListener::bind(&path).unwrap(),
        port: Slot::new(port),
        jobs: Slot::new(jobs),
        worker: Slot::new(tokio::spawn(async move {
            while queue.recv().await.is_some() {}
            worker.add("the queue has ended");
        })),
        child: tokio::sync::Mutex::new(tokio::process::Command::new("sleep").arg("600").spawn().unwrap()),
        children: Mutex::new(vec![ended, std::process::Command::new("sleep").arg("600").spawn().unwrap()]),
        set: Mutex::new(set),
    })
    .await;
    assert_eq!(failures, []);
    assert!(!path.exists());
    std::net::TcpListener::bind(address).unwrap();
    let mut all = log.all();
    all.sort();
    assert_eq!(all, ["in the set", "the queue has ended"]);
}

#[lifecycle::resource]
struct Several {
    #[teardown]
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

#[tokio::test]
async fn r7_a_panic_in_one_of_several_does_not_keep_the_rest() {
    let log = Log::default();
    let second = log.clone();
    let failures = release(Several {
        tasks: Mutex::new(vec![
            tokio::spawn(async { panic!("the first") }),
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                second.add("the second");
            }),
        ]),
    })
    .await;
    assert_eq!(told(&failures), [failure("tasks", FailureKind::Panic, "the first")]);
    assert_eq!(log.all(), ["the second"]);
}

/// A resource with several handles of one kind, in each supported container.
#[lifecycle::resource]
struct Kept {
    #[teardown]
    array: [Slot<Task>; 2],
    #[teardown]
    queue: VecDeque<Slot<Task>>,
    #[teardown]
    sorted: BTreeMap<u8, Slot<Task>>,
    #[teardown]
    locked_queue: Mutex<VecDeque<Task>>,
    #[teardown]
    locked_sorted: tokio::sync::Mutex<BTreeMap<u8, Task>>,
}

type Task = tokio::task::JoinHandle<()>;

#[tokio::test]
async fn each_of_several_is_released() {
    // The task that awaits a handle receives its panic.
    let task = |name: &'static str| tokio::spawn(async move { std::panic::panic_any(name) });
    let fine = || tokio::spawn(async {});
    let kept = Kept {
        array: [Slot::new(task("first")), Slot::new(fine())],
        queue: [Slot::new(fine()), Slot::new(task("last"))].into(),
        sorted: [(1, Slot::new(task("one"))), (2, Slot::new(fine()))].into(),
        locked_queue: Mutex::new([fine(), task("in the queue")].into()),
        locked_sorted: tokio::sync::Mutex::new([(1, task("in the map"))].into()),
    };
    assert_eq!(
        told(&release(kept).await),
        [
            failure("array", FailureKind::Panic, "first"),
            failure("queue", FailureKind::Panic, "last"),
            failure("sorted", FailureKind::Panic, "one"),
            failure("locked_queue", FailureKind::Panic, "in the queue"),
            failure("locked_sorted", FailureKind::Panic, "in the map"),
        ]
    );
}

/// A client that is registered with the lint.
struct Events(Log);

impl Events {
    async fn flush(&self, times: u8) -> Result<(), DebugOnly> {
        tokio::task::yield_now().await;
        self.0.add(format!("flush {times}"));
        Err(DebugOnly)
    }
}

lifecycle::needs_release!(Events, "buffered events", "flush(2)");

#[lifecycle::resource]
struct Told {
    #[teardown]
    events: Option<Arc<Events>>,
    #[teardown]
    taken: Slot<Events>,
}

#[tokio::test]
async fn a_type_of_ones_own_is_released_as_it_was_said() {
    let log = Log::default();
    let value = Told { events: Some(Arc::new(Events(log.clone()))), taken: Slot::new(Events(log.clone())) };
    let failures = release(value).await;
    assert_eq!(log.all(), ["flush 2", "flush 2"]);
    assert_eq!(
        told(&failures),
        [
            failure("events", FailureKind::Error, "DebugOnly"),
            failure("taken", FailureKind::Error, "DebugOnly")
        ]
    );
}

/// A plain struct, whose handles are found.
#[derive(lifecycle::Holds)]
struct Clients {
    leaves: Vec<Managed<Leaf>>,
}

#[lifecycle::resource]
struct Hub {
    clients: Option<Box<Clients>>,
}

#[lifecycle::teardown]
impl Teardown for Hub {
    async fn teardown(&self) {
        for leaf in self.clients.iter().flat_map(|clients| &clients.leaves) {
            leaf.log.add("hub");
        }
    }
}

#[tokio::test]
async fn r1_handles_in_a_plain_struct_are_dependencies() {
    let log = Log::default();
    let report = Lifecycle::builder()
        .run(async {
            let leaf = Leaf { name: "leaf", log: log.clone(), parents: vec![], other: None };
            let clients = Some(Box::new(Clients { leaves: vec![lifecycle::manage(leaf)] }));
            drop(lifecycle::manage(Hub { clients }));
        })
        .await;
    assert_eq!(report.exit_status(), 0, "{report}");
    assert_eq!(log.all(), ["hub", "leaf"]);
    assert_eq!(needs::<Hub>(), [("Leaf", NeedReason::Field("clients"))]);
}

#[lifecycle::resource(no_teardown = "nothing in it", name = "db", order = -3, timeout = "1m 500ms", last)]
struct Db;

#[lifecycle::resource(no_teardown = "nothing in it")]
struct Other;

#[lifecycle::resource(no_teardown = "memory only")]
struct Generic<T>(PhantomData<T>);

type Alias = Option<Arc<Vec<Box<Managed<Db>>>>>;

#[lifecycle::resource(depends_on(Db, Other, Generic<u8>), no_teardown = "memory only")]
#[expect(dead_code, reason = "only its declaration is looked at")]
struct Needy {
    plain: Vec<u32>,
    strange: Log,
    alias: Alias,
    next: Vec<Managed<Self>>,
    prev: Option<Managed<Needy>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct NeedyGeneric<T>(Option<Managed<Db>>, Managed<Generic<T>>, T);

#[test]
fn r1_fields_are_asked_by_type_through_aliases() {
    assert_eq!(
        needs::<Needy>(),
        [
            ("db", NeedReason::Field("alias")),
            ("Other", NeedReason::DependsOn),
            ("Generic", NeedReason::DependsOn),
        ]
    );
}

#[test]
fn r1_concrete_handles_in_a_generic_struct_are_found() {
    let found = needs::<NeedyGeneric<Log>>();
    assert_eq!(found, [("db", NeedReason::Field("0")), ("Generic", NeedReason::Field("1"))]);
}

/// A node of a tree. The teardown starts with the leaves, which hold their parents.
#[lifecycle::resource]
struct Leaf {
    name: &'static str,
    log: Log,
    parents: Vec<Managed<Self>>,
    other: Option<Managed<Leaf>>,
}

#[lifecycle::teardown]
impl Teardown for Leaf {
    async fn teardown(&self) {
        self.log.add(self.name);
    }
}

#[tokio::test]
async fn r1_handles_of_ones_own_type_order_instances() {
    let log = Log::default();
    let leaf = |name, parents, other| lifecycle::manage(Leaf { name, log: log.clone(), parents, other });
    let report = Lifecycle::builder()
        .run(async {
            let (a, b) = (leaf("a", vec![], None), leaf("b", vec![], None));
            let c = leaf("c", vec![a], Some(b));
            leaf("d", vec![c], None);
        })
        .await;
    assert_eq!(report.exit_status(), 0, "{report}");
    assert_eq!(log.all()[..2], ["d", "c"]);
    assert_eq!(log.all().len(), 4);
}

#[test]
fn the_declaration_says_what_the_attribute_said() {
    let db = Db::DECLARATION;
    assert_eq!((db.name, db.order, db.last), ("db", Some(-3), true));
    assert_eq!(db.timeout, Some(std::time::Duration::from_millis(60_500)));
    assert_eq!((db.module, db.location.file()), ("release", file!()));
    assert!(db.location.line() > 1);
    let generic = NeedyGeneric(None, Lifecycle::builder().build().manage(Generic(PhantomData::<u8>)), 7u8);
    drop((Db, generic.0, generic.1, generic.2));
    let _ = Other;
}

#[test]
fn what_is_not_generic_is_registered() {
    let names: Vec<_> = inventory::iter::<Registered>().map(|found| found.declaration().name).collect();
    for there in ["db", "Other", "Needy", "Steps", "Leaf"] {
        assert!(names.contains(&there), "{there} in {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("Generic")), "{names:?}");
}

#[lifecycle::resource(no_teardown = "memory only, says the attribute; the impl runs all the same")]
struct Both(Log);

#[lifecycle::teardown]
impl Teardown for Both {
    async fn teardown(&self) {
        self.0.add("teardown");
    }
}

#[tokio::test]
async fn an_impl_is_found_where_none_is_required() {
    let log = Log::default();
    assert_eq!(release(Both(log.clone())).await, []);
    assert_eq!(log.all(), ["teardown"]);
}

struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(self.0);
    }
}

impl Bomb {
    fn thrown(&self) {
        std::panic::panic_any(Bomb(self.0));
    }
}

#[lifecycle::resource]
struct Bombs {
    #[teardown(thrown)]
    first: Bomb,
    #[teardown(fails)]
    second: Client,
}

#[tokio::test]
async fn r7_a_drop_that_panics_takes_no_other_step_with_it() {
    let failures = release(Bombs { first: Bomb("in drop"), second: Client::default() }).await;
    assert_eq!(
        told(&failures),
        [
            failure("first", FailureKind::Panic, "a panic without a message"),
            failure("second", FailureKind::Error, &std::fmt::Error.to_string()),
            failure("drop", FailureKind::Panic, "in drop"),
        ]
    );
}

lifecycle::known_types! {
    lifecycle_ui_other_crate::Store, "the writes that are still in memory", "flush", blocking;
    lifecycle_ui_other_crate::Connection, "the last statement", "close", take;
}

/// What the list of this crate, and the option `take`, release.
#[lifecycle::resource]
struct Foreign {
    #[teardown]
    store: Option<Arc<lifecycle_ui_other_crate::Store>>,
    #[teardown]
    listed: Slot<lifecycle_ui_other_crate::Connection>,
    #[teardown(close, take)]
    taken: Slot<lifecycle_ui_other_crate::Connection>,
    #[teardown(close, take, blocking)]
    blocking: Slot<lifecycle_ui_other_crate::Connection>,
    #[teardown(close, take)]
    empty: Slot<lifecycle_ui_other_crate::Connection>,
}

#[tokio::test]
async fn a_type_of_another_crate_is_released_as_the_list_says() {
    use lifecycle_ui_other_crate::{Connection, Store};
    let failures = release(Foreign {
        store: Some(Arc::new(Store)),
        listed: Slot::new(Connection),
        taken: Slot::new(Connection),
        blocking: Slot::new(Connection),
        empty: Slot::empty(),
    })
    .await;
    let late = |step| failure(step, FailureKind::Error, "closed too late");
    assert_eq!(told(&failures), [late("listed"), late("taken"), late("blocking")]);
}

#[lifecycle::resource]
struct Senders {
    #[teardown]
    broadcast: Slot<tokio::sync::broadcast::Sender<u8>>,
    #[teardown]
    watch: Option<Slot<tokio::sync::watch::Sender<u8>>>,
}

#[tokio::test]
async fn a_channel_ends_with_its_sender() {
    let (broadcast, mut events) = tokio::sync::broadcast::channel(1);
    let (watch, mut settings) = tokio::sync::watch::channel(1);
    let failures = release(Senders { broadcast: Slot::new(broadcast), watch: Some(Slot::new(watch)) }).await;
    assert_eq!(failures, []);
    assert!(events.recv().await.is_err());
    assert!(settings.changed().await.is_err());
}

#[lifecycle::resource]
struct Places {
    #[teardown]
    reference: &'static Events,
    #[teardown]
    result: Result<Events, String>,
    #[teardown]
    error: Result<Events, String>,
    #[teardown]
    owned: Slot<Result<Events, String>>,
}

#[tokio::test]
async fn a_reference_and_a_result_are_released() {
    let log = Log::default();
    let events = || Events(log.clone());
    let failures = release(Places {
        reference: Box::leak(Box::new(events())),
        result: Ok(events()),
        error: Err("not opened".to_owned()),
        owned: Slot::new(Ok(events())),
    })
    .await;
    assert_eq!(log.all(), ["flush 2", "flush 2", "flush 2"]);
    let steps: Vec<_> = failures.iter().map(|failure| failure.step).collect();
    assert_eq!(steps, ["reference", "result", "owned"]);
}
