//! A service that clients find in etcd, and of whose processes one is the leader.
//!
//! Three things of this service live in etcd, and each has its own end:
//!
//! | in etcd | ends | by |
//! |---|---|---|
//! | the key by which clients find the process | when the stop begins, before the lame duck counts | `at_notice` ([R31]) |
//! | the leadership | after the work that only the leader does has ended | a field `Managed<Leadership>` |
//! | the lease of both | after the leadership | a field `Managed<Lease>` |
//!
//! - The key is gone first, while the process still serves. A client that has read the key before finds the process until the
//!   end of the lame duck. So the lame duck has to be longer than a client keeps what it has read.
//! - The leadership must outlive the work. Otherwise another process begins while this one still writes. Each write is a
//!   transaction that compares the leadership, so that a process whose lease has ended writes nothing.
//! - A process that is killed tells nobody. etcd removes its keys at the end of the lease: 5 s in this program.
//! - An etcd that does not answer delays the stop by at most `min(5 s, grace/5)` at the notice. The report names the hook, and
//!   the exit status is 70.
//!
//! The crate [`etcd-client`] builds with `protoc`. Use the same shape for Consul, Eureka or `ZooKeeper`.
//!
//! ```text
#![doc = include_str!("../../recipes/etcd.rs")]
//! ```
//!
//! `tests/services` runs this program against etcd: the key is gone while requests are answered, the work ends before the
//! leadership, and a killed process leaves its keys to the lease.
//!
//! [R31]: macro@crate::resource#at-the-notice
//! [`etcd-client`]: https://docs.rs/etcd-client
