//! R32: a task that ends or panics begins again, and what that does to the stop.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{FactKind, Lifecycle, Reason, Report, Supervised};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// The instants at which a task has begun.
#[derive(Clone, Default)]
struct Begins(Arc<Mutex<Vec<Instant>>>);

impl Begins {
    fn add(&self) -> usize {
        let mut begins = self.0.lock().expect("the instants");
        begins.push(Instant::now());
        begins.len()
    }

    fn count(&self) -> usize {
        self.0.lock().expect("the instants").len()
    }

    /// Returns the times between one begin and the next.
    fn waits(&self) -> Vec<Duration> {
        self.0.lock().expect("the instants").windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// Runs `main` and then waits for the stop, in a lifecycle with a grace of 5 s.
async fn report(main: impl FnOnce()) -> Report {
    Lifecycle::builder()
        .grace(5 * SECOND)
        .run(async {
            main();
            lifecycle::ready();
            lifecycle::stopping().await;
        })
        .await
}

/// Stops the service after this time.
fn stop_after(time: Duration) {
    tokio::spawn(async move {
        sleep(time).await;
        lifecycle::shutdown("the test is over");
    });
}

#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_a_return_are_followed_by_a_new_run() {
    let begins = Begins::default();
    let report = report(|| {
        let begins = begins.clone();
        lifecycle::spawn_supervised("sync", move || {
            let count = begins.add();
            assert_ne!(count, 1, "the closure panics");
            async move {
                match count {
                    2 => panic!("the future panics"),
                    3 => return Err("refused"),
                    4 => return Ok(()),
                    _ => lifecycle::stopping().await,
                }
                Ok(())
            }
        });
        stop_after(600 * SECOND);
    })
    .await;
    assert_eq!(begins.count(), 5);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.notes, ["supervised task `sync` was restarted 4 times, the last time: it returned"]);
}

/// The bounds of the table in the docs. A fixed wait would be 20 restarts in 20 s.
#[tokio::test(start_paused = true)]
async fn the_wait_grows_to_thirty_seconds() {
    let begins = Begins::default();
    let task = begins.clone();
    let report = report(|| {
        lifecycle::spawn_supervised("sync", move || {
            if task.add() == 21 {
                lifecycle::shutdown("enough");
            }
            async { Err::<(), _>("refused") }
        });
    })
    .await;
    assert!(report.notes[0].starts_with("supervised task `sync` was restarted 20 times"), "{report}");
    let waits = begins.waits();
    for (wait, longest) in waits.iter().zip([2, 4, 8, 16].into_iter().chain(std::iter::repeat(30))) {
        assert!((SECOND..=longest * SECOND + Duration::from_millis(2)).contains(wait), "{waits:?}");
    }
    assert!(waits.iter().sum::<Duration>() > 60 * SECOND, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_minute_makes_the_next_wait_short() {
    let begins = Begins::default();
    let task = begins.clone();
    let report = report(|| {
        lifecycle::spawn_supervised("sync", move || {
            let count = task.add();
            async move {
                match count {
                    8 => sleep(60 * SECOND).await,
                    9 => lifecycle::shutdown("enough"),
                    _ => {}
                }
            }
        });
    })
    .await;
    assert!(report.is_clean(), "{report}");
    let wait = begins.waits()[7] - 60 * SECOND;
    assert!(wait <= 2 * SECOND + Duration::from_millis(2), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn too_many_restarts_stop_the_service_with_the_last_error() {
    let begins = Begins::default();
    let task = begins.clone();
    let report = report(|| {
        Supervised::new("sync").give_up(3).spawn(move || {
            task.add();
            async { Err::<(), _>("refused") }
        });
    })
    .await;
    assert_eq!((begins.count(), report.exit_status()), (4, 1), "{report}");
    let Reason::EssentialEnded { name, error: Some(error), .. } = &report.reason else { panic!("{report}") };
    assert_eq!(name, "sync");
    assert_eq!(error, "\"refused\" (given up after 3 restarts within 10 minutes)");
}

/// A limit that counted for ever would be a breaker that never closes again.
#[tokio::test(start_paused = true)]
async fn restarts_that_are_far_apart_never_stop_the_service() {
    let begins = Begins::default();
    let task = begins.clone();
    let report = report(|| {
        Supervised::new("sync").give_up(2).spawn(move || {
            task.add();
            async { sleep(301 * SECOND).await }
        });
        stop_after(24 * 3_600 * SECOND);
    })
    .await;
    assert!(matches!(report.reason, Reason::Requested { .. }), "{report}");
    assert!(begins.count() > 250, "{}", begins.count());
}

/// The task fails `fails` times at once, and is healthy from then on.
fn fails_first(
    begins: Begins,
    fails: usize,
) -> impl FnMut() -> futures_util::future::BoxFuture<'static, Result<(), &'static str>> {
    move || {
        let count = begins.add();
        Box::pin(async move {
            if count > fails {
                lifecycle::stopping().await;
                return Ok(());
            }
            Err("refused")
        })
    }
}

/// A breaker that never closes again would keep the service out of rotation for ever.
#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_task_that_ends_too_often_makes_the_service_not_ready_until_a_healthy_minute() {
    let begins = Begins::default();
    let report = report(|| {
        Supervised::new("sync").not_ready_after(2).spawn(fails_first(begins.clone(), 3));
        let begins = begins.clone();
        lifecycle::spawn(async move {
            let probes = lifecycle::http::probes();
            let readyz = async || {
                let request = http::Request::get("/readyz?verbose").body(axum::body::Body::empty());
                let answer = tower::ServiceExt::oneshot(probes.clone(), request.expect("a request")).await;
                let answer = answer.expect("an answer");
                let status = answer.status().as_u16();
                let body = http_body_util::BodyExt::collect(answer.into_body()).await.expect("a body");
                (status, String::from_utf8(body.to_bytes().to_vec()).expect("a text"))
            };
            while begins.count() < 3 {
                let (status, body) = readyz().await;
                assert!(status == 200 && body.starts_with("[+]sync ok"), "{body}");
                sleep(SECOND / 10).await;
            }
            // The third run has ended too.
            sleep(SECOND / 10).await;
            let (status, body) = readyz().await;
            assert_eq!(status, 503);
            let expected = "[-]sync failed: ended 3 times within 10 minutes, the last time: \"refused\"; begins again in ";
            assert!(body.starts_with(expected) && body.ends_with("readyz check failed\n"), "{body}");
            while begins.count() < 4 {
                sleep(SECOND / 10).await;
            }
            sleep(59 * SECOND).await;
            assert_eq!(readyz().await.0, 503);
            sleep(2 * SECOND).await;
            let (status, body) = readyz().await;
            assert_eq!(
                (status, &*body),
                (200, "[+]sync ok: restarted 3 times, the last time: \"refused\"\nreadyz check passed\n")
            );
            lifecycle::shutdown("enough");
        });
    })
    .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.notes, ["supervised task `sync` was restarted 3 times, the last time: \"refused\""]);
}

/// The limit counts the ends since the last healthy run, and only those of 10 minutes.
#[tokio::test(start_paused = true)]
async fn ends_with_a_healthy_run_between_them_never_make_the_service_not_ready() {
    let changes = changes(|| {
        let mut count = 0;
        Supervised::new("sync").not_ready_after(2).spawn(move || {
            count += 1;
            async move { sleep(if count % 2 == 0 { 60 * SECOND } else { SECOND }).await }
        });
        stop_after(3_600 * SECOND);
    })
    .await;
    assert_eq!(changes, Vec::<String>::new());
}

/// The observers are told of the two changes, and not of each end between them.
#[tokio::test(start_paused = true)]
async fn each_change_of_the_readiness_by_a_task_is_told_once() {
    let changes = changes(|| {
        Supervised::new("sync").not_ready_after(0).spawn(fails_first(Begins::default(), 5));
        stop_after(3_600 * SECOND);
    })
    .await;
    assert_eq!(changes, ["sync: ended once within 10 minutes: \"refused\"", "sync: again"]);
}

/// The two other ways back: a run that ends after a minute, to the instant, and a task that the program gives up.
#[tokio::test(start_paused = true)]
async fn a_run_of_exactly_a_minute_and_an_abort_make_the_service_ready_again() {
    for aborts in [false, true] {
        let changes = changes(|| {
            let mut count = 0;
            let supervised = Supervised::new("sync").not_ready_after(0).spawn(move || {
                count += 1;
                async move {
                    match count {
                        1 => {}
                        2 if !aborts => sleep(60 * SECOND).await,
                        _ => lifecycle::stopping().await,
                    }
                }
            });
            if aborts {
                tokio::spawn(async move {
                    sleep(10 * SECOND).await;
                    supervised.abort();
                });
            }
            stop_after(70 * SECOND);
        })
        .await;
        assert_eq!(
            changes[..2],
            ["sync: ended once within 10 minutes: it returned", "sync: again"],
            "{aborts}"
        );
    }
}

/// Runs `main`, and returns the changes of the readiness.
async fn changes(main: impl FnOnce()) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let observer = move |fact: &lifecycle::Fact| match &fact.kind {
        FactKind::NotReady { name, error, .. } => {
            list.lock().expect("a list").push(format!("{name}: {error}"));
        }
        FactKind::ReadyAgain { name, .. } => list.lock().expect("a list").push(format!("{name}: again")),
        _ => {}
    };
    let main = async {
        main();
        lifecycle::ready();
        lifecycle::stopping().await;
    };
    let report = Lifecycle::builder().grace(5 * SECOND).observer("test", observer).run(main).await;
    assert!(matches!(report.reason, Reason::Requested { .. }), "{report}");
    let told = told.lock().expect("a list");
    told.clone()
}

/// R32: the report names a task that is not running when the stop begins.
#[tokio::test(start_paused = true)]
async fn a_task_that_waits_at_the_stop_or_was_given_up_is_named() {
    for (stops_in_run, expected) in [
        (1, "supervised task `sync` waited for its second run when the stop began: \"refused\""),
        (
            3,
            "supervised task `sync` was restarted 2 times, and waited for its next run when the stop began: \"refused\"",
        ),
    ] {
        let begins = Begins::default();
        let task = begins.clone();
        let report = report(|| {
            lifecycle::spawn_supervised("sync", move || {
                if task.add() == stops_in_run {
                    stop_after(SECOND / 2);
                }
                async { Err::<(), _>("refused") }
            });
        })
        .await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.notes, [expected]);
    }
    let report = report(|| {
        Supervised::new("sync").not_ready_after(0).give_up(1).spawn(|| async { Err::<(), _>("refused") });
    })
    .await;
    assert_eq!(
        report.notes,
        [
            "supervised task `sync` was given up after 1 restart within 10 minutes: \"refused\" (the service was not ready)"
        ]
    );
}

/// The stop in a wait takes no time, and the stop in a run waits for the run. Nothing begins again.
#[tokio::test(start_paused = true)]
async fn nothing_begins_again_after_the_notice() {
    for runs_for in [Duration::ZERO, 100 * SECOND] {
        let begins = Begins::default();
        let task = begins.clone();
        let report = report(|| {
            lifecycle::spawn_supervised("sync", move || {
                task.add();
                async move {
                    sleep(runs_for).await;
                    if !runs_for.is_zero() {
                        lifecycle::stopping().await;
                        sleep(2 * SECOND).await;
                    }
                }
            });
            stop_after(if runs_for.is_zero() { SECOND / 2 } else { 101 * SECOND });
        })
        .await;
        let drained = if runs_for.is_zero() { Duration::ZERO } else { 2 * SECOND };
        assert!(report.is_clean() && begins.count() == 1, "{report}");
        assert!(report.took >= drained && report.took < drained + SECOND / 2, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_in_the_stop_is_a_fault() {
    for panics in [false, true] {
        let report = report(|| {
            lifecycle::spawn_supervised("sync", move || async move {
                lifecycle::stopping().await;
                assert!(!panics, "too late");
                Err::<(), _>("refused")
            });
            stop_after(SECOND);
        })
        .await;
        let error = if panics { "panicked: too late" } else { "\"refused\"" };
        assert_eq!(report.faults, [format!("supervised task `sync` failed: {error}")]);
        assert_eq!(report.exit_status(), 70);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cut_off_is_named() {
    let report = report(|| {
        lifecycle::spawn_supervised("sync", std::future::pending::<()>);
        stop_after(SECOND);
    })
    .await;
    assert_eq!(report.exit_status(), 70);
    let cut = report.stragglers[0].to_string();
    assert!(cut.starts_with("1 task `sync` spawned at ") && cut.contains(file!()), "{cut}");
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_of_each_restart() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let observer = move |fact: &lifecycle::Fact| {
        if let FactKind::Restarting { name, error, after, .. } = &fact.kind {
            list.lock().expect("the list").push((name.to_string(), error.clone(), *after));
        }
    };
    let report = Lifecycle::builder()
        .observer("test", observer)
        .run(async {
            let mut count = 0;
            lifecycle::spawn_supervised("sync", move || {
                count += 1;
                async move {
                    if count == 3 {
                        lifecycle::shutdown("enough");
                    }
                    Err::<(), _>(count)
                }
            });
            lifecycle::stopping().await;
        })
        .await;
    assert_eq!(report.exit_status(), 70, "the third run fails in the stop");
    let told = told.lock().expect("the list");
    let errors: Vec<_> = told.iter().map(|(name, error, _)| (&**name, &**error)).collect();
    assert_eq!(errors, [("sync", "1"), ("sync", "2")]);
    assert!(told.iter().all(|(_, _, after)| *after >= SECOND), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_the_task_and_its_supervision() {
    let begins = Begins::default();
    let task = begins.clone();
    let report = report(|| {
        let supervised = lifecycle::spawn_supervised("sync", move || {
            task.add();
            std::future::pending::<()>()
        });
        tokio::spawn(async move {
            sleep(SECOND).await;
            supervised.abort();
            sleep(100 * SECOND).await;
            lifecycle::shutdown("enough");
        });
    })
    .await;
    assert!(report.is_clean() && begins.count() == 1, "{report}");
}
