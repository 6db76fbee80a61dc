//! Wakes those who wait for a notice. A waker may be foreign code, and there may be a million of them.

use std::io;
use std::sync::mpsc::{self, Sender};

use crate::notice::Notice;

pub(crate) struct Notifier(Sender<Notice>);

impl Notifier {
    pub(super) fn start() -> io::Result<Notifier> {
        let (sender, notices) = mpsc::channel::<Notice>();
        let run = move || {
            for notice in notices {
                notice.fire();
            }
        };
        std::thread::Builder::new()
            .name("lc-notifier".to_owned())
            .spawn(run)?;
        Ok(Notifier(sender))
    }

    pub(crate) fn fire(&self, notice: &Notice) {
        // The thread ends with the process, or by a waker's panic: then nobody is left to hear of it.
        let _ = self.0.send(notice.clone());
    }
}
