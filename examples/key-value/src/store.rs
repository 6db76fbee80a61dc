//! The values, and the subscribers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many messages wait for a subscriber. One that is slower loses its subscription.
const BACKLOG: usize = 1_024;

type Key = Vec<u8>;
type Value = Vec<u8>;

/// The values and the subscribers, shared by all conversations.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    values: HashMap<Key, Value>,
    subscribers: HashMap<Key, Vec<Sender<Value>>>,
}

impl Store {
    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        self.content().values.get(key).cloned()
    }

    pub(crate) fn set(&self, key: Key, value: Value) {
        self.content().values.insert(key, value);
    }

    /// Sends a message to the subscribers of a channel. Returns how many there are.
    pub(crate) fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        let mut content = self.content();
        let Some(subscribers) = content.subscribers.get_mut(channel) else { return 0 };
        // A subscriber that has gone or is too slow is forgotten.
        subscribers.retain(|subscriber| subscriber.try_send(message.to_vec()).is_ok());
        subscribers.len()
    }

    pub(crate) fn subscribe(&self, channel: &[u8]) -> Receiver<Value> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        self.content().subscribers.entry(channel.to_vec()).or_default().push(sender);
        receiver
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().expect("no code panics under this lock")
    }
}
