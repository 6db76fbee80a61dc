//! What is handled: by an attribute, in the body of `teardown`, or by whom it gives `self`.
#![allow(dead_code)]

use std::{
    fs::File,
    future::Future,
    sync::{Arc, Weak},
};

use lifecycle::{Managed, Slot, Teardown, TeardownOutput};
use tokio::{sync::mpsc, task::JoinHandle};

#[lifecycle::resource]
struct InTheBody {
    task: JoinHandle<()>,
    r#type: JoinHandle<()>,
    file: File,
}

#[lifecycle::teardown]
impl Teardown for InTheBody {
    async fn teardown(&self) -> Result<(), std::io::Error> {
        self.task.abort();
        println!("{}", self.r#type.is_finished());
        let sync = async || self.file.sync_all();
        sync().await
    }
}

#[lifecycle::resource]
struct InAHelper(JoinHandle<()>, File);

impl InAHelper {
    async fn stop(&self) {
        self.0.abort();
    }
}

#[lifecycle::teardown]
impl Teardown for InAHelper {
    async fn teardown(&self) {
        self.stop().await;
    }
}

#[lifecycle::resource]
struct Taken {
    task: JoinHandle<()>,
}

#[lifecycle::teardown]
impl Teardown for Taken {
    async fn teardown(&self) {
        let Self { task } = self;
        task.abort();
    }
}

#[lifecycle::resource]
struct ByHand {
    task: JoinHandle<()>,
}

/// A body that passes `self` on is believed.
#[lifecycle::teardown]
impl Teardown for ByHand {
    type Output = ();

    fn teardown(&self) -> impl Future<Output = ()> + Send {
        drop(self);
        std::future::ready(())
    }
}

#[lifecycle::resource]
struct WithOutput {
    task: JoinHandle<()>,
}

#[lifecycle::teardown]
impl Teardown for WithOutput {
    type Output = Result<(), String>;

    async fn teardown(&self) -> Self::Output {
        self.task.abort();
        Ok(())
    }
}

#[lifecycle::resource]
struct Mixed {
    #[teardown]
    file: File,
    #[teardown(skip = "its owner awaits it")]
    task: JoinHandle<()>,
    #[cfg_attr(all(), teardown(abort))]
    other: JoinHandle<()>,
    sender: Slot<mpsc::Sender<u8>>,
}

#[lifecycle::teardown]
impl Teardown for Mixed {
    async fn teardown(&self) {
        drop(self.sender.take());
    }
}

/// No lint: of a type parameter nothing is known.
#[lifecycle::resource(no_teardown = "memory only")]
struct Generic<T>(T, JoinHandle<()>);

trait Port: Send + Sync {}

/// What is held, and needs nothing.
#[lifecycle::resource(no_teardown = "memory only")]
struct Ordinary {
    db: Managed<Mixed>,
    weak: Weak<File>,
    port: Arc<dyn Port>,
    function: fn(File) -> JoinHandle<()>,
    receiver: std::marker::PhantomData<File>,
    notify: tokio::sync::Notify,
    watch: tokio::sync::watch::Receiver<bool>,
    broadcast: tokio::sync::broadcast::WeakSender<u8>,
    stop: tokio::task::AbortHandle,
    next: Option<Managed<Self>>,
}

fn output<T: TeardownOutput>() {}

fn main() {
    output::<<WithOutput as Teardown>::Output>();
}

#[derive(lifecycle::Holds)]
struct Poller {
    task: JoinHandle<()>,
}

/// "release it in the body of `teardown`"
#[lifecycle::resource]
struct Inside(Option<Poller>);

#[lifecycle::teardown]
impl Teardown for Inside {
    async fn teardown(&self) {
        if let Some(poller) = &self.0 {
            poller.task.abort();
        }
    }
}
