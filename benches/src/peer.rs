//! The same teardown with `tokio-graceful-shutdown`. Nesting defines its order: a parent waits for its
//! children.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_graceful_shutdown::{IntoSubsystem, SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

use crate::dag::Shape;
use crate::measure::{Span, Stopwatch};

/// Starts `nodes` subsystems, stops them, and returns the time of the stop.
pub(crate) fn tear_down(runtime: &Runtime, shape: Shape, nodes: usize) -> Span {
    runtime.block_on(async {
        let (stop, started) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&started);
        let root = async move |root: &mut SubsystemHandle| {
            let (below, beside) = if shape == Shape::Chain { (nodes - 1, 1) } else { (0, nodes) };
            for _ in 0..beside {
                Node { below, started: Arc::clone(&count) }.start(root);
            }
            root.on_shutdown_requested().await;
        };
        let toplevel: Toplevel = Toplevel::new_with_shutdown_token(root, stop.clone());
        while started.load(Ordering::Relaxed) < nodes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let watch = Stopwatch::start();
        stop.cancel();
        let result = toplevel.handle_shutdown_requests(Duration::from_secs(60)).await;
        let span = watch.stop();
        assert!(result.is_ok());
        span
    })
}

struct Node {
    /// The number of subsystems that are nested in this one.
    below: usize,
    started: Arc<AtomicUsize>,
}

impl Node {
    fn start(self, parent: &SubsystemHandle) {
        parent.start(SubsystemBuilder::new("n", self.into_subsystem()));
    }
}

impl IntoSubsystem<Infallible> for Node {
    async fn run(self, subsys: &mut SubsystemHandle) -> Result<(), Infallible> {
        if let Some(below) = self.below.checked_sub(1) {
            Node { below, started: Arc::clone(&self.started) }.start(subsys);
        }
        self.started.fetch_add(1, Ordering::Relaxed);
        subsys.on_shutdown_requested().await;
        subsys.wait_for_children().await;
        Ok(())
    }
}
