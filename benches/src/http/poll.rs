//! Polls "this future unless the stop begins", where the stop has not begun and the future is pending.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use async_shutdown::ShutdownManager;
use lifecycle::__private::Notice;
use lifecycle::Lifecycle;
use tokio_util::sync::CancellationToken;

use crate::row;
use crate::table::{self, Goal};
use crate::turns::{ROUNDS, middle, time};

struct Bare;

impl Future for Bare {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        black_box(Poll::Pending)
    }
}

/// A reference-counted waker, as the waker of a task is.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// Returns a turn that polls `future` once.
fn polls<F: Future>(future: F) -> impl FnMut() {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(Task));
    move || {
        let polled = future.as_mut().poll(&mut Context::from_waker(black_box(&waker)));
        assert!(black_box(polled).is_pending());
    }
}

/// Polls the notice first and then the future, as `http::serve` polls its connections.
async fn unless(notice: impl Future<Output = ()>, future: impl Future<Output = ()>) {
    let (mut notice, mut future) = (pin!(notice), pin!(future));
    poll_fn(|cx| match notice.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => future.as_mut().poll(cx),
    })
    .await;
}

pub(crate) fn run() -> Vec<Goal> {
    let lifecycle = Lifecycle::builder().build();
    lifecycle.ready();
    let notice = Notice::new();
    let token = CancellationToken::new();
    let manager = ShutdownManager::<()>::new();
    let (_drain, watch) = drain::channel();
    let mut names = Vec::new();
    let mut one: Vec<Vec<f64>> = vec![Vec::new(); 8];
    let mut two = one.clone();
    for _ in 0..ROUNDS {
        names.clear();
        macro_rules! candidate {
            ($name:literal, $future:expr) => {
                let at = names.len();
                names.push($name);
                one[at].extend(time(&lifecycle, 1, &|| polls($future)));
                two[at].extend(time(&lifecycle, 2, &|| polls($future)));
            };
        }
        candidate!("the future alone", Bare);
        candidate!("Notice::wait", unless(notice.wait(), Bare));
        candidate!("lifecycle::stopping", unless(lifecycle::stopping(), Bare));
        candidate!("async-shutdown, wrap_cancel", manager.wrap_cancel(Bare));
        candidate!("drain, Watch::watch", watch.clone().watch(Bare, |_| ()));
        candidate!("tokio-util, run_until_cancelled", token.clone().run_until_cancelled_owned(Bare));
        candidate!("tokio-util, select!", {
            let token = token.clone();
            async move {
                tokio::select! {
                    biased;
                    () = token.cancelled() => {}
                    () = Bare => {}
                }
            }
        });
        candidate!("tokio-util, notice first", unless(token.clone().cancelled_owned(), Bare));
    }
    let figures: Vec<(f64, f64)> =
        one.iter().zip(&two).map(|(one, two)| (middle(one), middle(two))).collect();
    let (bare_one, bare_two) = figures[0];
    let rows: Vec<[String; 6]> = names
        .iter()
        .zip(&figures)
        .zip(&two)
        .map(|((name, (one, two)), rounds)| {
            row![
                name,
                format!("{one:.1}"),
                format!("{:+.1}", one - bare_one),
                format!("{two:.1}"),
                format!("{:+.1}", two - bare_two),
                format!("{} of {ROUNDS}", rounds.len())
            ]
        })
        .collect();
    table::print(
        "a poll of a future unless stopping, not stopping: ns, medians",
        ["", "one thread", "over the future", "each of two", "over the future", "rounds at once"],
        &rows,
    );
    let mut goals = Vec::new();
    for (name, (one, two)) in names.iter().zip(&figures).skip(1).take(2) {
        goals.push(Goal::at_most(format!("{name}, a poll on one thread"), 3.0, one - bare_one, "ns"));
        goals.push(Goal::at_most(format!("{name}, a poll on each of two"), 3.0, two - bare_two, "ns"));
    }
    goals
}
